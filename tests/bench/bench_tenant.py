"""A tenant with three years of history: what it costs to open it, to keep it fresh and to look at it.

The simulated tenant runs in a process of its own. ``BENCH_SIZE`` is how many blocks it has; without it there
are three: of 100,000 blocks, of a million orders, of a million blocks, and 400 blocks of each are live. A
fourth one never sweeps: what was booked in the last month, in 100 portfolios, is on its desk beside the live
ones. Memory is what a desk takes above an empty one, processor time what the whole program takes while five
placements a second are filled, and a key is an arrow pressed on the real screen of 160x48.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from textual.pilot import Pilot

from tests.bench.bench_panes import measured
from tests.bench.report import heading, report
from tests.bench.simulated_tenant import ORDERS
from tui.api.client import Client
from tui.api.http import Http
from tui.app import BlotterApp
from tui.connection import Connection
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind

SIZES: Final = (100_000, 1_000_000 // ORDERS, 1_000_000)
REQUESTS: Final = 30
SECONDS: Final = {0: 1.0, 50: None, 250: 4.0}
"""By the milliseconds of a call, the seconds in which the desk should be there."""
MEMORY_MIB: Final = 100
ROW_KIB: Final = 2
GROWN: Final = 5
"""Percent by which memory may grow in ten reloads."""
PROCESSOR: Final = 4
"""Percent of one core."""
KEY_MS: Final = 50
WATCHED_S: Final = 20
FILLS_PER_S: Final = 5
NEVER_SWEPT: Final = 20_000
"""Blocks of a tenant that never sweeps: so many that a month of them is more than 500."""
ENVIRONMENT: Final = Environment("bench", EnvironmentKind.TEST)


def main() -> None:
    """Measure the tenants, each figure in a process of its own so that memory is its own."""
    for size in (int(os.environ["BENCH_SIZE"]),) if "BENCH_SIZE" in os.environ else SIZES:
        heading(f"a tenant of {size:,} blocks and {size * ORDERS:,} orders, 400 blocks of it live")
        for delay_ms in SECONDS:
            _apart("opened", size, delay_ms)
        _apart("watched", size, 0)
    heading(f"a tenant of {NEVER_SWEPT:,} blocks that never sweeps")
    for delay_ms in SECONDS:
        _apart("never_swept", NEVER_SWEPT, delay_ms)


def _apart(name: str, size: int, delay_ms: int) -> None:
    code = f"from tests.bench.bench_tenant import {name}; {name}({size}, {delay_ms})"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)


def opened(size: int, delay_ms: int) -> None:
    """Open the tenant and, without delay, read it ten times more."""
    with tenant(size, delay_ms) as url:
        asyncio.run(_open(url, delay_ms))


async def _open(url: str, delay_ms: int) -> None:
    async with desk_at(url) as desk:
        empty = _memory_mib()
        began, worked = time.perf_counter(), time.process_time()
        assert await desk.load(), desk.health.message
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
        report(f"seconds to open it at {delay_ms} ms a call", seconds, SECONDS[delay_ms], "s")
        report(f"processor seconds of that at {delay_ms} ms", worked, None, "s")
        if delay_ms:
            return
        gc.collect()
        first = _memory_mib()
        report("requests to open it", (await _counts(url))["requests"], REQUESTS, "calls")
        report("memory above an empty desk", first - empty, MEMORY_MIB, "MiB")
        for _ in range(10):
            await desk.reload()
        gc.collect()
        report("memory grown in ten reloads", max((_memory_mib() / first - 1) * 100, 0), GROWN, "%")
    async with desk_at(url) as desk:
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await desk.load()
        gc.collect()
        rows = sum(len(desk.snapshot.rows(kind)) for kind in EntityKind)
        taken = tracemalloc.get_traced_memory()[0] - before
        report("memory of a row, with all that finds it", taken / 1024 / rows, ROW_KIB, "KiB")


def never_swept(size: int, delay_ms: int) -> None:
    """Open a tenant that never sweeps; what is booked in its portfolios is read after that."""
    with tenant(size, delay_ms, sweeps=False) as url:
        asyncio.run(_open_never_swept(url, delay_ms))


async def _open_never_swept(url: str, delay_ms: int) -> None:
    async with desk_at(url) as desk:
        began = time.perf_counter()
        assert await desk.load(), desk.health.message
        report(
            f"seconds to open it at {delay_ms} ms a call", time.perf_counter() - began, SECONDS[delay_ms], "s"
        )
        booked = sum(bool(row.booked.details) for row in desk.snapshot.blocks.values())
        if not delay_ms:
            report("booked blocks on the desk", booked, 500, "blocks", more_is_better=True)
            report("requests to open it", (await _counts(url))["requests"], REQUESTS, "calls")
        while await desk.read_bookings():
            pass
        assert len(desk.snapshot.transactions) == 3 * booked
        if not delay_ms:
            report("requests with all that is booked", (await _counts(url))["requests"], None, "calls")
        report(f"seconds with all that is booked at {delay_ms} ms", time.perf_counter() - began, None, "s")


def watched(size: int, delay_ms: int) -> None:
    """Look at the tenant on a screen while it is filled and compared, and press keys."""
    with tenant(size, delay_ms, FILLS_PER_S) as url:
        asyncio.run(_watch(url))


async def _watch(url: str) -> None:
    waits: list[float] = []

    async with desk_at(url) as desk:

        async def connect() -> Connection:
            return Connection(desk, desk.client.close)

        app = BlotterApp(ENVIRONMENT, connect)
        async with app.run_test(size=(160, 48)) as pilot:
            await _press(pilot, waits, 5)
            assert desk.snapshot.complete
            before, began = time.process_time(), time.perf_counter()
            fills = len(desk.snapshot.executions)
            await asyncio.sleep(WATCHED_S)
            share = (time.process_time() - before) / (time.perf_counter() - began)
            seen = len(desk.snapshot.executions) - fills
            report("fills seen in that time", seen, FILLS_PER_S * WATCHED_S * 0.8, "", more_is_better=True)
            report("processor at five fills a second, screen included", share * 100, PROCESSOR, "% core")
            await _press(pilot, waits, WATCHED_S)
            waits.sort()
            report("a key waits for the loop, 99 of 100", waits[len(waits) * 99 // 100], KEY_MS, "ms")
            report("a key waits for the loop, half of them", waits[len(waits) // 2], None, "ms")


async def _press(pilot: Pilot[Any], waits: list[float], seconds: float) -> None:
    """Press an arrow again and again; each wait is for the longest turn meanwhile, by the processor."""
    ends = time.perf_counter() + seconds
    for number in itertools.takewhile(lambda _: time.perf_counter() < ends, itertools.count()):
        async with measured() as taken:
            await pilot.press("down" if number % 40 < 20 else "up")
            await asyncio.sleep(0.1)
        waits.append(taken.worked_ms)


@asynccontextmanager
async def desk_at(url: str) -> AsyncIterator[Desk]:
    """Yield a desk at a server, not read yet."""
    desk = Desk(Client(Http(f"{url}/api")), ENVIRONMENT)
    yield desk
    await desk.close()
    await desk.client.close()


@contextmanager
def tenant(size: int, delay_ms: int, fills_per_s: float = 0, *, sweeps: bool = True) -> Iterator[str]:
    """Run a tenant in a process of its own and yield its address."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    given = f"blocks={size}, delay_s={delay_ms / 1000}, fills_per_s={fills_per_s}, sweeps={sweeps}"
    made = f"SimulatedTenant({given})"
    code = (
        "import uvicorn; from tests.bench.simulated_tenant import SimulatedTenant; "
        f"uvicorn.run({made}, port={port}, log_level='error', lifespan='on')"
    )
    server = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{url}/bench/counts")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"{url} did not start")


async def _counts(url: str) -> dict[str, int]:
    async with httpx.AsyncClient() as client:
        found: dict[str, int] = (await client.get(f"{url}/bench/counts")).json()
        return found


def _memory_mib() -> float:
    """Return what of this program is in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
