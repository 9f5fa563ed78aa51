"""States that are derived and not stored: those of blocks and placements, from their totals (G7 to G10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from tui.api.base import ResourceId
from tui.api.life_cycle import is_zero, placement_state
from tui.api.models import Order, Placement
from tui.api.placing_states import APPROVAL, COMPLIANCE, approval_of, compliance_of, guard_of, labelled_state
from tui.api.states import normalize
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.entities import allocated_size
from tui.oms.rules.placed_quantities import executed_size, live_allocations_of_placement, live_size
from tui.oms.rules.sizes import sizing_basis

PASSED: Final = "Passed"
APPROVED: Final = "Approved"
PLACED: Final = "Placed"
APPROVAL_TASK: Final = ResourceId("OMS", "ORDER-APPROVAL")
"""The definition of the tasks that decide on approvals."""


def state_of_placement(uow: UnitOfWork, placement: Placement) -> str:
    """Return the derived state of a placement, in units or in its money, its children included (L4, G9)."""
    basis = sizing_basis(placement)
    allocated = allocated_size(uow, live_allocations_of_placement(uow, placement), basis)
    placed, executed = live_size(uow, placement, basis), executed_size(uow, placement, basis)
    return placement_state(placement.state, placed, executed, allocated)


def derived_compliance(order: Order) -> str:
    """Return an order's compliance state: its property ``ComplianceState``, else Passed (G10)."""
    return compliance_of(order) or PASSED


def derived_approval(order: Order) -> str:
    """Return an order's approval state: its property ``ApprovalState``, else Approved (G10)."""
    return approval_of(order) or APPROVED


def approval_task(order: Order, approval: str) -> str | None:
    """Return the id of the task that decides on an order in the state ``approval``, None without a decision.

    Here there is no workflow service: the id is the order's own, so that it is always the same.
    """
    if not guard_of(APPROVAL, approval) or order.version is None:
        return None
    return order.version.entity_unique_id


def portfolio_name(order: Order, names: Mapping[ResourceId, str]) -> str | None:
    """Return the name of an order's portfolio: its property ``PortfolioName``, one of ``names``, the code."""
    own = labelled_state(order, "PortfolioName")
    if own or order.portfolio_id is None:
        return own
    return names.get(order.portfolio_id) or order.portfolio_id.code


def block_compliance(states: Iterable[str]) -> str:
    """Return the worst of the orders' compliance states; Passed when there is none (G10)."""
    return _worst(states, COMPLIANCE) or PASSED


def block_approval(states: Iterable[str], placed: Decimal) -> str:
    """Return Rejected or Pending when any order is; else Placed once placed, else Approved (G10)."""
    held = _worst((state for state in states if guard_of(APPROVAL, state)), APPROVAL)
    return held or (APPROVED if is_zero(placed) else PLACED)


def _worst(states: Iterable[str], worst_first: Iterable[str]) -> str | None:
    found: dict[str, str] = {}
    for state in dict.fromkeys(states):
        found.setdefault(normalize(state), state)
    return next((found[state] for state in worst_first if state in found), None)
