"""The order line: one line of text that is a whole order."""

from __future__ import annotations

from tui.service.orderline.order_line import (
    TIMES,
    LineError,
    OrderLine,
    Parsed,
    PortfolioShare,
    priced_at,
)
from tui.service.orderline.parser import (
    expired,
    one_currency,
    parse_date,
    parse_order_line,
    parse_portfolios,
)

__all__ = [
    "TIMES",
    "LineError",
    "OrderLine",
    "Parsed",
    "PortfolioShare",
    "expired",
    "one_currency",
    "parse_date",
    "parse_order_line",
    "parse_portfolios",
    "priced_at",
]
