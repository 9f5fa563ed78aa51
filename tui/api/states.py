"""How states, sides and other free text of the API are compared (L2).

Nothing of it is an enum on the wire: an unknown text is kept and shown as it came.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final


@lru_cache(maxsize=1024)
def normal(text: str | None) -> str:
    """Give ``text`` in the form states are compared in: lower case, no spaces or hyphens, one spelling.

    >>> normal("Canceled"), normal("Partially filled"), normal(None)
    ('cancelled', 'partiallyfilled', '')
    """
    folded = (text or "").lower().replace(" ", "").replace("-", "").replace("_", "")
    return "cancelled" if folded == "canceled" else folded


FINAL: Final = frozenset({"cancelled", "booked", "closed"})
"""States of orders and allocations that nothing comes after: L7, and what a sweep waits for (S1)."""
FINISHED: Final = frozenset({"cancelled", "filled"})
"""States of placements that cannot be cancelled any more (P11)."""

DIRECTIONS: Final = {"buy": 1, "buytocover": 1, "sell": -1, "sellshort": -1, "shortsell": -1}


def is_cancelled(state: str | None) -> bool:
    """Tell whether ``state`` means cancelled, in either spelling."""
    return normal(state) == "cancelled"


def is_final(state: str | None) -> bool:
    """Tell whether an order or an allocation in ``state`` can no longer change (L7, S1)."""
    return normal(state) in FINAL


def is_finished(state: str | None) -> bool:
    """Tell whether a placement in ``state`` no longer works (P11)."""
    return normal(state) in FINISHED


def direction_of(side: str | None) -> int | None:
    """Give 1 when ``side`` lengthens a position, -1 when it shortens one, None when unknown (1.0)."""
    return DIRECTIONS.get(normal(side))
