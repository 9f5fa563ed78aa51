"""Creating orders together with their blocks (C1 to C7)."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tui.api.base import ResourceId
from tui.api.models import Block, Order
from tui.api.requests import (
    BlockAndOrders,
    BlockAndOrdersCreateRequest,
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    ResourceList,
)
from tui.api.states import direction_of
from tui.oms.domain.instrument_master import SCOPE
from tui.oms.domain.refusals import already_exists
from tui.oms.domain.unit_of_work import ReplyBuilder, UnitOfWork
from tui.oms.rules.blocking import (
    BlockingFields,
    block_accepting,
    block_of,
    mismatch_refusal,
    new_block,
    with_recalculated_size,
)
from tui.oms.rules.entities import NEW, merge_properties
from tui.oms.rules.sizes import basis_name, exact_arithmetic
from tui.oms.rules.validation import RequestChecks, check_one_size


@dataclass(frozen=True, slots=True)
class _CreatedBlock:
    """The ids of one entry of the request."""

    block: ResourceId
    orders: tuple[ResourceId, ...]


@exact_arithmetic
def create_orders(uow: UnitOfWork, request: BlockAndOrdersCreateRequest) -> ReplyBuilder:
    """Create orders, and create or extend their blocks: all of them or none (C1 to C7).

    Raises:
        Refusal: any item breaks a rule.
    """
    _check(uow, request)
    made = [_create(uow, entry) for entry in request.requests]

    def answer() -> ResourceList[BlockAndOrders]:
        values = []
        for each in made:
            block = uow.get(Block, each.block)
            orders = [order for id in each.orders if (order := uow.get(Order, id)) is not None]
            if block is not None:
                values.append(BlockAndOrders(block=block, orders=tuple(orders)))
        return ResourceList(values=tuple(values), links=())

    return answer


def _check(uow: UnitOfWork, request: BlockAndOrdersCreateRequest) -> None:
    """Check the number of items, ids, required fields and repeated ids (section 2.0, C5)."""
    checks = RequestChecks()
    checks.check_count("Requests", request.requests)
    uow.prefetch(Block, (entry.block_id for entry in request.requests))
    uow.prefetch(Order, (order.id for entry in request.requests for order in entry.orders))
    for index, entry in enumerate(request.requests):
        at = f"Requests[{index}]"
        checks.check_id(f"{at}.BlockId", uow, entry.block_id, Block)
        checks.check_not_empty(at, entry, "instrument_identifiers", "orders")
        checks.check_currency(at, entry, "limit_price", "stop_price")
        checks.check_properties(f"{at}.BlockProperties", Block, entry.block_properties)
        for number, order in enumerate(entry.orders):
            where = f"{at}.Orders[{number}]"
            checks.check_id(f"{where}.Id", uow, order.id, Order)
            checks.check_external_ids(where, uow, order)
            if not (order.side or entry.side):
                checks.add_missing(f"{where}.Side")
            if order.amount or order.price:
                checks.check_currency(where, order, "amount", "price")
            if order.properties:
                checks.check_properties(f"{where}.Properties", Order, order.properties)
    checks.check_unique("Order id", (order.id for entry in request.requests for order in entry.orders))
    checks.raise_if_invalid()


def _create(uow: UnitOfWork, entry: BlockAndOrdersRequest) -> _CreatedBlock:
    """Create or extend one block with its orders (C2 to C6)."""
    side = entry.side or entry.orders[0].side or ""
    terms = BlockingFields(
        entry.instrument_identifiers,
        uow.instruments.luid(entry.instrument_identifiers),
        side,
        entry.type,
        entry.time_in_force,
        entry.limit_price,
        entry.stop_price,
    )
    block = uow.get(Block, entry.block_id)
    if block is None:
        block = new_block(entry.block_id, terms, entry.date or uow.context.now)
    else:
        block = block_accepting(uow, block, terms, "The request", "C2")
    added = []
    common = _order_template(terms, entry.orders[0].id)
    for request in entry.orders:
        existing = uow.get(Order, request.id)
        order = _order(uow, entry, common, request, existing)
        if order.side != side and (differences := BlockingFields.of(order).differences(terms)):
            raise mismatch_refusal(f"Order '{order.id}'", differences, entry.block_id, "C1")
        if existing is None or not _is_replay(uow, order, existing, entry.block_id):
            uow.put(order)
            added.append(order.id)
    block = msgspec.structs.replace(
        block,
        order_ids=(*block.order_ids, *added),
        properties=merge_properties(block.properties, entry.block_properties),
    )
    uow.put(with_recalculated_size(uow, block) if added else block)
    return _CreatedBlock(entry.block_id, tuple(order.id for order in entry.orders))


def _order_template(terms: BlockingFields, id: ResourceId) -> Order:
    """Return an order with the values that all orders of an entry share (C4)."""
    return Order(
        id=id,
        instrument_identifiers=terms.instrument_identifiers,
        lusid_instrument_id=terms.lusid_instrument_id,
        instrument_scope=SCOPE,
        side=terms.side,
        type=terms.type,
        time_in_force=terms.time_in_force,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        links=(),
    )


def _order(
    uow: UnitOfWork,
    entry: BlockAndOrdersRequest,
    common: Order,
    request: BlockedOrderRequest,
    existing: Order | None,
) -> Order:
    """Return the order that a request makes of its entry's template (C4, C7)."""
    check_one_size("Order", request.id, request.quantity, request.amount)
    date = request.date or entry.date or (existing.date if existing else None) or uow.context.now
    side = request.side or common.side
    return msgspec.structs.replace(
        common,
        id=request.id,
        properties=dict(request.properties or {}),
        quantity=request.quantity,
        amount=request.amount,
        side=side,
        order_book_id=request.order_book_id,
        portfolio_id=request.portfolio_id,
        state=request.state or NEW,
        date=date,
        price=request.price,
        order_instruction_id=request.order_instruction,
        package_id=request.package,
        basis=basis_name(request),
        custodian_account_id=request.custodian_account_id,
        direction=direction_of(side),
    )


def _is_replay(uow: UnitOfWork, order: Order, existing: Order, block: ResourceId) -> bool:
    """Return whether the same order is already in the same block (C5).

    Raises:
        Refusal: another order has that id (code 173).
    """
    holder = block_of(uow, order.id)
    same = msgspec.structs.replace(order, version=existing.version) == existing
    if not same or holder is None or holder.id != block:
        raise already_exists(Order, order.id, "C5")
    return True
