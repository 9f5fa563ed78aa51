"""The grid widget: Textual's events in, dirty regions out.

What the screen shows is kept as a *frame*: one ``Row`` per visible line. Whatever happens (a cursor
move, a scroll, new rows, new cells), the next frame is made and compared with the last, and only
the lines and cells that differ are given to Textual to send. Nothing is kept for rows out of sight.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from time import monotonic
from typing import ClassVar, Final, Self

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from widgets.grid import paint
from widgets.grid.columns import EMPTY_CELL, GUTTER, Cell, GridColumn, Layout, Slot, lay_out
from widgets.grid.paint import Look, Mark, Palette, Row
from widgets.grid.rows import Rows
from widgets.grid.text import clean, width_of

FLASH_S: Final = 1.0
"""How long a changed cell stays reversed, in seconds."""
WHEEL_ROWS: Final = 3
"""Rows scrolled by one notch of a mouse wheel."""

Cells = Callable[[Hashable], Sequence[Cell]]


class Grid(ScrollView, can_focus=True):
    """A table of any number of rows, of which only the visible ones cost anything.

    Args:
        columns: What to show, left to right.
        cells: Gives the cells of a key, one per column; asked for visible rows only.
        styles: The styles that ``Cell.style`` names.
        empty: The sentence shown while there are no rows.
        frozen: How many columns stay in place when the others scroll sideways.
        ascii: Draw marks that every terminal and font has.
        id: The widget's id.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--header",
        "grid--cursor",
        "grid--selected",
        "grid--changed",
        "grid--empty",
    }
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

    class CursorLost(_GridMessage, namespace="grid"):
        """The row under the cursor is gone; the cursor went to its ``neighbour``."""

        def __init__(self, grid: Grid, key: Hashable, neighbour: Hashable) -> None:
            super().__init__(grid)
            self.key = key
            self.neighbour = neighbour

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
        """A click on the title of a column."""

        def __init__(self, grid: Grid, column_id: str) -> None:
            super().__init__(grid)
            self.column_id = column_id

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
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._cells = cells
        self._named = dict(styles or {})
        self._empty = empty
        self._frozen = frozen
        self._glyphs = paint.ASCII if ascii else paint.UNICODE
        self._rows = Rows()
        self._sort: tuple[str, bool] | None = None
        self._needs = [0] * len(self._columns)
        self._layout = Layout((), 0, 0)
        self._hidden = 0
        self._slots: tuple[Slot, ...] = ()
        self._frame: list[Row] = []
        self._known: dict[Hashable, tuple[Cell, ...]] = {}
        self._laid_out: Size | None = None
        self._palette: Palette | None = None
        self._marks: dict[Hashable, dict[str, float]] = {}
        self._flash: Timer | None = None
        self._chord = False
        self._titles = ("", "")
        self._holding = False
        self._border_only = False

    # What the owner asks and tells

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
    def selecting(self) -> bool:
        """Whether a range is being drawn."""
        return self._rows.drawing

    @property
    def visible_keys(self) -> tuple[Hashable, ...]:
        """The keys in sight, from the top."""
        top = self.scroll_offset.y
        return self._rows.keys[top : top + self._body]

    def show(self, keys: Sequence[Hashable]) -> None:
        """Show ``keys``, each once, in that order, and ask again for the cells of the visible ones.

        Cursor, selection and scroll stay with their keys. When the cursor's key is gone the cursor
        goes to the nearest one left, and ``CursorLost`` says so.
        """
        rows = self._rows
        before_key, before_row, selected = rows.cursor_key, rows.cursor, rows.selected
        top = self.scroll_offset.y
        anchor = self._anchor_row(top)
        rows_before = rows.keys
        lost = rows.replace(keys)
        self._known.clear()
        if self._marks:
            self._marks = {key: marks for key, marks in self._marks.items() if rows.find(key) is not None}
        self._set_extent()
        self._holding = True
        if anchor is not None and top > 0:
            row = rows.cursor if anchor == before_row else rows.find(rows_before[anchor])
            if row is not None:
                self._scroll_to_row(top + row - anchor)
        if rows.cursor is not None and anchor == before_row:
            self._reveal(rows.cursor)
        self._scroll_to_row(self.scroll_offset.y)
        self._holding = False
        self._update()
        if lost is not None:
            self.post_message(self.CursorLost(self, lost, rows.cursor_key))
        if rows.cursor_key != before_key:
            self.post_message(self.CursorMoved(self, rows.cursor_key))
        self._tell_selection(selected)

    def _anchor_row(self, top: int) -> int | None:
        """Give the row that must not move on the screen: the cursor's when in sight, else the top one."""
        cursor = self._rows.cursor
        if cursor is not None and top <= cursor < top + max(1, self._body):
            return cursor
        return top if top < len(self._rows) else None

    def refresh_cells(self, keys: Iterable[Hashable] | None = None) -> None:
        """Ask again for the cells of the visible rows, and repaint those that differ from what is shown.

        ``keys`` tells which rows changed, when that is known; those out of sight cost nothing.
        """
        known = self._known
        for key in list(known) if keys is None else keys:
            former = known.get(key)
            if former is not None and (cells := self._ask(key)) != former:
                known[key] = cells
        self._update()

    def set_columns(self, columns: Sequence[GridColumn]) -> None:
        """Show other columns; ``cells`` must give theirs from now on."""
        self._columns = tuple(columns)
        self._needs = [0] * len(self._columns)
        self._hidden = 0
        self._known.clear()
        self._start_over()

    def set_cell_styles(self, styles: Mapping[str, Style]) -> None:
        """Resolve ``Cell.style`` from these from now on."""
        self._named = dict(styles)
        self._start_over()

    def set_sort(self, column_id: str | None, *, descending: bool = False) -> None:
        """Mark the column the rows are sorted by, None for no mark. The owner sorts."""
        sort = None if column_id is None else (column_id, descending)
        if sort != self._sort:
            self._sort = sort
            if self._header:
                self.refresh(Region(0, 0, self.size.width, 1))

    def set_empty(self, sentence: str) -> None:
        """Say ``sentence`` while there are no rows."""
        if sentence != self._empty:
            self._empty = sentence
            if not self._rows:
                self.refresh()

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on ``key`` and bring it in sight; tell whether it is shown."""
        row = self._rows.find(key)
        if row is None:
            return False
        self._move_cursor(row)
        return True

    def clear_selection(self) -> bool:
        """Select nothing; tell whether anything was selected, or a range being drawn."""
        before = self._rows.selected
        had = self._rows.drawing
        had = self._rows.clear() or had
        self._update()
        self._tell_selection(before)
        return had

    def mark(self, key: Hashable, column_id: str) -> None:
        """Show that a cell changed: reversed for a second, then a mark until the cursor comes by."""
        self._marks.setdefault(key, {})[column_id] = monotonic() + FLASH_S
        if self._flash is None:
            self._flash = self.set_timer(FLASH_S, self._settle)
        self._update()

    def retitle(self, title: str, subtitle: str = "") -> None:
        """Put plain texts into the border and repaint its lines only.

        Assigning ``border_title`` would repaint the whole grid, and read the text as markup.
        """
        if (title, subtitle) == self._titles:
            return
        self._titles = (title, subtitle)
        self._border_only = True
        try:
            self.border_title = Content(clean(title))
            self.border_subtitle = Content(clean(subtitle))
        finally:
            self._border_only = False

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Repaint ``regions`` of the content, or everything."""
        if self._border_only and not regions:
            x, y = self.content_offset
            width, height = self.outer_size
            regions = (Region(-x, -y, width, 1), Region(-x, height - 1 - y, width, 1))
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    # The frame: what the screen shows, and what it must show next

    @property
    def _header(self) -> int:
        """The lines of the header: none where there is room for a single line only."""
        return 1 if self.size.height > 1 else 0

    @property
    def _body(self) -> int:
        """The lines that show rows."""
        return max(0, self.size.height - self._header)

    def _ask(self, key: Hashable) -> tuple[Cell, ...]:
        """Ask for the cells of ``key``, and notice numbers wider than their column."""
        cells = tuple(self._cells(key))
        cells += (EMPTY_CELL,) * (len(self._columns) - len(cells))
        for index, need in enumerate(self._needs):
            if self._columns[index].cut == "never" and (width := width_of(cells[index].text)) > need:
                self._needs[index] = width
        return cells

    def _next_frame(self) -> list[Row]:
        """Make the rows in sight, asking for cells not known yet, and forget what is out of sight."""
        rows, top = self._rows, self.scroll_offset.y
        known: dict[Hashable, tuple[Cell, ...]] = {}
        frame: list[Row] = []
        for row in range(top, min(len(rows), top + self._body)):
            key = rows.keys[row]
            cells = self._known.get(key)
            known[key] = cells = self._ask(key) if cells is None else cells
            look = Look.SELECTED if rows.is_selected(row) else Look.PLAIN
            look |= Look.CURSOR if row == rows.cursor else Look.PLAIN
            frame.append(Row(cells, look, self._marks_of(key)))
        self._known = known
        return frame

    def _marks_of(self, key: Hashable) -> tuple[Mark, ...]:
        if key not in self._marks:
            return ()
        now = monotonic()
        return tuple(Mark(column, due > now) for column, due in self._marks[key].items())

    def _lay_out(self) -> bool:
        """Place the columns for the present size and what is known of the cells; tell whether any moved."""
        layout = lay_out(self._columns, self._needs, self.size.width, self._frozen)
        hidden = min(self._hidden, layout.furthest)
        if layout == self._layout and hidden == self._hidden:
            return False
        self._layout, self._hidden, self._slots = layout, hidden, layout.slots(hidden)
        return True

    def _update(self) -> None:
        """Bring the screen from the present frame to the next one, sending only what differs."""
        if self._holding or not self._ready():
            return
        former, self._frame = self._frame, self._next_frame()
        if self._lay_out():
            self.refresh(self.size.region)
        elif bool(former) != bool(self._frame):
            self.refresh(Region(0, self._header, self.size.width, self._body))
        elif regions := list(self._differences(former, self._frame)):
            self.refresh(*regions)

    def _ready(self) -> bool:
        """Tell whether the frame fits the present size; if it does not, make it anew and repaint all."""
        if self._laid_out == self.size:
            return True
        if not self.size or not self.is_mounted:
            return False
        self._laid_out = self.size
        self._set_extent()
        self._lay_out()
        self._frame = self._next_frame()
        self._lay_out()
        self.refresh(self.size.region)
        return False

    def _start_over(self) -> None:
        """Forget layout and frame: everything is placed and painted anew."""
        self._laid_out = self._palette = None
        self._layout = Layout((), 0, 0)
        self._ready()

    def _differences(self, former: Sequence[Row], frame: Sequence[Row]) -> Iterator[Region]:
        """Give the regions of the content in which two frames differ, at most one per line.

        One, because Textual sends a line from the widget's left edge to the end of each region: two
        in the same line would send the same text twice.
        """
        width = self.size.width
        for y, (old, new) in enumerate(zip_longest(former, frame), self._header):
            if old == new:
                continue
            if old is None or new is None or old.look != new.look:
                yield Region(0, y, width, 1)
                continue
            marked = {mark.column for mark in {*old.marks} ^ {*new.marks}}
            changed = [
                slot
                for slot in self._slots
                if old.cells[slot.index] != new.cells[slot.index] or self._columns[slot.index].id in marked
            ]
            if changed:
                first, last = changed[0], changed[-1]
                yield Region(first.x, y, min(last.x + last.width + 1, width) - first.x, 1)

    def _set_extent(self) -> None:
        """Tell Textual how far the rows reach.

        Set without its watcher, which would lay out the whole screen; there are no scrollbars to move.
        """
        self.set_reactive(Widget.virtual_size, Size(self.size.width, len(self._rows) + self._header))

    # Drawing

    def notify_style_update(self) -> None:
        """Take colours anew: the theme or the focus changed."""
        super().notify_style_update()
        self._palette = None

    def _colours(self) -> Palette:
        if self._palette is None:
            part = self._component
            self._palette = Palette(
                base=_plain(self.rich_style),
                named=self._named,
                header=part("grid--header"),
                cursor=part("grid--cursor"),
                selected=part("grid--selected"),
                changed=part("grid--changed"),
                empty=part("grid--empty"),
            )
        return self._palette

    def _component(self, name: str) -> Style:
        """Give what the style sheet itself says of a part, colours blended with what is beneath."""
        styles, whole = self.get_component_styles(name), self.get_component_rich_style(name)
        coloured = styles.has_rule("color") or styles.has_rule("auto_color")
        grounded = styles.has_rule("background") and styles.background.a > 0
        return styles.text_style + Style.from_color(
            whole.color if coloured else None, whole.bgcolor if grounded else None
        )

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the lines of ``crop``."""
        self._ready()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw the content's line ``y``, from the frame."""
        width, palette = self.size.width, self._colours()
        if y < self._header:
            hidden, slots = self._hidden, self._slots
            last = slots[-1] if slots else None
            more = last is not None and (
                last.index + 1 < len(self._columns) or last.width < self._layout.widths[last.index]
            )
            beyond = (hidden > 0, more)
            return paint.draw_header(self._columns, slots, self._sort, beyond, palette, self._glyphs, width)
        y -= self._header
        if y < len(self._frame):
            return paint.draw_row(self._frame[y], self._columns, self._slots, palette, self._glyphs, width)
        if not self._rows and y == (self._body - 1) // 2:
            return paint.draw_sentence(self._empty, palette, self._glyphs, width)
        return paint.draw_blank(palette, width)

    # Scrolling

    @property
    def allow_vertical_scroll(self) -> bool:
        """Scrolling needs no scrollbar."""
        return True

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Do nothing: sideways the grid moves by whole columns, not by cells."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaint the lines that differ."""
        self._update()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        if self._rows.cursor is not None:
            self._reveal(self._rows.cursor)

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

    def _scroll_to_row(self, row: int) -> None:
        """Bring ``row`` to the top, as far as there are rows."""
        self.scroll_to(y=max(0, row), animate=False)

    def _reveal(self, row: int) -> None:
        """Scroll as little as brings ``row`` in sight."""
        top, body = self.scroll_offset.y, max(1, self._body)
        if row < top:
            self._scroll_to_row(row)
        elif row >= top + body:
            self._scroll_to_row(row - body + 1)

    # Cursor and selection

    def _move_cursor(self, row: int, top: int | None = None) -> None:
        """Put the cursor on ``row``, in sight, after scrolling to ``top`` if given; tell if it moved."""
        selected = self._rows.selected if self._rows.drawing else None
        moved = self._rows.move(row)
        self._holding = True
        if top is not None:
            self._scroll_to_row(top)
        if self._rows.cursor is not None:
            self._reveal(self._rows.cursor)
        self._holding = False
        key = self._rows.cursor_key
        if key is not None:
            self._marks.pop(key, None)
        self._update()
        if moved:
            self.post_message(self.CursorMoved(self, key))
            if selected is not None:
                self._tell_selection(selected)

    def _tell_selection(self, before: frozenset[Hashable]) -> None:
        if self._rows.selected != before:
            self.post_message(self.Selected(self, self._rows.selected))

    def _settle(self) -> None:
        """End the flash of cells whose second is over; wait for the others."""
        now = monotonic()
        waiting = [due for marks in self._marks.values() for due in marks.values() if due > now]
        self._flash = self.set_timer(min(waiting) - now, self._settle) if waiting else None
        self._update()

    def on_key(self, event: events.Key) -> None:
        """Forget a first ``g`` when another key follows."""
        if event.key != "g":
            self._chord = False

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row clicked; toggle it at its left edge; open it on a double click."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < self._header:
            pressed = next((slot for slot in self._slots if slot.x <= offset.x < slot.x + slot.width), None)
            if pressed is not None:
                self.post_message(self.ColumnPressed(self, self._columns[pressed.index].id))
            return
        row = self.scroll_offset.y + offset.y - self._header
        if row >= len(self._rows):
            return
        self._move_cursor(row)
        if offset.x < GUTTER:
            self.action_toggle_row()
        elif event.chain == 2:
            self.action_open()

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
        """Tell that the row under the cursor is to be opened."""
        if self._rows.cursor_key is not None:
            self.post_message(self.Opened(self, self._rows.cursor_key))


def _plain(style: Style) -> Style:
    """Give ``style`` without colours that are the terminal's own: they need not be sent."""
    color, bgcolor = style.color, style.bgcolor
    return style.without_color + Style.from_color(
        None if color is None or color.is_default else color,
        None if bgcolor is None or bgcolor.is_default else bgcolor,
    )
