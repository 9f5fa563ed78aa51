"""Upserting: calls that record entities of the five types as the client states them (C7 to C9, E1 to E4).

Every call is atomic. Orders, placements and executions are replaced in full: a field not sent becomes empty,
except the state, which the server derives. Computed fields are updated after every record.
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
from tui.oms.rules.blocking import (
    BlockingFields,
    block_of,
    mismatch_refusal,
    orders_of_block,
    with_adjusted_size,
    with_recalculated_size,
)
from tui.oms.rules.entities import NEW, EntityT, live_allocations_of_order, require, with_computed_fields
from tui.oms.rules.executing import (
    already_booked_refusal,
    average_fill_price,
    booked_allocation_of,
    execution_from,
)
from tui.oms.rules.filling import placement_fill_state, update_order_state, update_placement_state
from tui.oms.rules.placing import check_placement_requests, placement_from
from tui.oms.rules.sizes import decimal_text, exact_arithmetic
from tui.oms.rules.updating import block_following_order
from tui.oms.rules.validation import RequestChecks, check_one_size, invalid_value


def _entities_reply(uow: UnitOfWork, kind: type[EntityT], ids: Iterable[ResourceId]) -> ReplyBuilder:
    wanted = tuple(ids)
    return lambda: ResourceList(values=tuple(require(uow, kind, id, "C9") for id in wanted), links=())


@exact_arithmetic
def upsert_blocks(uow: UnitOfWork, request: BlockSetRequest) -> ReplyBuilder:
    """Put blocks; ``orderIds`` states which orders are in them (C6, C9, S3).

    Raises:
        Refusal: an order is unknown or in another block, or orders do not fit together.
    """
    checks = RequestChecks()
    for index, item in enumerate(request.requests):
        at = f"Requests[{index}]"
        checks.check_id(f"{at}.Id", uow, item.id, Block)
        checks.check_not_empty(at, item, "instrument_identifiers")
        checks.check_required(at, item, "side")
        checks.check_currency(at, item, "amount", "limit_price", "stop_price")
        checks.check_properties(f"{at}.Properties", Block, item.properties)
    checks.check_unique("Block id", (item.id for item in request.requests))
    checks.raise_if_invalid()
    for item in request.requests:
        _put_block(uow, item)
    return _entities_reply(uow, Block, (item.id for item in request.requests))


def _put_block(uow: UnitOfWork, item: BlockRequest) -> None:
    """Put one block (C6, C9).

    Without ``orderIds`` its orders stay; without orders its quantity is the one sent.
    """
    before = uow.get(Block, item.id)
    if item.quantity is not None and item.quantity < 0:
        raise invalid_value(
            f"Block '{item.id}' has a quantity of {decimal_text(item.quantity)}: it cannot be negative.", "C6"
        )
    sent = item.order_ids if item.order_ids is not None else (before.order_ids if before else ())
    swept = item.is_swept if item.is_swept is not None else bool(before and before.is_swept)
    block = with_computed_fields(
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
        require(uow, Order, id, "C9")
        holder = block_of(uow, id)
        if holder is not None and holder.id != block.id:
            detail = f"Order '{id}' is in block '{holder.id}' and cannot be in '{block.id}' too."
            raise Refusal("OrderInAnotherBlock", detail, "C9")
    _check_together(block, orders_of_block(uow, block))
    uow.put(with_recalculated_size(uow, block) if block.order_ids else block)


def _check_together(block: Block, orders: Sequence[Order]) -> None:
    """Check that the orders share the block's instrument and side, and one another's blocking fields (C1)."""
    for order in orders:
        if instrument_of(order) != instrument_of(block) or order.side.lower() != block.side.lower():
            differences = BlockingFields.of(order).differences(BlockingFields.of(block))
        else:
            differences = BlockingFields.of(order).differences(BlockingFields.of(orders[0]))
        if differences:
            raise mismatch_refusal(f"Order '{order.id}'", differences, block.id, "C1")


@exact_arithmetic
def upsert_orders(uow: UnitOfWork, request: OrderSetRequest) -> ReplyBuilder:
    """Put orders; one that is in no block stays outside until it is moved into one (C7, C8, C9).

    Raises:
        Refusal: a size is wrong, or the order no longer fits its block.
    """
    checks = RequestChecks()
    for index, item in enumerate(request.order_requests):
        at = f"OrderRequests[{index}]"
        checks.check_id(f"{at}.Id", uow, item.id, Order)
        checks.check_external_ids(at, uow, item)
        checks.check_not_empty(at, item, "instrument_identifiers")
        checks.check_required(at, item, "side")
        checks.check_currency(at, item, "amount", "price", "limit_price", "stop_price")
        checks.check_properties(f"{at}.Properties", Order, item.properties)
    checks.check_unique("Order id", (item.id for item in request.order_requests))
    checks.raise_if_invalid()
    for item in request.order_requests:
        _put_order(uow, item)
    return _entities_reply(uow, Order, (item.id for item in request.order_requests))


def _put_order(uow: UnitOfWork, item: OrderRequest) -> None:
    """Put one order and adjust the size of its block (C7, C9)."""
    check_one_size(
        "Order",
        item.id,
        item.quantity,
        item.amount,
        item.weight,
        zero_allowed=is_cancelled(item.state),
    )
    before = uow.get(Order, item.id)
    order = with_computed_fields(
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
        block = block_following_order(uow, block, before, order, "C1")
    uow.put(order)
    if before is not None:
        uow.remove(CutOrder, order.id)
    if before is not None and block is not None:
        uow.put(with_adjusted_size(uow, block, before, order))
    if item.state is None and live_allocations_of_order(uow, order.id):
        update_order_state(uow, order.id)


@exact_arithmetic
def upsert_placements(uow: UnitOfWork, request: PlacementSetRequest) -> ReplyBuilder:
    """Put placements (P1, P2, P5, C9). They record what happened, so they may over-place (P3).

    Raises:
        Refusal: a block or parent is unknown, or the placement does not fit it.
    """
    checks = RequestChecks()
    check_placement_requests(checks, uow, request.requests)
    for item in request.requests:
        placement = placement_from(uow, item)
        if item.state is None:
            placement = msgspec.structs.replace(placement, state=placement_fill_state(uow, placement))
        uow.put(placement)
        uow.remove(PendingPrices, item.id)
    return _entities_reply(uow, Placement, (item.id for item in request.requests))


@exact_arithmetic
def upsert_executions(uow: UnitOfWork, request: ExecutionSetRequest) -> ReplyBuilder:
    """Put new or corrected fills; states and average prices of their placements follow (E1 to E4, L8).

    Raises:
        Refusal: a placement is unknown or differs, or a fill is booked already.
    """
    checks = RequestChecks()
    for index, item in enumerate(request.requests):
        at = f"Requests[{index}]"
        checks.check_id(f"{at}.Id", uow, item.id, Execution)
        checks.check_not_empty(at, item, "instrument_identifiers")
        checks.check_required(f"{at}.Price", item.price, "amount", "currency")
        checks.check_required(at, item, "state", "side", "type", "settlement_currency", "counterparty")
        checks.check_properties(f"{at}.Properties", Execution, item.properties)
    checks.check_unique("Execution id", (item.id for item in request.requests))
    checks.raise_if_invalid()
    written = []
    for item in request.requests:
        execution = execution_from(uow, item)
        before = uow.get(Execution, item.id)
        if before is not None and (allocation := booked_allocation_of(uow, before)) is not None:
            if not _repeats_stored(item, execution, before):
                raise already_booked_refusal(before, allocation)
            continue
        uow.put(execution)
        written.append((item, before, execution))
    averages = {
        placement: average_fill_price(uow, placement)
        for placement in {each.placement_id for _, _, each in written}
    }
    filled: dict[ResourceId, None] = {}
    for item, before, execution in written:
        if item.average_price is None:
            average = averages[execution.placement_id]
            execution = msgspec.structs.replace(execution, average_price=average)
            uow.put(execution)
        if before is None or not _is_unchanged(execution, before):
            filled[execution.placement_id] = None
            filled[(before or execution).placement_id] = None
    for placement in filled:
        update_placement_state(uow, placement)
    return _entities_reply(uow, Execution, (item.id for item in request.requests))


def _is_unchanged(execution: Execution, before: Execution) -> bool:
    return msgspec.structs.replace(execution, version=before.version) == before


def _repeats_stored(item: ExecutionRequest, execution: Execution, before: Execution) -> bool:
    """Return whether a request only repeats the stored fill (E4)."""
    average = before.average_price if item.average_price is None else item.average_price
    return _is_unchanged(msgspec.structs.replace(execution, average_price=average), before)


@exact_arithmetic
def upsert_allocations(uow: UnitOfWork, request: AllocationSetRequest) -> ReplyBuilder:
    """Put allocations; the state of their orders follows (L9). They are records and may over-allocate.

    Raises:
        Refusal: a quantity is negative.
    """
    checks = RequestChecks()
    for index, item in enumerate(request.allocation_requests):
        at = f"AllocationRequests[{index}]"
        checks.check_id(f"{at}.Id", uow, item.id, Allocation)
        checks.check_id(f"{at}.AllocatedOrderId", uow, item.allocated_order_id, Order, Placement)
        for number, id in enumerate(item.placement_ids or ()):
            checks.check_id(f"{at}.PlacementIds[{number}]", uow, id, Placement)
        for number, id in enumerate(item.execution_ids or ()):
            checks.check_id(f"{at}.ExecutionIds[{number}]", uow, id, Execution)
        checks.check_external_ids(at, uow, item)
        checks.check_not_empty(at, item, "instrument_identifiers")
        checks.check_currency(at, item, "price")
        checks.check_properties(f"{at}.Properties", Allocation, item.properties)
    checks.check_unique("Allocation id", (item.id for item in request.allocation_requests))
    checks.raise_if_invalid()
    orders: dict[ResourceId, None] = {}
    for item in request.allocation_requests:
        before = uow.get(Allocation, item.id)
        if before is not None:
            orders[before.allocated_order_id] = None
        orders[item.allocated_order_id] = None
        uow.put(_allocation(uow, item))
    for order in orders:
        update_order_state(uow, order)
    return _entities_reply(uow, Allocation, (item.id for item in request.allocation_requests))


def _allocation(uow: UnitOfWork, item: AllocationRequest) -> Allocation:
    """Return the allocation a request records."""
    if item.quantity < 0:
        detail = (
            f"Allocation '{item.id}' has a quantity of {decimal_text(item.quantity)}: it cannot be negative."
        )
        raise invalid_value(detail, "L9")
    return with_computed_fields(
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
