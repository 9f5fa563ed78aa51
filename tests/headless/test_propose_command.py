"""``blotter propose`` beside a blotter that has the database open: nothing of it is reached, or sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tui.cli.arguments import main
from tui.cli.options import UsageError
from tui.oms.store import Store
from tui.service.journal.journal import Journal
from tui.service.proposals.proposal import ProposalState
from tui.service.proposals.proposal_book import ProposalBook


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a database that another program has open, on a machine of its own."""
    for name in ("DATA", "STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path))
    monkeypatch.setenv("BLOTTER_CONFIG", str(tmp_path / "config.toml"))
    file = tmp_path / "desk.db"
    store = Store.open(file)
    yield file
    store.close()


def said(printed: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.readouterr().out.splitlines()]


def refuse(id: str, folder: Path) -> None:
    """Refuse a proposal, as somebody at the blotter does."""
    [file] = folder.rglob("journal-*.jsonl")
    journal = Journal(file)
    book = ProposalBook(journal, None, lambda: datetime.now(UTC))
    book.end(id, ProposalState.REFUSED, by="chen", reason="not today")
    journal.close()


def test_it_is_proposed_listed_and_followed_without_the_database(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = ["--db", str(database), "--json"]
    asked = ["propose", "cancel", "ORD-1", "ORD-2", "--as", "hedger", "--expires", "90s", *here]
    assert main(asked) == 0
    [proposed] = said(capsys)
    assert proposed["fate"] == "open"
    assert proposed["asked"] == "cancel ORD-1 ORD-2"
    assert proposed["environment"]["database"] == str(database)
    assert main(["proposals", *here]) == 0
    [listed] = said(capsys)
    assert (listed["id"], listed["program"]) == (proposed["id"], "hedger")
    refuse(proposed["id"], database.parent)
    assert main(["propose", "--follow", proposed["id"], *here]) == 3
    assert [(each["fate"], each["reason"]) for each in said(capsys)] == [("refused", "not today")]
    assert main(["propose", "--follow", "01UNKNOWN", *here]) == 1
    assert said(capsys)[-1]["fate"] == "notKnown"


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["place", "BLK-1", "--broker", "ALBN", "--expires", "9h"], 1, "at most 480 minutes"),
        (["new", "b 5k VOD @X", "--basket", "none.csv"], 2, "cannot be read"),
        (["update", "ORD-1", "--note", "\x1b[2J"], 2, "control characters"),
    ],
)
def test_what_cannot_be_proposed_is_told_to_programs(
    database: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, why: str
) -> None:
    assert main(["propose", *arguments, "--db", str(database), "--json"]) == code
    assert why in said(capsys)[-1]["why"]


def test_what_is_kept_nowhere_is_not_proposed(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--db", ":memory:", "--json"]
    assert main(["propose", "sweep", "BLK-0020", *here]) == 1
    assert "kept in memory only" in said(capsys)[-1]["why"]
    assert main(["proposals", *here]) == 1


def test_without_a_command_or_follow_it_is_wrong_usage(database: Path) -> None:
    with pytest.raises(UsageError):
        main(["propose", "--db", str(database)])
