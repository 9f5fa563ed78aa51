"""Every number the simulated market goes by, in one place. All of them are invented."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct

HALF_HOUR_VOLUMES: Final = tuple(
    Decimal(tenths) / 10 for tenths in (22, 13, 10, 9, 8, 7, 7, 6, 6, 7, 7, 8, 8, 9, 10, 13, 20)
)
"""How heavy each half hour of the day trades, 1 being the average: most at the open and at the close."""


class MarketRules(Struct, frozen=True, kw_only=True):
    """How the market behaves.

    Times are market time, which runs at the market's speed. Of what happens at random, ``one_in`` says
    how rare it is; 0 means never.
    """

    tick: timedelta = timedelta(seconds=2)
    """How much market time one step takes; at speed 1 also how long one takes in ours."""

    # the day
    trading_day: timedelta = timedelta(hours=8, minutes=30)
    first_day_elapsed: timedelta = timedelta(hours=4)
    """How much of the first day is over when the market is made: the morning the demo data tells of."""
    closed_time: timedelta = timedelta(minutes=10)
    """How long the market is closed between two days."""
    volume_profile: tuple[Decimal, ...] = HALF_HOUR_VOLUMES
    calm_period: timedelta = timedelta(minutes=5)
    """How long after the market is made nothing goes wrong by chance."""

    # volume
    participation: Decimal = Decimal("0.1")
    """The share of what trades meanwhile that a fill takes."""
    max_slice: Decimal = Decimal("0.15")
    """The largest part of a placement that one fill takes, where it is several lots."""
    max_volume_share: Decimal = Decimal("0.25")
    """The share of an instrument's average daily volume that all fills of a day together may take."""
    bond_volume: Decimal = Decimal(4_000_000_000)
    """The nominal of a bond that trades in a day."""
    immediate_clips: int = 4
    """How many fills' worth there is at once for what will not wait (IOC, FOK)."""

    # prices
    mean_reversion: Decimal = Decimal("0.0001")
    """How much of its distance from the reference price a price goes back in a tick."""
    max_slippage_ticks: int = 2
    """How many ticks off the walk a fill may be."""

    # answering
    ticks_per_fill: int = 12
    """In how many ticks a working placement is filled once, on average."""
    fresh_ticks_per_fill: int = 2
    """The same for one that has just arrived."""
    fresh_ticks: int = 10
    """For how many ticks a placement counts as just arrived."""
    placements_per_tick: int = 40
    """How many placements of a state are looked at in one tick; the next tick goes on behind them."""
    max_fills_per_tick: int = 4
    """How many fills there are in one tick, at most."""
    max_reports_per_tick: int = 3
    """How many placements are told of a new state in one tick, at most."""

    # what goes wrong
    reject_one_in: int = 50
    """How many new placements are taken for one that a broker refuses."""
    collar: Decimal = Decimal("0.10")
    """How far through the market a limit may be; beyond, the broker takes it for a slip of the finger."""
    bond_collar: Decimal = Decimal("0.05")
    max_price_ratio: Decimal = Decimal(5)
    """How many times the market, or what part of it, no limit or stop may be, on either side."""
    late_fill_one_in: int = 6
    """How many cancelled placements there are for one whose cancel crosses a fill."""
    late_fill_ticks: int = 5
    """Within how many ticks of the cancel that fill arrives, at most."""
    halt_one_in: int = 5400
    """How many ticks there are for one that halts an instrument: one halt in three hours."""
    halt_length: timedelta = timedelta(minutes=5)
    """How long a halt takes on average; from half to one and a half times that."""

    @property
    def ticks_a_day(self) -> int:
        """How many ticks a trading day has."""
        return self.trading_day // self.tick

    def ticks(self, time: timedelta) -> int:
        """Return a length of market time in ticks."""
        return time // self.tick
