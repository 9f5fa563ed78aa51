"""Every endpoint of the contract, declared once.

The client sends by this table, the embedded server routes by it, and the README's table of endpoints
is written from it.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Method = Literal["GET", "POST", "DELETE"]
Effect = Literal["reads", "writes"]


class Endpoint(Struct, frozen=True):
    """One operation: its SDK name, HTTP method, path template and the status of success."""

    name: str
    method: Method
    path: str
    summary: str
    status: int = 200
    outside: bool = False
    """True for what is offered beside the contract, above the address that ends in /api."""

    @property
    def lists(self) -> bool:
        """Tell whether it gives a page of many rows, which a server may need longer for."""
        return self.name.startswith("list_") or self.name == "get_transactions"

    @property
    def effect(self) -> Effect:
        """Tell whether a call changes anything, which decides what may be repeated."""
        return "reads" if self.method == "GET" else "writes"


def _manage(name: str, path: str, summary: str, status: int = 200) -> Endpoint:
    return Endpoint(name, "POST", f"/api/ordermanagement/{path}", summary, status)


CREATE_ORDERS: Final = _manage("create_orders", "createorders", "Create orders and their blocks", 201)
MOVE_ORDERS: Final = _manage("move_orders", "moveorders", "Move orders to new or existing blocks")
UPDATE_ORDERS: Final = _manage("update_orders", "updateorders", "Update existing orders")
PLACE_BLOCKS: Final = _manage("place_blocks", "placeblocks", "Place blocks")
UPDATE_PLACEMENTS: Final = _manage("update_placements", "$updateplacements", "Update existing placements")
CANCEL_PLACEMENTS: Final = _manage("cancel_placements", "$cancelplacements", "Cancel existing placements")
CANCEL_ORDERS: Final = _manage("cancel_orders", "cancelorders", "Cancel existing orders")
ALLOCATE: Final = _manage("run_allocation_service", "allocate", "Allocate executions to orders")
ALLOCATE_WEIGHTED: Final = _manage(
    "run_allocation_service_with_weights", "allocate/weighted", "Allocate to portfolios by weight"
)
BOOK_TRANSACTIONS: Final = _manage(
    "book_transactions", "booktransactions", "Book allocations as transactions"
)
CANCEL_AND_MOVE: Final = _manage(
    "cancel_orders_and_move_remaining",
    "cancelordersandmoveremaining",
    "Cancel orders and move what is not placed",
)
SWEEP_BLOCKS: Final = _manage("sweep_blocks", "SweepBlocks", "Retire blocks whose work is done")
ORDER_HISTORY: Final = Endpoint(
    "get_order_history",
    "GET",
    "/api/ordermanagement/order/{scope}/{code}/$history",
    "The history of an order and its related entities",
)
GRAPH_BLOCKS: Final = Endpoint(
    "list_order_graph_blocks", "GET", "/api/ordergraph/blocks", "Blocks with their life-cycle totals"
)
GRAPH_PLACEMENTS: Final = Endpoint(
    "list_order_graph_placements", "GET", "/api/ordergraph/placements", "Placements with their totals"
)
GRAPH_CHILDREN: Final = Endpoint(
    "list_order_graph_placement_children",
    "GET",
    "/api/ordergraph/placementchildren/{scope}/{code}",
    "The child placements of a placement",
)
PORTFOLIO_TRANSACTIONS: Final = Endpoint(
    "get_transactions",
    "GET",
    "/api/transactionportfolios/{scope}/{code}/transactions",
    "The transactions of a portfolio",
)

MARKET_STATUS: Final = Endpoint(
    "market_status", "GET", "/market", "How the simulated market is doing", outside=True
)
SET_MARKET: Final = Endpoint(
    "set_market", "POST", "/market", "Run, pause, step or speed the simulated market", outside=True
)

WHO_AM_I: Final = Endpoint(
    "who_am_i",
    "GET",
    "/identity/api/me",
    "Whose token this is, as LUSID's identity API tells it",
    outside=True,
)

TOKEN: Final = Endpoint("token", "POST", "/oauth2/{id}/v1/token", "Sign on", outside=True)


class FamilyEndpoints(Struct, frozen=True):
    """List, get, upsert and delete of one of the five families (2.14)."""

    singular: str
    plural: str
    request_list: str
    upsert_status: int

    def _endpoint(self, verb: str, method: Method, tail: str, status: int = 200) -> Endpoint:
        noun = self.plural if verb in ("list", "upsert") else self.singular
        return Endpoint(
            f"{verb}_{noun}", method, f"/api/{self.plural}{tail}", f"{verb.title()} {noun}", status
        )

    @property
    def list(self) -> Endpoint:
        return self._endpoint("list", "GET", "")

    @property
    def get(self) -> Endpoint:
        return self._endpoint("get", "GET", "/{scope}/{code}")

    @property
    def upsert(self) -> Endpoint:
        return self._endpoint("upsert", "POST", "", self.upsert_status)

    @property
    def delete(self) -> Endpoint:
        return self._endpoint("delete", "DELETE", "/{scope}/{code}")

    def all(self) -> tuple[Endpoint, ...]:
        return (self.list, self.get, self.upsert, self.delete)


BLOCKS: Final = FamilyEndpoints("block", "blocks", "requests", 201)
ORDERS: Final = FamilyEndpoints("order", "orders", "orderRequests", 201)
PLACEMENTS: Final = FamilyEndpoints("placement", "placements", "requests", 201)
EXECUTIONS: Final = FamilyEndpoints("execution", "executions", "requests", 201)
ALLOCATIONS: Final = FamilyEndpoints("allocation", "allocations", "allocationRequests", 200)

FAMILIES: Final = (BLOCKS, ORDERS, PLACEMENTS, EXECUTIONS, ALLOCATIONS)

ENDPOINTS: Final = (
    CREATE_ORDERS,
    MOVE_ORDERS,
    UPDATE_ORDERS,
    PLACE_BLOCKS,
    UPDATE_PLACEMENTS,
    CANCEL_PLACEMENTS,
    CANCEL_ORDERS,
    CANCEL_AND_MOVE,
    ALLOCATE,
    ALLOCATE_WEIGHTED,
    BOOK_TRANSACTIONS,
    SWEEP_BLOCKS,
    ORDER_HISTORY,
    *(endpoint for family in FAMILIES for endpoint in family.all()),
    GRAPH_BLOCKS,
    GRAPH_PLACEMENTS,
    GRAPH_CHILDREN,
    PORTFOLIO_TRANSACTIONS,
)
