"""What is at stake with a row, who made it, and whether its block is done: what several rules ask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from tui.api.base import ZERO
from tui.api.life_cycle import exceeds
from tui.api.models import OrderGraphBlock
from tui.api.states import normalize
from tui.service.exceptions.exception_kind import UNKNOWN_MONEY, Money
from tui.service.snapshot.sizing import Size, block_executed, block_ordered
from tui.service.snapshot.snapshot import Snapshot
from tui.service.snapshot.worth import priced, worth_of_size

_OVER: Final = frozenset({"cancelled", "booked", "swept"})
"""The derived states of a block of which nothing more is to come."""


def worth(snapshot: Snapshot, row: Any, size: Size) -> Money:
    """Return what ``size`` of a row is worth: at its own price, else at the last one of its instrument."""
    found = priced(snapshot, worth_of_size(snapshot, row, size))
    return UNKNOWN_MONEY if found.value is None else Money(abs(found.value), found.currency)


def summed(parts: Iterable[Money]) -> Money:
    """Return a sum of money; not known where a part is not, or where currencies differ."""
    found = list(parts)
    currencies = {each.currency for each in found}
    if len(currencies) != 1 or any(each.value is None for each in found):
        return UNKNOWN_MONEY
    return Money(sum((each.value or ZERO for each in found), ZERO), currencies.pop())


def maker(row: Any) -> str:
    """Return who made a row, as its version says; else who changed it last."""
    version = row.block.version if isinstance(row, OrderGraphBlock) else row.version
    return (version.user_id_created or version.user_id_modified or "") if version else ""


def changer(row: Any) -> str:
    """Return who changed a row last, as its version says."""
    return (row.version.user_id_modified or "") if row.version else ""


def changed_at(row: Any) -> datetime | None:
    """Return when a row was last changed, as its version says."""
    return row.version.as_at_modified if row.version else None


def latest(*moments: datetime | None) -> datetime | None:
    """Return the last of the moments that are known."""
    return max((each for each in moments if each is not None and each.year > 1), default=None)


def is_done(snapshot: Snapshot, row: OrderGraphBlock) -> bool:
    """Return whether nothing more of a block is to be placed or filled."""
    if row.block.is_swept or normalize(row.derived_state) in _OVER:
        return True
    ordered, executed = block_ordered(snapshot, row).value, block_executed(snapshot, row).value
    return bool(ordered) and executed is not None and not exceeds(ordered or ZERO, executed)
