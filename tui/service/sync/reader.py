"""Reads one server into a builder: everything at first, changes afterwards, named rows after a write.

The reader decides what to read, never when. Every method adds what it reads to the one builder and may run
while another does. A method that fails leaves the builder as far as it got and raises
:class:`~tui.api.errors.ApiError`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.codec import Page
from tui.api.errors import ApiError, Forbidden, MalformedReply, NoAnswer, NotFound, NotServed
from tui.api.models import OrderGraphBlock, Transaction
from tui.service.snapshot.builder import SnapshotBuilder, portfolio_of, transaction_key
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot, Unread
from tui.service.sync.high_water_marks import HighWaterMarks, later, newest_change
from tui.service.sync.progress import Progress, Publish, collector_suspended
from tui.service.sync.queries import (
    all_of,
    batches,
    blocks_of,
    booked_ids,
    concerns_one_kind,
    discrepancies,
    id_filters,
    is_news,
    outdated,
    portfolios_of,
)

PAGE: Final = 200
"""Rows of one page: few enough that decoding one does not hold the event loop for long."""
AT_ONCE: Final = 8
"""The most concurrent reads by id; more rows are read through a filter."""
PUT_A_TURN: Final = 200
"""Blocks taken in between two turns of the event loop."""
BLOCKS_A_TURN: Final = 20
"""Blocks whose totals are compared with the desk in one turn of the event loop: a hundred take 12 ms."""
_MARGIN: Final = timedelta(days=7)

LISTED: Final = (EntityKind.ORDERS, EntityKind.PLACEMENTS, EntityKind.EXECUTIONS, EntityKind.ALLOCATIONS)
POLLED: Final = (EntityKind.BLOCKS, *LISTED)

log = logging.getLogger(__name__)
T = TypeVar("T")
Fetch = Callable[[str | None], Awaitable[Page[T]]]


class Superseded(Exception):
    """The desk shows another moment by now, so this read is obsolete."""


class Reader:
    """Reads with ``client`` into :attr:`builder` and calls ``publish`` when there is enough to show.

    ``home`` is the desk's own scope, ``now`` this machine's clock, aware UTC.
    """

    def __init__(
        self,
        client: Client,
        publish: Publish,
        home: str = "",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.builder = SnapshotBuilder(Snapshot(home=home))
        self._client = client
        self._publish = publish
        self._now = now
        self._known_until = HighWaterMarks(now)
        self._graph_turn = asyncio.Lock()
        self._fresh: set[ResourceId] | None = None
        self._unlisted: set[Ref] = set()
        self._unmatched: dict[ResourceId, frozenset[str]] = {}
        self._has_graph = True

    @property
    def as_at(self) -> datetime | None:
        """The moment that is read; None is now."""
        return self.builder.base.as_at

    @property
    def loading(self) -> bool:
        """Whether everything is being read."""
        return self._fresh is not None

    @property
    def lacks_graph(self) -> bool:
        """Whether the server has an order graph that could not be read."""
        return self.builder.own_totals and operations.GRAPH_BLOCKS.name not in self._client.absent

    def travel(self, as_at: datetime | None) -> None:
        """Start again at another moment; reads of the old one end with :class:`Superseded`."""
        self.builder = SnapshotBuilder(Snapshot(as_at=as_at, home=self.builder.base.home))
        self._known_until.clear()
        self._unlisted.clear()
        self._unmatched.clear()

    # --- everything ----------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the whole desk in pages, blocks first, and remove rows that are no longer there.

        Rows of a kind that cannot be read stay as they are; the builder says so.

        Raises:
            ApiError: there is no connection, or no kind could be read.
            Superseded: the desk shows another moment by now.
        """
        builder = self.builder
        shown = Progress(self._publish, builder)
        stale: set[ResourceId] = set()
        self._fresh = set()
        try:
            with collector_suspended():
                await self._load_kinds(builder, shown, stale)
                shown.now()
                await self._load_bookings(builder)
                if builder.own_totals:
                    stale.update(builder.rows(EntityKind.BLOCKS))
                await self.read_blocks(stale)
                self._check(builder)
        finally:
            self._fresh = None
        self._publish(complete=True)

    async def _load_kinds(self, builder: SnapshotBuilder, shown: Progress, stale: set[ResourceId]) -> None:
        self._look_for_graph()
        told = dict(builder.unread)
        failures: list[ApiError] = []
        for tried, kind in enumerate(POLLED, start=1):
            error = await self._load_if_possible(builder, kind, shown, stale)
            if error is not None:
                failures.append(error)
            none_read = len(failures) == tried
            if none_read and (tried == len(POLLED) or _is_out_of_order(failures)):
                builder.unread = told
                raise failures[0]

    def _look_for_graph(self) -> None:
        self._has_graph = operations.GRAPH_BLOCKS.name not in self._client.absent

    async def _load_if_possible(
        self, builder: SnapshotBuilder, kind: EntityKind, shown: Progress, stale: set[ResourceId]
    ) -> ApiError | None:
        """Read all rows of a kind; return the error that is about this kind only."""
        began = self._now()
        builder.forget_unreadable(kind)
        try:
            if kind is EntityKind.BLOCKS:
                newest = await self._load_blocks(builder, shown)
            else:
                newest = await self._load_kind(builder, kind, shown, stale)
        except ApiError as error:
            if not concerns_one_kind(error):
                raise
            _mark_unread(builder, kind, error)
            return error
        told = builder.unread.get(kind)
        if told is not None and not told.rows:
            del builder.unread[kind]
        self._known_until.start(kind, newest, began)
        return None

    async def retry(self, kind: EntityKind) -> None:
        """Read a kind again whose rows could not be read, or blocks whose totals the server did not give.

        Raises:
            ApiError: there is no connection.
        """
        builder, stale = self.builder, set[ResourceId]()
        if kind is EntityKind.TRANSACTIONS:
            await self._load_bookings(builder)
        else:
            if kind is EntityKind.BLOCKS:
                self._look_for_graph()
            await self._load_if_possible(builder, kind, Progress(self._publish, builder), stale)
            await self.read_blocks(stale)
        self._publish()

    async def _load_blocks(self, builder: SnapshotBuilder, shown: Progress) -> datetime | None:
        try:
            return await self._load_block_pages(builder, shown)
        except ApiError as error:
            if not (self._has_graph and concerns_one_kind(error)):
                raise
            log.warning("the order graph could not be read: %s", error.why)
            self._has_graph = False
            return await self._load_block_pages(builder, shown)

    async def _load_block_pages(self, builder: SnapshotBuilder, shown: Progress) -> datetime | None:
        kind, newest = EntityKind.BLOCKS, None
        gone = set(builder.rows(kind))
        async for page in self._pages(builder, kind, self._block_page(builder)):
            fresh = self._fresh or set()
            builder.put(kind, [row for row in page.values if row.block.id not in fresh])
            gone.difference_update(row.block.id for row in page.values)
            newest = later(newest, newest_change(row.block for row in page.values))
            shown.later()
        builder.own_totals = not self._has_graph
        builder.remove(kind, _surely_gone(builder, kind, gone - (self._fresh or set())))
        return newest

    async def _load_kind(
        self, builder: SnapshotBuilder, kind: EntityKind, shown: Progress, stale: set[ResourceId]
    ) -> datetime | None:
        gone, newest = set(builder.rows(kind)), None
        source = getattr(self._client, kind.value)

        def fetch(token: str | None) -> Awaitable[Page[Any]]:
            found: Awaitable[Page[Any]] = source.list(limit=PAGE, page=token, as_at=builder.base.as_at)
            return found

        async for page in self._pages(builder, kind, fetch):
            builder.put(kind, page.values)
            gone.difference_update(row.id for row in page.values)
            newest = later(newest, newest_change(page.values))
            stale.update(outdated(builder, kind, page.values))
            shown.later()
        builder.remove(kind, _surely_gone(builder, kind, gone))
        return newest

    async def _load_bookings(self, builder: SnapshotBuilder) -> None:
        """Read the transactions of every portfolio in which something of this desk is booked."""
        portfolios = {row.portfolio_id for row in builder.rows(EntityKind.ALLOCATIONS).values()}
        if not any(row.booked.details for row in builder.rows(EntityKind.BLOCKS).values()):
            portfolios = set()
        if await self._read_portfolios(builder, portfolios) and self.is_missing(EntityKind.TRANSACTIONS):
            del builder.unread[EntityKind.TRANSACTIONS]

    # --- what changed --------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Read what changed since the last read, with the totals of the blocks concerned.

        Kinds that could not be read are not asked for again.

        Raises:
            ApiError: something could not be read; the next refresh asks for the same again.
            Superseded: the desk shows another moment by now.
        """
        builder, began = self.builder, self._now()
        kinds = [kind for kind in POLLED if not self.is_missing(kind)]
        found = await all_of(self._changes(builder, kind) for kind in kinds)
        self._check(builder)
        changed = dict(zip(kinds, found, strict=True))
        blocks = {row.id for row in changed.get(EntityKind.BLOCKS, ()) if is_news(builder, row)}
        for kind in LISTED:
            rows = changed.get(kind, [])
            before = {row.id: builder.rows(kind).get(row.id) for row in rows}
            ids = builder.put(kind, rows)
            after = [builder.rows(kind)[id] for id in ids]
            before_rows = [row for id in ids if (row := before[id]) is not None]
            blocks.update(blocks_of(builder, kind, (*after, *before_rows)))
        if blocks:
            await self.read_blocks(blocks)
        self._check(builder)
        for kind, rows in changed.items():
            self._known_until.after_poll(kind, rows, began)

    def is_missing(self, kind: EntityKind) -> bool:
        """Return whether pages of a kind could not be read."""
        told = self.builder.unread.get(kind)
        return told is not None and not told.rows

    async def _changes(self, builder: SnapshotBuilder, kind: EntityKind) -> list[Any]:
        source = getattr(self._client, kind.value)
        test = self._known_until.filter_since(kind)

        def fetch(token: str | None) -> Awaitable[Page[Any]]:
            found: Awaitable[Page[Any]] = source.list(filter=test, limit=PAGE, page=token)
            return found

        rows: list[Any] = []
        async for page in self._pages(builder, kind, fetch):
            rows.extend(page.values)
        return rows

    # --- named rows ----------------------------------------------------------------------------

    async def reread(self, refs: Iterable[Ref]) -> None:
        """Read named rows again; remove those that are gone, and read the rows below their blocks.

        A transaction stands for the whole portfolio it is in. Rows of a kind that is not permitted stay.

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
        """Read entities by id; the builder says when they are not permitted."""
        builder = self.builder
        told = builder.unread.get(kind)
        if told is not None and not told.permitted:
            return
        try:
            await self._read_by_id(builder, kind, ids)
        except (Forbidden, NotServed) as error:
            _mark_unread(builder, kind, error)

    async def _read_by_id(
        self, builder: SnapshotBuilder, kind: EntityKind, ids: Collection[ResourceId]
    ) -> None:
        """Read entities by id, many of them through a filter; remove those that are gone."""
        missing = set(ids)
        source = getattr(self._client, kind.value)
        if len(missing) > AT_ONCE:
            for test in await asyncio.to_thread(id_filters, frozenset(missing)):

                def fetch(token: str | None, test: str = test) -> Awaitable[Page[Any]]:
                    found: Awaitable[Page[Any]] = source.list(
                        filter=test, limit=PAGE, page=token, as_at=builder.base.as_at
                    )
                    return found

                async for page in self._pages(builder, kind, fetch):
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
            for turn, put in enumerate(batches(rows, PUT_A_TURN)):
                if turn:
                    await asyncio.sleep(0)
                    self._check(builder)
                builder.put(EntityKind.BLOCKS, put)
                if self._fresh is not None:
                    self._fresh.update(row.block.id for row in put)
        gone = set(ids) - {row.block.id for row in rows}
        for some in batches(sorted(gone), AT_ONCE):
            left = await all_of(self._get(self._client.blocks, id) for id in some)
            self._check(builder)
            builder.remove(EntityKind.BLOCKS, [id for id, row in zip(some, left, strict=True) if row is None])
        if self._fresh is None:
            await self._follow(builder, rows)

    async def _graph_rows(self, builder: SnapshotBuilder, ids: set[ResourceId]) -> list[OrderGraphBlock]:
        """Return the graph rows of blocks: by filter, or from the whole list when that takes fewer calls."""
        tests = await asyncio.to_thread(id_filters, ids) if len(ids) > AT_ONCE else id_filters(ids)
        found: list[OrderGraphBlock] = []
        if len(tests) > 1 + len(builder.rows(EntityKind.BLOCKS)) // PAGE:
            tests = [""]
        for test in tests:
            async for page in self._pages(builder, EntityKind.BLOCKS, self._block_page(builder, test)):
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
                except (NotFound, NotServed, Forbidden) as error:
                    if token is not None:
                        raise
                    log.warning("the order graph is not read: %s", error.why)
                    self._has_graph = False
                    builder.own_totals = True
            plain = await client.blocks.list(filter=test or None, limit=PAGE, page=token, as_at=as_at)
            return Page(tuple(builder.with_totals(plain.values)), plain.next_page, plain.bad)

        return fetch

    async def _follow(self, builder: SnapshotBuilder, rows: Iterable[OrderGraphBlock]) -> None:
        """Read the rows in which the blocks' totals and the desk differ."""
        wanted: set[Ref] = set()
        portfolios: set[ResourceId] = set()
        async for view, some in self._in_turns(builder, rows):
            for row in some:
                wanted |= discrepancies(view, row) - self._unlisted
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

    async def _read_portfolios(self, builder: SnapshotBuilder, portfolios: Collection[ResourceId]) -> bool:
        """Read what is booked in portfolios since their first allocation on this desk.

        Return whether all could be read; the builder says which one could not.
        """
        starts: dict[ResourceId, datetime] = {}
        for row in builder.rows(EntityKind.ALLOCATIONS).values() if portfolios else ():
            id, day = row.portfolio_id, row.date
            if day and id in portfolios and (id not in starts or day < starts[id]):
                starts[id] = day
        all_read = True
        for id in sorted(portfolios):
            try:
                await self._read_portfolio(builder, id, starts[id] - _MARGIN if id in starts else None)
            except NotFound:
                continue  # a portfolio that does not exist has no transactions
            except ApiError as error:
                if not concerns_one_kind(error):
                    raise
                _mark_unread(builder, EntityKind.TRANSACTIONS, error, f"{id}: ")
                all_read = False
        return all_read

    async def _read_portfolio(
        self, builder: SnapshotBuilder, portfolio: ResourceId, start: datetime | None
    ) -> None:
        """Read a portfolio's transactions of orders and allocations."""
        found: dict[ResourceId, Transaction] = {}
        kind = EntityKind.TRANSACTIONS

        def fetch(token: str | None) -> Awaitable[Page[Transaction]]:
            return self._client.list(
                operations.PORTFOLIO_TRANSACTIONS,
                id=portfolio,
                limit=PAGE,
                page=token,
                as_at=builder.base.as_at,
                query={"fromTransactionDate": start},
            )

        async for page in self._pages(builder, kind, fetch):
            for row in page.values:
                if row.allocation_id or row.order_id:
                    found[transaction_key(portfolio, row.transaction_id)] = row
        scope = str(portfolio)
        builder.put_transactions(found)
        old = [id for id in builder.rows(kind) if id.scope == scope and id not in found]
        builder.remove(kind, old)

    # --- pages ---------------------------------------------------------------------------------

    async def _pages(
        self, builder: SnapshotBuilder, kind: EntityKind, fetch: Fetch[T]
    ) -> AsyncIterator[Page[T]]:
        """Yield page after page, and control to the event loop in between."""
        token: str | None = None
        while True:
            page = await fetch(token)
            await asyncio.sleep(0)
            self._check(builder)
            if page.bad:
                builder.add_unreadable(kind, page.bad)
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


def _is_out_of_order(failures: Sequence[ApiError]) -> bool:
    """Return whether a server that failed so far is not worth asking for the rest."""
    return len(failures) > 1 and all(isinstance(error, NoAnswer) for error in failures)


def _mark_unread(builder: SnapshotBuilder, kind: EntityKind, error: ApiError, where: str = "") -> None:
    log.warning("%s could not be read: %s%s", kind.value, where, error.why)
    builder.unread[kind] = Unread(f"{where}{error.why}", permitted=not isinstance(error, Forbidden))


def _surely_gone(builder: SnapshotBuilder, kind: EntityKind, ids: set[ResourceId]) -> set[ResourceId]:
    """Return those of ``ids``, which no page named, that are not among the rows that could not be read."""
    unreadable = {row.id for row in builder.unreadable(kind)}
    return set() if None in unreadable else ids - unreadable
