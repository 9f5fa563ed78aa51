"""Reads everything: all rows of every kind, page after page, blocks first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tui.api.base import ResourceId
from tui.api.errors import ApiError, NoAnswer
from tui.service.snapshot.snapshot import EntityKind
from tui.service.sync.block_reader import BlockReader
from tui.service.sync.bookings import read_bookings
from tui.service.sync.high_water_marks import HighWaterMarks, later, newest_change
from tui.service.sync.progress import Progress, collector_suspended
from tui.service.sync.queries import concerns_one_kind, outdated, surely_gone
from tui.service.sync.read_session import POLLED, ReadSession


class FullLoad:
    """Reads all rows of every kind, or of one, and removes those that are no longer there.

    ``known_until`` takes note of what was read, ``now`` is this machine's clock, aware UTC.
    """

    def __init__(
        self,
        session: ReadSession,
        blocks: BlockReader,
        known_until: HighWaterMarks,
        now: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._blocks = blocks
        self._known_until = known_until
        self._now = now

    async def load(self, shown: Progress) -> None:
        """Read all kinds; rows of a kind that cannot be read stay as they are, and the builder says so.

        Raises:
            ApiError: there is no connection, or no kind could be read.
            Superseded: the desk shows another moment by now.
        """
        builder = self._session.builder
        stale: set[ResourceId] = set()
        self._blocks.read_meanwhile = set()
        try:
            with collector_suspended(again=builder.base.complete):
                await self._load_kinds(shown, stale)
                shown.now()
                await read_bookings(self._session)
                if builder.own_totals:
                    stale.update(builder.rows(EntityKind.BLOCKS))
                await self._blocks.read(stale)
                self._session.check()
        finally:
            self._blocks.read_meanwhile = None

    async def retry(self, kind: EntityKind, shown: Progress) -> None:
        """Read a kind again whose rows could not be read, or blocks whose totals the server did not give.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        if kind is EntityKind.TRANSACTIONS:
            await read_bookings(self._session)
            return
        if kind is EntityKind.BLOCKS:
            self._blocks.look_for_graph()
        stale: set[ResourceId] = set()
        await self._load_if_possible(kind, shown, stale)
        await self._blocks.read(stale)

    async def _load_kinds(self, shown: Progress, stale: set[ResourceId]) -> None:
        self._blocks.look_for_graph()
        builder = self._session.builder
        told = dict(builder.unread)
        failures: list[ApiError] = []
        for tried, kind in enumerate(POLLED, start=1):
            error = await self._load_if_possible(kind, shown, stale)
            if error is not None:
                failures.append(error)
            none_read = len(failures) == tried
            if none_read and (tried == len(POLLED) or _is_out_of_order(failures)):
                builder.unread = told
                raise failures[0]

    async def _load_if_possible(
        self, kind: EntityKind, shown: Progress, stale: set[ResourceId]
    ) -> ApiError | None:
        """Read all rows of a kind; return the error that is about this kind only.

        The blocks whose totals are older than one of the rows are added to ``stale``.
        """
        began, builder = self._now(), self._session.builder
        builder.forget_unreadable(kind)
        try:
            if kind is EntityKind.BLOCKS:
                newest = await self._blocks.read_all(shown)
            else:
                newest = await self._load_kind(kind, shown, stale)
        except ApiError as error:
            if not concerns_one_kind(error):
                raise
            self._session.mark_unread(kind, error)
            return error
        if self._session.is_missing(kind):
            del builder.unread[kind]
        self._known_until.start(kind, newest, began)
        shown.done.add(kind)
        return None

    async def _load_kind(self, kind: EntityKind, shown: Progress, stale: set[ResourceId]) -> datetime | None:
        """Read all rows of a kind and return the time of the newest change."""
        builder, newest = self._session.builder, None
        gone = set(builder.rows(kind))
        async for page in self._session.pages_of(kind):
            builder.put(kind, page.values)
            gone.difference_update(row.id for row in page.values)
            newest = later(newest, newest_change(page.values))
            stale.update(outdated(builder, kind, page.values))
            shown.later()
        builder.remove(kind, surely_gone(builder, kind, gone))
        return newest


def _is_out_of_order(failures: Sequence[ApiError]) -> bool:
    """Return whether a server that failed so far is not worth asking for the rest."""
    return len(failures) > 1 and all(isinstance(error, NoAnswer) for error in failures)
