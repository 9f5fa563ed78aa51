"""Exceptions of blocks: more done than was asked for, allocations not booked, instruments nobody knows."""

from __future__ import annotations

from typing import Any

from tui.api.models import Allocation, Order, OrderGraphBlock, Placement
from tui.api.states import is_final, is_finished, normalize
from tui.service.exceptions.at_stake import (
    changed_at,
    changer,
    is_done,
    latest,
    maker,
    summed,
    worth,
)
from tui.service.exceptions.exception_kind import Trouble
from tui.service.numbers import counted
from tui.service.snapshot.instruments import UNRESOLVED, luid_of
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.sizing import (
    Size,
    block_allocated,
    block_executed,
    block_ordered,
    block_placed,
    block_unplaced,
    is_over_allocated,
    size_of,
)
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot


def over_placed(snapshot: Snapshot, row: OrderGraphBlock) -> Trouble | None:
    """Return that more of a block is placed than its orders ask for: its newest placement is reduced."""
    if normalize(row.derived_state) != "overplaced":
        return None
    ids = snapshot.placements_of_block(row.block.id)
    working = [snapshot.placements[id] for id in ids if not is_finished(snapshot.placements[id].state)]
    return _too_much(
        snapshot,
        row,
        (block_placed(row), "placed"),
        (block_ordered(snapshot, row), "ordered"),
        max(working, key=lambda each: each.created_date, default=None),
        EntityKind.PLACEMENTS,
    )


def over_executed(snapshot: Snapshot, row: OrderGraphBlock) -> Trouble | None:
    """Return that more of a block is filled than was placed: its newest fill is corrected."""
    if normalize(row.derived_state) != "overexecuted":
        return None
    ids = snapshot.placements_of_block(row.block.id)
    fills = [fill for id in ids for fill in snapshot.fills_of_placement(id)]
    return _too_much(
        snapshot,
        row,
        (block_executed(snapshot, row), "filled"),
        (block_placed(row), "placed"),
        max(fills, key=lambda each: each.created_date, default=None),
        EntityKind.EXECUTIONS,
    )


def over_allocated_block(snapshot: Snapshot, row: OrderGraphBlock) -> Trouble | None:
    """Return that more of a block is allocated than filled, where no placement of it says so."""
    if normalize(row.derived_state) != "overallocated":
        return None
    ids = snapshot.placements_of_block(row.block.id)
    if any(is_over_allocated(snapshot, snapshot.placements[id]) for id in ids):
        return None
    given, executed = block_allocated(snapshot, row), block_executed(snapshot, row)
    return _too_much(snapshot, row, (given, "allocated"), (executed, "filled"), None, EntityKind.ALLOCATIONS)


def _too_much(
    snapshot: Snapshot,
    row: OrderGraphBlock,
    much: tuple[Size, str],
    less: tuple[Size, str],
    mended_on: Any,
    kind: EntityKind,
) -> Trouble:
    """Return that one stage of a block exceeds another; ``mended_on`` is a row of ``kind``, or None."""
    excess = much[0].less(less[0])
    return Trouble(
        f"{much[0]} {much[1]} of {less[0]} {less[1]}",
        worth(snapshot, row, excess),
        latest(changed_at(mended_on) if mended_on is not None else None) or row.latest_activity_date,
        changer(mended_on) if mended_on is not None else maker(row),
        Ref(kind, mended_on.id) if mended_on is not None else None,
    )


def unbooked(snapshot: Snapshot, row: OrderGraphBlock) -> Trouble | None:
    """Return that allocations of a block are not booked, counted from the oldest of them."""
    if normalize(row.derived_state) == "overallocated":
        return None
    details = (snapshot.allocations.get(detail.id) for detail in row.allocated.details)
    rows = [each for each in details if each is not None and _is_unbooked(snapshot, each)]
    if not rows:
        return None
    return Trouble(
        f"{counted(len(rows), 'allocation')} not booked",
        summed(worth(snapshot, each, Size(each.quantity)) for each in rows),
        min((each.date for each in rows if each.date is not None), default=None),
        maker(rows[0]),
    )


def unbooked_alone(snapshot: Snapshot, row: Allocation) -> Trouble | None:
    """Return that an allocation whose block is not here is not booked."""
    if not _is_unbooked(snapshot, row):
        return None
    if related_of(snapshot, Ref(EntityKind.ALLOCATIONS, row.id), EntityKind.BLOCKS):
        return None
    at_stake = worth(snapshot, row, Size(row.quantity))
    return Trouble("1 allocation not booked", at_stake, row.date, maker(row))


def _is_unbooked(snapshot: Snapshot, row: Allocation) -> bool:
    return not is_final(row.state) and snapshot.is_booked(row.id) is False


def unresolved(snapshot: Snapshot, row: OrderGraphBlock | Order | Placement) -> Trouble | None:
    """Return that the server does not know the instrument of a row; once for all rows of a block (R19)."""
    if luid_of(row) != UNRESOLVED:
        return None
    if isinstance(row, OrderGraphBlock):
        if is_done(snapshot, row):
            return None
        return _unresolved(snapshot, row, row.block, block_unplaced(snapshot, row))
    blocks = row.block_ids if isinstance(row, Placement) else (snapshot.block_of_order(row.id),)
    over = is_finished(row.state) if isinstance(row, Placement) else is_final(row.state)
    if over or any(each in snapshot.blocks for each in blocks):
        return None
    return _unresolved(snapshot, row, row, size_of(row))


def _unresolved(snapshot: Snapshot, row: Any, named: Any, size: Size) -> Trouble:
    typed = next((value for value in named.instrument_identifiers.values() if value), "")
    said = f"instrument {typed} not known here" if typed else "no instrument the server knows"
    since = named.date if isinstance(named, Order) else named.created_date
    return Trouble(said, worth(snapshot, row, size), since, maker(row))
