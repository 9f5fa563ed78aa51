"""Settlement days: counted from the trading day of the market, not from the day in UTC.

At 10:30 on a Tuesday in Sydney it is still Monday in UTC, and at 20:30 on a Monday in New York already
Tuesday: the market's own day decides. Holidays are not known; weekends are.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from tui.api.market_zones import market_zone

USUAL_DAYS: Final = 2
"""Business days from trade to settlement where nothing else is said."""


def usual_days(currency: str | None, *, bond: bool) -> int:
    """Return the business days that are assumed from trade to settlement (R45): US trades and gilts one.

    >>> usual_days("USD", bond=False), usual_days("GBP", bond=True), usual_days("GBP", bond=False)
    (1, 1, 2)
    """
    name = (currency or "").upper()
    return 1 if name == "USD" or (bond and name == "GBP") else USUAL_DAYS


def trading_day(moment: datetime, currency: str | None) -> date:
    """Return the calendar day of ``moment`` in the market of ``currency``; in UTC where it is not known.

    >>> trading_day(datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "AUD")
    datetime.date(2026, 11, 24)
    >>> trading_day(datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "USD")
    datetime.date(2026, 11, 23)
    """
    with suppress(OverflowError):  # at the ends of the calendar
        moment = moment.astimezone(market_zone(currency) or UTC)
    return moment.date()


def settlement_day(traded: datetime, currency: str | None, days: int = USUAL_DAYS) -> datetime:
    """Return the day ``days`` business days after the trading day of ``traded``, as midnight UTC.

    >>> settlement_day(datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "AUD").date()
    datetime.date(2026, 11, 26)
    """
    day = trading_day(traded, currency)
    while days and day < date.max:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return datetime.combine(day, time(0), UTC)
