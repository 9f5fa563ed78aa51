"""A step through the past: the desk on both sides of what it went over."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot


class PastStep(Struct, frozen=True):
    """The desk ``earlier`` and ``later``, of which the reader sees the one or the other now.

    ``at`` is the time of the one change between them, aware UTC; None where there may be several. ``rows``
    are those that may differ, ``swept`` the blocks among them that were swept. ``forward`` tells which way
    the reader went.
    """

    earlier: Snapshot
    later: Snapshot
    at: datetime | None
    rows: tuple[Ref, ...]
    swept: frozenset[Ref]
    forward: bool


def past_step(old: Snapshot, new: Snapshot, at: datetime | None, swept: frozenset[Ref]) -> PastStep:
    """Return the step from ``old`` to ``new``, which was frozen from it."""
    assert old.as_at is not None
    assert new.as_at is not None
    forward = old.as_at <= new.as_at
    rows = tuple(Ref(kind, id) for kind in EntityKind for id in sorted(new.touched.get(kind, ())))
    return PastStep(old if forward else new, new if forward else old, at, rows, swept, forward)
