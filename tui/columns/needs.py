"""How urgently a row needs somebody: by its state, and by what holds back what is still to be placed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tui.api.models import Order, OrderGraphBlock
from tui.api.placing_states import APPROVAL, COMPLIANCE, Guard, guard_of
from tui.api.states import is_final, normalize
from tui.columns.view import column_of
from tui.service.snapshot.compliance_states import (
    approval_of_order,
    compliance_of_block,
    compliance_of_order,
    detail_of,
)
from tui.service.snapshot.instruments import UNRESOLVED
from tui.service.snapshot.sizing import is_over_allocated
from tui.service.snapshot.snapshot import EntityKind, Snapshot, luid_of

_URGENCY: Final = {"bad": 0, "attention": 1, "waiting": 2, "live": 3, "": 4, "good": 5, "idle": 6}
_LAST: Final = 9
_GUARDED: Final[Mapping[Guard, int]] = {Guard.REFUSED: 0, Guard.TYPED: 1, Guard.WARN: 2, Guard.FREE: _LAST}
_TO_PLACE: Final = frozenset({"new", "partiallyplaced"})
"""The derived states of a block of which something is still to be placed (G8)."""


def urgency_of(kind: EntityKind) -> Callable[[Snapshot, Any], int]:
    """Return the function that ranks the rows of a kind; the most urgent have the smallest number.

    A row whose instrument the server did not resolve is as urgent as any (R19).
    """
    ranked = _urgency_by_state(kind)
    return lambda snapshot, row: 0 if luid_of(row) == UNRESOLVED else ranked(snapshot, row)


def _urgency_by_state(kind: EntityKind) -> Callable[[Snapshot, Any], int]:
    role = column_of(kind, "state").role
    assert role is not None
    if kind is EntityKind.PLACEMENTS:
        return lambda snapshot, row: (
            0 if is_over_allocated(snapshot, row) else _URGENCY.get(role(snapshot, row), _LAST)
        )
    guard = _GUARDS.get(kind)
    if guard is None:
        return lambda snapshot, row: _URGENCY.get(role(snapshot, row), _LAST)
    return lambda snapshot, row: min(_URGENCY.get(role(snapshot, row), _LAST), _GUARDED[guard(snapshot, row)])


def _block_guard(snapshot: Snapshot, row: OrderGraphBlock) -> Guard:
    if normalize(row.derived_state) not in _TO_PLACE:
        return Guard.FREE
    return _stronger(snapshot, compliance_of_block(snapshot, row), row.derived_approval_state)


def _order_guard(snapshot: Snapshot, order: Order) -> Guard:
    if is_final(order.state):
        return Guard.FREE
    detail = detail_of(snapshot, order)
    states = compliance_of_order(snapshot, order, detail), approval_of_order(order, detail)
    return _stronger(snapshot, *states) if any(states) else Guard.FREE


def _stronger(snapshot: Snapshot, compliance: str | None, approval: str | None) -> Guard:
    obeyed = Guard.FREE if snapshot.compliance == "off" else guard_of(COMPLIANCE, compliance)
    return max(obeyed, guard_of(APPROVAL, approval))


_GUARDS: Final[Mapping[EntityKind, Callable[[Snapshot, Any], Guard]]] = {
    EntityKind.BLOCKS: _block_guard,
    EntityKind.ORDERS: _order_guard,
}
