"""The rows of its scope that an action can act on, or why there are none: shared by actions that write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tui.actions.action import NO_ROW, Scope
from tui.api.base import ResourceId
from tui.api.models import Block, Order, Placement
from tui.api.states import is_cancelled, is_final, is_finished, normalize
from tui.service.snapshot.sizing import Size, block_unplaced, open_size
from tui.service.snapshot.snapshot import EntityKind, Snapshot

SET_UP: Final = (
    "The profile does not say how compliance is run here: set run_scope, rule_scope and recipe in "
    "[profiles.NAME.compliance]."
)


def currency_of(entity: Block | Order | Placement, snapshot: Snapshot) -> str | None:
    """Return the currency of prices of ``entity``: that of its own prices, else its instrument's."""
    for held in (entity.limit_price, entity.stop_price, entity.amount):
        if held and held.currency:
            return held.currency
    known = snapshot.instruments.get(entity.lusid_instrument_id)
    return known.currency if known else None


def currencies(snapshot: Snapshot) -> Sequence[str]:
    """Return the currencies of the instruments on the desk, in order."""
    return sorted({known.currency for known in snapshot.instruments.values() if known.currency})


def requires(find: Callable[[Scope], Sequence[ResourceId]], otherwise: str) -> Callable[[Scope], str | None]:
    """Return a reason for scopes in which ``find`` finds nothing: the sentence ``otherwise``."""

    def reason(scope: Scope) -> str | None:
        if not scope.ids:
            return NO_ROW
        return None if find(scope) else f"{otherwise}{_doubt(scope)}"

    return reason


def _doubt(scope: Scope) -> str:
    """Return that a reason is not sure, where rows that it may follow from could not be read."""
    kinds = " and ".join(kind.value for kind in scope.snapshot.unread)
    return f" This is not sure: not all {kinds} could be read." if kinds else ""


def live_orders(scope: Scope) -> tuple[ResourceId, ...]:
    """Return the orders in focus that are not final, and so can move, change or be cancelled (L7)."""
    orders = scope.snapshot.orders
    return tuple(id for id in scope.orders() if id in orders and not is_final(orders[id].state))


def live_placements(scope: Scope) -> tuple[ResourceId, ...]:
    """Return the placements in focus that are working: neither cancelled nor filled."""
    placements = scope.snapshot.placements
    return tuple(
        id for id in scope.placements() if id in placements and not is_finished(placements[id].state)
    )


def open_placements(scope: Scope) -> tuple[ResourceId, ...]:
    """Return the working placements in focus of which something may still be filled."""
    snapshot = scope.snapshot

    def is_open(row: Placement) -> bool:
        left = open_size(snapshot, row).value
        return left is None or left > 0

    return tuple(id for id in live_placements(scope) if is_open(snapshot.placements[id]))


def heads(scope: Scope, ids: Sequence[ResourceId]) -> tuple[ResourceId, ...]:
    """Return these placements without those whose parent is among them: they go with it.

    Where parents go in a circle, none of them goes with another.
    """
    snapshot, known = scope.snapshot, frozenset(ids)

    def goes_with_its_parent(id: ResourceId) -> bool:
        in_focus = snapshot.placements[id].parent_placement_id in known
        return in_focus and not snapshot.circle_of_placement(id)

    return tuple(id for id in ids if not goes_with_its_parent(id))


def unplaced(scope: Scope, id: ResourceId) -> Size:
    """Return what of a block is not placed: units, or money of a block sized by amount."""
    return block_unplaced(scope.snapshot, scope.snapshot.blocks[id])


def counterparties(snapshot: Snapshot) -> list[str]:
    """Return the brokers of the profile and those this desk has placed with, to complete what is typed."""
    return list(snapshot.known_brokers)


def systems(snapshot: Snapshot) -> list[str]:
    """Return the execution systems this desk has used, to complete what is typed."""
    return sorted(snapshot.systems)


