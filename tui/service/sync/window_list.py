"""The list of the window's blocks: how one server is asked for it, found out by asking and looking.

A parameter that a server does not know may be refused or ignored, so it is the rows of the answer that tell
whether it took effect (contract R3, R9, R72). What works is remembered; what does not is replaced by the next
means to the same end, the last of which is to drop rows on arrival.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from tui.api import operations
from tui.api.codec import Page
from tui.api.errors import ApiError
from tui.api.models import Block, OrderGraphBlock
from tui.service.filter_texts import time_text
from tui.service.learned import Learned
from tui.service.snapshot.snapshot import EntityKind
from tui.service.sync.high_water_marks import later
from tui.service.sync.id_filters import concerns_the_filter
from tui.service.sync.read_session import FIRST_PAGE, GRAPH_PAGE, ReadSession
from tui.service.sync.window import MANY, SOME, Window, last_activity

log = logging.getLogger(__name__)

ARRIVAL: Final = "arrival"
"""The last means to every end: all rows are read, and those that do not belong are dropped."""

_SWEEPS: Final = "blocks.sweeps"
"""Under this it is remembered whether a tenant with many blocks sweeps them."""
_MEANS: Final = {
    "blocks.unswept": ("switch", "isSwept", "block.isSwept", ARRIVAL),
    "blocks.scopes": ("id.scope", "block.id.scope", ARRIVAL),
    "blocks.since": ("latestActivityDate", "createdDate", "block.createdDate", "newest first", ARRIVAL),
}
"""The means to leave out swept blocks, those of other scopes and those without activity, the best first."""


class WindowQuery(Struct, frozen=True):
    """What the list of the window's blocks is asked with."""

    test: str = ""
    switch: bool = False
    sort: tuple[str, ...] = ()

    @property
    def query(self) -> dict[str, bool | None]:
        """The parameters that only the order graph has."""
        return {"includeSwept": False if self.switch else None}


