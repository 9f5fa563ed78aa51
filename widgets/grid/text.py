"""Fitting a text into a number of terminal cells: cleaned, measured by display width, cut as told.

Text that reaches a grid may come from anywhere. Whatever cleaned it before, it is cleaned again
here, because a control character in a cell would act on the terminal.
"""

from __future__ import annotations

from typing import Final, Literal

from rich.cells import cell_len

from tui.api.sanitize import clean
from widgets.whole_numbers import end_before_number

Align = Literal["left", "right", "point"]
Cut = Literal["end", "middle", "last", "never"]

_LONGEST: Final = 512
"""The characters of a text that are looked at, at most: more than any cell shows."""


def width_of(text: str) -> int:
    """Return the terminal cells that ``text`` takes once it is clean."""
    if text.isascii():
        return len(text)
    return cell_len(clean(text))


def tail_of(text: str) -> int:
    """Return the cells of a number behind its units: its fraction, and what it counts.

    >>> tail_of("10.75"), tail_of("1,500,000 USD"), tail_of("12,000")
    (3, 4, 0)
    """
    at = text.find(".")
    if at < 0:
        at = text.find(" ")
    return len(text) - at if at >= 0 else 0


def fit(
    text: str, width: int, align: Align = "left", cut: Cut = "end", ellipsis: str = "…", tail: int = 0
) -> str:
    """Return ``text`` in exactly ``width`` terminal cells, padded on the side away from ``align``.

    Aligned at the point, a number has ``tail`` cells behind its units, where there is room for them.
    A text too wide is shortened with ``ellipsis`` at the end or in the middle; where it must never be
    cut, the cells are filled with ``#`` instead, so that no part of a number is taken for the whole.
    """
    if text.isascii() and text.isprintable():
        size = len(text)
    else:
        text = clean(text[:_LONGEST])
        size = cell_len(text)
    if size > width:
        text = "#" * width if cut == "never" else _shorten(text, width, cut, ellipsis)
        size = cell_len(text)
    if align == "left":
        return text + " " * (width - size)
    behind = min(tail - tail_of(text), width - size) if tail and size else 0
    return " " * (width - size - max(0, behind)) + text + " " * behind


def _shorten(text: str, width: int, cut: Cut, ellipsis: str) -> str:
    """Return the part of ``text`` that fits into ``width`` with the ellipsis; at times it is shorter.

    One cell is left by a wide character, and more where a number would have lost its end.
    """
    if width <= 1:
        return ellipsis[:width]
    room = width - 1
    tail = room // 2 if cut == "middle" else 0
    head = _head(text, room - tail)
    if not tail:
        return head[: end_before_number(text, len(head))] + ellipsis
    return head + ellipsis + _tail(text, tail)


def _head(text: str, width: int) -> str:
    end = min(len(text), width)
    while end < len(text) and cell_len(text[: end + 1]) <= width:
        end += 1
    while cell_len(text[:end]) > width:
        end -= 1
    return text[:end]


def _tail(text: str, width: int) -> str:
    start = max(0, len(text) - width)
    while cell_len(text[start:]) > width:
        start += 1
    while start < len(text) and start > 0 and cell_len(text[start]) == 0:
        start += 1
    return text[start:]
