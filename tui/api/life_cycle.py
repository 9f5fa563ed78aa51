"""The arithmetic of the life cycle that server and client have in common (P4, G4, G7 to G9, L12)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from tui.api.base import ZERO
from tui.api.states import direction_of, is_cancelled

TOLERANCE: Final = Decimal("1E-9")
"""Units closer than this are the same (L12): clients compute in binary floating point."""


def exceeds(left: Decimal, right: Decimal) -> bool:
    """Return whether ``left`` is more than ``right`` by more than the tolerance (L12)."""
    return left - right > TOLERANCE


def is_zero(units: Decimal | None) -> bool:
    """Return whether ``units`` are None or within the tolerance of zero (L12)."""
    return units is None or abs(units) <= TOLERANCE


class StageTotals(NamedTuple):
    """The totals of a block at each stage of its life cycle: in units, or in money if it is sized so."""

    ordered: Decimal
    placed: Decimal
    executed: Decimal
    allocated: Decimal
    booked: Decimal


OVER_ALLOCATED: Final = "Over-allocated"
_STAGE_STATES: Final = (
    ("New", "Partially placed", "Over-placed"),
    ("Placed", "Partially executed", "Over-executed"),
    ("Executed", "Partially allocated", OVER_ALLOCATED),
    ("Allocated", "Partially booked", "Booked"),
)
"""The state of a block by its first incomplete stage: nothing done, too little done, too much done."""


def block_state(totals: StageTotals, *, swept: bool, cancelled: bool) -> str:
    """Return the derived state of a block: its first stage from the left that is not complete (G6 to G8).

    ``cancelled`` is whether the block has orders and all of them are cancelled. More allocated than executed,
    as after a busted trade, goes before all that is incomplete: nothing of it may be booked (E5).
    """
    if swept:
        return "Swept"
    if exceeds(totals.allocated, totals.executed):
        return OVER_ALLOCATED
    if cancelled:
        return "Cancelled"
    for (none, too_little, too_much), before, done in zip(_STAGE_STATES, totals, totals[1:], strict=False):
        if is_zero(done):
            return none
        if exceeds(before, done):
            return too_little
        if exceeds(done, before):
            return too_much
    return "Booked"


def placement_state(state: str | None, placed: Decimal, executed: Decimal, allocated: Decimal) -> str:
    """Return the derived state of a placement whose stored state is ``state`` (L4, G9)."""
    cancelled = is_cancelled(state)
    if exceeds(allocated, executed):
        return OVER_ALLOCATED
    if is_zero(executed):
        return "Cancelled" if cancelled else "New"
    if not cancelled and exceeds(placed, executed):
        return "In progress"
    return "Executed" if exceeds(executed, allocated) else "Allocated"


def signed_units(block_side: str | None, side: str | None, units: Decimal) -> Decimal:
    """Return units relative to a block: negative when ``side`` opposes the block's (G4)."""
    ours, theirs = direction_of(block_side), direction_of(side)
    return -units if ours and theirs and ours != theirs else units


def waterfall(units: Decimal, rooms: Sequence[Decimal]) -> list[Decimal]:
    """Return ``units`` split over ``rooms`` in their order; the last one takes the excess (P4)."""
    parts = []
    for room in rooms[:-1]:
        part = max(ZERO, min(units, room))
        parts.append(part)
        units -= part
    return [*parts, units] if rooms else []
