"""The simulated market: fills working placements over time, as any client would, by upserting executions.

Prices walk at random around invented reference prices; nothing here is market data. One seed gives one
day: the same desk, seed and virtual clock give the same fills. The market owns no state of the desk: it
looks for work in the store at every tick, so it sees what users place, amend and cancel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any, Final

from tui.api.models import Execution, Placement
from tui.api.requests import ExecutionRequest, ExecutionSetRequest
from tui.api.shapes import ZERO, CurrencyAndAmount, ResourceId
from tui.api.states import direction_of, is_cancelled
from tui.oms.book import CHILDREN_OF_PLACEMENT, EXECUTIONS_OF_PLACEMENT
from tui.oms.clock import Clock, SystemClock
from tui.oms.commands import upsert_executions
from tui.oms.demo import desk
from tui.oms.demo.instruments import Instrument
from tui.oms.engine import Engine
from tui.oms.refusals import Refusal
from tui.oms.store import Store, StoreError

USER: Final = "sim.market"
TICK: Final = timedelta(seconds=2)
"""How much market time one step takes; at speed 1 also how long one takes in ours."""
TRADING_DAY: Final = timedelta(hours=8, minutes=30)
SLOWEST, FASTEST = Decimal("0.01"), Decimal(100)

LIVE: Final = ("New", "Working", "Open", "Placed", "Ack", "PartiallyFilled", "Partial", "PartFill")
"""The placement states the market fills, in every spelling it understands."""
WINDOW: Final = 50
"""How many placements of a state are looked at in one tick; the next tick goes on behind them."""
PATIENCE: Final = 12
"""In how many ticks a working placement is answered once, on average."""
MOST_FILLS: Final = 5
"""How many fills there are in one tick, at most."""
ADV_SHARE: Final = Decimal("0.0002")
"""The largest share of a day's volume that one fill takes."""
BOND_CLIP: Final = Decimal(1_000_000)
"""The largest nominal one fill of a bond takes."""


