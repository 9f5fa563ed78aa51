"""Reads the whole window: its blocks first, then what hangs on them, all kinds side by side.

The blocks' totals name most of the other rows. Lists of what is open or young bring them in few pages, with
what no total names (cancelled rows); what is still missing then is read by its ids.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any, Final

from tui.api.base import ResourceId
from tui.api.codec import Page
from tui.api.errors import ApiError, NoAnswer
from tui.api.models import OrderGraphBlock
from tui.service.filter_texts import time_text
from tui.service.learned import Learned
from tui.service.snapshot.snapshot import EntityKind
from tui.service.sync.block_reader import BlockReader
from tui.service.sync.high_water_marks import HighWaterMarks, later, newest_change
from tui.service.sync.id_filters import IdFilters, concerns_the_filter
from tui.service.sync.moment import LatestMoment
from tui.service.sync.named_rows import named_rows
from tui.service.sync.progress import Progress, collector_suspended
from tui.service.sync.queries import (
    LISTED,
    POLLED,
    all_of,
    concerns_one_kind,
    named_below,
    outdated,
    surely_gone,
)
from tui.service.sync.read_session import AT_ONCE, PAGE, ReadSession
from tui.service.sync.window import BY_DATE, MANY, Window, last_activity

FEW: Final = 20
"""Rows that are read by their ids without looking for a list that has them."""
WORTH: Final = 4
"""A page of which not one row in so many belongs to the window is the last of its list."""
_BY_STATE: Final = "orders.open"
"""Under this it is remembered which filter of open orders the server takes."""
_MANY_OPEN: Final = "orders.many open"
"""Under this it is remembered that a tenant has too many open orders in no block to read them all."""
_DATES: Final = {
    EntityKind.ORDERS: ("date", "date"),
    EntityKind.PLACEMENTS: ("createdDate", "created_date"),
    EntityKind.EXECUTIONS: ("createdDate", "created_date"),
    EntityKind.ALLOCATIONS: ("date", "date"),
}
"""By kind, the date of its rows on the wire and here."""

log = logging.getLogger(__name__)


class FullLoad:
    """Reads the rows of the window, of all kinds or of one, and removes those that are no longer there.

    ``known_until`` takes note of what was read, ``now`` is this machine's clock, aware UTC.
    """

    def __init__(
        self,
        session: ReadSession,
        window: Window,
        blocks: BlockReader,
        filters: IdFilters,
        learned: Learned,
        moment: LatestMoment,
        known_until: HighWaterMarks,
        now: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._window = window
        self._blocks = blocks
        self._filters = filters
        self._learned = learned
        self._moment = moment
        self._known_until = known_until
        self._now = now
        self._pinned: str | None = None
        self._newest: datetime | None = None
        self._read_from: dict[EntityKind, datetime] = {}

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
                self._note_what_is_known()
                shown.now()
                await self._load_bookings(shown)
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
            await self._blocks.bookings.retry()
            self._blocks.compute_totals()
            return
        if kind is EntityKind.BLOCKS:
            self._blocks.look_for_graph()
            if not self._session.is_missing(kind) and not await self._blocks.graph_answers():
                return  # plain blocks are here, and compared like other rows
        self._pinned = None
        held = tuple(self._session.builder.rows(EntityKind.BLOCKS).values())
        self._blocks.named = await asyncio.to_thread(named_below, held)
        stale: set[ResourceId] = set()
        await self._load_if_possible(kind, shown, stale)
        if shown.waits:
            await self._load_if_possible(EntityKind.ORDERS, shown, stale)
            self._blocks.leave_out_others()
            shown.waits = False
        self._note_what_is_known()
        self._blocks.compute_totals()
        await self._blocks.read(stale)

    async def _load_bookings(self, shown: Progress) -> None:
        """Read what is booked of the window's blocks, or leave what takes many calls for afterwards."""
        kind, builder = EntityKind.TRANSACTIONS, self._session.builder
        shown.named[kind] = 0
        booked: list[OrderGraphBlock] = []
        async for rows in self._session.in_turns(tuple(builder.rows(EntityKind.BLOCKS).values()), 2000):
            booked += [row for row in rows if row.booked.details or builder.own_totals]
            shown.named[kind] += sum(len(row.booked.details) for row in rows)
        booked.sort(key=last_activity, reverse=True)
        await self._blocks.bookings.load(row.block.id for row in booked)
        self._blocks.compute_totals()
        shown.done.add(kind)

    async def _load_kinds(self, shown: Progress, stale: set[ResourceId]) -> None:
        """Read blocks and open orders, then what hangs on them, side by side.

        Blocks come first all the same: what belongs to the window follows from them.
        """
        self._blocks.look_for_graph()
        told = dict(self._session.builder.unread)
        self._pinned = await self._moment.ask() if self._session.as_at is None else None
        failures = await self._side_by_side((EntityKind.BLOCKS,), shown, stale)
        at_once = (LISTED,) if self._names_are_told else tuple((kind,) for kind in LISTED)
        looking = asyncio.ensure_future(self._blocks.find_prefix())
        try:
            for kinds in at_once:
                if not _is_out_of_order(failures):
                    failures += await self._side_by_side(kinds, shown, stale)
                    self._blocks.leave_out_others()
                    shown.waits = False
            await looking
        finally:
            looking.cancel()
        none_read = len(failures) == len(POLLED)
        if none_read or (_is_out_of_order(failures) and not shown.done):
            self._session.builder.unread = told
            raise failures[0]

    def _note_what_is_known(self) -> None:
        """Take note up to when all changes are known, of the kinds just read.

        It is the moment of the server's last write, else of the newest change of any row read: the newest of
        one kind alone may be long ago, and everything outside the window changed since.
        """
        for kind, began in self._read_from.items():
            self._known_until.start(kind, later(self._newest, self._moment.known), began)
        self._read_from.clear()

    async def _side_by_side(
        self, kinds: Sequence[EntityKind], shown: Progress, stale: set[ResourceId]
    ) -> list[ApiError]:
        """Read kinds at the same time; return the errors that are about one of them only."""
        found = await all_of(self._load_if_possible(kind, shown, stale) for kind in kinds)
        return [error for errors in found for error in errors]

    async def _load_if_possible(
        self, kind: EntityKind, shown: Progress, stale: set[ResourceId]
    ) -> Sequence[ApiError]:
        """Read the window's rows of a kind; return the error, if any, that is about this kind only.

        The blocks whose totals are older than one of the rows are added to ``stale``.
        """
        began, builder = self._now(), self._session.builder
        builder.forget_unreadable(kind)
        try:
            if kind is EntityKind.BLOCKS:
                newest = await self._blocks.read_all(shown, self._pinned)
            else:
                newest = await self._load_kind(kind, shown, stale)
        except ApiError as error:
            if not concerns_one_kind(error):
                raise
            self._session.mark_unread(kind, error)
            return (error,)
        if self._session.is_missing(kind):
            del builder.unread[kind]
        self._newest = later(self._newest, newest)
        self._read_from[kind] = began
        shown.done.add(kind)
        return ()

    async def _load_kind(self, kind: EntityKind, shown: Progress, stale: set[ResourceId]) -> datetime | None:
        """Read the window's rows of a kind and return the time of the newest change."""
        builder = self._session.builder
        before = dict(builder.rows(kind))
        named, placements = self._blocks.named[kind], self._blocks.named[EntityKind.PLACEMENTS]
        everything = self._session.is_missing(EntityKind.BLOCKS)
        read: set[ResourceId] = set()
        newest: datetime | None = None

        async def take_in(rows: Sequence[Any]) -> int:
            """Put those of ``rows`` that belong to the window; return how many do."""
            nonlocal newest
            taken = 0
            async for some in self._session.in_turns(rows):
                mine = [
                    row
                    for row in some
                    if everything or row.id in named or self._window.belongs(builder, kind, row, placements)
                ]
                builder.put(kind, mine)
                if kind is EntityKind.ORDERS:
                    self._blocks.finder.doubt([row.id for row in mine])
                read.update(row.id for row in mine)
                newest = later(newest, newest_change(mine))
                stale.update(outdated(builder, kind, mine))
                taken += len(mine)
                shown.later()
            return taken

        async def read_list(fact: str, tests: tuple[str, ...], holds: Callable[[Any], bool]) -> bool:
            """Read a list; return whether it was left because too many of its rows are in no block."""
            async for page in self._pages(kind, fact, tests, holds):
                taken = await take_in(page.values)
                open_ones = fact == _BY_STATE and self._finds_open_orders
                if self._names_are_told and taken * WORTH < len(page.values) and not open_ones:
                    break
                if open_ones and page.next_page and len(read - named) >= MANY and self._narrow_loose():
                    return True
            return False

        await self._read_lists(kind, named, read, read_list)
        if kind is EntityKind.ORDERS and self._window.loose_since is not None:
            await self._drop_old(named, read, before)
        async for found in named_rows(self._session, self._filters, kind, named - read, as_at=self._pinned):
            await take_in(found)
        left = named - read - {bad.id for bad in builder.unreadable(kind)}
        if self._filters.form is None or len(left) <= AT_ONCE:
            async for rows in self._session.look_up(kind, left):
                await take_in([row for row in rows.values() if row is not None])
        gone = await asyncio.to_thread(_unread, before, read, builder.rows(kind))
        gone -= self._blocks.named_meanwhile()[kind]
        builder.remove(kind, surely_gone(builder, kind, gone))
        return newest

    async def _read_lists(
        self,
        kind: EntityKind,
        named: Set[ResourceId],
        read: Set[ResourceId],
        read_list: Callable[[str, tuple[str, ...], Callable[[Any], bool]], Awaitable[bool]],
    ) -> None:
        """Read the lists that hold much of the window; ``read`` are the rows that are there, and grows.

        ``read_list`` returns whether it left a list because too many of its orders are in no block: then
        those of recent ones are read instead.
        """
        if kind is EntityKind.ORDERS and self._learned.get(_MANY_OPEN):
            self._window.narrow_loose()
        start, left_off = await self._start(), False
        if kind is EntityKind.ORDERS and self._has_many_booked:
            left_off = any(await all_of(read_list(*each) for each in self._lists(kind, start)))
        else:
            for each in self._lists(kind, start):
                unnamed = kind is EntityKind.EXECUTIONS and bool(named)  # totals name no busted fill
                few = self._names_are_told and named and len(named - read) <= FEW
                if each[0] == _BY_STATE or unnamed or not few:
                    left_off = await read_list(*each) or left_off
        if left_off:
            for each in self._lists(kind, None):
                await read_list(*each)

    async def _drop_old(
        self, named: Set[ResourceId], read: set[ResourceId], before: Mapping[ResourceId, Any]
    ) -> None:
        """Take orders in no block that are older than the window out of ``read``, and remove new ones."""
        kind, builder = EntityKind.ORDERS, self._session.builder
        loose = [row for id, row in builder.rows(kind).items() if id not in named]
        async for some in self._session.in_turns(loose):
            old = {row.id for row in some if not self._window.belongs(builder, kind, row)}
            read -= old
            builder.remove(kind, old - before.keys())

    def _narrow_loose(self) -> bool:
        """Leave out older orders in no block; return whether that makes fewer than there were."""
        if self._window.loose_since is not None:
            return False
        log.info("%d orders and more are open and in no block: only recent ones are read", MANY)
        self._learned.put(_MANY_OPEN, True)
        self._window.narrow_loose()
        return True

    @property
    def _has_many_booked(self) -> bool:
        """Whether a list of open orders lacks so many orders of the window that others are needed too."""
        blocks = self._session.builder.rows(EntityKind.BLOCKS).values()
        orders = sum(len(row.ordered.details) for row in blocks if row.booked.details)
        return self._names_are_told and orders > PAGE // 2

    @property
    def _names_are_told(self) -> bool:
        """Whether the blocks' totals name what hangs on them, so that it can be read by its ids."""
        return not self._session.builder.own_totals and not self._session.is_missing(EntityKind.BLOCKS)

    async def _pages(
        self, kind: EntityKind, fact: str, tests: Sequence[str], holds: Callable[[Any], bool]
    ) -> AsyncIterator[Page[Any]]:
        """Yield pages of the rows that pass the first of ``tests`` that the server takes.

        A filter that it refuses or ignores is replaced by the next one, and that is remembered under
        ``fact``; without any, all rows are read where no total names them.
        """
        known = self._learned.get(fact)
        first = int(known) if known else 0
        for number, test in enumerate(tests[first:], start=first):
            begun = False
            try:
                async for page in self._session.pages_of(kind, test, as_at=self._pinned):
                    begun = True
                    if not all(map(holds, page.values)):
                        break
                    yield page
                else:
                    return
            except ApiError as error:
                if begun or not concerns_the_filter(error):
                    raise
                log.info("%s are asked for in another way: %s", kind.value, error)
            self._learned.put(fact, number + 1)
        if not self._names_are_told:
            async for page in self._session.pages_of(kind, as_at=self._pinned):
                yield page

    @property
    def open_orders_tests(self) -> tuple[str, ...]:
        """The filters that find the open orders, as far as the server takes them; none when it takes none."""
        known = int(self._learned.get(_BY_STATE) or 0)
        found = (tests[known] for tests in self._window.loose_order_lists() if known < len(tests))
        return tuple(dict.fromkeys(found))

    @property
    def _finds_open_orders(self) -> bool:
        """Whether the server takes a filter that tells open orders from others."""
        return int(self._learned.get(_BY_STATE) or 0) < BY_DATE

    def _lists(
        self, kind: EntityKind, start: datetime | None
    ) -> Iterator[tuple[str, tuple[str, ...], Callable[[Any], bool]]]:
        """Yield lists that hold much of the window: open orders, and what is as young as its blocks.

        Each is the name under which it is remembered what the server takes, the filters to try, the best one
        first, and how to see that one took effect.
        """
        if kind is EntityKind.ORDERS:
            for tests in self._window.loose_order_lists():
                yield _BY_STATE, tests, self._window.is_open_or_young
                if not self._finds_open_orders:
                    break
        if start is None:
            return
        name, field = _DATES[kind]

        def holds(row: Any) -> bool:
            day = getattr(row, field)
            return day is None or day >= start

        yield f"{kind.value}.by date", (f"{name} gte {time_text(start)}",), holds

    async def _start(self) -> datetime | None:
        """Return the date from which on lists hold much of the window; None when it is empty.

        A tenth of the blocks may be far older than the others: what hangs on these is read by its ids.
        """
        blocks = tuple(self._session.builder.rows(EntityKind.BLOCKS).values())
        dates: list[datetime] = await asyncio.to_thread(_dates_of, blocks)
        if not dates:
            days = timedelta(days=self._window.profile.days)
            return None if self._names_are_told else self._now() - days
        oldest, tenth = dates[0], dates[len(dates) // 10]
        is_far = tenth - oldest > max(self._now() - tenth, timedelta(days=1))
        return tenth if is_far and self._names_are_told else oldest


def _dates_of(blocks: Sequence[OrderGraphBlock]) -> list[datetime]:
    """Return the dates of creation, the oldest first."""
    return sorted(row.block.created_date for row in blocks)


def _unread(
    before: Mapping[ResourceId, Any], read: Set[ResourceId], held: Mapping[ResourceId, Any]
) -> set[ResourceId]:
    """Return the rows that were there before, were not read, and are there still as they were."""
    return {id for id, row in before.items() if id not in read and held.get(id) is row}


def _is_out_of_order(failures: Sequence[ApiError]) -> bool:
    """Return whether a server that failed so far is not worth asking for the rest."""
    return len(failures) > 1 and all(isinstance(error, NoAnswer) for error in failures)
