"""The verbs that fill blocks: create orders in them, move orders between them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.http_request import Request
from tui.api.placing_states import Guard
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
from tui.service.numbers import counted, size_text
from tui.service.snapshot.naming import instrument_and_id
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.facts import (
    OTHER_CURRENCY,
    block_ref,
    blocks_of,
    instrument_of,
    order_lines,
    order_ref,
    outside,
    price_in_another_currency,
    priced,
)
from tui.service.verbs.preview_line import Caution, PreviewLine
from tui.service.verbs.verb import InFlightMark, ItemisedReply, Tier, Verb, by_id
from tui.service.verbs.verdicts import Verdict, Versions, verdict_of


class CreateOrders(Verb, frozen=True):
    """Create orders and create or update their blocks; a call is done whole or not at all (2.1)."""

    requests: tuple[BlockAndOrdersRequest, ...]
    basket: bool = False

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

    @property
    def of_basket(self) -> bool:
        return self.basket

    def split(self) -> tuple[CreateOrders, ...]:
        """Return calls of so many orders as others have items: each is done whole or not at all."""
        calls: list[list[BlockAndOrdersRequest]] = []
        room = 0
        for request in self.requests:
            if len(request.orders) > room or not calls:
                calls.append([])
                room = self.operation.limit
            calls[-1].append(request)
            room -= len(request.orders)
        return tuple(replace(self, requests=tuple(call)) for call in calls) or (self,)

    def only(self, refs: Collection[Ref]) -> CreateOrders:
        kept = (
            replace(request, orders=orders)
            for request in self.requests
            if (orders := tuple(order for order in request.orders if order_ref(order.id) in refs))
        )
        return replace(self, requests=tuple(kept))

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
            stop=request.stop_price,
            price=order.price,
            amount=order.amount,
            portfolio=order.portfolio_id,
            identifiers=request.instrument_identifiers,
        )

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        said = (
            outside((order.portfolio_id for order in request.orders), request.orders[0].id.scope)
            for request in self.requests
            if request.orders
        )
        return tuple(filter(None, said))

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        return tuple(caution for request in self.requests for caution in _other_currencies(snapshot, request))


def _other_currencies(snapshot: Snapshot, request: BlockAndOrdersRequest) -> Iterator[Caution]:
    """Yield the sizes and the prices in another currency than that in which the instrument trades."""
    known = instrument_of(snapshot, request.instrument_identifiers)
    if known is None or not known.currency:
        return
    for order in request.orders:
        if order.quantity is None and order.amount and order.amount.currency not in (None, known.currency):
            said = size_text(order.amount.amount, order.amount.currency or "")
            yield Caution(OTHER_CURRENCY, f"{said} of {known.label}, which trades in {known.currency}")
    for noun, price in (("limit", request.limit_price), ("stop", request.stop_price)):
        if price is not None:
            yield from price_in_another_currency(noun, price, known)


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

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        said = "may be in a block that is not on this desk, and would leave it"
        doubtful = [id for id in self.order_ids if id in snapshot.maybe_blocked]
        names = (instrument_and_id(snapshot, self.kind, id) for id in doubtful)
        return tuple(Caution("block not known", f"{name} {said}", Guard.TYPED) for name in names)
