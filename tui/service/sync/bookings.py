"""Reads what is booked: of a portfolio only the transactions that blocks of the desk name.

A portfolio may hold years of transactions of every kind. They are asked for by their ids; where the server
refuses that, from the first allocation on, until those that are named were found. Where no totals name them,
they are those that name allocations of the desk themselves.

Each portfolio takes a call of its own. So those of a few are read with the rest of the desk, and those of
many after it, a few at a time: until then the desk says of which portfolios they are still due.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.codec import Page
from tui.api.errors import ApiError, NotFound
from tui.api.models import Transaction
from tui.service.filter_texts import any_of
from tui.service.learned import Learned
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.snapshot.transaction_keys import portfolio_of, transaction_key
from tui.service.sync.id_filters import (
    SHORTEST,
    IdFilters,
    concerns_the_filter,
    in_parts,
    is_about_length,
)
from tui.service.sync.queries import all_of, batches, booked_ids, concerns_one_kind
from tui.service.sync.read_session import AT_ONCE, PAGE, ReadSession

_MARGIN: Final = timedelta(days=7)
"""How long before its first allocation on this desk a portfolio's transactions are looked for."""
BLOCKS_A_TURN: Final = 50
"""Blocks whose bookings are looked for in one turn of the event loop."""
MANY: Final = 50
"""More transactions of a portfolio than these are looked for in its list before they are asked for by id."""
WORTH: Final = 4
"""A page of which not one row in so many is wanted is the last that is read of a list."""

AT_LOAD: Final = 2 * AT_ONCE
"""The bookings of more portfolios than these are read after the load, not by it."""
_LENGTH: Final = "transactions.length"
"""Under this it is remembered how long filters of transactions may be, where that is less than elsewhere."""

Names = Mapping[ResourceId, Collection[str]]
"""Ids of transactions by the portfolio they may be in."""


class _NoFilter(Exception):
    """The server does not find transactions by their ids."""


