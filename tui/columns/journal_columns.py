"""The columns of the journal: when, who, what and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tui.columns.column import Column
from tui.columns.factories import plain
from tui.columns.format import clock
from tui.service.journal.journal_entries import JournalEntry
from tui.service.outcomes import Status
from tui.service.snapshot.snapshot import Snapshot

ROLES: Final = {
    Status.DONE: "good",
    Status.STAGED: "waiting",
    Status.REFUSED: "bad",
    Status.UNKNOWN: "attention",
    Status.NOT_SENT: "idle",
}


def _at(snapshot: Snapshot, entry: JournalEntry) -> datetime:
    return entry.at


def _role(snapshot: Snapshot, entry: JournalEntry) -> str:
    return ROLES[entry.worst]


JOURNAL_COLUMNS: Final = (
    Column("at", "Time", "When it was decided", _at, clock, 12, cut="never", times="moment", rank=1),
    plain("who", "Who", "Who decided it", 11, lambda s, entry: entry.who).ranked(2),
    plain("what", "What", "What was asked for", 56, lambda s, entry: entry.what, flexible=True).ranked(1),
    plain("outcome", "Outcome", "What came of it", 18, lambda s, entry: entry.outcome, role=_role).ranked(1),
    plain("why", "Why", "Why not all was done", 24, lambda s, entry: "; ".join(entry.why)).ranked(3),
)
