"""The terms that orders of one block must share (C1), and how two of them differ, in words."""

from __future__ import annotations

from typing import Any, Final

from tui.api.base import CurrencyAndAmount, Identifiers
from tui.api.models import Block
from tui.api.states import normalize

_FIELDS: Final = (
    ("side", "side"),
    ("type", "type"),
    ("time in force", "time_in_force"),
    ("limit price", "limit_price"),
    ("stop price", "stop_price"),
)


def misfit(candidate: Any, block: Block) -> str:
    """Return why an order, or a request for one, cannot join ``block``; empty when it fits (C2)."""
    if not same_instrument(candidate, block):
        return "instrument differs"
    for title, name in _FIELDS:
        asked, held = getattr(candidate, name), getattr(block, name)
        if not _equal(asked, held):
            return f"{title} {_text(asked)} differs from {_text(held)}"
    return ""


def same_instrument(candidate: Any, block: Block) -> bool:
    """Return whether both trade one instrument: by LUID where both have one, else by shared identifiers."""
    luid = getattr(candidate, "lusid_instrument_id", "")
    if luid and block.lusid_instrument_id:
        return bool(luid == block.lusid_instrument_id)
    mine: Identifiers = candidate.instrument_identifiers
    theirs = block.instrument_identifiers
    shared = mine.keys() & theirs.keys()
    return not shared or any(mine[key] == theirs[key] for key in shared)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, CurrencyAndAmount) or isinstance(right, CurrencyAndAmount):
        return left is not None and right is not None and left == right
    return normalize(left) == normalize(right)


def _text(value: Any) -> str:
    return str(value) if value is not None else "none"
