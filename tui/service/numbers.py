"""Quantities and prices as people type them: ``50k``, ``1.5m``, ``2b``, ``1,000``.

A comma only ever groups thousands, never marks decimals; whatever could be read two ways is an error
that says so.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_NUMBER: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+|)(?P<part>\.\d+|\.|)(?P<unit>[kmbKMB]?)",
    re.ASCII,
)
_UNITS: Final = {"": 0, "k": 3, "m": 6, "b": 9}
_MOST_DIGITS: Final = 18


def _parse(text: str, what: str) -> Decimal:
    typed = text.strip()
    if not typed:
        raise ValueError(f"{what} is missing.")
    found = _NUMBER.fullmatch(typed)
    if found is None or not (found["whole"] or found["part"].strip(".")):
        if re.fullmatch(r"[+-]?\d+,\d{1,2}", typed):
            raise ValueError(
                f"'{typed}' is not a {what.lower()}: a comma groups thousands, the decimal mark is a point."
            )
        if "," in typed and re.fullmatch(r"[\d,.]+[kmb]?", typed, re.IGNORECASE):
            raise ValueError(f"'{typed}' is not a {what.lower()}: its commas do not group thousands.")
        raise ValueError(f"'{typed}' is not a {what.lower()}. Type it like 1,000 or 50k or 1.5m.")
    digits = found["whole"].replace(",", "") + found["part"].rstrip(".")
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"'{typed}' has more digits than any {what.lower()}.")
    number = Decimal(f"{found['sign']}{digits}")
    scale = _UNITS[found["unit"].lower()]
    return Decimal(f"{number.scaleb(scale):f}") if scale else number


def parse_quantity(text: str) -> Decimal:
    """Read a quantity in units, greater than zero.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    number = _parse(text, "Quantity")
    if number <= 0:
        raise ValueError(f"'{text.strip()}' is not a quantity: it must be greater than zero.")
    return number


def parse_price(text: str) -> Decimal:
    """Read a price per unit, zero or more, with every digit as typed.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    number = _parse(text, "Price")
    if number < 0:
        raise ValueError(f"'{text.strip()}' is not a price: it is less than zero.")
    return number
