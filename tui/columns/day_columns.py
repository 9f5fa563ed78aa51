"""The columns of the sheet of a day, for the screen and for files."""

from __future__ import annotations

from decimal import Decimal, getcontext
from typing import Any, Final

from tui.api.side_families import family_typed
from tui.columns.column import Column
from tui.columns.factories import plain, quantity, quantity_text
from tui.columns.format import DisplayContext, side_role
from tui.service.day_sheet.day_report import Dimension, Figure, SheetLine
from tui.service.numbers import average, number, sum_text
from tui.service.sides import side_direction
from tui.service.snapshot.snapshot import Snapshot

ALL: Final = "all"
"""Stands in place of an instrument in a line that sums up several."""


def _what(snapshot: Snapshot, line: SheetLine) -> str:
    if line.key.dimension is Dimension.USER:
        return line.key.side
    return line.key.instrument or ALL


def _what_drawn(snapshot: Snapshot, line: SheetLine, context: DisplayContext) -> str:
    return f"  {line.key.instrument}" if line.is_part else _what(snapshot, line)


def _name_drawn(snapshot: Snapshot, line: SheetLine, context: DisplayContext) -> str:
    return "" if line.is_part else f"{line.key.name} (you)" if line.is_own else line.key.name


def _side(snapshot: Snapshot, line: SheetLine) -> str:
    return "" if line.key.dimension is Dimension.USER else line.key.side


def _role_of_side(snapshot: Snapshot, line: SheetLine) -> str:
    side = _side(snapshot, line)
    family = family_typed(side)
    return side_role(family.direction if family else side_direction(snapshot, side))


def _average(snapshot: Snapshot, line: SheetLine, context: DisplayContext) -> str:
    return "" if line.average is None else average(line.average, line.key.currency)


def _money(figure: Figure, title: str, help: str) -> Column:
    """Return the column of a figure: money of the line's currency, without hundredths on the screen."""

    def drawn(snapshot: Snapshot, line: SheetLine, context: DisplayContext) -> str:
        found = line.money.get(figure)
        return "" if found is None else sum_text(found, "")

    return Column(
        figure.value,
        title,
        help,
        lambda snapshot, line: _plain(line.money.get(figure)),
        quantity_text,
        8,
        "point",
        "never",
        drawn=drawn,
        role=(lambda snapshot, line: "bad" if line.rejects else "") if figure is Figure.REJECTED else None,
    )


def _plain(value: Decimal | None) -> Decimal | None:
    """Return a number without zeros at the end of its fraction; a very large one stays as it is.

    >>> _plain(Decimal("1E+3")), _plain(Decimal("2.50")), _plain(Decimal("1E+99"))
    (Decimal('1000'), Decimal('2.5'), Decimal('1E+99'))
    """
    if value is None or value.adjusted() >= getcontext().prec:
        return value
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _count(value: Any, context: DisplayContext) -> str:
    return number(value) if value else ""


DAY_COLUMNS: Final = (
    plain("of", "Of", "What the line is about", 9, lambda s, line: line.key.dimension.value).ranked(1),
    Column(
        "name",
        "Name",
        "The currency, portfolio, broker or user",
        lambda s, line: line.key.name,
        lambda value, context: str(value),
        12,
        cut="middle",
        flexible=True,
        drawn=_name_drawn,
        rank=1,
    ),
    Column(
        "what",
        "What",
        "The instrument, all of them, or what a user did",
        _what,
        lambda value, context: str(value),
        10,
        flexible=True,
        drawn=_what_drawn,
        rank=1,
    ),
    plain("side", "Side", "Buy or sell", 5, _side, role=_role_of_side).ranked(1),
    plain("currency", "Ccy", "The currency of its money", 3, lambda s, line: line.key.currency).ranked(1),
    _money(Figure.TRADED, "Traded", "Filled that day; of a portfolio, allocated to it that day").ranked(1),
    _money(
        Figure.LEFT,
        "Left open",
        "Of a currency what blocks have not filled, of a broker what it may still fill, of a portfolio what "
        "is not allocated",
    ).ranked(1),
    _money(Figure.UNALLOCATED, "Unalloc", "Fills that no portfolio was given").ranked(2),
    _money(Figure.UNBOOKED, "Unbooked", "Allocations that are not booked").ranked(2),
    _money(Figure.REJECTED, "Rejected", "Placements that were rejected that day").ranked(3),
    Column(
        "count",
        "Count",
        "Fills traded, allocations of a portfolio, rows of a user",
        lambda s, line: line.count,
        _count,
        5,
        "point",
        "never",
        rank=3,
    ),
    quantity("units", "Units", "Units traded", lambda s, line: _plain(line.units), total="").ranked(3),
    Column(
        "average",
        "Average",
        "The average price of what was traded",
        lambda s, line: _plain(line.average),
        quantity_text,
        7,
        "point",
        "never",
        drawn=_average,
        rank=2,
    ),
    Column(
        "rejects",
        "Rejects",
        "How many placements were rejected that day",
        lambda s, line: line.rejects,
        _count,
        4,
        "point",
        "never",
        rank=4,
    ),
    Column(
        "unknown",
        "Unknown",
        "Rows whose money nobody can tell: the sums lack them",
        lambda s, line: line.unknown,
        _count,
        4,
        "point",
        "never",
        role=lambda s, line: "attention",
        rank=4,
    ),
    plain(
        "part",
        "Part",
        "Part of the sum above it; not to be added to it",
        4,
        lambda s, line: "part" if line.is_part else "",
    ).ranked(5),
)
"""The columns of a sheet, in their order."""
