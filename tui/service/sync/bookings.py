"""Reads what is booked: the transactions of the portfolios in which something of the desk is booked."""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from datetime import datetime, timedelta
from typing import Final

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.codec import Page
from tui.api.errors import ApiError, NotFound
from tui.api.models import Transaction
from tui.service.snapshot.snapshot import EntityKind
from tui.service.snapshot.transaction_keys import transaction_key
from tui.service.sync.queries import concerns_one_kind
from tui.service.sync.read_session import PAGE, ReadSession

_MARGIN: Final = timedelta(days=7)
"""How long before its first allocation on this desk a portfolio's transactions are read."""


async def read_bookings(session: ReadSession) -> None:
    """Read the transactions of every portfolio in which something of this desk is booked."""
    builder, kind = session.builder, EntityKind.TRANSACTIONS
    portfolios = {row.portfolio_id for row in builder.rows(EntityKind.ALLOCATIONS).values()}
    if not any(row.booked.details for row in builder.rows(EntityKind.BLOCKS).values()):
        portfolios = set()
    if await read_portfolios(session, portfolios) and session.is_missing(kind):
        del builder.unread[kind]


async def read_portfolios(session: ReadSession, portfolios: Collection[ResourceId]) -> bool:
    """Read what is booked in portfolios since their first allocation on this desk.

    Return whether all could be read; the builder says which one could not.

    Raises:
        ApiError: there is no connection.
        Superseded: the desk shows another moment by now.
    """
    starts: dict[ResourceId, datetime] = {}
    for row in session.builder.rows(EntityKind.ALLOCATIONS).values() if portfolios else ():
        id, day = row.portfolio_id, row.date
        if day and id in portfolios and (id not in starts or day < starts[id]):
            starts[id] = day
    all_read = True
    for id in sorted(portfolios):
        try:
            await _read_portfolio(session, id, starts[id] - _MARGIN if id in starts else None)
        except NotFound:
            continue  # a portfolio that does not exist has no transactions
        except ApiError as error:
            if not concerns_one_kind(error):
                raise
            session.mark_unread(EntityKind.TRANSACTIONS, error, f"{id}: ")
            all_read = False
    return all_read


async def _read_portfolio(session: ReadSession, portfolio: ResourceId, start: datetime | None) -> None:
    """Read a portfolio's transactions of orders and allocations."""
    builder, kind = session.builder, EntityKind.TRANSACTIONS
    found: dict[ResourceId, Transaction] = {}

    def fetch(token: str | None) -> Awaitable[Page[Transaction]]:
        return session.client.list(
            operations.PORTFOLIO_TRANSACTIONS,
            id=portfolio,
            limit=PAGE,
            page=token,
            as_at=session.as_at,
            query={"fromTransactionDate": start},
        )

    async for page in session.pages(kind, fetch):
        for row in page.values:
            if row.allocation_id or row.order_id:
                found[transaction_key(portfolio, row.transaction_id)] = row
    scope = str(portfolio)
    builder.put_transactions(found)
    old = [id for id in builder.rows(kind) if id.scope == scope and id not in found]
    builder.remove(kind, old)
