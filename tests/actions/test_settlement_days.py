"""Days are those of the market, wherever the dealer sits: when a fill settles, and when an order ends."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.service.sample_rows import block, order, placement, rid, snapshot_of
from tui.actions.action import Scope
from tui.actions.create_by_line import new_by_line_form
from tui.actions.fills import fill_form
from tui.api.base import CurrencyAndAmount
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind

SYDNEY, NEW_YORK, TOKYO = map(ZoneInfo, ("Australia/Sydney", "America/New_York", "Asia/Tokyo"))


def proposed(currency: str, now: datetime) -> tuple[str, str]:
    """Return the settlement day a new fill is proposed with, and how it is said to be counted."""
    limit = CurrencyAndAmount(amount=Decimal(10), currency=currency)
    snapshot = snapshot_of(
        blocks=[block("BLK-1", "ORD-1", limit_price=limit)],
        orders=[order("ORD-1", limit_price=limit)],
        placements=[placement("PLC-1", "BLK-1", limit_price=limit)],
    )
    environment = Environment("demo", EnvironmentKind.LOCAL)
    scope = Scope(snapshot, EntityKind.PLACEMENTS, (rid("PLC-1"),), environment, now, home="Desk")
    field = next(each for each in fill_form(scope).fields if each.id == "settles")
    return field.value, field.help


@pytest.mark.parametrize(
    ("currency", "now", "settles", "counted"),
    [
        ("AUD", datetime(2026, 11, 24, 10, 30, tzinfo=SYDNEY), "2026-11-26", "Tue 24 Nov in Sydney"),
        ("JPY", datetime(2026, 11, 24, 8, 30, tzinfo=TOKYO), "2026-11-26", "Tue 24 Nov in Tokyo"),
        ("USD", datetime(2026, 11, 23, 20, 30, tzinfo=NEW_YORK), "2026-11-24", "Mon 23 Nov in New York"),
        ("USD", datetime(2026, 11, 24, 10, 30, tzinfo=SYDNEY), "2026-11-24", "Mon 23 Nov in New York"),
        ("GBP", datetime(2026, 11, 26, 12, tzinfo=UTC), "2026-11-30", "Thu 26 Nov in London"),
        ("BTC", datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "2026-11-25", "in UTC, its market is not known"),
    ],
)
def test_where_no_server_says_a_fill_settles_by_business_days_after_the_markets_trading_day(
    currency: str, now: datetime, settles: str, counted: str
) -> None:
    for moment in (now, now.astimezone(UTC)):
        value, help = proposed(currency, moment)
        assert value == settles
        days = "1 business day" if currency == "USD" else "2 business days"
        assert help.startswith(f"Assumed: {days} after ")
        assert help.endswith(counted)


@pytest.mark.parametrize(
    ("currency", "now", "till", "today"),
    [
        ("AUD", datetime(2026, 11, 24, 10, 30, tzinfo=SYDNEY), "2026-11-23", "Tue 24 Nov 2026"),
        ("AUD", datetime(2026, 11, 24, 10, 30, tzinfo=SYDNEY), "2026-11-24", ""),
        ("JPY", datetime(2026, 11, 24, 8, 30, tzinfo=TOKYO), "2026-11-23", "Tue 24 Nov 2026"),
        ("USD", datetime(2026, 11, 23, 20, 30, tzinfo=NEW_YORK), "2026-11-23", ""),
        ("USD", datetime(2026, 11, 23, 20, 30, tzinfo=NEW_YORK), "2026-11-22", "Mon 23 Nov 2026"),
        ("BTC", datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "2026-11-23", "Tue 24 Nov 2026"),
    ],
)
def test_an_order_good_till_a_date_may_end_on_the_markets_own_day(
    currency: str, now: datetime, till: str, today: str
) -> None:
    limit = CurrencyAndAmount(amount=Decimal(10), currency=currency)
    snapshot = snapshot_of(orders=[order("ORD-1", limit_price=limit)])
    (known,) = snapshot.instruments.values()
    assert known.currency == currency
    environment = Environment("demo", EnvironmentKind.LOCAL)
    for moment in (now, now.astimezone(UTC)):
        scope = Scope(snapshot, EntityKind.ORDERS, (), environment, moment, home="Desk")
        field = next(each for each in new_by_line_form(scope).fields if each.id == "line")
        problem = field.check(f"b 10 {known.luid} gtd {till} @GROWTH")
        assert problem == (f"{till} is in the past: in its market it is {today}." if today else None)
