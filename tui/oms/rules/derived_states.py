"""The states nobody stores: where a block or placement stands, told from its totals (G7 to G10)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from tui.api.models import Block, Order, Placement
from tui.api.states import is_cancelled, normal
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.placed_quantities import executed_size, live_allocations_of_placement, live_size
from tui.oms.rules.sizes import exceeds, is_zero, total

PASSED: Final = "Passed"
APPROVED: Final = "Approved"
PLACED: Final = "Placed"

_WORST_COMPLIANCE: Final = (
    "failed",
    "pending",
    "partiallyoverridden",
    "warning",
    "manuallyapproved",
    "passed",
)
_WORST_APPROVAL: Final = ("rejected", "pending")


def block_state(
    block: Block,
    orders: Iterable[Order],
    ordered: Decimal,
    placed: Decimal,
    executed: Decimal,
    allocated: Decimal,
    booked: Decimal,
) -> str:
    """G6, G7, G8: give the first stage, from the left, at which the block is not complete."""
    states = [order.state for order in orders]
    if block.is_swept:
        return "Swept"
    if states and all(map(is_cancelled, states)):
        return "Cancelled"
    if is_zero(placed):
        return "New"
    if exceeds(ordered, placed):
        return "Partially placed"
    if exceeds(placed, ordered):
        return "Over-placed"
    if is_zero(executed):
        return "Placed"
    if exceeds(placed, executed):
        return "Partially executed"
    if exceeds(executed, placed):
        return "Over-executed"
    if is_zero(allocated):
        return "Executed"
    if exceeds(executed, allocated):
        return "Partially allocated"
    if exceeds(allocated, executed):
        return "Over-allocated"
    if is_zero(booked):
        return "Allocated"
    if exceeds(allocated, booked):
        return "Partially booked"
    return "Booked"


def placement_state(placement: Placement, placed: Decimal, executed: Decimal, allocated: Decimal) -> str:
    """L4, G9: give where a placement stands; a sweep asks for ``Allocated`` and ``Over-allocated``."""
    cancelled = is_cancelled(placement.state)
    if is_zero(executed):
        return "Cancelled" if cancelled else "New"
    if not cancelled and exceeds(placed, executed):
        return "In progress"
    if exceeds(executed, allocated):
        return "Executed"
    if exceeds(allocated, executed):
        return "Over-allocated"
    return "Allocated"


def state_of_placement(uow: UnitOfWork, placement: Placement) -> str:
    """G9: give where a placement stands, its children's part included."""
    allocated = total(allocation.quantity for allocation in live_allocations_of_placement(uow, placement))
    return placement_state(placement, live_size(uow, placement), executed_size(uow, placement), allocated)


def _property_text(order: Order, code: str) -> str | None:
    """Give the text of the order's property ``Order/<any scope>/<code>``, or None."""
    if not order.properties:
        return None
    for key, stored in order.properties.items():
        parts = key.split("/")
        if len(parts) == 3 and parts[0] in ("Order", "Orders") and parts[2] == code and stored.value:
            return stored.value.label_value
    return None


def compliance_of(order: Order) -> str:
    """G10: give an order's compliance state: its property ``ComplianceState``, else Passed."""
    return _property_text(order, "ComplianceState") or PASSED


def approval_of(order: Order) -> str:
    """G10: give an order's approval state: its property ``ApprovalState``, else Approved."""
    return _property_text(order, "ApprovalState") or APPROVED


def portfolio_name(order: Order) -> str | None:
    """Give an order's portfolio by name: its property ``PortfolioName``, else the portfolio's code."""
    return _property_text(order, "PortfolioName") or (order.portfolio_id.code if order.portfolio_id else None)


def block_compliance(states: Iterable[str]) -> str:
    """G10: give the worst of the orders' compliance states; Passed when there is none."""
    return _worst(states, _WORST_COMPLIANCE) or PASSED


def block_approval(states: Iterable[str], placed: Decimal) -> str:
    """G10: give Rejected or Pending when an order is, else Placed once anything is placed, else Approved."""
    held = _worst(states, _WORST_APPROVAL)
    return held or (APPROVED if is_zero(placed) else PLACED)


def _worst(states: Iterable[str], ranking: tuple[str, ...]) -> str | None:
    ranked = [state for state in dict.fromkeys(states) if normal(state) in ranking]
    return min(ranked, key=lambda state: ranking.index(normal(state)), default=None)
