"""Every operation of the API, declared once, in the sense of OpenAPI: one method on one path.

A row says what an operation takes and answers, and since which generation of the API there is one. All else
is derived from it: what the client sends and how it reads the answer, what the embedded server routes, reads
and leaves out for an older generation, curl commands, the tables of fidelity and what the tests must prove.

A new operation takes four places: its row here, the types of its request and reply in
:mod:`tui.api.requests`, the server's function (:mod:`tui.oms.engine.commands` when it writes,
:mod:`tui.oms.http.read_endpoints` when it reads), and whoever calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from tui.api.base import ResourceId
from tui.api.codec import Page, list_of, page_of
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
from tui.api.operation import MAX_ITEMS, EntityOperations, Generation, Operation, declared_in
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
    GrantedToken,
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

MAX_BOOKED: Final = 5000
"""The most allocations of one booking (2.0)."""

BodyT = TypeVar("BodyT")
ReplyT = TypeVar("ReplyT")
EntityT = TypeVar("EntityT")
ItemT = TypeVar("ItemT")


def _manage(
    name: str,
    tail: str,
    summary: str,
    body: type[BodyT],
    reply: type[ReplyT],
    *,
    since: Generation = "1.0",
    status: int = 200,
    limit: int = MAX_ITEMS,
    newer_parameters: tuple[str, ...] = (),
) -> Operation[BodyT, ReplyT]:
    """Return an operation that posts to order management."""
    return Operation(
        name,
        "POST",
        f"/api/ordermanagement/{tail}",
        summary,
        reply,
        body,
        status,
        since,
        limit,
        newer_parameters,
    )


CREATE_ORDERS: Final = _manage(
    "create_orders",
    "createorders",
    "Create orders and their blocks",
    BlockAndOrdersCreateRequest,
    ResourceList[BlockAndOrders],
    since="2.1",
    status=201,
)
MOVE_ORDERS: Final = _manage(
    "move_orders",
    "moveorders",
    "Move orders to new or existing blocks",
    MoveOrdersToDifferentBlocksRequest,
    ResourceList[MovedOrder],
    since="2.1",
)
UPDATE_ORDERS: Final = _manage(
    "update_orders",
    "updateorders",
    "Update existing orders",
    dict[str, OrderUpdateRequest],
    KeyedReply[Order],
    since="2.1",
)
PLACE_BLOCKS: Final = _manage(
    "place_blocks",
    "placeblocks",
    "Place blocks",
    PlaceBlocksRequest,
    ResourceList[Placement],
    since="2.1",
)
UPDATE_PLACEMENTS: Final = _manage(
    "update_placements",
    "$updateplacements",
    "Update existing placements",
    dict[str, PlacementUpdateRequest],
    KeyedReply[Placement],
    since="2.1",
)
CANCEL_PLACEMENTS: Final = _manage(
    "cancel_placements",
    "$cancelplacements",
    "Cancel existing placements",
    dict[str, ResourceId],
    KeyedReply[CancelledPlacement],
    since="2.1",
)
CANCEL_ORDERS: Final = _manage(
    "cancel_orders",
    "cancelorders",
    "Cancel existing orders",
    dict[str, ResourceId],
    KeyedReply[CancelledOrder],
    since="2.1",
)
CANCEL_AND_MOVE: Final = _manage(
    "cancel_orders_and_move_remaining",
    "cancelordersandmoveremaining",
    "Cancel orders and move what is not placed",
    dict[str, CancelOrdersAndMoveRemainingRequest],
    KeyedReply[CancelledAndMoved],
    since="latest",
)
ALLOCATE: Final = _manage(
    "run_allocation_service",
    "allocate",
    "Allocate executions to orders",
    tuple[ResourceId, ...],
    AllocationReply,
)
ALLOCATE_WEIGHTED: Final = _manage(
    "run_allocation_service_with_weights",
    "allocate/weighted",
    "Allocate to portfolios by weight",
    WeightedAllocationServiceRunRequest,
    AllocationReply,
    since="latest",
)
BOOK_TRANSACTIONS: Final = _manage(
    "book_transactions",
    "booktransactions",
    "Book allocations as transactions",
    BookTransactionsRequest,
    BookingReply,
    limit=MAX_BOOKED,
    newer_parameters=("markOrdersAndAllocationsAsBooked",),
)
BOOK_TRANSACTIONS_OLDER: Final = BOOK_TRANSACTIONS.with_body(tuple[ResourceId, ...])
"""The same operation with the body of the older document: a bare list of ids (2.9)."""
SWEEP_BLOCKS: Final = _manage(
    "sweep_blocks",
    "SweepBlocks",
    "Retire blocks whose work is done",
    SweepBlocksRequest,
    KeyedReply[ResourceId],
    since="latest",
)
ORDER_HISTORY: Final = Operation[None, ResourceList[HistoryItem]](
    "get_order_history",
    "GET",
    "/api/ordermanagement/order/{scope}/{code}/$history",
    "The history of an order and its related entities",
    ResourceList[HistoryItem],
    since="2.1",
    newer_parameters=("asAt",),
)


def _entity(
    singular: str,
    entity: type[EntityT],
    item: type[ItemT],
    body: type[BodyT],
    envelope: Callable[[tuple[ItemT, ...]], BodyT],
    *,
    upsert_status: int = 201,
    newer_parameters: tuple[str, ...] = (),
) -> EntityOperations[EntityT, ItemT, BodyT]:
    plural = f"{singular}s"
    many, one = f"/api/{plural}", f"/api/{plural}/{{scope}}/{{code}}"
    return EntityOperations(
        singular,
        plural,
        entity,
        item,
        envelope,
        list=Operation(
            f"list_{plural}",
            "GET",
            many,
            f"List {plural}",
            page_of(entity),
            newer_parameters=newer_parameters,
        ),
        get=Operation(f"get_{singular}", "GET", one, f"Get {singular}", entity),
        upsert=Operation(
            f"upsert_{plural}", "POST", many, f"Upsert {plural}", list_of(entity), body, upsert_status
        ),
        delete=Operation(f"delete_{singular}", "DELETE", one, f"Delete {singular}", DeletedEntity),
    )


BLOCKS: Final = _entity(
    "block", Block, BlockRequest, BlockSetRequest, lambda items: BlockSetRequest(requests=items)
)
ORDERS: Final = _entity(
    "order",
    Order,
    OrderRequest,
    OrderSetRequest,
    lambda items: OrderSetRequest(order_requests=items),
    newer_parameters=("getDerivedComplianceStatuses",),
)
PLACEMENTS: Final = _entity(
    "placement",
    Placement,
    PlacementRequest,
    PlacementSetRequest,
    lambda items: PlacementSetRequest(requests=items),
)
EXECUTIONS: Final = _entity(
    "execution",
    Execution,
    ExecutionRequest,
    ExecutionSetRequest,
    lambda items: ExecutionSetRequest(requests=items),
)
ALLOCATIONS: Final = _entity(
    "allocation",
    Allocation,
    AllocationRequest,
    AllocationSetRequest,
    lambda items: AllocationSetRequest(allocation_requests=items),
    upsert_status=200,
)

ENTITIES: Final[tuple[EntityOperations[Any, Any, Any], ...]] = (
    BLOCKS,
    ORDERS,
    PLACEMENTS,
    EXECUTIONS,
    ALLOCATIONS,
)

GRAPH_BLOCKS: Final = Operation[None, Page[OrderGraphBlock]](
    "list_order_graph_blocks",
    "GET",
    "/api/ordergraph/blocks",
    "Blocks with their life-cycle totals",
    Page[OrderGraphBlock],
    newer_parameters=("includeSwept",),
    page_parameter="paginationToken",
)
GRAPH_PLACEMENTS: Final = Operation[None, Page[OrderGraphPlacement]](
    "list_order_graph_placements",
    "GET",
    "/api/ordergraph/placements",
    "Placements with their totals",
    Page[OrderGraphPlacement],
    page_parameter="paginationToken",
)
GRAPH_CHILDREN: Final = Operation[None, Page[OrderGraphPlacement]](
    "list_order_graph_placement_children",
    "GET",
    "/api/ordergraph/placementchildren/{scope}/{code}",
    "The child placements of a placement",
    Page[OrderGraphPlacement],
    page_parameter="paginationToken",
)
PORTFOLIO_TRANSACTIONS: Final = Operation[None, Page[Transaction]](
    "get_transactions",
    "GET",
    "/api/transactionportfolios/{scope}/{code}/transactions",
    "The transactions of a portfolio",
    Page[Transaction],
)

MARKET_STATUS: Final = Operation[None, MarketStatus](
    "market_status", "GET", "/market", "The state of the simulated market", MarketStatus, outside=True
)
SET_MARKET: Final = Operation[MarketRequest, MarketStatus](
    "set_market",
    "POST",
    "/market",
    "Run, pause, step or speed the simulated market",
    MarketStatus,
    MarketRequest,
    outside=True,
)

WHO_AM_I: Final = Operation[None, CurrentUser](
    "who_am_i",
    "GET",
    "/identity/api/me",
    "Whose token this is, as LUSID's identity API tells it",
    CurrentUser,
    outside=True,
)

TOKEN: Final = Operation[None, GrantedToken](
    "token", "POST", "/oauth2/{id}/v1/token", "Sign on", GrantedToken, outside=True
)


OPERATIONS: Final = tuple(each for each in declared_in(globals()) if not each.outside)
"""The operations of order management, in the order of its contract.

Those around it are :data:`tui.api.reference_operations.REFERENCE`.
"""

BESIDE: Final = tuple(each for each in declared_in(globals()) if each.outside)
"""The operations the embedded server has beside the contract."""
