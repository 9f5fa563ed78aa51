"""The cost of writes to the embedded server, on a file, every call committed to disk before it is answered.

Seconds are the wall's; where other programs are at work on the machine, the processor time printed beside
them is the truer figure.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx

from tests.bench.report import heading, note, report
from tests.oms.request_bodies import NINE, put, usd
from tests.oms.run.many_clients import served
from tui.api.base import ResourceId
from tui.api.http import asgi_transport
from tui.api.models import Execution
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server

JSON: Final = {"content-type": "application/json"}
CREATE: Final = "/api/ordermanagement/createorders"
A_SECOND: Final = 20_000
"""Orders created per second, in calls of 1,000."""
FIGI: Final = {"Instrument/default/Figi": "BBG000B9XRY4"}
WHAT: Final = {
    "instrumentIdentifiers": FIGI,
    "side": "Buy",
    "type": "Limit",
    "timeInForce": "Day",
    "limitPrice": {"amount": 190.5, "currency": "USD"},
}


def id_of(code: str) -> dict[str, str]:
    """Return an id of this benchmark as JSON has it."""
    return {"scope": "Bench", "code": code}


def block(call: int, number: int) -> str:
    return f"BLK-{call:05}-{number:03}"


def order(call: int, number: int, place: int) -> str:
    return f"ORD-{call:05}-{number:03}-{place:04}"


def baskets(blocks: int, orders: int, calls: int, start: int = 0) -> Iterator[bytes]:
    """Return bodies of createorders: each ``blocks`` new blocks of ``orders`` orders."""
    for call in range(start, start + calls):
        requests = [
            {
                "blockId": id_of(block(call, number)),
                "orders": [
                    {
                        "id": id_of(order(call, number, place)),
                        "portfolioId": id_of(f"P-{place % 20}"),
                        "quantity": 100 + place,
                        "state": "New",
                        "date": "2026-11-20T09:00:01.0000000+00:00",
                        "properties": {},
                    }
                    for place in range(orders)
                ],
                "date": "2026-11-20T09:00:00.0000000+00:00",
                **WHAT,
            }
            for number in range(blocks)
        ]
        yield json.dumps({"requests": requests}).encode()


class serving:
    """An engine over a file and a client on it, for the length of a measurement."""

    def __init__(self, file: Path) -> None:
        self._engine = Engine.open(file, instrument_table)
        transport = asgi_transport(Server(self._engine))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://bench/api", timeout=600)

    async def __aenter__(self) -> tuple[Engine, httpx.AsyncClient]:
        return self._engine, self._client

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()
        self._engine.close()


class Taken:
    """The time since it was made, on the wall and of this process's processors, in seconds."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def stop(self) -> tuple[float, float]:
        """Return both."""
        return time.perf_counter() - self._wall, time.process_time() - self._processor


async def send(server: httpx.AsyncClient, path: str, bodies: Iterable[bytes]) -> list[bytes]:
    """Post ``bodies`` one after the other; each must succeed."""
    answers = []
    for body in bodies:
        answer = await server.post(path, content=body, headers=JSON)
        assert answer.status_code in (200, 201), answer.text
        answers.append(answer.content)
    return answers


async def timed(server: httpx.AsyncClient, path: str, body: object) -> tuple[float, float]:
    """Post one body of which nothing may fail; return the seconds of wall clock and of the processor."""
    raw = json.dumps(body).encode()
    taken = Taken()
    (answer,) = await send(server, path, [raw])
    seconds = taken.stop()
    assert not json.loads(answer).get("failed"), answer[:500]
    return seconds


async def creating(folder: Path) -> None:
    """Create orders: one by one, in calls of 1,000, in one call, in process and over a socket."""
    heading("orders created over HTTP, on a file, every call committed to disk")
    shapes: Mapping[str, tuple[int, int, int, int | None]] = {
        "calls of 1 order": (1, 1, 300, None),
        "calls of 1,000: 100 blocks of 10": (100, 10, 20, A_SECOND),
        "calls of 1,000: 1 block of 1,000": (1, 1_000, 20, A_SECOND),
        "one call of 10,000: 100 blocks of 100": (100, 100, 1, A_SECOND),
    }
    for place, (name, (blocks, orders, calls, target)) in enumerate(shapes.items()):
        async with serving(folder / f"create-{place}.db") as (_, server):
            bodies = list(baskets(blocks, orders, calls))
            taken = Taken()
            await send(server, CREATE, bodies)
            wall, processor = taken.stop()
        made = blocks * orders * calls
        report(f"orders per second, {name}", made / wall, target, "/s", more_is_better=True)
        report("  processor time of client and server, per order", processor / made * 1e6, None, "us")
    with served(folder / "socket.db") as (url, token):
        signed = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, timeout=60, headers=signed) as server:
            bodies = list(baskets(100, 10, 21))
            await send(server, CREATE, bodies[:1])
            taken = Taken()
            await send(server, CREATE, bodies[1:])
            wall, _ = taken.stop()
    name = "orders per second, over a socket, 100 blocks of 10"
    report(name, 20_000 / wall, A_SECOND, "/s", more_is_better=True)


