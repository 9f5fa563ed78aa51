"""Queries of the reader: filters by id and by time, batches, and the blocks whose totals count a row."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

from tui.api.base import ResourceId
from tui.api.states import is_cancelled
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.relations import related
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

_FILTER_BYTES: Final = 1500
"""Bytes of the URL a filter may take: servers accept 2048 in all (contract, limits)."""

T = TypeVar("T")


def id_filters(ids: Iterable[ResourceId]) -> list[str]:
    """Return filters that together name exactly ``ids``, each short enough for a URL (4, F)."""
    scopes: dict[str, list[str]] = {}
    for id in sorted(ids):
        scopes.setdefault(id.scope, []).append(id.code)
    filters = []
    for scope, codes in scopes.items():
        head = f"id.scope eq {_quoted(scope)} and id.code in "
        some: list[str] = []
        room = _FILTER_BYTES
        for code in codes:
            size = len(quote(_quoted(code), safe="")) + 3
            if some and size > room:
                filters.append(f"{head}({','.join(some)})")
                some, room = [], _FILTER_BYTES
            some.append(_quoted(code))
            room -= size
        filters.append(f"{head}({','.join(some)})")
    return filters


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


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


class HighWaterMarks:
    """The times up to which the changes of rows are known, by kind.

    A mark is settled once a poll found no more rows of its moment. Until then that moment is read again,
    because others may write in the same tick.
    """

    def __init__(self) -> None:
        self._times: dict[EntityKind, datetime] = {}
        self._settled: set[EntityKind] = set()

    def clear(self) -> None:
        """Know nothing: the next poll reads everything."""
        self._times.clear()
        self._settled.clear()

    def filter_since(self, kind: EntityKind) -> str | None:
        """Return the filter of the rows that changed since; None when nothing is known yet."""
        time = self._times.get(kind)
        if time is None:
            return None
        compare = "gt" if kind in self._settled else "gte"
        return f"version.asAtModified {compare} {time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"

    def raise_to(self, kind: EntityKind, rows: Iterable[Any]) -> None:
        """Raise the mark to the newest change of ``rows``."""
        versions = (row.version for row in rows)
        times = [each.as_at_modified for each in versions if each and each.as_at_modified]
        newest, known = max(times, default=None), self._times.get(kind)
        if newest is not None and (known is None or newest > known):
            self._times[kind] = newest
            self._settled.discard(kind)

    def after_poll(self, kind: EntityKind, rows: Iterable[Any]) -> None:
        """Raise the mark to the newest of all rows that a poll found, or settle it when they are no newer."""
        before = self._times.get(kind)
        self.raise_to(kind, rows)
        if before is not None and self._times[kind] == before:
            self._settled.add(kind)


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


def is_news(builder: SnapshotBuilder, block: Any) -> bool:
    """Return whether a block is another version than the one whose totals are held."""
    held = builder.rows(EntityKind.BLOCKS).get(block.id)
    return held is None or held.block.version != block.version


def portfolios_of(view: Snapshot, blocks: Iterable[ResourceId]) -> set[ResourceId]:
    """Return the portfolios the blocks' allocations belong to."""
    return {
        view.allocations[id].portfolio_id
        for block in blocks
        for id in related(view, Ref(EntityKind.BLOCKS, block))[EntityKind.ALLOCATIONS]
    }


def booked_ids(view: Snapshot, block: ResourceId) -> frozenset[str]:
    ids = related(view, Ref(EntityKind.BLOCKS, block))[EntityKind.TRANSACTIONS]
    return frozenset(id.code for id in ids if not is_cancelled(view.transactions[id].transaction_status))
