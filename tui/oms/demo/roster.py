"""The demo desk's people, portfolios and counterparties, and its lots and ticks. All names are fictional."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from random import Random
from typing import Final

from tui.api.base import (
    CurrencyAndAmount,
    MetricValue,
    PerpetualProperty,
    Properties,
    PropertyValue,
    ResourceId,
)
from tui.oms.demo.universe import DemoInstrument

SCOPE: Final = "demo"
SLEEVES: Final = "sleeves"
"""The scope of portfolios that outside managers run; one has the code of a portfolio of the desk."""

PORTFOLIOS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("GBP", "Equity"): ("UKEQ-GROW", "UKEQ-INC", "BAL-60", "CHAR-NG", "SEG-HARB"),
    ("GBP", "Bond"): ("LDI-GILT", "BAL-60", "SEG-HARB", "CHAR-NG"),
    ("USD", "Equity"): ("US-TECH", "GLB-CORE", "BAL-60"),
    ("USD", "Bond"): ("UST-LAD", "BAL-60"),
    ("EUR", "Equity"): ("EUR-LEAD", "GLB-CORE", "BAL-60"),
    ("CHF", "Equity"): ("EUR-LEAD", "GLB-CORE"),
    ("JPY", "Equity"): ("GLB-CORE", "BAL-60"),
}
"""The portfolios that trade an instrument, by its currency and asset class; the largest first."""

MANAGERS: Final = {"GBP": "pm.hart", "EUR": "pm.hart", "CHF": "pm.hart", "USD": "pm.silva", "JPY": "pm.silva"}
DEALERS: Final = {
    "GBP": "dlr.okafor",
    "EUR": "dlr.okafor",
    "CHF": "dlr.okafor",
    "USD": "dlr.chen",
    "JPY": "dlr.chen",
}
MIDDLE_OFFICE: Final = "mo.lindqvist"
COMPLIANCE: Final = "cmp.rao"

COUNTERPARTIES: Final = ("ALBN", "KEYS", "MERI", "HLVB", "NRDK", "PCRC", "TMSB")
SYSTEMS: Final = {"SIM-EMS": "Ems", "SIM-FIX": "Direct", "PHONE": "Manual"}
"""The entry type of each execution system."""


COMPLIANCE_STATE: Final = "Order/demo/ComplianceState"
APPROVAL_STATE: Final = "Order/demo/ApprovalState"


@lru_cache(maxsize=256)
def portfolio_id(name: str) -> ResourceId:
    """Return the portfolio of a code, or of a scope and a code.

    >>> portfolio_id("BAL-60"), portfolio_id("sleeves/US-TECH")
    (ResourceId(scope='demo', code='BAL-60'), ResourceId(scope='sleeves', code='US-TECH'))
    """
    scope, _, code = name.rpartition("/")
    return ResourceId(scope or SCOPE, code)


def round_lot(instrument: DemoInstrument) -> int:
    """Return the round lot of an instrument: shares, or nominal for bonds."""
    if instrument.is_bond:
        return 100_000
    if instrument.currency == "GBP":
        return 1_000 if instrument.price < 5 else 100
    return 100 if instrument.currency in ("USD", "JPY") else 50


def round_to_lots(quantity: Decimal, lot: int) -> Decimal:
    """Round ``quantity`` to whole lots, at least one."""
    return max(Decimal(1), (quantity / lot).to_integral_value(ROUND_HALF_EVEN)) * lot


def round_to_tick(price: Decimal, instrument: DemoInstrument) -> Decimal:
    """Round ``price`` to a whole tick, at least one."""
    ticks = (price / instrument.tick).to_integral_value(ROUND_HALF_EVEN)
    return max(Decimal(1), ticks) * instrument.tick


def random_normal(rng: Random) -> Decimal:
    """Draw a number with mean 0 and variance 1.

    The sum of three uniform integers is close to a normal distribution, and exact.
    """
    return Decimal(sum(rng.randrange(-1000, 1001) for _ in range(3))) / 1000


def money(amount: Decimal, currency: str) -> CurrencyAndAmount:
    """Return ``amount`` of ``currency``."""
    return CurrencyAndAmount(amount=amount, currency=currency)


REASON_PROPERTY: Final = "Placement/demo/Reason"
"""The property that says why a counterparty set the state of a placement."""


@lru_cache(maxsize=1024)
def label_property(key: str, text: str) -> Properties:
    """Return the property ``key`` (domain/scope/code) with a text value."""
    return {key: PerpetualProperty(key=key, value=PropertyValue(label_value=text))}


def metric_property(key: str, value: Decimal, unit: str) -> Properties:
    """Return the property ``key`` with a numeric value in ``unit``."""
    number = PropertyValue(metric_value=MetricValue(value=value, unit=unit))
    return {key: PerpetualProperty(key=key, value=number)}
