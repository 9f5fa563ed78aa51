"""The market as the server runs it: it ticks, pauses, changes speed, steps, and sends messages."""

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
    """Responds to placements. Create one per desk and keep :meth:`run` as a task.

    :meth:`step` reads and writes the store, so an event loop calls it through ``engine.run``; everything else
    belongs to the event loop's thread and returns at once.
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
        self._ticked_at: datetime | None = None

    @property
    def prices(self) -> tuple[dict[str, Decimal], datetime | None]:
        """The price of each instrument by its LUID, and when the last tick was; None before the first."""
        return self._exchange.prices, self._ticked_at

    def status(self) -> dict[str, Any]:
        """Return the market's status; ``trouble`` is the detail of the last refusal, or null.

        ``secondsLeft`` is market time until the phase or the halt ends.
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
        """Stop ticking until :meth:`resume`; single steps still work."""
        self._running = False
        self._changed.set()

    def resume(self) -> None:
        """Resume ticking."""
        self._running = True
        self._changed.set()

    def set_speed(self, speed: Decimal) -> None:
        """Run the market at ``speed`` times its initial speed.

        Raises:
            ValueError: the speed is not between 0.01 and 100.
        """
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise ValueError(f"The speed must be between 0.01 and 100, not {speed}; it stays {self._speed}.")
        self._speed = speed
        self._changed.set()

    def halt(self, instrument: str) -> None:
        """Halt an instrument, named by its LUID, ticker, ISIN or FIGI, for the usual length.

        Raises:
            ValueError: it does not trade here.
        """
        self._exchange.halt(self._named(instrument).luid)

    def lift(self, instrument: str) -> None:
        """Lift the halt of an instrument, if there is one.

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
        """Tick until cancelled, one step at a time.

        Raises:
            RuntimeError: it is running already.
        """
        if self._looping:
            raise RuntimeError("The market is running already.")
        self._looping = True
        try:
            while True:
                if await self._wait_for_tick() and self._running:
                    await self._engine.run(self.step)
        finally:
            self._looping = False

    async def _wait_for_tick(self) -> bool:
        """Wait for the next tick; return False when a change restarts the wait."""
        interval = MICROSECOND * int(self._rules.tick // MICROSECOND / self._speed)
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), interval.total_seconds() if self._running else None)
        except TimeoutError:
            return True
        return False

    def step(self, n: int = 1) -> int:
        """Advance by ``n`` ticks and return the number of fills. Runs in the store's thread.

        Messages that the desk refuses are counted, reported by :meth:`status`, and dropped. When the disk
        fails, the market pauses.
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
        self._ticked_at = self._clock.now()
        messages = self._engine.read(self._broker.tick)
        self._send_fills(messages.fills)
        self._send_reports(messages.reports)

    # -- sending -------------------------------------------------------------------------------------

    def _send_fills(self, fills: Sequence[ExecutionRequest]) -> None:
        """Send fills in one call, or one by one when the desk refuses them together."""
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
        """Send state reports in one call, or one by one when the desk refuses them together."""
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
            what = f"reported as {reports[0].state}" if reports[0].state else "resumed"
            self._last_refusal = f"{reports[0].id.code} was not {what}: {refusal.detail}"

    def _send(
        self, command: Command[Any], body: Any, first: ExecutionRequest | PlacementRequest
    ) -> Refusal | None:
        """Send a call, its request id made of the first item; return the refusal, or None."""
        request_id = f"SIM-{first.id.code}"
        try:
            self._engine.write(command, body, user=MARKET_USER, now=self._clock.now(), request_id=request_id)
        except Refusal as refusal:
            return refusal
        return None


def until_next_open(now: datetime, elapsed: timedelta) -> timedelta:
    """Return the time from ``now`` to the next open; the current day opened ``elapsed`` ago.

    >>> until_next_open(datetime(2026, 11, 20, 16, 40), timedelta(hours=8, minutes=40)).days
    2
    """
    opens = now - elapsed + DAY
    while opens.weekday() > 4:
        opens += DAY
    return opens - now
