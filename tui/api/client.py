"""The client: one async method per endpoint, for LUSID and for the embedded server alike.

It turns arguments into a request and bytes into models, and nothing else; what may be repeated is
decided in :mod:`tui.api.http`, what a partial answer means in :mod:`tui.service`. What an older server
does not know is left out or refused before it is sent (:mod:`tui.api.generations`).

All methods raise the errors of :mod:`tui.api.errors`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from tui.api import codec, endpoints
from tui.api.base import ResourceId
from tui.api.codec import Page
from tui.api.endpoints import Endpoint, FamilyEndpoints
from tui.api.errors import Forbidden, MalformedReply, NotFound, NotSent, NotServed
from tui.api.generations import MAY_BE_ABSENT, Generation, absent_in, fitted
from tui.api.models import (
    Allocation,
    Block,
    Execution,
    HistoryItem,
    Order,
    OrderGraphBlock,
    OrderGraphPlacement,
    Placement,
    Transaction,
)
from tui.api.requests import (
    AllocationReply,
    AllocationRequest,
    AllocationSetRequest,
    BlockAndOrders,
    BlockAndOrdersCreateRequest,
    BlockRequest,
    BlockSetRequest,
    BookingReply,
    BookTransactionsRequest,
    CancelledAndMoved,
    CancelledOrder,
    CancelledPlacement,
    CancelOrdersAndMoveRemainingRequest,
    CurrentUser,
    DeletedEntity,
    ExecutionRequest,
    ExecutionSetRequest,
    KeyedReply,
    MarketRequest,
    MarketStatus,
    MovedOrder,
    MoveOrdersToDifferentBlocksRequest,
    OrderRequest,
    OrderSetRequest,
    OrderUpdateRequest,
    PlaceBlocksRequest,
    PlacementRequest,
    PlacementSetRequest,
    PlacementUpdateRequest,
    ResourceList,
    SweepBlocksRequest,
    WeightedAllocationServiceRunRequest,
)

if TYPE_CHECKING:
    from tui.api.http import Http, Query, Reply

T = TypeVar("T")
E = TypeVar("E")
R = TypeVar("R")
Call = Callable[..., Awaitable["Reply"]]


def _read(kind: type[T], reply: Reply) -> T:
    try:
        return codec.decode(kind, reply.body)
    except codec.Malformed as error:
        raise MalformedReply(f"The answer could not be read: {error}", request_id=reply.request_id) from error


def _read_page(row: type[T], reply: Reply) -> Page[T]:
    try:
        return codec.decode_page(row, reply.body)
    except codec.Malformed as error:
        raise MalformedReply(f"The list could not be read: {error}", request_id=reply.request_id) from error


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _listing(
    filter: str | None,
    sort_by: Sequence[str],
    limit: int | None,
    as_at: datetime | None,
    property_keys: Sequence[str],
) -> dict[str, str | Sequence[str] | None]:
    return {
        "filter": filter,
        "sortBy": sort_by,
        "limit": None if limit is None else str(limit),
        "asAt": _instant(as_at),
        "propertyKeys": property_keys,
    }


class EntityResource(Generic[E, R]):
    """List, get, upsert and delete of one family of entities (2.14)."""

    def __init__(self, call: Call, urls: FamilyEndpoints, entity: type[E], envelope: type[object]) -> None:
        self._call = call
        self._urls = urls
        self._entity = entity
        self._envelope = envelope

    async def list(
        self,
        *,
        filter: str | None = None,
        sort_by: Sequence[str] = (),
        limit: int | None = None,
        page: str | None = None,
        as_at: datetime | None = None,
        property_keys: Sequence[str] = (),
    ) -> Page[E]:
        """Give one page; ``page`` is the token of the one before it (1 to 5000 rows in ``limit``)."""
        query = {**_listing(filter, sort_by, limit, as_at, property_keys), "page": page}
        return _read_page(self._entity, await self._call(self._urls.list, query=query))

    async def get(
        self, id: ResourceId, *, as_at: datetime | None = None, property_keys: Sequence[str] = ()
    ) -> E:
        """Give one entity as it was at ``as_at``; raises NotFound when it was not."""
        query = {"asAt": _instant(as_at), "propertyKeys": property_keys}
        reply = await self._call(self._urls.get, path=_path(id), query=query)
        return _read(self._entity, reply)

    async def upsert(self, requests: Sequence[R], *, key: str | None = None) -> tuple[E, ...]:
        """Create or replace entities, all or none."""
        body = self._envelope(**{self._envelope.__struct_fields__[0]: tuple(requests)})  # type: ignore[attr-defined]
        reply = await self._call(self._urls.upsert, body=body, key=key)
        return _read(codec.list_of(self._entity), reply).values

    async def delete(self, id: ResourceId) -> DeletedEntity:
        """Hide an entity from every later asAt."""
        return _read(DeletedEntity, await self._call(self._urls.delete, path=_path(id)))


def _path(id: ResourceId) -> dict[str, str]:
    return {"scope": id.scope, "code": id.code}


class Client:
    """The Order Management API of one server.

    ``key`` names a write, so that a server which knows idempotency keys does it once. ``absent`` tells
    why endpoints cannot be used, by name: those its generation does not have, and those the server
    turned out not to have (T10); ``denied`` why writes were refused to whoever is signed on (403).
    """

    def __init__(self, http: Http, generation: Generation = "latest") -> None:
        self.http = http
        self.generation = generation
        self.absent = absent_in(generation)
        self.denied: dict[str, str] = {}
        self._beyond = frozenset(self.absent)
        call = self._call
        self.blocks = EntityResource[Block, BlockRequest](call, endpoints.BLOCKS, Block, BlockSetRequest)
        self.orders = EntityResource[Order, OrderRequest](call, endpoints.ORDERS, Order, OrderSetRequest)
        self.placements = EntityResource[Placement, PlacementRequest](
            call, endpoints.PLACEMENTS, Placement, PlacementSetRequest
        )
        self.executions = EntityResource[Execution, ExecutionRequest](
            call, endpoints.EXECUTIONS, Execution, ExecutionSetRequest
        )
        self.allocations = EntityResource[Allocation, AllocationRequest](
            call, endpoints.ALLOCATIONS, Allocation, AllocationSetRequest
        )

    async def close(self) -> None:
        await self.http.close()

    async def _send(
        self, kind: type[T], endpoint: Endpoint, body: object, key: str | None, query: Query | None = None
    ) -> T:
        return _read(kind, await self._call(endpoint, body=body, key=key, query=query))

    async def _call(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: object = None,
        key: str | None = None,
    ) -> Reply:
        """Send a request as the server's generation takes it, and learn what the server does not have."""
        if endpoint.name in self._beyond:
            raise NotSent(
                f"A server of generation {self.generation} cannot do this: {endpoint.summary}.",
                advice=NotServed.advice,
            )
        try:
            return await self.http.call(
                endpoint, path=path, query=query, body=fitted(body, self.generation), key=key
            )
        except NotServed as error:
            self.absent[endpoint.name] = error.why
            raise
        except Forbidden as error:
            if endpoint.effect == "writes":
                self.denied[endpoint.name] = error.why
            raise
        except NotFound as error:
            if endpoint.name not in MAY_BE_ABSENT:
                raise
            self.absent[endpoint.name] = error.why
            raise NotServed(
                error.why, problem=error.problem, status=error.status, request_id=error.request_id
            ) from error

    async def create_orders(
        self, request: BlockAndOrdersCreateRequest, *, key: str | None = None
    ) -> tuple[BlockAndOrders, ...]:
        """Create orders and create or update their blocks, all or none (2.1)."""
        reply = await self._send(ResourceList[BlockAndOrders], endpoints.CREATE_ORDERS, request, key)
        return reply.values

    async def move_orders(
        self, request: MoveOrdersToDifferentBlocksRequest, *, key: str | None = None
    ) -> tuple[MovedOrder, ...]:
        """Move orders to new or existing blocks, all or none (2.2)."""
        reply = await self._send(ResourceList[MovedOrder], endpoints.MOVE_ORDERS, request, key)
        return reply.values

    async def update_orders(
        self, requests: Mapping[str, OrderUpdateRequest], *, key: str | None = None
    ) -> KeyedReply[Order]:
        """Update orders, each for itself (2.3)."""
        return await self._send(KeyedReply[Order], endpoints.UPDATE_ORDERS, requests, key)

    async def place_blocks(
        self, request: PlaceBlocksRequest, *, key: str | None = None
    ) -> tuple[Placement, ...]:
        """Place blocks, all or none (2.4)."""
        return (await self._send(ResourceList[Placement], endpoints.PLACE_BLOCKS, request, key)).values

    async def update_placements(
        self, requests: Mapping[str, PlacementUpdateRequest], *, key: str | None = None
    ) -> KeyedReply[Placement]:
        """Update placements, each for itself (2.5)."""
        return await self._send(KeyedReply[Placement], endpoints.UPDATE_PLACEMENTS, requests, key)

    async def cancel_placements(
        self, ids: Mapping[str, ResourceId], *, key: str | None = None
    ) -> KeyedReply[CancelledPlacement]:
        """Cancel placements and their children, each for itself (2.6)."""
        return await self._send(KeyedReply[CancelledPlacement], endpoints.CANCEL_PLACEMENTS, ids, key)

    async def cancel_orders(
        self, ids: Mapping[str, ResourceId], *, key: str | None = None
    ) -> KeyedReply[CancelledOrder]:
        """Cancel orders, each for itself (2.7)."""
        return await self._send(KeyedReply[CancelledOrder], endpoints.CANCEL_ORDERS, ids, key)

    async def run_allocation_service(
        self, placements: Sequence[ResourceId], *, algorithm: str | None = None, key: str | None = None
    ) -> AllocationReply:
        """Allocate the placements' executions to their orders (2.8; the same in all generations)."""
        query = {"allocationAlgorithm": algorithm}
        return await self._send(AllocationReply, endpoints.ALLOCATE, list(placements), key, query)

    async def run_allocation_service_with_weights(
        self,
        request: WeightedAllocationServiceRunRequest,
        *,
        algorithm: str | None = None,
        key: str | None = None,
    ) -> AllocationReply:
        """Allocate the executions of orderless blocks to portfolios by weight (2.12)."""
        query = {"allocationAlgorithm": algorithm}
        return await self._send(AllocationReply, endpoints.ALLOCATE_WEIGHTED, request, key, query)

    async def book_transactions(
        self,
        request: BookTransactionsRequest,
        *,
        apply_fees_and_commission: bool | None = None,
        mark_orders_and_allocations_as_booked: bool | None = None,
        key: str | None = None,
    ) -> BookingReply:
        """Book allocations as transactions, each for itself (2.9)."""
        query = {
            "applyFeesAndCommission": _flag(apply_fees_and_commission),
        }
        if self.generation == "latest":
            query["markOrdersAndAllocationsAsBooked"] = _flag(mark_orders_and_allocations_as_booked)
        return await self._send(BookingReply, endpoints.BOOK_TRANSACTIONS, request, key, query)

    async def book_transactions_list(
        self, allocations: Sequence[ResourceId], *, key: str | None = None
    ) -> BookingReply:
        """Book allocations in the older document's form: a bare list and no switches (2.9)."""
        return await self._send(BookingReply, endpoints.BOOK_TRANSACTIONS, list(allocations), key)

    async def cancel_orders_and_move_remaining(
        self, requests: Mapping[str, CancelOrdersAndMoveRemainingRequest], *, key: str | None = None
    ) -> KeyedReply[CancelledAndMoved]:
        """Cut orders to what is placed and carry the rest into new orders (2.11)."""
        return await self._send(KeyedReply[CancelledAndMoved], endpoints.CANCEL_AND_MOVE, requests, key)

    async def sweep_blocks(
        self, request: SweepBlocksRequest, *, key: str | None = None
    ) -> KeyedReply[ResourceId]:
        """Retire blocks whose work is done, each for itself (2.13)."""
        return await self._send(KeyedReply[ResourceId], endpoints.SWEEP_BLOCKS, request, key)

    async def get_order_history(
        self, id: ResourceId, *, as_at: datetime | None = None
    ) -> tuple[HistoryItem, ...]:
        """Give what happened to an order and its related entities, newest first (2.10).

        An older server knows no ``as_at`` here and tells everything: what happened later is left out.
        """
        knows = self.generation == "latest"
        query = {"asAt": _instant(as_at)} if knows else None
        reply = await self._call(endpoints.ORDER_HISTORY, path=_path(id), query=query)
        items = _read(ResourceList[HistoryItem], reply).values
        if knows or as_at is None:
            return items
        return tuple(each for each in items if each.as_at_modified is None or each.as_at_modified <= as_at)

    async def list_order_graph_blocks(
        self,
        *,
        filter: str | None = None,
        sort_by: Sequence[str] = (),
        limit: int | None = None,
        page: str | None = None,
        as_at: datetime | None = None,
        property_keys: Sequence[str] = (),
        include_swept: bool | None = None,
    ) -> Page[OrderGraphBlock]:
        """Give a page of blocks with the totals of their life cycle (2.15)."""
        query = {
            **_listing(filter, sort_by, limit, as_at, property_keys),
            "paginationToken": page,
        }
        if self.generation == "latest":
            query["includeSwept"] = _flag(include_swept)
        return _read_page(OrderGraphBlock, await self._call(endpoints.GRAPH_BLOCKS, query=query))

    async def list_order_graph_placements(
        self,
        *,
        filter: str | None = None,
        sort_by: Sequence[str] = (),
        limit: int | None = None,
        page: str | None = None,
        as_at: datetime | None = None,
        property_keys: Sequence[str] = (),
    ) -> Page[OrderGraphPlacement]:
        """Give a page of placements with what came of them (2.15)."""
        query = {**_listing(filter, sort_by, limit, as_at, property_keys), "paginationToken": page}
        return _read_page(OrderGraphPlacement, await self._call(endpoints.GRAPH_PLACEMENTS, query=query))

    async def list_order_graph_placement_children(
        self,
        id: ResourceId,
        *,
        sort_by: Sequence[str] = (),
        limit: int | None = None,
        page: str | None = None,
        as_at: datetime | None = None,
        property_keys: Sequence[str] = (),
    ) -> Page[OrderGraphPlacement]:
        """Give a page of the child placements of a placement (2.15)."""
        query = {**_listing(None, sort_by, limit, as_at, property_keys), "paginationToken": page}
        reply = await self._call(endpoints.GRAPH_CHILDREN, path=_path(id), query=query)
        return _read_page(OrderGraphPlacement, reply)

    async def list_transactions(
        self,
        portfolio: ResourceId,
        *,
        from_date: datetime | None = None,
        to_date: datetime | None = None,
        filter: str | None = None,
        sort_by: Sequence[str] = (),
        limit: int | None = None,
        page: str | None = None,
        as_at: datetime | None = None,
        property_keys: Sequence[str] = (),
        show_cancelled: bool | None = None,
    ) -> Page[Transaction]:
        """Give a page of what is booked in a portfolio (2.16)."""
        query = {
            **_listing(filter, sort_by, limit, as_at, property_keys),
            "page": page,
            "fromTransactionDate": _instant(from_date),
            "toTransactionDate": _instant(to_date),
            "showCancelledTransactions": _flag(show_cancelled),
        }
        reply = await self._call(endpoints.PORTFOLIO_TRANSACTIONS, path=_path(portfolio), query=query)
        return _read_page(Transaction, reply)

    async def who_am_i(self) -> CurrentUser:
        """Tell whose token the calls are made with, where there is LUSID's identity API to tell it."""
        return _read(CurrentUser, await self._call(endpoints.WHO_AM_I))

    async def market_status(self) -> MarketStatus:
        """Tell how the simulated market is doing; only the embedded server has one."""
        return _read(MarketStatus, await self._call(endpoints.MARKET_STATUS))

    async def set_market(self, request: MarketRequest, *, key: str | None = None) -> MarketStatus:
        """Run, pause, step or speed the simulated market, and tell how it is doing then."""
        return await self._send(MarketStatus, endpoints.SET_MARKET, request, key)
