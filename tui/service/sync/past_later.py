"""The changes after those that are known, read from what the server lists as changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.api.models import Transaction
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.past_rows import INSTANT, PastRows, edge_of
from tui.service.sync.past_sweeps import Sweeps
from tui.service.sync.past_versions import (
    PastChange,
    Piece,
    RowVersion,
    by_time,
    follows,
    is_first,
    version_at,
)
from tui.service.sync.queries import POLLED, all_of, batches
from tui.service.sync.read_session import AT_ONCE

FIRST_SPAN: Final = timedelta(minutes=10)
"""How far is looked for the next changes at first; further where there is none, less where there are many."""
MANY: Final = 400
"""More changed rows than this are read in a shorter span."""
SHORTEST_SPAN: Final = timedelta(seconds=1)
LONGEST_SPAN: Final = timedelta(days=1)

Belongs = Callable[[SnapshotBuilder, EntityKind, Any], bool]
"""Tells whether a row is of the desk that a builder has."""


class LaterChanges:
    """Reads changes from ``moment`` on, where the desk was as ``shown``.

    ``booked`` are transactions that are known, since no list tells of them by time, and ``deleted`` rows of
    which it is known when they were deleted; ``now`` is this machine's clock, aware UTC.
    """

    def __init__(
        self,
        rows: PastRows,
        sweeps: Sweeps,
        belongs: Belongs,
        booked: Mapping[ResourceId, Transaction],
        now: Callable[[], datetime],
        deleted: Sequence[RowVersion],
        shown: Snapshot,
        moment: datetime,
    ) -> None:
        self._rows, self._sweeps, self._belongs = rows, sweeps, belongs
        self._booked, self._now, self._deleted = dict(booked), now, deleted
        self.edge = edge_of(shown)
        """The desk as it was after all changes that are known."""
        self.until = moment
        """All changes are known up to then."""
        self._span = FIRST_SPAN
        self._begun = False

    async def read(self) -> list[PastChange]:
        """Return the next changes after those that are known, in the order of time.

        Raises:
            ApiError: they could not be read.
            Superseded: the desk shows another moment by now.
        """
        if not self._begun:
            await self._know_bookings()
            self._begun = True
        while True:
            until = min(self.until + self._span, self._now())
            lists = await all_of(self._rows.changed(kind, self.until, until, MANY) for kind in POLLED)
            self._rows.check()
            rows = dict(zip(POLLED, lists, strict=True))
            many = sum(map(len, lists)) > MANY
            if not many or self._span <= SHORTEST_SPAN:
                break
            self._span = max(SHORTEST_SPAN, self._span / 4)
        pieces = [*self._booked_between(self.until, until)]
        for some in batches(self._mine(rows), AT_ONCE):
            for versions in await all_of(self._versions(each) for each in some):
                pieces += versions
        for each in self._deleted:
            if self.until < each.at <= until:
                kind, at = each.ref.kind, each.at
                before = (await self._rows.at(kind, (each.ref,), at - INSTANT)).get(each.ref.id)
                pieces.append((at, {each.ref: before}, {each.ref: None}))
                newest = version_at(each.ref, before)
                pieces += await self._versions(newest) if newest is not None else ()
        self._rows.check()
        found = await self._without_swept(by_time(pieces))
        found = await self._rows.with_blocks(found, self.edge, forward=True)
        for change in found:
            self.edge.put_versions(change.after)
        self.until = until
        if not found:
            self._span = min(self._span * 4, LONGEST_SPAN)
        return found

    async def _know_bookings(self) -> None:
        """Take note of what was booked of blocks that were swept since then: no live desk has it."""
        times: dict[datetime, list[RowVersion]] = {}
        held = self.edge.rows(EntityKind.BLOCKS)
        for each in await self._sweeps.between(self.until, self._now()):
            if each.ref.id in held or each.row.created_date >= self.until:
                times.setdefault(each.at, []).append(each)
        for at, swept in times.items():
            left = await self._sweeps.left(swept, at)
            self._booked |= {ref.id: row for ref, row in left.items() if ref.kind is EntityKind.TRANSACTIONS}

    async def _without_swept(self, changes: Sequence[PastChange]) -> list[PastChange]:
        """Return changes in which a block that is swept leaves with all below it."""
        found, gone = list[PastChange](), set[Ref]()
        for change in changes:
            after = {ref: row for ref, row in change.after.items() if ref not in gone}
            before = {ref: row for ref, row in change.before.items() if ref not in gone}
            swept = [
                RowVersion(ref, row, change.at)
                for ref, row in after.items()
                if ref.kind is EntityKind.BLOCKS and row is not None and row.is_swept
            ]
            if swept:
                left = await self._sweeps.left(swept, change.at)
                before, after = {**before, **left}, {**after, **dict.fromkeys(left)}
                gone |= left.keys()
            if after:
                blocks = frozenset(each.ref for each in swept)
                found.append(replace(change, before=before, after=after, swept=blocks))
        return found

    def _mine(self, rows: Mapping[EntityKind, Sequence[Any]]) -> list[RowVersion]:
        """Return those of the changed rows that are of the desk, or below a block that is new to it."""
        blocks: set[ResourceId] = set()
        orders: set[ResourceId] = set()
        placements: set[ResourceId] = set()
        below: Mapping[EntityKind, Callable[[Any], bool]] = {
            EntityKind.BLOCKS: lambda row: False,
            EntityKind.ORDERS: lambda row: row.id in orders,
            EntityKind.PLACEMENTS: lambda row: not blocks.isdisjoint(row.block_ids),
            EntityKind.EXECUTIONS: lambda row: row.placement_id in placements,
            EntityKind.ALLOCATIONS: lambda row: row.allocated_order_id in orders,
        }
        found: list[RowVersion] = []
        for kind, is_below in below.items():
            mine = [row for row in rows[kind] if is_below(row) or self._belongs(self.edge, kind, row)]
            versions = (version_at(Ref(kind, row.id), row) for row in mine)
            found += [each for each in versions if each is not None]
            if kind is EntityKind.BLOCKS:
                blocks.update(row.id for row in mine)
                orders.update(id for row in mine for id in row.order_ids)
            elif kind is EntityKind.ORDERS:
                orders.update(row.id for row in mine)
            elif kind is EntityKind.PLACEMENTS:
                placements.update(row.id for row in mine)
        return found

    async def _versions(self, newest: RowVersion) -> list[Piece]:
        """Return the changes of one row after those that are known, from its newest version back."""
        held, found = self.edge.rows(newest.ref.kind).get(newest.ref.id), list[Piece]()
        version: RowVersion | None = newest
        while version is not None and version.at > self.until:
            if is_first(version):
                before = None
            elif follows(version.row, held):
                before = held
            else:
                ref, moment = version.ref, version.at - INSTANT
                before = (await self._rows.at(ref.kind, (ref,), moment)).get(ref.id)
            found.append((version.at, {version.ref: before}, {version.ref: version.row}))
            version = None if before is held else version_at(version.ref, before)
        return found

    def _booked_between(self, start: datetime, end: datetime) -> Iterator[Piece]:
        for id, row in self._booked.items():
            if row.entry_date_time is not None and start < row.entry_date_time <= end:
                ref = Ref(EntityKind.TRANSACTIONS, id)
                yield row.entry_date_time, {ref: None}, {ref: row}
