"""Reads the portfolios that a profile is about (R26): their names, currencies and scopes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tui.api.codec import Page
from tui.api.errors import Refused
from tui.api.http_request import PathNames, Query
from tui.api.operation import Operation
from tui.api.reference_models import Portfolio
from tui.api.reference_operations import LIST_PORTFOLIOS, LIST_PORTFOLIOS_FOR_SCOPE, PORTFOLIO_DETAILS
from tui.service.desk_profile import DeskProfile
from tui.service.filter_texts import any_of, time_text
from tui.service.reference.optional_calls import INVALID, OptionalCalls
from tui.service.snapshot.records import PortfolioFacts, display_name

PAGE: Final = 1_000
MOST_PAGES: Final = 5
"""The most pages that are read: a tenant may have portfolios without end."""
OVERLAP: Final = timedelta(seconds=2)
"""How far before the newest change known the next list of changes begins (R76)."""
BOOKED_IN: Final = frozenset({"", "transaction", "derivedtransaction"})
"""The types of portfolios that orders may name; others hold no transactions."""


class PortfolioReader:
    """Reads portfolios with ``calls``; ``now`` is this machine's clock, aware UTC."""

    def __init__(self, calls: OptionalCalls, profile: DeskProfile, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._scopes = tuple(dict.fromkeys(id.scope for id in profile.portfolios))
        self._now = now

    async def read(self, since: datetime | None = None) -> AsyncIterator[Sequence[PortfolioFacts]]:
        """Yield the portfolios of a profile, or those of them changed ``since``, a page at a time.

        A server that does not filter by scope is asked for one scope after the other.

        Raises:
            ApiError: a page could not be read.
        """
        changed = f"version.asAtModified gt {time_text(since - OVERLAP)}" if since else ""
        named = any_of("id.scope", self._scopes) if self._scopes else ""
        try:
            async for page in self._list(LIST_PORTFOLIOS, " and ".join(filter(None, (named, changed)))):
                yield page
        except Refused as error:
            if error.status != INVALID or not named or changed:
                raise
            for scope in self._scopes:
                async for page in self._list(LIST_PORTFOLIOS_FOR_SCOPE, id={"scope": scope}):
                    yield page

    async def _list(
        self, operation: Operation[None, Page[Portfolio]], test: str = "", id: PathNames | None = None
    ) -> AsyncIterator[Sequence[PortfolioFacts]]:
        token: str | None = None
        for _ in range(MOST_PAGES):
            query: Query = {"limit": PAGE, "page": token, "filter": test or None}
            page = await self._calls.ask(operation, id=id, query=query)
            now = self._now()
            yield [
                portfolio_facts(each, now)
                for each in page.values
                if (each.type or "").casefold() in BOOKED_IN
            ]
            if page.next_page is None or page.next_page == token:
                return
            token = page.next_page

    async def details(self, known: PortfolioFacts) -> PortfolioFacts:
        """Return a portfolio with what a list may leave out: its currency and its scopes (R29).

        Raises:
            ApiError: they could not be read.
        """
        told = await self._calls.ask(PORTFOLIO_DETAILS, id=known.id)
        return replace(
            known,
            currency=known.currency or display_name(told.base_currency),
            instrument_scopes=known.instrument_scopes or tuple(told.instrument_scopes or ()),
            transaction_scope=known.transaction_scope or told.transaction_type_scope or "",
        )


def portfolio_facts(row: Portfolio, now: datetime) -> PortfolioFacts:
    """Return what the desk keeps of a portfolio."""
    return PortfolioFacts(
        row.id,
        now,
        name=display_name(row.display_name),
        currency=display_name(row.base_currency),
        kind=row.type or "",
        instrument_scopes=tuple(row.instrument_scopes or ()),
        transaction_scope=row.transaction_type_scope or "",
        modified=row.version.as_at_modified if row.version else None,
    )
