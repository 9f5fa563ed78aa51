"""Writes the difference of two frames: moves, changes of pen and text, as few bytes as it can find.

Everything here starts with the pen after a reset and leaves it so; it never relies on where the cursor is.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

from tui.thinwire.frame import UNKNOWN, Frame
from tui.thinwire.pens import DEFAULT, Pens
from tui.thinwire.strips import TAIL

_GAP: Final = 8
"""No more than so many cells that are alike are drawn again instead of moving over them."""
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
    spans = _spans(shown, wanted, y)
    if not spans:
        return ""
    text, drawn = wanted.text[y], wanted.pens[y]
    parts: list[str] = []
    pen, at, sure = DEFAULT, -1, True
    for start, end in spans:
        if at >= 0:
            gap = _across(text, drawn, at, start, pen, pens)
            jump = _along(at, start, sure) + pens.change(pen, drawn[start])
            if gap is not None and len(gap) + len(pens.change(drawn[start - 1], drawn[start])) <= len(jump):
                parts.append(gap)
                pen = drawn[start - 1]
            else:
                parts.append(_along(at, start, sure))
        else:
            parts.append(place(y, start))
        pen = _draw(text, drawn, start, end, pen, pens, parts)
        sure = sure and text[start:end].isascii()
        at = end
    parts.append(pens.change(pen, DEFAULT))
    return "".join(parts)


def _spans(shown: Frame, wanted: Frame, y: int) -> list[tuple[int, int]]:
    """Give the stretches of a row that differ, from and to, wide characters whole."""
    old, new, before, after = shown.text[y], wanted.text[y], shown.pens[y], wanted.pens[y]
    if old == new and before == after:
        return []
    spans: list[tuple[int, int]] = []
    start, end = 0, -1
    for x in range(wanted.columns):
        if x >= end and (old[x] != new[x] or before[x] != after[x]) and new[x] != UNKNOWN:
            if x > end:
                if end >= 0:
                    spans.append((start, end))
                start = x - 1 if new[x] == TAIL else x
            end = x + 1
            if end < wanted.columns and new[end] == TAIL:
                end += 1
    if end >= 0:
        spans.append((start, end))
    return spans


def _draw(text: str, drawn: str, start: int, end: int, pen: str, pens: Pens, parts: list[str]) -> str:
    """Add the cells from ``start`` to ``end`` to ``parts`` and give the pen that drew the last."""
    while start < end:
        pen, old = drawn[start], pen
        parts.append(pens.change(old, pen))
        stop = end
        rest = drawn[start:end].lstrip(pen)
        if rest:
            stop = end - len(rest)
        parts.append(text[start:stop].replace(TAIL, ""))
        start = stop
    return pen


def _across(text: str, drawn: str, start: int, end: int, pen: str, pens: Pens) -> str | None:
    """Give what draws the cells between two stretches again; None when it cannot or should not be done."""
    between = text[start:end]
    if end - start > _GAP or UNKNOWN in between or TAIL in text[start : end + 1]:
        return None
    parts: list[str] = []
    _draw(text, drawn, start, end, pen, pens, parts)
    return "".join(parts)


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
