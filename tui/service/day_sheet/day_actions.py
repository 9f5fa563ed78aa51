"""Who did what on a day: as the versions of the rows say, and what was decided here as the journal says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from tui.api.models import OrderGraphBlock, Transaction
from tui.api.states import is_cancelled, is_rejected
from tui.service.day_sheet.day_bounds import CalendarDay
from tui.service.journal.journal_entries import JournalEntry
from tui.service.outcomes import Status
from tui.service.snapshot.snapshot import EntityKind, Snapshot

A_STEP: Final = 200
"""Rows that are looked at in one step."""
MADE: Final = {
    EntityKind.BLOCKS: "blocks made",
    EntityKind.ORDERS: "orders made",
    EntityKind.PLACEMENTS: "placements made",
    EntityKind.EXECUTIONS: "fills recorded",
    EntityKind.ALLOCATIONS: "allocations made",
    EntityKind.TRANSACTIONS: "transactions booked",
}
"""What somebody did who made rows of a kind, in the order of a life cycle."""


DECIDED: Final = {
    Status.DONE: "writes from here done",
    Status.STAGED: "writes from here awaiting approval",
    Status.REFUSED: "writes from here with refusals",
    Status.UNKNOWN: "writes from here of unknown outcome",
    Status.NOT_SENT: "writes from here not all sent",
}
"""What became of a decision on this machine, by the status of it that needs somebody most."""
_AFTER_ROWS: Final = 100
"""The place of decisions: behind all that is done with rows."""


class DayAction(Struct, frozen=True, order=True):
    """What a ``user`` did with rows of one kind, in words: ``placements made``, ``orders cancelled``."""

    user: str
    place: int
    """The place among all that can be done, in the order of a life cycle."""
    done: str


def count_actions(snapshot: Snapshot, day: CalendarDay) -> Generator[None, None, Counter[DayAction]]:
    """Return in steps how many rows each user made, cancelled or changed on ``day``.

    Of a row that was changed several times the last change is known, and who made that.
    """
    counts: Counter[DayAction] = Counter()
    for place, kind in enumerate(MADE):
        for number, row in enumerate(tuple(snapshot.rows(kind).values()), start=1):
            for user, rank, done in _done_with(kind, row, day):
                counts[DayAction(user, place * 4 + rank, done)] += 1
            if number % A_STEP == 0:
                yield
    return counts


def count_decisions(entries: Iterable[JournalEntry], day: CalendarDay) -> Counter[DayAction]:
    """Return how many decisions of the journal each user made on ``day``, by what became of them."""
    counts: Counter[DayAction] = Counter()
    for entry in entries:
        if entry.at in day:
            place = _AFTER_ROWS + tuple(DECIDED).index(entry.worst)
            counts[DayAction(entry.who, place, DECIDED[entry.worst])] += 1
    return counts


def _done_with(kind: EntityKind, row: Any, day: CalendarDay) -> Iterator[tuple[str, int, str]]:
    """Yield who did what with a row on a day, and the place of that among what is done with its kind."""
    version = row.block.version if isinstance(row, OrderGraphBlock) else row.version
    if version is None:
        return
    made, changed = version.as_at_created, version.as_at_modified
    if made in day:
        yield version.user_id_created or version.user_id_modified or "", 0, MADE[kind]
    if changed in day and changed != made:
        state = _state(row)
        rank = 1 if is_cancelled(state) else 2 if is_rejected(state) else 3
        word = ("", "cancelled", "rejected", "changed")[rank]
        noun = "fills" if kind is EntityKind.EXECUTIONS else kind.value
        yield version.user_id_modified or "", rank, f"{noun} {word}"


def _state(row: Any) -> str | None:
    if isinstance(row, OrderGraphBlock):
        return row.derived_state
    state: str | None = row.transaction_status if isinstance(row, Transaction) else row.state
    return state


def rejected_on(row: Any, day: CalendarDay) -> bool:
    """Return whether a row is rejected and was changed last on ``day``, or made where no version says."""
    if not is_rejected(row.state):
        return False
    version = row.version
    changed: datetime | None = version.as_at_modified if version else None
    return (changed or row.created_date) in day
