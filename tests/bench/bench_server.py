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
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx

from tests.bench.report import heading, note, report
from tests.bench.writes import CREATE, JSON, allocating, baskets, changing, creating, serving
from tests.oms.request_bodies import an_order, oid, put
from tui.oms.engine.engine import Engine

LARGEST: Final = int(os.environ.get("BENCH_ORDERS", "100000"))
STATES: Final = ("New", "Filled")
SIDES: Final = ("Buy", "Sell")
PAGES: Final = 20


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def grow(engine: Engine, start: int, end: int) -> None:
    """Store orders without asking the rules: only the table's size matters here.

    Of any thousand, 200 have any of five instruments, 250 any of four portfolios, and no fewer any state
    and side together: a page of 200 is full at every size.
    """
    for first in range(start, end, 1_000):
        batch = [
            an_order(
                f"ORD-{number:08}",
                state=STATES[number % 3 % 2],
                side=SIDES[number // 3 % 2],
                lusid_instrument_id=f"LUID_{number % 5:08}",
                portfolio_id=oid(f"P-{number % 4}"),
            )
            for number in range(first, min(end, first + 1_000))
        ]
        engine.write(put, batch, user="bench")


STATE: Final = "state eq 'New'"
BOTH: Final = "state eq 'New' and side eq 'Sell'"
LUID: Final = "lusidInstrumentId eq 'LUID_00000003'"
PORTFOLIO: Final = "portfolioId.code eq 'P-3'"
SORTS: Final = (
    "id",
    "id.code",
    "state",
    "side",
    "lusidInstrumentId",
    "portfolioId.code",
    "version.asAtModified",
)
NEWEST: Final = "version.asAtModified DESC"
QUESTIONS: Final[dict[str, dict[str, Any]]] = {
    "default order": {},
    "filter on id": {"filter": "id.code gte 'ORD-00000200' and id.code lt 'ORD-00000500'"},
    "filter on state": {"filter": STATE},
    "filter on any state but one": {"filter": "state neq 'Filled'"},
    "filter on side": {"filter": "side eq 'Sell'"},
    "filter on LUID": {"filter": LUID},
    "filter on two LUIDs": {"filter": "lusidInstrumentId in ('LUID_00000003','LUID_00000001')"},
    "filter on portfolio": {"filter": PORTFOLIO},
    "changed since": {"filter": "version.asAtModified gt {late}"},
    **{f"sort by {name}{way}": {"sortBy": name + way} for name in SORTS for way in ("", " DESC")},
    "filter on state and side": {"filter": BOTH},
    "filter on state, newest first": {"filter": STATE, "sortBy": NEWEST},
    "filter on state and side, newest first": {"filter": BOTH, "sortBy": NEWEST},
    "filter on state, sort by side descending": {"filter": STATE, "sortBy": "side DESC"},
    "filter on state and LUID": {"filter": f"{STATE} and {LUID}"},
    "filter on portfolio, newest first": {"filter": PORTFOLIO, "sortBy": NEWEST},
}
"""The questions asked about the orders. ``{late}`` is the asAt before the newest thousand."""


async def listing(folder: Path) -> None:
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= max(LARGEST, 1_000)]
    first: dict[str, float] = {}
    async with serving(folder / "list.db") as (engine, server):
        rows = 0
        late = ""
        for size in sizes:
            await engine.run(grow, engine, rows, size - 1_000)
            late = engine.clock.now().isoformat()
            await engine.run(grow, engine, max(size - 1_000, 0), size)
            rows = size
            heading(f"pages of 200 of {size:,} orders, over HTTP; beside them the cost in processor time")
            for name, question in QUESTIONS.items():
                asked = {key: value.format(late=late) for key, value in question.items()}
                wall, cpu = await page_times(server, asked)
                report(f"pages per second, {name}", 1 / wall, 50, "/s", more_is_better=True)
                first.setdefault(name, cpu)
                if size == sizes[-1] and size > sizes[0]:
                    report(f"  cost beside {sizes[0]:,} orders", cpu / first[name], 1.2, "times")
        await deep_pages(server)
        await past_pages(engine, server, rows)


async def deep_pages(server: httpx.AsyncClient) -> None:
    """Measure the last pages of a long walk beside its first."""
    heading("a walk of up to 500 pages of 200: the cost of its last pages beside its first")
    for name in ("default order", "filter on state", "sort by side DESC", "filter on state, newest first"):
        times: list[float] = []
        async for cpu in walk(server, QUESTIONS[name], 500):
            times.append(cpu)
        report(f"  page {len(times)}, {name}", median(times[-20:]) / median(times[:20]), 1.2, "times")


