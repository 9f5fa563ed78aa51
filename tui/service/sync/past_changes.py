"""What changed around a moment of the past, so that a desk steps through it change by change.

A desk in the past holds its rows as they were at one moment. Going back over the last change needs only the
rows it touched, as they were before it; going forward, those that changed next. Both are read many changes at
a time, ahead of whoever steps, and kept: a step over a change that is known reads nothing.

No list tells of rows that were deleted or left the desk's window before its moment, and verdicts of
compliance and approval are no versions of rows: where somebody rests these are read of that moment
(:meth:`tui.service.sync.reader.Reader.look_again`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.errors import NotFound
from tui.api.models import Transaction
from tui.service.filter_texts import time_text
from tui.service.learned import Learned
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.sync.block_reader import BlockReader
from tui.service.sync.id_filters import IdFilters
from tui.service.sync.named_rows import by_filters
from tui.service.sync.past_versions import (
    PastChange,
    Piece,
    Rows,
    RowVersion,
    by_time,
    changed_at,
    follows,
    is_first,
    is_same_version,
    newest_versions,
    version_at,
)
from tui.service.sync.queries import LISTED, POLLED, all_of, batches, blocks_of
from tui.service.sync.read_session import AT_ONCE, PAGE, ReadSession

INSTANT: Final = timedelta(microseconds=1)
"""A server's times may have more digits than ours, so a change is read back from just before and after."""
BY_ID: Final = 3
"""The rows of one moment that are read one by one; more are read through a filter."""
SOME: Final = 8
"""The changes that are read at once when going back: somebody may wait for the first of them."""
LOOKED_AT: Final = 256
"""The newest rows that are looked at for the last changes."""
FIRST_SPAN: Final = timedelta(minutes=10)
"""How far is looked for the next changes at first; further where there is none, less where there are many."""
MANY: Final = 400
"""More changed rows than this are read in a shorter span."""
SHORTEST_SPAN: Final = timedelta(seconds=1)
LONGEST_SPAN: Final = timedelta(days=1)
AHEAD: Final = 24
"""The changes that should be known on either side: fewer are reason to read on."""
LATELY: Final = timedelta(seconds=10)
"""What changed since then is read when somebody steps there: reading ahead would never end."""
MOST: Final = 20_000
"""The changes that are kept; beyond these all are forgotten and read anew from where the desk stands."""

BACKWARDS: Final = 30
"""How often more is read to go back to a moment, before the desk is rather read anew there."""


