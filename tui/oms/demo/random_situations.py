"""Random situations: ordinary days that fill the desk around the declared situations."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Final

from tui.oms.demo import roster
from tui.oms.demo.order_steps import CancelOrdersStep, ComplianceStep, EnterStep
from tui.oms.demo.placement_steps import CancelPlacementStep, FillStep, PlaceStep
from tui.oms.demo.post_trade_steps import AllocateStep, BookStep, SweepStep
from tui.oms.demo.story import DemoStep, Situation
from tui.oms.demo.universe import DemoInstrument, instruments

STRATEGIES: Final = ("Core", "Rebalance", "Inflow", "Income", "Index add", "Risk cut")
UNITS_PER_DOLLAR: Final = {"JPY": 150}
"""Rough exchange rates, where one unit is far from one dollar."""


def _random_place(rng: Random, percent: int = 100) -> PlaceStep:
    return PlaceStep(percent, rng.choice(roster.COUNTERPARTIES), rng.choice(tuple(roster.SYSTEMS)))


def _checked(rng: Random) -> tuple[DemoStep, ...]:
    return (EnterStep(), ComplianceStep())


def _half_placed(rng: Random) -> tuple[DemoStep, ...]:
    return (EnterStep(), _random_place(rng, rng.randrange(30, 80, 10)))


def _placed(rng: Random) -> tuple[DemoStep, ...]:
    return (EnterStep(), _random_place(rng))


def _filling(rng: Random) -> tuple[DemoStep, ...]:
    return (*_placed(rng), FillStep(rng.randrange(10, 95, 5), rng.randrange(1, 6)))


def _filled(rng: Random) -> tuple[DemoStep, ...]:
    return (*_placed(rng), FillStep(100, rng.randrange(1, 6)))


def _filled_after_allocation(rng: Random) -> tuple[DemoStep, ...]:
    return (*_placed(rng), FillStep(rng.randrange(40, 80, 10), 2), AllocateStep(), FillStep(100, 2))


def _allocated(rng: Random) -> tuple[DemoStep, ...]:
    return (*_filled(rng), AllocateStep())


STAGES: Final[tuple[tuple[int, Callable[[Random], tuple[DemoStep, ...]]], ...]] = (
    (7, lambda _: (EnterStep(),)),
    (5, _checked),
    (6, _half_placed),
    (10, _placed),
    (26, _filling),
    (10, _filled),
    (5, _filled_after_allocation),
    (10, _allocated),
    (4, lambda rng: (*_allocated(rng), BookStep((0,)))),
    (9, lambda rng: (*_allocated(rng), BookStep())),
    (3, lambda rng: (*_allocated(rng), BookStep(), SweepStep())),
    (3, lambda _: (EnterStep(), CancelOrdersStep())),
    (2, lambda rng: (*_filling(rng), CancelPlacementStep())),
)
"""The weight of each stage at which an ordinary block may be, and the steps that lead there."""


def random_situation(rng: Random) -> Situation:
    """Draw one block's ordinary day."""
    instrument = rng.choice(instruments())
    weights = [weight for weight, _ in STAGES]
    (_, stage), *_ = rng.choices(STAGES, weights)
    side = rng.choice(("Buy", "Buy", "Buy", "Sell", "Sell"))
    limit = _random_limit(rng, instrument, side) if rng.random() < 0.6 else None
    return Situation(
        "A random situation",
        instrument.ticker,
        _random_orders(rng, instrument),
        stage(rng),
        side=side,
        limit=limit,
        time_in_force=rng.choice(("Day", "Day", "Day", "GoodTilCancel")),
        strategy="Duration" if instrument.is_bond else rng.choice(STRATEGIES),
    )


def _random_orders(rng: Random, instrument: DemoInstrument) -> dict[str, int]:
    """Return units for one to four portfolios; the block is worth 0.25 to 6 million dollars."""
    portfolios = roster.PORTFOLIOS[instrument.currency, instrument.asset_class]
    chosen = portfolios[: rng.randrange(1, len(portfolios) + 1)]
    price = instrument.price * instrument.price_unit
    money = Decimal(rng.randrange(250_000, 6_000_000)) * UNITS_PER_DOLLAR.get(instrument.currency, 1)
    shares = [rng.randrange(2, 10) for _ in chosen]
    lot = roster.round_lot(instrument)
    return {
        portfolio: int(roster.round_to_lots(money / price * share / sum(shares), lot))
        for portfolio, share in zip(chosen, shares, strict=True)
    }


def _random_limit(rng: Random, instrument: DemoInstrument, side: str) -> str:
    """Return a limit between 0.3 % behind the market and 0.8 % through it."""
    through = Decimal(rng.randrange(-30, 80)) / 10_000
    price = instrument.price * (1 + through if side == "Buy" else 1 - through)
    return str(roster.round_to_tick(price, instrument))
