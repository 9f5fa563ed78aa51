"""Moving orders between blocks (M1 to M8)."""

from __future__ import annotations

import msgspec

from tui.api.base import ResourceId
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
    Terms,
    block_of,
    counted,
    expect_orders,
    new_block,
    opened,
    ordered_sentence,
    recounted,
    swept,
)
from tui.oms.rules.entities import live_allocations, need
from tui.oms.rules.placed_quantities import placed_on
from tui.oms.rules.sizes import AMOUNT, QUANTITY, exactly, more
from tui.oms.rules.validation import Checks


@exactly
def move_orders(uow: UnitOfWork, request: MoveOrdersToDifferentBlocksRequest) -> ReplyBuilder:
    """M8: move orders one after the other, all of them or none.

    Raises:
        Refusal: any item breaks a rule.
    """
    checks = Checks()
    checks.size("Requests", request.requests)
    for index, item in enumerate(request.requests):
        field = f"Requests[{index}].DestinationBlockId"
        checks.valid_id(field, uow, item.destination_block_id, Block)
    checks.unique("Order id", (item.order_id for item in request.requests))
    checks.done()
    expect_orders(uow, (item.order_id for item in request.requests))
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
    """M4, M5: move one order, unless it is there already; gives the block it came from."""
    order = need(uow, Order, item.order_id, "M7")
    source = block_of(uow, order.id)
    if source is not None and source.id == item.destination_block_id:
        return source.id
    movable(uow, order, source)
    destination = destination_for(uow, order, item.destination_block_id)
    if source is not None:
        left = tuple(id for id in source.order_ids if id != order.id)
        uow.put(recounted(uow, msgspec.structs.replace(source, order_ids=left)))
    joined = (*destination.order_ids, order.id)
    uow.put(recounted(uow, msgspec.structs.replace(destination, order_ids=joined)))
    uow.touch(order)
    return source.id if source else None


def destination_for(uow: UnitOfWork, order: Order, id: ResourceId) -> Block:
    """M1, M2, M3: give the block an order is to go into, made from the order when there is none.

    Raises:
        Refusal: the block does not take the order.
    """
    destination = uow.get(Block, id)
    if destination is None:
        return new_block(id, Terms.of(order), uow.context.now)
    return opened(uow, destination, Terms.of(order), f"Order '{order.id}'", "M2")


def movable(uow: UnitOfWork, order: Order, source: Block | None) -> None:
    """L7, M6, M7: refuse to move an order that is done, allocated, or needed by what its block has placed."""
    if is_final(order.state):
        detail = f"Order '{order.id}' is {order.state} and cannot be moved."
        raise Refusal("InvalidOrderState", detail, "M7")
    if live_allocations(uow, order.id):
        detail = f"Order '{order.id}' has allocations and cannot be moved."
        raise Refusal("OrderAlreadyPlaced", detail, "M6")
    if source is None:
        return
    if source.is_swept:
        raise swept(source, "M7")
    for basis in (QUANTITY, AMOUNT):
        remaining = (basis.of(source) or 0) - counted(order, basis)
        placed = placed_on(uow, source.id, basis)
        if counted(order, basis) and more(placed, remaining):
            raise Refusal("OrderAlreadyPlaced", ordered_sentence(source, order, placed, remaining), "M6")
