"""Reconciliation: compares which rows the desk has with which the server has, in small steps beside polls.

A poll sees what changed; it cannot see what was deleted, nor a change that a server's list withheld. So the
window's blocks are listed again, for their versions and for what their totals count: that tells of nearly all
rows below them. What no total counts is asked for by its ids. Rows the server no longer has are removed, rows
in another version are read, and what could not be read before is tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Set
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.codec import Page
from tui.api.errors import ApiError
from tui.api.list_pages import ListPages
from tui.api.models import OrderGraphBlock
from tui.api.row_marks import BlockMark, RowMark, VersionMark, is_other_version
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.contradictions import contradictions
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.sync.named_rows import by_filters
from tui.service.sync.queries import LISTED, POLLED, batches, blocks_of, concerns_one_kind, counted_below
from tui.service.sync.reader import Reader

ROUND: Final = timedelta(seconds=24)
"""The time in which all rows are compared once: what is deleted just after its page was read is noticed by
the end of the next round, within a minute."""
MARKS: Final = 500
"""Rows of one page: reading their ids and versions takes half a millisecond."""
ROWS_A_TURN: Final = 100
"""Rows that are compared and searched for contradictions in one turn of the event loop: they take 1 ms."""
IDS_A_CALL: Final = 50
"""Rows that one filter names, about."""
MOST_PAGES: Final = 24
"""The most pages read in one go. More than that many for each poll of a round make the round longer."""

log = logging.getLogger(__name__)

Ids = dict[EntityKind, set[ResourceId]]


class Reconciliation:
    """Compares the rows of ``reader`` with those of the server, page by page, round after round.

    ``now`` is this machine's clock, aware UTC; ``held`` returns the rows that must not leave, None when none
    may.
    """

    def __init__(
        self, client: Client, reader: Reader, now: Callable[[], datetime], held: Callable[[], Set[Ref] | None]
    ) -> None:
        self._client = client
        self._reader = reader
        self._now = now
        self._held = held
        self._swept: Set[ResourceId] = frozenset()
        self._builder: SnapshotBuilder | None = None
        self._began = now()
        self._pages_read = 0
        self._counted: Ids = {}
        self._steps: AsyncIterator[None] | None = None

    def restart(self) -> None:
        """Begin a new round: everything was read just now."""
        self._builder, self._began, self._pages_read = self._reader.builder, self._now(), 0
        self._counted, self._steps = {kind: set() for kind in POLLED}, self._round()
        gone = {ref for ref in self._builder.contradictory if ref.id not in self._builder.rows(ref.kind)}
        self._builder.contradictory -= gone

    @property
    def due(self) -> int:
        """The pages that should have been read by now and were not."""
        if self._builder is not self._reader.builder:
            return 0
        passed = self._now() - self._began
        share = abs(passed) / ROUND
        if share >= 1:
            return MOST_PAGES
        return min(ceil(share * self._pages_in_all()) - self._pages_read, MOST_PAGES)

    def _pages_in_all(self) -> int:
        """Return the pages of a round, about: blocks, open orders, and what no total counts."""
        rows = self._reader.builder.rows
        pages = len(rows(EntityKind.BLOCKS)) // MARKS + len(rows(EntityKind.ORDERS)) // MARKS + 2
        if self._reader.builder.own_totals:
            pages += sum(len(rows(kind)) // IDS_A_CALL + 1 for kind in LISTED)
        return pages

    async def go_on(self) -> None:
        """Read the pages that are due.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        if self._builder is not self._reader.builder:
            self.restart()
        for _ in range(self.due):
            if self._reader.loading or self._steps is None:
                break
            self._pages_read += 1
            try:
                await anext(self._steps)
            except StopAsyncIteration:
                self._steps = None
            except BaseException:
                self._steps = None
                raise
        if self._steps is None and abs(self._now() - self._began) >= ROUND:
            self.restart()

    async def _round(self) -> AsyncIterator[None]:
        """Compare everything once; yield after each call or, where nothing is asked, each kind."""
        for kind in POLLED:
            if self._reader.is_missing(kind) or (kind is EntityKind.BLOCKS and self._reader.lacks_graph):
                await self._reader.retry(kind)
                yield
            compare = self._compare_blocks if kind is EntityKind.BLOCKS else self._compare_rows
            try:
                async for _ in compare(kind):
                    yield
            except ApiError as error:
                if not concerns_one_kind(error):
                    raise
                log.warning("%s could not be compared: %s", kind.value, error)
            await self._look_for_contradictions(kind)
        if self._reader.is_missing(EntityKind.TRANSACTIONS):
            await self._reader.retry(EntityKind.TRANSACTIONS)
        yield

    # --- blocks -----------------------------------------------------------------------------------

    async def _compare_blocks(self, kind: EntityKind) -> AsyncIterator[None]:
        """Compare the window's list with the blocks here, then look for those that no page named."""
        builder, window = self._reader.builder, self._reader.window
        held: Mapping[ResourceId, OrderGraphBlock] = builder.base.rows(kind)
        seen: set[ResourceId] = set()
        read, more = ListPages(), True
        while more:
            page = await self._block_page(read.token)
            news: dict[ResourceId, VersionMark | None] = {}
            for some in batches(page.values, ROWS_A_TURN):
                await asyncio.sleep(0)
                unreadable = _unreadable(builder, kind)
                rows = builder.rows(kind)
                for mark in some:
                    id = mark.block.id
                    if mark.block.is_swept or not window.is_in_scope(id):
                        continue
                    if id not in rows and self._reader.is_not_ours(mark.block):
                        continue
                    self._note_counted(mark)
                    seen.add(id)
                    if _block_differs(mark, rows.get(id), unreadable, totals=not builder.own_totals):
                        news[id] = mark.block.version
            if news:
                log.info("%d blocks differ from the server's", len(news))
                await self._reader.read_blocks(news)
            yield
            more = read.go_on(page)
        missing = await asyncio.to_thread(_missing, held, seen)
        await self._let_swept_go({id for id in missing if held[id].block.is_swept})
        missing = {id for id in missing if id in builder.rows(kind) and window.keeps(builder.rows(kind)[id])}
        if missing:
            log.info("%d blocks are gone from the server's list", len(missing))
            await self._reader.reread(Ref(kind, id) for id in missing)

    async def _let_swept_go(self, swept: set[ResourceId]) -> None:
        """Let blocks leave that were swept a round ago already, with what hangs on them."""
        for id in swept & self._swept:
            await asyncio.sleep(0)
            held = self._held()
            if held is None:
                break
            if self._reader.let_go(id, held):
                swept.discard(id)
        self._swept = swept

    async def _block_page(self, token: str | None) -> Page[BlockMark]:
        graph = not self._reader.builder.own_totals
        asked = self._reader.window_query
        if graph:
            return await self._client.list_block_marks(
                filter=asked.test or None, sort_by=asked.sort, limit=MARKS, page=token, query=asked.query
            )
        plain = await self._client.blocks.list(
            filter=asked.test or None, sort_by=asked.sort, limit=MARKS, page=token
        )
        return Page(tuple(BlockMark.of(block) for block in plain.values), plain.next_page)

    def _note_counted(self, mark: BlockMark) -> None:
        """Take note of the rows that a block counts: of these the block tells whether anything changed."""
        for kind, ids in _counted_by(mark).items():
            self._counted[kind] |= ids

    # --- what hangs on them ------------------------------------------------------------------------

    async def _compare_rows(self, kind: EntityKind) -> AsyncIterator[None]:
        """Compare open orders with their list, and rows that no block counts by their ids."""
        builder = self._reader.builder
        known = self._counted[kind]
        if kind is EntityKind.ORDERS:
            async for marks in self._open_orders():
                known.update(mark.id for mark in marks)
                await self._compare(kind, marks, joining=True)
                yield
        left = builder.base.rows(kind).keys() - known
        found: set[ResourceId] = set()
        async for some in self._marks_by_id(kind, left):
            found.update(mark.id for mark in some)
            await self._compare(kind, some, joining=False)
            yield
        missing = {id for id in left - found if id in builder.rows(kind)}
        if missing:
            log.info("%d %s are gone from the server's list", len(missing), kind.value)
            blocks = blocks_of(builder, kind, [builder.rows(kind)[id] for id in missing])
            await self._reader.reread(Ref(kind, id) for id in missing)
            await self._reader.reread(Ref(EntityKind.BLOCKS, id) for id in blocks)

    async def _open_orders(self) -> AsyncIterator[tuple[RowMark, ...]]:
        for test in self._reader.open_orders_tests:
            read, more = ListPages(), True
            while more:
                page = await self._client.orders.marks(limit=MARKS, page=read.token, filter=test)
                yield page.values
                more = read.go_on(page)

    async def _marks_by_id(
        self, kind: EntityKind, ids: Collection[ResourceId]
    ) -> AsyncIterator[list[RowMark]]:
        source = getattr(self._client, kind.value)

        async def ask(test: str) -> list[RowMark]:
            page: Page[RowMark] = await source.marks(limit=MARKS, filter=test)
            return list(page.values)

        async for rows in by_filters(self._reader.filters, ids, ask):
            yield [mark for mark in rows if mark.id in ids]

    async def _compare(self, kind: EntityKind, marks: Collection[RowMark], *, joining: bool) -> None:
        """Read the rows that are in another version, and with ``joining`` those the desk does not have."""
        builder = self._reader.builder
        news: set[ResourceId] = set()
        for some in batches(tuple(marks), ROWS_A_TURN):
            await asyncio.sleep(0)
            unreadable, rows = _unreadable(builder, kind), builder.rows(kind)
            for mark in some:
                row = rows.get(mark.id)
                found = row is None and joining and not self._reader.is_not_ours(mark)
                found = found and mark.id not in unreadable
                if found or (row is not None and is_other_version(mark.version, row.version)):
                    news.add(mark.id)
        if news:
            log.info("%d %s differ from the server's", len(news), kind.value)
            await self._reader.read_rows(kind, news)

    async def _look_for_contradictions(self, kind: EntityKind) -> None:
        """Note which rows others contradict, a few in one turn, as the desk was published last."""
        builder = self._reader.builder
        for some in batches(tuple(builder.base.rows(kind)), ROWS_A_TURN):
            snapshot = builder.base
            refs = {Ref(kind, id) for id in some}
            found = {ref for ref in refs if contradictions(snapshot, ref)}
            if found or not builder.contradictory.isdisjoint(refs):
                builder.contradictory = (builder.contradictory - refs) | found
            await asyncio.sleep(0)


def _missing(held: Mapping[ResourceId, OrderGraphBlock], seen: set[ResourceId]) -> set[ResourceId]:
    return held.keys() - seen


def _unreadable(builder: SnapshotBuilder, kind: EntityKind) -> frozenset[ResourceId]:
    return frozenset(bad.id for bad in builder.unreadable(kind) if bad.id)


def _block_differs(
    mark: BlockMark, row: OrderGraphBlock | None, unreadable: frozenset[ResourceId], *, totals: bool
) -> bool:
    """Return whether the server has another version of a block or, with ``totals``, other rows below it."""
    if row is None:
        return mark.block.id not in unreadable
    if is_other_version(mark.block.version, row.block.version):
        return True
    if not totals:
        return False
    if mark.latest_activity_date != row.latest_activity_date:
        return True
    return _counted_by(mark) != counted_below(row)


def _counted_by(mark: BlockMark) -> Ids:
    return {
        EntityKind.ORDERS: {row.id for row in mark.ordered.details},
        EntityKind.PLACEMENTS: {row.id for row in mark.placed.details},
        EntityKind.EXECUTIONS: {row.id for row in mark.executed.details},
        EntityKind.ALLOCATIONS: {row.id for row in mark.allocated.details},
    }
