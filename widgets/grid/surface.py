"""The surface of a grid: what the screen shows, and what must be sent to show something else.

The screen's content is kept as a *frame*: one ``Row`` per visible line. Whatever happens (a cursor move, a
scroll, new rows, new cells), the next frame is made and compared with the last, and only the lines and cells
that differ are given to Textual to send. Nothing is kept for rows out of sight. Keys and mouse are handled in
:mod:`widgets.grid.widget`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from time import monotonic
from typing import Any, ClassVar, Final

from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from widgets.grid import paint
from widgets.grid.columns import EMPTY_CELL, Cell, GridColumn, Layout, Need, Slot, lay_out
from widgets.grid.paint import CellMark, GridStyles, Row
from widgets.grid.rows import Rows

FLASH_S: Final = 1.0
"""The time a changed cell stays reversed, in seconds. It starts to flash at most once in that time."""

Cells = Callable[[Hashable], Sequence[Cell]]


class Surface(ScrollView, inherit_bindings=False):
    """Paints rows in columns, frame by frame."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--header",
        "grid--cursor",
        "grid--selected",
        "grid--changed",
        "grid--empty",
    }

    def __init__(
        self,
        columns: Sequence[GridColumn],
        cells: Cells,
        *,
        styles: Mapping[str, Style],
        empty: str,
        frozen: int,
        ascii: bool,
        id: str | None,
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._cells = cells
        self._named = dict(styles)
        self._empty = empty
        self._frozen = frozen
        self._glyphs = paint.ASCII if ascii else paint.UNICODE
        self._rows = Rows()
        self.clicked_column = ""
        """The column of the cell that was clicked last."""
        self._sort: tuple[tuple[str, bool], ...] = ()
        self._needs = [*map(Need, self._columns)]
        self.keeps_columns = False
        """Whether columns only grow, at the same width: once the cursor was moved, or as the owner says."""
        self._measures_anew = False
        """Whether columns take what the next frame needs: texts seen before it have no say any more."""
        self._layout = Layout((), (), 0, 0)
        self._hidden = 0
        self._arranged_for: tuple[object, ...] = ()
        """What the layout was made from."""
        self._slots: tuple[Slot, ...] = ()
        self._frame: list[Row] = []
        self._known: dict[Hashable, tuple[Cell, ...]] = {}
        self._laid_out: Size | None = None
        self._holding = False
        self._palette: GridStyles | None = None
        self._marks: dict[Hashable, dict[str, float]] = {}
        self._flashing: set[Hashable] = set()
        self._flash: Timer | None = None

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
        """Ask for the cells of ``key``, and notice how wide they are."""
        cells = tuple(self._cells(key))
        cells += (EMPTY_CELL,) * (len(self._columns) - len(cells))
        self._notice(cells)
        return cells

    def _notice(self, cells: Sequence[Cell]) -> None:
        """Notice how wide cells are."""
        for cell, need in zip(cells, self._needs, strict=False):
            text = cell.text
            if text and (len(text) > need.enough or not text.isascii()):
                need.add(text)

    def _next_frame(self) -> list[Row]:
        """Make the rows in sight, asking for cells not known yet, and forget what is out of sight."""
        anew, self._measures_anew = self._measures_anew, False
        if anew:
            self._needs = [*map(Need, self._columns)]
        rows, top = self._rows, self.scroll_offset.y
        known: dict[Hashable, tuple[Cell, ...]] = {}
        frame: list[Row] = []
        for row in range(top, min(len(rows), top + self._body)):
            key = rows.keys[row]
            cells = self._known.get(key)
            if cells is None:
                cells = self._ask(key)
            elif anew:
                self._notice(cells)
            known[key] = cells
            pinned = key in rows.pinned
            frame.append(Row(cells, row == rows.cursor, rows.is_selected(row), self._marks_of(key), pinned))
        self._known = known
        return frame

    def _lay_out(self) -> bool:
        """Lay out the columns for the present size and numbers; return whether any moved."""
        needs, tails = (tuple(need.width for need in self._needs), tuple(need.tail for need in self._needs))
        asked = (self._columns, needs, tails, self.size.width, self._frozen, self._hidden)
        if asked == self._arranged_for:
            return False
        layout = lay_out(self._columns, needs, self.size.width, self._frozen, tails)
        hidden = min(self._hidden, layout.furthest)
        self._arranged_for = (*asked[:-1], hidden)
        if layout == self._layout and hidden == self._hidden:
            return False
        self._layout, self._hidden, self._slots = layout, hidden, layout.slots(hidden)
        return True

    def _update(self) -> None:
        """Bring the screen from the present frame to the next one, sending only what differs."""
        if self._holding or not self.is_mounted or not self.size:
            return
        if self._laid_out != self.size:
            self._start_over()
            return
        former, self._frame = self._frame, self._next_frame()
        if self._lay_out():
            self.refresh(self.size.region)
        elif bool(former) != bool(self._frame):
            self.refresh(Region(0, self._header, self.size.width, self._body))
        elif regions := list(self._differences(former, self._frame)):
            self.refresh(*regions)

    def _start_over(self) -> None:
        """Lay out and paint everything again, after a change of size, columns or styles."""
        self._palette = None
        self._laid_out = None
        if self.is_mounted and self.size:
            self._fill()
            self.refresh(self.size.region)

    def _fill(self) -> None:
        """Make layout and frame for the present size."""
        if not self.keeps_columns or self._layout.viewport != self.size.width:
            self._measures_anew = True
        self._laid_out = self.size
        self._set_extent()
        self._lay_out()
        self._frame = self._next_frame()
        self._lay_out()

    @contextmanager
    def _one_update(self) -> Iterator[None]:
        """Send what several steps change as one difference."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        self._update()

    def _differences(self, former: Sequence[Row], frame: Sequence[Row]) -> Iterator[Region]:
        """Return the regions of the content in which two frames differ, at most one per line.

        One, because Textual sends a line from the widget's left edge to the end of each region: two
        in the same line would send the same text twice.
        """
        width = self.size.width
        for y, (old, new) in enumerate(zip_longest(former, frame), self._header):
            if old == new:
                continue
            if old is None or new is None or old[1:3] != new[1:3] or old.pinned != new.pinned:
                yield Region(0, y, width, 1)
                continue
            marked = {mark.column for mark in {*old.marks} ^ {*new.marks}}
            if paint.WHOLE_ROW in marked:
                yield Region(0, y, width, 1)
                continue
            changed = [
                slot
                for slot in self._slots
                if old.cells[slot.column] != new.cells[slot.column] or self._columns[slot.column].id in marked
            ]
            if changed:
                first, last = changed[0], changed[-1]
                yield Region(first.x, y, min(last.x + last.width + 1, width) - first.x, 1)

    def _set_extent(self) -> None:
        """Set the height that can be scrolled.

        Set without its watcher, which would lay out the whole screen; there are no scrollbars to move.
        """
        self.set_reactive(Widget.virtual_size, Size(self.size.width, len(self._rows) + self._header))

    # Marks on changed cells

    def _put_marks(self, cells: Mapping[Any, Iterable[str]], rows: Iterable[Hashable]) -> bool:
        """Mark cells by key and column, and new rows as a whole; return whether any is in sight.

        A cell that flashes does not start again.
        """
        now = monotonic()
        fresh = dict(cells)
        fresh.update((key, (paint.WHOLE_ROW,)) for key in rows)
        for key, columns in fresh.items():
            marks = self._marks.setdefault(key, {})
            for column in columns:
                if marks.get(column, now) <= now:
                    marks[column] = now + FLASH_S
        self._flashing |= fresh.keys()
        if self._flashing and self._flash is None:
            self._flash = self.set_timer(FLASH_S, self._settle)
        return not self._known.keys().isdisjoint(fresh)

    def _drop_marks(self, keys: Iterable[Hashable]) -> bool:
        """Remove the marks of these rows; return whether there were any."""
        dropped = [self._marks.pop(key, None) for key in keys]
        return any(dropped)

    def _marks_of(self, key: Hashable) -> tuple[CellMark, ...]:
        if key not in self._marks:
            return ()
        now = monotonic()
        return tuple(CellMark(column, due > now) for column, due in self._marks[key].items())

    def _settle(self) -> None:
        """End the flash of cells whose second is over; wait for the others."""
        now = monotonic()
        ends = {
            key: [due for due in self._marks.get(key, {}).values() if due > now] for key in self._flashing
        }
        ended = {key for key, due in ends.items() if len(due) < len(self._marks.get(key, ()))}
        self._flashing = {key for key, due in ends.items() if due}
        first = min((due for dues in ends.values() for due in dues), default=None)
        self._flash = None if first is None else self.set_timer(first - now, self._settle)
        if not self._known.keys().isdisjoint(ended):
            self._update()

    # Drawing

    def notify_style_update(self) -> None:
        """Resolve the colours again: the theme or the focus changed."""
        super().notify_style_update()
        self._palette = None

    def _colours(self) -> GridStyles:
        if self._palette is None:
            part = self._component
            self._palette = GridStyles(
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
        """Return what the style sheet itself says of a part, colours blended with what is beneath."""
        styles, whole = self.get_component_styles(name), self.get_component_rich_style(name)
        coloured = styles.has_rule("color") or styles.has_rule("auto_color")
        grounded = styles.has_rule("background") and styles.background.a > 0
        return styles.text_style + Style.from_color(
            whole.color if coloured else None, whole.bgcolor if grounded else None
        )

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the lines of ``crop``."""
        if self._laid_out != self.size:
            self._fill()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw the content's line ``y``, from the frame."""
        width, palette = self.size.width, self._colours()
        if y < self._header:
            slots = self._slots
            beyond = (self._hidden > 0, self._layout.goes_on(slots))
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
        """No-op: sideways the grid scrolls by whole columns, not by cells."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaint the lines that differ."""
        self._update()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        if self._rows.cursor is not None:
            self._reveal(self._rows.cursor)

    def _scroll_to_row(self, row: int) -> None:
        """Bring ``row`` to the top, as far as there are rows."""
        if self.is_mounted:
            self.scroll_to(y=max(0, row), animate=False)

    def _reveal(self, row: int) -> None:
        """Scroll as little as brings ``row`` in sight."""
        top, body = self.scroll_offset.y, max(1, self._body)
        if row < top:
            self._scroll_to_row(row)
        elif row >= top + body:
            self._scroll_to_row(row - body + 1)


def _plain(style: Style) -> Style:
    """Return ``style`` without colours that are the terminal's own: they need not be sent."""
    color, bgcolor = style.color, style.bgcolor
    return style.without_color + Style.from_color(
        None if color is None or color.is_default else color,
        None if bgcolor is None or bgcolor.is_default else bgcolor,
    )