async def past_pages(engine: Engine, server: httpx.AsyncClient, rows: int) -> None:
    """Measure pages as they were before many orders changed."""
    heading("pages of 200 as they were before so many orders changed, beside the same page now")
    changed = 0
    for some in (100, 1_000, 10_000):
        if some >= rows:
            return
        then = engine.clock.now().isoformat()
        for number in range(changed, changed + some):
            order = an_order(f"ORD-{number:08}", state="Cancelled", portfolio_id=oid("P-9"))
            await engine.run(engine.write, put, [order], user="bench")
        changed += some
        for name in ("default order", "filter on state", "filter on portfolio, newest first"):
            _, now = await page_times(server, QUESTIONS[name])
            wall, past = await page_times(server, {**QUESTIONS[name], "asAt": then})
            what = f"pages per second before {some:,} changes, {name}"
            report(what, 1 / wall, 50, "/s", more_is_better=True)
            report("  cost beside now", past / now, None, "times")


async def page_times(server: httpx.AsyncClient, asked: dict[str, Any]) -> tuple[float, float]:
    """Return the median time of a page of 200 over twenty pages, in seconds, and of the processor."""
    walls: list[float] = []
    cpus: list[float] = []
    while len(cpus) < PAGES:
        began = time.perf_counter()
        async for cpu in walk(server, asked, PAGES - len(cpus)):
            walls.append(time.perf_counter() - began)
            cpus.append(cpu)
            began = time.perf_counter()
    return median(walls), median(cpus)


async def walk(server: httpx.AsyncClient, asked: dict[str, Any], pages: int) -> AsyncIterator[float]:
    """Return the processor time of each page, in seconds."""
    token: str | None = ""
    while token is not None and pages:
        query = {"limit": "200", **(asked if not token else {"page": token})}
        began = time.process_time()
        answer = await server.get("/api/orders", params=query)
        cpu = time.process_time() - began
        assert answer.status_code == 200, answer.text
        token = answer.json()["nextPage"]
        pages -= 1
        yield cpu


AROUND: Final[list[tuple[str, dict[str, str]]]] = [
    ("blocks", {"filter": "side eq 'Buy'"}),
    ("blocks", {"sortBy": NEWEST}),
    ("ordergraph/blocks", {}),
    ("ordergraph/blocks", {"filter": "side eq 'Buy' and type eq 'Limit'"}),
    ("ordergraph/blocks", {"sortBy": NEWEST, "includeSwept": "false"}),
    ("placements", {"filter": "state eq 'New'"}),
    ("ordergraph/placements", {"filter": "state eq 'New'", "sortBy": NEWEST}),
]


async def graph(folder: Path) -> None:
    heading("order graph of 20,000 blocks, over HTTP")
    async with serving(folder / "graph.db") as (_, server):
        for body in baskets(100, 1, 200):
            assert (await server.post(CREATE, content=body, headers=JSON)).status_code == 201
        placements = [
            {
                "id": {"scope": "Bench", "code": f"PLC-{number:03}"},
                "blockIds": [{"scope": "Bench", "code": f"BLK-00000-{number % 100:03}"}],
                "instrumentIdentifiers": {"Instrument/default/Figi": "BBG000B9XRY4"},
                "quantity": 1,
                "state": "New",
                "side": "Buy",
                "timeInForce": "Day",
                "type": "Limit",
                "createdDate": "2026-11-20T09:10:00Z",
                "limitPrice": {"amount": 190.5, "currency": "USD"},
            }
            for number in range(300)
        ]
        answer = await server.post("/api/placements", json={"requests": placements})
        assert answer.status_code == 201, answer.text

        async def read() -> None:
            token, count = "", 0
            while token is not None:
                query = {"limit": "5000", **({"paginationToken": token} if token else {})}
                answer = await server.get("/api/ordergraph/blocks", params=query)
                count += answer.content.count(b'"derivedState"')
                token = json.loads(answer.content)["nextPage"]
            assert count == 20_000

        report("listed in pages of 5,000", await seconds(read), 2, "s")
        heading("pages of 200 of what is around those blocks")
        for path, query in AROUND:
            times = []
            for _ in range(PAGES):
                began = time.perf_counter()
                answer = await server.get(f"/api/{path}", params={"limit": "200", **query})
                times.append(time.perf_counter() - began)
                assert len(answer.json()["values"]) == 200, answer.text
            what = " ".join(f"{name} {value}" for name, value in query.items())
            report(f"pages per second, {path} {what}", 1 / median(times), 50, "/s", more_is_better=True)
        order = "/api/ordermanagement/order/Bench/ORD-00007-003-0000/$history"

        async def history() -> None:
            for _ in range(100):
                assert (await server.get(order)).status_code == 200

        report("order history", await seconds(history) * 10, None, "ms")


async def measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        await creating(Path(folder))
        await changing(Path(folder))
        await allocating(Path(folder))
        await listing(Path(folder))
        await graph(Path(folder))
    if LARGEST < 1_000_000:
        note("BENCH_ORDERS=1000000 adds the table of a million orders")


def main() -> None:
    """Measure and print."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
