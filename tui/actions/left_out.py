"""What a selection leaves out: the rows an action does not act on, and why, said before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.actions.action import LeftOut, Scope
from tui.actions.eligibility import (
    allocatable,
    bookable,
    live_orders,
    live_placements,
    placeable,
    sweepable,
    unplaced,
)
from tui.api.base import ResourceId
from tui.api.states import normalize
from tui.service.snapshot.snapshot import EntityKind
from tui.service.state_words import state_in_words

Why = Callable[[Scope, ResourceId], str]


def _rest(
    scope: Scope,
    kind: EntityKind,
    candidates: Sequence[ResourceId],
    taken: Sequence[ResourceId],
    why: Why,
) -> LeftOut:
    """Return the candidates that are not taken, each with why."""
    rows, kept = scope.snapshot.rows(kind), frozenset(taken)
    known = [id for id in candidates if id in rows]
    return LeftOut(kind, len(known), tuple((id, why(scope, id)) for id in known if id not in kept))


def _state(scope: Scope, kind: EntityKind, id: ResourceId) -> str:
    return state_in_words(scope.snapshot.rows(kind)[id].state) or "without a state"


def orders_left_out(scope: Scope) -> LeftOut:
    """Return which orders in focus are final, and so neither move, change nor are cancelled."""
    kind = EntityKind.ORDERS
    return _rest(scope, kind, scope.orders(), live_orders(scope), lambda scope, id: _state(scope, kind, id))


def placements_left_out(scope: Scope) -> LeftOut:
    """Return which placements in focus are finished, and so neither change nor are cancelled."""
    kind = EntityKind.PLACEMENTS
    return _rest(
        scope, kind, scope.placements(), live_placements(scope), lambda scope, id: _state(scope, kind, id)
    )


def changeable_left_out(scope: Scope) -> LeftOut:
    """Return which orders or placements in focus can no longer be changed or cancelled."""
    return (placements_left_out if scope.kind is EntityKind.PLACEMENTS else orders_left_out)(scope)


def blocks_not_placed(scope: Scope) -> LeftOut:
    """Return which blocks in focus have nothing left to place."""

    def why(scope: Scope, id: ResourceId) -> str:
        if scope.snapshot.blocks[id].block.is_swept:
            return "swept"
        left = unplaced(scope, id).value
        if left is None:
            return "of a size that is not known"
        return "over-placed" if left < 0 else "fully placed"

    return _rest(scope, EntityKind.BLOCKS, scope.blocks(), placeable(scope), why)


def placements_not_allocated(scope: Scope) -> LeftOut:
    """Return which placements in focus have nothing to allocate."""
    return _rest(
        scope, EntityKind.PLACEMENTS, scope.placements(), allocatable(scope), lambda *_: "without fills"
    )


def allocations_not_booked(scope: Scope) -> LeftOut:
    """Return which allocations of the rows in focus are not booked again."""

    def why(scope: Scope, id: ResourceId) -> str:
        booked = scope.snapshot.is_booked(id)
        state = scope.snapshot.allocations[id].state
        return "booked already" if booked or normalize(state) == "booked" else state_in_words(state)

    return _rest(scope, EntityKind.ALLOCATIONS, scope.allocations(), bookable(scope), why)


def blocks_not_swept(scope: Scope) -> LeftOut:
    """Return which blocks in focus do not qualify for a sweep."""

    def why(scope: Scope, id: ResourceId) -> str:
        return "swept already" if scope.snapshot.blocks[id].block.is_swept else "still at work"

    return _rest(scope, EntityKind.BLOCKS, scope.blocks(), sweepable(scope), why)
