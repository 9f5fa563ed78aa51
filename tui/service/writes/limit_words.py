"""Figures and limits in words: rounded, but never so far that what is above a limit looks like the limit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from tui.api.base import ZERO
from tui.api.placing_states import Guard
from tui.config.limit_settings import Bound
from tui.service.numbers import number, rounded

_LETTERS: Final = ((Decimal(1_000_000_000), "bn"), (Decimal(1_000_000), "m"))


def typed_on_prod(said: str, free: str, bound: Bound) -> str:
    """Return the sentence about what needs the typed count in production, and below what it does not."""
    return f"{said} on PROD: above {free} the count is typed ({bound})."


def limit_words(guard: Guard, bound: Bound, written: Callable[[Decimal], str]) -> str:
    """Return a limit in words: which, its value, its name in the file and where it is said."""
    side = "hard" if guard is Guard.REFUSED else "soft"
    return f"{side} limit of {written(bound.value or ZERO)} ({bound})"


def short_money(amount: Decimal) -> str:
    """Return money in millions or billions where three decimals say it exactly, else written out.

    >>> short_money(Decimal("4095000")), short_money(Decimal("5000001")), short_money(Decimal("190000.5"))
    ('4.095m', '5,000,001', '190,000.50')
    """
    for unit, letter in _LETTERS:
        thousandths = amount / unit * 1000
        if amount >= unit and thousandths == thousandths.to_integral_value():
            return f"{number(amount / unit)}{letter}"
    return number(amount, 2 if amount != amount.to_integral_value() else None)


def _rounded(value: Decimal, places: int, limit: Decimal | None) -> Decimal:
    """Return ``value`` with so few decimals that it is neither zero nor what it is above."""
    least = max(places, -value.adjusted() if value else 0)
    while limit is not None and rounded(value, least) <= limit < value:
        least += 1
    return rounded(value, least)


def percent(fraction: Decimal, limit: Decimal | None = None) -> str:
    """Return a share in per cent, exact enough to be seen above its ``limit``.

    >>> percent(Decimal("0.123")), percent(Decimal("0.1")), percent(Decimal("0.000104"))
    ('12.3 %', '10 %', '0.01 %')
    >>> percent(Decimal("0.10002"), Decimal("0.1")), percent(Decimal("1E+40"), Decimal("0.1"))
    ('10.002 %', '1.000e+42 %')
    """
    return f"{number(_rounded(fraction * 100, 1, None if limit is None else limit * 100))} %"


def times(ratio: Decimal, limit: Decimal | None = None) -> str:
    """Return a multiple in words, exact enough to be seen above its ``limit``.

    >>> times(Decimal("13.2")), times(Decimal(5)), times(Decimal("8.44")), times(Decimal("0.00312"))
    ('13 times', '5 times', '8.4 times', '0.003 times')
    >>> times(Decimal("5.004"), Decimal(5)), times(Decimal("1E+40"))
    ('5.004 times', '1.000e+40 times')
    """
    return f"{number(_rounded(ratio, 0 if ratio >= 10 else 1, limit))} times"
