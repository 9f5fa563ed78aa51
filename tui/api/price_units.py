"""Price units: prices are quoted per unit, and of bonds per 100 nominal.

The API does not say which. It follows from the asset class of the instrument.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

PER_UNIT: Final = Decimal(1)
PER_HUNDRED: Final = Decimal("0.01")
_BONDS: Final = frozenset({"bond", "bonds", "fixed income", "gilt", "treasury"})


def is_bond(asset_class: str) -> bool:
    """Return whether an asset class, free text in any letter case, is one of bonds."""
    return asset_class.strip().casefold() in _BONDS


def price_unit(asset_class: str) -> Decimal:
    """Return what one unit costs at price 1: money = units x price x price unit.

    10,000,000 nominal of a gilt at 99.37 cost 9,937,000. An unknown asset class is quoted per unit.

    >>> price_unit("Bond"), price_unit("Equity"), price_unit("")
    (Decimal('0.01'), Decimal('1'), Decimal('1'))
    """
    return PER_HUNDRED if is_bond(asset_class) else PER_UNIT
