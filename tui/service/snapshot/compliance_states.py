"""What compliance and approval say of orders and blocks, by the engine that the desk obeys.

An order's state is the one in its block's totals: states of one engine, whichever the server was asked for.
Only an order outside any block is asked for its own, which is always of the newer engine.
"""

from __future__ import annotations

from collections.abc import Iterable

from tui.api.models import Order, OrderedDetail, OrderGraphBlock
from tui.api.operations import GRAPH_BLOCKS, ORDERS
from tui.api.placing_states import approval_of, compliance_of
from tui.api.switches import Switch
from tui.service.desk_profile import ComplianceEngine
from tui.service.learned import Learned
from tui.service.snapshot.snapshot import Snapshot

GRAPH_SWITCH = "useComplianceV2"
ORDERS_SWITCH = "getDerivedComplianceStatuses"
ENGINE_WORDS = {
    "v2": "V2 (/api/compliance)",
    "legacy": "legacy (/api/legacy/compliance)",
    "off": "off: its states are neither shown nor obeyed",
}
"""The engines in words."""


def switches_for(engine: ComplianceEngine, learned: Learned) -> Iterable[Switch]:
    """Return what asks a server for the states of ``engine``, without what it is known not to take (R10)."""
    if engine == "v2":
        for each in (
            Switch(GRAPH_BLOCKS, GRAPH_SWITCH),
            Switch(ORDERS.list, ORDERS_SWITCH, lambda page: any_stated(page.values)),
        ):
            if learned.get(fact_of(each.parameter)) is None:
                yield each


def fact_of(parameter: str) -> str:
    """Return the name under which is remembered that a server does not take a parameter."""
    return f"compliance.{parameter}"


def any_stated(orders: Iterable[Order]) -> bool:
    """Return whether any order has a derived state; a page without orders cannot tell (R13)."""
    rows = tuple(orders)
    return not rows or any(row.derived_compliance_state or row.derived_approval_state for row in rows)


def detail_of(snapshot: Snapshot, order: Order) -> OrderedDetail | None:
    """Return what its block's totals say of an order, None when it is in none that is known."""
    block = snapshot.block_of_order(order.id)
    row = snapshot.blocks.get(block) if block is not None else None
    return next((each for each in row.ordered.details if each.id == order.id), None) if row else None


def compliance_of_order(snapshot: Snapshot, order: Order | None, detail: OrderedDetail | None) -> str:
    """Return an order's state of compliance, empty when none is known or none is obeyed.

    ``detail`` is what its block's totals say of it, ``order`` the order itself; either may be unknown.
    """
    if snapshot.compliance == "off":
        return ""
    own = compliance_of(order) if order is not None and snapshot.compliance == "v2" else ""
    return (detail and detail.compliance_state) or own


def approval_of_order(snapshot: Snapshot, order: Order | None, detail: OrderedDetail | None) -> str:
    """Return an order's state of approval, empty when none is known."""
    return (detail and detail.approval_state) or (approval_of(order) if order is not None else "")


def compliance_of_block(snapshot: Snapshot, row: OrderGraphBlock) -> str:
    """Return the worst state of compliance of a block's orders, empty when none is known or obeyed."""
    return "" if snapshot.compliance == "off" else row.derived_compliance_state or ""
