"""Exact arithmetic on units and money (L12), and the two bases an order can be sized in.

Sums and products are exact: the arithmetic of a call runs in :data:`EXACT_CONTEXT`, wide enough for any
number the codec accepts. Only quotients are rounded, to :data:`QUOTIENT_DIGITS` significant digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, getcontext, localcontext
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from tui.api.base import ZERO
from tui.api.models import Block, Execution, Order, Placement

P = ParamSpec("P")
R = TypeVar("R")

QUOTIENT_DIGITS: Final = 28
EXACT_CONTEXT: Final = Context(prec=1000, rounding=ROUND_HALF_EVEN)
_QUOTIENT_CONTEXT: Final = Context(prec=QUOTIENT_DIGITS, rounding=ROUND_HALF_EVEN)


def exact_arithmetic(rule: Callable[P, R]) -> Callable[P, R]:
    """Decorate ``rule`` to run in the exact context."""

    @wraps(rule)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if getcontext().prec == EXACT_CONTEXT.prec:  # inside another such rule
            return rule(*args, **kwargs)
        with localcontext(EXACT_CONTEXT):
            return rule(*args, **kwargs)

    return run


def total(units: Iterable[Decimal | None]) -> Decimal:
    """Return the sum; None counts as zero."""
    result = ZERO
    for unit in units:
        if unit is not None:
            result += unit
    return result


def weighted_average(weighted: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Return Σ(units x price) / Σ units over (units, price) pairs, or None without units (A10, E3, G11)."""
    units = money = ZERO
    for quantity, price in weighted:
        units += quantity
        money += quantity * price
    return trim_zeros(_QUOTIENT_CONTEXT.divide(money, units)) if units else None


def trim_zeros(number: Decimal) -> Decimal:
    """Return ``number`` without trailing zeros and without an exponent.

    >>> trim_zeros(Decimal("6826.0500")), trim_zeros(Decimal("1E+2"))
    (Decimal('6826.05'), Decimal('100'))
    """
    if not number:
        return ZERO
    text = str(number)
    if "E" not in text and ("." not in text or text[-1] != "0"):
        return number
    return Decimal(decimal_text(number))


def decimal_text(number: Decimal) -> str:
    """Return ``number`` as text without an exponent and without trailing zeros."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


SizedEntity = Block | Order | Placement


@dataclass(frozen=True, slots=True)
class Basis:
    """The measure of an entity's size: how to read the size, and how much of it an execution fills.

    ``executed_by`` also takes the instrument's price unit: money = units x price x price unit. A price below
    zero uses up as much money as the same price above zero.
    """

    name: str
    size_of: Callable[[SizedEntity], Decimal | None]
    executed_by: Callable[[Execution, Decimal], Decimal]


QUANTITY: Final = Basis("Quantity", lambda sized: sized.quantity, lambda execution, unit: execution.quantity)
AMOUNT: Final = Basis(
    "Amount",
    lambda sized: sized.amount.amount if sized.amount is not None else None,
    lambda execution, unit: execution.quantity * abs(execution.price.amount or ZERO) * unit,
)


def sizing_basis(sized: SizedEntity) -> Basis:
    """Return the basis of an entity: money when it has only an amount, else units."""
    return AMOUNT if sized.quantity is None and sized.amount is not None else QUANTITY


def size_text(value: Decimal, sized: SizedEntity) -> str:
    """Return a size in the measure of ``sized``, for a sentence: ``600``, or ``600 USD`` of a value order."""
    currency = sized.amount.currency if sizing_basis(sized) is AMOUNT and sized.amount else None
    return f"{decimal_text(value)} {currency or ''}".rstrip()


def basis_name(sized: Any) -> str | None:
    """Return which of quantity, amount and weight is populated first (section 1.0), or None."""
    for basis in (QUANTITY, AMOUNT):
        if basis.size_of(sized) is not None:
            return basis.name
    return "Weight" if getattr(sized, "weight", None) is not None else None
