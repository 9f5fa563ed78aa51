"""What a portfolio holds of an instrument, as far as the server told it."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from tui.api.base import ZERO, ResourceId


class HeldUnits(Struct, frozen=True):
    """The units a portfolio holds of one instrument.

    ``rows`` are the lines that were added up: sub-holdings and currencies make several. ``settled`` are those
    of the units that have settled, None where the server does not say. ``ordered`` is what its open orders
    and unbooked allocations come to by the server's own count, None where it counts none.
    """

    units: Decimal = ZERO
    settled: Decimal | None = ZERO
    rows: int = 0
    ordered: Decimal | None = None


class NotKnown(Struct, frozen=True):
    """That a holding is not known, and ``why``: the end of a sentence. It is never taken for zero.

    While it is ``awaited`` the server has been asked for it.
    """

    why: str
    awaited: bool = False


Holding = HeldUnits | NotKnown
HoldingKey = tuple[ResourceId, str]
"""A portfolio, and the LUID of an instrument."""

READING = NotKnown("it is being read", awaited=True)
NOT_ASKED = NotKnown("nobody asked for it")
