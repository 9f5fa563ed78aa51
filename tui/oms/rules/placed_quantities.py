"""How much of a block is placed and executed, and through which placements (P4, P5, P12, L8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from tui.api.base import ZERO, ResourceId
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.api.states import is_cancelled
from tui.oms.domain.unit_of_work import (
    ALLOCATIONS_OF_PLACEMENT,
    CHILDREN_OF_PLACEMENT,
    CUT_ORDERS_OF_BLOCK,
    EXECUTIONS_OF_PLACEMENT,
    PLACEMENTS_OF_BLOCK,
    Stored,
    UnitOfWork,
)
from tui.oms.rules.sizes import QUANTITY, Basis, total, weighted_average

BlockShares = dict[ResourceId, dict[ResourceId, Decimal]]
"""What each placement puts on each block: placement id, then block id."""


def created_at(uow: UnitOfWork, entity: Stored) -> datetime:
    """Give when an entity was first stored; one made in this call, now."""
    version = entity.version
    return (version.as_at_created if version else None) or uow.context.now


def with_descendants(uow: UnitOfWork, placement: Placement) -> list[Placement]:
    """Give a placement and, below it, all its children (P5)."""
    found = {placement.id: placement}
    waiting = [placement]
    while waiting:
        for child in uow.related(CHILDREN_OF_PLACEMENT, waiting.pop().id):
            if child.id not in found:
                found[child.id] = child
                waiting.append(child)
    return list(found.values())


def with_ancestors(uow: UnitOfWork, placement: Placement) -> list[Placement]:
    """Give a placement and its parents, up to the top-level one."""
    found = {placement.id: placement}
    above = placement.parent_placement_id
    while above is not None and above not in found:
        parent = uow.get(Placement, above)
        if parent is None:
            break
        found[parent.id] = parent
        above = parent.parent_placement_id
    return list(found.values())


def own_fills(uow: UnitOfWork, placement: ResourceId) -> list[Execution]:
    """Give the executions of one placement that count: the cancelled ones are no units at all (L5)."""
    executions = uow.related(EXECUTIONS_OF_PLACEMENT, placement)
    return [execution for execution in executions if not is_cancelled(execution.state)]


def fills_of(uow: UnitOfWork, placement: Placement) -> list[Execution]:
    """Give the executions of a placement and of its children, each once (P5, L5)."""
    return [fill for member in with_descendants(uow, placement) for fill in own_fills(uow, member.id)]


def executed_size(uow: UnitOfWork, placement: Placement, basis: Basis = QUANTITY) -> Decimal:
    """Give the units (or money) executed for a placement and its children."""
    unit = uow.instruments.price_unit(placement.lusid_instrument_id)
    return total(basis.executed_by(fill, unit) for fill in fills_of(uow, placement))


def average_price(executions: Iterable[Execution]) -> Decimal | None:
    """A10, E3, G11: give the average price of executions, or None without units."""
    return weighted_average((fill.quantity, fill.price.amount or ZERO) for fill in executions)


def live_allocations_of_placement(uow: UnitOfWork, placement: Placement) -> list[Allocation]:
    """Give the allocations of a placement and of its children, each once, the cancelled ones left out."""
    found: dict[ResourceId, Allocation] = {}
    for member in with_descendants(uow, placement):
        for allocation in uow.related(ALLOCATIONS_OF_PLACEMENT, member.id):
            if not is_cancelled(allocation.state):
                found[allocation.id] = allocation
    return list(found.values())


def live_size(uow: UnitOfWork, placement: Placement, basis: Basis = QUANTITY) -> Decimal:
    """P12: give what a placement holds of its block: its size, or once cancelled what was executed."""
    if is_cancelled(placement.state):
        return executed_size(uow, placement, basis) if basis.size_of(placement) is not None else ZERO
    return basis.size_of(placement) or ZERO


def waterfall(units: Decimal, rooms: Sequence[Decimal]) -> list[Decimal]:
    """P4: put ``units`` into ``rooms`` in their order, whatever is too much into the last."""
    parts = []
    for room in rooms[:-1]:
        part = max(ZERO, min(units, room))
        parts.append(part)
        units -= part
    return [*parts, units] if rooms else []


def top_level(placements: Iterable[Placement]) -> list[Placement]:
    """Give the placements that are no children: these alone take room of a block (P5)."""
    return [placement for placement in placements if placement.parent_placement_id is None]


def attribution(uow: UnitOfWork, block: ResourceId, basis: Basis = QUANTITY) -> BlockShares:
    """P4: give what every top-level placement of ``block`` puts on each of its blocks.

    Placements take their blocks in the order they were made, so blocks that share placements are
    worked out together. What cut orders keep has its room in their block too (X5).
    """
    placements: dict[ResourceId, Placement] = {}
    free: dict[ResourceId, Decimal] = {}
    waiting = [block]
    while waiting:
        id = waiting.pop()
        if id in free:
            continue
        stored = uow.get(Block, id)
        free[id] = (basis.size_of(stored) or ZERO) if stored is not None else ZERO
        for placement in top_level(uow.related(PLACEMENTS_OF_BLOCK, id)):
            placements[placement.id] = placement
            waiting.extend(placement.block_ids)
    for id in free if len(free) > 1 else ():
        free[id] += total(basis.size_of(order) for order in cut_orders(uow, id))
    shares: BlockShares = {}
    for placement in sorted(placements.values(), key=lambda each: (created_at(uow, each), each.id)):
        size = live_size(uow, placement, basis)
        parts = waterfall(size, [free[id] for id in placement.block_ids])
        shares[placement.id] = dict(zip(placement.block_ids, parts, strict=True))
        for id, part in shares[placement.id].items():
            free[id] -= part
    return shares


def placed_on(uow: UnitOfWork, block: ResourceId, basis: Basis = QUANTITY) -> Decimal:
    """P12: give the live placed units (or money) that the live orders of a block have to stand for.

    What cut orders keep is placed too, but theirs alone (X5): it takes no room of the others.
    """
    everything = total(parts.get(block) for parts in attribution(uow, block, basis).values())
    kept = total(basis.size_of(order) for order in cut_orders(uow, block)) if everything else ZERO
    return max(ZERO, everything - kept)


def cut_orders(uow: UnitOfWork, block: ResourceId) -> list[Order]:
    """X5: give the orders of a block that were cancelled down to what was placed for them."""
    cut = (uow.get(Order, each.id) for each in uow.related(CUT_ORDERS_OF_BLOCK, block))
    inside = set(stored.order_ids) if (stored := uow.get(Block, block)) else set()
    return [order for order in cut if order is not None and order.id in inside and is_cancelled(order.state)]


def unplaced_size(uow: UnitOfWork, blocks: Iterable[ResourceId], basis: Basis = QUANTITY) -> Decimal:
    """P3, P4: give what may still be placed on ``blocks`` together."""
    room = ZERO
    for id in dict.fromkeys(blocks):
        block = uow.get(Block, id)
        size = (basis.size_of(block) or ZERO) if block is not None else ZERO
        room += max(ZERO, size - placed_on(uow, id, basis))
    return room


def executed_by_block(
    uow: UnitOfWork, placement: Placement, shares: BlockShares
) -> dict[ResourceId, Decimal]:
    """Give the units of a top-level placement's fills that fall to each of its blocks (G3, P4).

    What is allocated to a block's orders was executed for that block; the rest goes to the blocks in
    their order, up to what is placed for each.
    """
    units = executed_size(uow, placement)
    if len(placement.block_ids) == 1:
        return {placement.block_ids[0]: units}
    taken = dict.fromkeys(placement.block_ids, ZERO)
    owners = {order: id for id in taken if (block := uow.get(Block, id)) for order in block.order_ids}
    for allocation in live_allocations_of_placement(uow, placement):
        owner = owners.get(allocation.allocated_order_id)
        if owner is not None:
            taken[owner] += allocation.quantity
    if total(taken.values()) > units:
        taken = dict.fromkeys(placement.block_ids, ZERO)
    placed = shares[placement.id]
    rest = waterfall(units - total(taken.values()), [placed[id] - taken[id] for id in placement.block_ids])
    return {id: taken[id] + part for id, part in zip(placement.block_ids, rest, strict=True)}
