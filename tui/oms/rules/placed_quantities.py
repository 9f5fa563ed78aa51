"""The placed and executed sizes of blocks and placements (P4, P5, P12, L8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from tui.api.base import ZERO, ResourceId
from tui.api.entity_relations import (
    ALLOCATIONS_OF_PLACEMENT,
    CHILDREN_OF_PLACEMENT,
    EXECUTIONS_OF_PLACEMENT,
    PLACEMENTS_OF_BLOCK,
)
from tui.api.life_cycle import waterfall
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.api.states import is_cancelled
from tui.oms.domain.unit_of_work import CUT_ORDERS_OF_BLOCK, Stored, UnitOfWork
from tui.oms.rules.sizes import QUANTITY, Basis, total, weighted_average

BlockShares = dict[ResourceId, dict[ResourceId, Decimal]]
"""The size each placement puts on each block, by placement id and then block id."""


def created_at(uow: UnitOfWork, entity: Stored) -> datetime:
    """Return when an entity was first stored; now for one made in this call."""
    version = entity.version
    return (version.as_at_created if version else None) or uow.context.now


def with_descendants(uow: UnitOfWork, placement: Placement) -> list[Placement]:
    """Return a placement and all its descendants (P5)."""
    found = {placement.id: placement}
    pending = [placement]
    while pending:
        for child in uow.related(CHILDREN_OF_PLACEMENT, pending.pop().id):
            if child.id not in found:
                found[child.id] = child
                pending.append(child)
    return list(found.values())


def with_ancestors(uow: UnitOfWork, placement: Placement) -> list[Placement]:
    """Return a placement and its parents, up to the top-level one."""
    found = {placement.id: placement}
    parent_id = placement.parent_placement_id
    while parent_id is not None and parent_id not in found:
        parent = uow.get(Placement, parent_id)
        if parent is None:
            break
        found[parent.id] = parent
        parent_id = parent.parent_placement_id
    return list(found.values())


def own_fills(uow: UnitOfWork, placement: ResourceId) -> list[Execution]:
    """Return the executions of one placement; cancelled ones do not count (L5)."""
    executions = uow.related(EXECUTIONS_OF_PLACEMENT, placement)
    return [execution for execution in executions if not is_cancelled(execution.state)]


def fills_of(uow: UnitOfWork, placement: Placement) -> list[Execution]:
    """Return the executions of a placement and of its descendants (P5, L5)."""
    return [fill for member in with_descendants(uow, placement) for fill in own_fills(uow, member.id)]


def executed_size(uow: UnitOfWork, placement: Placement, basis: Basis = QUANTITY) -> Decimal:
    """Return the units (or money) executed for a placement and its descendants."""
    unit = uow.instruments.price_unit(placement.lusid_instrument_id)
    return total(basis.executed_by(fill, unit) for fill in fills_of(uow, placement))


def average_price(executions: Iterable[Execution]) -> Decimal | None:
    """Return the average price of the executions that have one, or None without units (A10, E3, G11)."""
    priced = ((fill.quantity, fill.price.amount) for fill in executions)
    return weighted_average((units, price) for units, price in priced if price is not None)


def live_allocations_of_placement(uow: UnitOfWork, placement: Placement) -> list[Allocation]:
    """Return the allocations of a placement and its descendants that are not cancelled."""
    found: dict[ResourceId, Allocation] = {}
    for member in with_descendants(uow, placement):
        for allocation in uow.related(ALLOCATIONS_OF_PLACEMENT, member.id):
            if not is_cancelled(allocation.state):
                found[allocation.id] = allocation
    return list(found.values())


def live_size(uow: UnitOfWork, placement: Placement, basis: Basis = QUANTITY) -> Decimal:
    """Return the size a placement takes of its block: its own, or once cancelled the executed one (P12)."""
    if is_cancelled(placement.state):
        return executed_size(uow, placement, basis) if basis.size_of(placement) is not None else ZERO
    return basis.size_of(placement) or ZERO


def top_level(placements: Iterable[Placement]) -> list[Placement]:
    """Return the placements without a parent: only these take size of a block (P5)."""
    return [placement for placement in placements if placement.parent_placement_id is None]


def attribution(uow: UnitOfWork, block: ResourceId, basis: Basis = QUANTITY) -> BlockShares:
    """Return the size that every top-level placement of ``block`` puts on each of its blocks (P4).

    Placements fill their blocks by the time they were created, so blocks that share placements are computed
    together. The size that cut orders keep is capacity of their block too (X5).
    """
    own = top_level(uow.related(PLACEMENTS_OF_BLOCK, block))
    if all(len(each.block_ids) == 1 for each in own):  # there is nothing to share out
        return {each.id: {block: live_size(uow, each, basis)} for each in own}
    placements: dict[ResourceId, Placement] = {}
    free: dict[ResourceId, Decimal] = {}
    pending = [block]
    while pending:
        id = pending.pop()
        if id in free:
            continue
        stored = uow.get(Block, id)
        free[id] = (basis.size_of(stored) or ZERO) if stored is not None else ZERO
        for placement in top_level(uow.related(PLACEMENTS_OF_BLOCK, id)):
            placements[placement.id] = placement
            pending.extend(placement.block_ids)
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
    """Return the placed units (or money) that the live orders of a block have to cover (P12).

    The size that cut orders keep is placed too, but it is theirs alone (X5) and not counted here.
    """
    placed = total(parts.get(block) for parts in attribution(uow, block, basis).values())
    kept = total(basis.size_of(order) for order in cut_orders(uow, block)) if placed else ZERO
    return max(ZERO, placed - kept)


def cut_orders(uow: UnitOfWork, block: ResourceId) -> list[Order]:
    """Return the orders of a block that were cancelled to their placed size (X5)."""
    cut = (uow.get(Order, each.id) for each in uow.related(CUT_ORDERS_OF_BLOCK, block))
    inside = set(stored.order_ids) if (stored := uow.get(Block, block)) else set()
    return [order for order in cut if order is not None and order.id in inside and is_cancelled(order.state)]


def unplaced_size(uow: UnitOfWork, blocks: Iterable[ResourceId], basis: Basis = QUANTITY) -> Decimal:
    """Return the size that may still be placed on ``blocks`` together (P3, P4)."""
    unplaced = ZERO
    for id in dict.fromkeys(blocks):
        block = uow.get(Block, id)
        size = (basis.size_of(block) or ZERO) if block is not None else ZERO
        unplaced += max(ZERO, size - placed_on(uow, id, basis))
    return unplaced


def executed_by_block(
    uow: UnitOfWork, placement: Placement, shares: BlockShares, units: Decimal
) -> dict[ResourceId, Decimal]:
    """Return the executed ``units`` of a top-level placement that belong to each of its blocks (G3, P4).

    Units allocated to a block's orders belong to that block; the rest goes to the blocks one after the other,
    up to the size placed on each.
    """
    if len(placement.block_ids) == 1:
        return {placement.block_ids[0]: units}
    allocated = dict.fromkeys(placement.block_ids, ZERO)
    owners = {order: id for id in allocated if (block := uow.get(Block, id)) for order in block.order_ids}
    for allocation in live_allocations_of_placement(uow, placement):
        owner = owners.get(allocation.allocated_order_id)
        if owner is not None:
            allocated[owner] += allocation.quantity
    if total(allocated.values()) > units:
        allocated = dict.fromkeys(placement.block_ids, ZERO)
    placed = shares[placement.id]
    unallocated = [placed[id] - allocated[id] for id in placement.block_ids]
    rest = waterfall(units - total(allocated.values()), unallocated)
    return {id: allocated[id] + part for id, part in zip(placement.block_ids, rest, strict=True)}
