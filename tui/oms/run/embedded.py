"""The embedded server: a database, the ASGI application over it, and a market that fills placements.

Opening is quick: for an existing desk, only what the first page needs is loaded. The first write loads the
rules; the market starts shortly after the screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from tui.oms.domain.clock import Clock
from tui.oms.domain.compliance_book import ComplianceBook
from tui.oms.domain.instrument_master import Instruments
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.oms.reference.source import LivePrices, ReferenceSource
from tui.oms.store import StoreError

if TYPE_CHECKING:
    from tui.oms.market import Market, MarketRules
    from tui.oms.reference.tables import ReferenceTables
    from tui.oms.rules.fees import Fee

Size = Literal["empty", "demo", "busy", "stress"]

MARKET_DELAY_S: Final = 1.0
"""The delay of the market's start after opening, in seconds, so that the first pages are read before."""


class Embedded:
    """A running server. ``app`` is its ASGI application; close it when done."""

    def __init__(
        self,
        engine: Engine,
        *,
        seed: int,
        speed: Decimal,
        market: bool,
        settings: ServerSettings | None,
        rules: MarketRules | None = None,
    ) -> None:
        self.engine = engine
        self.app = Server(
            engine,
            settings,
            market=(lambda: self.market) if market else None,
            reference=ReferenceSource(self._tables, self._prices),
        )
        self._reference: ReferenceTables | None = None
        self._seed = seed
        self._speed = speed
        self._rules = rules
        self._market: Market | None = None
        self._opening = asyncio.create_task(self._run_market()) if market else None

    @classmethod
    async def open(
        cls,
        path: Path | None,
        *,
        size: Size = "demo",
        seed: int = 7,
        fresh: bool = False,
        speed: Decimal = Decimal(1),
        market: bool = True,
        start: datetime | None = None,
        settings: ServerSettings | None = None,
        clock: Clock | None = None,
        rules: MarketRules | None = None,
        fees: tuple[Fee, ...] = (),
        tell: Callable[[int], None] = lambda per_cent: None,
    ) -> Embedded:
        """Open the desk at ``path``, or one in memory for None; fill a new one with demo data of ``size``.

        ``fresh`` deletes an existing desk. ``start`` is when the demo's morning ends; now, if not given. A
        virtual ``clock`` moves only with the market's steps, so that equal seeds give equal days. ``rules``
        are the market's, the default ones if not given; ``fees`` are charged on bookings. ``tell`` hears how
        much of the demo data is made, in per cent, in the store's thread. When the caller is cancelled, the
        making breaks off and leaves an empty desk.

        Raises:
            StoreError: the file cannot be used; the message says why.
        """
        engine = await asyncio.to_thread(
            Engine.open,
            path,
            _instruments,
            fresh=fresh,
            clock=clock,
            fees=fees,
            compliance=_compliance,
        )
        broken_off = False

        def told(per_cent: int) -> None:
            if broken_off:
                raise StoreError("The demo data was not made: it was broken off.")
            tell(per_cent)

        try:
            if size != "empty" and engine.store.is_empty():
                from tui.oms.demo.seeding import seed as fill

                await engine.run(
                    fill, engine, size=size, seed=seed, start=start or engine.clock.now(), tell=told
                )
        except BaseException:
            broken_off = True
            await asyncio.to_thread(engine.close)
            raise
        return cls(engine, seed=seed, speed=speed, market=market, settings=settings, rules=rules)

    @property
    def market(self) -> Market:
        """The simulated market, created when it is first used."""
        if self._market is None:
            from tui.oms.demo.universe import instruments
            from tui.oms.market import Market

            self._market = Market(self.engine, instruments(), seed=self._seed, rules=self._rules)
            self._market.set_speed(self._speed)
        return self._market

    def _tables(self) -> ReferenceTables:
        """Return the reference data, made when they are first asked for."""
        if self._reference is None:
            from tui.oms.demo.reference_tables import demo_tables, plain_tables
            from tui.oms.demo.seeding import story_of

            story = story_of(self.engine)
            now = self.engine.clock.now()
            if story is None:
                self._reference = plain_tables(now, now)
            else:
                self._reference = demo_tables(story[0], min(now, story[1]))
        return self._reference

    def _prices(self) -> LivePrices:
        """Return the prices of the simulated market; none before it has moved."""
        return LivePrices() if self._market is None else LivePrices(*self._market.prices)

    async def _run_market(self) -> None:
        await asyncio.sleep(MARKET_DELAY_S)
        await self.engine.run(import_module, "tui.oms.market")
        await self.market.run()

    async def close(self) -> None:
        """Stop the market, finish the call in progress, and close the database."""
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        await asyncio.to_thread(self.engine.close)


def _instruments() -> Instruments:
    from tui.oms.demo.universe import instrument_table  # not loaded before the first write

    return instrument_table()


def _compliance() -> ComplianceBook:
    from tui.oms.demo.compliance_facts import compliance_book  # not loaded before the first run

    return compliance_book()
