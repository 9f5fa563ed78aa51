"""Which instrument a client's identifiers mean, and how it is quoted.

The server knows the demo's instruments. Any other identifier resolves to :data:`UNKNOWN` rather than
failing (1.0), except a LUID, which is taken at its word.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Final, Protocol

from tui.api.base import Identifiers
from tui.api.price_units import PER_UNIT

UNKNOWN: Final = "LUID_ZZZZZZZZ"
"""What identifiers nobody knows resolve to."""
LUID_KEY: Final = "Instrument/default/LusidInstrumentId"
SCOPE: Final = "default"
"""The scope all instruments of this server live in."""


class Instruments(Protocol):
    """Knows instruments by their identifiers."""

    def luid(self, identifiers: Identifiers) -> str:
        """Give the LUID of the instrument, or :data:`UNKNOWN`."""
        ...

    def price_unit(self, luid: str) -> Decimal:
        """Give what one unit at price 1 costs: a hundredth for bonds, 1 for others and for the unknown."""
        ...


class InstrumentTable:
    """Instruments by (identifier key, value), and price units by LUID, held in memory."""

    def __init__(self, luids: Mapping[tuple[str, str], str], units: Mapping[str, Decimal]) -> None:
        self._luids = luids
        self._units = units

    def luid(self, identifiers: Identifiers) -> str:
        """Give the LUID of the first identifier that is known; a LUID itself comes before the others."""
        named = identifiers.get(LUID_KEY)
        if named:
            return named
        for key, value in identifiers.items():
            luid = self._luids.get((key, value or ""))
            if luid:
                return luid
        return UNKNOWN

    def price_unit(self, luid: str) -> Decimal:
        """Give the price unit of the instrument, 1 when it is not known."""
        return self._units.get(luid, PER_UNIT)


@cache
def known_instruments() -> InstrumentTable:
    """Give the instruments the embedded server knows: those the demo trades."""
    from tui.oms.demo.universe import instruments

    luids: dict[tuple[str, str], str] = {}
    for instrument in instruments():
        for key, value in instrument.identifiers.items():
            luids[key, value] = instrument.luid
    return InstrumentTable(luids, {known.luid: known.price_unit for known in instruments()})


class Traded(Protocol):
    """What is traded in an instrument: blocks, orders, placements, executions, allocations."""

    @property
    def lusid_instrument_id(self) -> str: ...
    @property
    def instrument_identifiers(self) -> Identifiers: ...


def instrument_of(entity: Traded) -> tuple[object, ...]:
    """Give what two entities must share to trade the same instrument (C1, P2, E1).

    Two unresolved instruments are the same only when their identifiers are: that nobody knows either
    does not make them one.
    """
    luid = entity.lusid_instrument_id
    return (luid,) if luid != UNKNOWN else (luid, *sorted(entity.instrument_identifiers.items()))
