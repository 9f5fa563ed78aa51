"""The instrument that a client's identifiers mean, and its quotation.

The instruments are passed in by whoever opens the engine. An identifier they do not have resolves to
:data:`UNRESOLVED` rather than failing (contract 1.0), except a LUID, which is accepted as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Protocol

from tui.api.base import Identifiers
from tui.api.price_units import PER_UNIT

UNRESOLVED: Final = "LUID_ZZZZZZZZ"
"""The LUID of every instrument that cannot be resolved."""
LUID_KEY: Final = "Instrument/default/LusidInstrumentId"
SCOPE: Final = "default"
"""The scope all instruments of this server live in."""


class Instruments(Protocol):
    """Finds instruments by their identifiers."""

    def luid(self, identifiers: Identifiers) -> str:
        """Return the LUID of the instrument, or :data:`UNRESOLVED`."""
        ...

    def price_unit(self, luid: str) -> Decimal:
        """Return the cost of one unit at price 1: 0.01 for bonds, 1 for other and unknown instruments."""
        ...


class InstrumentTable:
    """Instruments by (identifier key, value), and price units by LUID, held in memory."""

    def __init__(self, luids: Mapping[tuple[str, str], str], units: Mapping[str, Decimal]) -> None:
        self._luids = luids
        self._units = units

    def luid(self, identifiers: Identifiers) -> str:
        """Return the LUID of the first known identifier; a LUID itself takes precedence."""
        named = identifiers.get(LUID_KEY)
        if named:
            return named
        for key, value in identifiers.items():
            luid = self._luids.get((key, value or ""))
            if luid:
                return luid
        return UNRESOLVED

    def price_unit(self, luid: str) -> Decimal:
        """Return the price unit of the instrument, 1 when it is not known."""
        return self._units.get(luid, PER_UNIT)


class Traded(Protocol):
    """An entity that trades an instrument: a block, order, placement, execution or allocation."""

    @property
    def lusid_instrument_id(self) -> str: ...
    @property
    def instrument_identifiers(self) -> Identifiers: ...


def instrument_difference(mine: Traded, theirs: Traded) -> str:
    """Return how the instruments of two entities differ, as refusals say it (C2, P2, E1)."""
    return f"instrument {_instrument_name(mine)}, not {_instrument_name(theirs)}"


def _instrument_name(entity: Traded) -> str:
    """Return the identifiers of an entity's instrument, and its LUID or that it is not resolved."""
    luid = entity.lusid_instrument_id
    given = {key.rpartition("/")[2]: value for key, value in entity.instrument_identifiers.items() if value}
    if luid == UNRESOLVED:
        return f"{', '.join(f'{kind} {value}' for kind, value in given.items())} (not resolved)"
    name = given.get("Ticker") or next(iter(given.values()), luid)
    return luid if name == luid else f"{name} ({luid})"


def instrument_of(entity: Traded) -> tuple[object, ...]:
    """Return a key that is equal for two entities of the same instrument (C1, P2, E1).

    Two unresolved instruments are the same only when their identifiers are equal.
    """
    luid = entity.lusid_instrument_id
    return (luid,) if luid != UNRESOLVED else (luid, *sorted(entity.instrument_identifiers.items()))
