"""The journal as a list of decisions: in words what came of each, read in parts, bounded."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.service.journal.test_journal import NEWER, ONE, TWO, done, intend, intent
from tests.service.sample_rows import NINE
from tui.service.journal import journal_entries
from tui.service.journal.decisions import Decision
from tui.service.journal.journal import Journal
from tui.service.journal.journal_entries import JournalEntries, JournalEntry
from tui.service.outcomes import Difference, Outcome, Status
from tui.service.verbs import CancelOrders

BOTH = CancelOrders((ONE, TWO))


def listed(journal: Journal) -> dict[str, JournalEntry]:
    entries = JournalEntries(journal)
    while entries.read(2):
        pass
    return dict(entries.newest_first())


def test_each_decision_says_who_what_and_what_came_of_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(NEWER + b"rubbish\n")
    journal = Journal(path)
    one, two = BOTH.refs
    intend(journal, replace(intent("D-1", BOTH), user="dlr.chen", environment="uat", sentence="Cancel both"))
    mixed = [Outcome(one, Status.DONE), Outcome(two, Status.REFUSED, reason="It is filled.")]
    journal.conclude("D-1", NINE, mixed, answer=200, request="0HN:1")
    journal.differ("D-1", NINE, [Difference(one, "expected 8, it is 7")])
    journal.decide(Decision("D-2", NINE + timedelta(seconds=1), "http://here/api", BOTH))
    intend(journal, replace(intent("I-2", CancelOrders((ONE,))), decision="D-2"))
    journal.conclude("I-2", NINE, done(CancelOrders((ONE,))))
    found = listed(journal)
    assert list(found) == ["D-2", "D-1"], "the newest first"
    first = found["D-1"]
    assert (first.who, first.environment, first.what) == ("dlr.chen", "uat", "Cancel both")
    assert (first.outcome, first.worst, first.why) == (
        "1 done, 1 refused",
        Status.REFUSED,
        ("It is filled.",),
    )
    assert (first.requests, first.differences, first.refs) == (
        ("0HN:1",),
        ("expected 8, it is 7",),
        (one, two),
    )
    intend(journal, intent("D-3", BOTH))
    assert {listed(journal)[id].outcome for id in ("D-2", "D-3")} == {"being sent"}, "this very program is"
    journal.close()
    over = listed(Journal(path))
    assert [over[id].outcome for id in ("D-2", "D-3")] == ["1 done, 1 not sent", "unknown"]


def test_what_is_written_meanwhile_is_read_on_and_of_many_the_newest_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_entries, "A_FEW", 2)
    journal = Journal()
    entries = JournalEntries(journal, most=3, most_refs=1)
    for number in range(9):
        verb = replace(intent(f"D-{number}", BOTH), at=NINE + timedelta(seconds=number))
        intend(journal, verb)
        entries.read(100)
    assert list(entries.newest_first()) == ["D-8", "D-7", "D-6"]
    assert entries.is_cut
    assert len(entries.newest_first()["D-8"].refs) == 1
    journal.conclude("D-8", NINE, done(BOTH))
    journal.conclude("D-1", NINE, done(BOTH))
    entries.read(100)
    assert [each.outcome for each in entries.newest_first().values()] == ["done", "unknown", "unknown"]
