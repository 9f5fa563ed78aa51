"""Stories of demo blocks: the situation declares a block's day, the story records it.

Nothing here talks to the server. A story knows its ids and quantities because it chose them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any, ClassVar, Final, Literal

from tui.api.base import ZERO, CurrencyAndAmount, Properties, ResourceId
from tui.api.requests import ExecutionRequest, OrderRequest, PlacementRequest
from tui.oms.demo import roster
from tui.oms.demo.universe import DemoInstrument

HUNDRED: Final = Decimal(100)

CommandName = Literal[
    "create_orders",
    "move_orders",
    "update_orders",
    "place_blocks",
    "update_placements",
    "cancel_placements",
    "cancel_orders",
    "cancel_and_move",
    "allocate",
    "allocate_weighted",
    "book",
    "book_and_mark",
    "sweep_blocks",
    "upsert_blocks",
    "upsert_orders",
    "upsert_placements",
    "upsert_executions",
    "upsert_allocations",
]
"""The server commands that stories use; booking with and without marking (B6)."""


@dataclass(frozen=True, slots=True)
class StepRequest:
    """A user's items of a call; items of several stories are sent in one request."""

    command: CommandName
    user: str
    items: tuple[Any, ...]


class DemoStep(ABC):
    """Something a person does to a block."""

    __slots__ = ()
    blocks: ClassVar[int] = 0
    """The number of blocks it adds to the desk."""
    gives_compliance: ClassVar[bool] = False
    """Whether it sets the compliance states; until then the orders are pending."""

    @abstractmethod
    def request(self, story: Story, at: datetime) -> StepRequest:
        """Return the request of this step, made at ``at``."""

    def split(self) -> Sequence[DemoStep]:
        """Return the single steps it consists of."""
        return (self,)


@dataclass(frozen=True, slots=True)
class Situation:
    """One block's day: the orders, and the steps in sequence.

    ``orders`` gives units by portfolio: its code, with its scope where that is not the desk's.
    ``second_orders`` are those of a second block that is placed together with the first. ``limit`` and
    ``stop`` are prices in the instrument's currency. ``size`` is the measure of the units: shares or nominal,
    money, or with ``Weight`` basis points of the portfolio. ``compliance`` and
    ``approval`` apply to the orders in turn; ``title`` is for readers of the source.
    """

    title: str
    ticker: str
    orders: dict[str, int]
    steps: tuple[DemoStep, ...]
    side: str = "Buy"
    limit: str | None = None
    stop: str | None = None
    time_in_force: str = "Day"
    strategy: str = "Core"
    compliance: tuple[str, ...] = ("Passed",)
    approval: tuple[str, ...] = ("Approved",)
    second_orders: dict[str, int] = field(default_factory=dict)
    size: Literal["Quantity", "Amount", "Weight"] = "Quantity"
    code: str | None = None
    name: str | None = None

    @property
    def type(self) -> str:
        """The order type that the prices imply."""
        if self.stop:
            return "StopLimit" if self.limit else "Stop"
        return "Limit" if self.limit else "Market"

    @property
    def blocks(self) -> int:
        """The number of blocks at the end of the story."""
        return sum(step.blocks for step in self.steps) + bool(self.second_orders)

    @property
    def single_steps(self) -> tuple[DemoStep, ...]:
        """All steps, split into single ones."""
        return tuple(step for step in self.steps for step in step.split())


class IdSequence:
    """Hands out the desk's ids in sequence."""

    CODE_DIGITS: Final = {"BLK": 4, "ORD": 5, "PLC": 5, "EXE": 6}

    def __init__(self) -> None:
        self._counters = {kind: count(1) for kind in self.CODE_DIGITS}

    def next(self, kind: Literal["BLK", "ORD", "PLC", "EXE"]) -> ResourceId:
        """Return the next id of ``kind``."""
        number = next(self._counters[kind])
        return ResourceId(roster.SCOPE, f"{kind}-{number:0{self.CODE_DIGITS[kind]}d}")


