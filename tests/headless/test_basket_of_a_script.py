"""A basket without a screen: judged, planned under a code, sent once, a fate for every row beside it."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest

from tests.headless.script_desk import ScriptDesk
from tests.seeded_server import seeded_server
from tui.headless.exit_codes import ExitCode

HEADERS = "Side,Ticker,Qty,Fund\n"
ROWS = "buy,VOD,1000,UKEQ-GROW\nsell,BARC,500,UKEQ-INC\n"
WRONG = "buy,VOD,1x,UKEQ-GROW\n"
LEFT = {"faults": "leave them out"}


async def test_a_basket_is_planned_confirmed_and_never_done_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await seeded_server()
    script = await ScriptDesk.at(server, tmp_path, capsys)
    file = tmp_path / "mine.csv"
    file.write_text(HEADERS + ROWS + WRONG)
    basket = {"file": str(file)}

    assert await script.run("new", basket) is ExitCode.SOME_REFUSED
    [said] = script.said
    assert said["why"].startswith("Line 4, C4 (Qty): '1x' is not a quantity")
    [fault] = said["basket"]["faults"]
    assert (fault["line"], fault["cell"], fault["header"], fault["value"]) == (4, "C4", "Qty", "1x")

    code = await script.plan("new", basket | LEFT)
    [said] = script.said
    assert [(each["side"], each["count"], each["currency"]) for each in said["totals"]] == [
        ("Buy", 1, "GBP"),
        ("Sell", 1, "GBP"),
    ]
    assert said["basket"]["new"] == 2
    assert not script.writes, "a dry run sends nothing"
    assert not (tmp_path / "mine.fates.csv").exists()

    file.write_text(HEADERS + ROWS + WRONG + "buy,VOD,7,UKEQ-GROW\n")
    assert await script.run("new", basket | LEFT, yes=code) is ExitCode.SOME_REFUSED
    assert script.said[0]["outcome"] == "planChanged", "another file under the same name"
    file.write_text(HEADERS + ROWS + WRONG)
    assert await script.run("new", basket | LEFT, yes=code) is ExitCode.DONE
    assert script.statuses() == [["done", "done"]]
    with (tmp_path / "mine.fates.csv").open(newline="") as written:
        fates = list(csv.DictReader(written))
    assert [row["fate"] for row in fates] == ["created", "created", "at fault"]

    sent = len(script.writes)
    assert await script.run("new", basket | LEFT, yes=code) is ExitCode.DONE
    assert script.said[0]["again"] is True
    assert await script.run("new", basket | LEFT) is ExitCode.SOME_REFUSED
    assert script.said[0]["why"] == "All its orders are there already: nothing is sent."
    assert len(script.writes) == sent
    await script.close()
    await server.close()


async def test_a_basket_comes_from_standard_input_and_a_read_only_desk_refuses_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await seeded_server()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((HEADERS + ROWS).encode())))
    script = await ScriptDesk.at(server, tmp_path, capsys)
    code = await script.plan("new", {"file": "-"})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((HEADERS + ROWS).encode())))
    assert await script.run("new", {"file": "-"}, yes=code) is ExitCode.DONE
    assert script.said[0]["told"] == f"What became of 2 rows: {tmp_path / 'pasted-basket.fates.csv'}"
    await script.close()

    file = tmp_path / "mine.csv"
    file.write_text(HEADERS + "buy,VOD,7,UKEQ-GROW\n")
    watcher = await ScriptDesk.at(server, tmp_path, capsys, read_only=True)
    assert await watcher.run("new", {"file": str(file)}) is ExitCode.FAILED
    assert not watcher.writes
    await watcher.close()
    await server.close()
