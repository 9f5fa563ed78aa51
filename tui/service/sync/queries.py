"""Queries of the reader: filters by id, batches, the blocks whose totals count a row, what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Final, TypeVar

from tui.api.base import ResourceId
from tui.api.errors import ApiError, MalformedReply, RateLimited, Refused, ServerFailed, Unauthenticated
from tui.api.models import OrderGraphBlock
from tui.api.states import is_cancelled
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.relations import related
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

T = TypeVar("T")

LISTED: Final = (EntityKind.ORDERS, EntityKind.PLACEMENTS, EntityKind.EXECUTIONS, EntityKind.ALLOCATIONS)
"""The kinds whose rows are read as the server lists them."""
POLLED: Final = (EntityKind.BLOCKS, *LISTED)
"""The kinds a poll asks for; bookings are read by portfolio."""


def batches(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """Return ``items`` in their order, at most ``size`` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


async def all_of(reads: Iterable[Awaitable[T]]) -> list[T]:
    """Await reads concurrently and return their answers; raise the error of the first that failed."""
    answers = await asyncio.gather(*reads, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]


def outdated(builder: SnapshotBuilder, kind: EntityKind, rows: Iterable[Any]) -> set[ResourceId]:
    """Return the blocks whose totals were read before one of ``rows`` changed."""
    blocks = builder.rows(EntityKind.BLOCKS)
    found: set[ResourceId] = set()
    for row in rows:
        modified = row.version.as_at_modified if row.version else None
        if modified is None:
            continue
        for id in blocks_of(builder, kind, (row,)):
            block = blocks.get(id)
            if block is not None and block.latest_activity_date and block.latest_activity_date < modified:
                found.add(id)
    return found


def blocks_of(builder: SnapshotBuilder, kind: EntityKind, rows: Iterable[Any]) -> set[ResourceId]:
    """Return the blocks whose totals count ``rows``."""
    found: set[ResourceId] = set()
    placements = builder.rows(EntityKind.PLACEMENTS)
    for row in rows:
        if kind is EntityKind.PLACEMENTS:
            found.update(row.block_ids)
            continue
        orders = (row.id,) if kind is EntityKind.ORDERS else ()
        below = (row.placement_id,) if kind is EntityKind.EXECUTIONS else ()
        if kind is EntityKind.ALLOCATIONS:
            orders, below = (row.allocated_order_id,), row.placement_ids or ()
        for order in orders:
            found.update(builder.blocks_of_order(order))
        for id in below:
            if id in placements:
                found.update(placements[id].block_ids)
    return found


def surely_gone(builder: SnapshotBuilder, kind: EntityKind, ids: set[ResourceId]) -> set[ResourceId]:
    """Return those of ``ids``, which no page named, that are not among the rows that could not be read."""
    unreadable = {row.id for row in builder.unreadable(kind)}
    return set() if None in unreadable else ids - unreadable


def is_news(builder: SnapshotBuilder, block: Any) -> bool:
    """Return whether a block is another version than the one whose totals are held."""
    held = builder.rows(EntityKind.BLOCKS).get(block.id)
    return held is None or held.block.version != block.version


def booked_ids(view: Snapshot, block: ResourceId) -> frozenset[str]:
    """Return the ids of the transactions the desk has of a block, without cancelled ones."""
    ids = related(view, Ref(EntityKind.BLOCKS, block))[EntityKind.TRANSACTIONS]
    return frozenset(id.code for id in ids if not is_cancelled(view.transactions[id].transaction_status))


def concerns_one_kind(error: ApiError) -> bool:
    """Return whether an error is about the rows asked for, so that rows of other kinds may be readable."""
    if isinstance(error, (Unauthenticated, RateLimited)):
        return False
    return isinstance(error, (Refused, MalformedReply, ServerFailed))


def counted_below(row: OrderGraphBlock) -> dict[EntityKind, set[ResourceId]]:
    """Return the ids of the rows that the totals of a block count, by kind."""
    return {
        EntityKind.ORDERS: {detail.id for detail in row.ordered.details},
        EntityKind.PLACEMENTS: {detail.id for detail in row.placed.details},
        EntityKind.EXECUTIONS: {detail.id for detail in row.executed.details},
        EntityKind.ALLOCATIONS: {detail.id for detail in row.allocated.details},
    }


def named_below(rows: Iterable[OrderGraphBlock]) -> dict[EntityKind, set[ResourceId]]:
    """Return the ids of the rows that blocks name, by kind: what their totals count, and all their orders."""
    found: dict[EntityKind, set[ResourceId]] = {kind: set() for kind in LISTED}
    for row in rows:
        for kind, ids in counted_below(row).items():
            found[kind] |= ids
        found[EntityKind.ORDERS].update(row.block.order_ids)
    return found


def discrepancies(view: Snapshot, row: OrderGraphBlock) -> set[Ref]:
    """Return the rows in which a block's totals and the desk differ, of kinds that can be read."""
    held = related(view, Ref(EntityKind.BLOCKS, row.block.id))
    named = named_below((row,))
    found: set[Ref] = set()
    for kind, ids in counted_below(row).items():
        if not view.knows(kind):
            continue
        rows = view.rows(kind)
        found.update(Ref(kind, id) for id in named[kind] if id not in rows)
        unnamed = (id for id in held[kind] if id not in ids)
        found.update(Ref(kind, id) for id in unnamed if not is_cancelled(rows[id].state))
    return found
