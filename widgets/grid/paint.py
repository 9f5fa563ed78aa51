"""Painting one line of a grid as a strip with few segments.

Over a slow line every change of colour is some twenty bytes, so neighbouring cells of equal look
become one segment, padding is part of the text, and a cell of blanks joins whatever stands before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.api.sanitize import clean
from widgets.grid.columns import GUTTER, Cell, GridColumn, Slot
from widgets.grid.text import fit


class Glyphs(NamedTuple):
    """The marks of a grid; each is one cell wide."""

    cursor: str = ">"
    selected: str = "●"
    ascending: str = "▲"
    descending: str = "▼"
    more: str = "›"
    before: str = "‹"
    changed: str = "'"
    pinned: str = "^"
    ellipsis: str = "…"


UNICODE: Final = Glyphs()
ASCII: Final = Glyphs(selected="*", ascending="^", descending="v", more=">", before="<", ellipsis="~")


WHOLE_ROW: Final = ""
"""In place of a column: the row is new."""


class CellMark(NamedTuple):
    """A cell that changed: a mark stands behind it, and while it is ``fresh`` it is reversed.

    The mark of a new row stands at its left edge.
    """

    column: str
    fresh: bool


class Row(NamedTuple):
    """Everything that decides how a row looks; two equal ones need no repaint."""

    cells: tuple[Cell, ...]
    cursor: bool = False
    selected: bool = False
    marks: tuple[CellMark, ...] = ()
    pinned: bool = False


class GridStyles:
    """Resolves style names. ``base`` is the ground of the grid, the others come on top of it."""

    def __init__(
        self,
        base: Style,
        named: Mapping[str, Style],
        *,
        header: Style,
        cursor: Style,
        selected: Style,
        changed: Style,
        empty: Style,
    ) -> None:
        self.base = base or None
        self.header = base + header or None
        self.empty = base + empty or None
        self._named = named
        self._changed = changed
        self._grounds = {
            (False, False): base,
            (False, True): base + selected,
            (True, False): base + cursor,
            (True, True): base + selected + cursor,
        }
        self._covering = cursor.color is not None or bool(cursor.reverse)
        self._resolved: dict[tuple[str, bool, bool, bool], tuple[Style | None, bool]] = {}

    def resolve(self, name: str, row: Row, fresh: bool = False) -> tuple[Style | None, bool]:
        """Return the style called ``name`` in ``row``, of a cell just changed if ``fresh``, and whether
        blanks show it.

        None is the terminal's own look, which costs nothing to send. A cursor that brings a text
        colour of its own, or reverses, covers the colours of the cells, which would not be readable.
        """
        key = (name, row.cursor, row.selected, fresh)
        found = self._resolved.get(key)
        if found is None:
            ground = style = self._grounds[row.cursor, row.selected]
            if not (row.cursor and self._covering):
                style += self._named.get(name, Style())
            if fresh:
                style += self._changed
            found = self._resolved[key] = (style or None, _shape(style) != _shape(ground))
        return found


def _shape(style: Style) -> tuple[object, ...]:
    """Return what a blank shows of ``style``."""
    return (style.bgcolor, style.reverse, style.underline, style.strike, style.underline2, style.overline)


class PaintedLine:
    """Collects texts and their styles into few segments."""

    __slots__ = ("_blanks_show", "_segments", "_style", "_texts")

    def __init__(self, style: Style | None) -> None:
        self._segments: list[Segment] = []
        self._texts: list[str] = []
        self._style = style
        self._blanks_show = False

    def add(self, text: str, style: Style | None, blanks_show: bool = False) -> None:
        """Append ``text``; blanks go with the text before them where that looks the same."""
        if style is not self._style and style != self._style:
            if not blanks_show and not self._blanks_show and text.isspace():
                self._texts.append(text)
                return
            self._flush()
            self._style = style
        self._blanks_show = blanks_show
        self._texts.append(text)

    def _flush(self) -> None:
        if self._texts:
            self._segments.append(Segment("".join(self._texts), self._style))
            self._texts.clear()

    def strip(self, width: int) -> Strip:
        """Return the line, which is ``width`` cells wide."""
        self._flush()
        return Strip(self._segments, width)


def draw_row(
    row: Row,
    columns: Sequence[GridColumn],
    slots: Sequence[Slot],
    palette: GridStyles,
    glyphs: Glyphs,
    width: int,
) -> Strip:
    """Draw ``row`` into ``width`` cells, its columns where ``slots`` says."""
    marks = {mark.column: mark for mark in row.marks}
    new = marks.get(WHOLE_ROW)
    reversed_row = new is not None and new.fresh
    plain, blanks_show = palette.resolve("", row, reversed_row)
    line = PaintedLine(plain)
    edge = glyphs.cursor if row.cursor else " " if new is None else glyphs.changed
    beside = glyphs.selected if row.selected else glyphs.pinned if row.pinned else " "
    line.add((edge + beside)[:width], plain, blanks_show)
    end = GUTTER
    for slot in slots:
        column, cell = columns[slot.column], row.cells[slot.column]
        mark = marks.get(column.id)
        fresh = reversed_row or (mark is not None and mark.fresh)
        style, cell_shows = palette.resolve(cell.style, row, fresh)
        text = fit(cell.text, slot.width, column.align, column.cut, glyphs.ellipsis, slot.tail)
        behind = " "
        if mark is not None:
            text, behind = _marked(text, cell, column, glyphs.changed)
        line.add(text, style, cell_shows)
        end = slot.x + slot.width
        if end < width:
            line.add(behind, plain, blanks_show)
            end += 1
    if end < width:
        line.add(" " * (width - end), plain, blanks_show)
    return line.strip(width)


def _marked(text: str, cell: Cell, column: GridColumn, mark: str) -> tuple[str, str]:
    """Put ``mark`` right behind a word, in place of padding, else into the blank behind the column.

    Returns what stands in the column and what behind it. Numbers and drawings stay as they are.
    """
    end = len(text.rstrip())
    if column.align != "left" or end == len(text) or cell.text.endswith(" "):
        return text, mark
    return text[:end] + mark + text[end + 1 :], " "


def draw_header(
    columns: Sequence[GridColumn],
    slots: Sequence[Slot],
    sorts: Sequence[tuple[str, bool]],
    beyond: tuple[bool, bool],
    palette: GridStyles,
    glyphs: Glyphs,
    width: int,
) -> Strip:
    """Draw the titles, and signs at the edges ``beyond`` which columns are out of sight, left and right.

    The columns in ``sorts`` (id, and whether it is descending) carry a mark, numbered where there are
    several; it may stand in the blank behind its column.
    """
    marks = {
        id: (glyphs.descending if descending else glyphs.ascending) + (str(number) if len(sorts) > 1 else "")
        for number, (id, descending) in enumerate(sorts, start=1)
    }
    texts = [" " * min(GUTTER, width)]
    end = GUTTER
    for slot in slots:
        column = columns[slot.column]
        title, room = clean(column.title), slot.width
        mark = marks.get(column.id, "")
        if len(title) + len(mark) > room and slot.x + room < width:
            room += len(mark[:1])
        if mark and room > len(mark):
            title = fit(title, room - len(mark), "left", "end", glyphs.ellipsis).rstrip() + mark
        texts.append(fit(title, room, column.align, "end", glyphs.ellipsis))
        end = slot.x + room
        if end < width and room == slot.width:
            texts.append(" ")
            end += 1
    text = "".join(texts) + " " * max(0, width - end)
    if beyond[0] and width > GUTTER:
        text = " " + glyphs.before + text[GUTTER:]
    if beyond[1] and width > GUTTER:
        text = (text[:-1] if text.endswith(" ") else fit(text, width - 1, "left", "end", " ")) + glyphs.more
    return Strip([Segment(text, palette.header)], width)


def draw_blank(palette: GridStyles, width: int) -> Strip:
    """Draw an empty line."""
    return Strip.blank(width, palette.base)


def draw_sentence(text: str, palette: GridStyles, glyphs: Glyphs, width: int) -> Strip:
    """Draw ``text`` in the middle of a line."""
    room = max(0, width - 2)
    shown = fit(text, room, "left", "end", glyphs.ellipsis).strip() if room else ""
    left = (width - Segment(shown).cell_length) // 2
    line = PaintedLine(palette.base)
    line.add(" " * left, palette.base)
    line.add(shown, palette.empty)
    line.add(" " * (width - left - Segment(shown).cell_length), palette.base)
    return line.strip(width)
