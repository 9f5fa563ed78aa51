"""The columns of a pane as a grid takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.columns.column import Column
from widgets.grid import GridColumn


def grid_columns(columns: Sequence[Column], widths: Mapping[str, int] | None = None) -> list[GridColumn]:
    """Return declared columns as the grid draws them, in the reader's own ``widths`` where there are any."""
    own = widths or {}
    return [
        GridColumn(
            column.id,
            column.title,
            own.get(column.id, column.width),
            align=column.align,
            flexible=column.flexible and column.id not in own,
            cut=column.cut,
        )
        for column in columns
    ]
