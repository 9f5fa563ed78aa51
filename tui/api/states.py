"""Compares states, sides and other free text of the API (L2).

They are no enums on the wire: an unknown text is kept and shown as it came.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tui.api.side_families import SIDE_FAMILIES, folded


@lru_cache(maxsize=1024)
def normalize(text: str | None) -> str:
    """Return ``text`` normalised for comparing: lower case, no spaces or hyphens, one spelling.

    >>> normalize("Canceled"), normalize("Partially filled"), normalize(None)
    ('cancelled', 'partiallyfilled', '')
    """
    folded = (text or "").lower().replace(" ", "").replace("-", "").replace("_", "")
    return "cancelled" if folded == "canceled" else folded


FINAL: Final = frozenset({"cancelled", "booked", "closed"})
"""The last states of orders and allocations (L7), which a sweep waits for (S1)."""
FINISHED: Final = frozenset({"cancelled", "filled"})
"""The states in which a placement cannot be cancelled any more (P11)."""

DIRECTIONS: Final = {folded(name): family.direction for family in SIDE_FAMILIES for name in family.names}


def is_cancelled(state: str | None) -> bool:
    """Return whether ``state`` means cancelled, in either spelling."""
    return normalize(state) == "cancelled"


def is_rejected(state: str | None) -> bool:
    """Return whether ``state`` means rejected, as one or the other server calls it."""
    return normalize(state) in ("rejected", "refused")


def is_final(state: str | None) -> bool:
    """Return whether an order or an allocation in ``state`` can no longer change (L7, S1)."""
    return normalize(state) in FINAL


def is_finished(state: str | None) -> bool:
    """Return whether a placement in ``state`` is no longer working (P11)."""
    return normalize(state) in FINISHED


def direction_of(side: str | None) -> int | None:
    """Return 1 when ``side`` lengthens a position, -1 when it shortens one, None when unknown (1.0)."""
    return DIRECTIONS.get(normalize(side))
