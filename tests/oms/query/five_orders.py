"""Helpers of the tests of lists: the property of the five orders, and a short notation for pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tui.api.base import MetricValue, PerpetualProperty, PropertyValue
from tui.api.codec import Page

STRATEGY = "Order/Desk/Strategy"


def metric(key: str, value: str) -> dict[str, PerpetualProperty]:
    number = PropertyValue(metric_value=MetricValue(value=Decimal(value)))
    return {key: PerpetualProperty(key=key, value=number)}


def codes(page: Page[Any]) -> str:
    """Return the last letters of the ids of a page, in its sort."""
    return "".join(row.id.code[-1] for row in page.values)
