"""Writes the difference of two frames as cursor movements, changes of style and text, in few bytes.

Each sequence of a row relies on no position of the cursor. :func:`row_difference` starts with the style after
a reset and ends with it; :func:`row_change` goes on in the style of the row before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from tui.thinwire.cell_styles import DEFAULT, UNKNOWN, StyleTable
from tui.thinwire.frame import Frame
from tui.thinwire.runs import TAIL

_BLANKS: Final = re.compile(" {4,}")
"""Fewer blanks are never erased in fewer bytes than they are drawn in."""
_HOLE: Final = re.compile(" {9,}")
"""Fewer blanks with others behind them are not."""
_RUN: Final = re.compile(r"(.)\1*", re.DOTALL)
_MIN_MOVED_ROWS: Final = 3
"""Scrolling is tried when so many rows are found elsewhere on the screen."""


class Scroll(NamedTuple):
    """Rows that moved together: from ``top`` to ``bottom``, up by ``by`` rows or down when negative."""

    top: int
    bottom: int
    by: int

    def sequence(self) -> str:
        """Return the sequences: set margins, delete or insert rows, reset margins."""
        move = f"\x1b[{self.by}M" if self.by > 0 else f"\x1b[{-self.by}L"
        return f"\x1b[{self.top + 1};{self.bottom + 1}r{cursor_to(self.top, 0)}{move}\x1b[r"


def cursor_to(y: int, x: int) -> str:
    """Return what moves the cursor to row ``y`` and column ``x``, both counted from 0."""
    if x:
        return f"\x1b[{y + 1};{x + 1}H"
    return f"\x1b[{y + 1}H" if y else "\x1b[H"


def row_difference(shown: Frame, wanted: Frame, y: int, styles: StyleTable, *, erases: bool = False) -> str:
    """Return what turns row ``y`` of ``shown`` into that of ``wanted``; cells unknown in ``wanted`` stay."""
    text, style = row_change(shown, wanted, y, styles, DEFAULT, erases=erases)
    return text + styles.change(style, DEFAULT)


def row_change(
    shown: Frame, wanted: Frame, y: int, styles: StyleTable, style: str, *, erases: bool = False
) -> tuple[str, str]:
    """Return what turns row ``y`` of ``shown`` into that of ``wanted``, begun in ``style``, and the style it
    leaves: the next row goes on in it, so that a painted background is not said again for every row.

    With ``erases`` long runs of blanks are erased: the terminal gives erased cells the background.
    """
    text, drawn, old, before = wanted.text[y], wanted.styles[y], shown.text[y], shown.styles[y]
    if old == text and before == drawn:
        return "", style
    wide = TAIL in text
    mask = "".join(map(_changed_style, old, text, before, drawn))
    if wide:
        mask = _with_both_halves(text, drawn, mask)
    if erases:
        mask = _with_whole_holes(text, drawn, mask, styles)
    parts: list[str] = []
    at, sure = -1, True
    for run in _RUN.finditer(mask):
        if run[1] == UNKNOWN:
            continue
        for start, end, blank in _pieces(text, *run.span(), erases and styles.is_ground(run[1])):
            if at < 0:
                parts.append(cursor_to(y, start))
            elif start != at:
                move = _move_along(at, start, sure)
                if _redraws_cheaper(text, drawn, at, start, style, styles, len(move) - (not sure)):
                    style = _draw_cells(text, drawn, at, start, style, styles, parts)
                else:
                    parts.append(move)
                    sure = True
            cells, following = text[start:end], mask[end : end + 1]
            parts.append(styles.change(style, style := _drawn_in(style, run[1], cells, styles, following)))
            at = end
            if blank and (erasure := _erasure(start, end, len(text), sure, drawn_on=following)):
                parts.append(erasure)
                at, sure = start, True
                continue
            if not cells.isascii():
                sure = False
            parts.append(cells.replace(TAIL, "") if wide else cells)
    return "".join(parts), style


def _pieces(text: str, start: int, end: int, erases: bool) -> Iterator[tuple[int, int, bool]]:
    """Yield the pieces of a run from ``start`` to ``end``, and whether each is blanks that may be erased."""
    at = start
    for blanks in _BLANKS.finditer(text, start, end) if erases else ():
        if at < blanks.start():
            yield at, blanks.start(), False
        yield blanks.start(), blanks.end(), True
        at = blanks.end()
    if at < end:
        yield at, end, False


def _erasure(start: int, end: int, columns: int, sure: bool, *, drawn_on: str) -> str:
    """Return what erases the blanks from ``start`` to ``end``; nothing where drawing them is no longer.

    ``sure`` says that the cursor certainly stands at ``start``, ``drawn_on`` is the style of the cell at
    ``end`` if that is drawn next: then the cursor is moved there.
    """
    place = "" if sure else _to_column(start)
    if end == columns:
        erasure, move = f"{place}\x1b[K", ""
    else:
        erasure, move = f"{place}\x1b[{end - start}X", _move_along(start, end, sure=True)
    cost = len(erasure) + (len(move) if drawn_on != UNKNOWN else 0)
    return erasure if cost < end - start else ""


def _changed_style(old: str, new: str, before: str, style: str) -> str:
    """Return the style of a cell to draw; :data:`UNKNOWN` for a cell that stays."""
    return UNKNOWN if (old == new and before == style) or new == UNKNOWN else style


def _with_both_halves(text: str, drawn: str, marks: str) -> str:
    """Mark both cells of each wide character of which one is marked."""
    both = list(marks)
    for x in range(1, len(text)):
        if text[x] == TAIL and both[x - 1] != both[x]:
            both[x - 1] = both[x] = drawn[x]
    return "".join(both)


def _with_whole_holes(text: str, drawn: str, marks: str, styles: StyleTable) -> str:
    """Mark blanks that stay between blanks that are marked, on one background: one erasure takes them all."""
    for blanks in _HOLE.finditer(text):
        for run in _RUN.finditer(drawn, *blanks.span()):
            start, end = run.span()
            marked = marks[start:end].strip(UNKNOWN)
            if UNKNOWN in marked and styles.is_ground(run[1]):
                start += marks[start:end].index(marked)
                marks = f"{marks[:start]}{run[1] * len(marked)}{marks[start + len(marked) :]}"
    return marks


def _draw_cells(
    text: str, drawn: str, start: int, end: int, style: str, styles: StyleTable, parts: list[str]
) -> str:
    """Add the cells from ``start`` to ``end`` to ``parts``; return the style of the last."""
    for run in _RUN.finditer(drawn, start, end):
        cells = text[run.start() : run.end()]
        parts += (styles.change(style, style := _drawn_in(style, run[1], cells, styles, "")), cells)
    return style


def _drawn_in(style: str, wanted: str, cells: str, styles: StyleTable, following: str) -> str:
    """Return the style to draw ``cells`` of style ``wanted`` in.

    Blanks may stay in the style before them, or be drawn in the one that is changed to after them.
    """
    if style == wanted or cells.strip(" "):
        return wanted
    covers = (each for each in (style, following) if each.strip(UNKNOWN))
    return next((each for each in covers if styles.covers_blanks(each, wanted)), wanted)


def _redraws_cheaper(
    text: str, drawn: str, at: int, to: int, style: str, styles: StyleTable, most: int
) -> bool:
    """Return whether the cells from ``at`` to ``to`` are ``most`` and drawn again with no change of style."""
    if to - at > most:
        return False
    between = text[at:to]
    if not (between.isascii() and between.isprintable()):
        return False
    changed = [
        each
        for cell, each in zip(between, drawn[at:to], strict=True)
        if cell != " " or not styles.covers_blanks(style, each)
    ]
    return not "".join(changed).lstrip(style).lstrip(drawn[to])


def _move_along(at: int, to: int, sure: bool) -> str:
    """Return what moves the cursor along its row; ``sure`` says that it certainly stands at ``at``."""
    column = _to_column(to)
    if not sure:
        return column
    steps = f"\x1b[{to - at}C" if to - at > 1 else "\x1b[C"
    return min(steps, column, key=len)


def _to_column(x: int) -> str:
    """Return what moves the cursor to column ``x`` of its row, wherever in it it stands."""
    return f"\x1b[{x + 1}G"


def find_scroll(shown: Frame, wanted: Frame) -> Scroll | None:
    """Find rows of ``wanted`` that ``shown`` has higher or lower; None when there are too few."""
    differing = [
        y
        for y in range(wanted.lines)
        if shown.text[y] != wanted.text[y] or shown.styles[y] != wanted.styles[y]
    ]
    if len(differing) < _MIN_MOVED_ROWS:
        return None
    places = Counter(zip(shown.text, shown.styles, strict=True))
    stands = {
        cells: y for y, cells in enumerate(zip(shown.text, shown.styles, strict=True)) if places[cells] == 1
    }
    votes: Counter[int] = Counter()
    for y in differing:
        found = stands.get((wanted.text[y], wanted.styles[y]))
        if found is not None:
            votes[found - y] += 1
    if not votes:
        return None
    by, count = votes.most_common(1)[0]
    if count < _MIN_MOVED_ROWS:
        return None
    moved = [y for y in differing if stands.get((wanted.text[y], wanted.styles[y])) == y + by]
    top, bottom = moved[0] + min(by, 0), moved[-1] + max(by, 0)
    if any(UNKNOWN in wanted.text[y] for y in range(top, bottom + 1)):
        return None
    return Scroll(top, bottom, by)
