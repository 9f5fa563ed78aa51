"""The participants of an allocation run: orders of the placement's blocks, or portfolios (A2, A5, A16)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tui.api.base import ZERO, Identifiers, ResourceId
from tui.api.models import Block, Order, Placement
from tui.api.requests import PortfolioWeight
from tui.api.states import is_cancelled
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.blocking import orders_of_block
from tui.oms.rules.placed_quantities import cut_orders, fills_of
from tui.oms.rules.sizes import AMOUNT, QUANTITY, Basis, sizing_basis
from tui.oms.rules.time_priority import orders_by_time


@dataclass(frozen=True, slots=True)
class Participant:
    """Someone units are allocated to: an order, or a portfolio of a weighted run."""

    key: Hashable
    order_id: ResourceId
    portfolio_id: ResourceId
    first_allocation_id: ResourceId
    identifiers: Identifiers
    luid: str
    custodian: ResourceId | None = None
    size: Decimal = ZERO
    basis: Basis = QUANTITY


def order_participants(uow: UnitOfWork, placement: Placement) -> list[Participant]:
    """Return the orders of the placement's blocks, block by block, first in first out (A4, A5, A13, P4).

    Cancelled orders take no part, unless they were cut to their placed size (X5): that part of the executions
    is theirs and no other order's.

    Raises:
        Refusal: there is no order, one has no portfolio, none has a size to share by (A2), or their money is
            in another currency than the executions (A10).
    """
    orders: list[Order] = []
    for id in placement.block_ids:
        block = uow.get(Block, id)
        uow.prefetch(Order, block.order_ids if block is not None else ())
        inside = orders_of_block(uow, block) if block is not None else []
        cut = {order.id for order in cut_orders(uow, id)}
        orders += orders_by_time(uow, (one for one in inside if not is_cancelled(one.state) or one.id in cut))
    if not orders:
        blocks = ", ".join(f"'{id}'" for id in placement.block_ids)
        raise Refusal("NoOrdersFailure", f"Block {blocks} has no orders to allocate to.", "A13")
    basis = _sharing_basis(placement, orders)
    if basis is AMOUNT:
        _check_currencies(uow, placement, orders)
    return [_participant_of(placement, order, basis) for order in orders]


def _participant_of(placement: Placement, order: Order, basis: Basis) -> Participant:
    if order.portfolio_id is None:
        raise Refusal("EmptyPortfolioIdFailure", "Empty PortfolioId on Order", "A13")
    return Participant(
        key=order.id,
        order_id=order.id,
        portfolio_id=order.portfolio_id,
        first_allocation_id=ResourceId(order.id.scope, f"{placement.id.code}-{order.id.code}"),
        identifiers=order.instrument_identifiers,
        luid=order.lusid_instrument_id,
        custodian=order.custodian_account_id,
        size=basis.size_of(order) or ZERO,
        basis=basis,
    )


def _sharing_basis(placement: Placement, orders: Sequence[Order]) -> Basis:
    """Return the basis a run shares by: that of the placement, or else that of its orders (A2).

    Orders sized by weight take no part: only their portfolio's value would tell the size.

    Raises:
        Refusal: no order is sized in units or money.
    """
    for basis in (sizing_basis(placement), QUANTITY, AMOUNT):
        if any(basis.size_of(order) for order in orders):
            return basis
    detail = (
        f"The orders of placement '{placement.id}' are sized neither in units nor in money, "
        "so it cannot be allocated."
    )
    raise Refusal("NoQuantityFailure", detail, "A2")


def _check_currencies(uow: UnitOfWork, placement: Placement, orders: Iterable[Order]) -> None:
    """Refuse value orders whose currency is not that of the executions (A10)."""
    theirs = {order.amount.currency for order in orders if order.amount is not None}
    found = sorted(
        name or "none" for name in theirs | {fill.price.currency for fill in fills_of(uow, placement)}
    )
    if len(found) > 1:
        detail = f"The orders and executions of placement '{placement.id}' are in {', '.join(found)}."
        raise Refusal("MixedCurrencyFailure", detail, "A10")


def weighted_participants(
    uow: UnitOfWork, placement: Placement, weights: Sequence[PortfolioWeight]
) -> list[Participant]:
    """Return the portfolios; the placement stands in for the missing order (A16).

    Raises:
        Refusal: a block has orders, for which there is the other call.
    """
    for id in placement.block_ids:
        block = uow.get(Block, id)
        if block is not None and block.order_ids:
            detail = f"Block '{id}' has orders: allocate placement '{placement.id}' to them instead."
            raise Refusal("BlockHasOrdersFailure", detail, "A16")
    return [
        Participant(
            key=entry.portfolio_id,
            order_id=placement.id,
            portfolio_id=entry.portfolio_id,
            first_allocation_id=ResourceId(
                placement.id.scope, f"{placement.id.code}-{entry.portfolio_id.code}"
            ),
            identifiers=placement.instrument_identifiers,
            luid=placement.lusid_instrument_id,
        )
        for entry in weights
    ]
