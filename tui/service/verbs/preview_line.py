"""What a verb tells its preview: the items it counts, and what is odd about them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.placing_states import Guard
from tui.api.price_units import PER_UNIT
from tui.service.snapshot.snapshot import Ref


class PreviewLine(Struct, frozen=True, gc=False):
    """One item as the preview counts it: units of an instrument at a price, in a currency.

    ``price_unit`` is what one unit at price 1 costs: bonds are quoted per 100 nominal. ``limit`` and ``stop``
    are the prices that were chosen for it.
    """

    ref: Ref
    side: str
    quantity: Decimal | None
    price: Decimal | None = None
    currency: str = ""
    instrument: str = ""
    portfolio: ResourceId | None = None
    amount: Decimal | None = None
    limit: Decimal | None = None
    stop: CurrencyAndAmount | None = None
    price_unit: Decimal = PER_UNIT

    @property
    def notional(self) -> Decimal | None:
        """The notional in ``currency``: the amount of a value-sized item; None when unknown."""
        if self.amount is not None:
            return self.amount
        if self.quantity is None or self.price is None:
            return None
        return self.quantity * self.price * self.price_unit

    @property
    def units(self) -> Decimal | None:
        """The units it is about: of money, what it buys at the price; None when unknown."""
        if self.quantity is not None or self.amount is None or not self.price:
            return self.quantity
        return self.amount / (abs(self.price) * self.price_unit)


LARGEST: Final = 3
"""The items that a preview of several says each for itself."""


class Caution(Struct, frozen=True):
    """Something odd, or that the server will probably refuse.

    ``guard`` is how strongly it stands in the way: a warning is a hint and the server decides; TYPED asks for
    the item count; REFUSED is not sent to any server. ``unsaid`` says that nobody gave the state of its kind.
    """

    kind: str
    text: str
    guard: Guard = Guard.WARN
    unsaid: bool = False
