"""How far the changes of each kind of rows are known, so that a poll asks for the others only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from tui.service.snapshot.snapshot import EntityKind

OVERLAP: Final = timedelta(seconds=12)
"""How long after its own time a change may still become visible: two nodes of a server stamp changes by their
own clocks and commit late, and lists may lag behind (contract, F5)."""

UNSURE: Final = timedelta(days=1)
"""How far back changes are asked for where no row and no server has told a time."""


IMPLAUSIBLE: Final = timedelta(days=366)
"""How far after this machine's time a stamp may lie before nothing is concluded from it: all later changes
would lie before it, and no poll would see them."""


class _Known(Struct):
    """What is known of one kind: all changes up to ``floor``, and many after it.

    ``newest`` are the newest times read since then, each with when it was read.
    """

    floor: datetime
    inclusive: bool
    newest: list[tuple[datetime, datetime]]


class HighWaterMarks:
    """The times up to which all changes are known, by kind.

    A newest time becomes the floor once a poll began at least :data:`OVERLAP` after it was read: whatever was
    stamped up to it is visible by then. Until then changes after the floor are asked for again.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: dict[EntityKind, _Known] = {}

    def clear(self) -> None:
        """Know nothing: the next poll reads everything."""
        self._known.clear()

    def filter_since(self, kind: EntityKind) -> str | None:
        """Return the filter of the rows that may have changed unseen; None when nothing was read yet."""
        known = self._known.get(kind)
        if known is None:
            return None
        compare = "gte" if known.inclusive else "gt"
        return f"version.asAtModified {compare} {known.floor.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"

    def start(self, kind: EntityKind, newest: datetime | None, began: datetime) -> None:
        """Take note that all rows of a kind were read from ``began`` on, the newest changed at ``newest``.

        Without any, changes since :data:`UNSURE` before are asked for: clocks may differ.
        """
        if newest is None or newest > began + IMPLAUSIBLE:
            newest = began - UNSURE
        self._known[kind] = _Known(min(newest, began - OVERLAP), True, [(newest, self._now())])

    def after_poll(self, kind: EntityKind, rows: Iterable[Any], began: datetime) -> None:
        """Take note that a poll begun at ``began`` read all changes since the floor: ``rows``."""
        newest, known = newest_change(rows, began + IMPLAUSIBLE), self._known.get(kind)
        if known is None:
            self.start(kind, newest, began)
            return
        if newest is not None and newest > max((time for time, _ in known.newest), default=known.floor):
            known.newest.append((newest, self._now()))
        seen = [time for time, read in known.newest if abs(began - read) >= OVERLAP]
        if seen:
            known.floor, known.inclusive = max(seen), False
            known.newest = [(time, read) for time, read in known.newest if time > known.floor]


def newest_change(rows: Iterable[Any], until: datetime | None = None) -> datetime | None:
    """Return the time of the newest change of ``rows``, of those up to ``until``; None when none says."""
    versions = (row.version for row in rows)
    times = (each.as_at_modified for each in versions if each and each.as_at_modified)
    return max((time for time in times if until is None or time <= until), default=None)


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two times, of which each may be missing."""
    return max((time for time in (one, other) if time is not None), default=None)
