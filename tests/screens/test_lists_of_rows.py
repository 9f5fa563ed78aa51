"""What stands over the desk is filtered, copied and exported like its panes."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.blotter_app import Blotter, blotter
from tests.screens.desk.test_copies_and_exports import copied, exported
from tui.screens.browse.screen import BrowseScreen

AFTERNOON = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture
async def user(tmp_path: Path) -> AsyncIterator[Blotter]:
    async with blotter((100, 30), start=AFTERNOON, exports=tmp_path) as user:
        yield user


def heading(user: Blotter) -> str:
    return " ".join(user.text().splitlines()[0].split())


async def opened(user: Blotter, key: str, says: str) -> None:
    await user.press(key)
    await user.until(lambda: says in user.text())


async def filtered(user: Blotter, text: str) -> None:
    await user.press("slash", "ctrl+u")
    await user.type(text)
    await user.press("enter")
    await user.until(lambda: f"/{text}" in heading(user))


async def test_a_filter_of_the_exceptions_says_what_it_hides_and_is_what_leaves(
    user: Blotter, tmp_path: Path
) -> None:
    await opened(user, "0", "rejected by ALBN")
    assert heading(user) == "LOCAL 37 exceptions: 7 wrong, 15 held up, 15 due"
    await filtered(user, "away or trading")
    hidden = "hides 35: 5 wrong, 15 held up, 15 due"
    assert heading(user) == f"LOCAL Exceptions 2 of 37 /away or trading {hidden}"
    assert await copied(user, "id") == "demo/PLC-00038"
    await user.press("asterisk")
    assert heading(user).endswith("2 selected")
    head, *rows = (line.split("\t") for line in (await copied(user, "TSV")).splitlines())
    assert head[1:3] == ["Needs you", "Trade"]
    assert [row[1].partition(":")[0] for row in rows] == ["rejected by ALBN", "rejected by KEYS"]
    assert [row[0] for row in rows] == ["wrong", "wrong"]
    assert json.loads((await copied(user, "JSON")).splitlines()[0])["id"]["code"] == "PLC-00038"
    assert "/placements/demo/PLC-00038" in (await copied(user, "curl"))
    await exported(user, "CSV", "mine")
    file = tmp_path / "mine.csv"
    await user.until(lambda: any(f"2 rows written to {file}" in notice for notice in user.notices))
    assert [row["Needs you"] for row in csv.DictReader(file.open())] == [row[1] for row in rows]
    await user.press("escape", "escape")
    await user.until(lambda: heading(user).startswith("LOCAL 37 exceptions"))
    await user.press("escape")
    await user.until(lambda: user.app.screen is user.desk)


async def test_exceptions_are_found_by_money_instrument_and_time(user: Blotter) -> None:
    await opened(user, "0", "rejected by ALBN")
    await filtered(user, "!nowhere")
    assert heading(user) == "LOCAL Exceptions 37 of 37 /!nowhere"
    await filtered(user, "atstake>1500k")
    assert "Short 6,000 TSLA" in user.text()
    assert "126,000 GBP" not in user.text()
    await filtered(user, "nestle")
    await user.until(lambda: "15,000 NESN" in user.text())
    assert "TSLA" not in user.text()
    await filtered(user, ">15:17")
    await user.until(lambda: "rejected by KEYS" in user.text())
    assert "compliance failed" not in user.text()
    await user.press("slash")
    await user.type(" nosuch:thing")
    await user.press("enter")
    await user.until(lambda: "There is no column 'nosuch' here" in user.text())


async def test_a_hint_of_a_list_is_clicked_as_its_key_is_pressed(user: Blotter) -> None:
    await opened(user, "0", "rejected by ALBN")
    keys = user.text().splitlines()[-1]
    await user.pilot.click(offset=(keys.index("Esc back") + 2, 29))
    await user.until(lambda: user.app.screen is user.desk)


async def test_a_message_about_no_row_is_copied_by_its_cells(user: Blotter) -> None:
    user.app.notify("Something was said.")
    await opened(user, "t", "Something was said.")
    await user.press("y")
    await user.fill("choice", "id")
    await user.press("enter")
    await user.until(lambda: "about no single row of the desk: copy its cells" in said(user))
    await user.press("escape")
    assert await copied(user, "cell") == "Something was said."
    await filtered(user, "nothing at all")
    assert "Nothing matches. Esc shows all." in user.text()
    await user.press("y")
    assert user.notices[-1] == "There is no row under the cursor."


async def test_every_changed_value_is_exported_with_its_row(user: Blotter, tmp_path: Path) -> None:
    await opened(user, "d", "rows changed since")
    await filtered(user, "row:execution")
    await exported(user, "JSON", "mine")
    file = tmp_path / "mine.jsonl"
    await user.until(file.exists)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == len(user.desk.snapshot.executions)
    assert all(line["row"].startswith("execution: ") for line in lines)
    assert {line["now"] for line in lines} == {"new"}


async def test_a_transaction_is_said_as_a_trade_of_its_portfolio(user: Blotter) -> None:
    await opened(user, "d", "rows changed since")
    await filtered(user, "row:transaction sie")
    await user.until(lambda: "transaction: Buy 4,000 SIE (Siemens) at 223." in user.text())
    assert "for EUR-LEAD" in said(user)
    assert "transaction: transaction" not in user.text()


async def test_rows_that_are_browsed_are_copied_and_exported_as_they_are_listed(
    user: Blotter, tmp_path: Path
) -> None:
    await opened(user, "B", "BLK-0038")
    await user.press("space", "down", "space")
    head, *rows = (line.split("\t") for line in (await copied(user, "TSV")).splitlines())
    assert head[:3] == ["Block", "Created", "Side"]
    assert [row[0] for row in rows] == ["BLK-0039", "BLK-0038"]
    assert "/blocks/demo/BLK-0039" in await copied(user, "curl")
    await exported(user, "CSV", "mine")
    file = tmp_path / "mine.csv"
    await user.until(file.exists)
    screen = user.app.screen
    assert isinstance(screen, BrowseScreen)
    codes = [row["Block"] for row in csv.DictReader(file.open())]
    assert codes == [getattr(key, "code", "") for key in screen.grid.keys]


async def test_a_ticket_copies_its_row_and_exports_the_rows_that_belong_with_it(
    user: Blotter, tmp_path: Path
) -> None:
    await user.go("blocks", "BLK-0032")
    await opened(user, "enter", "Placements (4)")
    assert await copied(user, "id") == "demo/BLK-0032"
    assert await copied(user, "cell", "Executed") == "15000"
    await exported(user, "CSV", "related")
    await user.until((tmp_path / "related.csv").exists)
    rows = list(csv.DictReader((tmp_path / "related.csv").open()))
    assert {row["Kind"] for row in rows} >= {"order", "placement", "execution"}
    [placed] = [row for row in rows if row["Id"] == "demo/PLC-00034"]
    assert placed["State"] == "partly filled"
    await opened(user, "i", "orderIds")
    assert json.loads(await copied(user, "JSON"))["block"]["id"]["code"] == "BLK-0032"
    await exported(user, "CSV", "members")
    await user.until((tmp_path / "members.csv").exists)
    members = list(csv.DictReader((tmp_path / "members.csv").open()))
    assert "demo/BLK-0032" in [row["Value"] for row in members if row["Member"] == "Id"]


def said(user: Blotter) -> str:
    return " ".join(user.text().split())
