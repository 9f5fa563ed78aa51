"""Steps by the middle office: allocate, book, sweep.

The server chooses the ids of allocations; the demo knows how (A8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tui.api.base import ResourceId
from tui.api.requests import (
    AllocationRequest,
    PlacementRequest,
    PortfolioWeight,
    WeightedAllocationServiceRunRequest,
)
from tui.oms.demo import roster
from tui.oms.demo.story import DemoStep, StepRequest, Story


def _filled_top_level(story: Story) -> list[PlacementRequest]:
    """Return the filled top-level placements; their runs allocate the children's fills too (A15)."""
    filled = {fill.placement_id for fill in story.executions}
    parents = {child.parent_placement_id for child in story.placements if child.id in filled}
    tops = [placement for placement in story.placements if placement.parent_placement_id is None]
    return [placement for placement in tops if placement.id in filled or placement.id in parents]


@dataclass(frozen=True, slots=True)
class AllocateStep(DemoStep):
    """The middle office allocates all fills."""

    def request(self, story: Story, at: datetime) -> StepRequest:
        return StepRequest(
            "allocate", roster.MIDDLE_OFFICE, tuple(placed.id for placed in _filled_top_level(story))
        )


@dataclass(frozen=True, slots=True)
class AllocateByWeightStep(DemoStep):
    """The middle office allocates an unsolicited block to portfolios by weight (A16)."""

    weights: tuple[tuple[str, int], ...]

    def request(self, story: Story, at: datetime) -> StepRequest:
        weights = tuple(
            PortfolioWeight(portfolio_id=ResourceId(roster.SCOPE, portfolio), weight=Decimal(weight))
            for portfolio, weight in self.weights
        )
        ids = tuple(placed.id for placed in _filled_top_level(story))
        request = WeightedAllocationServiceRunRequest(placement_ids=ids, portfolio_weights=weights)
        return StepRequest("allocate_weighted", roster.MIDDLE_OFFICE, (request,))


@dataclass(frozen=True, slots=True)
class OverAllocateStep(DemoStep):
    """The middle office allocates ``units`` by hand in excess of the fills."""

    order: int
    units: int

    def request(self, story: Story, at: datetime) -> StepRequest:
        order, last = story.orders[self.order], story.executions[-1]
        extra = AllocationRequest(
            id=ResourceId(roster.SCOPE, f"{last.placement_id.code}-{order.id.code}-M"),
            allocated_order_id=order.id,
            portfolio_id=order.portfolio_id or order.id,
            quantity=Decimal(self.units),
            instrument_identifiers=order.instrument_identifiers,
            placement_ids=(last.placement_id,),
            state="New",
            side=order.side,
            type=last.type,
            date=at,
            settlement_date=last.settlement_date,
            price=last.price,
            settlement_currency=last.settlement_currency,
            settlement_currency_fx_rate=last.settlement_currency_fx_rate,
            counterparty=last.counterparty,
            execution_ids=(last.id,),
        )
        return StepRequest("upsert_allocations", roster.MIDDLE_OFFICE, (extra,))


@dataclass(frozen=True, slots=True)
class BookStep(DemoStep):
    """The middle office books the allocations of the orders with these indexes, or all.

    With ``mark`` the allocations and the completed orders become Booked (B6).
    """

    orders: tuple[int, ...] = ()
    mark: bool = True

    def request(self, story: Story, at: datetime) -> StepRequest:
        wanted = [order for n, order in enumerate(story.orders) if n in self.orders or not self.orders]
        ids = tuple(
            ResourceId(roster.SCOPE, f"{placed.id.code}-{order.id.code}")
            for placed in _filled_top_level(story)
            for order in wanted
        )
        return StepRequest("book_and_mark" if self.mark else "book", roster.MIDDLE_OFFICE, ids)


@dataclass(frozen=True, slots=True)
class SweepStep(DemoStep):
    """The middle office sweeps the block."""

    def request(self, story: Story, at: datetime) -> StepRequest:
        return StepRequest("sweep_blocks", roster.MIDDLE_OFFICE, tuple(story.blocks))
