"""Browsing: blocks and orders of the whole tenant, outside the desk's window, page by page, newest first.

The server filters, sorts and pages; nothing is kept but the page shown, and nothing joins the desk's
snapshot. A server that does not sort is asked for windows of time instead, newest first; one that takes no
dates either is read in its own order. What it takes is remembered (:mod:`tui.service.learned`).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.codec import Page
from tui.api.errors import Forbidden, NotFound, NotServed, RateLimited, Refused, Unauthenticated
from tui.api.models import Block, Order, OrderGraphBlock
from tui.service.learned import Learned
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Snapshot, Unread

Way = Literal["sorted", "windows", "listed"]
"""How the newest rows are found: the server sorts; windows of time are read; in the server's own order."""

PAGE: Final = 100
"""Rows of a page."""
BROWSED: Final = (EntityKind.BLOCKS, EntityKind.ORDERS)
"""The kinds that can be browsed; what belongs to them is in their details and in the history."""
DATES: Final = {EntityKind.BLOCKS: "createdDate", EntityKind.ORDERS: "date"}
"""The field of each kind that says how new a row is."""

TOTALS: Final = "browse.totals"
"""What was learned of the order graph: False where it cannot be browsed."""
_FIELD: Final = re.compile(
    r"(?i)('(?:[^']|'')*')|(?<![\w.])(?!(?:not|and|or)\b)([a-z]\w*(?:\.\w+)*)"
    r"(?=\[|\s+(?:eq|neq|lte?|gte?|startswith|not\s+(?:in|exists)|in|exists|any|all)\b)"
)
"""A text in quotation marks, or the name of a field in front of its operator."""

