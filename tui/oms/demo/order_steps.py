"""Steps by portfolio managers, compliance and dealers on orders and blocks.

Each step makes the request its user would send and records the outcome in the story.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from tui.api.base import ZERO, Properties
from tui.api.requests import (
    BlockAndOrderIdRequest,
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    BlockRequest,
    CancelOrdersAndMoveRemainingRequest,
    OrderRequest,
    OrderUpdateRequest,
)
from tui.oms.demo import roster
from tui.oms.demo.story import DemoStep, StepRequest, Story


@dataclass(frozen=True, slots=True)
class EnterStep(DemoStep):
    """The portfolio manager creates one block, or two side by side, with orders."""

    blocks = 1

    def request(self, story: Story, at: datetime) -> StepRequest:
        groups = [orders for orders in (story.situation.orders, story.situation.second_orders) if orders]
        return StepRequest(
            "create_orders", story.manager, tuple(self._block_request(story, group, at) for group in groups)
        )

    def _block_request(self, story: Story, orders: dict[str, int], at: datetime) -> BlockAndOrdersRequest:
        situation = story.situation
        return BlockAndOrdersRequest(
            block_id=story.next_block_id(),
            orders=tuple(
                self._order_request(story, portfolio, units, at + timedelta(milliseconds=index))
                for index, (portfolio, units) in enumerate(orders.items())
            ),
            block_properties=story.block_properties(),
            instrument_identifiers=story.instrument.identifiers,
            side=situation.side,
            type=situation.type,
            time_in_force=situation.time_in_force,
            date=at,
            limit_price=story.money(situation.limit),
            stop_price=story.money(situation.stop),
        )

    def _order_request(self, story: Story, portfolio: str, units: int, at: datetime) -> BlockedOrderRequest:
        order = story.order(portfolio, units, at)
        return BlockedOrderRequest(
            id=order.id,
            portfolio_id=order.portfolio_id,
            quantity=order.quantity,
            amount=order.amount,
            date=order.date,
            price=order.price,
            properties=order.properties,
        )


@dataclass(frozen=True, slots=True)
class RecordOrdersStep(DemoStep):
    """The portfolio manager records orders outside any block (C8)."""

    def request(self, story: Story, at: datetime) -> StepRequest:
        wanted = story.situation.orders.items()
        return StepRequest("upsert_orders", story.manager, tuple(story.order(*order, at) for order in wanted))


@dataclass(frozen=True, slots=True)
class BlockStep(DemoStep):
    """The dealer blocks recorded orders; without any, opens an unsolicited block (C6, C9)."""

    units: int | None = None
    blocks = 1

    def request(self, story: Story, at: datetime) -> StepRequest:
        story.unsolicited = Decimal(self.units or 0)
        block = BlockRequest(
            id=story.next_block_id(),
            order_ids=tuple(order.id for order in story.orders),
            properties=story.block_properties(),
            instrument_identifiers=story.instrument.identifiers,
            quantity=None if self.units is None else Decimal(self.units),
            side=story.situation.side,
            type=story.situation.type,
            time_in_force=story.situation.time_in_force,
            limit_price=story.money(story.situation.limit),
            created_date=at,
        )
        return StepRequest("upsert_blocks", story.dealer, (block,))


@dataclass(frozen=True, slots=True)
class ComplianceStep(DemoStep):
    """Compliance checks the orders and sets the states that their situation declares."""

    gives_compliance = True

    def request(self, story: Story, at: datetime) -> StepRequest:
        return StepRequest("update_orders", roster.COMPLIANCE, tuple(self._updates(story)))

    def _updates(self, story: Story) -> Sequence[OrderUpdateRequest]:
        updates = []
        for index, order in enumerate(story.orders):
            compliance, approval = story.compliance_states(index)
            states: Properties = {
                **roster.label_property(roster.COMPLIANCE_STATE, compliance),
                **roster.label_property(roster.APPROVAL_STATE, approval),
            }
            story.orders[index] = replace(order, properties={**(order.properties or {}), **states})
            updates.append(OrderUpdateRequest(id=order.id, properties=states))
        return updates


@dataclass(frozen=True, slots=True)
class AmendStep(DemoStep):
    """The portfolio manager changes an order's quantity to ``percent`` of it."""

    order: int
    percent: int

    def request(self, story: Story, at: datetime) -> StepRequest:
        order = story.orders[self.order]
        quantity = story.units(order.quantity or ZERO, self.percent)
        story.orders[self.order] = replace(order, quantity=quantity)
        note = roster.label_property("Order/demo/Note", f"Resized to {self.percent}% by the manager")
        update = OrderUpdateRequest(id=order.id, quantity=quantity, properties=note)
        return StepRequest("update_orders", story.manager, (update,))


@dataclass(frozen=True, slots=True)
class MoveStep(DemoStep):
    """The dealer moves an order into a new block."""

    order: int
    blocks = 1

    def request(self, story: Story, at: datetime) -> StepRequest:
        order = story.orders.pop(self.order)
        destination = story.codes.next("BLK")
        move = BlockAndOrderIdRequest(destination_block_id=destination, order_id=order.id)
        return StepRequest("move_orders", story.dealer, (move,))


@dataclass(frozen=True, slots=True)
class CancelAndMoveStep(DemoStep):
    """The dealer cancels what is not placed of an order and moves it to a new order and block."""

    order: int
    blocks = 1

    def request(self, story: Story, at: datetime) -> StepRequest:
        request = CancelOrdersAndMoveRemainingRequest(
            cancel_order_id=story.orders.pop(self.order).id,
            move_remaining_to_order_id=story.codes.next("ORD"),
            move_remaining_to_block_id=story.codes.next("BLK"),
        )
        return StepRequest("cancel_and_move", story.dealer, (request,))


@dataclass(frozen=True, slots=True)
class CancelOrdersStep(DemoStep):
    """The portfolio manager cancels the orders with these indexes, or all."""

    orders: tuple[int, ...] = ()

    def request(self, story: Story, at: datetime) -> StepRequest:
        cancelled = [order for n, order in enumerate(story.orders) if n in self.orders or not self.orders]
        story.orders = [order for order in story.orders if order not in cancelled]
        return StepRequest("cancel_orders", story.manager, tuple(order.id for order in cancelled))


@dataclass(frozen=True, slots=True)
class ReportOrderStep(DemoStep):
    """Another system reports an order's state in its own words (L2)."""

    order: int
    state: str

    def request(self, story: Story, at: datetime) -> StepRequest:
        reported: OrderRequest = replace(story.orders[self.order], state=self.state)
        return StepRequest("upsert_orders", story.manager, (reported,))
