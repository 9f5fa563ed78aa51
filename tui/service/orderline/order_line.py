"""The order line: ``b 50k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%`` (conventions, section 1).

A parsed line: a typed order with its split over portfolios, its full words, and the request it makes.
Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Final

from tui.api.base import (
    CurrencyAndAmount,
    Identifiers,
    PerpetualProperty,
    Properties,
    PropertyValue,
    ResourceId,
)
from tui.api.price_units import PER_UNIT
from tui.api.requests import BlockAndOrdersRequest, BlockedOrderRequest
from tui.service.id_lookup import IdLookup
from tui.service.numbers import counted, money, size_text
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.snapshot import EntityKind
from tui.service.trade import Trade, named, terms_of
from tui.service.wire_words import in_words

TIMES: Final[Mapping[str, str]] = {
    "day": "Day",
    "gtc": "GoodTilCancel",
    "ioc": "ImmediateOrCancel",
    "fok": "FillOrKill",
    "gtd": "GoodTilDate",
}
"""The letters typed for a time in force, with the API's name of it."""
EXPIRY: Final = "Order/{scope}/GoodTilDate"
"""The property that carries the date of a good-till-date order."""


@dataclass(frozen=True, slots=True)
class LineError:
    """An error as a sentence, and its place: ``start`` and ``end`` are positions in the typed text."""

    text: str
    start: int
    end: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class PortfolioShare:
    """One portfolio's share of the line, in its measure; None is an order without a portfolio."""

    portfolio: ResourceId | None
    size: Decimal


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A parsed line. ``side``, ``type`` and ``time_in_force`` are the API's words; prices are as quoted.

    ``size`` is in units, or an amount of money where there is a ``money``: its currency.
    """

    side: str
    size: Decimal
    ticker: str
    type: str = "Market"
    limit: Decimal | None = None
    stop: Decimal | None = None
    time_in_force: str = "Day"
    good_till: date | None = None
    parts: tuple[PortfolioShare, ...] = ()
    money: str = ""
    currency: str = ""
    """The currency that was typed behind its prices; empty without one."""

    def price(self, instrument: Instrument | None = None) -> Decimal | None:
        """Return what one unit costs at limit, last price or stop, as a preview says; None when unknown."""
        last = instrument.last if instrument else None
        known = (self.limit, last.price if last else None, self.stop)
        price = next((each for each in known if each is not None), None)
        unit = instrument.price_unit if instrument else PER_UNIT
        return None if price is None else price * unit

    def describe(
        self, portfolios: IdLookup, instrument: Instrument | None = None, currency: str | None = None
    ) -> str:
        """Return the order as the preview says it, each portfolio with its share, and the notional.

        ``currency`` is that of the prices, the instrument's own if not given.
        """
        currency = currency or (instrument.currency if instrument else "")
        shares = [
            ("" if len(self.parts) == 1 else f"{size_text(part.size, self.money)} ")
            + f"for {portfolios.describe(part.portfolio)}"
            for part in self.parts
            if part.portfolio is not None
        ]
        trade = Trade(
            side=in_words(self.side),
            size=self.size,
            unit=self.money,
            instrument=named(instrument) if instrument else f"{self.ticker} (unknown to this desk)",
            terms=terms_of(
                self.type,
                priced_at(self.limit, currency),
                priced_at(self.stop, currency),
                self.time_in_force,
                self._expiry(portfolios.home) or {},
            ),
            whom=", ".join(shares) or "for no portfolio",
        )
        return f"{trade}. {self._worth(instrument, currency)}"

    def _worth(self, instrument: Instrument | None, currency: str) -> str:
        """Return what the units cost, or what the money buys, as far as a price is known."""
        if instrument is None:
            unknown = "What it buys is" if self.money else "Notional"
            return f"{unknown} unknown: {self.ticker} is looked up before the preview."
        price = self.price(instrument)
        about = "about " if self.limit is None or self.money else ""
        if not self.money:
            if price is None:
                return "Notional unknown: no price is known."
            return f"Notional {about}{money(self.size * price, currency)}."
        if self.money != currency.upper():
            return f"The amount is in {self.money}, prices are in {currency or 'an unknown currency'}."
        if not price:
            return "What it buys is unknown: no price is known."
        bought = (self.size / abs(price)).to_integral_value(ROUND_DOWN)
        return f"It buys {about}{counted(bought, 'unit')}."

    def request(
        self,
        identifiers: Identifiers,
        *,
        currency: str | None,
        scope: str,
        new_id: Callable[[EntityKind, str], ResourceId],
        now: datetime,
        block: ResourceId | None = None,
    ) -> BlockAndOrdersRequest:
        """Return the create request of this line, with new ids in ``scope``, which ``new_id`` draws."""
        return BlockAndOrdersRequest(
            block_id=block or new_id(EntityKind.BLOCKS, scope),
            orders=tuple(
                BlockedOrderRequest(
                    id=new_id(EntityKind.ORDERS, scope),
                    portfolio_id=part.portfolio,
                    quantity=None if self.money else part.size,
                    amount=priced_at(part.size, self.money) if self.money else None,
                    state="New",
                    date=now,
                    properties=self._expiry(scope),
                )
                for part in self.parts or (PortfolioShare(None, self.size),)
            ),
            instrument_identifiers=identifiers,
            side=self.side,
            type=self.type,
            time_in_force=self.time_in_force,
            date=now,
            limit_price=priced_at(self.limit, currency),
            stop_price=priced_at(self.stop, currency),
        )

    def _expiry(self, scope: str) -> Properties | None:
        """Return the property that carries a good-till-date order's date, for which the API has no field."""
        if self.good_till is None:
            return None
        key = EXPIRY.format(scope=scope)
        value = PropertyValue(label_value=self.good_till.isoformat())
        return {key: PerpetualProperty(key=key, value=value)}


def priced_at(amount: Decimal | None, currency: str | None) -> CurrencyAndAmount | None:
    """Return an amount with its currency, None without one."""
    return None if amount is None else CurrencyAndAmount(amount=amount, currency=currency)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result of parsing: the order when there are no errors, else all errors from left to right.

    ``hopes`` are what may stand behind the last word: side, instrument, type, time, portfolio.
    """

    line: OrderLine | None
    errors: tuple[LineError, ...] = ()
    hopes: frozenset[str] = frozenset()
