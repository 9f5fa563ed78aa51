"""What a ticket is told beside the rows of the desk, asked for when somebody looks.

A form never waits: what is not known yet is asked for in the background, and the form is told anew when it is
there. A preview waits a moment for it, opens without it, and is told anew too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from tui.service.desk_profile import DeskProfile
from tui.service.learned import Learned
from tui.service.reference.holdings import TOO_MANY, HoldingsReader
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.reference.quotes import QuotesReader
from tui.service.reference.settlement_dates import ASKED, Settlement, SettlementDates, TradeAsked
from tui.service.snapshot.held_units import NOT_ASKED, READING, Holding, HoldingKey
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.last_prices import LatestQuote
from tui.service.snapshot.snapshot import Snapshot

PREVIEW_WAITS_S: Final = 2.0
"""Seconds a preview waits for holdings before it can be confirmed without them."""


class AskingDesk(Protocol):
    """What is asked of the desk."""

    @property
    def snapshot(self) -> Snapshot:
        """The rows as they stand."""
        ...

    @property
    def base_currency(self) -> str:
        """The currency that money is compared in."""
        ...

    def notify_listeners(self) -> None:
        """Notify its listeners that something asked for is there."""
        ...

    def publish_quotes(self, quotes: Mapping[str, LatestQuote], rates: Mapping[str, Decimal]) -> None:
        """Show quotes, by LUID, and use rates in the base currency, by currency."""
        ...


class TicketFacts:
    """What is known of holdings, and what is being asked for.

    The ``desk`` hears when something asked for is there, and :attr:`serial` is another one then.
    """

    def __init__(
        self,
        calls: OptionalCalls,
        learned: Learned,
        profile: DeskProfile,
        now: Callable[[], datetime],
        desk: AskingDesk,
    ) -> None:
        self.now = now
        self.serial = 0
        self._holdings = HoldingsReader(calls, learned, now)
        self._quotes = QuotesReader(calls, profile.quotes, now) if profile.quotes else None
        self._settlements = SettlementDates(calls, now)
        self._desk = desk
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def holding(self, key: HoldingKey) -> Holding:
        """Return what is known of a holding; one that nobody asked for is asked for now."""
        found = self._holdings.holding(key)
        if found is not NOT_ASKED:
            return found
        self._in_loop(lambda: self._follow(self._holdings.start((key,))))
        return READING

    def known_holding(self, key: HoldingKey) -> Holding:
        """Return what is known of a holding, without asking for it: too many were asked for at once."""
        found = self._holdings.holding(key)
        return TOO_MANY if found is NOT_ASKED else found

    async def await_holdings(self, keys: Iterable[HoldingKey]) -> None:
        """Ask for holdings that are not known, and wait for them as long as a preview does."""
        reads = self._holdings.start(keys)
        if reads:
            await asyncio.wait({self._follow(reads)}, timeout=PREVIEW_WAITS_S)

    def drop_holdings(self) -> None:
        """Forget what portfolios hold: something was written."""
        self._holdings.drop()
        self.serial += 1

    def ask_quote(self, known: Instrument) -> None:
        """Ask for the quote of an instrument, unless it was asked for lately or there are no quotes."""
        if self._quotes is not None and self._quotes.due((known.luid,)):
            self._in_loop(lambda: self._follow((asyncio.create_task(self.read_quotes((known.luid,))),)))

    async def read_quotes(self, luids: Iterable[str]) -> None:
        """Read the quotes of instruments and the rates of their currencies, and have them published.

        What was asked for lately is not asked for again.
        """
        desk, quotes = self._desk, self._quotes
        if quotes is None:
            return
        known = desk.snapshot.instruments
        wanted = [known[luid] for luid in quotes.due(luids) if luid in known]
        base = desk.base_currency
        changed = await quotes.read(wanted, {each.currency for each in known.values()}, base)
        desk.publish_quotes(changed, quotes.rates_in(base))

    def settlement(self, trade: TradeAsked) -> Settlement:
        """Return what is known of a trade's settlement; what nobody asked for is asked for now."""
        found = self._settlements.known(trade)
        if found is None:
            self._settlements.note_asked(trade)
            self._in_loop(lambda: self._follow((asyncio.create_task(self._settlements.read(trade)),)))
        return found or ASKED

    def _in_loop(self, begin: Callable[[], object]) -> None:
        """Begin something in the event loop, from whatever thread: many forms are made beside it."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(begin)
        else:
            begin()

    async def close(self) -> None:
        """Stop what is under way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _follow(self, reads: Iterable[Awaitable[None]]) -> asyncio.Task[None]:
        """Tell of reads when all of them are done."""
        task = asyncio.create_task(self._tell_after(tuple(reads)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _tell_after(self, reads: Iterable[Awaitable[None]]) -> None:
        await asyncio.gather(*reads)
        self.serial += 1
        self._desk.notify_listeners()
