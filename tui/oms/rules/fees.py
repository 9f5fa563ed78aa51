"""Fees of a booking (B5): rates by broker and currency, reported as properties of the transaction.

A fee is reported, not deducted: the consideration stays. LUSID's own fee rules are not modelled.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from msgspec import Struct

from tui.api.base import MetricValue, PerpetualProperty, Properties, PropertyValue
from tui.api.models import Transaction

CENT: Final = Decimal("0.01")


class Fee(Struct, frozen=True):
    """A share of the consideration; without ``broker`` or ``currency`` it applies to all of them."""

    code: str
    rate: Decimal
    broker: str | None = None
    currency: str | None = None

    def applies_to(self, transaction: Transaction) -> bool:
        """Return whether the fee is due on ``transaction``."""
        return self.broker in (None, transaction.counterparty_id) and self.currency in (
            None,
            transaction.total_consideration.currency,
        )


def fees_of(transaction: Transaction, fees: Iterable[Fee]) -> Properties:
    """Return the fees of ``transaction`` by property key; of fees with one code the first applies (B5)."""
    found: dict[str, PerpetualProperty] = {}
    money = transaction.total_consideration
    for fee in fees:
        key = f"Transaction/fee/{fee.code}"
        if key not in found and money.amount is not None and fee.applies_to(transaction):
            due = (abs(money.amount) * fee.rate).quantize(CENT, ROUND_HALF_EVEN)
            value = PropertyValue(metric_value=MetricValue(value=due, unit=money.currency))
            found[key] = PerpetualProperty(key=key, value=value)
    return found
