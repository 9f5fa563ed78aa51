"""Reads last prices and exchange rates from the series that the profile names (R39 to R43).

LUSID has no series of its own accord: without one nothing is read. Only what somebody looks at is asked for,
each instrument at most every half minute, each rate at most every minute.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final

from msgspec.structs import replace

from tui.api.currencies import HUNDREDTHS
from tui.api.errors import ApiError
from tui.api.reference_models import Quote, QuoteSeriesId
from tui.api.reference_operations import GET_QUOTES, MAX_QUOTES
from tui.service.desk_profile import QuoteSeries
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.last_prices import LatestQuote

QUOTES_EVERY: Final = timedelta(seconds=30)
"""The least time between two questions for the price of one instrument."""
RATES_EVERY: Final = timedelta(seconds=60)
"""The least time between two questions for exchange rates."""
_LUID: Final = "LusidInstrumentId"
_PAIR: Final = "CurrencyPair"
_RATE: Final = "Rate"
_PREFIX: Final = "fx:"
"""Begins the keys of exchange rates in a question: no LUID looks like one."""


class QuotesReader:
    """Reads the quotes of one ``series`` with ``calls``; ``now`` is this machine's clock, aware UTC."""

    def __init__(self, calls: OptionalCalls, series: QuoteSeries, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._series = series
        self._now = now
        self._asked: dict[str, datetime] = {}
        self._rates_asked: datetime | None = None
        self._found: dict[str, LatestQuote] = {}
        self._rates: dict[tuple[str, str], tuple[Decimal, datetime | None]] = {}
        """What one unit of the first currency is worth in the second, as quoted, and since when."""

    def due(self, luids: Iterable[str]) -> tuple[str, ...]:
        """Return those of ``luids`` that were not asked for lately."""
        return tuple(
            luid for luid in dict.fromkeys(luids) if self._is_due(self._asked.get(luid), QUOTES_EVERY)
        )

    def _is_due(self, asked: datetime | None, every: timedelta) -> bool:
        return asked is None or abs(self._now() - asked) >= every

    async def read(
        self, instruments: Collection[Instrument], currencies: Collection[str], base: str
    ) -> Mapping[str, LatestQuote]:
        """Ask for the prices of instruments, and for rates of ``currencies`` in ``base`` if they are due.

        Return the prices that are others than before, by LUID. What fails is asked for again another time.
        """
        self._asked.update(dict.fromkeys((known.luid for known in instruments), self._now()))
        series = {known.luid: asked for known in instruments if (asked := self._series_of(known))}
        if self._is_due(self._rates_asked, RATES_EVERY):
            self._rates_asked = self._now()
            series.update(self._rate_series(currencies, base))
        if not series or not self._calls.may(GET_QUOTES):
            return self._now_outdated()
        changed: dict[str, LatestQuote] = {}
        waiting = iter(series.items())
        while some := dict(islice(waiting, MAX_QUOTES)):
            try:
                answer = await self._calls.ask(GET_QUOTES, some, id={"scope": self._series.scope})
            except ApiError:
                break
            for key, quote in (answer.values or {}).items():
                if key.startswith(_PREFIX):
                    self._take_rate(key, quote)
                elif (price := self._price(quote)) is not None and price != self._found.get(key):
                    self._found[key] = changed[key] = price
        return {**self._now_outdated(), **changed}

    def _series_of(self, known: Instrument) -> QuoteSeriesId | None:
        """Return the series of an instrument, None where it has no identifier of the profile's type."""
        kind = self._series.id_type
        id = known.luid if kind == _LUID else known.identifier(kind)
        return self._series_id(id, kind, self._series.quote_type) if id else None

    def _series_id(self, id: str, id_type: str, quote_type: str) -> QuoteSeriesId:
        return QuoteSeriesId(
            provider=self._series.provider,
            price_source=self._series.price_source or None,
            instrument_id=id,
            instrument_id_type=id_type,
            quote_type=quote_type,
            field=self._series.field,
        )

    def _rate_series(self, currencies: Collection[str], base: str) -> dict[str, QuoteSeriesId]:
        """Return the series of the pairs in both directions: a tenant has one of them (R43)."""
        pairs = [
            pair
            for currency in currencies
            if currency and currency != base
            for pair in (f"{currency}/{base}", f"{base}/{currency}")
        ]
        return {f"{_PREFIX}{pair}": self._series_id(pair, _PAIR, _RATE) for pair in pairs}

    def _take_rate(self, key: str, quote: Quote) -> None:
        """Keep a rate; one that is quoted itself goes before the inverse of another."""
        price = self._price(quote)
        if price is None:
            return
        one, _, other = key.removeprefix(_PREFIX).partition("/")
        rate = price.price(Decimal(1))
        if rate > 0:
            self._rates[one, other] = (rate, price.at)

    def rates_in(self, base: str) -> dict[str, Decimal]:
        """Return what one unit of each currency is worth in ``base``, as far as it was quoted lately."""
        rates = {pair: rate for pair, (rate, at) in self._rates.items() if not self._is_outdated(at)}
        inverse = {other: 1 / rate for (one, other), rate in rates.items() if one == base}
        return {**inverse, **{one: rate for (one, other), rate in rates.items() if other == base}}

    def _price(self, quote: Quote) -> LatestQuote | None:
        metric = quote.metric_value
        if metric is None or metric.value is None or not metric.value.is_finite():
            return None
        at = _moment(quote.quote_id.effective_at if quote.quote_id else None) or quote.as_at
        scale = quote.scale_factor if quote.scale_factor and quote.scale_factor > 0 else None
        unit = metric.unit or ""
        whole = HUNDREDTHS.get(unit)
        return LatestQuote(
            metric.value / 100 if whole else metric.value,
            scale,
            at,
            self._series.field,
            whole or unit,
            outdated=self._is_outdated(at),
        )

    def _is_outdated(self, at: datetime | None) -> bool:
        return at is None or self._now() - at > self._series.max_age

    def _now_outdated(self) -> dict[str, LatestQuote]:
        """Return the prices that have become too old since they were read: no newer ones may come."""
        old = {
            luid: replace(price, outdated=True)
            for luid, price in self._found.items()
            if not price.outdated and self._is_outdated(price.at)
        }
        self._found.update(old)
        return old


def _moment(text: str | None) -> datetime | None:
    """Return the time of a quote; None for the label of a cut, which is no time."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
