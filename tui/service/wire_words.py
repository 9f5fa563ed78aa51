"""The API's names of sides, order types and times in force, in the words of a desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SIDES: Final[Mapping[str, str]] = {
    "Buy": "Buy",
    "Sell": "Sell",
    "Sell short": "SellShort",
    "Buy to cover": "BuyToCover",
}
"""The sides a form offers, and the API's names of them."""
TYPES: Final[Mapping[str, str]] = {
    "Market": "Market",
    "Limit": "Limit",
    "Stop": "Stop",
    "Stop limit": "StopLimit",
}
TIMES_IN_FORCE: Final[Mapping[str, str]] = {
    "Day": "Day",
    "Good till cancelled": "GoodTilCancel",
    "Immediate or cancel": "ImmediateOrCancel",
    "Fill or kill": "FillOrKill",
}
_UNTIL_A_DATE: Final = {"Good till a date": "GoodTilDate"}
"""A time in force whose date a property carries: only the order line offers it."""
_WORDS: Final = {
    wire: words
    for offered in (SIDES, TYPES, TIMES_IN_FORCE, _UNTIL_A_DATE)
    for words, wire in offered.items()
}


def in_words(wire: str | None) -> str:
    """Return an API name in words; one that is not known stays unchanged.

    >>> in_words("SellShort"), in_words("Pegged"), in_words(None)
    ('Sell short', 'Pegged', '')
    """
    return _WORDS.get(wire or "", wire or "")
