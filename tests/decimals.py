"""Quantities as tests write them: whole numbers that are compared with decimals."""

from __future__ import annotations

from decimal import Decimal


def decimals(*quantities: int | str) -> tuple[Decimal, ...]:
    """Return quantities as the decimals a model carries."""
    return tuple(map(Decimal, quantities))
