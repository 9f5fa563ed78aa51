"""Price units: prices are quoted per unit, and of bonds per 100 nominal.

Which, follows from the definition of the instrument; where that is not known, from the asset class that
rows tell.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

PER_UNIT: Final = Decimal(1)
PER_HUNDRED: Final = Decimal("0.01")
BOND: Final = "bond"
"""The name under which limits speak of all bonds."""
_BONDS: Final = frozenset({BOND, "bonds", "fixed income", "gilt", "treasury"})


def is_bond(asset_class: str) -> bool:
    """Return whether an asset class, or the type of a definition, in any letter case, is one of bonds."""
    folded = asset_class.strip().casefold()
    return folded in _BONDS or folded.endswith(BOND)


def unit_of_definition(kind: str, scale: Decimal | None) -> Decimal | None:
    """Return the price unit that an instrument's definition says; None when it does not say what it is (R21).

    ``kind`` is the type of the definition and ``scale`` its price scale factor, which prevails.

    >>> unit_of_definition("InflationLinkedBond", None), unit_of_definition("Equity", None)
    (Decimal('0.01'), Decimal('1'))
    >>> unit_of_definition("Bond", Decimal(1)), unit_of_definition("SimpleInstrument", None)
    (Decimal('1'), None)
    """
    if scale is not None and scale.is_finite() and scale > 0:
        return PER_UNIT / scale
    if is_bond(kind):
        return PER_HUNDRED
    return None if kind in ("", "SimpleInstrument") else PER_UNIT


def price_unit(asset_class: str) -> Decimal:
    """Return what one unit costs at price 1: money = units x price x price unit.

    10,000,000 nominal of a gilt at 99.37 cost 9,937,000. An unknown asset class is quoted per unit.

    >>> price_unit("Bond"), price_unit("Equity"), price_unit("")
    (Decimal('0.01'), Decimal('1'), Decimal('1'))
    """
    return PER_HUNDRED if is_bond(asset_class) else PER_UNIT