def placeable(scope: Scope) -> tuple[ResourceId, ...]:
    """Return the blocks in focus that have something left to place."""
    blocks = scope.snapshot.blocks
    return tuple(
        id
        for id in scope.blocks()
        if id in blocks and not blocks[id].block.is_swept and (unplaced(scope, id).value or 0) > 0
    )


def fill_disabled_reason(scope: Scope) -> str | None:
    """Return why no fill can be recorded here: it takes exactly one placement, or one fill to correct."""
    if not scope.ids:
        return NO_ROW
    if len(scope.ids) > 1:
        return "Record one fill at a time: clear the selection first."
    if scope.kind is EntityKind.EXECUTIONS and scope.rows:
        there = scope.rows[0].placement_id in scope.snapshot.placements
        return None if there else "The placement of this fill is not on the desk: it cannot be corrected."
    found = scope.placements()
    if not found:
        return "A fill belongs to a placement: place the block first."
    if len(found) > 1:
        return "More than one placement here: go to the placements pane and choose one."
    state = scope.snapshot.placements[found[0]].state
    return "This placement is cancelled; no fill is expected." if is_cancelled(state) else None


def cancel_disabled_reason(scope: Scope) -> str | None:
    """Return why nothing here can be cancelled."""
    if scope.kind is EntityKind.PLACEMENTS:
        return requires(live_placements, "No working placement here: these are filled or cancelled.")(scope)
    if scope.kind in (EntityKind.ORDERS, EntityKind.BLOCKS):
        return requires(live_orders, "No live order here: these are already final.")(scope)
    return (
        "Only orders and placements are cancelled; a wrong fill is corrected, or voided with a quantity of 0."
    )


def allocatable(scope: Scope) -> tuple[ResourceId, ...]:
    """Return the placements in focus that have fills, or shares to take back because the fills are void.

    Without a way to know, the server decides.
    """
    snapshot = scope.snapshot

    def has_something(id: ResourceId) -> bool:
        executed = snapshot.executed_of_placement(id)
        return executed is None or executed > 0 or bool(snapshot.allocated_of_placement(id))

    return tuple(id for id in scope.placements() if has_something(id))


def bookable(scope: Scope) -> tuple[ResourceId, ...]:
    """Return the allocations in focus; for other rows, their allocations that are not booked yet."""
    if scope.kind is EntityKind.ALLOCATIONS:
        return scope.allocations()
    snapshot = scope.snapshot
    return tuple(
        id
        for id in scope.allocations()
        if not snapshot.is_booked(id)
        and normalize(snapshot.allocations[id].state) in ("new", "allocated", "")
    )


def sweepable(scope: Scope) -> tuple[ResourceId, ...]:
    """Return the blocks in focus whose orders are all final; the server decides the rest."""
    snapshot = scope.snapshot

    def qualifies(id: ResourceId) -> bool:
        orders = [snapshot.orders.get(own) for own in snapshot.orders_of_block(id)]
        finished = all(order is not None and is_final(order.state) for order in orders)
        return finished and not snapshot.blocks[id].block.is_swept

    return tuple(id for id in scope.blocks() if id in snapshot.blocks and qualifies(id))


def updatable(scope: Scope) -> tuple[ResourceId, ...]:
    """Return the orders or placements in focus that can still change."""
    return (live_orders if scope.kind is EntityKind.ORDERS else live_placements)(scope)


def unreachable(scope: Scope) -> str | None:
    """Return why nothing can be cancelled from here now."""
    if not scope.unreachable:
        return None
    return f"Nothing can be cancelled from here now: {scope.unreachable} Until then, call the brokers."


def run_compliance_disabled_reason(scope: Scope) -> str | None:
    """Return why compliance cannot be run from here: it takes a run scope, rules and a recipe."""
    if scope.snapshot.compliance != "v2":
        return (
            f"This desk obeys the compliance engine '{scope.snapshot.compliance}': a run sets the states of "
            "v2 only."
        )
    return None if scope.compliance_run is not None else SET_UP
