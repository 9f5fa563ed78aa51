"""The verbs that change or end orders: update, cancel, and cancel with the unplaced rest moved."""

from __future__ import annotations

from typing import ClassVar

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.models import Order
from tui.api.requests import (
    CancelledAndMoved,
    CancelledOrder,
    CancelOrdersAndMoveRemainingRequest,
    OrderUpdateRequest,
)
from tui.api.states import is_cancelled
from tui.service.snapshot.naming import short
from tui.service.snapshot.sizing import size_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.changes import UpdateVerb, updated
from tui.service.verbs.facts import (
    block_ref,
    blocks_of,
    order_line,
    order_lines,
    order_ref,
)
from tui.service.verbs.preview_line import PreviewLine
from tui.service.verbs.verb import InFlightMark, KeyedVerb, Tier
from tui.service.verbs.verdicts import Verdict, Versions, has_changed, verdict_of


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


def _carried(item: CancelledAndMoved) -> str:
    """Return where the rest of a cancelled order went (X5)."""
    made = item.new_order
    if made is None:
        return "nothing was left to move"
    size = size_of(made)
    home = f" in block {short(item.new_block_id.code)}" if item.new_block_id else ""
    return f"{size} moved to order {short(made.id.code)}{home}"
