"""The verbs that fill blocks: create orders in them, move orders between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from tui.api import operations
from tui.api.base import ZERO, ResourceId
from tui.api.client import Client
from tui.api.http_request import Request
from tui.api.models import Order
from tui.api.requests import (
    BlockAndOrderIdRequest,
    BlockAndOrders,
    BlockAndOrdersCreateRequest,
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    MovedOrder,
    MoveOrdersToDifferentBlocksRequest,
    ResourceList,
)
from tui.api.states import is_final
from tui.service.numbers import counted
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.block_fit import misfit
from tui.service.verbs.facts import (
    block_ref,
    blocks_of,
    held_in,
    instrument_of,
    order_lines,
    order_ref,
    outside,
    priced,
    units_of,
    will_hold,
)
from tui.service.verbs.verb import (
    Caution,
    InFlightMark,
    ItemisedReply,
    PreviewLine,
    Tier,
    Verb,
    Verdict,
    Versions,
    by_id,
    verdict_of,
)


class CreateOrders(Verb, frozen=True):
    """Create orders and create or update their blocks; a call is done whole or not at all (2.1)."""

    requests: tuple[BlockAndOrdersRequest, ...]

    operation: ClassVar = operations.CREATE_ORDERS
    title: ClassVar[str] = "Create"
    needs_rows: ClassVar[bool] = False
    past: ClassVar[str] = "created"
    kind: ClassVar[EntityKind] = EntityKind.ORDERS
    mark: ClassVar[InFlightMark] = InFlightMark.NEW
    listed: ClassVar[str] = "requests"
    base_tier: ClassVar[Tier] = Tier.T1

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(order_ref(order.id) for request in self.requests for order in request.orders)

    def only(self, refs: Collection[Ref]) -> CreateOrders:
        kept = (
            replace(request, orders=orders)
            for request in self.requests
            if (orders := tuple(order for order in request.orders if order_ref(order.id) in refs))
        )
        return CreateOrders(tuple(kept))

    def build(self, client: Client, key: str | None = None) -> Request[ResourceList[BlockAndOrders]]:
        return client.build(self.operation, BlockAndOrdersCreateRequest(requests=self.requests), key=key)

    def read(self, reply: ResourceList[BlockAndOrders], request: Request[Any]) -> ItemisedReply:
        return ItemisedReply(by_id(order for pair in reply.values for order in pair.orders))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return frozenset((*self.refs, *(block_ref(request.block_id) for request in self.requests)))

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        blocks = {block_ref(request.block_id): InFlightMark.AMEND.value for request in self.requests}
        return {**blocks, **dict.fromkeys(self.refs, InFlightMark.NEW.value)}

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        return verdict_of(ref in after and ref not in before, ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return tuple(
            self._line(snapshot, request, order) for request in self.requests for order in request.orders
        )

    def _line(
        self, snapshot: Snapshot, request: BlockAndOrdersRequest, order: BlockedOrderRequest
    ) -> PreviewLine:
        return priced(
            order_ref(order.id),
            order.side or request.side or "",
            order.quantity,
            instrument_of(snapshot, request.instrument_identifiers),
            limit=request.limit_price,
            price=order.price,
            amount=order.amount,
            portfolio=order.portfolio_id,
            identifiers=request.instrument_identifiers,
        )

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        said = []
        for request in self.requests:
            count, quantity = held_in(snapshot, request.block_id)
            quantity += sum((order.quantity or ZERO for order in request.orders), ZERO)
            new = "" if block_ref(request.block_id) in snapshot else "New block "
            said.append(new + will_hold(request.block_id, count + len(request.orders), quantity))
            portfolios = (order.portfolio_id for order in request.orders)
            if foreign := outside(portfolios, request.orders[0].id.scope if request.orders else ""):
                said.append(foreign)
        return tuple(said)

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        found = list(self._already_exist(snapshot))
        for request in self.requests:
            held = snapshot.blocks.get(request.block_id)
            if held is None or not held.block.order_ids:
                continue
            why = misfit(request, held.block)
            if why:
                found.append(Caution("will not fit", f"{request.block_id.code}: {why}"))
        return tuple(found)


class MoveOrders(Verb, frozen=True):
    """Move orders into one block, new or existing; a call is done whole or not at all (2.2)."""

    order_ids: tuple[ResourceId, ...]
    destination: ResourceId

    operation: ClassVar = operations.MOVE_ORDERS
    title: ClassVar[str] = "Move"
    past: ClassVar[str] = "moved"
    kind: ClassVar[EntityKind] = EntityKind.ORDERS
    listed: ClassVar[str] = "order_ids"
    base_tier: ClassVar[Tier] = Tier.T1

    @property
    def label(self) -> str:
        beside = all(id.scope == self.destination.scope for id in self.order_ids)
        where = self.destination.code if beside else self.destination
        return f"Move {counted(len(self.order_ids), 'order')} to {where}"

    def build(self, client: Client, key: str | None = None) -> Request[ResourceList[MovedOrder]]:
        requests = tuple(
            BlockAndOrderIdRequest(destination_block_id=self.destination, order_id=id)
            for id in self.order_ids
        )
        return client.build(self.operation, MoveOrdersToDifferentBlocksRequest(requests=requests), key=key)

    def read(self, reply: ResourceList[MovedOrder], request: Request[Any]) -> ItemisedReply:
        return ItemisedReply(by_id(item.order for item in reply.values if item.order))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        sources = blocks_of(snapshot, self.order_ids)
        return frozenset((*self.refs, block_ref(self.destination), *map(block_ref, sources)))

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        return dict.fromkeys(self.touched(snapshot), InFlightMark.AMEND.value)

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        return verdict_of(after.block_of_order(ref.id) == self.destination, ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return order_lines(snapshot, self.order_ids)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        leaving = {
            block: [id for id in ids if block != self.destination]
            for block, ids in blocks_of(snapshot, self.order_ids).items()
        }
        coming = [id for id in self.order_ids if snapshot.block_of_order(id) != self.destination]
        count, quantity = held_in(snapshot, self.destination)
        new = "" if block_ref(self.destination) in snapshot else "New block "
        said = [new + will_hold(self.destination, count + len(coming), quantity + units_of(snapshot, coming))]
        for block, ids in leaving.items():
            if ids:
                count, quantity = held_in(snapshot, block)
                said.append(will_hold(block, count - len(ids), quantity - units_of(snapshot, ids)))
        return tuple(said)

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        return tuple(
            Caution("will not fit", f"{id.code}: {why}")
            for id in self.order_ids
            if (why := self._obstacle(snapshot, id))
        )

    def _obstacle(self, snapshot: Snapshot, id: ResourceId) -> str:
        order, target = snapshot.orders.get(id), snapshot.blocks.get(self.destination)
        if order is None:
            return "not on the desk"
        if is_final(order.state):
            return f"state is {order.state}"
        if snapshot.allocations_of_order(id):
            return "it has allocations"
        if target is None:
            first = snapshot.orders.get(self.order_ids[0])
            return _apart(order, first)
        if target.block.is_swept:
            return f"{self.destination.code} is swept"
        return misfit(order, target.block) if target.block.order_ids else ""


def _apart(order: Order, first: Order | None) -> str:
    """Return why an order cannot share a new block with the first one; empty when it can."""
    if first is None or order is first:
        return ""
    if order.lusid_instrument_id != first.lusid_instrument_id:
        return f"instrument differs from {first.id.code}'s"
    pairs = (
        ("side", order.side, first.side),
        ("type", order.type, first.type),
        ("time in force", order.time_in_force, first.time_in_force),
        ("limit price", order.limit_price, first.limit_price),
        ("stop price", order.stop_price, first.stop_price),
    )
    for title, mine, theirs in pairs:
        if mine != theirs:
            return f"{title} {mine or 'none'} differs from {theirs or 'none'} of {first.id.code}"
    return ""
