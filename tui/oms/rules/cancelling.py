"""Cancelling orders, with or without moving the unplaced rest to new orders (X1 to X5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from tui.api.base import ZERO, ResourceId
from tui.api.life_cycle import exceeds
from tui.api.models import Block, Order
from tui.api.requests import (
    CancelledAndMoved,
    CancelledOrder,
    CancelOrdersAndMoveRemainingRequest,
    KeyedReply,
)
from tui.api.states import is_cancelled, is_final
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import CutOrder, ReplyBuilder, UnitOfWork
from tui.oms.rules.apportioning import pro_rata
from tui.oms.rules.blocking import (
    block_of,
    ordered_size,
    orders_of_block,
    placed_exceeds_remaining,
    prefetch_orders,
    swept_refusal,
    with_adjusted_size,
    with_recalculated_size,
)
from tui.oms.rules.entities import CANCELLED, NEW, allocated_size, live_allocations_of_order, require
from tui.oms.rules.moving import destination_block
from tui.oms.rules.per_item import apply_per_item, keyed_reply
from tui.oms.rules.placed_quantities import placed_on
from tui.oms.rules.sizes import AMOUNT, QUANTITY, exact_arithmetic, sizing_basis
from tui.oms.rules.time_priority import orders_by_time
from tui.oms.rules.validation import RequestChecks

KeptSizes = Mapping[ResourceId, Decimal]
"""The part of the placed size that each order of a block keeps."""


@exact_arithmetic
def cancel_orders(uow: UnitOfWork, request: Mapping[str, ResourceId]) -> ReplyBuilder:
    """Cancel orders, each item independently (X1 to X4)."""
    RequestChecks().check_unique("Order id", request.values())
    prefetch_orders(uow, request.values())
    done, failed = apply_per_item(uow, request, lambda id: _cancel(uow, id))

    def answer() -> KeyedReply[CancelledOrder]:
        values = {key: CancelledOrder(order_state=uow.get(Order, id)) for key, id in done.items()}
        return keyed_reply(values, failed)

    return answer


def _cancel(uow: UnitOfWork, id: ResourceId) -> ResourceId:
    """Cancel one order: it keeps its quantity and its block, which no longer counts it (X1, X2, X3)."""
    before = require_cancellable(uow, id)
    block = block_of(uow, id)
    after = msgspec.structs.replace(before, state=CANCELLED)
    if block is not None:
        for basis in (QUANTITY, AMOUNT):
            remaining = (basis.size_of(block) or ZERO) - ordered_size(before, basis)
            placed = placed_on(uow, block.id, basis)
            if ordered_size(before, basis) and exceeds(placed, remaining):
                raise Refusal(
                    "OrderAlreadyPlaced", placed_exceeds_remaining(block, before, placed, remaining), "X3"
                )
    uow.put(after)
    if block is not None:
        uow.put(with_adjusted_size(uow, block, before, after))
    return id


def require_cancellable(uow: UnitOfWork, id: ResourceId) -> Order:
    """Return the order (X3).

    Raises:
        Refusal: it is unknown, cancelled already, or in another final state.
    """
    order = require(uow, Order, id, "X3")
    if is_cancelled(order.state):
        raise Refusal("OrderAlreadyCancelled", f"Order '{id}' is already cancelled.", "X3")
    if is_final(order.state):
        raise Refusal("InvalidOrderState", f"Order '{id}' is {order.state} and cannot be cancelled.", "X3")
    return order


@exact_arithmetic
def cancel_and_move(
    uow: UnitOfWork, request: Mapping[str, CancelOrdersAndMoveRemainingRequest]
) -> ReplyBuilder:
    """Cancel orders to their placed size, move the rest to new orders; items are independent (X5, U5)."""
    checks = RequestChecks()
    for key, item in request.items():
        checks.check_id(f"[{key}].MoveRemainingToOrderId", uow, item.move_remaining_to_order_id, Order)
        checks.check_id(f"[{key}].MoveRemainingToBlockId", uow, item.move_remaining_to_block_id, Block)
    checks.raise_if_invalid()
    kept = _kept_sizes(uow, (item.cancel_order_id for item in request.values()))
    done, failed = apply_per_item(uow, request, lambda item: (item, _cancel_and_move(uow, item, kept)))

    def answer() -> KeyedReply[CancelledAndMoved]:
        values = {
            key: CancelledAndMoved(
                cancelled_order=uow.get(Order, item.cancel_order_id),
                new_order=uow.get(Order, item.move_remaining_to_order_id) if moved else None,
                new_block_id=item.move_remaining_to_block_id if moved else None,
            )
            for key, (item, moved) in done.items()
        }
        return keyed_reply(values, failed)

    return answer


def _kept_sizes(uow: UnitOfWork, named: Iterable[ResourceId]) -> KeptSizes:
    """Apportion the placed size of the blocks concerned among their live orders (X5)."""
    kept: dict[ResourceId, Decimal] = {}
    seen: set[ResourceId] = set()
    for id in named:
        block = block_of(uow, id)
        if block is None or block.id in seen:
            continue
        seen.add(block.id)
        for basis in (QUANTITY, AMOUNT):
            orders = [
                order
                for order in orders_by_time(uow, orders_of_block(uow, block))
                if ordered_size(order, basis)
            ]
            sizes = [ordered_size(order, basis) for order in orders]
            shares = pro_rata(placed_on(uow, block.id, basis), sizes)
            kept.update(zip((order.id for order in orders), shares, strict=True))
    return kept


def _cancel_and_move(uow: UnitOfWork, item: CancelOrdersAndMoveRemainingRequest, kept: KeptSizes) -> bool:
    """Apply one item and return whether anything was left to move (X5).

    An order never keeps less than its allocated size. The cut is recorded, because the order still takes part
    in later allocations (A5).
    """
    order = require_cancellable(uow, item.cancel_order_id)
    target = item.move_remaining_to_order_id
    if uow.get(Order, target) is not None:
        raise Refusal("OrderAlreadyExists", f"Order '{target}' already exists.", "X5")
    source = block_of(uow, order.id)
    if source is not None and source.is_swept:
        raise swept_refusal(source, "S3")
    size = _order_size(order)
    allocated = allocated_size(uow, live_allocations_of_order(uow, order.id), sizing_basis(order))
    keeps = min(size, max(kept.get(order.id, ZERO), allocated))
    rest = size - keeps
    cancelled = msgspec.structs.replace(_with_size(order, keeps), state=CANCELLED)
    uow.put(cancelled)
    if source is not None:
        uow.put(with_adjusted_size(uow, source, order, cancelled))
        if keeps:
            uow.put(CutOrder(id=order.id, block_id=source.id))
    if not rest:
        return False
    new = msgspec.structs.replace(_with_size(order, rest), id=target, state=NEW, version=None)
    uow.put(new)
    block = destination_block(uow, new, item.move_remaining_to_block_id)
    joined = (*block.order_ids, target)
    uow.put(with_recalculated_size(uow, msgspec.structs.replace(block, order_ids=joined)))
    return True


def _order_size(order: Order) -> Decimal:
    if order.quantity is not None:
        return order.quantity
    return (order.weight if order.amount is None else order.amount.amount) or ZERO


def _with_size(order: Order, size: Decimal) -> Order:
    if order.quantity is not None:
        return msgspec.structs.replace(order, quantity=size)
    if order.amount is not None:
        return msgspec.structs.replace(order, amount=msgspec.structs.replace(order.amount, amount=size))
    return msgspec.structs.replace(order, weight=size)
