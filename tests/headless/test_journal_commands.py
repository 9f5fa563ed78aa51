"""The journal without a screen: ``blotter journal list|verify|export|replay``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.service.dealer import Dealer, placing, rid
from tests.service.journal.test_journal import done, intend, intent
from tests.service.sample_rows import NINE
from tui.api.codec import encode
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.cli import main
from tui.headless.journal_replay import replay
from tui.oms.run.embedded import Embedded
from tui.service.journal.journal import Journal
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.verbs import CancelOrders, PlaceBlocks

Told = tuple[int, str, str]
Run = Callable[..., Told]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STATE", "DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path / "desk.db"


@pytest.fixture
def run(database: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on the journal of a database; return exit code, answer and words."""

    def run(command: str, *more: str) -> Told:
        code = main(["journal", command, "--db", str(database), *more])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def book(database: Path, run: Run) -> Path:
    """The journal of the database, with three decisions."""
    code, out, err = run("list")
    assert (code, out) == (1, "")
    assert "Nothing was ever sent from here to LOCAL demo." in err
    from tui.chosen_server import journal_of

    path = journal_of(str(database.resolve()))
    journal = Journal(path)
    for id, code_ in (("D-1", "ORD-1"), ("D-2", "ORD-2"), ("D-3", "ORD-3")):
        intend(journal, intent(id, CancelOrders((rid(code_),))))
    verb = CancelOrders((rid("ORD-1"),))
    journal.conclude("D-1", NINE, done(verb), answer=200, request="0HN7:1")
    refused = [Outcome(CancelOrders((rid("ORD-2"),)).refs[0], Status.REFUSED, reason="It is filled.")]
    journal.conclude("D-2", NINE, refused, answer=400)
    journal.close()
    return path


def test_the_list_says_when_what_and_what_came_of_it(run: Run, book: Path) -> None:
    code, out, err = run("list")
    assert code == 0
    title, *lines = out.splitlines()
    assert title.split() == ["Time", "UTC", "Who", "What", "Outcome", "Why"]
    assert [re.split(r"\s{2,}", line)[1:] for line in lines] == [
        ["Cancel 1 order", "done"],
        ["Cancel 1 order", "refused", "It is filled."],
        ["Cancel 1 order", "unknown"],
    ]
    assert err == f"blotter: 3 decisions in {book}.\n"


def test_the_list_is_filtered_and_read_by_programs(run: Run, book: Path) -> None:
    code, out, _ = run("list", "--filter", "outcome:refused", "--json")
    document = json.loads(out)
    assert (code, document["total"], document["exitCode"]) == (0, 1, 0)
    [told] = document["decisions"]
    assert told["id"] == "D-2"
    assert told["rows"] == "order Desk/ORD-2"
    assert told["why"] == "It is filled."
    assert run("list", "--since", "2h ago", "--json")[1].count('"id"') == 0
    assert run("list", "--filter", "nosuch:1")[0] == 2


def test_verify_names_file_line_and_what_is_wrong(run: Run, book: Path) -> None:
    assert run("verify") == (0, "", f"blotter: Nothing is wrong in the 5 lines of {book}.\n")
    book.write_bytes(book.read_bytes().replace(b"ORD-2", b"ORD-9", 1))
    code, out, _ = run("verify")
    assert code == 1
    assert out == f"{book.name}, line 2: it was changed, or the line before it\n"
    document = json.loads(run("verify", "--json")[1])
    assert document["faults"] == [
        {"file": book.name, "line": 2, "what": "it was changed, or the line before it"}
    ]


def test_an_export_is_private_whole_and_writes_over_nothing(run: Run, book: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.jsonl"
    assert run("export", str(target))[0] == 0
    assert target.read_bytes() == book.read_bytes(), "with the chain"
    assert target.stat().st_mode & 0o777 == 0o600
    code, _, err = run("export", str(target))
    assert code == 2
    assert "exists: nothing is written over" in err


def test_a_replay_tells_what_comes_out_otherwise(run: Run, book: Path) -> None:
    code, out, err = run("replay", "--size", "empty", "--json")
    document = json.loads(out)
    assert (code, document["sent"]) == (1, 2), "none of these orders is there"
    assert document["leftOut"] == ["Cancel 1 order: what came of it is not known"]
    assert len(document["otherwise"]) == 1
    assert "was done, and now it is refused" in document["otherwise"][0]
    assert err == ""
    code, out, err = run("replay", "--size", "empty")
    assert out.splitlines()[-1] == "left out: Cancel 1 order: what came of it is not known"
    assert err == "blotter: 2 calls replayed, 1 came out otherwise.\n"


def held(snapshot: Snapshot) -> dict[str, Any]:
    """Return what a server holds, without versions and times."""
    told = {}
    for kind in EntityKind:
        for id, row in snapshot.rows(kind).items():
            text = encode(row).decode()
            text = re.sub(r'"version":\{[^}]*\},?', "", text)
            told[f"{kind} {id}"] = re.sub(r'"\d{4}-\d\d-\d\dT[^"]*"', '"time"', text)
    return told


async def test_a_replay_ends_where_the_first_run_ended(
    dealer: Dealer, colleague: Dealer, server: AsyncBaseTransport, tmp_path: Path
) -> None:
    first = Dealer.at(server, journal=Journal(tmp_path / "journal.jsonl"))
    await first.desk.load()
    await first.trade()
    await first.fill("EXE-2", "PLC-1", 40, "190")
    await first.allocate("PLC-1")
    await first.desk.act(PlaceBlocks((placing("PLC-1", "BLK-1", 100),)))
    await first.desk.act(CancelOrders((rid("ORD-3"), rid("ORD-99"))))
    allocated = [id.code for id in first.desk.snapshot.allocations]
    await first.book(*allocated[:1])
    await first.desk.reload()
    before = held(first.desk.snapshot)
    assert len(before) > 8

    embedded = await Embedded.open(None, size="empty", market=False)
    again = Dealer.at(asgi_transport(embedded.app))
    done = await replay(first.journal.lines(), again.desk.client)
    assert (done.otherwise, done.left_out) == ([], [])
    await again.desk.load()
    while await again.desk.read_bookings():
        pass
    assert held(again.desk.snapshot) == before
    for desk in (first.desk, again.desk):
        await desk.client.close()
    await embedded.close()
