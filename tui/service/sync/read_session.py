"""The reads of one moment of the desk: what they share, and the pages of the server's lists."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.codec import Page
from tui.api.errors import ApiError, Forbidden, NotFound
from tui.api.list_pages import ListPages
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Snapshot, Unread
from tui.service.sync.queries import all_of, batches
from tui.service.sync.shared_values import SharedValues

FIRST_PAGE: Final = 200
"""Blocks of the first page, which is to be on screen at once."""
GRAPH_PAGE: Final = 500
"""Blocks of a later page: totals cost a server more than other rows."""
PAGE: Final = 1000
"""Rows of one page of any other list: a round trip costs more than reading them."""
SHARED_A_TURN: Final = 50
"""Rows whose values are looked up in one turn of the event loop: blocks with totals take 2 ms."""
TURN: Final = 200
"""Rows taken in in one turn of the event loop."""
AT_ONCE: Final = 8
"""The most concurrent reads by id; more rows are read through a filter."""

log = logging.getLogger(__name__)
T = TypeVar("T")
Fetch = Callable[[str | None], Awaitable[Page[T]]]


class Superseded(Exception):
    """The desk shows another moment by now, so this read is obsolete."""


class ReadSession:
    """The reads of one moment: through ``client`` into a builder, until the desk shows another moment."""

    def __init__(self, client: Client, base: Snapshot, shared: SharedValues) -> None:
        self.client = client
        self._shared = shared
        self.builder = SnapshotBuilder(base)
        self.ended = False

    @property
    def as_at(self) -> datetime | None:
        """The moment that is read; None is now."""
        return self.builder.as_at

    def check(self) -> None:
        """Raise :class:`Superseded` if the desk shows another moment by now."""
        if self.ended:
            raise Superseded

    def share(self, rows: Iterable[Any]) -> None:
        """Let rows share their values with those read before."""
        self._shared.share(rows)

    async def look_up(
        self, kind: EntityKind, ids: Collection[ResourceId]
    ) -> AsyncIterator[dict[ResourceId, Any]]:
        """Yield the entities of ``ids``, a few at a time; None for each that there is not.

        Raises:
            ApiError: one could not be read.
            Superseded: the desk shows another moment by now.
        """
        for some in batches(sorted(ids), AT_ONCE):
            rows = await all_of(self._get(kind, id) for id in some)
            self.check()
            self._shared.share(row for row in rows if row is not None)
            yield dict(zip(some, rows, strict=True))

    async def _get(self, kind: EntityKind, id: ResourceId) -> Any:
        try:
            return await getattr(self.client, kind.value).get(id, as_at=self.as_at)
        except NotFound:
            return None

    def pages_of(
        self,
        kind: EntityKind,
        test: str | None = None,
        *,
        as_at: datetime | str | None = None,
        held: Mapping[ResourceId, Any] | None = None,
    ) -> AsyncIterator[Page[Any]]:
        """Yield the pages of a kind's rows, of those only that pass the filter ``test``.

        They are read as they were at ``as_at``, else at the moment of the session. Of the rows that are
        ``held`` as they are nothing is kept.
        """
        source = getattr(self.client, kind.value)
        moment = self.as_at or as_at

        def fetch(token: str | None) -> Awaitable[Page[Any]]:
            found: Awaitable[Page[Any]] = source.list(filter=test, limit=PAGE, page=token, as_at=moment)
            return found

        return self.pages(kind, fetch, held)

    async def pages(
        self, kind: EntityKind, fetch: Fetch[T], held: Mapping[ResourceId, Any] | None = None
    ) -> AsyncIterator[Page[T]]:
        """Yield page after page, and control to the event loop in between.

        Of the rows that are ``held`` as they are nothing is kept.

        Raises:
            ApiError: a page could not be read.
            Superseded: the desk shows another moment by now.
        """
        read, more = ListPages(), True
        while more:
            page = await fetch(read.token)
            await asyncio.sleep(0)
            self.check()
            if page.bad:
                self.builder.add_unreadable(kind, page.bad)
            async for some in self.in_turns(page.values, SHARED_A_TURN):
                self._shared.share(some, held)
            yield page
            await asyncio.sleep(0)
            more = read.go_on(page)

    async def in_turns(self, rows: Sequence[T], size: int = TURN) -> AsyncIterator[Sequence[T]]:
        """Yield ``rows``, at most ``size`` in one turn of the event loop.

        Raises:
            Superseded: the desk shows another moment by now.
        """
        for some in batches(rows, size):
            yield some
            await asyncio.sleep(0)
            self.check()

    def is_missing(self, kind: EntityKind) -> bool:
        """Return whether pages of a kind could not be read."""
        told = self.builder.unread.get(kind)
        return told is not None and not told.rows

    def mark_unread(self, kind: EntityKind, error: ApiError, where: str = "") -> None:
        """Say in the builder that rows of a kind could not be read, and why."""
        log.warning("%s could not be read: %s%s", kind.value, where, error)
        self.builder.unread[kind] = Unread(f"{where}{error.why}", permitted=not isinstance(error, Forbidden))
