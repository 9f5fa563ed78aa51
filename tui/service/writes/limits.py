"""The limits a write is checked against before it is confirmed (conventions, section 2).

Above a soft limit the item count has to be typed; above a hard one the write is refused. They guard against
slips; the server has its own rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO
from tui.api.currencies import HUNDREDTHS
from tui.api.price_units import BOND, is_bond
from tui.config.limit_settings import BASE, Bound, LimitTable, bound_of, gives_states

ROUGH_RATES: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        currency: Decimal(rate)
        for currency, rate in {
            "USD": "1",
            "EUR": "1.1",
            "GBP": "1.25",
            "CHF": "1.1",
            "JPY": "0.0067",
            "AUD": "0.67",
            "CAD": "0.74",
            "HKD": "0.13",
            "SEK": "0.1",
            "NOK": "0.1",
            "DKK": "0.14",
        }.items()
    }
)
"""What one unit of a currency is worth in US dollars, roughly: it scales limits and ranks lines, no more."""
_DIGITS: Final = 4
"""Significant digits of a rate that is computed."""


class BaseMoney(Struct, frozen=True):
    """Money in the base currency, and the rate it was made with: None when no rate is known."""

    value: Decimal
    rate: Decimal | None


class Limits(Struct, frozen=True):
    """All limits of one desk: what its profile says, then its file, then the defaults.

    ``quoted`` are rates in the base currency that the server quotes; those of profile and file go before
    them, and rough ones stand in for what nobody says.
    """

    tables: tuple[LimitTable, ...] = ()
    quoted: Mapping[str, Decimal] = {}

    @property
    def base(self) -> str:
        """The currency that money is compared in."""
        return next((table.base for table in self.tables if table.base), BASE)

    def bound(self, name: str, *asset_classes: str) -> Bound:
        """Return a limit and where it is said: of the first class a place says it for, else of all.

        All kinds of bonds are of the class ``bond``.
        """
        folded = (each.strip().casefold() for each in asset_classes)
        return bound_of(self.tables, name, *(BOND if is_bond(each) else each for each in folded))

    def gives_states(self, subject: str) -> tuple[bool, str]:
        """Return whether the server gives states of compliance or approval, and where that is said."""
        return gives_states(self.tables, subject)

    def rate_of(self, currency: str) -> Decimal | None:
        """Return what one unit of ``currency`` is worth in the base currency, None when nobody says."""
        if currency in HUNDREDTHS:
            whole = self.rate_of(HUNDREDTHS[currency])
            return None if whole is None else whole / 100
        name, base = currency.upper(), self.base
        if name == base:
            return Decimal(1)
        for at, table in enumerate(self.tables):
            if name in table.rates and Limits(self.tables[at:]).base == base:
                return table.rates[name]
        if name in self.quoted:
            return self.quoted[name]
        known, of_base = ROUGH_RATES.get(name), ROUGH_RATES.get(base)
        if known is None or of_base is None:
            return None
        return known if of_base == 1 else Decimal(f"{known / of_base:.{_DIGITS}g}")

    def rate_between(self, currency: str, other: str) -> Decimal | None:
        """Return what one unit of ``currency`` is worth in ``other``, None when nobody says."""
        if currency == other:
            return Decimal(1)
        one, two = self.rate_of(currency), self.rate_of(other)
        return None if one is None or two is None else one / two

    def in_base(self, amount: Decimal, currency: str) -> BaseMoney:
        """Return ``amount`` in the base currency; without a rate one to one."""
        rate = self.rate_of(currency)
        return BaseMoney(abs(amount) * (Decimal(1) if rate is None else rate), rate)

    def size_in_base(self, amount: Decimal | None, currency: str) -> Decimal:
        """Return the size of ``amount`` in the base currency, to rank by; zero when it is not known."""
        return ZERO if amount is None else self.in_base(amount, currency).value


DEFAULT_LIMITS: Final = Limits()
