"""The compliance rules of the embedded server, and how an order is checked against them (K1).

Every rule is a check of a share of a portfolio's value, after one order taken for itself: so that the orders
of a busy desk do not fail each other. A rule that was not passed before the order, and that the order does
not make worse, is not passed either; the order is then not the likely cause.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO, ResourceId
from tui.api.models import Order
from tui.api.states import direction_of
from tui.oms.domain.compliance_book import ComplianceBook, Fund

SCOPE: Final = "Rules"
"""The scope of all rules."""
TEMPLATE: Final = ResourceId("system", "PercentCheck")
TEMPLATE_DESCRIPTION: Final = "Share of portfolio value per group"
TEMPLATE_VARIATION: Final = "Simple"

PASSED: Final = "Passed"
WARNING: Final = "Warning"
FAILED: Final = "Failed"
WORST_FIRST: Final = (FAILED, WARNING, PASSED)

ISSUER_LIMIT: Final = Decimal("0.10")
ISSUER_WARNING: Final = Decimal("0.09")
CASH_FLOOR: Final = Decimal("0.01")
CASH_WARNING: Final = Decimal("0.015")


class Judgement(Struct, frozen=True):
    """What a rule says of an order: the share it looked at, None when that is not known, and why not."""

    status: str
    value: Decimal | None = None
    responsible: bool = False
    missing: str | None = None


class ComplianceRule(Struct, frozen=True):
    """A rule by its code in :data:`SCOPE`; ``parameters`` are the numbers it compares with."""

    code: str
    name: str
    description: str
    parameters: dict[str, str]
    judge: Callable[[ComplianceBook, Order, Decimal], Judgement]

    @property
    def id(self) -> ResourceId:
        """The id of the rule."""
        return ResourceId(SCOPE, self.code)


def worst(statuses: list[str]) -> str:
    """Return the worst of statuses, Passed when there is none."""
    return min(statuses, key=WORST_FIRST.index, default=PASSED)


def _issuer(book: ComplianceBook, order: Order, unit: Decimal) -> Judgement:
    """Judge the share of the order's issuer after it."""
    fund, value = _fund(book, order), _value(book, order, unit)
    if fund is None or value is None:
        return Judgement(PASSED, missing=_missing(order, fund))
    held = fund.held.get(order.lusid_instrument_id, ZERO)
    direction = direction_of(order.side) or 0
    share = (held + direction * value) / fund.value
    status = FAILED if share > ISSUER_LIMIT else WARNING if share > ISSUER_WARNING else PASSED
    return Judgement(status, share, responsible=direction > 0)


def _cash(book: ComplianceBook, order: Order, unit: Decimal) -> Judgement:
    """Judge the share of cash after the order was paid for."""
    fund, value = _fund(book, order), _value(book, order, unit)
    if fund is None or value is None:
        return Judgement(PASSED, missing=_missing(order, fund))
    direction = direction_of(order.side) or 0
    share = (fund.cash - direction * value) / fund.value
    status = FAILED if share < CASH_FLOOR else WARNING if share < CASH_WARNING else PASSED
    return Judgement(status, share, responsible=direction > 0)


def _restricted(book: ComplianceBook, order: Order, unit: Decimal) -> Judgement:
    """Judge whether the portfolio may trade the instrument at all."""
    barred = book.restricted.get(order.portfolio_id, frozenset()) if order.portfolio_id else frozenset()
    if order.lusid_instrument_id not in barred:
        return Judgement(PASSED, ZERO)
    fund, value = _fund(book, order), _value(book, order, unit)
    share = None if fund is None or value is None else value / fund.value
    return Judgement(FAILED, share, responsible=True)


def _fund(book: ComplianceBook, order: Order) -> Fund | None:
    return book.funds.get(order.portfolio_id) if order.portfolio_id else None


def _missing(order: Order, fund: Fund | None) -> str:
    if fund is None:
        return f"Portfolio {order.portfolio_id or 'of the order'} is not valued."
    return f"There is no price of {order.lusid_instrument_id}."


def _value(book: ComplianceBook, order: Order, unit: Decimal) -> Decimal | None:
    """Return what an order is worth in its portfolio's currency, None when that is not known.

    ``unit`` is the cost of one unit at price 1.
    """
    fund = _fund(book, order)
    if fund is None:
        return None
    if order.weight is not None:
        return order.weight * fund.value
    if order.amount is not None and order.amount.amount is not None:
        return book.in_currency(abs(order.amount.amount), order.amount.currency, fund.currency)
    price = book.prices.get(order.lusid_instrument_id)
    currency: str | None = book.currencies.get(order.lusid_instrument_id)
    if price is None:
        asked = order.price or order.limit_price
        if asked is None or asked.amount is None:
            return None
        price, currency = asked.amount, asked.currency
    return book.in_currency((order.quantity or ZERO) * abs(price) * unit, currency, fund.currency)


RULES: Final = (
    ComplianceRule(
        "ISSUER-10PCT",
        "No issuer above 10 %",
        "No order takes an issuer above 10 % of the portfolio; a warning from 9 %",
        {"limit": "0.10", "warning": "0.09"},
        _issuer,
    ),
    ComplianceRule(
        "CASH-FLOOR",
        "Cash not below 1 %",
        "No order takes the portfolio's cash below 1 % of its value; a warning from 1.5 %",
        {"limit": "0.01", "warning": "0.015"},
        _cash,
    ),
    ComplianceRule(
        "RESTRICTED",
        "Restricted list",
        "No order in an instrument that the portfolio may not trade",
        {"limit": "0"},
        _restricted,
    ),
)
"""The rules, in the order in which runs report them."""
BY_ID: Final = {rule.id: rule for rule in RULES}
