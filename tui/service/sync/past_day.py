"""The fills and rejects of a desk by time, which a reader of the past looks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from tui.api.states import is_rejected
from tui.service.snapshot.snapshot import Snapshot


class DayMark(Struct, frozen=True, order=True, gc=False):
    """Something that happened ``at`` a time, aware UTC."""

    at: datetime
    what: Literal["fill", "reject"]


def marks_of(snapshot: Snapshot) -> tuple[DayMark, ...]:
    """Return the fills and rejects of a snapshot, the oldest first."""
    return tuple(sorted(_marks(snapshot)))


def _marks(snapshot: Snapshot) -> Iterator[DayMark]:
    for fill in snapshot.executions.values():
        if fill.created_date is not None:
            yield DayMark(fill.created_date, "fill")
    for placement in snapshot.placements.values():
        version = placement.version
        if is_rejected(placement.state) and version and version.as_at_modified:
            yield DayMark(version.as_at_modified, "reject")
