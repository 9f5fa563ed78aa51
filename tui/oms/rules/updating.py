"""Updating orders (U1 to U5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tui.api.base import ZERO
from tui.api.life_cycle import exceeds, is_zero
from tui.api.models import Block, Order
from tui.api.requests import KeyedReply, OrderUpdateRequest
from tui.api.states import is_final
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import ReplyBuilder, UnitOfWork
from tui.oms.rules.blocking import (
    BlockingFields,
    block_of,
    mismatch_refusal,
    ordered_size,
    prefetch_orders,
    swept_refusal,
    with_adjusted_size,
)
from tui.oms.rules.entities import (
    allocated_size,
    live_allocations_of_order,
    merge_properties,
    require,
    with_computed_fields,
)
from tui.oms.rules.per_item import apply_per_item, keyed_reply
from tui.oms.rules.placed_quantities import placed_on
from tui.oms.rules.sizes import AMOUNT, QUANTITY, exact_arithmetic, size_text, sizing_basis
from tui.oms.rules.validation import RequestChecks, check_one_size


@exact_arithmetic
def update_orders(uow: UnitOfWork, request: Mapping[str, OrderUpdateRequest]) -> ReplyBuilder:
    """Change the fields sent, each item independently (U1 to U5)."""
    checks = RequestChecks()
    for key, item in request.items():
        at = f"[{key}]"
        checks.check_external_ids(at, uow, item)
        checks.check_currency(at, item, "amount", "price", "limit_price", "stop_price")
        checks.check_properties(f"{at}.Properties", Order, item.properties)
    checks.raise_if_invalid()
    prefetch_orders(uow, (item.id for item in request.values()))
    done, failed = apply_per_item(uow, request, lambda item: _update(uow, item))

    def answer() -> KeyedReply[Order]:
        return keyed_reply({key: require(uow, Order, id, "U5") for key, id in done.items()}, failed)

    return answer


_UPDATABLE_FIELDS = (
    "quantity",
    "amount",
    "portfolio_id",
    "price",
    "limit_price",
    "stop_price",
    "date",
    "side",
)


def _update(uow: UnitOfWork, item: OrderUpdateRequest) -> Any:
    """Apply one item and return the order's id (U1, L7)."""
    before = require(uow, Order, item.id, "U5")
    if is_final(before.state):
        detail = f"Order '{before.id}' is {before.state} and cannot be updated."
        raise Refusal("InvalidOrderState", detail, "L7")
    sent = {name: getattr(item, name) for name in _UPDATABLE_FIELDS}
    changes = {name: value for name, value in sent.items() if value is not None}
    if item.properties is not None:
        changes["properties"] = merge_properties(before.properties, item.properties, deleting=True)
    after = with_computed_fields(msgspec.structs.replace(before, **changes))
    block = block_of(uow, before.id)
    _check_size(uow, block, before, after)
    _check_portfolio(uow, before, after)
    if block is not None:
        if block.is_swept:
            raise swept_refusal(block, "S3")
        block = block_following_order(uow, block, before, after, "U3")
    uow.put(after)
    if block is not None:
        uow.put(with_adjusted_size(uow, block, before, after))
    return after.id


def _check_size(uow: UnitOfWork, block: Block | None, before: Order, after: Order) -> None:
    """Refuse a size below the allocated one, or one that leaves the block below its placed size (U2)."""
    if (after.quantity, after.amount) == (before.quantity, before.amount):
        return
    check_one_size("Order", before.id, after.quantity, after.amount, after.weight)
    own = sizing_basis(after)
    size, allocated = own.size_of(after), allocated_size(uow, live_allocations_of_order(uow, before.id), own)
    if size is not None and exceeds(allocated, size):
        detail = (
            f"A size of {size_text(size, after)} for order '{after.id}' is below the "
            f"{size_text(allocated, after)} allocated to it."
        )
        raise Refusal("QuantityBelowAllocated", detail, "U2")
    if block is None:
        return
    for basis in (QUANTITY, AMOUNT):
        old, new = ordered_size(before, basis), ordered_size(after, basis)
        if new >= old:
            continue
        ordered = (basis.size_of(block) or ZERO) - old + new
        placed = placed_on(uow, block.id, basis)
        if exceeds(placed, ordered):
            detail = (
                f"A size of {size_text(new, after)} for order '{after.id}' would leave block '{block.id}' "
                f"with {size_text(ordered, after)} ordered, below the {size_text(placed, after)} placed."
            )
            raise Refusal("QuantityBelowPlaced", detail, "U2")


def _check_portfolio(uow: UnitOfWork, before: Order, after: Order) -> None:
    """Refuse to change the portfolio of an order with allocations (U4)."""
    if after.portfolio_id != before.portfolio_id and live_allocations_of_order(uow, before.id):
        detail = f"Order '{before.id}' has allocations, so its portfolio cannot change."
        raise Refusal("OrderAlreadyAllocated", detail, "U4")


def block_following_order(uow: UnitOfWork, block: Block, before: Order, after: Order, rule: str) -> Block:
    """Return ``block`` with the changed blocking fields of its only order (U3).

    Raises:
        Refusal: the block has other orders, or some of it is placed.
    """
    if not BlockingFields.of(after).differences(BlockingFields.of(before)):
        return block
    differences = BlockingFields.of(after).differences(BlockingFields.of(block))
    if not differences:
        return block
    alone = block.order_ids == (after.id,)
    if not alone or not is_zero(placed_on(uow, block.id)) or not is_zero(placed_on(uow, block.id, AMOUNT)):
        raise mismatch_refusal(f"Order '{after.id}'", differences, block.id, rule)
    return BlockingFields.of(after).applied_to(block)
