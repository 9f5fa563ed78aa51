"""The settlement day a form proposes: the server's, else one that is assumed; and where a row has another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Final

from msgspec import Struct

from tui.actions.action import Scope
from tui.api.market_zones import market_zone
from tui.api.models import Allocation
from tui.api.price_units import PER_UNIT
from tui.api.settlement import settlement_day, trading_day, usual_days
from tui.service.numbers import counted
from tui.service.reference.settlement_dates import Settlement, TradeAsked
from tui.service.snapshot.records import DEFAULT_SCOPE

MOST_ASKED: Final = 20
"""The trades whose settlement a form asks for."""


class ProposedDay(Struct, frozen=True):
    """A settlement day as midnight UTC, a word for whose it is, and how it was counted."""

    day: datetime
    whose: str
    help: str


def proposed_day(scope: Scope, luid: str, currency: str | None, traded: datetime) -> ProposedDay:
    """Return the settlement day of a trade: the server's, else one counted here and said to be assumed."""
    told = settlement_told(scope, luid, currency, traded)
    place, day = _place(currency), trading_day(traded, currency)
    if told.day is not None:
        midnight = datetime.combine(told.day, time(0), UTC)
        return ProposedDay(midnight, "by the server", f"By the server, traded {day:%a %d %b} in {place}")
    bond = scope.snapshot.price_unit(luid) != PER_UNIT
    days = usual_days(currency, bond=bond)
    why = "; the server is being asked" if told.awaited else f"; the server: {told.why}" if told.why else ""
    return ProposedDay(
        settlement_day(traded, currency, days),
        "assumed",
        f"Assumed: {counted(days, 'business day')} after {day:%a %d %b} in {place}{why}",
    )


def _place(currency: str | None) -> str:
    zone = market_zone(currency)
    return str(zone).rpartition("/")[2].replace("_", " ") if zone else "UTC, its market is not known"


def settlement_told(scope: Scope, luid: str, currency: str | None, traded: datetime) -> Settlement:
    """Return what the server says of a trade's settlement by now; it is asked when nobody did."""
    if scope.facts is None or not luid:
        return Settlement()
    known = scope.snapshot.instruments.get(luid)
    where = known.record.scope if known and known.record else DEFAULT_SCOPE
    return scope.facts.settlement(TradeAsked(luid, trading_day(traded, currency), where))


def other_day(carried: datetime | None, told: Settlement) -> str:
    """Return in words that the server counts another day than a row carries; empty where it does not."""
    if told.day is None or (carried is not None and carried.astimezone(UTC).date() == told.day):
        return ""
    return f"settles {_short(carried)}, by the server {_short(told.day)}"


def other_days(scope: Scope, rows: Iterable[Allocation]) -> str:
    """Return which allocations carry another settlement day than the server counts, as a sentence."""
    found: Counter[str] = Counter()
    asked: set[tuple[str, date]] = set()
    for row in rows:
        currency = row.price.currency if row.price else None
        traded = row.date or scope.now
        trade = (row.lusid_instrument_id, trading_day(traded, currency))
        if trade not in asked and len(asked) >= MOST_ASKED:
            continue
        asked.add(trade)
        told = settlement_told(scope, row.lusid_instrument_id, currency, traded)
        if said := other_day(row.settlement_date, told):
            found[said] += 1
    return " ".join(f"{counted(count, 'allocation')}: {said}." for said, count in found.items())


def _short(day: date | None) -> str:
    return f"{day:%a %d %b}" if day else "without a day"
