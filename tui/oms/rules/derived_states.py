"""States that are derived and not stored: those of blocks and placements, from their totals (G7 to G10)."""

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
    """Return the first life-cycle stage that the block has not completed (G6, G7, G8)."""
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
    """Return the derived state; a sweep requires ``Allocated`` or ``Over-allocated`` (L4, G9)."""
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
    """Return the derived state of a placement, its children's part included (G9)."""
    allocated = total(allocation.quantity for allocation in live_allocations_of_placement(uow, placement))
    return placement_state(placement, live_size(uow, placement), executed_size(uow, placement), allocated)


def _property_text(order: Order, code: str) -> str | None:
    """Return the text of the order's property ``Order/<any scope>/<code>``, or None."""
    if not order.properties:
        return None
    for key, stored in order.properties.items():
        parts = key.split("/")
        if len(parts) == 3 and parts[0] in ("Order", "Orders") and parts[2] == code and stored.value:
            return stored.value.label_value
    return None


def compliance_of(order: Order) -> str:
    """Return an order's compliance state: its property ``ComplianceState``, else Passed (G10)."""
    return _property_text(order, "ComplianceState") or PASSED


def approval_of(order: Order) -> str:
    """Return an order's approval state: its property ``ApprovalState``, else Approved (G10)."""
    return _property_text(order, "ApprovalState") or APPROVED


def portfolio_name(order: Order) -> str | None:
    """Return the name of an order's portfolio: its property ``PortfolioName``, else the code."""
    return _property_text(order, "PortfolioName") or (order.portfolio_id.code if order.portfolio_id else None)


def block_compliance(states: Iterable[str]) -> str:
    """Return the worst of the orders' compliance states; Passed when there is none (G10)."""
    return _worst(states, _WORST_COMPLIANCE) or PASSED


def block_approval(states: Iterable[str], placed: Decimal) -> str:
    """Return Rejected or Pending when any order is; else Placed once placed, else Approved (G10)."""
    held = _worst(states, _WORST_APPROVAL)
    return held or (APPROVED if is_zero(placed) else PLACED)


def _worst(states: Iterable[str], ranking: tuple[str, ...]) -> str | None:
    ranked = [state for state in dict.fromkeys(states) if normal(state) in ranking]
    return min(ranked, key=lambda state: ranking.index(normal(state)), default=None)