def an_execution(number: int, placement: str, units: Decimal) -> Execution:
    """Return a fill; each is a second after the one before."""
    return Execution(
        id=ResourceId("Bench", f"EXE-{placement}-{number:05}"),
        placement_id=ResourceId("Bench", placement),
        properties={},
        instrument_identifiers=FIGI,
        lusid_instrument_id="LUID_ZZZZZZZZ",
        quantity=units,
        state="Filled",
        side="Buy",
        type="Limit",
        created_date=NINE + timedelta(seconds=number),
        price=usd(f"190.{number % 50:02}"),
        settlement_currency="USD",
        settlement_currency_fx_rate=Decimal(1),
        counterparty="BRK-A",
        links=(),
    )


def placing(codes: Mapping[str, str], quantity: int) -> dict[str, Any]:
    """Return a body of placeblocks: placements by code, each of one block, all of it."""
    return {
        "requests": [
            {
                "id": id_of(code),
                "blockIds": [id_of(of)],
                "quantity": quantity,
                "createdDate": "2026-11-20T09:10:00Z",
                **WHAT,
            }
            for code, of in codes.items()
        ]
    }


def size_of(orders: int) -> int:
    """Return the quantity of a block of a basket."""
    return sum(100 + place for place in range(orders))


async def allocating(folder: Path) -> None:
    """Allocate ever more executions of one placement, then those of many placements."""
    heading("allocation over HTTP: executions of one placement to the orders of its block")
    for orders, sizes in ((100, (1_000, 3_000, 10_000)), (1_000, (1_000, 3_000))):
        first = 0.0
        for executions in sizes:
            async with serving(folder / f"allocate-{orders}-{executions}.db") as (engine, server):
                await send(server, CREATE, baskets(1, orders, 1))
                await timed(server, PLACE, placing({"PLC": block(0, 0)}, size_of(orders)))
                await fill(engine, "PLC", executions, size_of(orders))
                wall, processor = await timed(server, ALLOCATE, [id_of("PLC")])
            report(f"{executions:,} executions to {orders:,} orders", wall, None, "s")
            report("  processor time of each execution", processor / executions * 1e6, None, "us")
            first = first or processor / executions
        report(
            f"  an execution of {sizes[-1]:,} beside one of {sizes[0]:,}",
            processor / executions / first,
            1.2,
            "times",
        )
    async with serving(folder / "allocate-many.db") as (engine, server):
        await send(server, CREATE, baskets(100, 10, 1))
        placed = {f"PLC-{number:03}": block(0, number) for number in range(100)}
        await timed(server, PLACE, placing(placed, size_of(10)))
        for code in placed:
            await fill(engine, code, 100, size_of(10))
        wall, processor = await timed(server, ALLOCATE, [id_of(code) for code in placed])
    report("10,000 executions of 100 placements to 1,000 orders", wall, None, "s")
    report("  processor time of each execution", processor / 10_000 * 1e6, None, "us")


async def fill(engine: Engine, placement: str, executions: int, quantity: int) -> None:
    """Store executions of ``quantity`` in all, without asking the rules."""
    units = Decimal(quantity) / executions
    made = [an_execution(number, placement, units) for number in range(executions)]
    await engine.run(lambda: engine.write(put, made, user="bench"))


PLACE: Final = "/api/ordermanagement/placeblocks"
ALLOCATE: Final = "/api/ordermanagement/allocate"


async def changing(folder: Path) -> None:
    """Update, move, cancel, place, book: calls of a hundred, a thousand, five thousand items."""
    heading("what is there is changed, over HTTP, each a call of its own")
    async with serving(folder / "change.db") as (engine, server):
        await send(server, CREATE, baskets(100, 10, 12))
        for count in (100, 1_000):
            codes = [order(0, number % 100, number // 100) for number in range(count)]
            updates = {code: {"id": id_of(code), "quantity": 50 + count // 100} for code in codes}
            await told("orders updated", server, "/api/ordermanagement/updateorders", updates, count)
        moves = [
            {"orderId": id_of(order(2, number, 0)), "destinationBlockId": id_of(block(3, number))}
            for number in range(100)
        ]
        await told("orders moved", server, "/api/ordermanagement/moveorders", {"requests": moves}, 100)
        for count, call in ((100, 4), (1_000, 5)):
            codes = [order(call, number % 100, number // 100) for number in range(count)]
            gone = {code: id_of(code) for code in codes}
            await told("orders cancelled", server, "/api/ordermanagement/cancelorders", gone, count)
        placed = {f"PLC-{number:03}": block(6, number) for number in range(100)}
        await told("blocks placed", server, PLACE, placing(placed, size_of(10)), 100)
    async with serving(folder / "book.db") as (engine, server):
        await send(server, CREATE, baskets(50, 100, 1))
        placed = {f"PLC-{number:03}": block(0, number) for number in range(50)}
        await timed(server, PLACE, placing(placed, size_of(100)))
        for code in placed:
            await fill(engine, code, 1, size_of(100))
        await told("allocations made", server, ALLOCATE, [id_of(code) for code in placed], 5_000)
        ids = await allocations(server)
        await told("allocations booked", server, "/api/ordermanagement/booktransactions", ids, 5_000)
    note("each line is one call: the seconds it took, then the processor time of an item of it")


async def allocations(server: httpx.AsyncClient) -> Sequence[object]:
    """Return the ids of all allocations."""
    page = await server.get("/api/allocations", params={"limit": "5000"})
    return [each["id"] for each in page.json()["values"]]


async def told(what: str, server: httpx.AsyncClient, path: str, body: object, items: int) -> None:
    """Post and report."""
    wall, processor = await timed(server, path, body)
    report(f"{items:,} {what}", wall, None, "s")
    report("  processor time of each", processor / items * 1e6, None, "us")
