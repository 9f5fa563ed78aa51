"""Steps by dealers and their counterparties: placements and fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from tui.api.base import ZERO, ResourceId
from tui.api.requests import ExecutionRequest, PlacementRequest, PlacementUpdateRequest
from tui.api.settlement import settlement_day
from tui.oms.demo import roster
from tui.oms.demo.story import DemoStep, StepRequest, Story

LAST_PLACEMENT: Final = -1


@dataclass(frozen=True, slots=True)
class PlaceStep(DemoStep):
    """The dealer places ``percent`` of the ordered size with a counterparty through an execution system."""

    percent: int = 100
    to: str = "ALBN"
    via: str = "SIM-EMS"
    state: str | None = None

    def request(self, story: Story, at: datetime) -> StepRequest:
        situation = story.situation
        by_amount = situation.size == "Amount"
        whole = sum((order.amount.amount or ZERO for order in story.orders if order.amount), ZERO)
        placement = PlacementRequest(
            id=story.codes.next("PLC"),
            block_ids=tuple(story.blocks),
            instrument_identifiers=story.instrument.identifiers,
            quantity=None if by_amount else story.units(story.ordered, self.percent),
            amount=story.money(story.units(whole, self.percent)) if by_amount else None,
            state=self.state or "New",
            side=situation.side,
            type=situation.type,
            time_in_force=situation.time_in_force,
            limit_price=story.money(situation.limit),
            stop_price=story.money(situation.stop),
            counterparty=self.to,
            execution_system=self.via,
            entry_type=roster.SYSTEMS[self.via],
            created_date=at,
        )
        story.placements.append(placement)
        return StepRequest("place_blocks", story.dealer, (placement,))


@dataclass(frozen=True, slots=True)
class SliceStep(DemoStep):
    """The dealer's algorithm slices a placement into children of ``percents`` each."""

    percents: tuple[int, ...]
    parent: int = LAST_PLACEMENT

    def request(self, story: Story, at: datetime) -> StepRequest:
        parent = story.placements[self.parent]
        children = tuple(
            replace(
                parent,
                id=ResourceId(roster.SCOPE, f"{parent.id.code}-{number}"),
                parent_placement_id=parent.id,
                quantity=story.units(parent.quantity or ZERO, percent),
                created_date=at + timedelta(milliseconds=number),
            )
            for number, percent in enumerate(self.percents, 1)
        )
        story.placements.extend(children)
        return StepRequest("place_blocks", story.dealer, children)


@dataclass(frozen=True, slots=True)
class ResizeStep(DemoStep):
    """The dealer reduces a placement to ``percent`` of its quantity."""

    percent: int
    placement: int = LAST_PLACEMENT

    def request(self, story: Story, at: datetime) -> StepRequest:
        placement = story.placements[self.placement]
        quantity = story.units(placement.quantity or ZERO, self.percent)
        story.placements[self.placement] = replace(placement, quantity=quantity)
        return StepRequest(
            "update_placements", story.dealer, (PlacementUpdateRequest(id=placement.id, quantity=quantity),)
        )


@dataclass(frozen=True, slots=True)
class ReportPlacementStep(DemoStep):
    """A counterparty's system reports a placement's state in its own words (L2), and its ``reason``."""

    state: str
    placement: int = LAST_PLACEMENT
    reason: str = ""

    def request(self, story: Story, at: datetime) -> StepRequest:
        placed: PlacementRequest = story.placements[self.placement]
        said = f"{placed.counterparty}: {self.reason}"
        why = roster.label_property(roster.REASON_PROPERTY, said) if self.reason else placed.properties
        reported: PlacementRequest = replace(placed, state=self.state, properties=why)
        return StepRequest("upsert_placements", story.dealer, (reported,))


@dataclass(frozen=True, slots=True)
class CancelPlacementStep(DemoStep):
    """The dealer cancels a placement; its fills stay."""

    placement: int = LAST_PLACEMENT

    def request(self, story: Story, at: datetime) -> StepRequest:
        return StepRequest("cancel_placements", story.dealer, (story.placements[self.placement].id,))


@dataclass(frozen=True, slots=True)
class FillStep(DemoStep):
    """The market fills a placement up to ``to`` per cent of its quantity, in ``fills`` fills.

    Above 100 per cent the placement is over-executed (E2).
    """

    to: int
    fills: int = 1
    placement: int = LAST_PLACEMENT

    def split(self) -> Sequence[DemoStep]:
        """Return one step per fill; ``fills`` counts down, and the last fill takes the remainder."""
        return [FillStep(self.to, left, self.placement) for left in range(self.fills, 0, -1)]

    def request(self, story: Story, at: datetime) -> StepRequest:
        placement = story.placements[self.placement]
        whole = placement.quantity or ZERO
        done = story.filled(placement.id)
        rest = story.units(whole, self.to) - done
        quantity = rest if self.fills == 1 else min(rest, self._partial_quantity(story, rest))
        if quantity <= 0:
            return StepRequest("upsert_executions", story.dealer, ())
        fill = ExecutionRequest(
            id=story.codes.next("EXE"),
            placement_id=placement.id,
            instrument_identifiers=story.instrument.identifiers,
            quantity=quantity,
            state="Filled" if done + quantity >= whole else "PartiallyFilled",
            side=placement.side,
            type=placement.type,
            created_date=at,
            settlement_date=settlement_day(at, story.instrument.currency, story.instrument.settlement_days),
            price=roster.money(story.price(), story.instrument.currency),
            settlement_currency=story.instrument.currency,
            settlement_currency_fx_rate=Decimal(1),
            counterparty=placement.counterparty or "",
        )
        story.executions.append(fill)
        return StepRequest("upsert_executions", story.dealer, (fill,))

    def _partial_quantity(self, story: Story, rest: Decimal) -> Decimal:
        share = rest * story.rng.randrange(60, 141) / 100 / self.fills
        return roster.round_to_lots(share, roster.round_lot(story.instrument))


@dataclass(frozen=True, slots=True)
class BustFillStep(DemoStep):
    """The counterparty takes the last fill back."""

    def request(self, story: Story, at: datetime) -> StepRequest:
        story.executions[-1] = replace(story.executions[-1], state="Cancelled")
        return StepRequest("upsert_executions", story.dealer, (story.executions[-1],))


@dataclass(frozen=True, slots=True)
class RepeatFillStep(DemoStep):
    """The last fill arrives again with another id, like a duplicate."""

    def request(self, story: Story, at: datetime) -> StepRequest:
        again = replace(story.executions[-1], id=story.codes.next("EXE"))
        story.executions.append(again)
        return StepRequest("upsert_executions", story.dealer, (again,))
