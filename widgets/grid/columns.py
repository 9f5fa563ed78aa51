"""Cells and columns of a grid, and the layout: how wide each column becomes.

Pure: no widget, no terminal. A layout is made once per width, column set and growth of a number;
it never looks at rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from widgets.grid.text import Align, Cut, tail_of, width_of

GUTTER: Final = 2
"""Cells at the left of a row: the cursor's mark and the selection's."""
FLOOR: Final = 8
"""The width that a flexible column keeps when the others need room, unless it needs more to be read."""
PEEK: Final = 6
"""A text column is in sight with at least so many cells of it, or not at all."""
WIDEST: Final = 32
"""A column that widens for its cells does so up to here; beyond, a number shows ``####``."""


class Cell(NamedTuple):
    """A cell's text and the name of its style, which the grid resolves."""

    text: str
    style: str = ""


EMPTY_CELL: Final = Cell("")


class GridColumn(NamedTuple):
    """A column: ``width`` in terminal cells is what it wants.

    A ``flexible`` column takes the spare width, and gives way down to its ``least`` when others need it (less
    if it asked for less). ``cut`` says where
    a text too long loses its middle: at the end, in the middle (codes), at the end once its column is as
    wide as any may be (``last``: states), or never (numbers, which show ``####`` instead). The last two
    widen their column for their cells; a ``snug`` text takes no more than its cells need, but ``least``.
    Numbers aligned at the ``point`` have their units under each other.
    Where not all columns fit, those of the smallest ``rank`` are in sight first; among equals those that
    stand first. One that is ``brief_of`` others stands in place of all of them where they do not fit.
    ``tip`` says what it is.
    """

    id: str
    title: str
    width: int
    align: Align = "left"
    flexible: bool = False
    cut: Cut = "end"
    rank: int = 0
    least: int = FLOOR
    snug: bool = False
    brief_of: tuple[str, ...] = ()
    tip: str = ""

    @property
    def widens(self) -> bool:
        """Whether it widens for its cells, and is in sight as a whole or not at all."""
        return self.cut in ("last", "never")


class Slot(NamedTuple):
    """A column's place on the screen: its number, its left edge, and the cells of it that are in sight.

    ``tail`` are the cells behind the units of its numbers, where they are aligned at the point.
    """

    column: int
    x: int
    width: int
    tail: int = 0


class Need:
    """The widest texts seen so far in a column: it grows and never shrinks, so that columns stay in place.

    The grid counts anew until somebody moves in it, and for another width of the screen. A text may take up
    to twice what its column wants, where there is room.
    """

    __slots__ = ("_head", "_most", "_on_point", "enough", "tail")

    def __init__(self, column: GridColumn) -> None:
        self._on_point = column.align == "point"
        most = max(column.width, min(2 * column.width, WIDEST)) if column.snug else 0
        self._most = WIDEST if column.widens else most
        self._head = self.tail = 0
        self.enough = -1 if self._on_point else 0
        """Plain texts of so many letters need no more than is known; -1 where that is not said by letters."""

    @property
    def width(self) -> int:
        """The cells that the texts seen need, as far as the column follows them."""
        return min(self._head + self.tail, self._most)

    def add(self, text: str) -> None:
        """Count the text of a cell."""
        if not self._most:
            self.enough = len(text)
            return
        width = width_of(text)
        tail = min(tail_of(text), WIDEST) if self._on_point else 0
        if tail > self.tail:
            self.tail = tail
        if width - tail > self._head:
            self._head = width - tail
            if not self._on_point:
                self.enough = width


class Layout(NamedTuple):
    """The width of every column, in which ``order`` they stand, and where at each sideways position.

    ``whole`` are the columns that are in sight as a whole or not at all: half a number tells a lie.
    ``tails`` are the cells behind the units of each column's numbers.
    """

    widths: tuple[int, ...]
    order: tuple[int, ...]
    viewport: int
    frozen: int
    whole: frozenset[int] = frozenset()
    tails: tuple[int, ...] = ()

    @property
    def furthest(self) -> int:
        """The number of columns that may be scrolled out at the left until the last one is in sight."""
        widths = [self.widths[index] for index in self.order]
        movable = widths[self.frozen :]
        room = self.viewport - GUTTER - sum(width + 1 for width in widths[: self.frozen])
        for hidden in range(len(movable)):
            if sum(width + 1 for width in movable[hidden:]) <= room + 1:
                return hidden
        return max(0, len(movable) - 1)

    def slots(self, hidden: int) -> tuple[Slot, ...]:
        """Return the columns in sight when ``hidden`` of those that move are scrolled out."""
        slots: list[Slot] = []
        x = GUTTER
        for index in (*self.order[: self.frozen], *self.order[self.frozen + hidden :]):
            width = min(self.widths[index], self.viewport - x)
            part = width < self.widths[index]
            if width <= 0 or (slots and part and (index in self.whole or width < PEEK)):
                break
            slots.append(Slot(index, x, width, self.tails[index] if self.tails else 0))
            x += width + 1
        return tuple(slots)

    def goes_on(self, slots: Sequence[Slot]) -> bool:
        """Return whether there is more to see at the right of these columns."""
        if not slots:
            return False
        last = slots[-1]
        return last.column != self.order[-1] or last.width < self.widths[last.column]


