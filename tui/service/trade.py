"""A trade in the dealer's language: ``Buy 30,000 VOD (Vodafone) limit 0.82 GBP, day, for UKEQ-GROW``.

The parts and their order, for a row of the desk, a request that is not sent yet and an order being typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.api.base import CurrencyAndAmount, Properties
from tui.api.states import normalize
from tui.service.numbers import rounded, units
from tui.service.snapshot.instruments import Instrument
from tui.service.wire_words import in_words

_AVERAGE_PLACES: Final = 6
_EXPIRY: Final = "GoodTilDate"
_PRICES: Final[Mapping[str, tuple[str, ...]]] = {
    "market": (),
    "limit": ("limit",),
    "stop": ("stop",),
    "stoplimit": ("stop", "limit"),
}
"""The prices that an order type goes by; one that it has no use for is said in brackets."""


class Trade(Struct, frozen=True):
    """The parts of a trade in words; ``unit`` is the currency of a size in money, ``%`` of one by weight."""

    side: str
    size: Decimal | None
    unit: str
    instrument: str
    terms: str
    whom: str = ""

    def __str__(self) -> str:
        size = {"": units(self.size), "%": f"{units(self.size)} % of the portfolio in"}.get(
            self.unit, f"{units(self.size)} {self.unit} of"
        )
        return ", ".join(filter(None, (f"{self.side} {size} {self.instrument} {self.terms}", self.whom)))


def terms_of(
    type: str | None,
    limit: CurrencyAndAmount | None,
    stop: CurrencyAndAmount | None,
    force: str | None,
    properties: Properties,
) -> str:
    """Return type, prices and time in force: ``limit 0.82 GBP, day``.

    A price that is missing is said, and so is one that the type has no use for.
    """
    kind = normalize(type)
    given = {word: f"{word} {money_of(held)}" for word, held in (("stop", stop), ("limit", limit)) if held}
    used = _PRICES.get(kind)
    if used is None:
        said = [in_words(type).lower() or "of no type", *given.values()]
    else:
        said = [given.pop(word, f"{word} without a price") for word in used] or ["at market"]
        said += [f"({', '.join(given.values())})"] if given else []
    return f"{' '.join(said)}, {_time(force, properties)}"


def _time(force: str | None, properties: Properties) -> str:
    said = in_words(force).lower() if force else "no time in force"
    for key, property in properties.items():
        if key.rpartition("/")[2] == _EXPIRY and property.value is not None:
            return f"good till {_day(str(property.value))}"
    return said


def _day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text):%d %b %Y}"
    except ValueError:
        return text


def money_of(held: CurrencyAndAmount) -> str:
    """Return an amount or a price with every digit it has, and its currency."""
    return f"{units(held.amount)} {held.currency or ''}".rstrip()


def average_of(held: CurrencyAndAmount) -> str:
    """Return the price of a deal, which may be an average of endless digits."""
    amount = None if held.amount is None else rounded(held.amount, _AVERAGE_PLACES)
    return money_of(CurrencyAndAmount(amount=amount, currency=held.currency))


def named(known: Instrument) -> str:
    """Return an instrument's short name with the full one: ``VOD (Vodafone)``."""
    return f"{known.label} ({known.name})" if known.name not in ("", known.label) else known.label
