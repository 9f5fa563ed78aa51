"""Deleting entities of the five families (C10, E4, L11)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from tui.api.base import ResourceId
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.api.requests import DeletedEntity
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import (
    CHILDREN_OF_PLACEMENT,
    EXECUTIONS_OF_PLACEMENT,
    PLACEMENTS_OF_BLOCK,
    CutOrder,
    PendingPrices,
    ReplyBuilder,
    UnitOfWork,
)
from tui.oms.rules.blocking import block_of, recounted
from tui.oms.rules.entities import E, is_booked, need
from tui.oms.rules.executing import already_booked, booked_part
from tui.oms.rules.filling import refill_order, refill_placement
from tui.oms.rules.sizes import exactly


def _found(uow: UnitOfWork, kind: type[E], id: ResourceId) -> E:
    return need(uow, kind, id, "C10", status=404)


def _removed(uow: UnitOfWork, entity: Block | Order | Placement | Execution | Allocation) -> ReplyBuilder:
    """L11: remove an entity from every later asAt."""
    uow.remove(type(entity), entity.id)
    deleted = DeletedEntity(
        effective_from=datetime.min.replace(tzinfo=UTC),
        as_at=uow.context.now,
        entity_type=type(entity).__name__,
        entity_unique_id=entity.version.entity_unique_id if entity.version else None,
        links=(),
    )
    return lambda: deleted


@exactly
def delete_block(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """C10: delete a block that was never placed; its orders stay, in no block."""
    block = _found(uow, Block, id)
    if uow.related(PLACEMENTS_OF_BLOCK, id):
        raise Refusal("BlockHasPlacements", f"Block '{id}' has placements and cannot be deleted.", "C10")
    return _removed(uow, block)


@exactly
def delete_order(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """C6, C10: delete an order and take it out of its block."""
    order = _found(uow, Order, id)
    block = block_of(uow, id)
    answer = _removed(uow, order)
    uow.remove(CutOrder, id)
    if block is not None:
        left = tuple(other for other in block.order_ids if other != id)
        uow.put(recounted(uow, msgspec.structs.replace(block, order_ids=left)))
    return answer


@exactly
def delete_placement(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """C10, P5: delete a placement that has neither executions nor children."""
    placement = _found(uow, Placement, id)
    if uow.related(EXECUTIONS_OF_PLACEMENT, id):
        detail = f"Placement '{id}' has executions and cannot be deleted."
        raise Refusal("PlacementHasExecutions", detail, "C10")
    if uow.related(CHILDREN_OF_PLACEMENT, id):
        detail = f"Placement '{id}' has child placements and cannot be deleted."
        raise Refusal("PlacementHasChildren", detail, "P5")
    uow.remove(PendingPrices, id)
    return _removed(uow, placement)


@exactly
def delete_execution(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """C10, E4, L8: delete a fill no booked allocation rests on."""
    execution = _found(uow, Execution, id)
    if (allocation := booked_part(uow, execution)) is not None:
        raise already_booked(execution, allocation)
    answer = _removed(uow, execution)
    refill_placement(uow, execution.placement_id)
    return answer


@exactly
def delete_allocation(uow: UnitOfWork, id: ResourceId) -> ReplyBuilder:
    """C10, L9: delete an allocation that is not booked."""
    allocation = _found(uow, Allocation, id)
    if is_booked(allocation):
        detail = f"Allocation '{id}' is {allocation.state} and cannot be deleted."
        raise Refusal("AllocationAlreadyBooked", detail, "C10")
    answer = _removed(uow, allocation)
    refill_order(uow, allocation.allocated_order_id)
    return answer
