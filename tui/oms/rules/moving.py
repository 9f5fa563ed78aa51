"""Moving orders between blocks (M1 to M8)."""

from __future__ import annotations

import msgspec

from tui.api.base import ResourceId
from tui.api.life_cycle import exceeds
from tui.api.models import Block, Order
from tui.api.requests import (
    BlockAndOrderIdRequest,
    MovedOrder,
    MoveOrdersToDifferentBlocksRequest,
    ResourceList,
)
from tui.api.states import is_final
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import ReplyBuilder, UnitOfWork
from tui.oms.rules.blocking import (
    BlockingFields,
    block_accepting,
    block_of,
    new_block,
    ordered_size,
    placed_exceeds_remaining,
    prefetch_orders,
    swept_refusal,
    with_recalculated_size,
)
from tui.oms.rules.entities import live_allocations_of_order, require
from tui.oms.rules.placed_quantities import placed_on
from tui.oms.rules.sizes import AMOUNT, QUANTITY, exact_arithmetic
from tui.oms.rules.validation import RequestChecks


@exact_arithmetic
def move_orders(uow: UnitOfWork, request: MoveOrdersToDifferentBlocksRequest) -> ReplyBuilder:
    """Move orders one after the other: all of them or none (M8).

    Raises:
        Refusal: any item breaks a rule.
    """
    checks = RequestChecks()
    checks.check_count("Requests", request.requests)
    for index, item in enumerate(request.requests):
        field = f"Requests[{index}].DestinationBlockId"
        checks.check_id(field, uow, item.destination_block_id, Block)
    checks.check_unique("Order id", (item.order_id for item in request.requests))
    checks.raise_if_invalid()
    prefetch_orders(uow, (item.order_id for item in request.requests))
    uow.prefetch(Block, (item.destination_block_id for item in request.requests))
    sources = [_move(uow, item) for item in request.requests]

    def answer() -> ResourceList[MovedOrder]:
        return ResourceList(
            values=tuple(
                MovedOrder(
                    destination_block=uow.get(Block, item.destination_block_id),
                    order=uow.get(Order, item.order_id),
                    source_block_id=source,
                )
                for item, source in zip(request.requests, sources, strict=True)
            ),
            links=(),
        )

    return answer


def _move(uow: UnitOfWork, item: BlockAndOrderIdRequest) -> ResourceId | None:
    """Move one order, unless it is there already, and return the block it came from (M4, M5)."""
    order = require(uow, Order, item.order_id, "M7")
    source = block_of(uow, order.id)
    if source is not None and source.id == item.destination_block_id:
        return source.id
    check_movable(uow, order, source)
    destination = destination_block(uow, order, item.destination_block_id)
    if source is not None:
        left = tuple(id for id in source.order_ids if id != order.id)
        uow.put(with_recalculated_size(uow, msgspec.structs.replace(source, order_ids=left)))
    joined = (*destination.order_ids, order.id)
    uow.put(with_recalculated_size(uow, msgspec.structs.replace(destination, order_ids=joined)))
    uow.touch(order)
    return source.id if source else None


def destination_block(uow: UnitOfWork, order: Order, id: ResourceId) -> Block:
    """Return the block an order is to join, made from the order when there is none (M1, M2, M3).

    Raises:
        Refusal: the block does not accept the order.
    """
    destination = uow.get(Block, id)
    if destination is None:
        return new_block(id, BlockingFields.of(order), uow.context.now)
    return block_accepting(uow, destination, BlockingFields.of(order), f"Order '{order.id}'", "M2")


def check_movable(uow: UnitOfWork, order: Order, source: Block | None) -> None:
    """Refuse to move an order that is final, allocated, or needed by its placed block (L7, M6, M7)."""
    if is_final(order.state):
        detail = f"Order '{order.id}' is {order.state} and cannot be moved."
        raise Refusal("InvalidOrderState", detail, "M7")
    if live_allocations_of_order(uow, order.id):
        detail = f"Order '{order.id}' has allocations and cannot be moved."
        raise Refusal("OrderAlreadyPlaced", detail, "M6")
    if source is None:
        return
    if source.is_swept:
        raise swept_refusal(source, "M7")
    for basis in (QUANTITY, AMOUNT):
        remaining = (basis.size_of(source) or 0) - ordered_size(order, basis)
        placed = placed_on(uow, source.id, basis)
        if ordered_size(order, basis) and exceeds(placed, remaining):
            raise Refusal(
                "OrderAlreadyPlaced", placed_exceeds_remaining(source, order, placed, remaining), "M6"
            )
