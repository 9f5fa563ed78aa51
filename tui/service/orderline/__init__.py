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
from tui.service.orderline.parser import parse_order_line

__all__ = [
    "TIMES",
    "LineError",
    "OrderLine",
    "Parsed",
    "PortfolioShare",
    "parse_order_line",
    "priced_at",
]
