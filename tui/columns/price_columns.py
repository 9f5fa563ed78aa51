"""Columns of prices, of money with its currency, of per cent and basis points."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from tui.api.base import CurrencyAndAmount
from tui.columns.column import Column, Getter
from tui.columns.factories import amount, currency, quantity_text
from tui.columns.format import DisplayContext
from tui.service.numbers import average, money_digits, number, price, sum_text
from tui.service.snapshot.snapshot import Snapshot
from tui.service.snapshot.worth import Worth, priced


def price_of(
    id: str, title: str, help: str, held: Callable[[Snapshot, Any], CurrencyAndAmount | None]
) -> Column:
    """Return a column of prices, each with the decimals of its currency."""

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        found = held(snapshot, row)
        return price(amount(found), currency(found))

    return Column(
        id,
        title,
        help,
        lambda s, row: amount(held(s, row)),
        quantity_text,
        6,
        "point",
        "never",
        drawn=drawn,
        made_of=held,
    )


def average_price(value: Getter, currency: Callable[[Snapshot, Any], str | None]) -> Column:
    """Return the column of the fills' average price."""

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        found = value(snapshot, row)
        if not isinstance(found, Decimal):
            return ""
        return average(found, currency(snapshot, row))

    return Column(
        "average",
        "Average",
        "Average price of the fills",
        value,
        quantity_text,
        7,
        "point",
        "never",
        drawn=drawn,
    )


def value_of(
    id: str,
    title: str,
    help: str,
    worth: Callable[[Snapshot, Any], Worth],
    written: Callable[[Decimal, str], str] = money_digits,
) -> Column:
    """Return a column of money with its currency, added up per side and currency in the pane's totals."""

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        found = priced(snapshot, worth(snapshot, row))
        return "" if found.value is None else written(found.value, found.currency)

    return Column(
        id,
        title,
        help,
        lambda s, row: priced(s, worth(s, row)).value,
        quantity_text,
        9,
        "point",
        "never",
        total="money",
        drawn=drawn,
        of_instrument=True,
        made_of=lambda s, row: priced(s, worth(s, row)),
        worth=worth,
    )


_LEAST_PER_CENT: Final = Decimal("0.05")
"""What would be rounded to no per cent is said to be less than a tenth."""


def notional(title: str, help: str, worth: Callable[[Snapshot, Any], Worth], id: str = "notional") -> Column:
    """Return a column of what is asked for in money; nobody reads the cents of that."""
    return value_of(id, title, help, worth, sum_text)


def percent(id: str, title: str, help: str, value: Getter) -> Column:
    """Return a column of percentages with one decimal."""
    return Column(id, title, help, value, _one_decimal, 6, "point", "never")


def basis_points(id: str, title: str, help: str, value: Getter) -> Column:
    """Return a column of basis points: one decimal, always with a sign but for zero."""
    return Column(id, title, help, value, _signed, 7, "point", "never")


def _one_decimal(value: Decimal | None, context: DisplayContext) -> str:
    return "<0.1" if value is not None and 0 < value <= _LEAST_PER_CENT else number(value, 1)


def _signed(value: Decimal | None, context: DisplayContext) -> str:
    text = number(value, 1)
    return f"+{text}" if value is not None and value > 0 else text