class Story:
    """A situation as it is played: its ids, and every request as it was last sent."""

    def __init__(
        self, situation: Situation, instrument: DemoInstrument, codes: IdSequence, rng: Random
    ) -> None:
        self.situation = situation
        self.instrument = instrument
        self.codes = codes
        self.rng = rng
        self.blocks: list[ResourceId] = []
        self.orders: list[OrderRequest] = []
        self.placements: list[PlacementRequest] = []
        self.executions: list[ExecutionRequest] = []
        self.manager = roster.MANAGERS[instrument.currency]
        self.dealer = roster.DEALERS[instrument.currency]
        self.unsolicited = ZERO

    @property
    def ordered(self) -> Decimal:
        """The quantity of the orders, or the initial one of a block without orders."""
        return self.unsolicited or sum((order.quantity or ZERO for order in self.orders), ZERO)

    def money(self, amount: str | Decimal | None) -> CurrencyAndAmount | None:
        """Return ``amount`` in the instrument's currency."""
        if amount is None:
            return None
        return CurrencyAndAmount(amount=Decimal(amount), currency=self.instrument.currency)

    def next_block_id(self) -> ResourceId:
        """Return a new block's id: for the first block the situation's own code, if it declares one."""
        own = None if self.blocks else self.situation.code
        self.blocks.append(ResourceId(roster.SCOPE, own) if own else self.codes.next("BLK"))
        return self.blocks[-1]

    def order(self, portfolio: str, units: int, at: datetime) -> OrderRequest:
        """Make an order of this block and record it."""
        situation = self.situation
        order = OrderRequest(
            id=self.codes.next("ORD"),
            portfolio_id=roster.portfolio_id(portfolio),
            instrument_identifiers=self.instrument.identifiers,
            quantity=Decimal(units) if situation.size == "Quantity" else None,
            amount=self.money(str(units)) if situation.size == "Amount" else None,
            weight=Decimal(units) / 10_000 if situation.size == "Weight" else None,
            side=situation.side,
            type=situation.type,
            time_in_force=situation.time_in_force,
            limit_price=self.money(situation.limit),
            stop_price=self.money(situation.stop),
            price=self.money(self.instrument.price),
            date=at,
            properties=self._order_properties(len(self.orders)),
        )
        self.orders.append(order)
        return order

    def _order_properties(self, index: int) -> Properties:
        situation = self.situation
        checked_later = any(step.gives_compliance for step in situation.steps)
        compliance, approval = ("Pending", "Pending") if checked_later else self.compliance_states(index)
        return {
            **roster.label_property("Order/demo/Strategy", situation.strategy),
            **roster.label_property(roster.COMPLIANCE_STATE, compliance),
            **roster.label_property(roster.APPROVAL_STATE, approval),
        }

    def compliance_states(self, index: int) -> tuple[str, str]:
        """Return the compliance and approval states of an order."""
        compliance, approval = self.situation.compliance, self.situation.approval
        return compliance[index % len(compliance)], approval[index % len(approval)]

    def block_properties(self) -> Properties:
        """Return the instrument properties that panes show; the numbers are invented for simulation."""
        instrument = self.instrument
        volume = instrument.adv
        return {
            **roster.label_property("Block/demo/InstrumentName", self.situation.name or instrument.name),
            **roster.label_property("Block/demo/AssetClass", instrument.asset_class),
            **roster.metric_property("Block/demo/ReferencePrice", instrument.price, instrument.currency),
            **(
                {}
                if volume is None
                else roster.metric_property("Block/demo/AverageDailyVolume", volume, "Shares")
            ),
        }

    def filled(self, placement: ResourceId) -> Decimal:
        """Return the filled quantity of one placement."""
        return sum((fill.quantity for fill in self.executions if fill.placement_id == placement), ZERO)

    def price(self) -> Decimal:
        """Draw a price around the reference price, within the situation's limit."""
        instrument, limit = self.instrument, self.situation.limit
        swing = instrument.price * instrument.volatility / HUNDRED / 4
        price = roster.round_to_tick(instrument.price + swing * roster.random_normal(self.rng), instrument)
        if limit is None:
            return price
        buys = self.situation.side.startswith("Buy")
        return min(price, Decimal(limit)) if buys else max(price, Decimal(limit))

    def units(self, of: Decimal, percent: int) -> Decimal:
        """Return ``percent`` of a quantity, in whole lots where it is more than one; all of it at 100."""
        if percent == HUNDRED:
            return of
        share = of * percent / HUNDRED
        lot = roster.round_lot(self.instrument)
        return roster.round_to_lots(share, lot) if share > lot else share.to_integral_value()
