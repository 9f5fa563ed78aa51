"""How prices are quoted: of most instruments for one unit, of bonds for a hundred of nominal.

The API says neither; what an instrument is, is known by the asset class somebody gave it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

PER_UNIT: Final = Decimal(1)
PER_HUNDRED: Final = Decimal("0.01")
_BONDS: Final = frozenset({"bond", "bonds", "fixed income", "gilt", "treasury"})


def is_bond(asset_class: str) -> bool:
    """Tell whether an asset class, as free text in any case, is one of bonds."""
    return asset_class.strip().casefold() in _BONDS


def price_unit(asset_class: str) -> Decimal:
    """Give what one unit at price 1 costs: money = units x price x price unit.

    10,000,000 nominal of a gilt at 99.37 cost 9,937,000. An asset class nobody knows is quoted per unit.

    >>> price_unit("Bond"), price_unit("Equity"), price_unit("")
    (Decimal('0.01'), Decimal('1'), Decimal('1'))
    """
    return PER_HUNDRED if is_bond(asset_class) else PER_UNIT