class Bookings:
    """Reads transactions of blocks into the builder of ``session``."""

    def __init__(self, session: ReadSession, learned: Learned, filters: IdFilters) -> None:
        self._session = session
        self._learned = learned
        self._filters = filters
        self._due: dict[ResourceId, set[str]] = {}
        self._failed: dict[ResourceId, set[str]] = {}

    async def load(self, blocks: Iterable[ResourceId]) -> None:
        """Read what is booked of ``blocks``, all there are: of many portfolios by :meth:`read_some` only.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        names = await self._names(blocks)
        self._failed.clear()
        await self._begin(names)

    async def retry(self) -> None:
        """Read again what is booked into portfolios that could not be read.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        await self._begin(self._due | self._failed)

    async def _begin(self, names: dict[ResourceId, set[str]]) -> None:
        self._due = names
        self._tell()
        if len(names) <= AT_LOAD:
            while await self.read_some():
                pass

    async def read_some(self, first: Collection[ResourceId] = ()) -> bool:
        """Read what is still due of a few portfolios, of ``first`` before others; return whether more is.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        due = self._due
        some = sorted(due, key=lambda id: id not in first)[:AT_ONCE]
        await self.read({id: due[id] for id in some})
        for id in some:
            due.pop(id, None)
        self._tell()
        return bool(due)

    def _tell(self) -> None:
        """Say in the builder which portfolios are due, and that none is missing any more."""
        builder, kind = self._session.builder, EntityKind.TRANSACTIONS
        builder.bookings_due = frozenset(self._due)
        if not self._due and not self._failed and self._session.is_missing(kind):
            del builder.unread[kind]

    async def read_of_blocks(self, blocks: Iterable[ResourceId]) -> None:
        """Read what is booked of blocks.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        await self.read(await self._names(blocks))

    async def _names(self, blocks: Iterable[ResourceId]) -> dict[ResourceId, set[str]]:
        """Return the transactions that blocks name, by the portfolios of their allocations."""
        names: dict[ResourceId, set[str]] = {}
        async for some in self._session.in_turns(tuple(blocks), BLOCKS_A_TURN):
            view = self._session.builder.view()
            for id in some:
                row = view.blocks.get(id)
                named = {detail.id for detail in row.booked.details} | booked_ids(view, id) if row else set()
                for allocation in related_of(view, Ref(EntityKind.BLOCKS, id), EntityKind.ALLOCATIONS):
                    names.setdefault(view.allocations[allocation].portfolio_id, set()).update(named)
        return names

    async def read_again(self, ids: Collection[ResourceId]) -> None:
        """Read transactions by their ids on the desk; remove those that are gone.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        names: dict[ResourceId, set[str]] = {}
        for id in ids:
            names.setdefault(portfolio_of(id), set()).add(id.code)
        await self.read(names)

    async def read(self, names: Names) -> None:
        """Read named transactions of portfolios; the builder says of which they could not be read."""
        starts = self._starts(names)
        for some in batches(sorted(names), AT_ONCE):
            await all_of(self._read_if_possible(id, names[id], starts.get(id)) for id in some)

    def _starts(self, portfolios: Collection[ResourceId]) -> dict[ResourceId, datetime]:
        """Return since when transactions of portfolios may be of this desk."""
        starts: dict[ResourceId, datetime] = {}
        for row in self._session.builder.rows(EntityKind.ALLOCATIONS).values() if portfolios else ():
            id, day = row.portfolio_id, row.date
            if day and id in portfolios and (id not in starts or day - _MARGIN < starts[id]):
                starts[id] = day - _MARGIN
        return starts

    async def _read_if_possible(
        self, id: ResourceId, wanted: Collection[str], start: datetime | None
    ) -> None:
        try:
            found = await self._found(id, frozenset(wanted), start)
        except NotFound:
            self._failed.pop(id, None)
            return  # a portfolio that does not exist has no transactions
        except ApiError as error:
            if not concerns_one_kind(error):
                raise
            self._session.mark_unread(EntityKind.TRANSACTIONS, error, f"{id}: ")
            self._failed.setdefault(id, set()).update(wanted)
            return
        self._failed.pop(id, None)
        builder = self._session.builder
        builder.put_transactions(found)
        keys = {transaction_key(id, code) for code in wanted}
        builder.remove(EntityKind.TRANSACTIONS, keys - found.keys())

    async def _found(
        self, id: ResourceId, wanted: frozenset[str], start: datetime | None
    ) -> dict[ResourceId, Transaction]:
        """Return those of ``wanted`` that the portfolio has, or those that name rows of the desk."""
        if self._session.builder.own_totals:
            found, _ = await self._listed(id, self._names_ours, start)
            return found
        filtered = self._learned.get("transactions.filter") is not False
        found = {}
        if not filtered or len(wanted) > MANY:
            found, whole = await self._listed(id, _named(wanted), start, len(wanted), only_rich=filtered)
            if whole:
                return found
        try:
            return found | await self._by_ids(id, wanted - {key.code for key in found}, start)
        except _NoFilter:
            self._learned.put("transactions.filter", False)
            found, _ = await self._listed(id, _named(wanted), start, len(wanted))
            return found

    def _names_ours(self, row: Transaction) -> bool:
        """Return whether a transaction says that it is what an allocation or order here was booked as."""
        rows = self._session.builder.rows
        return row.allocation_id in rows(EntityKind.ALLOCATIONS) or row.order_id in rows(EntityKind.ORDERS)

    async def _by_ids(
        self, id: ResourceId, wanted: frozenset[str], start: datetime | None
    ) -> dict[ResourceId, Transaction]:
        """Return those of ``wanted`` that the portfolio has, by filters as long as the server takes them.

        Raises:
            _NoFilter: it takes none.
        """
        found: dict[ResourceId, Transaction] = {}
        left = sorted(wanted)
        while left:
            some = next(in_parts("transactionId", left, self._length))
            test = any_of("transactionId", some)
            try:
                rows, _ = await self._listed(id, _named(frozenset(some)), start, len(some), test)
            except ApiError as error:
                if not concerns_the_filter(error):
                    raise
                if not is_about_length(error) or len(some) == 1 or len(test) <= SHORTEST:
                    raise _NoFilter from error
                self._learned.put(_LENGTH, max(min(len(test) // 2, self._length), SHORTEST))
                continue
            left = left[len(some) :]
            self._filters.took()
            found |= rows
        return found

    @property
    def _length(self) -> int:
        """The characters a filter of transactions may have."""
        known = self._learned.get(_LENGTH)
        return min(int(known), self._filters.length) if known else self._filters.length

    async def _listed(
        self,
        id: ResourceId,
        is_wanted: Callable[[Transaction], bool],
        start: datetime | None,
        most: int | None = None,
        test: str = "",
        *,
        only_rich: bool = False,
    ) -> tuple[dict[ResourceId, Transaction], bool]:
        """Return those wanted from a portfolio's list, ``most`` of them, and whether it has no more of them.

        With ``only_rich`` it is read only as long as its pages hold many of them.
        """
        session = self._session

        def fetch(token: str | None) -> Awaitable[Page[Transaction]]:
            return session.client.list(
                operations.PORTFOLIO_TRANSACTIONS,
                id=id,
                filter=test or None,
                limit=PAGE,
                page=token,
                as_at=session.as_at,
                query={"fromTransactionDate": start},
            )

        found: dict[ResourceId, Transaction] = {}
        async for page in session.pages(EntityKind.TRANSACTIONS, fetch):
            rows = [row for row in page.values if is_wanted(row)]
            if test and len(rows) < len(page.values):
                raise _NoFilter
            found.update((transaction_key(id, row.transaction_id), row) for row in rows)
            if len(found) == most:
                return found, True
            if only_rich and page.next_page and len(rows) * WORTH < len(page.values):
                return found, False
        return found, True


def _named(ids: Collection[str]) -> Callable[[Transaction], bool]:
    """Return a test of transactions that have one of ``ids``."""
    return lambda row: row.transaction_id in ids