class WindowList:
    """Lists the blocks of ``window`` page by page."""

    def __init__(self, session: ReadSession, window: Window, learned: Learned) -> None:
        self._session = session
        self._window = window
        self._learned = learned

    def query(self, *, graph: bool) -> WindowQuery:
        """Return how to ask for the window, as far as this server is known; ``graph`` asks for totals too."""
        window, profile = self._window, self._window.profile
        unswept, since = self._means("blocks.unswept"), self._means("blocks.since")
        scopes = self._means("blocks.scopes")
        parts = [window.scope_test(scopes) if scopes != ARRIVAL else ""]
        parts.append(f"({profile.filter})" if profile.filter else "")
        sort: tuple[str, ...] = ()
        if unswept == "switch" and not graph:
            unswept = ARRIVAL if self._learned.get("blocks.plain") == ARRIVAL else "isSwept"
        if unswept not in ("switch", ARRIVAL):
            parts.append(f"{unswept if graph else 'isSwept'} eq false")
        if window.since is not None:
            if since == "newest first":
                sort = ("createdDate DESC",)
            elif since != ARRIVAL and (graph or since != "latestActivityDate"):
                parts.append(f"{since if graph else 'createdDate'} gte {time_text(window.since)}")
        return WindowQuery(" and ".join(filter(None, parts)), unswept == "switch", sort)

    async def pages(
        self, *, graph: bool, as_at: datetime | str | None
    ) -> AsyncIterator[Page[OrderGraphBlock] | Page[Block]]:
        """Yield the pages of the window; when it has to be asked for in another way, from the beginning.

        Raises:
            ApiError: a page could not be read.
            Superseded: the desk shows another moment by now.
        """
        if self._window.since is None and self._learned.get(_SWEEPS) is False:
            self._window.narrow()
        newest: datetime | None = None
        old = False
        while True:
            asked, live = self.query(graph=graph), 0
            restart = begun = False
            try:
                async for page in self._asked(asked, graph, as_at):
                    restart = not self._took_effect(asked, page.values)
                    if restart:
                        break
                    begun = True
                    active = (last_activity(row) for row in page.values if graph)
                    newest = later(newest, max(active, default=None))
                    old = old or any(map(self._window.is_old, page.values))
                    live += sum(not getattr(row, "block", row).is_swept for row in page.values)
                    yield page
                    if asked.sort and self._is_past(page.values):
                        break
                    too_many = live >= (SOME if old else MANY) and page.next_page is not None
                    if too_many and self._window.since is None:
                        restart = not await self._sweeps(graph)
                    if restart:
                        log.info("%d blocks and more are not swept: only active ones are read", live)
                        self._window.narrow()
                        break
            except ApiError as error:
                if begun or not concerns_the_filter(error) or not self._drop_refused(asked, graph):
                    raise
                log.info("the window is asked for in another way: %s", error)
                restart = True
            if not restart and not live and self._misses(asked, newest):
                restart = True
            if not restart:
                return

    async def _sweeps(self, graph: bool) -> bool:
        """Return whether the tenant has swept blocks; one that does not tell is taken to have none."""
        known = self._learned.get(_SWEEPS)
        if known is not None:
            return bool(known)
        client, field = self._session.client, self._means("blocks.unswept")
        test = f"{field if field == 'block.isSwept' else 'isSwept'} eq true"
        try:
            if graph:
                rows = (await client.list(operations.GRAPH_BLOCKS, filter=test, limit=1)).values
                swept = any(row.block.is_swept for row in rows)
            else:
                swept = any(row.is_swept for row in (await client.blocks.list(filter=test, limit=1)).values)
        except ApiError as error:
            if not concerns_the_filter(error):
                raise
            swept = False
        self._learned.put(_SWEEPS, swept)
        return swept

    def _asked(
        self, asked: WindowQuery, graph: bool, as_at: datetime | str | None
    ) -> AsyncIterator[Page[Any]]:
        client = self._session.client

        def fetch(token: str | None) -> Awaitable[Page[Any]]:
            limit = FIRST_PAGE if token is None else GRAPH_PAGE
            test = asked.test or None
            if not graph:
                plain: Awaitable[Page[Any]] = client.blocks.list(
                    filter=test, sort_by=asked.sort, limit=limit, page=token, as_at=as_at
                )
                return plain
            return client.list(
                operations.GRAPH_BLOCKS,
                filter=test,
                sort_by=asked.sort,
                limit=limit,
                page=token,
                as_at=as_at,
                query=asked.query,
            )

        return self._session.pages(EntityKind.BLOCKS, fetch)

    def tells_activity(self, *, graph: bool) -> bool:
        """Return whether the list has all active blocks, and not only those made lately."""
        return self._means("blocks.since") == ARRIVAL or (
            graph and self._means("blocks.since") == "latestActivityDate"
        )

    def _means(self, end: str) -> str:
        known = self._learned.get(end)
        return str(known) if known in _MEANS[end] else _MEANS[end][0]

    def _next(self, end: str) -> None:
        """Replace the means to ``end`` by the next one."""
        means = _MEANS[end]
        self._learned.put(end, means[min(means.index(self._means(end)) + 1, len(means) - 1)])

    def _took_effect(self, asked: WindowQuery, rows: Sequence[Any]) -> bool:
        """Return whether the rows are those asked for; else take the next means."""
        blocks: list[Block] = [getattr(row, "block", row) for row in rows]
        window = self._window
        asks_unswept = asked.switch or "isSwept" in asked.test
        if asks_unswept and any(block.is_swept for block in blocks):
            self._next_unswept(graph=rows[0] is not blocks[0])
            return False
        asks_scopes = "id.scope in" in asked.test and window.profile.scopes
        if asks_scopes and not all(window.is_in_scope(block.id) for block in blocks):
            self._next("blocks.scopes")
            return False
        if window.since is not None and self._has_stale(asked, rows, window.since):
            self._next("blocks.since")
            return False
        return True

    def _has_stale(self, asked: WindowQuery, rows: Sequence[Any], since: datetime) -> bool:
        """Return whether rows are older than was asked for, or in another order."""
        if "latestActivityDate" in asked.test:
            return any(last_activity(row) < since for row in rows)
        dates = [getattr(row, "block", row).created_date for row in rows]
        if "createdDate gte" in asked.test:
            return any(date < since for date in dates)
        return bool(asked.sort) and dates != sorted(dates, reverse=True)

    def _misses(self, asked: WindowQuery, newest: datetime | None) -> bool:
        """Return whether no block was found although one is known to be active; then take the next means."""
        since = self._window.since
        if since is None or newest is None or newest < since or "gte" not in asked.test:
            return False
        self._next("blocks.since")
        return True

    def _next_unswept(self, *, graph: bool) -> None:
        if graph:
            self._next("blocks.unswept")
        else:
            self._learned.put("blocks.plain", ARRIVAL)

    def _is_past(self, rows: Sequence[Any]) -> bool:
        """Return whether rows, sorted newest first, have left the window."""
        since = self._window.since
        return since is not None and bool(rows) and getattr(rows[-1], "block", rows[-1]).created_date < since

    def _drop_refused(self, asked: WindowQuery, graph: bool) -> bool:
        """Take the next means to one end that a refused query asked for; return whether there was one."""
        since = self._means("blocks.since")
        if asked.sort or (self._window.since is not None and f"{since} gte" in asked.test):
            self._next("blocks.since")
        elif "isSwept" in asked.test:
            self._next_unswept(graph=graph)
        elif self._window.profile.scopes and "id.scope in" in asked.test:
            self._next("blocks.scopes")
        elif asked.switch:
            self._next("blocks.unswept")
        else:
            return False
        return True