class PastChanges:
    """The changes around the moment that ``session`` reads, as far as they are known.

    ``belongs`` tells whether a row is of the desk; ``booked`` are the newest transactions known, since
    no list tells of them by time; ``now`` is this machine's clock, aware UTC.
    """

    def __init__(
        self,
        session: ReadSession,
        learned: Learned,
        filters: IdFilters,
        blocks: BlockReader,
        belongs: Callable[[EntityKind, Any], bool],
        booked: Mapping[ResourceId, Transaction],
        now: Callable[[], datetime],
    ) -> None:
        assert session.as_at is not None
        self._session, self._builder, self._client = session, session.builder, session.client
        self._learned, self._filters = learned, filters
        self._blocks, self._belongs = blocks, belongs
        self._booked, self._now = booked, now
        self._reading = asyncio.Lock()
        self._begin(session.as_at)

    def _begin(self, moment: datetime) -> None:
        self._known: list[PastChange] = []
        self._position = 0
        self._from = self._until = moment
        self._at_start: dict[Ref, Any] = {}
        self._at_end: dict[Ref, Any] = {}
        self._span = FIRST_SPAN
        self._nothing_before = False

    @property
    def runs_short(self) -> bool:
        """Return whether so few changes are known on one side that it is time to read more."""
        later = len(self._known) - self._position
        return (self._position < AHEAD and not self._nothing_before) or (
            later < AHEAD and self._until < self._now() - LATELY
        )

    async def read_ahead(self) -> None:
        """Read more changes on the sides on which few are known.

        Raises:
            ApiError: they could not be read; what is known stays.
            Superseded: the desk shows another moment by now.
        """
        while self.runs_short:
            async with self._reading:
                if len(self._known) > MOST:
                    self._begin(self._builder.as_at or self._until)
                if self._position < AHEAD and not self._nothing_before:
                    await self._read_back()
                elif self.runs_short:
                    await self._read_on()

    async def step(self, *, forward: bool) -> PastChange | None:
        """Bring the builder over the next change or the one before; return it, None without any.

        Raises:
            ApiError: the change could not be read; the desk stays where it is.
            Superseded: the desk shows another moment by now.
        """
        async with self._reading:
            if not forward and not self._has(forward=False) and not self._nothing_before:
                await self._read_back()
            now = self._now()
            while forward and not self._has(forward=True) and self._until < now:
                await self._read_on()
        if not self._has(forward=forward):
            return None
        return self._forward() if forward else self._back()

    async def go_to(self, moment: datetime) -> bool:
        """Bring the builder to a ``moment`` that has been, if it is near; return whether it was.

        Raises:
            ApiError: the changes until there could not be read; the desk stays where it is.
            Superseded: the desk shows another moment by now.
        """
        async with self._reading:
            for _ in range(BACKWARDS):
                if moment < self._from and not self._nothing_before:
                    await self._read_back()
            while self._until < moment <= self._until + FIRST_SPAN:
                await self._read_on()
        if not (self._nothing_before or self._from <= moment) or moment > self._until:
            return False
        while self._position < len(self._known) and self._known[self._position].at <= moment:
            self._forward()
        while self._position and self._known[self._position - 1].at > moment:
            self._back()
        self._builder.as_at = moment
        return True

    async def correct(self, rows: Rows, moment: datetime) -> bool:
        """Put in rows as they were at ``moment``, if that is shown still; return whether it is.

        Where one came, left or is another version, the changes known are not all there are: they are
        forgotten, and read anew from here.
        """
        async with self._reading:
            if self._builder.as_at != moment:
                return False
            held = {ref: self._builder.rows(ref.kind).get(ref.id) for ref in rows}
            self._builder.put_versions(rows)
            if any(not is_same_version(ref, row, held[ref]) for ref, row in rows.items()):
                self._begin(moment)
        return True

    def _has(self, *, forward: bool) -> bool:
        return self._position < len(self._known) if forward else self._position > 0

    def _forward(self) -> PastChange:
        change = self._known[self._position]
        self._position += 1
        self._builder.put_versions(change.after)
        self._builder.as_at = change.at + INSTANT
        return change

    def _back(self) -> PastChange:
        self._position -= 1
        change = self._known[self._position]
        self._builder.put_versions(change.before)
        self._builder.as_at = (
            self._known[self._position - 1].at + INSTANT if self._position else change.at - INSTANT
        )
        return change

    # --- going back ------------------------------------------------------------------------------------

    async def _read_back(self) -> None:
        """Read the last changes before those that are known."""
        looked_at, start = LOOKED_AT, dict(self._at_start)
        while True:
            view = self._builder.view()
            newest = await asyncio.to_thread(newest_versions, view, start, self._from, looked_at)
            oldest = newest[-1].at if len(newest) == looked_at else None
            if oldest is None or newest[0].at > oldest:
                break
            looked_at *= 8  # all are of one moment, and not all of that moment
        found = await self._unwind(newest, oldest)
        await self._add_blocks(found, self._at_start, forward=False)
        for change in found:
            for ref, row in change.after.items():
                self._at_end.setdefault(ref, row)
            self._at_start.update(change.before)
        self._known[:0] = found[::-1]
        self._position += len(found)
        if found:
            self._from = found[-1].at - INSTANT
        self._nothing_before = not found

    async def _unwind(self, newest: Sequence[RowVersion], oldest: datetime | None) -> list[PastChange]:
        """Return the last changes, the newest first, of rows only; those up to ``oldest`` are left."""
        left, before, found = list(newest), dict[tuple[Ref, datetime], Any](), list[PastChange]()
        while left and len(found) < SOME:
            left.sort(key=lambda each: each.at, reverse=True)
            if oldest is not None and left[0].at <= oldest:
                break
            group = [each for each in left if each.at == left[0].at]
            if any(each.key not in before for each in group):
                some = left[: max(AT_ONCE, len(group))]
                before |= await self._before([each for each in some if each.key not in before])
            del left[: len(group)]
            pieces = [(each.at, {each.ref: before[each.key]}, {each.ref: each.row}) for each in group]
            found += by_time(pieces)
            for each in group:
                earlier = version_at(each.ref, before[each.key])
                if earlier is not None and earlier.at < each.at:
                    left.append(earlier)
        return found

    async def _before(self, versions: Sequence[RowVersion]) -> dict[tuple[Ref, datetime], Any]:
        """Return the rows as they were before each of these versions; None where there was none."""
        found: dict[tuple[Ref, datetime], Any] = {each.key: None for each in versions}
        asked: dict[tuple[EntityKind, datetime], list[Ref]] = {}
        for each in versions:
            if not is_first(each):
                asked.setdefault((each.ref.kind, each.at), []).append(each.ref)
        for some in batches(list(asked.items()), AT_ONCE):
            reads = await all_of(self._rows_at(kind, refs, at - INSTANT) for (kind, at), refs in some)
            self._session.check()
            for ((kind, at), _), rows in zip(some, reads, strict=True):
                found |= {(Ref(kind, id), at): row for id, row in rows.items()}
        return found

    async def _rows_at(
        self, kind: EntityKind, refs: Sequence[Ref], moment: datetime
    ) -> dict[ResourceId, Any]:
        """Return rows of a kind as they were at a moment: a few by their ids, many by a filter.

        Orders are always asked for by a filter where there is one: only lists tell their verdicts.
        """
        filters = self._filters
        few = len(refs) <= BY_ID and kind is not EntityKind.ORDERS
        if few or filters.form is None:
            rows = await all_of(self._get(ref, moment) for ref in refs)
            return {ref.id: row for ref, row in zip(refs, rows, strict=True)}
        found: dict[ResourceId, Any] = {}
        source, ids = getattr(self._client, kind.value), {ref.id for ref in refs}

        async def ask(test: str) -> list[Any]:
            page = await source.list(filter=test, limit=PAGE, as_at=moment)
            self._session.share(page.values)
            return list(page.values)

        async for some in by_filters(filters, ids, ask):
            found.update((row.id, row) for row in some if row.id in ids)
        return found

    # --- going forward ---------------------------------------------------------------------------------

    async def _read_on(self) -> None:
        """Read the next changes after those that are known."""
        while True:
            until = min(self._until + self._span, self._now())
            lists = await all_of(self._list(kind, self._until, until) for kind in POLLED)
            self._session.check()
            rows = dict(zip(POLLED, lists, strict=True))
            many = sum(map(len, lists)) > MANY
            if not many or self._span <= SHORTEST_SPAN:
                break
            self._span = max(SHORTEST_SPAN, self._span / 4)
        mine = self._mine(rows)
        pieces = [*self._booked_between(self._until, until)]
        for some in batches(mine, AT_ONCE):
            for versions in await all_of(self._versions(each) for each in some):
                pieces += versions
        self._session.check()
        found = by_time(pieces)
        await self._add_blocks(found, self._at_end, forward=True)
        for change in found:
            for ref, row in change.before.items():
                self._at_start.setdefault(ref, row)
            self._at_end.update(change.after)
        self._known += found
        self._until = until
        if not found:
            self._span = min(self._span * 4, LONGEST_SPAN)

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
            mine = [row for row in rows[kind] if is_below(row) or self._belongs(kind, row)]
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
        held, found = self._row_at(self._at_end, newest.ref), list[Piece]()
        version: RowVersion | None = newest
        while version is not None and version.at > self._until:
            if is_first(version):
                before = None
            elif follows(version.row, held):
                before = held
            else:
                ref, moment = version.ref, version.at - INSTANT
                before = (await self._rows_at(ref.kind, (ref,), moment)).get(ref.id)
            found.append((version.at, {version.ref: before}, {version.ref: version.row}))
            version = None if before is held else version_at(version.ref, before)
        return found

    def _row_at(self, edge: Rows, ref: Ref) -> Any:
        """Return a row as it is where the known changes begin or end: ``edge`` has those that differ."""
        return edge[ref] if ref in edge else self._builder.rows(ref.kind).get(ref.id)

    def _booked_between(self, start: datetime, end: datetime) -> Iterator[Piece]:
        for id, row in self._booked.items():
            if row.entry_date_time is not None and start < row.entry_date_time <= end:
                ref = Ref(EntityKind.TRANSACTIONS, id)
                yield row.entry_date_time, {ref: None}, {ref: row}

    # --- blocks, whose totals change with the rows below them --------------------------------------------

    async def _add_blocks(self, changes: list[PastChange], edge: Rows, *, forward: bool) -> None:
        """Add to each change the blocks whose totals it changes; ``edge`` is where the known changes end."""
        named = [self._blocks_below(change) for change in changes]
        away = INSTANT if forward else -INSTANT
        reads: list[dict[ResourceId, Any]] = []
        for some in batches(list(zip(named, changes, strict=True)), AT_ONCE):
            reads += await all_of(self._blocks_at(ids, change.at + away) for ids, change in some)
        self._session.check()
        edge = dict(edge)
        for index, (change, ids, read) in enumerate(zip(changes, named, reads, strict=True)):
            there = {Ref(EntityKind.BLOCKS, id): read.get(id) for id in ids}
            here = {ref: self._row_at(edge, ref) for ref in there}
            edge |= there
            before, after = (here, there) if forward else (there, here)
            changes[index] = PastChange(change.at, {**change.before, **before}, {**change.after, **after})

    def _blocks_below(self, change: PastChange) -> frozenset[ResourceId]:
        """Return the blocks that a change is about, or whose totals count its rows."""
        found: set[ResourceId] = set()
        for rows in (change.before, change.after):
            for ref, row in rows.items():
                if ref.kind is EntityKind.BLOCKS:
                    found.add(ref.id)
                elif row is not None and ref.kind in LISTED:
                    found |= blocks_of(self._builder, ref.kind, (row,))
        return frozenset(found)

    async def _blocks_at(self, ids: Collection[ResourceId], moment: datetime) -> dict[ResourceId, Any]:
        """Return blocks as they were at a moment, with their totals where the server tells them."""
        await self._blocks.find_prefix()
        prefix = self._learned.get("graph.prefix")
        filters = IdFilters(self._learned, str(prefix or ""))
        if self._builder.own_totals or prefix in (None, "none") or filters.form is None or not ids:
            rows = await all_of(self._get(Ref(EntityKind.BLOCKS, id), moment) for id in sorted(ids))
            return {row.id: row for row in rows if row is not None}
        found: dict[ResourceId, Any] = {}

        async def ask(test: str) -> list[Any]:
            page = await self._client.list(operations.GRAPH_BLOCKS, filter=test, limit=PAGE, as_at=moment)
            self._session.share(page.values)
            return list(page.values)

        async for some in by_filters(filters, ids, ask):
            found.update((row.block.id, row) for row in some if row.block.id in ids)
        return found

    async def _get(self, ref: Ref, moment: datetime) -> Any:
        """Return a row as it was at a moment; None where there was none."""
        try:
            row = await getattr(self._client, ref.kind.value).get(ref.id, as_at=moment)
        except NotFound:
            return None
        self._session.share((row,))
        return row

    async def _list(self, kind: EntityKind, after: datetime, until: datetime) -> list[Any]:
        """Return the rows of a kind that changed in a span, as they were at its end."""
        test, token, found = f"version.asAtModified gt {time_text(after)}", None, list[Any]()
        while True:
            source = getattr(self._client, kind.value)
            page = await source.list(filter=test, limit=PAGE, page=token, as_at=until)
            self._session.share(page.values)
            found += [row for row in page.values if after < (changed_at(kind, row) or after)]
            if page.next_page in (None, token) or len(found) > MANY:
                return found
            token = page.next_page
