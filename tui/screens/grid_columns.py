"""The columns of a pane as a grid takes them."""

from __future__ import annotations

from collections.abc import Sequence

from tui.columns.column import Column
from widgets.grid import GridColumn


def grid_columns(columns: Sequence[Column]) -> list[GridColumn]:
    """Return declared columns as the grid draws them."""
    return [
        GridColumn(
            column.id,
            column.title,
            column.width,
            align=column.align,
            flexible=column.flexible,
            cut=column.cut,
        )
        for column in columns
    ]
