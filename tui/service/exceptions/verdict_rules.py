"""Exceptions of compliance and approval: of what is still to be placed, per block, and per order in none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tui.api.models import Order, OrderedDetail, OrderGraphBlock
from tui.api.placing_states import APPROVAL, COMPLIANCE, Guard, guard_of
from tui.api.states import is_final, normalize
from tui.service.exceptions.at_stake import maker, worth
from tui.service.exceptions.exception_kind import Rule, Trouble
from tui.service.numbers import counted
from tui.service.snapshot.compliance_states import (
    approval_of_order,
    compliance_of_block,
    compliance_of_order,
    detail_of,
    rules_in_words,
)
from tui.service.snapshot.sizing import block_unplaced, size_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.state_words import verdict_in_words

_TO_PLACE: Final = frozenset({"new", "partiallyplaced"})
"""The derived states of a block of which something is still to be placed (G8)."""


class _Subject:
    """Compliance or approval: its states, and where they stand."""

    def __init__(
        self,
        name: str,
        states: Mapping[str, Guard],
        of_block: Callable[[Snapshot, OrderGraphBlock], str | None],
        of_order: Callable[[Snapshot, Order | None, OrderedDetail | None], str],
    ) -> None:
        self.name = name
        self.states = states
        self.of_block = of_block
        self.of_order = of_order


_COMPLIANCE: Final = _Subject("compliance", COMPLIANCE, compliance_of_block, compliance_of_order)
_APPROVAL: Final = _Subject(
    "approval",
    APPROVAL,
    lambda snapshot, row: row.derived_approval_state,
    lambda snapshot, order, detail: approval_of_order(order, detail),
)


def compliance(guard: Guard) -> Mapping[EntityKind, Rule]:
    """Return the rules for what stands so strongly in the way by its state of compliance."""
    return _rules(_COMPLIANCE, guard)


def approval(guard: Guard) -> Mapping[EntityKind, Rule]:
    """Return the rules for what stands so strongly in the way by its state of approval."""
    return _rules(_APPROVAL, guard)


def _rules(subject: _Subject, guard: Guard) -> Mapping[EntityKind, Rule]:
    return {
        EntityKind.BLOCKS: lambda snapshot, row: _of_block(subject, guard, snapshot, row),
        EntityKind.ORDERS: lambda snapshot, row: _of_order(subject, guard, snapshot, row),
    }


def _stands(subject: _Subject, guard: Guard, state: str | None) -> bool:
    """Return whether a state is given and stands so strongly in the way; one that is not given does not."""
    return bool(state) and guard_of(subject.states, state) is guard


def _of_block(subject: _Subject, guard: Guard, snapshot: Snapshot, row: OrderGraphBlock) -> Trouble | None:
    state = subject.of_block(snapshot, row)
    if normalize(row.derived_state) not in _TO_PLACE or not _stands(subject, guard, state):
        return None
    held = [
        detail
        for detail in row.ordered.details
        if _stands(subject, guard, subject.of_order(snapshot, snapshot.orders.get(detail.id), detail))
    ]
    present = [detail for detail in held if detail.id in snapshot.orders]
    worst = next(iter(present or held), None)
    of = (
        f"{len(held)} of {counted(len(row.ordered.details), 'order')}" if len(row.ordered.details) > 1 else ""
    )
    first = snapshot.orders[present[0].id] if present else None
    return Trouble(
        _reason(subject, snapshot, state, worst, of if held else ""),
        worth(snapshot, row, block_unplaced(snapshot, row)),
        first.date if first is not None else row.block.created_date,
        maker(first) if first is not None else maker(row),
        Ref(EntityKind.ORDERS, first.id) if first is not None and guard is Guard.REFUSED else None,
    )


def _of_order(subject: _Subject, guard: Guard, snapshot: Snapshot, row: Order) -> Trouble | None:
    """Judge an order in no block; one in a block counts with the block."""
    if is_final(row.state) or snapshot.block_of_order(row.id) in snapshot.blocks:
        return None
    detail = detail_of(snapshot, row)
    state = subject.of_order(snapshot, row, detail)
    if not _stands(subject, guard, state):
        return None
    reason = _reason(subject, snapshot, state, detail, "")
    return Trouble(reason, worth(snapshot, row, size_of(row)), row.date, maker(row))


def _reason(
    subject: _Subject, snapshot: Snapshot, state: str | None, detail: OrderedDetail | None, of: str
) -> str:
    """Return the verdict in words, with the rule that was not passed, or of how many orders it is."""
    said = f"{subject.name} {verdict_in_words(state)}"
    rules: Any = rules_in_words(snapshot, detail) if detail is not None and subject is _COMPLIANCE else ()
    why = next((each.partition(": ")[2] or each for each in rules), "")
    return f"{said}: {why}" if why else f"{said} for {of}" if of else said
