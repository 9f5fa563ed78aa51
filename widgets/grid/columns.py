"""Cells and columns of a grid, and the layout: how wide each column becomes.

Pure: no widget, no terminal. A layout is made once per width, column set and growth of a number;
it never looks at rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Align = Literal["left", "right"]
Cut = Literal["end", "middle", "never"]

GUTTER: Final = 2
"""Cells at the left of a row: the cursor's mark and the selection's."""
FLOOR: Final = 8
"""The width a flexible column keeps when the others need room (less if it asked for less)."""
PEEK: Final = 6
"""A text column is in sight with at least so many cells of it, or not at all."""
WIDEST_NUMBER: Final = 32
"""A column that is never cut widens for its cells up to here; beyond, the cell shows ``####``."""


class Cell(NamedTuple):
    """A cell's text and the name of its style, which the grid resolves."""

    text: str
    style: str = ""


EMPTY_CELL: Final = Cell("")


class GridColumn(NamedTuple):
    """A column: ``width`` in terminal cells is what it wants.

    A ``flexible`` column takes the spare width, and gives way when all columns then fit. ``cut`` says where
    a text too long loses its middle: at the end, in the middle (codes), or never (numbers, which
    widen their column and show ``####`` where they cannot).
    """

    id: str
    title: str
    width: int
    align: Align = "left"
    flexible: bool = False
    cut: Cut = "end"


class Slot(NamedTuple):
    """A column's place on the screen: its number, its left edge, and the cells of it that are in sight."""

    column: int
    x: int
    width: int


class Layout(NamedTuple):
    """The width of every column, and where they stand at each sideways position.

    ``whole`` are the columns that are in sight as a whole or not at all: half a number tells a lie.
    """

    widths: tuple[int, ...]
    viewport: int
    frozen: int
    whole: frozenset[int] = frozenset()

    @property
    def furthest(self) -> int:
        """The number of columns that may be scrolled out at the left until the last one is in sight."""
        movable = self.widths[self.frozen :]
        room = self.viewport - GUTTER - sum(width + 1 for width in self.widths[: self.frozen])
        for hidden in range(len(movable)):
            if sum(width + 1 for width in movable[hidden:]) <= room + 1:
                return hidden
        return max(0, len(movable) - 1)

    def slots(self, hidden: int) -> tuple[Slot, ...]:
        """Return the columns in sight when ``hidden`` of those that move are scrolled out."""
        slots: list[Slot] = []
        x = GUTTER
        for index in (*range(self.frozen), *range(self.frozen + hidden, len(self.widths))):
            width = min(self.widths[index], self.viewport - x)
            part = width < self.widths[index]
            if width <= 0 or (slots and part and (index in self.whole or width < PEEK)):
                break
            slots.append(Slot(index, x, width))
            x += width + 1
        return tuple(slots)


def lay_out(columns: Sequence[GridColumn], needs: Sequence[int], viewport: int, frozen: int) -> Layout:
    """Share ``viewport`` cells between ``columns``, each with a blank behind it for its mark.

    ``needs`` is the widest text seen so far in each column that is never cut (0 for the others).
    The first ``frozen`` columns stay in place while the others scroll, unless they would take more
    than half of the room.
    """
    widths = [
        max(column.width, min(need, WIDEST_NUMBER), 1) for column, need in zip(columns, needs, strict=True)
    ]
    flexible = [index for index, column in enumerate(columns) if column.flexible]
    spare = viewport - GUTTER - sum(width + 1 for width in widths)
    if spare > 0 and flexible:
        share, rest = divmod(spare, len(flexible))
        for place, index in enumerate(flexible):
            widths[index] += share + (place < rest)
    while spare < 0 and _gives(widths, flexible) >= -spare:
        widest = max(flexible, key=lambda index: widths[index])
        widths[widest] -= 1
        spare += 1
    while frozen and GUTTER + sum(width + 1 for width in widths[:frozen]) > viewport // 2:
        frozen -= 1
    whole = frozenset(index for index, column in enumerate(columns) if column.cut == "never")
    return Layout(tuple(widths), viewport, frozen, whole)


def _gives(widths: Sequence[int], flexible: Sequence[int]) -> int:
    """Return how many cells the flexible columns can do without.

    When that is not enough to have all columns in sight, they keep their width: readers scroll anyway.
    """
    return sum(max(0, widths[index] - FLOOR) for index in flexible)
