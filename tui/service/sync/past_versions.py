"""Versions of rows, and the changes from one to the next by the time at which they happened."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from tui.service.snapshot.row_versions import version_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

Rows = Mapping[Ref, Any]
Piece = tuple[datetime, Rows, Rows]
"""A part of a change: its time, and some rows before and after it."""


class PastChange(Struct, frozen=True):
    """What one moment changed: its rows ``before`` and ``after`` it, None where there was none.

    ``swept`` are the blocks among them that were swept, and left with all below them.
    """

    at: datetime
    before: Rows
    after: Rows
    swept: frozenset[Ref] = frozenset()


class RowVersion(Struct, frozen=True):
    """A row as it was from ``at`` on; None from when it was deleted."""

    ref: Ref
    row: Any
    at: datetime

    @property
    def key(self) -> tuple[Ref, datetime]:
        """What tells this version from all others."""
        return self.ref, self.at


def version_at(ref: Ref, row: Any) -> RowVersion | None:
    """Return a row with when its version began; None when it does not say, or there is no row."""
    at = None if row is None else changed_at(ref.kind, row)
    return None if at is None else RowVersion(ref, row, at)


def changed_at(kind: EntityKind, row: Any) -> datetime | None:
    """Return when a version of a row began; None when it does not say."""
    if kind is EntityKind.TRANSACTIONS:
        entered: datetime | None = row.entry_date_time
        return entered
    version = version_of(row)
    return version.as_at_modified if version else None


def is_same_version(ref: Ref, row: Any, other: Any) -> bool:
    """Return whether two readings of a row are of one version, or it is there in neither."""
    if row is None or other is None:
        return row is other
    return changed_at(ref.kind, row) == changed_at(ref.kind, other)


def is_first(version: RowVersion) -> bool:
    """Return whether nothing was there before a version; a transaction is booked once."""
    if version.row is None:
        return False
    if version.ref.kind is EntityKind.TRANSACTIONS:
        return True
    told = version_of(version.row)
    return told is not None and told.as_at_version_number == 1


def follows(row: Any, held: Any) -> bool:
    """Return whether a row is the version right after the one held, so that none lies between."""
    new, old = version_of(row), version_of(held) if held is not None else None
    if new is None or old is None or None in (new.as_at_version_number, old.as_at_version_number):
        return False
    if new.entity_unique_id != old.entity_unique_id:
        return False
    return (new.as_at_version_number or 0) == (old.as_at_version_number or 0) + 1


def newest_versions(view: Snapshot, until: datetime, most: int) -> list[RowVersion]:
    """Return the rows that changed last up to ``until``, newest first."""
    versions = (version_at(Ref(kind, id), row) for kind in EntityKind for id, row in view.rows(kind).items())
    found = (each for each in versions if each is not None and each.at <= until)
    return heapq.nlargest(most, found, key=lambda each: each.at)


def by_time(pieces: Iterable[Piece]) -> list[PastChange]:
    """Return changes in the order of time, made of all pieces of one moment."""
    changes: dict[datetime, PastChange] = {}
    for at, before, after in pieces:
        made = changes.get(at, PastChange(at, {}, {}))
        changes[at] = PastChange(at, {**made.before, **before}, {**made.after, **after})
    return [changes[at] for at in sorted(changes)]
