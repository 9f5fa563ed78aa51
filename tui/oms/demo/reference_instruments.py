"""The demo's instruments as an instrument master has them, with what it takes to meet its odd ones.

Terms, currencies and prices are invented where the table of instruments does not say them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from tui.api.reference_models import (
    InstrumentEconomics,
    InstrumentRecord,
    SettlementCycle,
    TradingConventions,
)
from tui.oms.demo.universe import DemoInstrument, instruments, make_luid
from tui.oms.domain.instrument_master import UNRESOLVED
from tui.oms.reference.tables import QuotedPrice, first_version

MAINTAINER: Final = "ops1"
ISSUED_BEFORE: Final = timedelta(days=3652)
DOLLARS: Final = {
    "USD": Decimal(1),
    "GBP": Decimal("1.25"),
    "EUR": Decimal("1.1"),
    "CHF": Decimal("1.1"),
    "JPY": Decimal("0.0067"),
}
"""What one unit of each currency of the demo is worth."""
UNQUOTED: Final = ("SIE", "T 3 08/15/52")
STALE: Final = "UKT 4.25 06/07/32"
STALE_FOR: Final = timedelta(days=3)
RATE_TICK: Final = Decimal("0.000001")

IN_SCRIPT: Final = {"7203": "トヨタ自動車 Toyota"}
"""Names that are not in Latin letters, by ticker."""
SHARED_ISIN: Final = "GB00B0HLCN07"
"""An ISIN that two instruments have: alone it names none of them."""
_EXTRAS: Final = (
    # ticker, name, scope, isin, currency, state, days to settlement
    ("HLCN", "Halcyon Mining", "default", SHARED_ISIN, "GBP", "Active", 2),
    ("HLCN2", "Halcyon Mining, new shares", "default", SHARED_ISIN, "GBP", "Active", 2),
    ("OTW", "Old Thames Water", "default", "GB00B0THWO04", "GBP", "Inactive", 2),
    ("VOD", "Vodafone private loan", "Private", "XS0000000VOD", "GBP", "Active", None),
)


def instrument_records(at: datetime, *, odd_ones: bool) -> Iterator[InstrumentRecord]:
    """Yield the instruments as of ``at``; the ``odd_ones`` are unresolved, inactive or of another scope."""
    yield from (_traded(known, at) for known in instruments())
    if not odd_ones:
        return
    for ticker, name, scope, isin, currency, state, days in _EXTRAS:
        luid = make_luid(f"{scope}/{ticker}")
        kind = "Equity" if scope == "default" else "SimpleInstrument"
        identifiers = {"ClientInternal": f"EQ-{scope}-{ticker}", "Isin": isin, "Ticker": ticker}
        definition = InstrumentEconomics(instrument_type=kind, dom_ccy=currency)
        yield _record(luid, name, identifiers, definition, "Equities", currency, at, days, scope, state)
    for currency in DOLLARS:
        definition = InstrumentEconomics(instrument_type="Cash", dom_ccy=currency)
        luid = f"CCY_{currency}"
        yield _record(luid, currency, {"Currency": currency}, definition, "Money", currency, at, 2)
    nothing = InstrumentEconomics(instrument_type="SimpleInstrument", dom_ccy="ZZZ")
    yield _record(UNRESOLVED, "Unknown instrument", {}, nothing, "Unknown", "ZZZ", at, None)


def _traded(known: DemoInstrument, at: datetime) -> InstrumentRecord:
    identifiers = {
        **({"Figi": known.figi} if known.figi else {}),
        "ClientInternal": known.client_internal,
        "Isin": known.isin,
        "Ticker": known.ticker,
    }
    definition = _bond(known) if known.is_bond else _equity(known)
    asset_class = "InterestRates" if known.is_bond else "Equities"
    currency, days = known.currency, known.settlement_days
    name = IN_SCRIPT.get(known.ticker, known.name)
    return _record(known.luid, name, identifiers, definition, asset_class, currency, at, days)


def _equity(known: DemoInstrument) -> InstrumentEconomics:
    """Return the terms of an equity: Tokyo trades in hundreds, the others one by one."""
    lot = 100 if known.currency == "JPY" else 1
    return InstrumentEconomics(instrument_type="Equity", dom_ccy=known.currency, lot_size=lot)


def _bond(known: DemoInstrument) -> InstrumentEconomics:
    """Return the terms of a bond, which its ticker says: issuer, coupon and maturity."""
    _, coupon, matures = known.ticker.split()
    smallest = Decimal(100 if known.currency == "USD" else 0)  # a gilt is of any penny
    month, day, year = (int(part) for part in matures.split("/"))
    maturity = datetime(2000 + year, month, day, tzinfo=UTC)
    return InstrumentEconomics(
        instrument_type="Bond",
        start_date=maturity - ISSUED_BEFORE,
        maturity_date=maturity,
        dom_ccy=known.currency,
        flow_conventions={
            "currency": known.currency,
            "paymentFrequency": "6M",
            "dayCountConvention": "ActualActual",
            "rollConvention": str(maturity.day),
            "businessDayConvention": "ModifiedFollowing",
            "paymentCalendars": [],
            "resetCalendars": [],
        },
        principal=Decimal(1),
        coupon_rate=Decimal(coupon) / 100,
        identifiers={},
        trading_conventions=TradingConventions(
            price_scale_factor=Decimal(100),
            minimum_order_size=smallest,
            minimum_order_increment=smallest,
        ),
    )


def _record(
    luid: str,
    name: str,
    identifiers: Mapping[str, str],
    definition: InstrumentEconomics,
    asset_class: str,
    currency: str,
    at: datetime,
    settlement_days: int | None,
    scope: str = "default",
    state: str = "Active",
) -> InstrumentRecord:
    cycle = (
        None
        if settlement_days is None
        else SettlementCycle(business_day_offset=settlement_days, calendars=())
    )
    return InstrumentRecord(
        scope=scope,
        lusid_instrument_id=luid,
        version=first_version(at, MAINTAINER, luid),
        name=name,
        identifiers={"LusidInstrumentId": luid, **identifiers},
        properties=(),
        instrument_definition=definition,
        state=state,
        asset_class=asset_class,
        dom_ccy=currency,
        relationships=(),
        settlement_cycle=cycle,
        links=(),
    )


def quoted_prices(at: datetime) -> dict[str, QuotedPrice]:
    """Return the price of each instrument at ``at`` by its LUID; two have none, one is older."""
    return {
        known.luid: QuotedPrice(
            known.price,
            known.currency,
            at - STALE_FOR if known.ticker == STALE else at,
            known.tick,
            100 if known.is_bond else 1,
            moves=known.ticker != STALE,
        )
        for known in instruments()
        if known.ticker not in UNQUOTED
    }


def quoted_rates(at: datetime) -> dict[str, QuotedPrice]:
    """Return the rate of each pair of currencies, such as GBP/USD."""
    return {
        f"{one}/{other}": QuotedPrice(
            (worth / DOLLARS[other]).quantize(RATE_TICK, ROUND_HALF_EVEN), other, at, RATE_TICK
        )
        for one, worth in DOLLARS.items()
        for other in DOLLARS
        if one != other
    }
