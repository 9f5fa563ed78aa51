"""Reads blocks with their totals, and the rows in which these totals and the desk differ."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.codec import Page
from tui.api.errors import ApiError, Refused
from tui.api.models import Block, OrderGraphBlock
from tui.api.states import normalize
from tui.service.filter_texts import time_text
from tui.service.learned import Learned
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.block_finder import BlockFinder
from tui.service.sync.bookings import Bookings
from tui.service.sync.high_water_marks import later, newest_change
from tui.service.sync.id_filters import IdFilters, concerns_the_filter
from tui.service.sync.named_rows import by_filters, named_rows, read_named_rows
from tui.service.sync.progress import Progress
from tui.service.sync.queries import (
    LISTED,
    batches,
    booked_ids,
    concerns_one_kind,
    discrepancies,
    named_below,
    surely_gone,
)
from tui.service.sync.read_session import GRAPH_PAGE, PAGE, ReadSession
from tui.service.sync.window import Window
from tui.service.sync.window_list import WindowList

PUT_A_TURN: Final = 50
"""Blocks that are put into the builder in one turn of the event loop."""
BLOCKS_A_TURN: Final = 20
"""Blocks whose totals are compared with the desk in one turn of the event loop: a hundred take 12 ms."""
IDS_AT_ONCE: Final = 50
"""Older blocks that are asked for together: of more at once the window's list would be read."""
_PREFIXES: Final = ("", "block.")
"""What may stand before the fields of an id in a filter of the order graph (R72)."""

log = logging.getLogger(__name__)


