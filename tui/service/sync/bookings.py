"""Reads what is booked: of a portfolio only the transactions that blocks of the desk name.

A portfolio may hold years of transactions of every kind. They are asked for by their ids; where the server
refuses that, from the first allocation on, until those that are named were found.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.codec import Page
from tui.api.errors import ApiError, NotFound
from tui.api.models import Transaction
from tui.service.learned import Learned
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.snapshot.transaction_keys import portfolio_of, transaction_key
from tui.service.sync.id_filters import FIRST_LENGTH, any_of, concerns_the_filter
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

Names = Mapping[ResourceId, Collection[str]]
"""Ids of transactions by the portfolio they may be in."""


class _NoFilter(Exception):
    """The server does not find transactions by their ids."""


class Bookings:
    """Reads transactions of blocks into the builder of ``session``."""

    def __init__(self, session: ReadSession, learned: Learned) -> None:
        self._session = session
        self._learned = learned

    async def read_of_blocks(self, blocks: Iterable[ResourceId]) -> bool:
        """Read what is booked of blocks; return whether all could be read.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        blocks = tuple(blocks)
        if not blocks:
            return True
        names: dict[ResourceId, set[str]] = {}
        async for some in self._session.in_turns(blocks, BLOCKS_A_TURN):
            view = self._session.builder.view()
            for id in some:
                row = view.blocks.get(id)
                named = {detail.id for detail in row.booked.details} | booked_ids(view, id) if row else set()
                for allocation in related_of(view, Ref(EntityKind.BLOCKS, id), EntityKind.ALLOCATIONS):
                    names.setdefault(view.allocations[allocation].portfolio_id, set()).update(named)
        return await self.read(names)

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

    async def read(self, names: Names) -> bool:
        """Read named transactions of portfolios; return whether all portfolios could be read.

        The builder says which one could not.
        """
        starts = self._starts(names)
        all_read = True
        for some in batches(sorted(names), AT_ONCE):
            read = await all_of(self._read_if_possible(id, names[id], starts.get(id)) for id in some)
            all_read = all_read and all(read)
        return all_read

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
    ) -> bool:
        try:
            found = await self._found(id, frozenset(wanted), start)
        except NotFound:
            return True  # a portfolio that does not exist has no transactions
        except ApiError as error:
            if not concerns_one_kind(error):
                raise
            self._session.mark_unread(EntityKind.TRANSACTIONS, error, f"{id}: ")
            return False
        builder = self._session.builder
        builder.put_transactions(found)
        keys = {transaction_key(id, code) for code in wanted}
        builder.remove(EntityKind.TRANSACTIONS, keys - found.keys())
        return True

    async def _found(
        self, id: ResourceId, wanted: frozenset[str], start: datetime | None
    ) -> dict[ResourceId, Transaction]:
        """Return those of ``wanted`` that the portfolio has."""
        filtered = self._learned.get("transactions.filter") is not False
        found: dict[ResourceId, Transaction] = {}
        if not filtered or len(wanted) > MANY:
            found, whole = await self._listed(id, wanted, start, only_rich=filtered)
            if whole:
                return found
        try:
            return found | await self._by_ids(id, wanted - {key.code for key in found}, start)
        except _NoFilter:
            self._learned.put("transactions.filter", False)
            found, _ = await self._listed(id, wanted, start)
            return found

    async def _by_ids(
        self, id: ResourceId, wanted: frozenset[str], start: datetime | None
    ) -> dict[ResourceId, Transaction]:
        found: dict[ResourceId, Transaction] = {}
        longest = max((len(code) for code in wanted), default=0) + 3
        for some in batches(sorted(wanted), max(FIRST_LENGTH // longest, 1)):
            try:
                rows, _ = await self._listed(id, frozenset(some), start, any_of("transactionId", some))
            except ApiError as error:
                if concerns_the_filter(error):
                    raise _NoFilter from error
                raise
            found |= rows
        return found

    async def _listed(
        self,
        id: ResourceId,
        wanted: frozenset[str],
        start: datetime | None,
        test: str = "",
        *,
        only_rich: bool = False,
    ) -> tuple[dict[ResourceId, Transaction], bool]:
        """Return those of ``wanted`` from a portfolio's list, and whether it has no more of them.

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
            rows = [row for row in page.values if row.transaction_id in wanted]
            if test and len(rows) < len(page.values):
                raise _NoFilter
            found.update((transaction_key(id, row.transaction_id), row) for row in rows)
            if len(found) == len(wanted):
                return found, True
            if only_rich and page.next_page and len(rows) * WORTH < len(page.values):
                return found, False
        return found, True
