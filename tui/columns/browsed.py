"""The columns of rows that are browsed: those of the pane, as far as a row tells them by itself."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from tui.columns.column import Column, Value
from tui.columns.format import DisplayContext
from tui.columns.panes import COLUMNS
from tui.columns.server_filter import FIELDS
from tui.columns.unknown import COMPUTED_FROM, UNKNOWN
from tui.service.snapshot.snapshot import EntityKind, Snapshot

_OF_ORDERS: Final = frozenset({"ordered", "bar", "unplaced"})
"""The columns of a block that depend on whether its orders ask for a weight."""


def browsed_columns(kind: EntityKind) -> tuple[Column, ...]:
    """Return the columns of a pane but those that are computed from rows which are not read here.

    The newest comes first, so when a row was made stands right behind its id.
    """
    if kind is EntityKind.BLOCKS:
        shown = [_unless_by_weight(each) if each.id in _OF_ORDERS else each for each in COLUMNS[kind]]
    else:
        shown = [each for each in COLUMNS[kind] if each.id not in COMPUTED_FROM[kind]]
    times = {id for id, field in FIELDS[kind].items() if field.type == "time"}
    made = next(each for each in shown if each.id in times)
    return (shown[0], made.ranked(1), *(each for each in shown[1:] if each is not made))


def _unless_by_weight(column: Column) -> Column:
    """Return a column that is not known where orders, which are not read here, may ask for a weight."""

    def value(snapshot: Snapshot, row: Any) -> Value:
        return None if _may_be_by_weight(row) else column.value(snapshot, row)

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        return UNKNOWN if _may_be_by_weight(row) else column.cell(snapshot, row, context)

    return replace(column, value=value, drawn=drawn, made_of=None)


def _may_be_by_weight(row: Any) -> bool:
    """Return whether a block has orders and tells no units of any of them, in whatever state."""
    units = (row.ordered.quantity_by_state or {}).values()
    money = row.ordered.amount or row.block.amount
    return bool(row.block.order_ids) and not row.ordered.quantity and not money and not any(units)
