"""The columns of a pane as a grid takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.api.sanitize import clean
from tui.columns.column import Column
from widgets.grid import GridColumn
from widgets.grid.columns import FLOOR


def grid_columns(
    columns: Sequence[Column], zone: str, widths: Mapping[str, int] | None = None
) -> list[GridColumn]:
    """Return declared columns as the grid draws them, in the reader's own ``widths`` where there are any.

    Headers of times name the ``zone`` they are shown in. A column has room for its title.
    """
    own = widths or {}
    titles = {column.id: column.heading(zone) for column in columns}
    return [
        GridColumn(
            column.id,
            titles[column.id],
            own.get(column.id, _wanted(column, titles[column.id])),
            align=column.align,
            flexible=column.flexible and column.id not in own,
            cut=column.cut,
            rank=column.rank,
            least=own.get(column.id, max(FLOOR, len(titles[column.id]))),
            snug=True,
            brief_of=column.brief_of,
            tip=clean(column.help),
        )
        for column in columns
    ]


def _wanted(column: Column, title: str) -> int:
    return max(column.width, len(title)) if column.cut in ("last", "never") else column.width
