"""What people do to a block in the demo, one verb each.

A verb writes the request its user would have sent and notes in the story what that changes. Only the
ids of allocations are chosen by the server; the demo knows how its own server makes them (A8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from tui.api.requests import (
    AllocationRequest,
    BlockAndOrderIdRequest,
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    BlockRequest,
    CancelOrdersAndMoveRemainingRequest,
    ExecutionRequest,
    OrderRequest,
    OrderUpdateRequest,
    PlacementRequest,
    PlacementUpdateRequest,
    PortfolioWeight,
    WeightedAllocationServiceRunRequest,
)
from tui.api.shapes import ZERO, Properties, ResourceId
from tui.oms.demo import desk
from tui.oms.demo.story import Sent, Story, Verb

LAST: Final = -1


@dataclass(frozen=True, slots=True)
class Enter(Verb):
    """The portfolio manager creates the block, or two side by side, with its orders."""

    blocks = 1

    def tell(self, story: Story, at: datetime) -> Sent:
        groups = [orders for orders in (story.situation.orders, story.situation.beside) if orders]
        return Sent("create_orders", story.manager, tuple(self._entry(story, group, at) for group in groups))

    def _entry(self, story: Story, orders: dict[str, int], at: datetime) -> BlockAndOrdersRequest:
        situation = story.situation
        return BlockAndOrdersRequest(
            block_id=story.open_block(),
            orders=tuple(
                self._order(story, portfolio, units, at + timedelta(milliseconds=index))
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

    def _order(self, story: Story, portfolio: str, units: int, at: datetime) -> BlockedOrderRequest:
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
class Record(Verb):
    """The portfolio manager records orders that are in no block yet (C8)."""

    def tell(self, story: Story, at: datetime) -> Sent:
        wanted = story.situation.orders.items()
        return Sent("upsert_orders", story.manager, tuple(story.order(*order, at) for order in wanted))


@dataclass(frozen=True, slots=True)
class Gather(Verb):
    """The dealer puts recorded orders into a block; without any, opens an unsolicited one (C6, C9)."""

    units: int | None = None
    blocks = 1

    def tell(self, story: Story, at: datetime) -> Sent:
        story.unsolicited = Decimal(self.units or 0)
        block = BlockRequest(
            id=story.open_block(),
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
        return Sent("upsert_blocks", story.dealer, (block,))


@dataclass(frozen=True, slots=True)
class Check(Verb):
    """Compliance looks at the orders, and gives them the states their situation declares."""

    checks = True

    def tell(self, story: Story, at: datetime) -> Sent:
        return Sent("update_orders", desk.COMPLIANCE, tuple(self._verdicts(story)))

    def _verdicts(self, story: Story) -> Sequence[OrderUpdateRequest]:
        updates = []
        for index, order in enumerate(story.orders):
            compliance, approval = story.verdict(index)
            states: Properties = {
                **desk.label(desk.COMPLIANCE_STATE, compliance),
                **desk.label(desk.APPROVAL_STATE, approval),
            }
            story.orders[index] = replace(order, properties={**(order.properties or {}), **states})
            updates.append(OrderUpdateRequest(id=order.id, properties=states))
        return updates


@dataclass(frozen=True, slots=True)
class Amend(Verb):
    """The portfolio manager changes an order's quantity to ``percent`` of it."""

    order: int
    percent: int

    def tell(self, story: Story, at: datetime) -> Sent:
        order = story.orders[self.order]
        quantity = story.units(order.quantity or ZERO, self.percent)
        story.orders[self.order] = replace(order, quantity=quantity)
        note = desk.label("Order/demo/Note", f"Resized to {self.percent}% by the manager")
        update = OrderUpdateRequest(id=order.id, quantity=quantity, properties=note)
        return Sent("update_orders", story.manager, (update,))


@dataclass(frozen=True, slots=True)
class Move(Verb):
    """The dealer moves an order into a new block."""

    order: int
    blocks = 1

    def tell(self, story: Story, at: datetime) -> Sent:
        order = story.orders.pop(self.order)
        destination = story.codes.next("BLK")
        move = BlockAndOrderIdRequest(destination_block_id=destination, order_id=order.id)
        return Sent("move_orders", story.dealer, (move,))


