"""The terms that the orders of a block agree on, beside their instrument (C2, M2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from tui.api.base import CurrencyAndAmount
from tui.api.states import normalize

_NAMES: Final = ("side", "type", "time_in_force")
_PRICES: Final = ("limit_price", "stop_price")


class DifferingTerm(NamedTuple):
    """A term that two rows differ in: the name of its field, and what each has."""

    field: str
    mine: str | CurrencyAndAmount | None
    other: str | CurrencyAndAmount | None


class WithTerms(Protocol):
    """A block, an order or a placement, or the fields of one."""

    @property
    def side(self) -> str: ...
    @property
    def type(self) -> str | None: ...
    @property
    def time_in_force(self) -> str | None: ...
    @property
    def limit_price(self) -> CurrencyAndAmount | None: ...
    @property
    def stop_price(self) -> CurrencyAndAmount | None: ...


def differing_terms(mine: WithTerms, other: WithTerms) -> Iterator[DifferingTerm]:
    """Yield every term that differs; none when the two may share a block."""
    for field in (*_NAMES, *_PRICES):
        one, two = getattr(mine, field), getattr(other, field)
        if (one != two) if field in _PRICES else (normalize(one) != normalize(two)):
            yield DifferingTerm(field, one, two)
