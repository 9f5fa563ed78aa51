"""Every operation of the API, declared once, in the sense of OpenAPI: one method on one path.

A row says what an operation takes and answers, and since which generation of the API there is one. All else
is derived from it: what the client sends and how it reads the answer, what the embedded server routes, reads
and leaves out for an older generation, curl commands, the tables of fidelity and what the tests must prove.

A new operation takes four places: its row here, the types of its request and reply in
:mod:`tui.api.requests`, the server's function (:mod:`tui.oms.engine.commands` when it writes,
:mod:`tui.oms.http.read_endpoints` when it reads), and whoever calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin

from msgspec import Struct
from msgspec.structs import replace

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

Method = Literal["GET", "POST", "DELETE"]
Effect = Literal["reads", "writes"]
Generation = Literal["1.0", "2.1", "latest"]
"""The generations of the API a server may be of, oldest first (contract, section 7)."""
GENERATIONS: Final[tuple[Generation, ...]] = get_args(Generation)

MAX_ITEMS: Final = 100
"""The most items of one call, where the contract names no other number (2.0)."""
MAX_BOOKED: Final = 5000
"""The most allocations of one booking (2.0)."""

BodyT = TypeVar("BodyT")
ReplyT = TypeVar("ReplyT")
EntityT = TypeVar("EntityT")
ItemT = TypeVar("ItemT")


class Operation(Struct, Generic[BodyT, ReplyT], frozen=True):
    """One method on one path: what it takes, what it answers and since when there is one.

    ``name`` is that of the SDK's method and ``status`` that of success. ``limit`` is how many items a call
    may carry. ``newer_parameters`` are the query parameters only the latest generation knows, and
    ``page_parameter`` the one that asks for the next page. ``outside`` is true for what is offered beside
    the contract, above the address that ends in /api. ``asks`` is true for a POST whose body is a question,
    ``slow`` for a call that may take minutes.
    """

    name: str
    method: Method
    path: str
    summary: str
    reply: type[ReplyT]
    body: type[BodyT] | None = None
    status: int = 200
    since: Generation = "1.0"
    limit: int = MAX_ITEMS
    newer_parameters: tuple[str, ...] = ()
    page_parameter: str = "page"
    outside: bool = False
    asks: bool = False
    slow: bool = False

    @property
    def lists(self) -> bool:
        """Whether it answers a page of many rows, which may take a server longer."""
        return get_origin(self.reply) is Page

    @property
    def effect(self) -> Effect:
        """Whether a call changes anything, which decides what may be repeated."""
        return "reads" if self.method == "GET" or self.asks else "writes"

    @property
    def feature(self) -> str:
        """The code under which policies name it, the id of the operation: ``PlaceBlocks``."""
        return "".join(part[:1].upper() + part[1:] for part in self.name.split("_"))

    @property
    def partial(self) -> bool:
        """Whether each item succeeds or fails for itself; otherwise a call is done whole or not at all."""
        return "failed" in getattr(get_origin(self.reply) or self.reply, "__struct_fields__", ())

    @property
    def short_path(self) -> str:
        """The path without what all operations of order management share, such as ``cancelorders``."""
        return self.path.removeprefix("/api/").removeprefix("ordermanagement/")

    def with_body(self, body: type[ItemT]) -> Operation[ItemT, ReplyT]:
        """Return the same operation with another form of its body."""
        same: Any = self
        other: Operation[ItemT, ReplyT] = replace(same, body=body)
        return other

    def is_in(self, generation: Generation) -> bool:
        """Return whether servers of ``generation`` have it."""
        return GENERATIONS.index(self.since) <= GENERATIONS.index(generation)


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


class EntityOperations(Struct, Generic[EntityT, ItemT, BodyT], frozen=True):
    """List, get, upsert and delete of one of the five kinds of entities (2.14).

    ``item`` is the type of one item of an upsert; ``envelope`` puts items into its body.
    """

    singular: str
    plural: str
    entity: type[EntityT]
    item: type[ItemT]
    envelope: Callable[[tuple[ItemT, ...]], BodyT]
    list: Operation[None, Page[EntityT]]
    get: Operation[None, EntityT]
    upsert: Operation[BodyT, ResourceList[EntityT]]
    delete: Operation[None, DeletedEntity]

    def all(self) -> tuple[Operation[Any, Any], ...]:
        """Return its four operations."""
        return (self.list, self.get, self.upsert, self.delete)


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


def declared_in(names: Mapping[str, object]) -> tuple[Operation[Any, Any], ...]:
    """Return the operations of a module in its order, each once whatever forms its body has."""
    found: dict[str, Operation[Any, Any]] = {}
    for row in list(names.values()):
        for each in row.all() if isinstance(row, EntityOperations) else (row,):
            if isinstance(each, Operation):
                found.setdefault(each.name, each)
    return tuple(found.values())


OPERATIONS: Final = tuple(each for each in declared_in(globals()) if not each.outside)
"""The operations of order management, in the order of its contract.

Those around it are :data:`tui.api.reference_operations.REFERENCE`.
"""

BESIDE: Final = tuple(each for each in declared_in(globals()) if each.outside)
"""The operations the embedded server has beside the contract."""
