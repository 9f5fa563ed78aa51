"""Writes the difference of two frames: moves, changes of pen and text, as few bytes as it can find.

Everything here starts with the pen after a reset and leaves it so; it never relies on where the cursor is.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, NamedTuple

from tui.thinwire.cell_styles import DEFAULT, UNKNOWN, Pens
from tui.thinwire.frame import Frame
from tui.thinwire.runs import TAIL

_GAP: Final = 4
"""So many cells are drawn again in no more bytes than it takes to move over them."""
_RUN: Final = re.compile(r"(.)\1*", re.DOTALL)
_FEW: Final = 3
"""So many rows, found again elsewhere on the screen, are worth trying to scroll."""


class Scroll(NamedTuple):
    """Rows that moved together: from ``top`` to ``bottom``, up by ``by`` rows or down when negative."""

    top: int
    bottom: int
    by: int

    def text(self) -> str:
        """Give the sequences: margins, rows taken out at one end, margins as they were."""
        move = f"\x1b[{self.by}M" if self.by > 0 else f"\x1b[{-self.by}L"
        return f"\x1b[{self.top + 1};{self.bottom + 1}r{place(self.top, 0)}{move}\x1b[r"


def place(y: int, x: int) -> str:
    """Give what moves the cursor to row ``y`` and column ``x``, both from 0."""
    if x:
        return f"\x1b[{y + 1};{x + 1}H"
    return f"\x1b[{y + 1}H" if y else "\x1b[H"


def row(shown: Frame, wanted: Frame, y: int, pens: Pens) -> str:
    """Give what turns row ``y`` of ``shown`` into that of ``wanted``; what is unknown there stays."""
    text, drawn, old, before = wanted.text[y], wanted.pens[y], shown.text[y], shown.pens[y]
    if old == text and before == drawn:
        return ""
    wide = TAIL in text
    mask = map(_mark, old, text, before, drawn)
    parts: list[str] = []
    pen, at, sure = DEFAULT, -1, True
    for run in _RUN.finditer(_whole(text, drawn, "".join(mask)) if wide else "".join(mask)):
        if run[1] == UNKNOWN:
            continue
        start, end = run.span()
        if start != at:
            if at < 0:
                parts.append(place(y, start))
            elif _goes_on(text, drawn, at, start, pen):
                pen = _draw(text, drawn, at, start, pen, pens, parts)
            else:
                parts.append(_along(at, start, sure))
        if pen != run[1]:
            parts.append(pens.change(pen, run[1]))
            pen = run[1]
        cells = text[start:end]
        if not cells.isascii():
            sure = False
        parts.append(cells.replace(TAIL, "") if wide else cells)
        at = end
    parts.append(pens.change(pen, DEFAULT))
    return "".join(parts)


def _mark(old: str, new: str, before: str, pen: str) -> str:
    """Give the pen of a cell that is to be drawn; :data:`UNKNOWN` for one that stays."""
    return UNKNOWN if (old == new and before == pen) or new == UNKNOWN else pen


def _whole(text: str, drawn: str, marks: str) -> str:
    """Mark both cells of each wide character when one is marked."""
    both = list(marks)
    for x in range(1, len(text)):
        if text[x] == TAIL and both[x - 1] != both[x]:
            both[x - 1] = both[x] = drawn[x]
    return "".join(both)


def _draw(text: str, drawn: str, start: int, end: int, pen: str, pens: Pens, parts: list[str]) -> str:
    """Add the cells from ``start`` to ``end`` to ``parts`` and give the pen that drew the last."""
    for run in _RUN.finditer(drawn, start, end):
        parts.append(pens.change(pen, pen := run[1]))
        parts.append(text[run.start() : run.end()])
    return pen


def _goes_on(text: str, drawn: str, at: int, to: int, pen: str) -> bool:
    """Tell whether drawing the cells from ``at`` to ``to`` again is no longer than moving over them."""
    if to - at > _GAP:
        return False
    between = text[at:to]
    return between.isascii() and between.isprintable() and not drawn[at:to].lstrip(pen).lstrip(drawn[to])


def _along(at: int, to: int, sure: bool) -> str:
    """Give what moves the cursor along its row; ``sure`` tells whether it stands at ``at``."""
    column = f"\x1b[{to + 1}G"
    if not sure:
        return column
    steps = f"\x1b[{to - at}C" if to - at > 1 else "\x1b[C"
    return min(steps, column, key=len)


def find_scroll(shown: Frame, wanted: Frame) -> Scroll | None:
    """Find rows that stand whole in ``shown``, only higher or lower; None when there are few."""
    differing = [
        y for y in range(wanted.lines) if shown.text[y] != wanted.text[y] or shown.pens[y] != wanted.pens[y]
    ]
    if len(differing) < _FEW:
        return None
    places = Counter(zip(shown.text, shown.pens, strict=True))
    stands = {
        cells: y for y, cells in enumerate(zip(shown.text, shown.pens, strict=True)) if places[cells] == 1
    }
    votes: Counter[int] = Counter()
    for y in differing:
        found = stands.get((wanted.text[y], wanted.pens[y]))
        if found is not None:
            votes[found - y] += 1
    if not votes:
        return None
    by, count = votes.most_common(1)[0]
    if count < _FEW:
        return None
    moved = [y for y in differing if stands.get((wanted.text[y], wanted.pens[y])) == y + by]
    top, bottom = moved[0] + min(by, 0), moved[-1] + max(by, 0)
    if any(UNKNOWN in wanted.text[y] for y in range(top, bottom + 1)):
        return None
    return Scroll(top, bottom, by)