class BlockReader:
    """Reads blocks from the order graph; without one, as plain blocks whose totals are computed here."""

    def __init__(self, session: ReadSession, window: Window, learned: Learned, filters: IdFilters) -> None:
        self._session = session
        self._window = window
        self._learned = learned
        self._filters = filters
        self._builder = session.builder
        self._turn = asyncio.Lock()
        self._has_graph = True
        self._unlisted: set[Ref] = set()
        self._unmatched: dict[ResourceId, frozenset[str]] = {}
        self.list = WindowList(session, window, learned)
        self.bookings = Bookings(session, learned, filters)
        self.named: dict[EntityKind, set[ResourceId]] = named_below(())
        """The rows that the blocks of the last load name, by kind."""
        self.outside: set[ResourceId] = set()
        """Blocks that were looked at and do not belong to the desk."""
        self.finder = BlockFinder(session, window, learned, filters, self.read)
        self.read_meanwhile: set[ResourceId] | None = None
        """The blocks read by id since a load of all began, whose pages may be older; None outside a load."""

    def look_for_graph(self) -> None:
        """Try the order graph again, unless the server is known to have none."""
        self._has_graph = operations.GRAPH_BLOCKS.name not in self._session.client.absent

    def do_without_graph(self) -> None:
        """Read plain blocks and compute their totals: the order graph is known not to answer."""
        self._has_graph = False

    async def graph_answers(self) -> bool:
        """Return whether the order graph can be read by now.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        if self._has_graph:
            try:
                await self._session.client.list(operations.GRAPH_BLOCKS, limit=1)
                self._session.check()
            except ApiError as error:
                if not concerns_one_kind(error):
                    raise
                self._has_graph = False
        return self._has_graph

    async def read_all(self, shown: Progress, as_at: str | None) -> datetime | None:
        """Read the blocks of the window, remove others, and return the time of the newest change.

        Raises:
            ApiError: they could not be read.
            Superseded: the desk shows another moment by now.
        """
        try:
            return await self._read_window(shown, as_at)
        except ApiError as error:
            if not (self._has_graph and concerns_one_kind(error)):
                raise
            log.warning("the order graph could not be read: %s", error)
            self._has_graph = False
            return await self._read_window(shown, as_at)

    async def _read_window(self, shown: Progress, as_at: str | None) -> datetime | None:
        kind, builder, newest = EntityKind.BLOCKS, self._builder, None
        before, listed = set(builder.rows(kind)), set[ResourceId]()
        joined = self.finder.begin()
        self.outside.clear()
        self.named = named_below(())
        shown.waits = not self._has_graph and bool(self._window.profile.portfolios)
        async for page in self.list.pages(graph=self._has_graph, as_at=self._session.as_at or as_at):
            async for some in self._session.in_turns(page.values, PUT_A_TURN):
                given: Sequence[Any] = some
                rows = builder.with_totals(given)
                newer = self.read_meanwhile or set()
                kept = [row for row in rows if self._window.keeps(row)]
                listed.update(row.block.id for row in kept)
                builder.put(kind, [row for row in kept if row.block.id not in newer])
                newest = later(newest, newest_change(row.block for row in rows))
                for below, ids in named_below(kept).items():
                    self.named[below] |= ids
                    shown.named[below] = len(self.named[below])
            shown.later()
        builder.own_totals = not self._has_graph
        if self._window.since is not None and not self.list.tells_activity(graph=self._has_graph):
            listed |= await self._read_awake(self._window.since, listed, as_at)
        held = builder.rows(kind)
        stale = {id for id in listed if id in held and not self._window.keeps(held[id])}
        if stale or joined:
            kept = [held[id] for id in (listed - stale) | joined]
            self.named = await asyncio.to_thread(named_below, kept)
        gone = (before - listed - joined) | stale
        builder.remove(kind, surely_gone(builder, kind, gone - (self.read_meanwhile or set())))
        return newest

    async def _read_awake(
        self, since: datetime, listed: Collection[ResourceId], as_at: str | None
    ) -> set[ResourceId]:
        """Read older blocks below which something happened ``since``; return those that are here now.

        A list by the date of creation has none of them.
        """
        test = f"version.asAtModified gte {time_text(since)}"
        awake: set[ResourceId] = set()
        for kind in (EntityKind.BLOCKS, EntityKind.PLACEMENTS):
            try:
                async for page in self._session.pages_of(kind, test, as_at=as_at):
                    changed = [row for row in page.values if _is_since(row, since)]
                    if len(changed) < len(page.values):
                        break  # the filter is ignored
                    for row in changed:
                        awake.update(row.block_ids if kind is EntityKind.PLACEMENTS else (row.id,))
            except ApiError as error:
                if not concerns_one_kind(error):
                    raise
                log.info("older blocks that are active are not looked for: %s", error)
        awake.difference_update(listed)
        for some in batches(sorted(awake), IDS_AT_ONCE):
            await self.read(some, joining=False)
        return awake & self._builder.rows(EntityKind.BLOCKS).keys()

    def named_meanwhile(self) -> dict[EntityKind, set[ResourceId]]:
        """Return the rows that blocks name which were read by id since a load began."""
        held = self._builder.rows(EntityKind.BLOCKS)
        return named_below(held[id] for id in self.read_meanwhile or () if id in held)

    async def read(self, ids: Collection[ResourceId], *, joining: bool = True) -> None:
        """Read blocks with their totals, then whatever their totals name that the desk does not have.

        They join the window whatever they are; unless they are ``joining`` only those that belong to it do.

        Raises:
            ApiError: something could not be read.
            Superseded: the desk shows another moment by now.
        """
        if not ids:
            return
        async with self._turn:
            found = await self._rows(set(ids)) if joining else await self._rows_of_window(set(ids))
            self._session.check()
            held = self._builder.rows(EntityKind.BLOCKS)
            rows = [row for row in found if joining or row.block.id in held or self._window.keeps(row)]
            self.outside.update({row.block.id for row in found} - {row.block.id for row in rows})
            async for put in self._session.in_turns(rows):
                self._builder.put(EntityKind.BLOCKS, put)
                if self.read_meanwhile is not None:
                    self.read_meanwhile.update(row.block.id for row in put)
        gone = set(ids) - {row.block.id for row in found}
        if not joining:
            gone &= held.keys()
        async for left in self._session.look_up(EntityKind.BLOCKS, gone):
            self._builder.remove(EntityKind.BLOCKS, [id for id, row in left.items() if row is None])
            if not self._has_graph:
                self._builder.put_blocks([row for row in left.values() if row is not None])
        if self.read_meanwhile is None:
            await self.follow(rows)

    async def find_prefix(self) -> None:
        """Find out, once, how the order graph is asked for blocks by id (R72)."""
        if self._learned.get("graph.prefix") is not None or not self._has_graph:
            return
        known = next(iter(self._builder.rows(EntityKind.BLOCKS)), None)
        if known is None:
            return
        for prefix in _PREFIXES:
            test = IdFilters(self._learned, prefix).take((known,)).test
            try:
                rows = await self._pages_of_graph(test, limit=2)
            except Refused as error:
                if not concerns_the_filter(error):
                    return
                continue
            if [row.block.id for row in rows] == [known]:
                self._learned.put("graph.prefix", prefix)
                return
            if not rows:
                return  # not found yet: the index lags behind
        self._learned.put("graph.prefix", "none")

    async def _rows_of_window(self, ids: set[ResourceId]) -> list[OrderGraphBlock]:
        """Return those of ``ids`` that are here, and those of the others that pass the profile's filter."""
        test = self._window.profile.filter
        here = ids & self._builder.rows(EntityKind.BLOCKS).keys() if test else ids
        found = await self._rows(here) if here else []
        return found + await self._rows(ids - here, f"({test}) and ") if ids - here else found

    async def _rows(self, ids: set[ResourceId], beside: str = "") -> list[OrderGraphBlock]:
        """Return blocks with totals: by filter, or from the window's list when that takes fewer calls.

        ``beside`` begins the filters, with a test that they have to pass too.
        """
        if not self._has_graph:
            return await self._computed(ids, beside)
        await self.find_prefix()
        prefix = self._learned.get("graph.prefix")
        filters = IdFilters(self._learned, str(prefix or ""))
        pages = 1 + len(self._builder.rows(EntityKind.BLOCKS)) // GRAPH_PAGE
        if prefix == "none" or filters.form is None or len(ids) > filters.length // 8 * (pages + 1):
            return await self._listed(ids)
        found: list[OrderGraphBlock] = []

        async def ask(test: str) -> list[OrderGraphBlock]:
            return await self._pages_of_graph(f"{beside}({test})" if beside else test)

        async for rows in by_filters(filters, ids, ask):
            found.extend(row for row in rows if row.block.id in ids)
        return found

    async def _pages_of_graph(self, test: str, limit: int = PAGE) -> list[OrderGraphBlock]:
        client, as_at = self._session.client, self._session.as_at

        def fetch(token: str | None) -> Awaitable[Page[OrderGraphBlock]]:
            return client.list(operations.GRAPH_BLOCKS, filter=test, limit=limit, page=token, as_at=as_at)

        found: list[OrderGraphBlock] = []
        async for page in self._session.pages(EntityKind.BLOCKS, fetch):
            found.extend(page.values)
            if limit < PAGE:
                break
        return found

    async def _listed(self, ids: set[ResourceId]) -> list[OrderGraphBlock]:
        """Return those of ``ids`` that stand in the window's list."""
        found: list[OrderGraphBlock] = []
        async for page in self.list.pages(graph=True, as_at=self._session.as_at):
            found.extend(row for row in self._builder.with_totals(page.values) if row.block.id in ids)
        return found

    async def _computed(self, ids: set[ResourceId], beside: str) -> list[OrderGraphBlock]:
        """Return blocks whose totals are computed from the rows here."""
        plain: list[Any] = []

        async def ask(test: str) -> list[Any]:
            pages = self._session.pages_of(EntityKind.BLOCKS, f"{beside}({test})" if beside else test)
            return [row async for page in pages for row in page.values]

        async for rows in by_filters(self._filters, ids, ask):
            plain.extend(row for row in rows if row.id in ids)
        if not self._window.profile.portfolios:
            return self._builder.with_totals(plain)
        return (await self._with_orders_of(plain)).with_totals(plain)

    async def _with_orders_of(self, blocks: Collection[Block]) -> SnapshotBuilder:
        """Return the desk with all orders of blocks: without totals only orders tell portfolios."""
        found = SnapshotBuilder(self._builder.view())
        held = found.rows(EntityKind.ORDERS).keys()
        missing = {id for block in blocks for id in block.order_ids} - held
        async for rows in named_rows(self._session, self._filters, EntityKind.ORDERS, missing):
            found.put(EntityKind.ORDERS, rows)
        return found

    def leave_out_others(self) -> None:
        """Remove blocks none of whose orders is of the profile's portfolios, where no totals tell of them."""
        builder, kind = self._builder, EntityKind.ORDERS
        if not builder.own_totals or not self._window.profile.portfolios:
            return
        orders = builder.rows(kind)
        others: list[Block] = []
        for row in builder.rows(EntityKind.BLOCKS).values():
            named = (orders.get(id) for id in row.block.order_ids)
            if not self._window.keeps_portfolios({order and order.portfolio_id for order in named}):
                others.append(row.block)
        self.outside.update(block.id for block in others)
        builder.remove(EntityKind.BLOCKS, [block.id for block in others])
        builder.remove(
            kind, [id for block in others for id in block.order_ids if not builder.blocks_of_order(id)]
        )
        self.named = named_below(builder.rows(EntityKind.BLOCKS).values())

    def compute_totals(self, ids: Iterable[ResourceId] | None = None) -> None:
        """Compute the totals of blocks anew, of all without ``ids``, of a server that gives none."""
        builder = self._builder
        if builder.own_totals:
            held = builder.rows(EntityKind.BLOCKS)
            rows = [held[id].block for id in (held if ids is None else ids) if id in held]
            builder.put(EntityKind.BLOCKS, builder.with_totals(rows))

    async def read_bookings(self, first: Collection[ResourceId] = ()) -> bool:
        """Read what is booked into some portfolios of which it is not read yet; return whether more is due.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        more = await self.bookings.read_some(first)
        if not more:
            self.compute_totals()
        return more

    async def follow(self, rows: Iterable[OrderGraphBlock]) -> None:
        """Read the rows in which the blocks' totals and the desk differ."""
        builder = self._builder
        rows = tuple(rows)
        wanted: set[Ref] = set()
        async for view, some in self._in_turns(rows):
            for row in some:
                wanted |= discrepancies(view, row) - self._unlisted
        for kind in LISTED:
            ids = {ref.id for ref in wanted if ref.kind is kind}
            held = ids & builder.rows(kind).keys()
            await read_named_rows(self._session, self._filters, kind, ids)
            gone = held - builder.rows(kind).keys()
            self._unlisted.update(Ref(kind, id) for id in ids - gone)
        await self.follow_bookings(rows)

    async def follow_bookings(self, rows: Iterable[OrderGraphBlock]) -> None:
        """Read what is booked of blocks, where the desk does not have what their totals name."""
        unbooked: list[ResourceId] = []
        async for view, some in self._in_turns(rows):
            for row in some:
                booked = self._booked(view, row)
                id = row.block.id
                if booked != booked_ids(view, id) and self._unmatched.get(id) != booked:
                    self._unmatched[id] = booked
                    unbooked.append(id)
        if unbooked:
            await self.bookings.read_of_blocks(unbooked)
            self.compute_totals(unbooked)

    def _booked(self, view: Snapshot, row: OrderGraphBlock) -> frozenset[str]:
        """Return the transactions that the totals of a block name.

        Totals computed here name those that are here: with them, the allocations that say that they are
        booked and of which no transaction is here.
        """
        named = frozenset(detail.id for detail in row.booked.details)
        if not self._builder.own_totals:
            return named
        below = related_of(view, Ref(EntityKind.BLOCKS, row.block.id), EntityKind.ALLOCATIONS)
        marked = (id for id in below if normalize(view.allocations[id].state) == "booked")
        return named | {str(id) for id in marked if not view.is_booked(id)}

    async def _in_turns(
        self, rows: Iterable[OrderGraphBlock]
    ) -> AsyncIterator[tuple[Snapshot, Sequence[OrderGraphBlock]]]:
        """Yield a few blocks at a time, with the desk as it stands, and let the event loop breathe after."""
        async for some in self._session.in_turns(tuple(rows), BLOCKS_A_TURN):
            yield self._builder.view(), some


def _is_since(row: Any, since: datetime) -> bool:
    changed = row.version.as_at_modified if row.version else None
    return changed is None or changed >= since
