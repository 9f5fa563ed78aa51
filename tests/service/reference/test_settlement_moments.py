"""A settlement date is asked for the day of the trade, wherever its market lies."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tui.api.settlement import trading_day
from tui.service.reference.settlement_dates import TradeAsked


@pytest.mark.parametrize("currency", ["NZD", "JPY", "GBP", "USD"])
def test_the_moment_sent_is_of_the_market_s_day_in_utc_too(currency: str) -> None:
    traded = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    day = trading_day(traded, currency)
    assert TradeAsked("LUID_0000AAPL", day).moment.date() == day


def test_a_morning_trade_in_auckland_is_of_its_own_day() -> None:
    traded = datetime(2026, 11, 19, 22, 30, tzinfo=UTC)
    assert trading_day(traded, "NZD") == date(2026, 11, 20)
    assert TradeAsked("LUID_1", date(2026, 11, 20)).moment == datetime(2026, 11, 20, 12, tzinfo=UTC)
