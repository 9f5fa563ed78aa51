"""The limits a write is checked against before it is confirmed (conventions, section 2).

Above a soft limit the item count has to be typed; above a hard one the write is refused. They guard against
slips; the server has its own rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct, field

from tui.api.price_units import is_bond


class LimitBand(Struct, frozen=True):
    """Above ``soft`` the count has to be typed, above ``hard`` the write is refused."""

    soft: Decimal
    hard: Decimal


def _band(soft: str, hard: str) -> LimitBand:
    return LimitBand(Decimal(soft), Decimal(hard))


ROUGH_RATES: Final[Mapping[str, Decimal]] = {
    currency: Decimal(rate)
    for currency, rate in {
        "USD": "1",
        "EUR": "0.9",
        "GBP": "0.8",
        "CHF": "0.9",
        "JPY": "150",
        "AUD": "1.5",
        "CAD": "1.35",
        "HKD": "7.8",
        "SEK": "10",
        "NOK": "10",
        "DKK": "7",
    }.items()
}
"""Units of a currency for one of the base currency: rough constants that scale limits, never shown as
money. A currency that is not here counts one to one."""


class Limits(Struct, frozen=True):
    """All limits of one desk.

    ``notional`` is per item in ``base`` currency; ``volume`` the share of average daily volume,
    ``drift`` the distance of a limit price from the reference price per asset class, both as fractions;
    ``typical`` a multiple of the portfolio's typical order; ``items`` the size of one batch.
    ``prod_items`` and ``prod_notional`` (total, base currency) are the thresholds above which a PROD
    environment always asks for the count.
    """

    base: str = "USD"
    notional: LimitBand = field(default_factory=lambda: _band("5000000", "25000000"))
    volume: LimitBand = field(default_factory=lambda: _band("0.10", "0.50"))
    drift: Mapping[str, LimitBand] = field(
        default_factory=lambda: {"equity": _band("0.02", "0.10"), "bond": _band("0.01", "0.05")}
    )
    typical: LimitBand = field(default_factory=lambda: _band("5", "50"))
    items: LimitBand = field(default_factory=lambda: _band("25", "250"))
    prod_items: int = 5
    prod_notional: Decimal = Decimal(1_000_000)
    rates: Mapping[str, Decimal] = field(default_factory=lambda: ROUGH_RATES)

    def in_base(self, amount: Decimal, currency: str) -> Decimal:
        """Return the size of ``amount`` of ``currency`` in the base currency, roughly: to compare it.

        Money at a price below zero is as much as the same money above zero.
        """
        per_unit = self.rates.get(currency.upper(), Decimal(1)) / self.rates.get(self.base, Decimal(1))
        return abs(amount) / per_unit

    def drift_of(self, asset_class: str) -> LimitBand:
        """Return the price band of an asset class; anything but a bond has the equity band."""
        return self.drift["bond" if is_bond(asset_class) else "equity"]


DEFAULT_LIMITS: Final = Limits()
