"""A client with a desk of its own: the real server over a database in memory, called over HTTP.

Names in calls are codes in scope ``Desk``; unless told otherwise a call is about a limit order to buy Apple.
Every call is checked: a refused one must return a problem document of the contract's form and leave the
database unchanged, and a partial one must account for every key it was sent.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from tui.api import codec, operations
from tui.api.base import ErrorDetail, ProblemDetails, ResourceId
from tui.api.codec import list_of
from tui.api.http import asgi_transport
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
from tui.api.operation import Operation
from tui.api.operations import ALLOCATIONS, BLOCKS, EXECUTIONS, ORDERS, PLACEMENTS
from tui.api.requests import ResourceList
from tui.oms.demo.universe import instrument_table
from tui.oms.domain.unit_of_work import Context, UnitOfWork
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.oms.reference.source import ReferenceSource

APPLE = {"Instrument/default/Figi": "BBG000B9XRY4"}
MICROSOFT = {"Instrument/default/Figi": "BBG000BPH459"}
GILT = {"Instrument/default/Ticker": "UKT 4.5 09/07/34"}
TERMS: dict[str, Any] = {
    "instrumentIdentifiers": APPLE,
    "side": "Buy",
    "type": "Limit",
    "timeInForce": "Day",
    "limitPrice": {"amount": 190, "currency": "USD"},
}
MARKET = {"type": "Market", "limitPrice": None}
OPENING = datetime(2026, 11, 20, 8, tzinfo=UTC)

ERROR_CODES = frozenset({103, 132, 144, 151, 156, 157, 173, 186, 187, 232, 233, 411, 681, 682, 689, 720})
NOT_FOUND_CODES = frozenset({650, 654, 725, 726, 727, 729, 730})
"""The error codes of section 2.0."""

OPERATIONS_OF: Mapping[type[Any], Any] = {
    Block: BLOCKS,
    Order: ORDERS,
    Placement: PLACEMENTS,
    Execution: EXECUTIONS,
    Allocation: ALLOCATIONS,
}

DatabaseRows = Mapping[str, list[str]]


def rid(code: str) -> ResourceId:
    return ResourceId("Desk", code)


def id_of(code: str) -> dict[str, str]:
    return {"scope": "Desk", "code": code}


def usd(amount: Any) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


class RefusedCall(Exception):
    """The problem document of a refused call."""

    def __init__(self, problem: ProblemDetails) -> None:
        super().__init__(f"{problem.status} {problem.name} ({problem.code}): {problem.detail}")
        self.problem = problem


class RulesClient:
    """Sends calls to the server one after the other."""

    def __init__(
        self,
        settings: ServerSettings | None = None,
        *,
        reference: ReferenceSource | None = None,
        **engine: Any,
    ) -> None:
        self.engine = Engine.open(None, instrument_table, **engine)
        self.wrote = False
        """Whether the last call changed anything in the database."""
        self._contents = self.database_rows()
        self._loop = asyncio.new_event_loop()
        self._http = httpx.AsyncClient(
            transport=asgi_transport(Server(self.engine, settings, reference=reference)),
            base_url="http://embedded/api",
        )
        self._fills = 0

    def __enter__(self) -> RulesClient:
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.run_until_complete(self._http.aclose())
        self._loop.close()
        self.engine.close()

    def database_rows(self) -> DatabaseRows:
        """Return every row of every table of the database."""
        connection = self.engine.store.connection
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}")))
            for (name,) in tables
            if not name.startswith("sqlite_")
        }

    def unit_of_work(self) -> UnitOfWork:
        """Return a unit of work over the stored entities."""
        return UnitOfWork(
            self.engine.store, Context(datetime.now(UTC), "dealer", "REQ-1"), instrument_table()
        )

    # -- calls ----------------------------------------------------------------------------------------

    def request(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """Send any request and return the response as it is."""
        content = b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"content-type": "application/json"} if method == "POST" else {}
        return self._loop.run_until_complete(
            self._http.request(method, path, content=content, params=query, headers=headers)
        )

    def send(
        self,
        endpoint: Operation[Any, Any],
        body: Any = None,
        *,
        id: str = "",
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a writing endpoint, check the form of its response, and return the reply."""
        path = endpoint.path.format(scope="Desk", code=id)
        answer = self.request(endpoint.method, path, body, query)
        after = self.database_rows()
        self.wrote, before = after != self._contents, self._contents
        self._contents = after
        if answer.is_error:
            assert after == before, "a refused call leaves no trace"
            raise RefusedCall(problem_of(answer))
        assert answer.status_code == endpoint.status
        reply = codec.decode(endpoint.reply, answer.content)
        if hasattr(reply, "failed"):
            check_partial_reply(endpoint, body, reply)
        return reply

    def create(self, block: str, orders: dict[str, Any], **fields: Any) -> Any:
        """Create a block; ``orders`` maps a code to a quantity, or to the fields of the order."""
        made = []
        for number, (code, given) in enumerate(orders.items()):
            own = given if isinstance(given, dict) else {"quantity": given}
            date = (OPENING + timedelta(seconds=number)).isoformat()
            made.append({"id": id_of(code), "portfolioId": id_of("GROWTH"), "date": date, **own})
        entry = {"blockId": id_of(block), "orders": made, **TERMS, **fields}
        return self.send(operations.CREATE_ORDERS, {"requests": [entry]})

    def put_order(self, code: str, **fields: Any) -> Any:
        item = {"id": id_of(code), "portfolioId": id_of("GROWTH"), **TERMS, "quantity": 10, **fields}
        return self.send(ORDERS.upsert, {"orderRequests": [without_nulls(item)]})

    def put_block(self, code: str, **fields: Any) -> Any:
        item = {"id": id_of(code), "createdDate": OPENING.isoformat(), **TERMS, **fields}
        return self.send(BLOCKS.upsert, {"requests": [item]})

    def move(self, moves: dict[str, str]) -> Any:
        items = [{"orderId": id_of(order), "destinationBlockId": id_of(to)} for order, to in moves.items()]
        return self.send(operations.MOVE_ORDERS, {"requests": items})

    def update_order(self, code: str, **fields: Any) -> Any:
        return self.send(operations.UPDATE_ORDERS, {"u": {"id": id_of(code), **fields}})

    def update_orders(self, items: dict[str, tuple[str, dict[str, Any]]]) -> Any:
        """Update orders; ``items`` maps a request key to an order and the fields to update."""
        body = {key: {"id": id_of(code), **fields} for key, (code, fields) in items.items()}
        return self.send(operations.UPDATE_ORDERS, body)

    def cancel_orders(self, *codes: str) -> Any:
        return self.send(operations.CANCEL_ORDERS, {code: id_of(code) for code in codes})

    def cancel_and_move(self, moves: dict[str, tuple[str, str]]) -> Any:
        """Cancel and move; ``moves`` maps the order to cancel to the new order and its block."""
        return self.cancel_and_move_items({code: (code, *to) for code, to in moves.items()})

    def cancel_and_move_items(self, items: dict[str, tuple[str, str, str]]) -> Any:
        """Cancel and move; ``items`` maps a key to the order to cancel, the new order and its block."""
        body = {
            key: {
                "cancelOrderId": id_of(code),
                "moveRemainingToOrderId": id_of(order),
                "moveRemainingToBlockId": id_of(block),
            }
            for key, (code, order, block) in items.items()
        }
        return self.send(operations.CANCEL_AND_MOVE, body)

    def a_placement(self, code: str, blocks: str, quantity: Any, **fields: Any) -> Any:
        """Return a placement as JSON; ``blocks`` are codes separated by spaces."""
        return without_nulls(
            {
                "id": id_of(code),
                "blockIds": [id_of(block) for block in blocks.split()],
                "createdDate": OPENING.isoformat(),
                **TERMS,
                "quantity": quantity,
                **fields,
            }
        )

    def place(self, code: str, blocks: str, quantity: Any, **fields: Any) -> Any:
        item = self.a_placement(code, blocks, quantity, **fields)
        return self.send(operations.PLACE_BLOCKS, {"requests": [item]})

    def put_placement(self, code: str, blocks: str, quantity: Any, **fields: Any) -> Any:
        item = self.a_placement(code, blocks, quantity, **fields)
        return self.send(PLACEMENTS.upsert, {"requests": [item]})

    def update_placements(self, items: dict[str, tuple[str, dict[str, Any]]]) -> Any:
        """Update placements; ``items`` maps a request key to a placement and the fields to update."""
        body = {key: {"id": id_of(code), **fields} for key, (code, fields) in items.items()}
        return self.send(operations.UPDATE_PLACEMENTS, body)

    def update_placement(self, code: str, **fields: Any) -> Any:
        return self.send(operations.UPDATE_PLACEMENTS, {"u": {"id": id_of(code), **fields}})

    def cancel_placement(self, code: str) -> Any:
        return self.send(operations.CANCEL_PLACEMENTS, {"c": id_of(code)})

    def a_fill(self, code: str, placement: str, quantity: Any, price: Any = 190, **fields: Any) -> Any:
        """Return a fill as JSON; fills are a minute apart."""
        self._fills += 1
        return {
            "id": id_of(code),
            "placementId": id_of(placement),
            "instrumentIdentifiers": APPLE,
            "quantity": quantity,
            "state": "PartiallyFilled",
            "side": "Buy",
            "type": "Limit",
            "createdDate": (OPENING + timedelta(minutes=self._fills)).isoformat(),
            "price": price if isinstance(price, dict) else usd(price),
            "settlementCurrency": "USD",
            "settlementCurrencyFxRate": 1,
            "counterparty": "BRK-A",
            **fields,
        }

    def fill(self, code: str, placement: str, quantity: Any, price: Any = 190, **fields: Any) -> Any:
        return self.record_fills(self.a_fill(code, placement, quantity, price, **fields))

    def record_fills(self, *items: Any) -> Any:
        """Record fills made by :meth:`a_fill` in one call."""
        return self.send(EXECUTIONS.upsert, {"requests": list(items)})

    def allocate(self, *codes: str, algorithm: str = "PR-FIFO") -> Any:
        query = {"allocationAlgorithm": algorithm}
        return self.send(operations.ALLOCATE, [id_of(code) for code in codes], query=query)

    def allocate_weighted(self, code: str, weights: dict[str, Any], algorithm: str = "PR-LF") -> Any:
        entries = [{"portfolioId": id_of(name), "weight": weight} for name, weight in weights.items()]
        body = {"placementIds": [id_of(code)], "portfolioWeights": entries}
        return self.send(operations.ALLOCATE_WEIGHTED, body, query={"allocationAlgorithm": algorithm})

    def an_allocation(self, code: str, order: str, quantity: Any, **fields: Any) -> Any:
        return without_nulls(
            {
                "id": id_of(code),
                "allocatedOrderId": id_of(order),
                "portfolioId": id_of("GROWTH"),
                "quantity": quantity,
                "instrumentIdentifiers": APPLE,
                "side": "Buy",
                "price": usd(190),
                "date": OPENING.isoformat(),
                **fields,
            }
        )

    def put_allocation(self, code: str, order: str, quantity: Any, **fields: Any) -> Any:
        item = self.an_allocation(code, order, quantity, **fields)
        return self.send(ALLOCATIONS.upsert, {"allocationRequests": [item]})

    def book(self, *codes: str, mark: bool = False, fees: bool = True, **fields: Any) -> Any:
        return self.book_ids(*map(id_of, codes), mark=mark, fees=fees, **fields)

    def book_ids(self, *ids: Any, mark: bool = False, fees: bool = True, **fields: Any) -> Any:
        query = {"markOrdersAndAllocationsAsBooked": mark, "applyFeesAndCommission": fees}
        return self.send(operations.BOOK_TRANSACTIONS, {"allocationIds": list(ids), **fields}, query=query)

    def sweep(self, *codes: str, latest: str = "2999-01-01T00:00:00Z") -> Any:
        body = {
            "blockIds": {code: id_of(code) for code in codes},
            "latestAllowableModificationTime": latest,
        }
        return self.send(operations.SWEEP_BLOCKS, body)

    def delete(self, kind: type[Any], code: str) -> Any:
        return self.send(OPERATIONS_OF[kind].delete, id=code)

    # -- reads ----------------------------------------------------------------------------------------

    def read(
        self, endpoint: Operation[Any, Any], *, id: str = "", scope: str = "Desk", **query: Any
    ) -> bytes:
        """Call a reading endpoint and return its body; a parameter that is None is not sent."""
        path = endpoint.path.format(scope=scope, code=id)
        answer = self.request("GET", path, query=without_nulls(query))
        if answer.is_error:
            raise RefusedCall(problem_of(answer))
        assert answer.status_code == 200
        return answer.content

    def get(self, kind: type[Any], code: str, as_at: datetime | None = None) -> Any:
        """Return an entity, now or as at a time."""
        at = None if as_at is None else as_at.isoformat()
        return codec.decode(kind, self.read(OPERATIONS_OF[kind].get, id=code, asAt=at))

    def block(self, code: str, as_at: datetime | None = None) -> Any:
        return self.get(Block, code, as_at)

    def order(self, code: str, as_at: datetime | None = None) -> Any:
        return self.get(Order, code, as_at)

    def placement(self, code: str, as_at: datetime | None = None) -> Any:
        return self.get(Placement, code, as_at)

    def execution(self, code: str, as_at: datetime | None = None) -> Any:
        return self.get(Execution, code, as_at)

    def allocation(self, code: str, as_at: datetime | None = None) -> Any:
        return self.get(Allocation, code, as_at)

    def all(self, kind: type[Any], **query: Any) -> list[Any]:
        """Return the entities of a type, by id unless ``sortBy`` is sent."""
        body = self.read(OPERATIONS_OF[kind].list, **{"limit": 5000, **query})
        return list(codec.decode(list_of(kind), body).values)

    def codes(self, kind: type[Any], filter: str) -> list[str]:
        """Return the codes that a filter finds."""
        return [each.id.code for each in self.all(kind, filter=filter)]

    def allocated(self) -> dict[str, Decimal]:
        """Return the quantity of every allocation by its code."""
        return {each.id.code: each.quantity for each in self.all(Allocation)}

    def transactions(self, portfolio: str = "GROWTH", *, cancelled: bool = False) -> list[Transaction]:
        """Return the transactions of a portfolio."""
        query: dict[str, Any] = {"limit": 5000, "showCancelledTransactions": cancelled}
        body = self.read(operations.PORTFOLIO_TRANSACTIONS, id=portfolio, **query)
        return list(codec.decode(ResourceList[Transaction], body).values)

    def history(self, code: str, as_at: datetime | None = None) -> tuple[HistoryItem, ...]:
        at = None if as_at is None else as_at.isoformat()
        body = self.read(operations.ORDER_HISTORY, id=code, asAt=at)
        return codec.decode(ResourceList[HistoryItem], body).values

    def block_entries(self, **query: Any) -> list[OrderGraphBlock]:
        body = self.read(operations.GRAPH_BLOCKS, **{"limit": 5000, "useComplianceV2": True, **query})
        return list(codec.decode(ResourceList[OrderGraphBlock], body).values)

    def placement_entries(self, **query: Any) -> list[OrderGraphPlacement]:
        body = self.read(operations.GRAPH_PLACEMENTS, **{"limit": 5000, **query})
        return list(codec.decode(ResourceList[OrderGraphPlacement], body).values)

    def block_entry(self, code: str) -> OrderGraphBlock:
        """Return a block's entry of the order graph."""
        (entry,) = self.block_entries(filter=f"id.code eq '{code}'")
        return entry

    def placement_entry(self, code: str) -> OrderGraphPlacement:
        (entry,) = self.placement_entries(filter=f"id.code eq '{code}'")
        return entry