FIRST_SPAN: Final = timedelta(days=1)
SHORTEST_SPAN: Final = timedelta(seconds=1)
LONGEST_SPAN: Final = timedelta(days=3650)
MOST_WINDOWS: Final = 10
"""Windows that are looked at for one page before it is said that they were empty."""
NO_EARLIER_THAN: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""No order management system in use has anything older."""

log = logging.getLogger(__name__)
AnyRow = Order | Block | OrderGraphBlock


class Search(Struct, frozen=True):
    """What is looked for.

    ``filter`` is written in the API's grammar; with ``until`` only rows of that moment or earlier are found.
    """

    kind: EntityKind = EntityKind.BLOCKS
    filter: str = ""
    until: datetime | None = None


class BrowsedPage(Struct, frozen=True):
    """One page of what was found.

    ``ids`` are the rows in the order shown and ``snapshot`` holds them, without what belongs to them.
    ``back_to`` is how far back was looked where nothing was found. ``totals`` is False where the server has
    no life-cycle totals of blocks.
    """

    search: Search
    way: Way
    number: int
    ids: tuple[ResourceId, ...]
    snapshot: Snapshot
    more: bool
    newest: datetime | None = None
    oldest: datetime | None = None
    back_to: datetime | None = None
    totals: bool = True
    unreadable: int = 0

    @property
    def luids(self) -> frozenset[str]:
        """The instruments of the rows."""
        rows = self.snapshot.rows(self.search.kind).values()
        return frozenset(getattr(row, "block", row).lusid_instrument_id for row in rows)


class _Place(Struct, frozen=True):
    """Where a page begins: behind a token, and within a window of time that ends at ``end``."""

    token: str | None = None
    end: datetime | None = None
    span: timedelta | None = None


class _Rows(Struct, frozen=True):
    rows: Sequence[AnyRow]
    following: _Place | None
    back_to: datetime | None = None
    unreadable: int = 0


class NotPossible(Refused):
    """The server can do nothing that would answer the question."""

    advice = "Browse page by page, or look for an id, an instrument or a portfolio with the filter."


class Browser:
    """Reads what is looked for, one page at a time.

    Args:
        client: the server.
        learned: what it is known to take.
        desk: returns the desk's snapshot, for its moment and its home scope.
        now: this machine's clock, aware UTC.
    """

    def __init__(
        self,
        client: Client,
        learned: Learned,
        desk: Callable[[], Snapshot],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._learned = learned
        self._desk = desk
        self._now = now
        self._search = Search()
        self._places: list[_Place] = [_Place()]
        self._spans: dict[tuple[EntityKind, str], timedelta] = {}
        self._number = 0

    async def first(self, search: Search) -> BrowsedPage:
        """Return the newest page of ``search``.

        Raises:
            ApiError: it could not be read; the page before stays the current one.
        """
        return await self._turn_to(search, [_Place(end=search.until)], 0)

    async def following(self) -> BrowsedPage:
        """Return the next page: older rows. Raises ApiError as :meth:`first` does."""
        return await self._turn_to(self._search, self._places, self._number + 1)

    async def previous(self) -> BrowsedPage:
        """Return the page before: newer rows. Raises ApiError as :meth:`first` does."""
        return await self._turn_to(self._search, self._places, max(0, self._number - 1))

    async def again(self) -> BrowsedPage:
        """Return the same page, read again. Raises ApiError as :meth:`first` does."""
        return await self._turn_to(self._search, self._places, self._number)

    async def _turn_to(self, search: Search, places: list[_Place], number: int) -> BrowsedPage:
        way, found = await self._read(search, places[number])
        self._search, self._number = search, number
        self._places = [*places[: number + 1], *((found.following,) if found.following else ())]
        return self._page(search, way, number, found)

    def named(self, page: BrowsedPage) -> BrowsedPage:
        """Return a page with the names that the desk knows by now."""
        builder = SnapshotBuilder(page.snapshot)
        builder.put_records(self._desk().records, None)
        return replace(page, snapshot=builder.freeze())

    # --- how the newest are found ----------------------------------------------------------------

    async def _read(self, search: Search, place: _Place) -> tuple[Way, _Rows]:
        """Read a page the best way that this server is known to take, or else the next best."""
        name = f"browse.{search.kind}"
        known = self._learned.get(name)
        ways = get_args(Way)
        first = ways.index(known) if known in ways else 0
        for way in ways[first:]:
            found = await self._try(way, search, place, sure=way == known)
            if found is not None:
                if len(found.rows) > 1:
                    self._learned.put(name, way)
                return way, found
        raise AssertionError("the last way gives rows, or raises")

    async def _try(self, way: Way, search: Search, place: _Place, *, sure: bool) -> _Rows | None:
        """Read a page one way; None when the server does not take it.

        A refusal may be about the reader's filter: it is, where the server is ``sure`` to take the rest, and
        else the last way tells it.
        """
        if way == "listed":
            return await self._listed(search, place)
        try:
            return await (self._sorted(search, place) if way == "sorted" else self._windows(search, place))
        except Refused as error:
            if not _is_about_query(error) or (sure and search.filter):
                raise
            log.info("%s cannot be browsed %s: %s", search.kind, way, error)
            return None

    async def _sorted(self, search: Search, place: _Place) -> _Rows | None:
        field = DATES[search.kind]
        until = f"{field} lte {_instant(search.until)}" if search.until else ""
        page = await self._list(search.kind, _both(until, search.filter), place.token, f"{field} DESC")
        times = [date_of(row) for row in page.values]
        dated = [time for time in times if time is not None]
        if dated != sorted(dated, reverse=True) or _beyond(dated, None, search.until):
            return None
        return _found(page)

    async def _windows(self, search: Search, place: _Place) -> _Rows | None:
        """Read the newest window of time that holds rows, as long as makes about a page."""
        field, end, span = DATES[search.kind], place.end, place.span or self._span_of(search)
        start = now = self._now()
        for _ in range(MOST_WINDOWS):
            start = (end or now) - span
            within = f"{field} gt {_instant(start)}"
            if end is not None:
                within += f" and {field} lte {_instant(end)}"
            page = await self._list(search.kind, _both(within, search.filter), place.token)
            times = [time for row in page.values if (time := date_of(row)) is not None]
            if _beyond(times, start, end):
                return None
            if page.next_page is not None and place.token is None and span > SHORTEST_SPAN:
                span = max(SHORTEST_SPAN, _shorter(span, times))
                continue
            self._spans = {(search.kind, search.filter): span}
            if page.next_page is not None:
                return _newest_first(page, _Place(page.next_page, end, span))
            if page.values or page.bad:
                longer = span * 2 if len(page.values) < PAGE // 2 else span
                return _newest_first(page, _Place(None, start, longer) if start > NO_EARLIER_THAN else None)
            end, span = start, min(span * 4, LONGEST_SPAN)
            if start <= NO_EARLIER_THAN:
                return _Rows((), None)
        return _Rows((), _Place(None, start, span), back_to=start)

    def _span_of(self, search: Search) -> timedelta:
        """Return how long a window was last that made a page of what is looked for."""
        return self._spans.get((search.kind, search.filter), FIRST_SPAN)

    async def _listed(self, search: Search, place: _Place) -> _Rows:
        if search.until is not None:
            raise NotPossible("This server neither sorts by date nor filters by it: it finds no day.")
        return _found(await self._list(search.kind, search.filter, place.token))

    # --- calls ----------------------------------------------------------------------------------

    async def _list(self, kind: EntityKind, test: str, token: str | None, sort: str = "") -> Page[Any]:
        """Read one page; blocks from the order graph, where it takes the question, with their totals.

        Raises:
            ApiError: it could not be read.
        """
        listed = self._client.orders if kind is EntityKind.ORDERS else self._client.blocks
        as_at = self._desk().as_at
        if kind is EntityKind.BLOCKS and self._learned.get(TOTALS) is not False:
            prefix = str(self._learned.get("graph.prefix") or "").replace("none", "")
            try:
                return await self._client.list(
                    operations.GRAPH_BLOCKS,
                    filter=prefixed(test, prefix) or None,
                    sort_by=(f"{prefix}{sort}",) if sort else (),
                    limit=PAGE,
                    page=token,
                    as_at=as_at,
                )
            except (NotFound, NotServed, Forbidden) as error:
                log.warning("the order graph cannot be browsed: %s", error)
                self._learned.put(TOTALS, False)
            except Refused as error:
                if not _is_about_query(error):
                    raise
                log.info("the order graph does not take the question: %s", error)
        sorts = (sort,) if sort else ()
        return await listed.list(filter=test or None, sort_by=sorts, limit=PAGE, page=token, as_at=as_at)

    def _page(self, search: Search, way: Way, number: int, found: _Rows) -> BrowsedPage:
        desk = self._desk()
        builder = SnapshotBuilder(
            Snapshot(as_at=desk.as_at, home=desk.home, zone=desk.zone, compliance=desk.compliance)
        )
        for kind in EntityKind:
            if kind is not search.kind:
                builder.unread[kind] = Unread("not read while browsing")
        if search.kind is EntityKind.BLOCKS:
            builder.own_totals = any(isinstance(row, Block) for row in found.rows)
            builder.put_blocks(row for row in found.rows if not isinstance(row, Order))
        else:
            builder.put(EntityKind.ORDERS, found.rows)
        times = [time for row in found.rows if (time := date_of(row)) is not None]
        return BrowsedPage(
            search,
            way,
            number + 1,
            tuple(dict.fromkeys(_id_of(row) for row in found.rows)),
            builder.freeze(read_at=self._now(), complete=True),
            found.following is not None,
            max(times, default=None),
            min(times, default=None),
            found.back_to,
            not builder.own_totals,
            found.unreadable,
        )


def date_of(row: AnyRow) -> datetime | None:
    """Return when a row was made; None for an order without a date."""
    return row.date if isinstance(row, Order) else _block(row).created_date


def prefixed(test: str, prefix: str) -> str:
    """Return a filter of blocks whose fields have ``prefix``, as an order graph may want it (R72).

    >>> prefixed("not (id.code startswith 'a eq') and side eq 'Buy'", "block.")
    "not (block.id.code startswith 'a eq') and block.side eq 'Buy'"
    """
    if not prefix:
        return test
    return _FIELD.sub(lambda found: found[1] or f"{prefix}{found[2]}", test)


def _block(row: Block | OrderGraphBlock) -> Block:
    return row if isinstance(row, Block) else row.block


def _id_of(row: AnyRow) -> ResourceId:
    return row.id if isinstance(row, Order) else _block(row).id


def _found(page: Page[Any]) -> _Rows:
    following = _Place(page.next_page) if page.next_page else None
    return _Rows(page.values, following, unreadable=len(page.bad))


def _newest_first(page: Page[Any], following: _Place | None) -> _Rows:
    oldest = datetime.min.replace(tzinfo=UTC)
    rows = sorted(page.values, key=lambda row: date_of(row) or oldest, reverse=True)
    return _Rows(rows, following, unreadable=len(page.bad))


def _shorter(span: timedelta, times: Sequence[datetime]) -> timedelta:
    """Return a window for about a page, where one of ``span`` held more; ``times`` are of its first rows.

    Most servers list the oldest first: then the times tell how many rows there are in a while.
    """
    if times and list(times) == sorted(times) and times[-1] > times[0]:
        return min(span / 2, (times[-1] - times[0]) * 3 / 4)
    return span / 4


def _beyond(times: Sequence[datetime], after: datetime | None, until: datetime | None) -> bool:
    """Return whether rows are outside what was asked for: the server ignored the filter."""
    early = after is not None and any(time <= after for time in times)
    late = until is not None and any(time > until for time in times)
    return early or late


def _is_about_query(error: Refused) -> bool:
    """Return whether a refusal is about filter or sort, so that another question may be answered."""
    return not isinstance(error, (Unauthenticated, Forbidden, NotFound, NotServed, RateLimited))


def _both(one: str, other: str) -> str:
    if one and other:
        return f"{one} and ({other})"
    return one or other


def _instant(moment: datetime) -> str:
    """Return a time as a filter takes it: unquoted, UTC, with ``Z`` (R76)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
