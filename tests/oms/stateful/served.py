"""A desk to be tried at random: served over ASGI in process, and read back whole after every call.

What is read is kept as the server's bytes: that nothing changed is that no byte did. Rows are decoded into
types of their own, so that the server's models are not their own witness.
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


class Id(Struct, frozen=True):
    scope: str
    code: str


class Version(Struct, rename="camel"):
    as_at_version_number: int
    as_at_created: str
    as_at_modified: str


class Row(Struct, rename="camel"):
    """What every entity has; its JSON stands beside it in :class:`Desk`."""

    id: Id
    version: Version


class Block(Row, rename="camel"):
    order_ids: list[Id]
    side: str
    type: str
    is_swept: bool
    quantity: Decimal
    limit_price: dict[str, Any] | None = None


class Order(Row, rename="camel"):
    quantity: Decimal
    side: str
    state: str
    type: str
    portfolio_id: Id | None = None
    limit_price: dict[str, Any] | None = None


class Placement(Row, rename="camel"):
    block_ids: list[Id]
    quantity: Decimal
    state: str
    side: str
    type: str
    parent_placement_id: Id | None = None
    limit_price: dict[str, Any] | None = None


class Execution(Row, rename="camel"):
    placement_id: Id
    quantity: Decimal
    state: str


class Allocation(Row, rename="camel"):
    allocated_order_id: Id
    portfolio_id: Id
    quantity: Decimal
    state: str
    side: str | None = None
    placement_ids: list[Id] | None = None
    execution_ids: list[Id] | None = None


class Detail(Struct):
    id: Id


class Stage(Struct, rename="camel"):
    details: list[Detail]
    quantity: Decimal = Decimal(0)
    quantity_by_state: dict[str, Decimal] | None = None


class Booked(Struct):
    quantity: Decimal


class BlockGraph(Struct, rename="camel"):
    block: Block
    ordered: Stage
    placed: Stage
    executed: Stage
    allocated: Stage
    booked: Booked
    derived_state: str


class PlacementGraph(Struct, rename="camel"):
    placement: Placement
    ordered: Stage
    placed: Stage
    executed: Stage
    allocated: Stage


class _Page(Struct, rename="camel"):
    values: list[msgspec.Raw]
    next_page: str | None = None


LISTS: Final[Mapping[str, Any]] = {
    "orders": Order,
    "blocks": Block,
    "placements": Placement,
    "executions": Execution,
    "allocations": Allocation,
    "ordergraph/blocks": BlockGraph,
    "ordergraph/placements": PlacementGraph,
}
_PAGE: Final = msgspec.json.Decoder(_Page)
_ROWS: Final = {name: msgspec.json.Decoder(kind) for name, kind in LISTS.items()}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")

_LOOP: Final = asyncio.new_event_loop()

HEADERS: Final = [(b"host", b"desk"), (b"content-type", b"application/json")]


class Table(Struct):
    """One list as the server answers it: its bytes, and its rows by code with theirs."""

    body: bytes
    rows: dict[str, Any]
    raw: dict[str, bytes]


class Desk(Struct):
    """Everything a client can list."""

    tables: dict[str, Table]

    @property
    def orders(self) -> dict[str, Order]:
        return self.tables["orders"].rows

    @property
    def blocks(self) -> dict[str, Block]:
        return self.tables["blocks"].rows

    @property
    def placements(self) -> dict[str, Placement]:
        return self.tables["placements"].rows

    @property
    def executions(self) -> dict[str, Execution]:
        return self.tables["executions"].rows

    @property
    def allocations(self) -> dict[str, Allocation]:
        return self.tables["allocations"].rows

    @property
    def block_graph(self) -> dict[str, BlockGraph]:
        return self.tables["ordergraph/blocks"].rows

    @property
    def placement_graph(self) -> dict[str, PlacementGraph]:
        return self.tables["ordergraph/placements"].rows

    def bodies(self) -> list[bytes]:
        """The lists as bytes: the same bytes, the same desk."""
        return [table.body for table in self.tables.values()]

    def changed(self, since: Desk, name: str) -> set[str]:
        """The codes of the rows of a list that are new, gone or different."""
        if self.tables[name] is since.tables[name]:
            return set()
        now, then = self.tables[name].raw, since.tables[name].raw
        return {code for code in now.keys() | then.keys() if now.get(code) != then.get(code)}


class UnthreadedEngine(Engine):
    """The engine without its threads: one call at a time gains nothing by them, and each costs a switch."""

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)

    run_view = run


class Served:
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

    def read(self, last: Desk | None = None, as_at: str = "") -> Desk:
        """Read all lists; those with the bytes they had in ``last`` are taken from there."""
        query = f"limit=1000&asAt={as_at.replace('+', '%2B')}" if as_at else "limit=1000"
        return _LOOP.run_until_complete(self._read(last, query))

    async def _read(self, last: Desk | None, query: str) -> Desk:
        return Desk(
            {name: await self._table(name, last.tables[name] if last else None, query) for name in LISTS}
        )

    async def _table(self, name: str, last: Table | None, query: str) -> Table:
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
        return Table(body, rows, raw)

    def transactions(self) -> dict[str, Decimal]:
        """Give the units that stand booked, by allocation."""
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
