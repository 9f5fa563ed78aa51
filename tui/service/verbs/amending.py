"""The verbs that change or end orders: update, cancel, and cancel with the unplaced rest moved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from tui.api import operations
from tui.api.base import ZERO, ResourceId
from tui.api.models import Order
from tui.api.requests import (
    CancelledAndMoved,
    CancelledOrder,
    CancelOrdersAndMoveRemainingRequest,
    OrderUpdateRequest,
)
from tui.api.states import is_cancelled, is_final
from tui.service.numbers import units
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.block_fit import misfit
from tui.service.verbs.changes import UpdateVerb, updated
from tui.service.verbs.facts import (
    block_ref,
    blocks_of,
    held_in,
    order_line,
    order_lines,
    order_ref,
    units_of,
    will_hold,
)
from tui.service.verbs.verb import (
    Caution,
    InFlightMark,
    KeyedVerb,
    PreviewLine,
    Tier,
    Verdict,
    Versions,
    has_changed,
    verdict_of,
)


class UpdateOrders(UpdateVerb, frozen=True):
    """Change orders, each for itself; only what is sent changes (2.3)."""

    updates: tuple[OrderUpdateRequest, ...]

    operation: ClassVar = operations.UPDATE_ORDERS
    kind: ClassVar[EntityKind] = EntityKind.ORDERS
    base_tier: ClassVar[Tier] = Tier.T1

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        blocks = blocks_of(snapshot, (update.id for update in self.updates))
        return frozenset((*self.refs, *map(block_ref, blocks)))

    def tier(self, snapshot: Snapshot) -> Tier:
        blocks = blocks_of(snapshot, (update.id for update in self.updates))
        placed = any(snapshot.placements_of_block(block) for block in blocks)
        return Tier.T2 if placed else Tier.T1

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return tuple(
            order_line(snapshot, updated(order, update)) for update, order in self._on_desk(snapshot)
        )

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        found = list(self._not_on_desk(snapshot))
        for update, order in self._on_desk(snapshot):
            allocated = snapshot.allocated_of_order(update.id)
            if is_final(order.state):
                found.append(Caution("finished order", f"{update.id.code} is {order.state}"))
            elif allocated is not None and update.quantity is not None and update.quantity < allocated:
                text = f"{update.id.code}: {units(update.quantity)} is below the {units(allocated)} allocated"
                found.append(Caution("below allocated", text))
        return (*found, *self._below_placed(snapshot))

    def _below_placed(self, snapshot: Snapshot) -> Iterable[Caution]:
        asked = {each.id: each.quantity for each in self.updates if each.quantity is not None}
        for block, ids in blocks_of(snapshot, asked).items():
            count, total = held_in(snapshot, block)
            left = total - units_of(snapshot, ids) + sum((asked[id] or ZERO for id in ids), ZERO)
            placed = snapshot.blocks[block].placed.quantity or ZERO
            if count and left < placed:
                text = f"{block.code} would hold {units(left)}, but {units(placed)} are placed"
                yield Caution("below placed", text)


class CancelOrders(KeyedVerb, frozen=True):
    """Cancel orders, each for itself (2.7)."""

    order_ids: tuple[ResourceId, ...]

    operation: ClassVar = operations.CANCEL_ORDERS
    title: ClassVar[str] = "Cancel"
    past: ClassVar[str] = "cancelled"
    kind: ClassVar[EntityKind] = EntityKind.ORDERS
    mark: ClassVar[InFlightMark] = InFlightMark.CANCEL
    listed: ClassVar[str] = "order_ids"

    def _entity(self, value: CancelledOrder) -> Order | None:
        return value.order_state

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return frozenset((*self.refs, *map(block_ref, blocks_of(snapshot, self.order_ids))))

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        order = after.orders.get(ref.id)
        return verdict_of(order is not None and is_cancelled(order.state), ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return order_lines(snapshot, self.order_ids)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        said = []
        for block, ids in blocks_of(snapshot, self.order_ids).items():
            count, quantity = held_in(snapshot, block)
            rows = [snapshot.orders[id] for id in ids if id in snapshot.orders]
            live = [order.id for order in rows if not is_cancelled(order.state)]
            said.append(will_hold(block, count - len(live), quantity - units_of(snapshot, live)))
        return tuple(said)

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        found = [
            Caution("finished order", f"{id.code} is {order.state}")
            for id, order in self._on_desk(snapshot)
            if is_final(order.state)
        ]
        for block, ids in blocks_of(snapshot, self.order_ids).items():
            left = held_in(snapshot, block)[1] - units_of(snapshot, ids)
            placed = snapshot.blocks[block].placed.quantity or ZERO
            if placed > left:
                text = f"{block.code}: {units(placed)} placed, {units(left)} would be left"
                found.append(Caution("already placed", text))
        return tuple(found)


class CancelAndMove(KeyedVerb, frozen=True):
    """Cancel what is not placed of orders and move it to new orders, each item for itself (2.11)."""

    items: tuple[CancelOrdersAndMoveRemainingRequest, ...]

    operation: ClassVar = operations.CANCEL_AND_MOVE
    title: ClassVar[str] = "Cancel and move the rest of"
    past: ClassVar[str] = "cancelled and moved"
    kind: ClassVar[EntityKind] = EntityKind.ORDERS
    mark: ClassVar[InFlightMark] = InFlightMark.CANCEL
    listed: ClassVar[str] = "items"

    @property
    def label_of_one(self) -> str:
        return "Cancel order and move the rest"

    def _id_of(self, item: CancelOrdersAndMoveRemainingRequest) -> ResourceId:
        return item.cancel_order_id

    def _note(self, value: CancelledAndMoved) -> str:
        return _carried(value)

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        sources = blocks_of(snapshot, (item.cancel_order_id for item in self.items))
        new = (order_ref(item.move_remaining_to_order_id) for item in self.items)
        targets = (block_ref(item.move_remaining_to_block_id) for item in self.items)
        return frozenset((*self.refs, *new, *targets, *map(block_ref, sources)))

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        item = next(each for each in self.items if each.cancel_order_id == ref.id)
        carried = order_ref(item.move_remaining_to_order_id) in after
        order = after.orders.get(ref.id)
        cancelled = order is not None and is_cancelled(order.state)
        return verdict_of(cancelled and (carried or has_changed(ref, before, after)), ref, before, after)

    def became(self, ref: Ref, after: Snapshot) -> str:
        item = next(each for each in self.items if each.cancel_order_id == ref.id)
        made = after.orders.get(item.move_remaining_to_order_id)
        home = after.block_of_order(made.id) if made else None
        return _carried(CancelledAndMoved(new_order=made, new_block_id=home))

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return order_lines(snapshot, (item.cancel_order_id for item in self.items))

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        return tuple(self._effect(item, snapshot) for item in self.items)

    def _effect(self, item: CancelOrdersAndMoveRemainingRequest, snapshot: Snapshot) -> str:
        code = item.cancel_order_id.code
        home = snapshot.block_of_order(item.cancel_order_id)
        block = snapshot.blocks.get(home) if home else None
        if block is not None and (block.placed.quantity or ZERO) >= (block.ordered.quantity or ZERO):
            return f"{code}: all of it is placed, so nothing moves; it becomes Cancelled"
        block_id = item.move_remaining_to_block_id
        where = block_id.code if block_id.scope == item.cancel_order_id.scope else block_id
        new = f"{item.move_remaining_to_order_id.code} in {where}"
        return f"{code}: what is not placed becomes {new}"

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        found = []
        for item, order in self._on_desk(snapshot):
            target = snapshot.blocks.get(item.move_remaining_to_block_id)
            if is_final(order.state):
                found.append(Caution("finished order", f"{order.id.code} is {order.state}"))
            elif target is not None and target.block.order_ids and (why := misfit(order, target.block)):
                found.append(Caution("will not fit", f"{order.id.code}: {why}"))
            if order_ref(item.move_remaining_to_order_id) in snapshot:
                found.append(Caution("id exists", f"{item.move_remaining_to_order_id.code} already exists"))
        return tuple(found)


def _carried(item: CancelledAndMoved) -> str:
    """Return where the rest of a cancelled order went (X5)."""
    made = item.new_order
    if made is None:
        return "nothing was left to move"
    size = str(made.amount) if made.quantity is None and made.amount else units(made.quantity)
    home = f" in block {item.new_block_id.code}" if item.new_block_id else ""
    return f"{size} moved to order {made.id.code}{home}"
