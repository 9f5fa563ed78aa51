"""Quotes: of the simulated market where it runs, else the prices of the tables; all of them are invented."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from msgspec import Struct

from tui.api.base import ErrorDetail, MetricValue
from tui.api.reference_models import Quote, QuoteId, QuoteSeriesId
from tui.oms.domain.times import time_text
from tui.oms.reference.instrument_lookup import ALL_SCOPES, LUID, found_by
from tui.oms.reference.source import LivePrices
from tui.oms.reference.tables import QuotedPrice, ReferenceTables

PROVIDER: Final = "Lusid"
PAIR: Final = "CurrencyPair"
PRICED_BY: Final = (LUID, "Figi", "Isin", "ClientInternal")
ID_TYPES: Final = (*PRICED_BY, "RIC", "QuotePermId", "Sedol", "Cusip", PAIR)
QUOTE_TYPES: Final = (
    *("Price", "Spread", "Rate", "LogNormalVol", "NormalVol", "ParSpread", "IsdaSpread", "Upfront", "Index"),
    *("Ratio", "Delta", "PoolFactor", "InflationAssumption", "DirtyPrice", "PrincipalWriteOff"),
    *("InterestDeferred", "InterestShortfall", "ConstituentWeightFactor", "ForwardPrice", "DiscountFactor"),
    "PrincipalDistributed",
)
TICKS_AWAY: Final = {"mid": 0, "bid": -1, "ask": 1}
LINEAGE: Final = "invented"
UPLOADED_BY: Final = "market"


class QuoteBoard(Struct, frozen=True):
    """What is quoted in ``scope``; nothing in other scopes than those of the tables."""

    tables: ReferenceTables
    live: LivePrices
    scope: str

    def price_of(self, luid: str) -> QuotedPrice | None:
        """Return the price of an instrument, rounded to its tick; None where it has none."""
        quoted = self.tables.quotes.get(luid)
        moved = self.live.prices.get(luid)
        if quoted is None or moved is None or self.live.at is None or not quoted.moves:
            return quoted
        ticks = (moved / quoted.tick).to_integral_value(ROUND_HALF_EVEN)
        return QuotedPrice(
            max(Decimal(1), ticks) * quoted.tick, quoted.currency, self.live.at, quoted.tick, quoted.scale
        )

    def quote(
        self, series: QuoteSeriesId, earliest: datetime | None, latest: datetime | None
    ) -> Quote | None:
        """Return the quote of a series made between two times; None where there is none."""
        found = self._quoted(series)
        if found is None or not _within(found.at, earliest, latest):
            return None
        value = found.price + TICKS_AWAY[series.field] * found.tick
        return Quote(
            quote_id=QuoteId(quote_series_id=series, effective_at=time_text(found.at)),
            metric_value=MetricValue(value=value, unit=found.currency),
            lineage=LINEAGE,
            cut_label="",
            uploaded_by=UPLOADED_BY,
            as_at=found.at,
            scale_factor=Decimal(found.scale) if found.scale != 1 else None,
        )

    def _quoted(self, series: QuoteSeriesId) -> QuotedPrice | None:
        known = self.scope.casefold() in (each.casefold() for each in self.tables.quote_scopes)
        if not known or series.provider != PROVIDER or series.field not in TICKS_AWAY or series.price_source:
            return None
        if series.instrument_id_type == PAIR:
            return self.tables.rates.get(series.instrument_id) if series.quote_type == "Rate" else None
        if series.quote_type != "Price" or series.instrument_id_type not in PRICED_BY:
            return None
        if series.instrument_id_type == LUID:
            return self.price_of(series.instrument_id)
        found = found_by(self.tables, series.instrument_id_type, series.instrument_id, ALL_SCOPES)
        return None if found is None else self.price_of(found.lusid_instrument_id)


def why_failed(key: str, series: QuoteSeriesId) -> ErrorDetail | None:
    """Return why a series is none: its types of identifier or of quote do not exist."""
    for name, value, known in (
        ("instrumentIdType", series.instrument_id_type, ID_TYPES),
        ("quoteType", series.quote_type, QUOTE_TYPES),
    ):
        if value not in known:
            detail = f"'{value}' is no {name}; it is one of {', '.join(known)}."
            return ErrorDetail(id=key, type="InvalidQuoteSeriesId", detail=detail, error_details=())
    return None


def not_quoted(key: str) -> ErrorDetail:
    """Return why a series has no quote."""
    detail = "No quote exists for the given series."
    return ErrorDetail(id=key, type="QuoteNotFound", detail=detail, error_details=())


def _within(at: datetime, earliest: datetime | None, latest: datetime | None) -> bool:
    return (earliest is None or earliest <= at) and (latest is None or at <= latest)
