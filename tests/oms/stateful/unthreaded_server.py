"""A server for random calls: called over ASGI in process, and read back completely after every call.

Replies are kept as bytes: nothing changed when no byte did. Rows are decoded into types of their own, so
that the server's models do not test themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, ParamSpec, TypeVar

import msgspec
from msgspec import Struct

from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server

P = ParamSpec("P")
T = TypeVar("T")

SCOPE: Final = "Desk"
PORTFOLIOS: Final = ("GROWTH", "INCOME")


class StoredId(Struct, frozen=True):
    scope: str
    code: str


class StoredVersion(Struct, rename="camel"):
    as_at_version_number: int
    as_at_created: str
    as_at_modified: str


class StoredRow(Struct, rename="camel"):
    """The fields of every entity; :class:`DeskLists` has its JSON."""

    id: StoredId
    version: StoredVersion


class StoredBlock(StoredRow, rename="camel"):
    order_ids: list[StoredId]
    side: str
    type: str
    is_swept: bool
    quantity: Decimal
    limit_price: dict[str, Any] | None = None


class StoredOrder(StoredRow, rename="camel"):
    quantity: Decimal
    side: str
    state: str
    type: str
    portfolio_id: StoredId | None = None
    limit_price: dict[str, Any] | None = None


class StoredPlacement(StoredRow, rename="camel"):
    block_ids: list[StoredId]
    quantity: Decimal
    state: str
    side: str
    type: str
    parent_placement_id: StoredId | None = None
    limit_price: dict[str, Any] | None = None


class StoredExecution(StoredRow, rename="camel"):
    placement_id: StoredId
    quantity: Decimal
    state: str


class StoredAllocation(StoredRow, rename="camel"):
    allocated_order_id: StoredId
    portfolio_id: StoredId
    quantity: Decimal
    state: str
    side: str | None = None
    placement_ids: list[StoredId] | None = None
    execution_ids: list[StoredId] | None = None


class GraphDetail(Struct):
    id: StoredId


class GraphStage(Struct, rename="camel"):
    details: list[GraphDetail]
    quantity: Decimal = Decimal(0)
    quantity_by_state: dict[str, Decimal] | None = None


class GraphBooked(Struct):
    quantity: Decimal


class BlockGraph(Struct, rename="camel"):
    block: StoredBlock
    ordered: GraphStage
    placed: GraphStage
    executed: GraphStage
    allocated: GraphStage
    booked: GraphBooked
    derived_state: str


class PlacementGraph(Struct, rename="camel"):
    placement: StoredPlacement
    ordered: GraphStage
    placed: GraphStage
    executed: GraphStage
    allocated: GraphStage


class _Page(Struct, rename="camel"):
    values: list[msgspec.Raw]
    next_page: str | None = None


LISTS: Final[Mapping[str, Any]] = {
    "orders": StoredOrder,
    "blocks": StoredBlock,
    "placements": StoredPlacement,
    "executions": StoredExecution,
    "allocations": StoredAllocation,
    "ordergraph/blocks": BlockGraph,
    "ordergraph/placements": PlacementGraph,
}
_PAGE: Final = msgspec.json.Decoder(_Page)
_ROWS: Final = {name: msgspec.json.Decoder(kind) for name, kind in LISTS.items()}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")

_LOOP: Final = asyncio.new_event_loop()

HEADERS: Final = [(b"host", b"desk"), (b"content-type", b"application/json")]


class StoredTable(Struct):
    """One list: its bytes, and its rows by code with theirs."""

    body: bytes
    rows: dict[str, Any]
    raw: dict[str, bytes]


class DeskLists(Struct):
    """Everything a client can list."""

    tables: dict[str, StoredTable]

    @property
    def orders(self) -> dict[str, StoredOrder]:
        return self.tables["orders"].rows

    @property
    def blocks(self) -> dict[str, StoredBlock]:
        return self.tables["blocks"].rows

    @property
    def placements(self) -> dict[str, StoredPlacement]:
        return self.tables["placements"].rows

    @property
    def executions(self) -> dict[str, StoredExecution]:
        return self.tables["executions"].rows

    @property
    def allocations(self) -> dict[str, StoredAllocation]:
        return self.tables["allocations"].rows

    @property
    def block_graph(self) -> dict[str, BlockGraph]:
        return self.tables["ordergraph/blocks"].rows

    @property
    def placement_graph(self) -> dict[str, PlacementGraph]:
        return self.tables["ordergraph/placements"].rows

    def bodies(self) -> list[bytes]:
        """Return the lists as bytes: the same bytes are the same desk."""
        return [table.body for table in self.tables.values()]

    def changed(self, since: DeskLists, name: str) -> set[str]:
        """Return the codes of the rows of a list that are new, deleted or different."""
        if self.tables[name] is since.tables[name]:
            return set()
        now, then = self.tables[name].raw, since.tables[name].raw
        return {code for code in now.keys() | then.keys() if now.get(code) != then.get(code)}


class UnthreadedEngine(Engine):
    """The engine without its threads: one call at a time gains nothing by them, and each costs a switch."""

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)

    run_view = run


class UnthreadedServer:
    """A server of its own, empty at first."""

    def __init__(self) -> None:
        self.engine = UnthreadedEngine.open(None, instrument_table)
        self._server = Server(self.engine)

    def close(self) -> None:
        self.engine.close()

    def ask(self, method: str, path: str, body: Any = None, query: str = "") -> tuple[int, bytes]:
        """Return the status and the body of the answer to a call."""
        return _LOOP.run_until_complete(self._answer(method, path, body, query))

    async def _answer(self, method: str, path: str, body: Any, query: str) -> tuple[int, bytes]:
        raw = b"" if body is None else _ENCODER.encode(body)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": HEADERS,
            "client": ("desk", 1),
            "server": ("desk", 80),
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._server(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])

    def read(self, last: DeskLists | None = None, as_at: str = "") -> DeskLists:
        """Read all lists; those with the bytes they had in ``last`` are taken from there."""
        query = f"limit=1000&asAt={as_at.replace('+', '%2B')}" if as_at else "limit=1000"
        return _LOOP.run_until_complete(self._read(last, query))

    async def _read(self, last: DeskLists | None, query: str) -> DeskLists:
        return DeskLists(
            {name: await self._table(name, last.tables[name] if last else None, query) for name in LISTS}
        )

    async def _table(self, name: str, last: StoredTable | None, query: str) -> StoredTable:
        status, body = await self._answer("GET", f"/api/{name}", None, query)
        assert status == 200, body
        if last is not None and last.body == body:
            return last
        page = _PAGE.decode(body)
        assert page.next_page is None
        rows, raw = {}, {}
        known = {text: code for code, text in last.raw.items()} if last is not None else {}
        for value in page.values:
            text = bytes(value)
            code = known.get(text)
            row = last.rows[code] if last is not None and code is not None else _ROWS[name].decode(text)
            code = code or _code(row)
            assert code not in rows, f"{code} is listed twice in {name}"
            rows[code], raw[code] = row, text
        return StoredTable(body, rows, raw)

    def transactions(self) -> dict[str, Decimal]:
        """Return the booked units by allocation."""
        found: dict[str, Decimal] = {}
        for portfolio in PORTFOLIOS:
            path = f"/api/transactionportfolios/{SCOPE}/{portfolio}/transactions"
            status, body = self.ask("GET", path, query="limit=1000")
            assert status == 200, body
            for each in msgspec.json.decode(body)["values"]:
                if each["transactionStatus"] == "Active":
                    code = each["allocationId"]["code"]
                    assert code not in found, f"{code} is booked twice"
                    found[code] = Decimal(str(each["units"]))
        return found


def _code(row: Any) -> str:
    if isinstance(row, BlockGraph):
        row = row.block
    elif isinstance(row, PlacementGraph):
        row = row.placement
    code: str = row.id.code
    return code
