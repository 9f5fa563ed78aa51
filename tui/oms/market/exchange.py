"""The exchange: random-walk prices, the trading day, volume, and halts.

It knows nothing of the desk and its placements, and holds no market data.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Final

from tui.oms.demo import roster
from tui.oms.demo.universe import DemoInstrument
from tui.oms.market.parameters import MarketRules

PRICE_PRECISION: Final = Decimal("0.000001")


class PriceWalk:
    """One instrument's price: a random walk with its daily volatility that reverts to the reference price."""

    def __init__(self, instrument: DemoInstrument, rules: MarketRules, seed: int) -> None:
        self.instrument = instrument
        self.price = instrument.price
        self.volume_taken = Decimal(0)
        """The day's volume that the desk's fills have taken."""
        self._mean_reversion = rules.mean_reversion
        self._rng = Random(f"{seed}/{instrument.isin}")
        self._tick_volatility = (
            instrument.price * instrument.volatility / 100 / Decimal(rules.ticks_a_day).sqrt()
        )

    def step(self) -> None:
        """Advance by one tick."""
        reversion = (self.instrument.price - self.price) * self._mean_reversion
        moved = self.price + reversion + self._tick_volatility * roster.random_normal(self._rng)
        self.price = max(self.instrument.tick, moved.quantize(PRICE_PRECISION))


class TradingSession:
    """The trading day, in market time."""

    def __init__(self, rules: MarketRules) -> None:
        self._rules = rules
        self._elapsed = rules.first_day_elapsed
        self._since_start = timedelta()

    @property
    def is_open(self) -> bool:
        """Whether the market is open."""
        return self._elapsed < self._rules.trading_day

    @property
    def is_calm(self) -> bool:
        """Whether the calm period after the start lasts, in which nothing goes wrong at random."""
        return self._since_start <= self._rules.calm_period

    @property
    def time_left(self) -> timedelta:
        """Market time until the close, or while closed until the open."""
        return (
            self._rules.trading_day
            + (timedelta() if self.is_open else self._rules.closed_time)
            - self._elapsed
        )

    @property
    def volume_pace(self) -> Decimal:
        """The current volume relative to the day's average of 1."""
        profile = self._rules.volume_profile
        return profile[min(len(profile) - 1, self._elapsed * len(profile) // self._rules.trading_day)]

    def step(self) -> None:
        """Advance by one tick; the next day starts after the closed time."""
        self._elapsed += self._rules.tick
        self._since_start += self._rules.tick
        if self._elapsed >= self._rules.trading_day + self._rules.closed_time:
            self._elapsed = timedelta()


class Exchange:
    """All instruments of the market."""

    def __init__(self, instruments: Sequence[DemoInstrument], rules: MarketRules, seed: int) -> None:
        self.session = TradingSession(rules)
        self._rules = rules
        self._walks = {instrument.luid: PriceWalk(instrument, rules, seed) for instrument in instruments}
        self._halts: dict[str, int] = {}
        self._rng = Random(f"{seed}/exchange")

    @property
    def halts(self) -> list[tuple[DemoInstrument, timedelta]]:
        """The halted instruments, and how much longer each is halted."""
        return [(self._walks[luid].instrument, self._rules.tick * left) for luid, left in self._halts.items()]

    @property
    def prices(self) -> dict[str, Decimal]:
        """The price of each instrument by its LUID."""
        return {luid: walk.price for luid, walk in self._walks.items()}

    def walk(self, luid: str) -> PriceWalk | None:
        """Return the price walk of an instrument, or None when it does not trade here."""
        return self._walks.get(luid)

    def find(self, name: str) -> DemoInstrument | None:
        """Return the instrument with this LUID, ticker, ISIN or FIGI, case-insensitively."""
        wanted = name.strip().casefold()
        for walk in self._walks.values():
            known = walk.instrument
            if wanted in (text.casefold() for text in (known.luid, *known.identifiers.values())):
                return known
        return None

    def step(self) -> None:
        """Advance by one tick."""
        was_open = self.session.is_open
        self.session.step()
        for walk in self._walks.values():
            walk.step()
            if not was_open:
                walk.volume_taken = Decimal(0)
        self._halts = {luid: left - 1 for luid, left in self._halts.items() if left > 1}
        if self.session.is_open and self.occurs(self._rules.halt_one_in, self._rng):
            middle = self._rules.ticks(self._rules.halt_length)
            luid = self._rng.choice(list(self._walks))
            self._halts.setdefault(luid, self._rng.randrange(middle // 2, middle + middle // 2 + 1))

    def occurs(self, one_in: int, rng: Random) -> bool:
        """Return whether an event with odds of one in ``one_in`` occurs now; never in the calm period."""
        return one_in > 0 and rng.randrange(one_in) == 0 and not self.session.is_calm

    def is_halted(self, luid: str) -> bool:
        """Return whether an instrument is halted."""
        return luid in self._halts

    def halt(self, luid: str) -> None:
        """Halt an instrument for the usual length."""
        self._halts[luid] = self._rules.ticks(self._rules.halt_length)

    def lift(self, luid: str) -> None:
        """Lift an instrument's halt."""
        self._halts.pop(luid, None)

    def clip_size(self, walk: PriceWalk) -> Decimal:
        """Return the units of one fill: a share of the volume traded between two fills of a placement."""
        rules = self._rules
        trades = (
            self._daily_volume(walk) * rules.ticks_per_fill / rules.ticks_a_day * self.session.volume_pace
        )
        return min(trades * rules.participation, self.volume_left(walk))

    def volume_left(self, walk: PriceWalk) -> Decimal:
        """Return the day's volume that the desk's fills may still take."""
        return max(Decimal(0), self._daily_volume(walk) * self._rules.max_volume_share - walk.volume_taken)

    def _daily_volume(self, walk: PriceWalk) -> Decimal:
        return walk.instrument.adv or self._rules.bond_volume
