"""Updating orders (U1 to U5)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tui.api.base import ZERO
from tui.api.models import Block, Order
from tui.api.requests import KeyedReply, OrderUpdateRequest
from tui.api.states import is_final
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import ReplyBuilder, UnitOfWork
from tui.oms.rules.blocking import Terms, block_of, counted, expect_orders, mismatch, resized, swept
from tui.oms.rules.entities import computed, live_allocations, merged, need, taken
from tui.oms.rules.per_item import each, reply
from tui.oms.rules.placed_quantities import placed_on
from tui.oms.rules.sizes import AMOUNT, QUANTITY, exactly, measured, more, nothing, plain
from tui.oms.rules.validation import Checks, one_size


@exactly
def update_orders(uow: UnitOfWork, request: Mapping[str, OrderUpdateRequest]) -> ReplyBuilder:
    """U1 to U5: change the fields sent, each item on its own."""
    checks = Checks()
    for key, item in request.items():
        at = f"[{key}]"
        checks.outside_ids(at, uow, item)
        checks.money(at, item, "amount", "price", "limit_price", "stop_price")
        checks.properties(f"{at}.Properties", Order, item.properties)
    checks.done()
    expect_orders(uow, (item.id for item in request.values()))
    done, failed = each(uow, request, lambda item: _update(uow, item))

    def answer() -> KeyedReply[Order]:
        return reply({key: need(uow, Order, id, "U5") for key, id in done.items()}, failed)

    return answer


_PLAIN_FIELDS = ("quantity", "amount", "portfolio_id", "price", "limit_price", "stop_price", "date", "side")


def _update(uow: UnitOfWork, item: OrderUpdateRequest) -> Any:
    """U1, L7: apply one item; gives the order's id."""
    before = need(uow, Order, item.id, "U5")
    if is_final(before.state):
        detail = f"Order '{before.id}' is {before.state} and cannot be updated."
        raise Refusal("InvalidOrderState", detail, "L7")
    sent = {name: getattr(item, name) for name in _PLAIN_FIELDS}
    changes = {name: value for name, value in sent.items() if value is not None}
    if item.properties is not None:
        changes["properties"] = merged(before.properties, item.properties, deleting=True)
    after = computed(msgspec.structs.replace(before, **changes))
    block = block_of(uow, before.id)
    _check_size(uow, block, before, after)
    _check_portfolio(uow, before, after)
    if block is not None:
        if block.is_swept:
            raise swept(block, "S3")
        block = refitted(uow, block, before, after, "U3")
    uow.put(after)
    if block is not None:
        uow.put(resized(uow, block, before, after))
    return after.id


def _check_size(uow: UnitOfWork, block: Block | None, before: Order, after: Order) -> None:
    """U2: a smaller order must still hold what is allocated to it, and its block what is placed."""
    if (after.quantity, after.amount) == (before.quantity, before.amount):
        return
    one_size("Order", before.id, after.quantity, after.amount, after.weight)
    own = measured(after)
    size, allocated = own.of(after), taken(uow, live_allocations(uow, before.id), own)
    if size is not None and more(allocated, size):
        raise Refusal("QuantityBelowAllocated", _below(after.id, size, "allocated", allocated), "U2")
    if block is None:
        return
    for basis in (QUANTITY, AMOUNT):
        old, new = counted(before, basis), counted(after, basis)
        if new >= old:
            continue
        ordered = (basis.of(block) or ZERO) - old + new
        placed = placed_on(uow, block.id, basis)
        if more(placed, ordered):
            detail = (
                f"{_cut(after.id, new)} would leave block '{block.id}' with an ordered quantity of "
                f"{plain(ordered)}, below the placed quantity {plain(placed)}."
            )
            raise Refusal("QuantityBelowPlaced", detail, "U2")


def _cut(id: object, size: Decimal) -> str:
    return f"A quantity of {plain(size)} for order '{id}'"


def _below(id: object, size: Decimal, done: str, units: Decimal) -> str:
    return f"{_cut(id, size)} is below its {done} quantity {plain(units)}."


def _check_portfolio(uow: UnitOfWork, before: Order, after: Order) -> None:
    """U4: an order with allocations stays in its portfolio."""
    if after.portfolio_id != before.portfolio_id and live_allocations(uow, before.id):
        detail = f"Order '{before.id}' has allocations, so its portfolio cannot change."
        raise Refusal("OrderAlreadyAllocated", detail, "U4")


def refitted(uow: UnitOfWork, block: Block, before: Order, after: Order, rule: str) -> Block:
    """U3: give ``block`` after its order's blocking fields changed; only an order alone may do that.

    Raises:
        Refusal: the block has other orders, or something of it is placed.
    """
    if not Terms.of(after).differences(Terms.of(before)):
        return block
    differences = Terms.of(after).differences(Terms.of(block))
    if not differences:
        return block
    alone = block.order_ids == (after.id,)
    if not alone or not nothing(placed_on(uow, block.id)) or not nothing(placed_on(uow, block.id, AMOUNT)):
        raise mismatch(f"Order '{after.id}'", differences, block.id, rule)
    return Terms.of(after).imposed_on(block)