@dataclass(frozen=True, slots=True)
class MoveRest(Verb):
    """The dealer cancels an order and carries what is not placed into a new order and block."""

    order: int
    blocks = 1

    def tell(self, story: Story, at: datetime) -> Sent:
        request = CancelOrdersAndMoveRemainingRequest(
            cancel_order_id=story.orders.pop(self.order).id,
            move_remaining_to_order_id=story.codes.next("ORD"),
            move_remaining_to_block_id=story.codes.next("BLK"),
        )
        return Sent("cancel_and_move", story.dealer, (request,))


@dataclass(frozen=True, slots=True)
class CancelOrders(Verb):
    """The portfolio manager cancels the orders with these numbers, or all."""

    orders: tuple[int, ...] = ()

    def tell(self, story: Story, at: datetime) -> Sent:
        cancelled = [order for n, order in enumerate(story.orders) if n in self.orders or not self.orders]
        story.orders = [order for order in story.orders if order not in cancelled]
        return Sent("cancel_orders", story.manager, tuple(order.id for order in cancelled))


@dataclass(frozen=True, slots=True)
class StateOrder(Verb):
    """Somebody's system reports a state of an order, in its own words (L2)."""

    order: int
    state: str

    def tell(self, story: Story, at: datetime) -> Sent:
        reported: OrderRequest = replace(story.orders[self.order], state=self.state)
        return Sent("upsert_orders", story.manager, (reported,))


@dataclass(frozen=True, slots=True)
class Place(Verb):
    """The dealer sends ``percent`` of what is ordered to a counterparty through a system."""

    percent: int = 100
    to: str = "ALBN"
    via: str = "SIM-EMS"
    state: str | None = None

    def tell(self, story: Story, at: datetime) -> Sent:
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
            entry_type=desk.SYSTEMS[self.via],
            created_date=at,
        )
        story.placements.append(placement)
        return Sent("place_blocks", story.dealer, (placement,))


@dataclass(frozen=True, slots=True)
class Slice(Verb):
    """The dealer's algorithm cuts a placement into children of ``percents`` each."""

    percents: tuple[int, ...]
    parent: int = LAST

    def tell(self, story: Story, at: datetime) -> Sent:
        parent = story.placements[self.parent]
        children = tuple(
            replace(
                parent,
                id=ResourceId(desk.SCOPE, f"{parent.id.code}-{number}"),
                parent_placement_id=parent.id,
                quantity=story.units(parent.quantity or ZERO, percent),
                created_date=at + timedelta(milliseconds=number),
            )
            for number, percent in enumerate(self.percents, 1)
        )
        story.placements.extend(children)
        return Sent("place_blocks", story.dealer, children)


@dataclass(frozen=True, slots=True)
class Trim(Verb):
    """The dealer cuts a placement's quantity to ``percent`` of it."""

    percent: int
    placement: int = LAST

    def tell(self, story: Story, at: datetime) -> Sent:
        placement = story.placements[self.placement]
        quantity = story.units(placement.quantity or ZERO, self.percent)
        story.placements[self.placement] = replace(placement, quantity=quantity)
        return Sent(
            "update_placements", story.dealer, (PlacementUpdateRequest(id=placement.id, quantity=quantity),)
        )


@dataclass(frozen=True, slots=True)
class StatePlacement(Verb):
    """A counterparty's system reports a state of a placement, in its own words (L2)."""

    state: str
    placement: int = LAST

    def tell(self, story: Story, at: datetime) -> Sent:
        reported: PlacementRequest = replace(story.placements[self.placement], state=self.state)
        return Sent("upsert_placements", story.dealer, (reported,))


@dataclass(frozen=True, slots=True)
class CancelPlacement(Verb):
    """The dealer pulls a placement back; its fills stay."""

    placement: int = LAST

    def tell(self, story: Story, at: datetime) -> Sent:
        return Sent("cancel_placements", story.dealer, (story.placements[self.placement].id,))


