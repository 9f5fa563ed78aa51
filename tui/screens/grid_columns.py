"""The columns of a pane as a grid takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.columns.column import Column
from widgets.grid import GridColumn


def grid_columns(columns: Sequence[Column], widths: Mapping[str, int] | None = None) -> list[GridColumn]:
    """Return declared columns as the grid draws them, in the reader's own ``widths`` where there are any.

    A number has room for its title.
    """
    own = widths or {}
    return [
        GridColumn(
            column.id,
            column.title,
            own.get(column.id, _wanted(column)),
            align=column.align,
            flexible=column.flexible and column.id not in own,
            cut=column.cut,
            rank=column.rank,
        )
        for column in columns
    ]


def _wanted(column: Column) -> int:
    return max(column.width, len(column.title)) if column.cut == "never" else column.width
