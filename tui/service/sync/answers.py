"""Puts the entities a server answered a write with into a builder, before anything is read again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tui.api.base import ResourceId
from tui.api.models import Execution, Order, Placement, Transaction
from tui.api.requests import CancelledAndMoved
from tui.service.outcomes import Outcome
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind
from tui.service.snapshot.transaction_keys import transaction_key

_KINDS: Final = {
    Order: EntityKind.ORDERS,
    Placement: EntityKind.PLACEMENTS,
    Execution: EntityKind.EXECUTIONS,
}


def fold_answers(builder: SnapshotBuilder, outcomes: Iterable[Outcome]) -> None:
    """Put the rows that the answers carry into ``builder``; blocks come with their totals when read."""
    for outcome in outcomes:
        entity = outcome.entity
        if isinstance(entity, CancelledAndMoved):
            _fold(builder, outcome.ref.id, entity.cancelled_order)
            _fold(builder, outcome.ref.id, entity.new_order)
        else:
            _fold(builder, outcome.ref.id, entity)


def _fold(builder: SnapshotBuilder, id: ResourceId, row: Any) -> None:
    if isinstance(row, Transaction):
        share = builder.base.allocations.get(id)
        if share is not None:
            builder.put_transactions({transaction_key(share.portfolio_id, row.transaction_id): row})
    for type_, kind in _KINDS.items():
        if isinstance(row, type_):
            builder.put(kind, [row])
