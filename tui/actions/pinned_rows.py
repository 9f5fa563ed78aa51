"""Pinned rows: what works of them is exempt from cancelling everything.

A filter never decides what is cancelled; a pin does, because it names its rows one by one. The question of
the kill switch says how many placements that spares, and one of its answers cancels these too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.actions.action import Scope
from tui.api.base import ResourceId
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EntityKind, Snapshot

PROTECTS: Final = frozenset({EntityKind.BLOCKS, EntityKind.ORDERS, EntityKind.PLACEMENTS})
"""The panes whose pinned rows are exempt: what works of a pinned fill or booking is not."""


def exempt(scope: Scope, placements: Sequence[ResourceId]) -> frozenset[ResourceId]:
    """Return those of ``placements`` that are pinned or belong to a pinned row.

    A child goes with its pinned parent. A parent of a pinned child is spared too: cancelling it would cancel
    the child.
    """
    snapshot = scope.snapshot
    pinned = {
        id
        for ref in scope.pinned
        if ref.kind in PROTECTS and ref in snapshot
        for id in (
            (ref.id,)
            if ref.kind is EntityKind.PLACEMENTS
            else related_of(snapshot, ref, EntityKind.PLACEMENTS)
        )
    }
    if not pinned:
        return frozenset()
    above = {parent for id in pinned for parent in _with_parents(snapshot, id)}
    return frozenset(
        id for id in placements if id in above or not pinned.isdisjoint(_with_parents(snapshot, id))
    )


def _with_parents(snapshot: Snapshot, id: ResourceId) -> tuple[ResourceId, ...]:
    """Return a placement and those above it; where parents go in a circle, each once."""
    found: list[ResourceId] = []
    above: ResourceId | None = id
    while above is not None and above not in found:
        found.append(above)
        row = snapshot.placements.get(above)
        above = row.parent_placement_id if row is not None else None
    return tuple(found)
