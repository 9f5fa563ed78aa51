"""Upserting the five families: record calls that put entities as they are said to be (C7 to C9, E1 to E4).

Every call is atomic. Orders, placements and executions are replaced in full: a field not sent becomes
empty, save the state, which the server works out. What the server computes follows every record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tui.api.base import ResourceId
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.api.requests import (
    AllocationRequest,
    AllocationSetRequest,
    BlockRequest,
    BlockSetRequest,
    ExecutionRequest,
    ExecutionSetRequest,
    OrderRequest,
    OrderSetRequest,
    PlacementSetRequest,
    ResourceList,
)
from tui.api.states import is_cancelled
from tui.oms.domain.instrument_master import SCOPE, instrument_of
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import CutOrder, PendingPrices, ReplyBuilder, UnitOfWork
from tui.oms.rules.blocking import Terms, block_of, members, mismatch, recounted, resized
from tui.oms.rules.entities import NEW, E, computed, live_allocations, need
from tui.oms.rules.executing import already_booked, average_on, booked_part, execution_from
from tui.oms.rules.filling import filled_state, refill_order, refill_placement
from tui.oms.rules.placing import check_requests, placement_from
from tui.oms.rules.sizes import exactly, plain
from tui.oms.rules.updating import refitted
from tui.oms.rules.validation import Checks, invalid, one_size


def _answer(uow: UnitOfWork, kind: type[E], ids: Iterable[ResourceId]) -> ReplyBuilder:
    wanted = tuple(ids)
    return lambda: ResourceList(values=tuple(need(uow, kind, id, "C9") for id in wanted), links=())


@exactly
def upsert_blocks(uow: UnitOfWork, request: BlockSetRequest) -> ReplyBuilder:
    """C6, C9, S3: put blocks, and with ``orderIds`` say which orders are in them.

    Raises:
        Refusal: an order is unknown or in another block, or orders do not fit together.
    """
    checks = Checks()
    for index, item in enumerate(request.requests):
        at = f"Requests[{index}]"
        checks.valid_id(f"{at}.Id", uow, item.id, Block)
        checks.some(at, item, "instrument_identifiers")
        checks.given(at, item, "side")
        checks.money(at, item, "amount", "limit_price", "stop_price")
        checks.properties(f"{at}.Properties", Block, item.properties)
    checks.unique("Block id", (item.id for item in request.requests))
    checks.done()
    for item in request.requests:
        _put_block(uow, item)
    return _answer(uow, Block, (item.id for item in request.requests))


def _put_block(uow: UnitOfWork, item: BlockRequest) -> None:
    """C6, C9: put one block; without ``orderIds`` its orders stay, without orders its quantity is as sent."""
    before = uow.get(Block, item.id)
    if item.quantity is not None and item.quantity < 0:
        raise invalid(
            f"Block '{item.id}' has a quantity of {plain(item.quantity)}: it cannot be negative.", "C6"
        )
    sent = item.order_ids if item.order_ids is not None else (before.order_ids if before else ())
    swept = item.is_swept if item.is_swept is not None else bool(before and before.is_swept)
    block = computed(
        Block(
            id=item.id,
            order_ids=tuple(dict.fromkeys(sent)),
            properties=dict(item.properties or {}),
            instrument_identifiers=item.instrument_identifiers,
            lusid_instrument_id=uow.instruments.luid(item.instrument_identifiers),
            quantity=item.quantity,
            amount=item.amount,
            side=item.side,
            type=item.type,
            time_in_force=item.time_in_force,
            created_date=before.created_date if before else item.created_date,
            limit_price=item.limit_price,
            stop_price=item.stop_price,
            is_swept=swept,
            links=(),
        )
    )
    for id in block.order_ids:
        need(uow, Order, id, "C9")
        holder = block_of(uow, id)
        if holder is not None and holder.id != block.id:
            detail = f"Order '{id}' is in block '{holder.id}' and cannot be in '{block.id}' too."
            raise Refusal("OrderInAnotherBlock", detail, "C9")
    _check_together(block, members(uow, block))
    uow.put(recounted(uow, block) if block.order_ids else block)


def _check_together(block: Block, orders: Sequence[Order]) -> None:
    """C1: the orders are of the block's instrument and side, and of one another's terms."""
    for order in orders:
        if instrument_of(order) != instrument_of(block) or order.side.lower() != block.side.lower():
            differences = Terms.of(order).differences(Terms.of(block))
        else:
            differences = Terms.of(order).differences(Terms.of(orders[0]))
        if differences:
            raise mismatch(f"Order '{order.id}'", differences, block.id, "C1")


@exactly
def upsert_orders(uow: UnitOfWork, request: OrderSetRequest) -> ReplyBuilder:
    """C7, C8, C9: put orders; one that is in no block stays so until it is moved into one.

    Raises:
        Refusal: a size is wrong, or the order no longer fits its block.
    """
    checks = Checks()
    for index, item in enumerate(request.order_requests):
        at = f"OrderRequests[{index}]"
        checks.valid_id(f"{at}.Id", uow, item.id, Order)
        checks.outside_ids(at, uow, item)
        checks.some(at, item, "instrument_identifiers")
        checks.given(at, item, "side")
        checks.money(at, item, "amount", "price", "limit_price", "stop_price")
        checks.properties(f"{at}.Properties", Order, item.properties)
    checks.unique("Order id", (item.id for item in request.order_requests))
    checks.done()
    for item in request.order_requests:
        _put_order(uow, item)
    return _answer(uow, Order, (item.id for item in request.order_requests))


def _put_order(uow: UnitOfWork, item: OrderRequest) -> None:
    """C7, C9: put one order and count it into its block."""
    one_size(
        "Order",
        item.id,
        item.quantity,
        item.amount,
        item.weight,
        zero_allowed=is_cancelled(item.state),
    )
    before = uow.get(Order, item.id)
    order = computed(
        Order(
            id=item.id,
            properties=dict(item.properties or {}),
            instrument_identifiers=item.instrument_identifiers,
            lusid_instrument_id=uow.instruments.luid(item.instrument_identifiers),
            instrument_scope=SCOPE,
            quantity=item.quantity,
            amount=item.amount,
            weight=item.weight,
            side=item.side,
            order_book_id=item.order_book_id,
            portfolio_id=item.portfolio_id,
            state=item.state or NEW,
            type=item.type,
            time_in_force=item.time_in_force,
            date=item.date,
            price=item.price,
            limit_price=item.limit_price,
            stop_price=item.stop_price,
            order_instruction_id=item.order_instruction,
            package_id=item.package,
            custodian_account_id=item.custodian_account_id,
            links=(),
        )
    )
    block = block_of(uow, order.id) if before is not None else None
    if before is not None and block is not None:
        block = refitted(uow, block, before, order, "C1")
    uow.put(order)
    if before is not None:
        uow.remove(CutOrder, order.id)
    if before is not None and block is not None:
        uow.put(resized(uow, block, before, order))
    if item.state is None and live_allocations(uow, order.id):
        refill_order(uow, order.id)


@exactly
def upsert_placements(uow: UnitOfWork, request: PlacementSetRequest) -> ReplyBuilder:
    """P1, P2, P5, C9: put placements; as a record of what happened they may over-place (P3).

    Raises:
        Refusal: a block or parent is unknown, or the placement does not fit it.
    """
    checks = Checks()
    check_requests(checks, uow, request.requests)
    for item in request.requests:
        placement = placement_from(uow, item)
        if item.state is None:
            placement = msgspec.structs.replace(placement, state=filled_state(uow, placement))
        uow.put(placement)
        uow.remove(PendingPrices, item.id)
    return _answer(uow, Placement, (item.id for item in request.requests))


@exactly
def upsert_executions(uow: UnitOfWork, request: ExecutionSetRequest) -> ReplyBuilder:
    """E1 to E4, L8: put fills, new or corrected; their placements' states and average prices follow.

    Raises:
        Refusal: a placement is unknown or differs, or a fill is booked already.
    """
    checks = Checks()
    for index, item in enumerate(request.requests):
        at = f"Requests[{index}]"
        checks.valid_id(f"{at}.Id", uow, item.id, Execution)
        checks.some(at, item, "instrument_identifiers")
        checks.given(f"{at}.Price", item.price, "amount", "currency")
        checks.given(at, item, "state", "side", "type", "settlement_currency", "counterparty")
        checks.properties(f"{at}.Properties", Execution, item.properties)
    checks.unique("Execution id", (item.id for item in request.requests))
    checks.done()
    written = []
    for item in request.requests:
        execution = execution_from(uow, item)
        before = uow.get(Execution, item.id)
        if before is not None and (allocation := booked_part(uow, before)) is not None:
            if not _says(item, execution, before):
                raise already_booked(before, allocation)
            continue
        uow.put(execution)
        written.append((item, before, execution))
    averages = {
        placement: average_on(uow, placement) for placement in {each.placement_id for _, _, each in written}
    }
    filled: dict[ResourceId, None] = {}
    for item, before, execution in written:
        if item.average_price is None:
            average = averages[execution.placement_id]
            execution = msgspec.structs.replace(execution, average_price=average)
            uow.put(execution)
        if before is None or not _same(execution, before):
            filled[execution.placement_id] = None
            filled[(before or execution).placement_id] = None
    for placement in filled:
        refill_placement(uow, placement)
    return _answer(uow, Execution, (item.id for item in request.requests))


def _same(execution: Execution, before: Execution) -> bool:
    return msgspec.structs.replace(execution, version=before.version) == before


def _says(item: ExecutionRequest, execution: Execution, before: Execution) -> bool:
    """E4: tell whether a request only repeats a fill as it is stored."""
    average = before.average_price if item.average_price is None else item.average_price
    return _same(msgspec.structs.replace(execution, average_price=average), before)


@exactly
def upsert_allocations(uow: UnitOfWork, request: AllocationSetRequest) -> ReplyBuilder:
    """L9: put allocations; as records they may over-allocate, and the state of their orders follows.

    Raises:
        Refusal: a quantity is negative.
    """
    checks = Checks()
    for index, item in enumerate(request.allocation_requests):
        at = f"AllocationRequests[{index}]"
        checks.valid_id(f"{at}.Id", uow, item.id, Allocation)
        checks.valid_id(f"{at}.AllocatedOrderId", uow, item.allocated_order_id, Order, Placement)
        for number, id in enumerate(item.placement_ids or ()):
            checks.valid_id(f"{at}.PlacementIds[{number}]", uow, id, Placement)
        for number, id in enumerate(item.execution_ids or ()):
            checks.valid_id(f"{at}.ExecutionIds[{number}]", uow, id, Execution)
        checks.outside_ids(at, uow, item)
        checks.some(at, item, "instrument_identifiers")
        checks.money(at, item, "price")
        checks.properties(f"{at}.Properties", Allocation, item.properties)
    checks.unique("Allocation id", (item.id for item in request.allocation_requests))
    checks.done()
    orders: dict[ResourceId, None] = {}
    for item in request.allocation_requests:
        before = uow.get(Allocation, item.id)
        if before is not None:
            orders[before.allocated_order_id] = None
        orders[item.allocated_order_id] = None
        uow.put(_allocation(uow, item))
    for order in orders:
        refill_order(uow, order)
    return _answer(uow, Allocation, (item.id for item in request.allocation_requests))


def _allocation(uow: UnitOfWork, item: AllocationRequest) -> Allocation:
    """Give the allocation a request records."""
    if item.quantity < 0:
        detail = f"Allocation '{item.id}' has a quantity of {plain(item.quantity)}: it cannot be negative."
        raise invalid(detail, "L9")
    return computed(
        Allocation(
            id=item.id,
            allocated_order_id=item.allocated_order_id,
            portfolio_id=item.portfolio_id,
            quantity=item.quantity,
            instrument_identifiers=item.instrument_identifiers,
            lusid_instrument_id=uow.instruments.luid(item.instrument_identifiers),
            instrument_scope=SCOPE,
            properties=dict(item.properties or {}),
            placement_ids=item.placement_ids,
            state=item.state or NEW,
            side=item.side,
            type=item.type,
            settlement_date=item.settlement_date,
            date=item.date,
            price=item.price,
            settlement_currency=item.settlement_currency,
            settlement_currency_fx_rate=item.settlement_currency_fx_rate,
            counterparty=item.counterparty,
            execution_ids=item.execution_ids,
            custodian_account_id=item.custodian_account_id,
            links=(),
        )
    )
