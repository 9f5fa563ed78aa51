"""Deleting entities of the five types (C10, E4, L11)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from tui.api.base import ResourceId
from tui.api.entity_relations import CHILDREN_OF_PLACEMENT, EXECUTIONS_OF_PLACEMENT, PLACEMENTS_OF_BLOCK
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.api.requests import DeletedEntity
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import CutOrder, PendingPrices, ReplyBuilder, UnitOfWork
from tui.oms.rules.blocking import block_of, with_recalculated_size
from tui.oms.rules.entities import EntityT, is_booked, require
from tui.oms.rules.executing import already_booked_refusal, booked_allocation_of
from tui.oms.rules.filling import update_order_state, update_placement_state
from tui.oms.rules.sizes import exact_arithmetic


def _require_deletable(uow: UnitOfWork, kind: type[EntityT], id: ResourceId) -> EntityT:
    return require(uow, kind, id, "C10", status=404)


def _remove(uow: UnitOfWork, entity: Block | Order | Placement | Execution | Allocation) -> ReplyBuilder:
    """Remove an entity; reads at earlier asAt times still find it (L11)."""
    uow.remove(type(entity), entity.id)
    deleted = DeletedEntity(
        effective_from=datetime.min.replace(tzinfo=UTC),
        as_at=uow.context.now,
        entity_type=type(entity).__name__,
        entity_unique_id=entity.version.entity_unique_id if entity.version else None,
        links=(),
    )
    return lambda: deleted


@exact_arithmetic
def delete_block(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """Delete a block that was never placed; its orders stay, in no block (C10)."""
    block = _require_deletable(uow, Block, id)
    if uow.related(PLACEMENTS_OF_BLOCK, id):
        raise Refusal("BlockHasPlacements", f"Block '{id}' has placements and cannot be deleted.", "C10")
    return _remove(uow, block)


@exact_arithmetic
def delete_order(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """Delete an order and take it out of its block (C6, C10)."""
    order = _require_deletable(uow, Order, id)
    block = block_of(uow, id)
    answer = _remove(uow, order)
    uow.remove(CutOrder, id)
    if block is not None:
        left = tuple(other for other in block.order_ids if other != id)
        uow.put(with_recalculated_size(uow, msgspec.structs.replace(block, order_ids=left)))
    return answer


@exact_arithmetic
def delete_placement(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """Delete a placement that has neither executions nor children (C10, P5)."""
    placement = _require_deletable(uow, Placement, id)
    if uow.related(EXECUTIONS_OF_PLACEMENT, id):
        detail = f"Placement '{id}' has executions and cannot be deleted."
        raise Refusal("PlacementHasExecutions", detail, "C10")
    if uow.related(CHILDREN_OF_PLACEMENT, id):
        detail = f"Placement '{id}' has child placements and cannot be deleted."
        raise Refusal("PlacementHasChildren", detail, "P5")
    uow.remove(PendingPrices, id)
    return _remove(uow, placement)


@exact_arithmetic
def delete_execution(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """Delete a fill that no booked allocation uses (C10, E4, L8)."""
    execution = _require_deletable(uow, Execution, id)
    if (allocation := booked_allocation_of(uow, execution)) is not None:
        raise already_booked_refusal(execution, allocation)
    answer = _remove(uow, execution)
    update_placement_state(uow, execution.placement_id)
    return answer


@exact_arithmetic
def delete_allocation(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """Delete an allocation that is not booked (C10, L9)."""
    allocation = _require_deletable(uow, Allocation, id)
    if is_booked(allocation):
        detail = f"Allocation '{id}' is {allocation.state} and cannot be deleted."
        raise Refusal("AllocationAlreadyBooked", detail, "C10")
    answer = _remove(uow, allocation)
    update_order_state(uow, allocation.allocated_order_id)
    return answer
