"""The grid widget: the methods of its owner, and what keys and mouse do."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message

from widgets.grid.columns import GUTTER, GridColumn, Need
from widgets.grid.rows import KeyIndex
from widgets.grid.surface import Cells, Surface

WHEEL_ROWS: Final = 3
"""Rows scrolled by one notch of a mouse wheel."""


class Grid(Surface, can_focus=True):
    """A table of any number of rows, of which only the visible ones cost anything.

    Args:
        columns: The columns, left to right.
        cells: Returns the cells of a key, one per column; asked for visible rows only.
        styles: The styles that ``Cell.style`` names.
        empty: The sentence shown while there are no rows.
        frozen: How many columns stay in place when the others scroll sideways.
        ascii: Draw marks that every terminal and font has.
        id: The widget's id.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Grid { overflow: hidden hidden; }
    Grid > .grid--header { text-style: bold; }
    Grid:focus > .grid--cursor { text-style: reverse; }
    Grid > .grid--changed { text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="grid.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="grid.down"),
        Binding("g", "chord_top", "First row (twice)", show=False, id="grid.chord_top"),
        Binding("home", "top", "First row", show=False, id="grid.top"),
        Binding("G,end", "bottom", "Last row", show=False, id="grid.bottom"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="grid.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="grid.page_down"),
        Binding("ctrl+u", "half_page(-1)", "Half a page up", show=False, id="grid.half_up"),
        Binding("ctrl+d", "half_page(1)", "Half a page down", show=False, id="grid.half_down"),
        Binding("left", "sideways(-1)", "Columns to the left", show=False, id="grid.left"),
        Binding("right", "sideways(1)", "Columns to the right", show=False, id="grid.right"),
        Binding("ctrl+left", "columns(-1)", "Columns to the left", show=False, id="grid.columns_left"),
        Binding("ctrl+right", "columns(1)", "Columns to the right", show=False, id="grid.columns_right"),
        Binding("space", "toggle_row", "Select", show=False, id="grid.toggle"),
        Binding("v", "range", "Select a range", show=False, id="grid.range"),
        Binding("asterisk", "select_all", "Select all shown", show=False, id="grid.select_all"),
        Binding("enter", "open", "Open", show=False, id="grid.open"),
    ]

    class _GridMessage(Message):
        def __init__(self, grid: Grid) -> None:
            super().__init__()
            self.grid = grid

        @property
        def control(self) -> Grid:
            """The grid that sent it."""
            return self.grid

    class CursorMoved(_GridMessage, namespace="grid"):
        """The cursor is on another key; None when there are no rows. A newer one replaces an older."""

        def __init__(self, grid: Grid, key: Hashable | None) -> None:
            super().__init__(grid)
            self.key = key

        def can_replace(self, message: Message) -> bool:
            """Replace an older move of the same grid that nobody has read yet."""
            return isinstance(message, Grid.CursorMoved) and message.grid is self.grid

    class Selected(_GridMessage, namespace="grid"):
        """The selection is now ``keys``."""

        def __init__(self, grid: Grid, keys: frozenset[Hashable]) -> None:
            super().__init__(grid)
            self.keys = keys

    class Opened(_GridMessage, namespace="grid"):
        """Enter, or a double click, on the row of ``key``."""

        def __init__(self, grid: Grid, key: Hashable) -> None:
            super().__init__(grid)
            self.key = key

    class ColumnPressed(_GridMessage, namespace="grid"):
        """A click on the title of a column; ``further`` with Shift, Ctrl or Alt held, if terminals tell."""

        def __init__(self, grid: Grid, column_id: str, *, further: bool = False) -> None:
            super().__init__(grid)
            self.column_id = column_id
            self.further = further

    def __init__(
        self,
        columns: Sequence[GridColumn],
        cells: Cells,
        *,
        styles: Mapping[str, Style] | None = None,
        empty: str = "",
        frozen: int = 1,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(columns, cells, styles=styles or {}, empty=empty, frozen=frozen, ascii=ascii, id=id)
        self._chord = False
        self.takes_arrows = True
        """Whether left and right scroll columns; else they are left to the owner."""
        self._moved = False
        self._tip = ""

    # Methods for the owner

    @property
    def keys(self) -> tuple[Hashable, ...]:
        """The keys of the rows, in order."""
        return self._rows.keys

    @property
    def columns(self) -> tuple[GridColumn, ...]:
        """The columns, left to right."""
        return self._columns

    @property
    def cursor_key(self) -> Hashable | None:
        """The key under the cursor, None without rows."""
        return self._rows.cursor_key

    @property
    def cursor_row(self) -> int | None:
        """The row under the cursor, from 0; None without rows."""
        return self._rows.cursor

    @property
    def selected(self) -> frozenset[Hashable]:
        """The selected keys among those shown."""
        return self._rows.selected

    @property
    def in_focus(self) -> tuple[Hashable, ...]:
        """The selected keys in their order, else the one under the cursor."""
        chosen, under = self._rows.selected, self._rows.cursor_key
        if chosen:
            return tuple(key for key in self._rows.keys if key in chosen)
        return () if under is None else (under,)

    @property
    def visible_keys(self) -> tuple[Hashable, ...]:
        """The keys in sight, from the top."""
        top = self.scroll_offset.y
        return self._rows.keys[top : top + self._body]

    def show(
        self,
        keys: Sequence[Hashable],
        *,
        index: KeyIndex | None = None,
        changed: Iterable[Hashable] | None = None,
        on_top: bool = False,
    ) -> None:
        """Show ``keys``, each once, in that order, and ask again for the cells of the visible ones.

        Cursor, selection and scroll stay with their keys, but with ``on_top`` the cursor goes to the first
        row and columns take the width of what is in sight now, unless somebody moved it before. When the
        cursor's key is gone the cursor goes to the nearest one left. An owner that knows where each key is
        gives an ``index``, and ``changed`` when only these rows may have other cells: then many rows cost no
        more than few.
        """
        rows = self._rows
        before_key, before_row, selected = rows.cursor_key, rows.cursor, rows.selected
        top = self.scroll_offset.y
        anchor = self._anchor_row(top)
        rows_before = rows.keys
        rows.replace(keys, index)
        self._measures_anew |= on_top and not self.keeps_columns
        if changed is None:
            self._known.clear()
        else:
            for key in changed:
                self._known.pop(key, None)
        self._set_extent()
        with self._one_update():
            if on_top and not self._moved:
                rows.move(0)
                self._scroll_to_row(0)
            elif anchor is not None and top > 0:
                row = rows.cursor if anchor == before_row else rows.find(rows_before[anchor])
                if row is not None:
                    self._scroll_to_row(top + row - anchor)
            if rows.cursor is not None and anchor == before_row:
                self._reveal(rows.cursor)
            if self.scroll_offset.y > max(0, len(rows) - self._body):
                self._scroll_to_row(self.scroll_offset.y)
        if rows.cursor_key != before_key:
            self.post_message(self.CursorMoved(self, rows.cursor_key))
        self._tell_selection(selected)

    def _anchor_row(self, top: int) -> int | None:
        """Return the row that must not move on the screen: the cursor's when in sight, else the top one."""
        cursor = self._rows.cursor
        if cursor is not None and top <= cursor < top + max(1, self._body):
            return cursor
        return top if top < len(self._rows) else None

    @property
    def in_sight(self) -> Collection[Hashable]:
        """The rows that are in sight."""
        return self._known.keys()

    def refresh_cells(self, keys: Iterable[Hashable] | None = None) -> None:
        """Ask again for the cells of the visible rows, and repaint those that differ from what is shown.

        ``keys`` tells which rows changed, when that is known; those out of sight cost nothing.
        """
        known, differs = self._known, keys is None
        for key in list(known) if keys is None else keys:
            former = known.get(key)
            if former is not None and (cells := self._ask(key)) != former:
                known[key] = cells
                differs = True
        if differs:
            self._update()

    def set_columns(self, columns: Sequence[GridColumn], *, frozen: int = 1) -> None:
        """Show other columns, the first ``frozen`` of which stay in place; ``cells`` must return theirs."""
        self._columns, self._frozen = tuple(columns), frozen
        self._needs = [*map(Need, self._columns)]
        self._hidden = 0
        self._known.clear()
        self._start_over()

    def set_cell_styles(self, styles: Mapping[str, Style]) -> None:
        """Resolve ``Cell.style`` from these from now on."""
        self._named = dict(styles)
        self._start_over()

    def set_sort(self, *columns: tuple[str, bool]) -> None:
        """Mark the columns the rows are sorted by, by id and whether they descend. The owner sorts."""
        if columns != self._sort:
            self._sort = columns
            if self._header:
                self.refresh(Region(0, 0, self.size.width, 1))

    def set_pinned(self, keys: frozenset[Any], apart: frozenset[Any]) -> None:
        """Mark the rows of ``keys`` as pinned when they are shown next.

        Those ``apart`` are shown only because of that: selecting all does not mean them.
        """
        self._rows.pinned, self._rows.apart = keys, apart

    def set_empty(self, sentence: str) -> None:
        """Show ``sentence`` while there are no rows.

        A grid that is hidden is painted when it is shown. To repaint it now would let Textual lose what else
        moves in the next layout.
        """
        if sentence != self._empty:
            self._empty = sentence
            if not self._rows and all(node.display for node in self.ancestors_with_self):
                self.refresh()

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on ``key`` and bring it in sight; return whether it is shown."""
        row = self._rows.find(key)
        if row is None:
            return False
        self._move_cursor(row)
        return True

    def clear_selection(self) -> bool:
        """Select nothing; return whether anything was selected, or a range being drawn."""
        before = self._rows.selected
        had = self._rows.drawing
        had = self._rows.clear() or had
        self._update()
        self._tell_selection(before)
        return had

    def mark(self, cells: Mapping[Any, Iterable[str]], rows: Iterable[Hashable] = ()) -> None:
        """Show that cells changed, by key and column, and that ``rows`` are new.

        They are reversed for a second, and marked until the cursor has been on the row. A row under the
        cursor stays marked until the cursor leaves it.
        """
        if self._put_marks(cells, rows):
            self._update()

    def unmark(self, keys: Iterable[Hashable]) -> None:
        """Remove the marks of these rows, as when they are gone."""
        if self._drop_marks(keys):
            self._update()

    def clear_marks(self) -> bool:
        """Remove all marks; return whether there were any."""
        had = self._drop_marks(list(self._marks))
        self._update()
        return had

    # Cursor and selection

    def _move_cursor(self, row: int, top: int | None = None) -> None:
        """Put the cursor on ``row`` and bring it in sight, after scrolling to ``top`` if given."""
        self._moved = self.keeps_columns = True
        selected = self._rows.selected if self._rows.drawing else None
        left = self._rows.cursor_key
        with self._one_update():
            moved = self._rows.move(row)
            if top is not None:
                self._scroll_to_row(top)
            if self._rows.cursor is not None:
                self._reveal(self._rows.cursor)
            key = self._rows.cursor_key
            self._drop_marks((left, key))
        if moved:
            self.post_message(self.CursorMoved(self, key))
            if selected is not None:
                self._tell_selection(selected)

    def _tell_selection(self, before: frozenset[Hashable]) -> None:
        if self._rows.selected != before:
            self.post_message(self.Selected(self, self._rows.selected))

    def on_key(self, event: events.Key) -> None:
        """Forget a first ``g`` when another key follows."""
        if event.key != "g":
            self._chord = False

    def _column_at(self, x: int) -> GridColumn | None:
        """Return the column that is drawn at ``x``, None between two of them."""
        slot = next((slot for slot in self._slots if slot.x <= x < slot.x + slot.width), None)
        return None if slot is None else self._columns[slot.column]

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say what a column is while the mouse points at its title."""
        offset = event.get_content_offset(self)
        column = self._column_at(offset.x) if offset is not None and offset.y < self._header else None
        tip = column.tip if column else ""
        if tip != self._tip:
            self._tip = tip
            self.tooltip = Content(tip) if tip else None

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row clicked; toggle it at its left edge; open it on a double click."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < self._header:
            column = self._column_at(offset.x)
            if column is not None:
                held = event.shift or event.ctrl or event.meta
                self.post_message(self.ColumnPressed(self, column.id, further=held))
            return
        row = self.scroll_offset.y + offset.y - self._header
        if row >= len(self._rows):
            return
        under = next((slot for slot in self._slots if slot.x <= offset.x < slot.x + slot.width), None)
        if under is not None:
            self.clicked_column = self._columns[under.column].id
        self._move_cursor(row)
        if offset.x < GUTTER:
            self.action_toggle_row()
        elif event.chain == 2:
            self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll, sideways with Shift."""
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll, sideways with Shift."""
        self._wheel(event, -1)

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        event.prevent_default()
        event.stop()
        if event.shift or event.ctrl:
            self.action_sideways(direction)
        else:
            self._scroll_to_row(self.scroll_offset.y + direction * WHEEL_ROWS)

    def action_move(self, rows: int) -> None:
        """Move the cursor by ``rows``."""
        if self._rows.cursor is not None:
            self._move_cursor(self._rows.cursor + rows)

    def action_chord_top(self) -> None:
        """Move to the first row at the second press in a row."""
        if self._chord:
            self.action_top()
        self._chord = not self._chord

    def action_top(self) -> None:
        """Move to the first row."""
        self._move_cursor(0)

    def action_bottom(self) -> None:
        """Move to the last row."""
        self._move_cursor(len(self._rows) - 1)

    def action_page(self, direction: int) -> None:
        """Move by as many rows as are in sight."""
        self._leap(direction * max(1, self._body))

    def action_half_page(self, direction: int) -> None:
        """Move by half of the rows in sight."""
        self._leap(direction * max(1, self._body // 2))

    def _leap(self, rows: int) -> None:
        """Move cursor and scroll together, so that the cursor keeps its place on the screen."""
        if self._rows.cursor is not None:
            self._move_cursor(self._rows.cursor + rows, self.scroll_offset.y + rows)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the arrows to the owner of the grid where that wants them."""
        return self.takes_arrows or action != "sideways"

    def action_columns(self, columns: int) -> None:
        """Scroll by whole columns, also where the arrows mean something else."""
        self.action_sideways(columns)

    def action_sideways(self, columns: int) -> None:
        """Scroll by whole columns, so that no number is cut at the left."""
        hidden = max(0, min(self._hidden + columns, self._layout.furthest))
        if hidden != self._hidden:
            self._hidden, self._slots = hidden, self._layout.slots(hidden)
            self.refresh(self.size.region)

    def action_toggle_row(self) -> None:
        """Select the row under the cursor, or no longer."""
        if self._rows.cursor is not None:
            before = self._rows.selected
            self._rows.toggle(self._rows.cursor)
            self._update()
            self._tell_selection(before)

    def action_range(self) -> None:
        """Draw a range from here on with every move of the cursor; again: keep it."""
        before = self._rows.selected
        self._rows.start_range()
        self._update()
        self._tell_selection(before)

    def action_select_all(self) -> None:
        """Select every row shown; when they all are, none."""
        before = self._rows.selected
        self._rows.pick_all()
        self._update()
        self._tell_selection(before)

    def action_open(self) -> None:
        """Post that the row under the cursor is to be opened."""
        if self._rows.cursor_key is not None:
            self.post_message(self.Opened(self, self._rows.cursor_key))
