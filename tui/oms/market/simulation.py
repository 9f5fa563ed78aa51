"""The market as the server runs it: it goes on by ticks, is paused, sped up and stepped, and sends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from tui.api.requests import ExecutionRequest, ExecutionSetRequest, PlacementRequest, PlacementSetRequest
from tui.oms.demo.universe import DemoInstrument
from tui.oms.domain.clock import Clock
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import Command
from tui.oms.engine.commands import upsert_executions, upsert_placements
from tui.oms.engine.engine import Engine
from tui.oms.market.broker import MARKET_USER, NOTE_PROPERTY, REJECTED, Broker
from tui.oms.market.exchange import Exchange
from tui.oms.market.parameters import MarketRules
from tui.oms.store import StoreError

MIN_SPEED, MAX_SPEED = Decimal("0.01"), Decimal(100)
MICROSECOND: Final = timedelta(microseconds=1)
DAY: Final = timedelta(days=1)


class Market:
    """Answers placements. Create one per desk and keep :meth:`run` as a task.

    :meth:`step` reads and writes the store, so from an event loop it is called through ``engine.run``;
    everything else belongs to the event loop's thread and returns at once.
    """

    def __init__(
        self,
        engine: Engine,
        instruments: Sequence[DemoInstrument],
        *,
        seed: int = 7,
        clock: Clock | None = None,
        rules: MarketRules | None = None,
    ) -> None:
        self._engine = engine
        self._rules = rules or MarketRules()
        self._clock: Clock = clock or engine.clock
        self._exchange = Exchange(instruments, self._rules, seed)
        self._broker = Broker(self._exchange, self._clock, self._rules, seed, engine.store.last)
        self._speed = Decimal(1)
        self._running = True
        self._looping = False
        self._changed = asyncio.Event()
        self._steps = self._fills = self._late = self._rejected = self._refused = 0
        self._last_refusal: str | None = None

    def status(self) -> dict[str, Any]:
        """Return how the market is doing; ``trouble`` is the last refusal in the server's words, or null.

        ``secondsLeft`` are seconds of market time: until the phase ends, or a halt.
        """
        session = self._exchange.session
        return {
            "running": self._running,
            "speed": self._speed,
            "time": self._clock.now(),
            "phase": "Open" if session.is_open else "Closed",
            "secondsLeft": session.time_left // timedelta(seconds=1),
            "halts": [
                {
                    "ticker": instrument.ticker,
                    "lusidInstrumentId": instrument.luid,
                    "secondsLeft": left // timedelta(seconds=1),
                }
                for instrument, left in self._exchange.halts
            ],
            "steps": self._steps,
            "fills": self._fills,
            "late": self._late,
            "rejected": self._rejected,
            "refused": self._refused,
            "trouble": self._last_refusal,
        }

    def pause(self) -> None:
        """Stop filling until :meth:`resume`; single steps still work."""
        self._running = False
        self._changed.set()

    def resume(self) -> None:
        """Go on filling."""
        self._running = True
        self._changed.set()

    def set_speed(self, speed: Decimal) -> None:
        """Let the market go ``speed`` times as fast as at its opening.

        Raises:
            ValueError: it is not between 0.01 and 100.
        """
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise ValueError(f"The market's speed stays {self._speed}: {speed} is not from 0.01 to 100.")
        self._speed = speed
        self._changed.set()

    def halt(self, instrument: str) -> None:
        """Halt an instrument, named by its LUID, ticker, ISIN or FIGI, for as long as halts take.

        Raises:
            ValueError: it does not trade here.
        """
        self._exchange.halt(self._named(instrument).luid)

    def lift(self, instrument: str) -> None:
        """End the halt of an instrument, if there is one.

        Raises:
            ValueError: it does not trade here.
        """
        self._exchange.lift(self._named(instrument).luid)

    def _named(self, name: str) -> DemoInstrument:
        found = self._exchange.find(name)
        if found is None:
            raise ValueError(f"'{name}' does not trade on the simulated market.")
        return found

    async def run(self) -> None:
        """Step for as long as the market is open, one step at a time; ends when cancelled.

        Raises:
            RuntimeError: it runs already.
        """
        if self._looping:
            raise RuntimeError("The market is open already.")
        self._looping = True
        try:
            while True:
                if await self._wait_for_tick() and self._running:
                    await self._engine.run(self.step)
        finally:
            self._looping = False

    async def _wait_for_tick(self) -> bool:
        """Wait for the next tick; False when something changed meanwhile and the wait starts anew."""
        interval = MICROSECOND * int(self._rules.tick // MICROSECOND / self._speed)
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), interval.total_seconds() if self._running else None)
        except TimeoutError:
            return True
        return False

    def step(self, n: int = 1) -> int:
        """Let ``n`` ticks go past and give the number of fills. Runs in the store's thread.

        What the desk refuses is counted, told by :meth:`status`, and lost. When the disk takes nothing
        more the market pauses.
        """
        before = self._fills
        for _ in range(n):
            try:
                self._tick()
            except StoreError as error:
                self._last_refusal = str(error)
                self._running = False
                break
        return self._fills - before

    def _tick(self) -> None:
        self._steps += 1
        session = self._exchange.session
        was_open = session.is_open
        self._exchange.step()
        self._clock.advance(self._rules.tick)
        if was_open and not session.is_open:
            self._engine.read(self._broker.close_day)
        elif session.is_open and not was_open:
            self._clock.advance(
                until_next_open(self._clock.now(), self._rules.trading_day + self._rules.closed_time)
            )
        work = self._engine.read(self._broker.tick)
        self._send_fills(work.fills)
        self._send_reports(work.reports)

    # -- sending -------------------------------------------------------------------------------------

    def _send_fills(self, fills: Sequence[ExecutionRequest]) -> None:
        """Send fills in one call; one by one when the desk does not take them together."""
        if not fills:
            return
        refusal = self._send(upsert_executions, ExecutionSetRequest(requests=tuple(fills)), fills[0])
        if refusal is None:
            self._fills += len(fills)
            self._late += sum(1 for fill in fills if fill.properties and NOTE_PROPERTY in fill.properties)
        elif len(fills) > 1:
            for fill in fills:
                self._send_fills([fill])
        else:
            self._refused += 1
            self._last_refusal = f"{fills[0].id.code} was not filled: {refusal.detail}"

    def _send_reports(self, reports: Sequence[PlacementRequest]) -> None:
        """Send placements as they are now in one call; one by one when the desk does not take them so."""
        if not reports:
            return
        refusal = self._send(upsert_placements, PlacementSetRequest(requests=tuple(reports)), reports[0])
        if refusal is None:
            self._rejected += sum(1 for report in reports if report.state == REJECTED)
        elif len(reports) > 1:
            for report in reports:
                self._send_reports([report])
        else:
            self._refused += 1
            self._broker.stop_reporting(reports[0].id)
            what = f"said to be {reports[0].state}" if reports[0].state else "said to go on"
            self._last_refusal = f"{reports[0].id.code} was not {what}: {refusal.detail}"

    def _send(
        self, command: Command[Any], body: Any, first: ExecutionRequest | PlacementRequest
    ) -> Refusal | None:
        """Send a call, named after the first item in it; give why it was refused, or None."""
        request_id = f"SIM-{first.id.code}"
        try:
            self._engine.write(command, body, user=MARKET_USER, now=self._clock.now(), request_id=request_id)
        except Refusal as refusal:
            return refusal
        return None


def until_next_open(now: datetime, gone: timedelta) -> timedelta:
    """Return how long after ``now``, when ``gone`` of a day has passed since it opened, the next one opens.

    >>> until_next_open(datetime(2026, 11, 20, 16, 40), timedelta(hours=8, minutes=40)).days
    2
    """
    opens = now - gone + DAY
    while opens.weekday() > 4:
        opens += DAY
    return opens - now
