"""The rows that belong with the row of a ticket, each in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from tui.api.base import ResourceId
from tui.api.models import Order, Placement, Transaction
from tui.columns.column import Value
from tui.columns.factories import plain, timestamp_column
from tui.columns.format import DisplayContext, clock, state_look, state_text
from tui.columns.panes import COLUMNS, PANES
from tui.columns.sorted_rows import FEW, paused
from tui.columns.steps import Steps
from tui.columns.unknown import UNKNOWN
from tui.service.numbers import units
from tui.service.row_phrases import for_whom, short_id, trade_of
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

MOST_RELATED: Final = 30
"""Rows of one kind that a ticket lists; its pane has them all."""
A_STEP: Final = 200
"""Rows whose times are looked at between two pauses."""
_NEWEST: Final = {spec.kind: spec.newest for spec in PANES}


class RelatedRow(Struct, frozen=True):
    """A row that belongs with another: what it is, its state with the colour's role, when, and its id."""

    ref: Ref
    text: str
    state: str
    role: str
    when: str
    id: str


def related_rows(
    snapshot: Snapshot, ref: Ref, context: DisplayContext
) -> Steps[tuple[list[RelatedRow], Mapping[EntityKind, int]]]:
    """Return the rows that belong with one, kind by kind, the newest first, and how many are left out."""
    found: list[RelatedRow] = []
    more: dict[EntityKind, int] = {}
    for kind in EntityKind:
        rows, newest = snapshot.rows(kind), _NEWEST[kind]
        dated: list[tuple[float, ResourceId]] = []
        for pause, id in paused(related_of(snapshot, ref, kind), A_STEP):
            if Ref(kind, id) != ref:
                dated.append((_moment(newest(snapshot, rows[id])), id))
            if pause:
                yield
        dated.sort(key=lambda each: each[0], reverse=True)
        for pause, (_, id) in paused(dated[:MOST_RELATED], FEW):
            found.append(_related_row(snapshot, Ref(kind, id), context))
            if pause:
                yield
        if len(dated) > MOST_RELATED:
            more[kind] = len(dated) - MOST_RELATED
    return found, more


def _moment(value: object) -> float:
    return value.timestamp() if isinstance(value, datetime) and value.year > 1 else 0.0


def _related_row(snapshot: Snapshot, ref: Ref, context: DisplayContext) -> RelatedRow:
    row = snapshot.row(ref)
    state = next(column for column in COLUMNS[ref.kind] if column.id == "state").value(snapshot, row)
    told = None if state is None else str(state)
    when = _NEWEST[ref.kind](snapshot, row)
    return RelatedRow(
        ref,
        _TEXTS[ref.kind](snapshot, row, context),
        state_text(told, context),
        state_look(told).role,
        clock(when, context) if isinstance(when, datetime) else "",
        short_id(snapshot, ref),
    )


def _shorter(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
    """Return a row's trade without side and instrument, which are those of the ticket."""
    trade = trade_of(snapshot, row)
    if trade is None:
        return ""
    size = f"{units(trade.size)} {trade.unit}".rstrip()
    return ", ".join(filter(None, (f"{size} {trade.terms}", trade.whom)))


def _ordered(snapshot: Snapshot, row: Order, context: DisplayContext) -> str:
    unsized = row.quantity is None
    size = _shorter(snapshot, row, context).partition(",")[0] if unsized else units(row.quantity)
    return f"{size} {for_whom(snapshot, row.portfolio_id)}"


def _placed(snapshot: Snapshot, row: Placement, context: DisplayContext) -> str:
    columns = {column.id: column for column in COLUMNS[EntityKind.PLACEMENTS]}

    def cell(id: str) -> str:
        return " ".join(columns[id].cell(snapshot, row, context).split())

    average = cell("average")
    at = f" at {average}" if average and average != UNKNOWN else ""
    filled = f", {cell('executed')} filled{at}" if columns["executed"].value(snapshot, row) else ""
    return f"{cell('quantity')} with {row.counterparty or 'no broker'}{filled}"


def _booked(snapshot: Snapshot, row: Transaction, context: DisplayContext) -> str:
    held = row.total_consideration
    cells = {column.id: column for column in COLUMNS[EntityKind.TRANSACTIONS]}
    worth = cells["consideration"].cell(snapshot, row, context).strip()
    return f"{units(row.units)} for {worth} {held.currency or ''}".rstrip()


_TEXTS: Final[Mapping[EntityKind, Callable[[Snapshot, Any, DisplayContext], str]]] = {
    EntityKind.BLOCKS: _shorter,
    EntityKind.ORDERS: _ordered,
    EntityKind.PLACEMENTS: _placed,
    EntityKind.EXECUTIONS: _shorter,
    EntityKind.ALLOCATIONS: _shorter,
    EntityKind.TRANSACTIONS: _booked,
}
"""What is said of a related row, by its kind."""


def _newest(snapshot: Snapshot, row: RelatedRow) -> Value:
    found = snapshot.row(row.ref)
    return None if found is None else _NEWEST[row.ref.kind](snapshot, found)


RELATED: Final = (
    plain("kind", "Kind", "Which kind of row", 12, lambda snapshot, row: row.ref.kind.singular),
    plain("what", "What", "What it is", 40, lambda snapshot, row: row.text),
    plain("state", "State", "Where it stands", 16, lambda snapshot, row: row.state.partition(" ")[2]),
    timestamp_column("when", "Time", "When it was made or last active", _newest),
    plain("id", "Id", "Scope and code", 24, lambda snapshot, row: str(row.ref.id)),
)
"""What the rows that belong with a ticket are exported as."""
