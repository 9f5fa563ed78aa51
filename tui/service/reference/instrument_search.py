"""Looks instruments up that nobody on the desk has traded: by an identifier, else by the name (R18)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from tui.api.http_request import Query
from tui.api.reference_operations import GET_INSTRUMENTS, LIST_INSTRUMENTS
from tui.service.filter_texts import quoted
from tui.service.instrument_ids import kind_of
from tui.service.reference.instrument_reader import facts_of
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.reference.waiting_rows import is_asked_for
from tui.service.snapshot.records import DEFAULT_SCOPE, InstrumentFacts

UNIQUE: Final = ("LusidInstrumentId", "Figi", "ClientInternal")
"""The types of identifiers that name one instrument of a scope; any other may name several."""
MOST_NAMED: Final = 25


class LookedUp(Struct, frozen=True):
    """What the server knows under a text: by an ``identifier``, else those ``named`` so.

    ``asked`` is False when the server could not be asked, which is no answer.
    """

    identified: tuple[InstrumentFacts, ...] = ()
    named: tuple[InstrumentFacts, ...] = ()
    asked: bool = True


NOT_ASKED: Final = LookedUp(asked=False)


class InstrumentSearch:
    """Looks instruments up with ``calls``; ``now`` is this machine's clock, aware UTC."""

    def __init__(self, calls: OptionalCalls, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._now = now

    async def find(self, typed: str, scopes: Sequence[str] = ()) -> LookedUp:
        """Return what ``typed`` names, in the first of the scopes that knows it; the shared one comes last.

        Raises:
            ApiError: the server could not be asked.
        """
        text, kind = typed.strip(), kind_of(typed.strip().upper())
        for scope in dict.fromkeys((*scopes, DEFAULT_SCOPE)):
            found = await self._identified(text, kind, scope)
            if found:
                return LookedUp(found)
        if kind != "Ticker":
            return LookedUp()
        for scope in dict.fromkeys((*scopes, DEFAULT_SCOPE)):
            named = await self._listed(f"name startswith {quoted(text)}", scope)
            if named:
                return LookedUp(named=named)
        return LookedUp()

    async def _identified(self, text: str, kind: str, scope: str) -> tuple[InstrumentFacts, ...]:
        """Return the instruments that have the text as an identifier: of a unique type first."""
        upper = text.upper()
        if kind in UNIQUE:
            return await self._got(kind, upper, scope)
        if kind == "Ticker" and (own := await self._got("ClientInternal", text, scope)):
            return own
        return await self._listed(f"identifiers['{kind}'] eq {quoted(upper)}", scope)

    async def _got(self, kind: str, text: str, scope: str) -> tuple[InstrumentFacts, ...]:
        query = {"identifierType": kind, "scope": _named(scope)}
        answer = await self._calls.ask(GET_INSTRUMENTS, (text,), query=query)
        rows = (answer.values or {}).values()
        return tuple(
            facts_of(row, self._now(), scope) for row in rows if is_asked_for(row.lusid_instrument_id)
        )

    async def _listed(self, test: str, scope: str) -> tuple[InstrumentFacts, ...]:
        query: Query = {"filter": test, "limit": MOST_NAMED, "scope": _named(scope)}
        page = await self._calls.ask(LIST_INSTRUMENTS, query=query)
        found = (facts_of(row, self._now(), scope) for row in page.values)
        return tuple(each for each in found if is_asked_for(each.luid) and each.is_active)


def _named(scope: str) -> str | None:
    return None if scope == DEFAULT_SCOPE else scope
