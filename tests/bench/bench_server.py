"""The embedded server in process: orders created, pages listed, the order graph, history.

``BENCH_ORDERS`` is the size of the largest table the pages are read from, 100,000 if not given; the
promise of a page that costs the same at any size is made up to 1,000,000.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx

from tests.bench.report import heading, note, report
from tests.oms.desk import an_order, put
from tui.api.http import asgi_transport
from tui.oms.app import Server
from tui.oms.engine import Engine

JSON: Final = {"content-type": "application/json"}
CREATE: Final = "/api/ordermanagement/createorders"
LARGEST: Final = int(os.environ.get("BENCH_ORDERS", "100000"))
STATES: Final = ("New", "PartiallyFilled", "Filled", "Cancelled")
SIDES: Final = ("Buy", "Sell")
PAGES: Final = 20


def baskets(blocks: int, orders: int, calls: int, start: int = 0) -> Iterator[bytes]:
    """Give bodies of createorders: each ``blocks`` new blocks of ``orders`` orders."""
    for call in range(start, start + calls):
        requests = [
            {
                "blockId": {"scope": "Bench", "code": f"BLK-{call:05}-{block:03}"},
                "orders": [
                    {
                        "id": {"scope": "Bench", "code": f"ORD-{call:05}-{block:03}-{order:04}"},
                        "portfolioId": {"scope": "Bench", "code": f"P-{order % 20}"},
                        "quantity": 100 + order,
                        "state": "New",
                        "date": "2026-11-20T09:00:01.0000000+00:00",
                        "properties": {},
                    }
                    for order in range(orders)
                ],
                "instrumentIdentifiers": {"Instrument/default/Figi": "BBG000B9XRY4"},
                "side": "Buy",
                "type": "Limit",
                "timeInForce": "Day",
                "date": "2026-11-20T09:00:00.0000000+00:00",
                "limitPrice": {"amount": 190.5, "currency": "USD"},
            }
            for block in range(blocks)
        ]
        yield json.dumps({"requests": requests}).encode()


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def creating(folder: Path) -> None:
    heading("orders created over HTTP, on a file, every call committed to disk")
    shapes = {
        "calls of 1 order": (1, 1, 300, None),
        "calls of 1,000: 100 blocks of 10": (100, 10, 10, 20_000),
        "calls of 1,000: 1 block of 1,000": (1, 1_000, 10, 20_000),
        "one call of 10,000: 100 blocks of 100": (100, 100, 1, 20_000),
    }
    for name, (blocks, orders, calls, target) in shapes.items():
        async with serving(folder / f"{abs(hash(name))}.db") as (_, server):
            bodies = list(baskets(blocks, orders, calls))

            async def send(server: httpx.AsyncClient = server, bodies: list[bytes] = bodies) -> None:
                for body in bodies:
                    answer = await server.post(CREATE, content=body, headers=JSON)
                    assert answer.status_code == 201, answer.text

            taken = await seconds(send)
        report(
            f"orders per second, {name}", blocks * orders * calls / taken, target, "/s", more_is_better=True
        )


class serving:
    """An engine over a file and a client on it, for the length of a measurement."""

    def __init__(self, file: Path) -> None:
        self._engine = Engine.open(file)
        transport = asgi_transport(Server(self._engine))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://bench/api", timeout=600)

    async def __aenter__(self) -> tuple[Engine, httpx.AsyncClient]:
        return self._engine, self._client

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()
        self._engine.close()


def grow(engine: Engine, start: int, end: int) -> None:
    """Store orders without asking the rules: only the table's size matters here."""
    for first in range(start, end, 1_000):
        batch = [
            an_order(
                f"ORD-{number:08}",
                state=STATES[number % 4],
                side=SIDES[number % 2],
                lusid_instrument_id=f"LUID_{number % 5:08}",
            )
            for number in range(first, min(end, first + 1_000))
        ]
        engine.write(put, batch, user="bench")


QUESTIONS: Final[dict[str, dict[str, Any]]] = {
    "default order": {},
    "filter on state": {"filter": "state eq 'Filled'"},
    "filter on LUID": {"filter": "lusidInstrumentId eq 'LUID_00000003'"},
    "filter on portfolio": {"filter": "portfolioId.code eq 'GROWTH'"},
    "changed since": {"filter": "version.asAtModified gt {late}"},
    "sort by side descending": {"sortBy": "side DESC"},
    "sort by asAtModified descending": {"sortBy": "version.asAtModified DESC"},
}


async def listing(folder: Path) -> None:
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= max(LARGEST, 1_000)]
    first: dict[str, float] = {}
    async with serving(folder / "list.db") as (engine, server):
        rows = 0
        for size in sizes:
            await engine.run(grow, engine, rows, size)
            rows = size
            heading(f"pages of 200 of {size:,} orders, over HTTP")
            newest = (await server.get("/api/orders?limit=1&sortBy=-version.asAtModified")).json()["values"][
                0
            ]
            late = newest["version"]["asAtModified"]
            for name, question in QUESTIONS.items():
                asked = {key: value.format(late=late) for key, value in question.items()}
                taken = await page_time(server, asked)
                rate = 1 / taken
                report(f"pages per second, {name}", rate, 50, "/s", more_is_better=True)
                first.setdefault(name, taken)
                if size == sizes[-1] and size > sizes[0]:
                    report(f"  cost beside {sizes[0]:,} orders", taken / first[name], 1.2, "times")


async def page_time(server: httpx.AsyncClient, asked: dict[str, str]) -> float:
    """Give the median time of a page of 200, in seconds, over up to twenty pages."""
    times = []
    token: str | None = ""
    while token is not None and len(times) < PAGES:
        query = {"limit": "200", **(asked if not token else {"page": token})}
        began = time.perf_counter()
        answer = await server.get("/api/orders", params=query)
        times.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text
        token = answer.json()["nextPage"]
    return median(times)


async def graph(folder: Path) -> None:
    heading("order graph of 20,000 blocks, over HTTP")
    async with serving(folder / "graph.db") as (_, server):
        for body in baskets(100, 1, 200):
            assert (await server.post(CREATE, content=body, headers=JSON)).status_code == 201

        async def read() -> None:
            token, count = "", 0
            while token is not None:
                query = {"limit": "5000", **({"paginationToken": token} if token else {})}
                answer = await server.get("/api/ordergraph/blocks", params=query)
                count += answer.content.count(b'"derivedState"')
                token = json.loads(answer.content)["nextPage"]
            assert count == 20_000

        report("listed in pages of 5,000", await seconds(read), 2, "s")
        order = "/api/ordermanagement/order/Bench/ORD-00007-003-0000/$history"

        async def history() -> None:
            for _ in range(100):
                assert (await server.get(order)).status_code == 200

        report("order history", await seconds(history) * 10, None, "ms")


async def measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        await creating(Path(folder))
        await listing(Path(folder))
        await graph(Path(folder))
    if LARGEST < 1_000_000:
        note("BENCH_ORDERS=1000000 adds the table of a million orders")


def main() -> None:
    """Measure and print."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
