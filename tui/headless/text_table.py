"""A table for people: cells beside each other, in widths that its first rows need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final
from unicodedata import category, east_asian_width

from msgspec import Struct

from tui.api.sanitize import clean
from tui.columns.column import Column

MEASURED: Final = 500
"""Rows that widths are measured by: a longer cell of a later row is written whole, and moves those behind."""
GAP: Final = "  "


class _Width(Struct):
    """The cells of a column: how many for its text, of that for the digits behind a decimal point."""

    text: int
    behind: int = 0


def table_lines(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], zone: str, *, capped: bool = False
) -> Iterator[str]:
    """Yield a line of titles, then a line for each row; no cell is cut. Titles of times name the ``zone``.

    In ``capped`` columns of text a few long cells widen none: they move what is behind them in their line.
    """
    titles = [clean(column.heading(zone)) for column in columns]
    cleaned = ([clean(cell) for cell in row] for row in rows)
    first = list(islice(cleaned, MEASURED))
    cells = _columns_of(first, len(columns))
    widths = [_measured(*each, capped) for each in zip(columns, titles, cells, strict=True)]
    yield GAP.join(_beside(*each) for each in zip(columns, widths, titles, strict=True)).rstrip()
    for row in chain(first, cleaned):
        yield GAP.join(_placed(*each) for each in zip(columns, widths, row, strict=True)).rstrip()


def drawn_widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], zone: str) -> list[int]:
    """Return how wide each column of a table of these rows is, its long cells left aside."""
    titles = [clean(column.heading(zone)) for column in columns]
    cells = _columns_of([[clean(cell) for cell in row] for row in rows], len(columns))
    return [_measured(*each, True).text for each in zip(columns, titles, cells, strict=True)]


def fitting(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int]:
    """Return the places of the columns that have room beside each other, those of the smallest rank first.

    One that is brief of others stands in their place where not all of them have room.
    """
    found: list[int] = []
    left = room + len(GAP)
    for place in sorted(range(len(columns)), key=lambda place: (columns[place].rank, place)):
        if widths[place] + len(GAP) > left and found:
            continue
        left -= widths[place] + len(GAP)
        found.append(place)
    shown = {columns[place].id for place in found}
    for place in found:
        longer = set(columns[place].brief_of)
        shown -= {columns[place].id} if longer and longer <= shown else longer
    return sorted(place for place in found if columns[place].id in shown)


def _columns_of(rows: Sequence[Sequence[str]], count: int) -> list[tuple[str, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * count


def _measured(column: Column, title: str, cells: Iterable[str], capped: bool) -> _Width:
    if column.align != "point":
        widest = max(map(width_of, (title, *cells)))
        most = max(len(title), 2 * column.width) if capped and column.cut != "never" else widest
        return _Width(min(widest, most))
    parts = [cell.partition(".") for cell in cells]
    behind = max((width_of(f"{point}{digits}") for _, point, digits in parts), default=0)
    before = max((width_of(whole) for whole, _, _ in parts), default=0)
    return _Width(max(width_of(title), before + behind), behind)


def _placed(column: Column, width: _Width, cell: str) -> str:
    """Return a cell in its place; numbers stand with their points above each other."""
    if column.align == "point" and cell:
        _, point, digits = cell.partition(".")
        cell = f"{cell}{' ' * (width.behind - width_of(f'{point}{digits}'))}"
    return _beside(column, width, cell)


def _beside(column: Column, width: _Width, text: str) -> str:
    room = " " * (width.text - width_of(text))
    return f"{text}{room}" if column.align == "left" else f"{room}{text}"


def width_of(text: str) -> int:
    """Return how many cells of a terminal a clean text takes.

    >>> width_of("VOD"), width_of("東京"), width_of("e" + chr(0x301))
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if category(each) in ("Mn", "Me") else 2 if east_asian_width(each) in "WF" else 1 for each in text
    )
