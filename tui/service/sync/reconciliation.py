"""Reconciliation: compares which rows the desk has with which the server has, in small steps beside polls.

A poll sees what changed; it cannot see what was deleted, nor a change that a server's list withheld. So the
lists of all rows are read again, for their ids and versions only, a page now and a page then: rows the server
no longer has are removed, rows in another version are read. What could not be read before is tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from msgspec import Struct, field

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.errors import ApiError
from tui.api.row_marks import BlockMark, Mark
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.contradictions import contradictions
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.sync.queries import batches, blocks_of, concerns_one_kind
from tui.service.sync.read_session import POLLED
from tui.service.sync.reader import Reader

ROUND: Final = timedelta(seconds=24)
"""The time in which all rows are compared once: what is deleted just after its page was read is noticed by
the end of the next round, within a minute."""
MARKS: Final = 500
"""Rows of one page: reading their ids and versions takes half a millisecond."""
ROWS_A_TURN: Final = 100
"""Rows that are compared and searched for contradictions in one turn of the event loop: they take 1 ms."""
MOST_PAGES: Final = 24
"""The most pages read in one go. More than that many for each poll of a round make the round longer."""

log = logging.getLogger(__name__)


class _Comparison(Struct):
    """One kind while its pages are read: what was ``held`` at the beginning, and the ids ``seen`` since."""

    kind: EntityKind
    held: Mapping[ResourceId, Any]
    token: str | None = None
    seen: set[ResourceId] = field(default_factory=set)


class Reconciliation:
    """Compares the rows of ``reader`` with those of the server, page by page, round after round.

    ``now`` is this machine's clock, aware UTC.
    """

    def __init__(self, client: Client, reader: Reader, now: Callable[[], datetime]) -> None:
        self._client = client
        self._reader = reader
        self._now = now
        self._builder: SnapshotBuilder | None = None
        self._began = now()
        self._pages_read = 0
        self._waiting: list[EntityKind] = []
        self._current: _Comparison | None = None

    def restart(self) -> None:
        """Begin a new round: everything was read just now."""
        self._builder, self._began, self._pages_read = self._reader.builder, self._now(), 0
        self._waiting, self._current = [*POLLED, EntityKind.TRANSACTIONS], None
        gone = {ref for ref in self._builder.contradictory if ref.id not in self._builder.rows(ref.kind)}
        self._builder.contradictory -= gone

    @property
    def due(self) -> int:
        """The pages that should have been read by now and were not."""
        if self._builder is not self._reader.builder:
            return 0
        passed = self._now() - self._began
        share = min(abs(passed) / ROUND, 1.0)
        return min(ceil(share * self._pages_in_all()) - self._pages_read, MOST_PAGES)

    def _pages_in_all(self) -> int:
        rows = self._reader.builder.rows
        return sum(len(rows(kind)) // MARKS + 1 for kind in POLLED) + 1  # transactions are only tried again

    async def go_on(self) -> None:
        """Read the pages that are due.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        if self._builder is not self._reader.builder:
            self.restart()
        for _ in range(self.due):
            if self._reader.loading or not (self._waiting or self._current):
                break
            self._pages_read += 1
            await self._read_page()
        if not self._waiting and self._current is None and abs(self._now() - self._began) >= ROUND:
            self.restart()

    async def _read_page(self) -> None:
        current = self._current or await self._next()
        if current is None:
            return
        try:
            marks = await self._marks(current)
        except ApiError as error:
            if not concerns_one_kind(error):
                raise
            log.warning("%s could not be compared: %s", current.kind.value, error.why)
            self._current = None
            return
        if self._builder is not self._reader.builder:
            return
        await asyncio.sleep(0)
        await self._reread(current.kind, [mark async for mark in self._compared(current.kind, marks)])
        if current.token is None:
            self._current = None
            await self._remove_missing(current)

    async def _next(self) -> _Comparison | None:
        """Return the comparison of the next kind; one that could not be read is read instead."""
        while self._waiting:
            kind = self._waiting.pop(0)
            builder = self._reader.builder
            if self._reader.is_missing(kind) or (kind is EntityKind.BLOCKS and self._reader.lacks_graph):
                await self._reader.retry(kind)
                return None
            if kind is not EntityKind.TRANSACTIONS:
                self._current = _Comparison(kind, builder.base.rows(kind))
                return self._current
        return None

    async def _marks(self, current: _Comparison) -> tuple[Mark, ...]:
        """Return the next page of a comparison."""
        graph = current.kind is EntityKind.BLOCKS and not self._reader.builder.own_totals
        if graph:
            page = await self._client.list_marks(operations.GRAPH_BLOCKS, limit=MARKS, page=current.token)
        else:
            page = await getattr(self._client, current.kind.value).marks(limit=MARKS, page=current.token)
        before = len(current.seen)
        current.seen.update(_id_of(mark) for mark in page.values)
        current.token = page.next_page if len(current.seen) > before else None
        return page.values

    async def _compared(self, kind: EntityKind, marks: Sequence[Mark]) -> AsyncIterator[Mark]:
        """Yield the rows that differ from the server's, and note which ones others contradict.

        A few are looked at in one turn, as the desk was published last.
        """
        builder = self._reader.builder
        unreadable = frozenset(bad.id for bad in builder.unreadable(kind) if bad.id)
        for some in batches(marks, ROWS_A_TURN):
            snapshot, rows = builder.base, builder.rows(kind)
            for mark in some:
                if _differs(mark, rows.get(_id_of(mark)), unreadable):
                    yield mark
            refs = {Ref(kind, _id_of(mark)) for mark in some}
            found = {ref for ref in refs if contradictions(snapshot, ref)}
            if found or not builder.contradictory.isdisjoint(refs):
                builder.contradictory = (builder.contradictory - refs) | found
            await asyncio.sleep(0)

    async def _reread(self, kind: EntityKind, marks: Iterable[Mark]) -> None:
        refs = {Ref(kind, _id_of(mark)) for mark in marks}
        if refs:
            log.info("%d %s differ from the server's", len(refs), kind.value)
            await self._reader.reread(refs)

    async def _remove_missing(self, current: _Comparison) -> None:
        """Read the rows again that no page named, which removes them, then the blocks they counted for."""
        kind, builder = current.kind, self._reader.builder
        missing = await asyncio.to_thread(_missing, current)
        missing = {id for id in missing if id in builder.rows(kind)}
        if not missing:
            return
        log.info("%d %s are gone from the server's list", len(missing), kind.value)
        blocks: set[ResourceId] = set()
        if kind is not EntityKind.BLOCKS:
            blocks = blocks_of(builder, kind, [builder.rows(kind)[id] for id in missing])
        await self._reader.reread(Ref(kind, id) for id in missing)
        await self._reader.reread(Ref(EntityKind.BLOCKS, id) for id in blocks)


def _missing(current: _Comparison) -> set[ResourceId]:
    return current.held.keys() - current.seen


def _id_of(mark: Mark) -> ResourceId:
    return mark.block.id if isinstance(mark, BlockMark) else mark.id


def _differs(mark: Mark, row: Any, unreadable: frozenset[ResourceId]) -> bool:
    """Return whether the server has another version than ``row``; None is a row the desk does not have."""
    if row is None:
        return _id_of(mark) not in unreadable
    if isinstance(mark, BlockMark):
        if mark.latest_activity_date != row.latest_activity_date:
            return True
        said, held = mark.block.version, row.block.version
    else:
        said, held = mark.version, getattr(row, "block", row).version
    if said is None or held is None:
        return False
    same = said.entity_unique_id == held.entity_unique_id
    return not same or said.as_at_version_number != held.as_at_version_number
