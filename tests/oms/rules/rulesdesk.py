"""A desk held in dictionaries: the rules are tried on it without a store or a server.

Names in calls are codes in scope ``Desk``; what a call does not say is a limit order to buy Apple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tui.api import gate, requests
from tui.api.models import (
    Allocation,
    Block,
    Execution,
    Order,
    OrderGraphBlock,
    OrderGraphPlacement,
    Placement,
)
from tui.api.shapes import ErrorDetail, ResourceId
from tui.oms import commands
from tui.oms.book import Answer, Book, Booking, Change, Context, Relation
from tui.oms.graph import graph_block, graph_placement, touched
from tui.oms.refusals import Refusal

EXAMPLES = Path(__file__).parents[2] / "contract" / "examples"
APPLE = {"Instrument/default/Figi": "BBG000B9XRY4"}
MICROSOFT = {"Instrument/default/Figi": "BBG000BPH459"}
GILT = {"Instrument/default/Ticker": "UKT 4.5 09/07/34"}
TERMS = {
    "instrumentIdentifiers": APPLE,
    "side": "Buy",
    "type": "Limit",
    "timeInForce": "Day",
    "limitPrice": {"amount": 190, "currency": "USD"},
}
MARKET = {"type": "Market", "limitPrice": None}
OPENING = datetime(2026, 11, 20, 8, tzinfo=UTC)


def rid(code: str) -> ResourceId:
    return ResourceId("Desk", code)


def id_of(code: str) -> dict[str, str]:
    return {"scope": "Desk", "code": code}


def usd(amount: Any) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


class MemorySource:
    """What a book reads from: entities by kind and id, in the order they were made."""

    def __init__(self) -> None:
        self.entities: dict[tuple[type[Any], ResourceId], Any] = {}
        self.asked = 0

    def get(self, kind: type[Any], id: ResourceId) -> Any:
        self.asked += 1
        return self.entities.get((kind, id))

    def related(self, relation: Relation[Any], target: ResourceId) -> Iterable[Any]:
        self.asked += 1
        for (kind, _), entity in list(self.entities.items()):
            if kind is relation.kind and target in relation.targets(entity):
                yield entity

    def apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            entity = change.after if change.after is not None else change.before
            key = (type(entity), entity.id)
            if change.after is None:
                del self.entities[key]
            else:
                self.entities[key] = change.after


class Desk:
    """Calls commands one after the other, a minute apart, and keeps what they change."""

    def __init__(self) -> None:
        self.source = MemorySource()
        self.now = OPENING + timedelta(hours=1)
        self.changes: list[Change] = []
        self.graph: dict[tuple[type[Any], ResourceId], Any] = {}
        self._fills = 0

    def a_book(self) -> Book:
        return Book(self.source, Context(self.now, "trader1", f"REQ-{self.now:%H%M%S}"))

    def call(self, command: Callable[[Book, Any], Answer], request: Any) -> Any:
        """Do a command as the server does; the graph entries it touches are made anew."""
        book = self.a_book()
        answer = command(book, request)
        self.changes = book.seal()
        self.source.apply(self.changes)
        blocks, placements = touched(self.changes, book)
        self._remake(book, Block, blocks, graph_block)
        self._remake(book, Placement, placements, graph_placement)
        reply = answer()
        self.now += timedelta(minutes=1)
        return reply

    def _remake(self, book: Book, kind: type[Any], ids: Iterable[ResourceId], make: Any) -> None:
        for id in ids:
            entity = book.get(kind, id)
            if entity is None:
                self.graph.pop((kind, id), None)
            else:
                self.graph[kind, id] = make(book, entity)

    def send(self, command: str, kind: Any, body: Any) -> Any:
        """Call the command so named with a body as JSON has it."""
        return self.call(getattr(commands, command), msgspec.convert(body, kind))

    def example(self, command: str, kind: Any, file: str) -> Any:
        """Send one of the contract's example requests."""
        return self.call(getattr(commands, command), gate.decode(kind, (EXAMPLES / file).read_bytes()))

    def create(self, block: str, orders: dict[str, Any], **fields: Any) -> Any:
        """``orders`` maps a code to a quantity, or to the fields of the order."""
        made = []
        for number, (code, given) in enumerate(orders.items()):
            own = given if isinstance(given, dict) else {"quantity": given}
            date = (OPENING + timedelta(seconds=number)).isoformat()
            made.append({"id": id_of(code), "portfolioId": id_of("GROWTH"), "date": date, **own})
        entry = {"blockId": id_of(block), "orders": made, **TERMS, **fields}
        return self.send("create_orders", requests.BlockAndOrdersCreateRequest, {"requests": [entry]})

    def put_order(self, code: str, **fields: Any) -> Any:
        item = {"id": id_of(code), "portfolioId": id_of("GROWTH"), **TERMS, "quantity": 10, **fields}
        item = {name: value for name, value in item.items() if value is not None}
        return self.send("upsert_orders", requests.OrderSetRequest, {"orderRequests": [item]})

    def put_block(self, code: str, **fields: Any) -> Any:
        item = {"id": id_of(code), "createdDate": OPENING.isoformat(), **TERMS, **fields}
        return self.send("upsert_blocks", requests.BlockSetRequest, {"requests": [item]})

    def move(self, moves: dict[str, str]) -> Any:
        items = [{"orderId": id_of(order), "destinationBlockId": id_of(to)} for order, to in moves.items()]
        return self.send("move_orders", requests.MoveOrdersToDifferentBlocksRequest, {"requests": items})

    def update(self, code: str, **fields: Any) -> Any:
        kind = dict[str, requests.OrderUpdateRequest]
        return self.send("update_orders", kind, {"u": {"id": id_of(code), **fields}})

    def updates(self, items: dict[str, tuple[str, dict[str, Any]]]) -> Any:
        """``items`` maps a request key to an order and the fields to update."""
        body = {key: {"id": id_of(code), **fields} for key, (code, fields) in items.items()}
        return self.send("update_orders", dict[str, requests.OrderUpdateRequest], body)

    def send_twice(self, command: str, code: str) -> Any:
        """Call a command keyed by id with the same id under two keys."""
        return self.send(command, dict[str, ResourceId], {"a": id_of(code), "b": id_of(code)})

    def cancel(self, *codes: str) -> Any:
        body = {code: id_of(code) for code in codes}
        return self.send("cancel_orders", dict[str, ResourceId], body)

    def cancel_and_move(self, moves: dict[str, tuple[str, str]]) -> Any:
        """``moves`` maps the order to cancel to the new order and its block."""
        body = {
            code: {
                "cancelOrderId": id_of(code),
                "moveRemainingToOrderId": id_of(order),
                "moveRemainingToBlockId": id_of(block),
            }
            for code, (order, block) in moves.items()
        }
        return self.send("cancel_and_move", dict[str, requests.CancelOrdersAndMoveRemainingRequest], body)

    def _placement(self, code: str, blocks: str, quantity: Any, **fields: Any) -> Any:
        item = {
            "id": id_of(code),
            "blockIds": [id_of(block) for block in blocks.split()],
            "createdDate": OPENING.isoformat(),
            **TERMS,
            "quantity": quantity,
            **fields,
        }
        return {"requests": [{name: value for name, value in item.items() if value is not None}]}

    def place(self, code: str, blocks: str, quantity: Any, **fields: Any) -> Any:
        body = self._placement(code, blocks, quantity, **fields)
        return self.send("place_blocks", requests.PlaceBlocksRequest, body)

    def put_placement(self, code: str, blocks: str, quantity: Any, **fields: Any) -> Any:
        body = self._placement(code, blocks, quantity, **fields)
        return self.send("upsert_placements", requests.PlacementSetRequest, body)

    def update_placement(self, code: str, **fields: Any) -> Any:
        kind = dict[str, requests.PlacementUpdateRequest]
        return self.send("update_placements", kind, {"u": {"id": id_of(code), **fields}})

    def cancel_placement(self, code: str) -> Any:
        return self.send("cancel_placements", dict[str, ResourceId], {"c": id_of(code)})

    def a_fill(self, code: str, placement: str, quantity: Any, price: Any = 190, **fields: Any) -> Any:
        """Give a fill as JSON has it; fills are a minute apart in the order they are made."""
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
        body = {"requests": [self.a_fill(code, placement, quantity, price, **fields)]}
        return self.send("upsert_executions", requests.ExecutionSetRequest, body)

    def send_fill_in(self, currency: str, code: str, placement: str) -> Any:
        """Record a fill of one unit priced in another currency."""
        return self.fill(code, placement, 1, {"amount": 1, "currency": currency})

    def send_order_without_portfolio(self, block: str, placement: str) -> Any:
        """Make a filled placement whose one order belongs to nobody."""
        self.create(block, {f"{block}-1": {"quantity": 10, "portfolioId": None}})
        self.place(placement, block, 10)
        return self.fill(f"{placement}-F", placement, 1)

    def allocate(self, *codes: str, algorithm: str = "PR-FIFO") -> Any:
        return self.call(commands.allocate, commands.Allocate(tuple(map(rid, codes)), algorithm))

    def allocate_weighted(self, code: str, weights: dict[str, Any], algorithm: str = "PR-LF") -> Any:
        entries = [{"portfolioId": id_of(name), "weight": weight} for name, weight in weights.items()]
        body = {"placementIds": [id_of(code)], "portfolioWeights": entries}
        request = msgspec.convert(body, requests.WeightedAllocationServiceRunRequest)
        return self.call(commands.allocate_weighted, commands.AllocateWeighted(request, algorithm))

    def put_allocation(self, code: str, order: str, quantity: Any, **fields: Any) -> Any:
        item = {
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
        body = {"allocationRequests": [{name: value for name, value in item.items() if value is not None}]}
        return self.send("upsert_allocations", requests.AllocationSetRequest, body)

    def book(self, *codes: str, mark: bool = False, **fields: Any) -> Any:
        body = {"allocationIds": [id_of(code) for code in codes], **fields}
        request = msgspec.convert(body, requests.BookTransactionsRequest)
        return self.call(commands.book_transactions, commands.BookTransactions(request, mark_booked=mark))

    def book_id(self, scope: str, code: str) -> Any:
        request = requests.BookTransactionsRequest(allocation_ids=(ResourceId(scope, code),))
        return self.call(commands.book_transactions, commands.BookTransactions(request))

    def sweep(self, *codes: str, latest: str = "2027-01-01T00:00:00Z") -> Any:
        body = {
            "blockIds": {code: id_of(code) for code in codes},
            "latestAllowableModificationTime": latest,
        }
        return self.send("sweep_blocks", requests.SweepBlocksRequest, body)

    def delete(self, family: str, code: str) -> Any:
        return self.call(getattr(commands, f"delete_{family}"), rid(code))

    def block(self, code: str) -> Block:
        return self.source.entities[Block, rid(code)]

    def order(self, code: str) -> Order:
        return self.source.entities[Order, rid(code)]

    def placement(self, code: str) -> Placement:
        return self.source.entities[Placement, rid(code)]

    def execution(self, code: str) -> Execution:
        return self.source.entities[Execution, rid(code)]

    def allocation(self, code: str) -> Allocation:
        return self.source.entities[Allocation, rid(code)]

    def all(self, kind: type[Any]) -> list[Any]:
        return [entity for (each, _), entity in self.source.entities.items() if each is kind]

    def allocated(self) -> dict[str, Decimal]:
        """Give the quantity of every allocation by the code of its id."""
        return {each.id.code: each.quantity for each in self.all(Allocation)}

    def bookings(self) -> list[Booking]:
        return self.all(Booking)

    def block_entry(self, code: str) -> OrderGraphBlock:
        """Give the kept graph entry, after seeing that making it anew gives the same."""
        kept = self.graph[Block, rid(code)]
        assert kept == graph_block(self.a_book(), self.block(code))
        return kept

    def placement_entry(self, code: str) -> OrderGraphPlacement:
        kept = self.graph[Placement, rid(code)]
        assert kept == graph_placement(self.a_book(), self.placement(code))
        return kept


def failure(reply: Any) -> ErrorDetail:
    """Give the one failure of a partial call."""
    (only,) = reply.failed.values()
    return only


@contextmanager
def refused(type: str, code: int = 151) -> Iterator[None]:
    """Expect the whole call to be refused with that type and code."""
    with pytest.raises(Refusal) as caught:
        yield
    assert (caught.value.type, caught.value.code) == (type, code)
