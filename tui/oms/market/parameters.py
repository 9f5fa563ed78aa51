"""All parameters of the simulated market. All of them are invented."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct

HALF_HOUR_VOLUMES: Final = tuple(
    Decimal(tenths) / 10 for tenths in (22, 13, 10, 9, 8, 7, 7, 6, 6, 7, 7, 8, 8, 9, 10, 13, 20)
)
"""The volume of each half hour relative to the day's average: most at the open and the close."""


class MarketRules(Struct, frozen=True, kw_only=True):
    """The behaviour of the market.

    Times are market time, which runs at the market's speed. ``one_in`` is the odds of a random event; 0 means
    never.
    """

    tick: timedelta = timedelta(seconds=2)
    """Market time per tick; at speed 1 also real time."""

    # trading day
    trading_day: timedelta = timedelta(hours=8, minutes=30)
    first_day_elapsed: timedelta = timedelta(hours=4)
    """The part of the first day that is over at the start: the morning of the demo data."""
    closed_time: timedelta = timedelta(minutes=10)
    """The time for which the market is closed between two days."""
    volume_profile: tuple[Decimal, ...] = HALF_HOUR_VOLUMES
    calm_period: timedelta = timedelta(minutes=5)
    """The time after the start in which nothing goes wrong at random."""

    # volume
    participation: Decimal = Decimal("0.1")
    """The participation rate: the share of the traded volume that a fill takes."""
    max_slice: Decimal = Decimal("0.15")
    """The largest share of a placement that one fill takes, where it is several lots."""
    max_volume_share: Decimal = Decimal("0.25")
    """The share of an instrument's average daily volume that all fills of a day may take."""
    bond_volume: Decimal = Decimal(4_000_000_000)
    """A bond's daily volume, in nominal."""
    immediate_clips: int = 4
    """The clips that are available at once to IOC and FOK placements."""

    # prices
    mean_reversion: Decimal = Decimal("0.0001")
    """The share of its distance from the reference price by which a price reverts per tick."""
    max_slippage_ticks: int = 2
    """The most price ticks between a fill and the price walk."""

    # pace
    ticks_per_fill: int = 12
    """Mean ticks between two fills of a working placement."""
    fresh_ticks_per_fill: int = 2
    """The same for a fresh placement."""
    fresh_ticks: int = 10
    """For how many ticks a placement is fresh."""
    placements_per_tick: int = 40
    """The most placements of each state that one tick considers; the next tick continues after them."""
    max_fills_per_tick: int = 4
    """The most fills in one tick."""
    max_reports_per_tick: int = 3
    """The most state reports in one tick."""

    # random events
    reject_one_in: int = 50
    """One in so many new placements is rejected at random."""
    collar: Decimal = Decimal("0.10")
    """The price collar: how far through the market a limit may be before it is rejected."""
    bond_collar: Decimal = Decimal("0.05")
    max_price_ratio: Decimal = Decimal(5)
    """The largest ratio, either way, between a limit or stop and the market."""
    late_fill_one_in: int = 6
    """One in so many cancels crosses a fill."""
    late_fill_ticks: int = 5
    """The most ticks after the cancel at which that fill arrives."""
    halt_one_in: int = 5400
    """One in so many ticks halts an instrument: one halt in three hours."""
    halt_length: timedelta = timedelta(minutes=5)
    """The mean length of a halt; it varies between half and one and a half times that."""

    @property
    def ticks_a_day(self) -> int:
        """The number of ticks in a trading day."""
        return self.trading_day // self.tick

    def ticks(self, time: timedelta) -> int:
        """Return a length of market time in ticks."""
        return time // self.tick
