"""Numbers between people and the program: read as people type them, written as people read them.

``50k``, ``1.5m``, ``2b`` and ``1,000`` are understood. A comma only ever groups thousands, never marks
decimals; a text that could be read in two ways is an error that says so.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

# Patterns are kept as texts: they are compiled when a number is first typed.
_NUMBER: Final = (
    r"(?a)(?P<sign>[+-]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+|)(?P<part>\.\d+|\.|)(?P<unit>[kmbKMB]?)"
)
_DECIMAL_COMMA: Final = r"(?a)[+-]?\d+,\d{1,2}"
_MISPLACED_COMMAS: Final = r"(?ai)[+-]?[\d,.]*,[\d,.]*[kmb]?"
_UNITS: Final = {"": 0, "k": 3, "m": 6, "b": 9}
_MOST_DIGITS: Final = 18
"""Decimal arithmetic keeps 28 digits: with 18 typed, a sum or a product of two stays exact enough."""


def parse_number(text: str, what: str = "Number") -> Decimal:
    """Read a number of either sign; ``what`` names it in the error.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    typed = text.strip()
    if not typed:
        raise ValueError(f"{what} is missing.")
    found = re.fullmatch(_NUMBER, typed)
    if found is None or not (found["whole"] or found["part"].strip(".")):
        raise ValueError(f"'{typed}' is not a {what.lower()}{_reason(typed)}")
    digits = found["whole"].replace(",", "") + found["part"].rstrip(".")
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"'{typed}' has more digits than any {what.lower()}.")
    number = Decimal(f"{found['sign']}{digits}")
    scale = _UNITS[found["unit"].lower()]
    return Decimal(f"{number.scaleb(scale):f}") if scale else number


def _reason(typed: str) -> str:
    if re.fullmatch(_DECIMAL_COMMA, typed):
        return ": a comma groups thousands, the decimal mark is a point."
    if re.fullmatch(_MISPLACED_COMMAS, typed):
        return ": its commas do not group thousands."
    return ". Type it like 1,000 or 50k or 1.5m."


def has_number_commas(text: str) -> bool:
    """Return whether ``text`` consists of digits and commas, so that it is meant as a number.

    >>> has_number_commas("1,5"), has_number_commas("1,000"), has_number_commas("buy,sell")
    (True, True, False)
    """
    return re.fullmatch(_MISPLACED_COMMAS, text.strip()) is not None


def parse_quantity(text: str) -> Decimal:
    """Read a quantity in units, greater than zero.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    number = parse_number(text, "Quantity")
    if number <= 0:
        raise ValueError(f"'{text.strip()}' is not a quantity: it must be greater than zero.")
    return number


def parse_price(text: str) -> Decimal:
    """Read a price per unit, zero or more, with every digit as typed.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    number = parse_number(text, "Price")
    if number < 0:
        raise ValueError(f"'{text.strip()}' is not a price: it is less than zero.")
    return number


def number_text(value: Decimal | int) -> str:
    """Write a number in full: thousands grouped, no exponent, no trailing zeros.

    >>> number_text(Decimal("1234567.50")), number_text(Decimal("1E+3")), number_text(Decimal("-0.0"))
    ('1,234,567.5', '1,000', '0')
    """
    text = f"{Decimal(value):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def units(value: Decimal | None) -> str:
    """Write a number of units in full; ``?`` when it is not known."""
    return "?" if value is None else number_text(value)


def counted(count: int | Decimal, noun: str) -> str:
    """Write a count or a quantity with its noun.

    >>> counted(1, "order"), counted(3_000, "order"), counted(Decimal("0.5"), "unit")
    ('1 order', '3,000 orders', '0.5 units')
    """
    return f"{number_text(count)} {noun}" + ("" if count == 1 else "s")
