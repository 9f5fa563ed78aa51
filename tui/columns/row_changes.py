"""What differs between two snapshots, value by value: what a row showed before, beside what it shows now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from tui.columns.format import DisplayContext
from tui.columns.panes import COLUMNS
from tui.columns.steps import Steps
from tui.service.snapshot.diff import NAMES, Deltas, diff
from tui.service.snapshot.row_versions import version_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot, is_listed

A_STEP: Final = 10
"""Rows that are compared in one step."""
NEW: Final = "new"
_TELL_OF_ANY: Final = frozenset({"activity"})
"""The columns that differ whatever changed: another one says what."""


class RowChange(Struct, frozen=True):
    """One value of a row that differs; a row that was not there before is one change without a field.

    ``first`` says that it is the first of its row.
    """

    ref: Ref
    at: datetime | None
    by: str
    field: str
    before: str
    now: str
    first: bool = True


def row_changes(before: Snapshot, now: Snapshot, context: DisplayContext) -> Steps[list[RowChange]]:
    """Return what differs, by row, those that changed last first."""
    deltas: Deltas = diff(now, before)
    yield
    found: list[list[RowChange]] = []
    number = 0
    for kind, delta in deltas.items():
        for id in (*delta.removed, *delta.changed):
            if id in delta.changed and delta.changed[id] == NAMES:
                continue
            changes = list(changes_of(Ref(kind, id), before, now, context))
            if changes:
                found.append(changes)
            number += 1
            if number % A_STEP == 0:
                yield
    found.sort(key=_when, reverse=True)
    return [change for changes in found for change in changes]


def _when(changes: Sequence[RowChange]) -> tuple[bool, float]:
    at = changes[0].at
    return at is not None, at.timestamp() if at else 0.0


def changes_of(ref: Ref, before: Snapshot, now: Snapshot, context: DisplayContext) -> Iterator[RowChange]:
    """Yield what differs of one row; nothing for one that is in no list now."""
    was, row = before.row(ref), now.row(ref)
    if row is None or not is_listed(row):
        return
    at, by = _version_words(ref.kind, row)
    if was is None or not is_listed(was):
        yield RowChange(ref, at, by, "", "", NEW)
        return
    first = True
    for column in COLUMNS[ref.kind]:
        if column.of_instrument or column.id in _TELL_OF_ANY or not column.differs(before, was, now, row):
            continue
        old, new = (
            column.cell(snapshot, each, context).strip() for snapshot, each in ((before, was), (now, row))
        )
        if old != new:
            yield RowChange(ref, at, by, column.title, old, new, first)
            first = False


def _version_words(kind: EntityKind, row: Any) -> tuple[datetime | None, str]:
    """Return when and by whom a row was changed last; a block changes with what is below it, too."""
    if kind is EntityKind.BLOCKS and row.latest_activity_date is not None:
        return row.latest_activity_date, ""
    version = version_of(row)
    if version is None:
        return getattr(row, "entry_date_time", None), ""
    return version.as_at_modified, version.user_id_modified or ""