def lay_out(
    columns: Sequence[GridColumn],
    needs: Sequence[int],
    viewport: int,
    frozen: int,
    tails: Sequence[int] = (),
) -> Layout:
    """Share ``viewport`` cells between ``columns``, each with a blank behind it for its mark.

    ``needs`` is the widest text seen so far in each column (0 while there was none), ``tails`` what of it is
    behind the units. The columns that fit stand first, in their own order, and behind them the others,
    which are reached sideways. The first ``frozen`` columns stay in place while the others scroll, unless
    they would take more than half of the room; codes among them are short where the columns of the smallest
    rank would not fit beside them.
    """
    wanted = [_wanted(column, need) for column, need in zip(columns, needs, strict=True)]
    widths = [
        min(width, column.least) if column.flexible else width
        for column, width in zip(columns, wanted, strict=True)
    ]
    room = viewport - GUTTER
    if _too_wide(columns, widths, frozen, room):
        for index in range(frozen):
            if columns[index].cut == "middle":
                widths[index] = wanted[index] = min(widths[index], max(PEEK, len(columns[index].title)))
    first = _first(columns, widths, wanted, room, frozen, _absent(columns, widths, wanted, room, frozen))
    chosen = set(first)
    rest = [index for index in range(len(columns)) if index not in chosen]
    for index in rest:
        widths[index] = wanted[index]
    _share(
        columns,
        widths,
        wanted,
        needs,
        first,
        room - _taken(widths, first),
    )
    while frozen and GUTTER + sum(width + 1 for width in widths[:frozen]) > viewport // 2:
        frozen -= 1
    whole = frozenset(index for index, column in enumerate(columns) if column.widens)
    return Layout(tuple(widths), (*first, *rest), viewport, frozen, whole, tuple(tails))


def _too_wide(columns: Sequence[GridColumn], least: Sequence[int], frozen: int, room: int) -> bool:
    """Return whether the columns of the smallest rank do not fit beside the frozen ones.

    Where none has a rank, they stand as the reader wants them.
    """
    movable = [index for index in range(frozen, len(columns)) if not columns[index].brief_of]
    foremost = min((columns[index].rank for index in movable), default=0)
    alike = (index for index in movable if columns[index].rank == foremost)
    return foremost > 0 and _taken(least, (*range(min(frozen, len(columns))), *alike)) > room


def _wanted(column: GridColumn, need: int) -> int:
    if column.widens:
        return max(column.width, min(need, WIDEST), 1)
    return max(min(column.width, max(need, column.least)) if column.snug and need else column.width, 1)


def _absent(
    columns: Sequence[GridColumn], least: Sequence[int], wanted: Sequence[int], room: int, frozen: int
) -> frozenset[str]:
    """Return the columns that do not come in sight at first: the brief ones, or those they stand for."""
    brief = frozenset(column.id for column in columns if column.brief_of)
    if not brief:
        return brief
    first = {columns[index].id for index in _first(columns, least, wanted, room, frozen, brief)}
    for column in columns:
        if column.brief_of and not first.issuperset(column.brief_of):
            brief = (brief - {column.id}) | {*column.brief_of}
    return brief


def _taken(widths: Sequence[int], chosen: Sequence[int]) -> int:
    return sum(widths[index] + 1 for index in chosen)


def _first(
    columns: Sequence[GridColumn],
    least: Sequence[int],
    wanted: Sequence[int],
    room: int,
    frozen: int,
    absent: frozenset[str],
) -> list[int]:
    """Return the columns that fit, in their own order: frozen ones, then by rank, none that are ``absent``.

    A column comes in sight once those of a smaller rank have the width they want. Behind one that does not
    fit none of its rank is tried: equal ones stand as they are declared.
    """
    movable = (index for index in range(frozen, len(columns)) if columns[index].id not in absent)
    ranked = sorted(movable, key=lambda index: (columns[index].rank, index))
    chosen = list(range(min(frozen, len(columns))))
    for _, alike in groupby(ranked, key=lambda index: columns[index].rank):
        left = room - _taken(wanted, chosen)
        for index in alike:
            left -= least[index] + 1
            if left < 0:
                break
            chosen.append(index)
    return sorted(chosen)


def _share(
    columns: Sequence[GridColumn],
    widths: list[int],
    wanted: Sequence[int],
    needs: Sequence[int],
    shown: Sequence[int],
    spare: int,
) -> None:
    """Give the spare width to columns: what flexible ones want, what snug ones need, the rest to texts.

    A code is not easier to read for more room than it needs.
    """
    flexible = [index for index in shown if columns[index].flexible]
    snug = [index for index in shown if columns[index].snug]
    texts = [index for index in flexible if columns[index].cut != "middle"]
    for taking, limits in ((flexible, wanted), (snug, needs), (texts, None)):
        taking = [index for index in taking if limits is None or widths[index] < limits[index]]
        while spare > 0 and taking:
            narrowest = min(taking, key=lambda index: (widths[index] - wanted[index], index))
            widths[narrowest] += 1
            spare -= 1
            if limits is not None and widths[narrowest] >= limits[narrowest]:
                taking.remove(narrowest)
