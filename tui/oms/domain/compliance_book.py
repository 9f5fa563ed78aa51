"""What compliance rules are checked against: how much portfolios are worth, and what they may not trade.

It is passed in by whoever opens the engine. A portfolio it does not know passes every rule that needs its
value; the run's results say that it was not valued.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from tui.api.base import ResourceId


class Fund(Struct, frozen=True):
    """The value of a portfolio in its currency: all of it, its cash, and what it holds of instruments."""

    currency: str
    value: Decimal
    cash: Decimal
    held: Mapping[str, Decimal] = {}


class ComplianceBook(Struct, frozen=True):
    """The facts of one desk; instruments are named by their LUID.

    ``prices`` are what one unit costs in ``currencies``, ``dollars`` what one unit of a currency is worth,
    and ``restricted`` what a portfolio may not trade.
    """

    funds: Mapping[ResourceId, Fund] = {}
    restricted: Mapping[ResourceId, frozenset[str]] = {}
    prices: Mapping[str, Decimal] = {}
    currencies: Mapping[str, str] = {}
    dollars: Mapping[str, Decimal] = {}
    names: Mapping[ResourceId, str] = {}

    def in_currency(self, amount: Decimal, currency: str | None, other: str) -> Decimal:
        """Return an amount in another currency; one to one where a rate is missing."""
        if currency is None or currency == other:
            return amount
        one, two = self.dollars.get(currency), self.dollars.get(other)
        return amount if one is None or two is None else amount * one / two

    def name_of(self, portfolio: ResourceId) -> str:
        """Return the name of a portfolio, its code when it has none."""
        return self.names.get(portfolio) or portfolio.code


EMPTY_BOOK = ComplianceBook()
