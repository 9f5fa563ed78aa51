"""Reads blocks with their totals, and the rows in which these totals and the desk differ."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.codec import Page
from tui.api.errors import ApiError, Forbidden, NotFound, NotServed
from tui.api.models import OrderGraphBlock
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.bookings import read_portfolios
from tui.service.sync.high_water_marks import later, newest_change
from tui.service.sync.named_rows import read_named_rows
from tui.service.sync.progress import Progress
from tui.service.sync.queries import (
    booked_ids,
    concerns_one_kind,
    discrepancies,
    id_filters,
    portfolios_of,
    surely_gone,
)
from tui.service.sync.read_session import AT_ONCE, LISTED, PAGE, Fetch, ReadSession

BLOCKS_A_TURN: Final = 20
"""Blocks whose totals are compared with the desk in one turn of the event loop: a hundred take 12 ms."""

log = logging.getLogger(__name__)


class BlockReader:
    """Reads blocks from the order graph; without one, as plain blocks whose totals are computed here."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session
        self._builder = session.builder
        self._turn = asyncio.Lock()
        self._has_graph = True
        self._unlisted: set[Ref] = set()
        self._unmatched: dict[ResourceId, frozenset[str]] = {}
        self.read_meanwhile: set[ResourceId] | None = None
        """The blocks read by id since a load of all began, whose pages may be older; None outside a load."""

    def look_for_graph(self) -> None:
        """Try the order graph again, unless the server is known to have none."""
        self._has_graph = operations.GRAPH_BLOCKS.name not in self._session.client.absent

    async def read_all(self, shown: Progress) -> datetime | None:
        """Read all blocks, remove those that are gone, and return the time of the newest change.

        Raises:
            ApiError: they could not be read.
            Superseded: the desk shows another moment by now.
        """
        try:
            return await self._read_all_pages(shown)
        except ApiError as error:
            if not (self._has_graph and concerns_one_kind(error)):
                raise
            log.warning("the order graph could not be read: %s", error.why)
            self._has_graph = False
            return await self._read_all_pages(shown)

    async def _read_all_pages(self, shown: Progress) -> datetime | None:
        kind, builder, newest = EntityKind.BLOCKS, self._builder, None
        gone = set(builder.rows(kind))
        async for page in self._pages():
            newer = self.read_meanwhile or set()
            builder.put(kind, [row for row in page.values if row.block.id not in newer])
            gone.difference_update(row.block.id for row in page.values)
            newest = later(newest, newest_change(row.block for row in page.values))
            shown.later()
        builder.own_totals = not self._has_graph
        builder.remove(kind, surely_gone(builder, kind, gone - (self.read_meanwhile or set())))
        return newest

    async def read(self, ids: Collection[ResourceId]) -> None:
        """Read blocks with their totals, then whatever their totals name that the desk does not have.

        Raises:
            ApiError: something could not be read.
            Superseded: the desk shows another moment by now.
        """
        if not ids:
            return
        async with self._turn:
            rows = await self._rows(set(ids))
            self._session.check()
            async for put in self._session.in_turns(rows):
                self._builder.put(EntityKind.BLOCKS, put)
                if self.read_meanwhile is not None:
                    self.read_meanwhile.update(row.block.id for row in put)
        gone = set(ids) - {row.block.id for row in rows}
        async for left in self._session.look_up(EntityKind.BLOCKS, gone):
            self._builder.remove(EntityKind.BLOCKS, [id for id, row in left.items() if row is None])
        if self.read_meanwhile is None:
            await self._follow(rows)

    async def _rows(self, ids: set[ResourceId]) -> list[OrderGraphBlock]:
        """Return blocks with their totals: by filter, or from the whole list when that takes fewer calls."""
        tests = await asyncio.to_thread(id_filters, ids) if len(ids) > AT_ONCE else id_filters(ids)
        found: list[OrderGraphBlock] = []
        if len(tests) > 1 + len(self._builder.rows(EntityKind.BLOCKS)) // PAGE:
            tests = [""]
        for test in tests:
            async for page in self._pages(test):
                found.extend(row for row in page.values if row.block.id in ids)
        return found

    def _pages(self, test: str = "") -> AsyncIterator[Page[OrderGraphBlock]]:
        return self._session.pages(EntityKind.BLOCKS, self._fetch(test))

    def _fetch(self, test: str) -> Fetch[OrderGraphBlock]:
        """Return the fetch of blocks with totals: from the order graph, else computed here."""
        client, builder, as_at = self._session.client, self._builder, self._session.as_at

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

    async def _follow(self, rows: Iterable[OrderGraphBlock]) -> None:
        """Read the rows in which the blocks' totals and the desk differ."""
        builder = self._builder
        wanted: set[Ref] = set()
        portfolios: set[ResourceId] = set()
        async for view, some in self._in_turns(rows):
            for row in some:
                wanted |= discrepancies(view, row) - self._unlisted
        for kind in LISTED:
            ids = {ref.id for ref in wanted if ref.kind is kind}
            held = ids & builder.rows(kind).keys()
            await read_named_rows(self._session, kind, ids)
            gone = held - builder.rows(kind).keys()
            self._unlisted.update(Ref(kind, id) for id in ids - gone)
        async for view, some in self._in_turns(rows):
            for row in some:
                booked = frozenset(detail.id for detail in row.booked.details)
                known = booked_ids(view, row.block.id)
                if booked != known and self._unmatched.get(row.block.id) != booked:
                    self._unmatched[row.block.id] = booked
                    portfolios |= portfolios_of(view, (row.block.id,))
        await read_portfolios(self._session, portfolios)

    async def _in_turns(
        self, rows: Iterable[OrderGraphBlock]
    ) -> AsyncIterator[tuple[Snapshot, Sequence[OrderGraphBlock]]]:
        """Yield a few blocks at a time, with the desk as it stands, and let the event loop breathe after."""
        async for some in self._session.in_turns(tuple(rows), BLOCKS_A_TURN):
            yield self._builder.view(), some
