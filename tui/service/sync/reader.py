"""Reads one server into a builder: everything at first, changes afterwards, named rows after a write.

The reader decides what to read, never when. Every method adds what it reads to the one builder and may run
while another does. A method that fails leaves the builder as far as it got and raises
:class:`~tui.api.errors.ApiError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.codec import Page
from tui.api.errors import Forbidden, MalformedReply, NotFound, NotServed
from tui.api.models import OrderGraphBlock, Transaction
from tui.api.states import is_cancelled
from tui.service.snapshot.builder import SnapshotBuilder, portfolio_of, transaction_key
from tui.service.snapshot.relations import related
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.progress import Progress, Publish
from tui.service.sync.queries import (
    HighWaterMarks,
    all_of,
    batches,
    blocks_of,
    booked_ids,
    id_filters,
    is_news,
    outdated,
    portfolios_of,
)

PAGE: Final = 200
"""Rows of one page: few enough that decoding one does not hold the event loop for long."""
AT_ONCE: Final = 8
"""The most concurrent reads by id; more rows are read through a filter."""
BLOCKS_A_TURN: Final = 20
"""Blocks whose totals are compared with the desk in one turn of the event loop: a hundred take 12 ms."""
_MARGIN: Final = timedelta(days=7)

LISTED: Final = (EntityKind.ORDERS, EntityKind.PLACEMENTS, EntityKind.EXECUTIONS, EntityKind.ALLOCATIONS)

T = TypeVar("T")
Fetch = Callable[[str | None], Awaitable[Page[T]]]


class Superseded(Exception):
    """The desk shows another moment by now, so this read is obsolete."""


class Reader:
    """Reads with ``client`` into :attr:`builder` and calls ``publish`` when there is enough to show.

    ``home`` is the desk's own scope.
    """

    def __init__(self, client: Client, publish: Publish, home: str = "") -> None:
        self.builder = SnapshotBuilder(Snapshot(home=home))
        self._client = client
        self._publish = publish
        self._known_until = HighWaterMarks()
        self._graph_turn = asyncio.Lock()
        self._fresh: set[ResourceId] | None = None
        self._unlisted: set[Ref] = set()
        self._unmatched: dict[ResourceId, frozenset[str]] = {}
        self._has_graph = True

    @property
    def as_at(self) -> datetime | None:
        """The moment that is read; None is now."""
        return self.builder.base.as_at

    def travel(self, as_at: datetime | None) -> None:
        """Start again at another moment; reads of the old one end with :class:`Superseded`."""
        self.builder = SnapshotBuilder(Snapshot(as_at=as_at, home=self.builder.base.home))
        self._known_until.clear()
        self._unlisted.clear()
        self._unmatched.clear()

    # --- everything ----------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the whole desk in pages, blocks first, and remove rows that are no longer there.

        Raises:
            ApiError: a page could not be read.
            Superseded: the desk shows another moment by now.
        """
        builder = self.builder
        builder.forget_bad()
        shown = Progress(self._publish, builder)
        stale: set[ResourceId] = set()
        self._fresh = set()
        try:
            await self._load_blocks(builder, shown)
            for kind in LISTED:
                await self._load_kind(builder, kind, shown, stale)
            shown.now()
            await self._load_bookings(builder)
            if not self._has_graph:
                stale.update(builder.rows(EntityKind.BLOCKS))
            await self.read_blocks(stale)
            self._check(builder)
        finally:
            self._fresh = None
        self._publish(complete=True)

    async def _load_blocks(self, builder: SnapshotBuilder, shown: Progress) -> None:
        gone = set(builder.rows(EntityKind.BLOCKS))
        async for page in self._pages(builder, self._block_page(builder)):
            fresh = self._fresh or set()
            builder.put(EntityKind.BLOCKS, [row for row in page.values if row.block.id not in fresh])
            gone.difference_update(row.block.id for row in page.values)
            self._known_until.raise_to(EntityKind.BLOCKS, (row.block for row in page.values))
            shown.later()
        builder.remove(EntityKind.BLOCKS, gone - (self._fresh or set()))

    async def _load_kind(
        self, builder: SnapshotBuilder, kind: EntityKind, shown: Progress, stale: set[ResourceId]
    ) -> None:
        gone = set(builder.rows(kind))
        source = getattr(self._client, kind.value)

        def fetch(token: str | None) -> Awaitable[Page[Any]]:
            found: Awaitable[Page[Any]] = source.list(limit=PAGE, page=token, as_at=builder.base.as_at)
            return found

        async for page in self._pages(builder, fetch):
            builder.put(kind, page.values)
            gone.difference_update(row.id for row in page.values)
            self._known_until.raise_to(kind, page.values)
            stale.update(outdated(builder, kind, page.values))
            shown.later()
        builder.remove(kind, gone)

    async def _load_bookings(self, builder: SnapshotBuilder) -> None:
        """Read the transactions of every portfolio in which something of this desk is booked."""
        if any(row.booked.details for row in builder.rows(EntityKind.BLOCKS).values()):
            await self._read_portfolios(
                builder, {row.portfolio_id for row in builder.rows(EntityKind.ALLOCATIONS).values()}
            )

    # --- what changed --------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Read what changed since the last read, with the totals of the blocks concerned.

        Raises:
            ApiError: something could not be read; the next refresh asks for the same again.
            Superseded: the desk shows another moment by now.
        """
        builder = self.builder
        kinds = (EntityKind.BLOCKS, *LISTED)
        found = await all_of(self._changes(builder, kind) for kind in kinds)
        self._check(builder)
        changed = dict(zip(kinds, found, strict=True))
        blocks = {row.id for row in changed[EntityKind.BLOCKS] if is_news(builder, row)}
        for kind in LISTED:
            before = {row.id: builder.rows(kind).get(row.id) for row in changed[kind]}
            ids = builder.put(kind, changed[kind])
            after = [builder.rows(kind)[id] for id in ids]
            before_rows = [row for id in ids if (row := before[id]) is not None]
            blocks.update(blocks_of(builder, kind, (*after, *before_rows)))
        if blocks:
            await self.read_blocks(blocks)
        self._check(builder)
        for kind, rows in changed.items():
            self._known_until.after_poll(kind, rows)

    async def _changes(self, builder: SnapshotBuilder, kind: EntityKind) -> list[Any]:
        source = getattr(self._client, kind.value)
        test = self._known_until.filter_since(kind)

        def fetch(token: str | None) -> Awaitable[Page[Any]]:
            found: Awaitable[Page[Any]] = source.list(filter=test, limit=PAGE, page=token)
            return found

        rows: list[Any] = []
        async for page in self._pages(builder, fetch):
            rows.extend(page.values)
        return rows

    # --- named rows ----------------------------------------------------------------------------

    async def reread(self, refs: Iterable[Ref]) -> None:
        """Read named rows again; remove those that are gone, and read the rows below their blocks.

        A transaction stands for the whole portfolio it is in.

        Raises:
            ApiError: something could not be read.
        """
        wanted: dict[EntityKind, set[ResourceId]] = {}
        for ref in refs:
            wanted.setdefault(ref.kind, set()).add(ref.id)
        for kind in LISTED:
            await self._read_rows(kind, wanted.get(kind, set()))
        await self.read_blocks(wanted.get(EntityKind.BLOCKS, set()))
        portfolios = {portfolio_of(id) for id in wanted.get(EntityKind.TRANSACTIONS, ())}
        await self._read_portfolios(self.builder, portfolios)

    async def _read_rows(self, kind: EntityKind, ids: Collection[ResourceId]) -> None:
        """Read entities by id, many of them through a filter; remove those that are gone."""
        builder = self.builder
        missing = set(ids)
        source = getattr(self._client, kind.value)
        if len(missing) > AT_ONCE:
            for test in id_filters(missing):

                def fetch(token: str | None, test: str = test) -> Awaitable[Page[Any]]:
                    found: Awaitable[Page[Any]] = source.list(
                        filter=test, limit=PAGE, page=token, as_at=builder.base.as_at
                    )
                    return found

                async for page in self._pages(builder, fetch):
                    builder.put(kind, page.values)
                    missing.difference_update(row.id for row in page.values)
        # A filter may miss a row that is not indexed yet, so the id itself decides.
        for some in batches(sorted(missing), AT_ONCE):
            rows = await all_of(self._get(source, id) for id in some)
            self._check(builder)
            builder.put(kind, [row for row in rows if row is not None])
            builder.remove(kind, [id for id, row in zip(some, rows, strict=True) if row is None])

    async def _get(self, source: Any, id: ResourceId) -> Any:
        try:
            return await source.get(id, as_at=self.as_at)
        except NotFound:
            return None

    async def read_blocks(self, ids: Collection[ResourceId]) -> None:
        """Read blocks with their totals, then whatever their totals name that the desk does not have.

        Raises:
            ApiError: something could not be read.
        """
        if not ids:
            return
        builder = self.builder
        async with self._graph_turn:
            rows = await self._graph_rows(builder, set(ids))
            self._check(builder)
            builder.put(EntityKind.BLOCKS, rows)
            if self._fresh is not None:
                self._fresh.update(row.block.id for row in rows)
        gone = set(ids) - {row.block.id for row in rows}
        for some in batches(sorted(gone), AT_ONCE):
            left = await all_of(self._get(self._client.blocks, id) for id in some)
            self._check(builder)
            builder.remove(EntityKind.BLOCKS, [id for id, row in zip(some, left, strict=True) if row is None])
        if self._fresh is None:
            await self._follow(builder, rows)

    async def _graph_rows(self, builder: SnapshotBuilder, ids: set[ResourceId]) -> list[OrderGraphBlock]:
        """Return the graph rows of blocks: by filter, or from the whole list when that takes fewer calls."""
        tests = id_filters(ids)
        found: list[OrderGraphBlock] = []
        if len(tests) > 1 + len(builder.rows(EntityKind.BLOCKS)) // PAGE:
            tests = [""]
        for test in tests:
            async for page in self._pages(builder, self._block_page(builder, test)):
                found.extend(row for row in page.values if row.block.id in ids)
        return found

    def _block_page(self, builder: SnapshotBuilder, test: str = "") -> Fetch[OrderGraphBlock]:
        """Return the fetch of blocks with totals: from the order graph, else computed here."""
        client, as_at = self._client, builder.base.as_at

        async def fetch(token: str | None) -> Page[OrderGraphBlock]:
            if self._has_graph:
                try:
                    return await client.list(
                        operations.GRAPH_BLOCKS, filter=test or None, limit=PAGE, page=token, as_at=as_at
                    )
                except (NotFound, NotServed):
                    self._has_graph = False
            plain = await client.blocks.list(filter=test or None, limit=PAGE, page=token, as_at=as_at)
            return Page(tuple(builder.with_totals(plain.values)), plain.next_page, plain.bad)

        return fetch

    async def _follow(self, builder: SnapshotBuilder, rows: Iterable[OrderGraphBlock]) -> None:
        """Read the rows in which the blocks' totals and the desk differ."""
        wanted: set[Ref] = set()
        portfolios: set[ResourceId] = set()
        async for view, some in self._in_turns(builder, rows):
            for row in some:
                wanted |= self._discrepancies(view, row)
        for kind in LISTED:
            ids = {ref.id for ref in wanted if ref.kind is kind}
            held = ids & builder.rows(kind).keys()
            await self._read_rows(kind, ids)
            gone = held - builder.rows(kind).keys()
            self._unlisted.update(Ref(kind, id) for id in ids - gone)
        async for view, some in self._in_turns(builder, rows):
            for row in some:
                booked = frozenset(detail.id for detail in row.booked.details)
                known = booked_ids(view, row.block.id)
                if booked != known and self._unmatched.get(row.block.id) != booked:
                    self._unmatched[row.block.id] = booked
                    portfolios |= portfolios_of(view, (row.block.id,))
        await self._read_portfolios(builder, portfolios)

    async def _in_turns(
        self, builder: SnapshotBuilder, rows: Iterable[OrderGraphBlock]
    ) -> AsyncIterator[tuple[Snapshot, Sequence[OrderGraphBlock]]]:
        """Yield a few blocks at a time, with the desk as it stands, and let the event loop breathe after."""
        for some in batches(tuple(rows), BLOCKS_A_TURN):
            yield builder.view(), some
            await asyncio.sleep(0)
            self._check(builder)

    def _discrepancies(self, view: Snapshot, row: OrderGraphBlock) -> set[Ref]:
        held = related(view, Ref(EntityKind.BLOCKS, row.block.id))
        named = {
            EntityKind.ORDERS: set(row.block.order_ids),
            EntityKind.PLACEMENTS: {detail.id for detail in row.placed.details},
            EntityKind.EXECUTIONS: {detail.id for detail in row.executed.details},
            EntityKind.ALLOCATIONS: {detail.id for detail in row.allocated.details},
        }
        found: set[Ref] = set()
        for kind, ids in named.items():
            rows = view.rows(kind)
            found.update(Ref(kind, id) for id in ids if id not in rows)
            unnamed = (id for id in held[kind] if id not in ids)
            found.update(Ref(kind, id) for id in unnamed if not is_cancelled(rows[id].state))
        return found - self._unlisted

    async def _read_portfolios(self, builder: SnapshotBuilder, portfolios: Collection[ResourceId]) -> None:
        """Read what is booked in portfolios since their first allocation on this desk."""
        if not portfolios:
            return
        starts: dict[ResourceId, datetime] = {}
        for row in builder.rows(EntityKind.ALLOCATIONS).values():
            id, day = row.portfolio_id, row.date
            if day and id in portfolios and (id not in starts or day < starts[id]):
                starts[id] = day
        for id in sorted(portfolios):
            await self._read_portfolio(builder, id, starts[id] - _MARGIN if id in starts else None)

    async def _read_portfolio(
        self, builder: SnapshotBuilder, portfolio: ResourceId, start: datetime | None
    ) -> None:
        """Read a portfolio's transactions of orders and allocations; one that does not exist has none."""
        found: dict[ResourceId, Transaction] = {}

        def fetch(token: str | None) -> Awaitable[Page[Transaction]]:
            return self._client.list(
                operations.PORTFOLIO_TRANSACTIONS,
                id=portfolio,
                limit=PAGE,
                page=token,
                as_at=builder.base.as_at,
                query={"fromTransactionDate": start},
            )

        try:
            async for page in self._pages(builder, fetch):
                for row in page.values:
                    if row.allocation_id or row.order_id:
                        found[transaction_key(portfolio, row.transaction_id)] = row
        except (NotFound, Forbidden, NotServed):
            return
        scope = str(portfolio)
        builder.put_transactions(found)
        old = [id for id in builder.rows(EntityKind.TRANSACTIONS) if id.scope == scope and id not in found]
        builder.remove(EntityKind.TRANSACTIONS, old)

    # --- pages ---------------------------------------------------------------------------------

    async def _pages(self, builder: SnapshotBuilder, fetch: Fetch[T]) -> AsyncIterator[Page[T]]:
        """Yield page after page, and control to the event loop in between."""
        token: str | None = None
        while True:
            page = await fetch(token)
            await asyncio.sleep(0)
            self._check(builder)
            builder.add_unreadable(page.bad)
            yield page
            await asyncio.sleep(0)
            if page.next_page is None:
                return
            if page.next_page == token:
                raise MalformedReply("The server gives the same page again and again.")
            token = page.next_page

    def _check(self, builder: SnapshotBuilder) -> None:
        if builder is not self.builder:
            raise Superseded
