"""Figures that are not known, because the rows they are computed from could not be read: never shown as 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from tui.columns.column import Column, Value
from tui.columns.format import DisplayContext
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.snapshot.worth import NOT_KNOWN, Worth

UNKNOWN: Final = "?"
"""The cell of a figure that is not known."""

_ORDERS, _PLACEMENTS = EntityKind.ORDERS, EntityKind.PLACEMENTS
_EXECUTIONS, _ALLOCATIONS = EntityKind.EXECUTIONS, EntityKind.ALLOCATIONS
_TRANSACTIONS: Final = EntityKind.TRANSACTIONS
_BELOW: Final = (_ORDERS, _PLACEMENTS, _EXECUTIONS, _ALLOCATIONS, _TRANSACTIONS)

COMPUTED_FROM: Final[Mapping[EntityKind, Mapping[str, tuple[EntityKind, ...]]]] = {
    EntityKind.BLOCKS: {
        "ordered": (_ORDERS,),
        "notional": (_ORDERS,),
        "open_value": (_ORDERS, _PLACEMENTS, _EXECUTIONS),
        "done": (_ORDERS, _PLACEMENTS, _EXECUTIONS),
        "adv": (_ORDERS,),
        "arrival": (_ORDERS,),
        "slippage": (_ORDERS, _PLACEMENTS, _EXECUTIONS),
        "bar": _BELOW,
        "state": _BELOW,
        "unplaced": (_ORDERS, _PLACEMENTS),
        "placed": (_PLACEMENTS,),
        "executed": (_PLACEMENTS, _EXECUTIONS),
        "allocated": (_ORDERS, _PLACEMENTS, _ALLOCATIONS),
        "booked": (_ALLOCATIONS, _TRANSACTIONS),
        "average": (_PLACEMENTS, _EXECUTIONS),
    },
    EntityKind.ORDERS: {
        "allocated": (_ALLOCATIONS,),
        "left": (_ALLOCATIONS,),
        "done": (_ALLOCATIONS,),
        "block": (EntityKind.BLOCKS,),
    },
    EntityKind.PLACEMENTS: {
        "allocated": (_ALLOCATIONS,),
        "executed": (_PLACEMENTS, _EXECUTIONS),
        "open": (_PLACEMENTS, _EXECUTIONS),
        "open_value": (_PLACEMENTS, _EXECUTIONS),
        "done": (_PLACEMENTS, _EXECUTIONS),
        "slippage": (_ORDERS, _PLACEMENTS, _EXECUTIONS),
        "average": (_PLACEMENTS, _EXECUTIONS),
    },
    EntityKind.ALLOCATIONS: {"transactions": (_TRANSACTIONS,)},
}
"""The kinds of rows a column is computed from, by pane and column; a block's only where the desk counts."""


def with_unknown(kind: EntityKind, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns of a pane, each with :data:`UNKNOWN` for what is not known."""
    needs = COMPUTED_FROM.get(kind, {})
    return tuple(
        _known_if(_test(kind, needs[each.id]), each) if each.id in needs else each for each in columns
    )


def _test(kind: EntityKind, needs: tuple[EntityKind, ...]) -> Callable[[Snapshot], bool]:
    if kind is EntityKind.BLOCKS:
        return lambda snapshot: snapshot.knows_totals(*needs)
    return lambda snapshot: snapshot.knows(*needs)


def _known_if(known: Callable[[Snapshot], bool], column: Column) -> Column:
    def value(snapshot: Snapshot, row: Any) -> Value:
        return column.value(snapshot, row) if known(snapshot) else None

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        return column.cell(snapshot, row, context) if known(snapshot) else UNKNOWN

    def role(snapshot: Snapshot, row: Any) -> str:
        if not known(snapshot):
            return "attention"
        return column.role(snapshot, row) if column.role else ""

    def worth(snapshot: Snapshot, row: Any) -> Worth:
        return column.worth(snapshot, row) if column.worth and known(snapshot) else NOT_KNOWN

    def made_of(snapshot: Snapshot, row: Any) -> object:
        return (column.made_of or column.value)(snapshot, row) if known(snapshot) else UNKNOWN

    return replace(
        column,
        value=value,
        drawn=drawn,
        role=role,
        worth=worth if column.worth else None,
        made_of=None if column.drawn and not column.made_of else made_of,
    )