@dataclass(frozen=True, slots=True)
class Fill(Verb):
    """The market fills a placement up to ``to`` per cent of its quantity, in ``fills`` fills.

    Above 100 it is over-executed (E2).
    """

    to: int
    fills: int = 1
    placement: int = LAST

    def apart(self) -> Sequence[Verb]:
        """Give the single fills."""
        return [Fill(self.to, left, self.placement) for left in range(self.fills, 0, -1)]

    def tell(self, story: Story, at: datetime) -> Sent:
        placement = story.placements[self.placement]
        whole = placement.quantity or ZERO
        done = story.filled(placement.id)
        rest = story.units(whole, self.to) - done
        quantity = rest if self.fills == 1 else min(rest, self._part(story, rest))
        if quantity <= 0:
            return Sent("upsert_executions", story.dealer, ())
        fill = ExecutionRequest(
            id=story.codes.next("EXE"),
            placement_id=placement.id,
            instrument_identifiers=story.instrument.identifiers,
            quantity=quantity,
            state="Filled" if done + quantity >= whole else "PartiallyFilled",
            side=placement.side,
            type=placement.type,
            created_date=at,
            settlement_date=desk.settlement_date(at, story.instrument.settlement_days),
            price=desk.money(story.price(), story.instrument.currency),
            settlement_currency=story.instrument.currency,
            settlement_currency_fx_rate=Decimal(1),
            counterparty=placement.counterparty or "",
        )
        story.executions.append(fill)
        return Sent("upsert_executions", story.dealer, (fill,))

    def _part(self, story: Story, rest: Decimal) -> Decimal:
        share = rest * story.rng.randrange(60, 141) / 100 / self.fills
        return desk.in_lots(share, desk.round_lot(story.instrument))


@dataclass(frozen=True, slots=True)
class Repeat(Verb):
    """The last fill arrives again under another id: it looks like a duplicate."""

    def tell(self, story: Story, at: datetime) -> Sent:
        again = replace(story.executions[-1], id=story.codes.next("EXE"))
        story.executions.append(again)
        return Sent("upsert_executions", story.dealer, (again,))


def _filled_tops(story: Story) -> list[PlacementRequest]:
    """Give the placements to allocate: not children, whose fills their parents' runs take (A15)."""
    filled = {fill.placement_id for fill in story.executions}
    parents = {child.parent_placement_id for child in story.placements if child.id in filled}
    tops = [placement for placement in story.placements if placement.parent_placement_id is None]
    return [placement for placement in tops if placement.id in filled or placement.id in parents]


@dataclass(frozen=True, slots=True)
class Allocate(Verb):
    """The middle office allocates what was filled."""

    def tell(self, story: Story, at: datetime) -> Sent:
        return Sent("allocate", desk.MIDDLE_OFFICE, tuple(placed.id for placed in _filled_tops(story)))


@dataclass(frozen=True, slots=True)
class AllocateByWeight(Verb):
    """The middle office allocates an unsolicited block to portfolios by weight (A16)."""

    weights: tuple[tuple[str, int], ...]

    def tell(self, story: Story, at: datetime) -> Sent:
        weights = tuple(
            PortfolioWeight(portfolio_id=ResourceId(desk.SCOPE, portfolio), weight=Decimal(weight))
            for portfolio, weight in self.weights
        )
        ids = tuple(placed.id for placed in _filled_tops(story))
        request = WeightedAllocationServiceRunRequest(placement_ids=ids, portfolio_weights=weights)
        return Sent("allocate_weighted", desk.MIDDLE_OFFICE, (request,))


@dataclass(frozen=True, slots=True)
class AllocateMore(Verb):
    """The middle office allocates ``units`` by hand on top of what was filled."""

    order: int
    units: int

    def tell(self, story: Story, at: datetime) -> Sent:
        order, last = story.orders[self.order], story.executions[-1]
        extra = AllocationRequest(
            id=ResourceId(desk.SCOPE, f"{last.placement_id.code}-{order.id.code}-M"),
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
        return Sent("upsert_allocations", desk.MIDDLE_OFFICE, (extra,))


@dataclass(frozen=True, slots=True)
class Book(Verb):
    """The middle office books the allocations of the orders with these numbers, or of all.

    With ``mark`` the allocations, and orders that are done, become Booked (B6).
    """

    orders: tuple[int, ...] = ()
    mark: bool = True

    def tell(self, story: Story, at: datetime) -> Sent:
        wanted = [order for n, order in enumerate(story.orders) if n in self.orders or not self.orders]
        ids = tuple(
            ResourceId(desk.SCOPE, f"{placed.id.code}-{order.id.code}")
            for placed in _filled_tops(story)
            for order in wanted
        )
        return Sent("book_and_mark" if self.mark else "book", desk.MIDDLE_OFFICE, ids)


@dataclass(frozen=True, slots=True)
class Sweep(Verb):
    """The middle office retires the block."""

    def tell(self, story: Story, at: datetime) -> Sent:
        return Sent("sweep_blocks", desk.MIDDLE_OFFICE, tuple(story.blocks))
