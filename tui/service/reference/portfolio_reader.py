"""Reads the portfolios that a profile is about (R26): their names, currencies and scopes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final

from tui.api.reference_models import Portfolio
from tui.api.reference_operations import LIST_PORTFOLIOS
from tui.service.desk_profile import DeskProfile
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.records import PortfolioFacts, display_name

PAGE: Final = 1_000
MOST_PAGES: Final = 5
"""The most pages that are read: a tenant may have portfolios without end."""
BOOKED_IN: Final = frozenset({"", "transaction", "derivedtransaction"})
"""The types of portfolios that orders may name; others hold no transactions."""


class PortfolioReader:
    """Reads portfolios with ``calls``; ``now`` is this machine's clock, aware UTC."""

    def __init__(self, calls: OptionalCalls, profile: DeskProfile, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._filter = filter_of(profile)
        self._now = now

    async def read(self) -> AsyncIterator[Sequence[PortfolioFacts]]:
        """Yield the portfolios of a profile, a page at a time.

        Raises:
            ApiError: a page could not be read.
        """
        token: str | None = None
        for _ in range(MOST_PAGES):
            query = {"limit": PAGE, "page": token, "filter": self._filter or None}
            page = await self._calls.ask(LIST_PORTFOLIOS, query=query)
            now = self._now()
            yield [
                portfolio_facts(each, now)
                for each in page.values
                if (each.type or "").casefold() in BOOKED_IN
            ]
            if page.next_page is None or page.next_page == token:
                return
            token = page.next_page


def filter_of(profile: DeskProfile) -> str:
    """Return the filter for the scopes of the portfolios that a profile names; empty when it names none."""
    scopes = dict.fromkeys(id.scope for id in profile.portfolios)
    return f"id.scope in ({', '.join(map(_quoted, scopes))})" if scopes else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def portfolio_facts(row: Portfolio, now: datetime) -> PortfolioFacts:
    """Return what the desk keeps of a portfolio."""
    return PortfolioFacts(
        row.id,
        now,
        name=display_name(row.display_name),
        currency=row.base_currency or "",
        kind=row.type or "",
        instrument_scopes=tuple(row.instrument_scopes or ()),
        transaction_scope=row.transaction_type_scope or "",
    )