class Walk:
    """One instrument's price: a random walk that leans back to the reference price."""

    LEAN: Final = Decimal("0.001")

    def __init__(self, instrument: Instrument, seed: int) -> None:
        self.instrument = instrument
        self.price = instrument.price
        self._rng = Random(f"{seed}/{instrument.isin}")
        day = Decimal(TRADING_DAY // TICK)
        self._swing = instrument.price * instrument.volatility / 100 / day.sqrt()

    def step(self) -> None:
        """Move on by one tick."""
        lean = (self.instrument.price - self.price) * self.LEAN
        moved = self.price + lean + self._swing * desk.noise(self._rng)
        self.price = max(self.instrument.tick, moved.quantize(Decimal("0.000001")))


class Market:
    """Fills working placements. Create one per desk and keep :meth:`run` as a task.

    :meth:`step` reads and writes the store, so from an event loop it is called through ``engine.run``;
    everything else belongs to the event loop's thread and returns at once.
    """

    def __init__(
        self,
        engine: Engine,
        instruments: Sequence[Instrument],
        *,
        seed: int = 7,
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._walks = {instrument.luid: Walk(instrument, seed) for instrument in instruments}
        self._rng = Random(seed)
        self._clock: Clock = clock or SystemClock()
        self._speed = Decimal(1)
        self._running = True
        self._looping = False
        self._changed = asyncio.Event()
        self._behind: dict[str, ResourceId] = {}
        self._next_code = 0
        self._steps = self._fills = self._refused = 0
        self._trouble: str | None = None

    def status(self) -> dict[str, Any]:
        """Give how the market is doing; ``trouble`` is the last refusal in the server's words, or null."""
        return {
            "running": self._running,
            "speed": self._speed,
            "time": self._clock.now(),
            "steps": self._steps,
            "fills": self._fills,
            "refused": self._refused,
            "trouble": self._trouble,
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
        if not SLOWEST <= speed <= FASTEST:
            raise ValueError(f"The market's speed stays {self._speed}: {speed} is not from 0.01 to 100.")
        self._speed = speed
        self._changed.set()

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
                if await self._waited() and self._running:
                    await self._engine.run(self.step)
        finally:
            self._looping = False

    async def _waited(self) -> bool:
        """Wait for the next tick; False when something changed meanwhile and the wait starts anew."""
        interval = timedelta(microseconds=int(TICK // timedelta(microseconds=1) / self._speed))
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), interval.total_seconds() if self._running else None)
        except TimeoutError:
            return True
        return False

    def step(self, n: int = 1) -> int:
        """Let ``n`` ticks go past and give the number of fills. Runs in the store's thread.

        A fill that the desk refuses is counted, told by :meth:`status`, and lost. When the disk takes
        nothing more the market pauses.
        """
        before = self._fills
        for _ in range(n):
            try:
                self._tick()
            except StoreError as error:
                self._trouble = str(error)
                self._running = False
                break
        return self._fills - before

    def _tick(self) -> None:
        self._steps += 1
        self._clock.advance(TICK)
        for walk in self._walks.values():
            walk.step()
        for request in self._engine.read(lambda store: list(self._answers(store))):
            self._send(request)

    def _send(self, request: ExecutionRequest) -> None:
        body = ExecutionSetRequest(requests=(request,))
        try:
            self._engine.write(
                upsert_executions, body, user=USER, now=self._clock.now(), request_id=f"SIM-{request.id.code}"
            )
        except Refusal as refusal:
            self._refused += 1
            self._trouble = f"{request.id.code} was not filled: {refusal.detail}"
        else:
            self._fills += 1

    # -- what the market answers ---------------------------------------------------------------------

    def _answers(self, store: Store) -> Iterator[ExecutionRequest]:
        working = [placement for state in LIVE for placement in self._window(store, state)]
        self._rng.shuffle(working)
        answers = (self._answer(store, it) for it in working if self._rng.randrange(PATIENCE) == 0)
        yield from islice((answer for answer in answers if answer is not None), MOST_FILLS)

    def _answer(self, store: Store, placement: Placement) -> ExecutionRequest | None:
        """Give what the market does about a working placement now: a fill, or nothing.

        Refusals by the market, halts and fills that arrive after a cancel would be decided here.
        """
        walk = self._walks.get(placement.lusid_instrument_id)
        if walk is None or not self._trades_here(placement, walk.instrument):
            return None
        if any(not is_cancelled(child.state) for child in store.related(CHILDREN_OF_PLACEMENT, placement.id)):
            return None
        price = self._price(placement, walk)
        if price is None:
            return None
        fills = store.related(EXECUTIONS_OF_PLACEMENT, placement.id)
        left = _left(placement, fills, price, walk.instrument.price_unit)
        if left <= 0:
            return None
        quantity = self._quantity(placement, walk.instrument, left)
        return self._fill(store, placement, walk.instrument, quantity, price, done=quantity == left)

    def _trades_here(self, placement: Placement, instrument: Instrument) -> bool:
        money = (placement.limit_price, placement.stop_price, placement.amount)
        return all(one is None or one.currency in (None, instrument.currency) for one in money)

    def _price(self, placement: Placement, walk: Walk) -> Decimal | None:
        """Give a price the placement accepts: at its limit or better, its stop reached; else None."""
        slip = self._rng.randrange(-2, 3) * walk.instrument.tick
        price = desk.on_tick(walk.price + slip, walk.instrument)
        buys = direction_of(placement.side) == 1
        limit, stop = _amount(placement.limit_price), _amount(placement.stop_price)
        waits = stop is not None and (price < stop if buys else price > stop)
        beyond = limit is not None and (price > limit if buys else price < limit)
        return None if waits or beyond else price

    def _quantity(self, placement: Placement, instrument: Instrument, left: Decimal) -> Decimal:
        """Give a few per cent of the placement, within a share of the day's volume, in lots."""
        whole = placement.quantity or left
        largest = BOND_CLIP if instrument.adv is None else instrument.adv * ADV_SHARE
        size = min(whole * self._rng.randrange(1, 7) / 100, largest)
        lot = desk.round_lot(instrument)
        lot = lot if size >= lot else max(1, lot // 10)
        quantity = desk.in_lots(size, lot)
        return left if left - quantity < lot else quantity

    def _fill(
        self,
        store: Store,
        placement: Placement,
        instrument: Instrument,
        quantity: Decimal,
        price: Decimal,
        *,
        done: bool,
    ) -> ExecutionRequest:
        now = self._clock.now()
        return ExecutionRequest(
            id=self._new_id(store),
            placement_id=placement.id,
            instrument_identifiers=placement.instrument_identifiers,
            quantity=quantity,
            state="Filled" if done else "PartiallyFilled",
            side=placement.side,
            type=placement.type or "Market",
            created_date=now,
            settlement_date=desk.settlement_date(now, instrument.settlement_days),
            price=desk.money(price, instrument.currency),
            settlement_currency=instrument.currency,
            settlement_currency_fx_rate=Decimal(1),
            counterparty=placement.counterparty or self._rng.choice(desk.COUNTERPARTIES),
        )

    # -- where it looks ------------------------------------------------------------------------------

    def _window(self, store: Store, state: str) -> Sequence[Placement]:
        """Give the next placements in ``state``, round and round: a tick costs the same at any size."""
        found = store.in_state(Placement, state, after=self._behind.get(state), limit=WINDOW)
        if len(found) == WINDOW:
            self._behind[state] = found[-1].id
        else:
            self._behind.pop(state, None)
        return found

    def _new_id(self, store: Store) -> ResourceId:
        """Give an id no execution ever had; the first time, the first one free in this database."""
        if self._next_code == 0:
            self._next_code = _first_free(lambda number: _used(store, number))
        while _used(store, self._next_code):
            self._next_code += 1
        self._next_code += 1
        return _code(self._next_code - 1)


def _code(number: int) -> ResourceId:
    return ResourceId(desk.SCOPE, f"EXE-M-{number:06d}")


def _used(store: Store, number: int) -> bool:
    return bool(store.numbers(Execution, _code(number)))


def _first_free(used: Callable[[int], bool]) -> int:
    """Give the first number not used, where all before it are: by doubling, then by halving."""
    high = 1
    while used(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if used(middle) else (low, middle)
    return high


def _amount(money: CurrencyAndAmount | None) -> Decimal | None:
    return money.amount if money is not None else None


def _left(placement: Placement, executions: Iterable[Execution], price: Decimal, unit: Decimal) -> Decimal:
    """Give the units of a placement that are not executed; cancelled executions count for nothing (L5).

    Of a placement sized by money these are the whole units that the rest of it buys at ``price``, of
    which ``unit`` is what one unit at price 1 costs.
    """
    live = [fill for fill in executions if not is_cancelled(fill.state)]
    if placement.quantity is not None:
        return placement.quantity - sum((fill.quantity for fill in live), ZERO)
    spent = sum((fill.quantity * (fill.price.amount or ZERO) * unit for fill in live), ZERO)
    return ((_amount(placement.amount) or ZERO) - spent) // (price * unit)