def without_nulls(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


def problem_of(answer: httpx.Response) -> ProblemDetails:
    """Return the problem document of a refusal, after checking its form (section 2.0)."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.headers["lusid-meta-success"] == "False"
    problem = codec.decode(ProblemDetails, answer.content)
    assert problem.status == answer.status_code
    assert problem.code in ERROR_CODES | NOT_FOUND_CODES, f"{problem.code} is no code of section 2.0"
    assert problem.type == f"https://docs.lusid.com/#section/Error-Codes/{problem.code}"
    assert re.fullmatch(r"([A-Z][a-z]+)+", problem.name or ""), problem.name
    assert problem.title
    assert problem.detail
    return problem


def check_partial_reply(endpoint: Operation[Any, Any], body: Any, reply: Any) -> None:
    """Check that a partial reply has every item, and the required fields of each failure."""
    if endpoint in (operations.ALLOCATE, operations.ALLOCATE_WEIGHTED, operations.BOOK_TRANSACTIONS):
        ids = body if isinstance(body, list) else body.get("placementIds") or body["allocationIds"]
        keys = {f"Scope:{each['scope']} Code:{each['code']}" for each in ids}
    else:
        keys = set(body.get("blockIds", body) if isinstance(body, dict) else body)
    values = reply.values or {}
    done = set(values) if isinstance(values, Mapping) else {each.failed_key for each in values}
    failed = set(reply.failed or {})
    assert done | failed == keys
    assert not done & failed
    for key, why in (reply.failed or {}).items():
        assert why.id == key
        assert re.fullmatch(r"([A-Z][a-z]+)+", why.type), why.type
        assert why.detail
        assert why.error_details == ()


def only_failure(reply: Any) -> ErrorDetail:
    """Return the one failure of a partial call."""
    (only,) = reply.failed.values()
    assert isinstance(only, ErrorDetail)
    return only


def detail(reply: Any) -> str:
    """Return the reason of the one failure of a partial call."""
    said = only_failure(reply).detail
    assert said is not None
    return said


@contextmanager
def refused(name: str, code: int = 151, status: int = 400) -> Iterator[None]:
    """Expect the whole call to be refused with that name, code and status."""
    with pytest.raises(RefusedCall) as caught:
        yield
    problem = caught.value.problem
    assert (problem.name, problem.code, problem.status) == (name, code, status)


def modified_times(*entities: Any) -> Sequence[datetime]:
    """Return when entities last changed."""
    return [entity.version.as_at_modified for entity in entities]
