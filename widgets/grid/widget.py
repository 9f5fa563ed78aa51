from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from rich.style import Style
from textual.message import Message
from textual.scroll_view import ScrollView

from widgets.grid.columns import Cell, GridColumn


class Grid(ScrollView, can_focus=True):
    class CursorMoved(Message):
        def __init__(self, grid: Grid, key: Hashable | None) -> None:
            super().__init__()
            self.grid, self.key = grid, key

    class CursorLost(Message):
        def __init__(self, grid: Grid, key: Hashable, neighbour: Hashable) -> None:
            super().__init__()
            self.grid, self.key, self.neighbour = grid, key, neighbour

    class Selected(Message):
        def __init__(self, grid: Grid, keys: frozenset[Hashable]) -> None:
            super().__init__()
            self.grid, self.keys = grid, keys

    class Opened(Message):
        def __init__(self, grid: Grid, key: Hashable) -> None:
            super().__init__()
            self.grid, self.key = grid, key

    class ColumnPressed(Message):
        def __init__(self, grid: Grid, column_id: str) -> None:
            super().__init__()
            self.grid, self.column_id = grid, column_id

    def __init__(
        self,
        columns: Sequence[GridColumn],
        cells: Callable[[Hashable], Sequence[Cell]],
        *,
        styles: Mapping[str, Style] | None = None,
        empty: str = "",
        frozen: int = 1,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)

    def show(self, keys: Sequence[Hashable]) -> None: ...

    def refresh_cells(self, keys: Sequence[Hashable] | None = None) -> None: ...

    def set_columns(self, columns: Sequence[GridColumn]) -> None: ...

    def set_styles(self, styles: Mapping[str, Style]) -> None: ...

    def set_sort(self, column_id: str | None, *, descending: bool = False) -> None: ...

    def move_to(self, key: Hashable) -> bool: ...

    def clear_selection(self) -> bool: ...
