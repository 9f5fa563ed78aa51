"""Verbs as a hurried dealer might send them: sensible ones and others, reproducible by their seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from tui.api.base import CurrencyAndAmount, Identifiers, ResourceId
from tui.api.models import Block, Placement
from tui.api.requests import (
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    CancelOrdersAndMoveRemainingRequest,
    ExecutionRequest,
    OrderUpdateRequest,
    PlacementRequest,
    PlacementUpdateRequest,
    PortfolioWeight,
)
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import (
    Allocate,
    AllocateWeighted,
    BookTransactions,
    CancelAndMove,
    CancelOrders,
    CancelPlacements,
    CreateOrders,
    MoveOrders,
    PlaceBlocks,
    RecordFills,
    SweepBlocks,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)

T = TypeVar("T")
START = datetime(2026, 11, 20, 9, tzinfo=UTC)
UNKNOWN = ({"Instrument/default/Isin": "XX0000000001"}, {"Instrument/default/Isin": "XX0000000002"})
PORTFOLIOS = ("UKEQ-GROW", "UKEQ-INC", "GLOB-BAL")


class RandomDealer:
    """Thinks of verbs for a desk as it stands."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._made = 0

    def verb(self, desk: Snapshot) -> Verb:
        """Return the next verb."""
        kinds: list[tuple[Callable[[Snapshot], Verb | None], int]] = [
            (self._create, 4),
            (self._move, 3),
            (self._update_orders, 3),
            (self._cancel_orders, 2),
            (self._cancel_and_move, 3),
            (self._place, 6),
            (self._update_placements, 3),
            (self._cancel_placements, 2),
            (self._fill, 6),
            (self._allocate, 6),
            (self._allocate_weighted, 1),
            (self._book, 3),
            (self._sweep, 2),
        ]
        makers, weights = zip(*kinds, strict=True)
        while True:
            (make,) = self._random.choices(makers, weights)
            verb: Verb | None = make(desk)
            if verb is not None:
                return verb

    # --- pieces ------------------------------------------------------------------------------------

    def _id(self, prefix: str) -> ResourceId:
        self._made += 1
        return ResourceId("demo", f"{prefix}-R{self._made:05}")

    def _some(self, items: Sequence[T], most: int) -> tuple[T, ...]:
        count = min(len(items), self._random.randint(1, most))
        return tuple(self._random.sample(items, count))

    def _one(self, items: Sequence[T]) -> T:
        return self._random.choice(items)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _size(self, around: Decimal | int = 1000) -> Decimal:
        """Return a size: mostly whole, of the order of ``around``, sometimes a fraction or nothing."""
        size = Decimal(self._random.randint(1, max(2, int(around * 2))))
        if self._chance(0.1):
            return size / 8
        return Decimal(0) if self._chance(0.02) else size

    def _time(self) -> datetime:
        """Return one of a few moments, so that several rows share one."""
        return START + timedelta(minutes=self._random.randint(0, 5))

    def _block(self, desk: Snapshot) -> Block:
        blocks = [row.block for row in desk.blocks.values()]
        newest = blocks[-12:] if self._chance(0.7) else blocks
        return self._one(newest)

    def _price(self, near: CurrencyAndAmount | None = None) -> CurrencyAndAmount:
        amount = (near.amount if near else None) or Decimal(10)
        return CurrencyAndAmount(
            amount=amount + Decimal(self._random.randint(-5, 5)) / 100,
            currency=(near.currency if near else None) or "GBP",
        )

    # --- orders ------------------------------------------------------------------------------------

    def _create(self, desk: Snapshot) -> Verb:
        held = self._block(desk) if self._chance(0.5) else None
        known = list(desk.instruments.values())
        identifiers: Identifiers = self._one(UNKNOWN) if self._chance(0.1) else self._one(known).identifiers
        limit = self._price() if self._chance(0.5) else None
        terms: dict[str, Any] = {
            "block_id": self._id("BLK"),
            "instrument_identifiers": identifiers,
            "side": self._one(("Buy", "Sell")),
            "type": "Limit" if limit else "Market",
            "time_in_force": "Day",
            "limit_price": limit,
        }
        if held is not None:
            same = ("instrument_identifiers", "side", "type", "time_in_force", "limit_price", "stop_price")
            terms.update({name: getattr(held, name) for name in same}, block_id=held.id)
            if self._chance(0.15):
                terms["side"] = "Sell" if held.side == "Buy" else "Buy"
        by_amount = self._chance(0.15)
        orders = tuple(
            BlockedOrderRequest(
                id=self._id("ORD"),
                portfolio_id=None if self._chance(0.05) else ResourceId("demo", self._one(PORTFOLIOS)),
                quantity=None if by_amount else self._size(),
                amount=CurrencyAndAmount(amount=self._size(50_000), currency="GBP") if by_amount else None,
                date=self._time(),
            )
            for _ in range(self._random.randint(1, 3))
        )
        return CreateOrders((BlockAndOrdersRequest(orders=orders, date=self._time(), **terms),))

    def _move(self, desk: Snapshot) -> Verb:
        target = self._id("BLK") if self._chance(0.4) else self._block(desk).id
        source = self._block(desk)
        near = [id for id in source.order_ids if id in desk.orders]
        orders = near if near and self._chance(0.7) else list(desk.orders)
        return MoveOrders(self._some(orders, 3), target)

    def _update_orders(self, desk: Snapshot) -> Verb:
        updates = []
        for id in self._some(list(desk.orders), 4):
            order = desk.orders[id]
            update: dict[str, Any] = {}
            if order.quantity is not None and self._chance(0.8):
                update["quantity"] = self._size(order.quantity)
            elif order.amount is not None:
                update["amount"] = CurrencyAndAmount(
                    amount=self._size(50_000), currency=order.amount.currency
                )
            if order.limit_price is not None and self._chance(0.3):
                update["limit_price"] = self._price(order.limit_price)
            if self._chance(0.2):
                update["portfolio_id"] = ResourceId("demo", self._one(PORTFOLIOS))
            updates.append(OrderUpdateRequest(id=id, **update))
        return UpdateOrders(tuple(updates))

    def _cancel_orders(self, desk: Snapshot) -> Verb:
        return CancelOrders(self._some(list(desk.orders), 4))

    def _cancel_and_move(self, desk: Snapshot) -> Verb:
        block = self._block(desk)
        orders = [id for id in block.order_ids if id in desk.orders] or list(desk.orders)
        target = self._id("BLK")
        return CancelAndMove(
            tuple(
                CancelOrdersAndMoveRemainingRequest(
                    cancel_order_id=id,
                    move_remaining_to_order_id=self._id("ORD"),
                    move_remaining_to_block_id=target if self._chance(0.9) else self._block(desk).id,
                )
                for id in self._some(orders, 3)
            )
        )

    # --- placements and fills ----------------------------------------------------------------------

    def _place(self, desk: Snapshot) -> Verb:
        return PlaceBlocks(tuple(self._placing(desk) for _ in range(self._random.randint(1, 2))))

    def _placing(self, desk: Snapshot) -> PlacementRequest:
        block = self._block(desk)
        row = desk.blocks[block.id]
        free = (row.ordered.quantity or Decimal(0)) - (row.placed.quantity or Decimal(0))
        ids: tuple[ResourceId, ...] = (block.id,)
        if self._chance(0.15):
            alike = [
                each.block.id
                for each in desk.blocks.values()
                if each.block.lusid_instrument_id == block.lusid_instrument_id
                and each.block.side == block.side
                and each.block.id != block.id
            ]
            ids = (block.id, *self._some(alike, 2)) if alike else ids
        parent = None
        if self._chance(0.1):
            parent = self._one([*desk.placements_of_block(block.id), None])
        by_amount = block.quantity is None and block.amount is not None
        quantity = free if free > 0 and self._chance(0.4) else self._size(max(free, Decimal(2)))
        return PlacementRequest(
            id=self._id("PLC"),
            parent_placement_id=parent,
            block_ids=ids,
            instrument_identifiers=block.instrument_identifiers,
            quantity=None if by_amount else quantity,
            amount=CurrencyAndAmount(amount=self._size(20_000), currency="GBP") if by_amount else None,
            side=block.side if self._chance(0.95) else "Sell",
            type=block.type or "Market",
            time_in_force="Day",
            created_date=self._time(),
            limit_price=block.limit_price,
            stop_price=block.stop_price,
            counterparty=self._one(("ALBN", "GSIL", None)),
        )

    def _placements(self, desk: Snapshot) -> list[ResourceId]:
        found = list(desk.placements)
        return found[-15:] if self._chance(0.6) else found

    def _update_placements(self, desk: Snapshot) -> Verb | None:
        updates = []
        for id in self._some(self._placements(desk), 3):
            row = desk.placements[id]
            update: dict[str, Any] = {}
            if row.quantity is not None and self._chance(0.6):
                update["quantity"] = self._size(row.quantity)
            if self._chance(0.4):
                update["limit_price"] = Decimal(self._random.randint(1, 900)) / 100
            if self._chance(0.3):
                update["currency"] = "GBP"
            if self._chance(0.3):
                update["type"] = self._one(("Limit", "Market"))
            if self._chance(0.3):
                update["counterparty"] = "ALBN"
            updates.append(PlacementUpdateRequest(id=id, **update))
        return UpdatePlacements(tuple(updates)) if updates else None

    def _cancel_placements(self, desk: Snapshot) -> Verb | None:
        found = self._some(self._placements(desk), 3)
        return CancelPlacements(found) if found else None

    def _fill(self, desk: Snapshot) -> Verb | None:
        placements = [desk.placements[id] for id in self._placements(desk)]
        if not placements:
            return None
        place = self._one(placements)
        if desk.executions and self._chance(0.15):
            held = self._one(list(desk.executions.values())[-30:])
            if held.placement_id in desk.placements:
                return RecordFills((self._execution(desk.placements[held.placement_id], held.id),))
        count = self._random.randint(1, 3)
        return RecordFills(tuple(self._execution(place, self._id("EXE")) for _ in range(count)))

    def _execution(self, placement: Placement, id: ResourceId) -> ExecutionRequest:
        return ExecutionRequest(
            id=id,
            placement_id=placement.id,
            instrument_identifiers=placement.instrument_identifiers,
            quantity=self._size((placement.quantity or Decimal(1000)) / 2),
            state="Executed" if self._chance(0.95) else "Cancelled",
            side=placement.side if self._chance(0.97) else "Sell",
            type=placement.type or "Market",
            created_date=self._time(),
            settlement_date=self._time() + timedelta(days=2),
            price=self._price(placement.limit_price),
            settlement_currency="GBP",
            settlement_currency_fx_rate=Decimal(1),
            counterparty=placement.counterparty or "ALBN",
        )

    # --- after the market --------------------------------------------------------------------------

    def _allocate(self, desk: Snapshot) -> Verb | None:
        filled = [id for id in desk.placements if desk.executions_of_placement(id)]
        some = filled if self._chance(0.95) else list(desk.placements)
        algorithm = self._one(("PR-FIFO", "PR-LF", "PR-SF", "FIFO", "NONE-SUCH"))
        return Allocate(self._some(some, 3), algorithm) if some else None

    def _allocate_weighted(self, desk: Snapshot) -> Verb | None:
        found = self._some(self._placements(desk), 2)
        weights = tuple(
            PortfolioWeight(portfolio_id=ResourceId("demo", name), weight=self._size(5))
            for name in PORTFOLIOS
        )
        return AllocateWeighted(found, weights) if found else None

    def _book(self, desk: Snapshot) -> Verb | None:
        shares = list(desk.allocations)
        if not shares:
            return None
        return BookTransactions(self._some(shares[-20:], 5), mark_booked=self._chance(0.7))

    def _sweep(self, desk: Snapshot) -> Verb:
        latest = datetime.now(UTC) + timedelta(minutes=self._random.choice((-600, 600)))
        return SweepBlocks(self._some(list(desk.blocks), 6), latest.isoformat())
