"""A day of eight hours, compressed: market, sleep and changes of the network, and what grows meanwhile.

Each hour a user turns pages, opens and leaves screens, makes orders and cancels them, and the market trades;
then the line is cut and mended, slow and quick, and the machine sleeps. ``BENCH_SOAK_S`` is how many seconds
all of it takes, 480 by default: what asked the server is held until its deadline of a minute has passed, so
fewer seconds show more memory. Handles, tasks and threads must be as many at the end as in the first half.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
from contextlib import AsyncExitStack
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

import httpx
from msgspec import Struct

from tests.bench.report import heading, note
from tests.blotter_app import Blotter
from tests.idle import idle_by_the_loop
from tests.service.dealer import orders_of, rid
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http, asgi_transport
from tui.app import BlotterApp
from tui.connection import Connection
from tui.oms.run.embedded import Embedded
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.service.journal.journal import Journal
from tui.service.verbs import CancelOrders
from tui.session import Preferences

SECONDS: Final = float(os.environ.get("BENCH_SOAK_S", "480"))
HOURS: Final = 8
SETTLED_AFTER: Final = 2
"""Hours after which caches are filled."""
SCREENS: Final = ("h", "enter", "question_mark", "at", "D", "T")
"""Keys that open a screen, which Esc leaves."""
MOST_KIB_A_ROW: Final = 24
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class ChangingLine(AsyncBaseTransport):
    """A line that is cut, or slow, as somebody says."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self._server = server
        self.is_cut = False
        self.delay_s = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_cut:
            raise httpx.ConnectError("the network is gone")
        await asyncio.sleep(self.delay_s)
        return await self._server.handle_async_request(request)


class HeldAfterHour(Struct):
    """What a program holds at the end of an hour."""

    memory_kib: int
    handles: int
    tasks: int
    threads: int
    rows: int
    disk_kib: int
    decisions: int

    @property
    def flat(self) -> tuple[int, int, int]:
        """What must not grow at all."""
        return self.handles, self.tasks, self.threads


class Soak:
    """A user who works while things change around them."""

    def __init__(self, user: Blotter, line: ChangingLine, embedded: Embedded, folder: Path) -> None:
        self._user = user
        self._line = line
        self._embedded = embedded
        self._folder = folder
        self._decisions = 0

    async def hour(self, seconds: float) -> HeldAfterHour:
        """Work for an hour that takes ``seconds``; return what is held afterwards."""
        end = monotonic() + seconds
        while monotonic() < end:
            await self._trade()
            await self._look_around()
            await self._write()
        self._line.delay_s = 0.05
        await self._trade()
        self._line.delay_s = 0.0
        self._line.is_cut = True
        await self._trade()
        self._line.is_cut = False
        self._user.app.on_app_blur()
        self._embedded.market.step(200)  # while the machine sleeps
        self._user.app.on_app_focus()
        desk = self._desk
        while not await desk.refresh():
            await self._user.pilot.pause(0.2)
        assert await desk.reload()
        await self._user.press("escape")
        return self._held()

    @property
    def _desk(self) -> Desk:
        desk = self._user.app.session.desk
        assert desk is not None
        return desk

    async def _trade(self) -> None:
        """Let the market trade, and read the desk."""
        await asyncio.to_thread(self._embedded.market.step, 10)
        await self._desk.refresh()
        await self._user.press("down")

    async def _look_around(self) -> None:
        """Open every screen, and leave it; turn pages in every pane."""
        for key in SCREENS:
            await self._user.press(key)
            while len(self._user.app.screen_stack) > 1:
                await self._user.press("escape")
        for pane in "123456":
            await self._user.press(pane, "pagedown", "up", "home")

    async def _write(self) -> None:
        """Create an order and cancel it."""
        self._decisions += 2
        number = self._decisions
        await self._desk.act(orders_of(f"BLK_{number}", {f"ORD_{number}": 10}))
        await self._desk.act(CancelOrders((rid(f"ORD-{number}"),)))

    def _held(self) -> HeldAfterHour:
        gc.collect()
        snapshot = self._desk.snapshot
        resident = int(Path("/proc/self/statm").read_text().split()[1])
        return HeldAfterHour(
            memory_kib=resident * PAGE // 1024,
            handles=len(os.listdir("/proc/self/fd")),
            tasks=len(asyncio.all_tasks()),
            threads=threading.active_count(),
            rows=sum(map(len, (snapshot.blocks, snapshot.orders, snapshot.placements, snapshot.executions))),
            disk_kib=sum(each.stat().st_size for each in self._folder.rglob("*") if each.is_file()) // 1024,
            decisions=self._decisions,
        )


def main() -> None:
    """Print what is held after each hour; end with status 1 when something grows that should not."""
    logging.disable()
    with TemporaryDirectory() as folder, idle_by_the_loop():
        hours = asyncio.run(_day(Path(folder)))
    settled, last = hours[SETTLED_AFTER - 1], hours[-1]
    first_half = hours[SETTLED_AFTER - 1 : HOURS // 2]
    rows, kib = last.rows - settled.rows, last.memory_kib - settled.memory_kib
    decisions = last.decisions - settled.decisions
    note(f"from hour {SETTLED_AFTER} on: {kib:,} KiB for {rows:,} more rows and {decisions:,} decisions")
    most = [max(numbers) for numbers in zip(*(each.flat for each in first_half), strict=True)]
    grows = [
        name
        for name, one, other in zip(("handles", "tasks", "threads"), most, last.flat, strict=True)
        if other > one
    ]
    if kib > MOST_KIB_A_ROW * max(rows + decisions, 1):
        grows.append("memory")
    note(f"GROWS: {', '.join(grows)}" if grows else "nothing grows but the rows")
    if grows:
        raise SystemExit(1)


async def _day(folder: Path) -> list[HeldAfterHour]:
    """Return what is held after each hour of a day."""
    embedded = await Embedded.open(folder / "desk.db", size="demo", speed=Decimal(1))
    embedded.market.pause()
    line = ChangingLine(asgi_transport(embedded.app))
    environment = Environment("demo", EnvironmentKind.LOCAL)
    journal = Journal(folder / "journal.jsonl")

    async def connect() -> Connection:
        client = Client(Http("http://embedded/api", transport=line))
        desk = Desk(client, environment, journal=journal)

        async def close() -> None:
            await desk.close()
            await client.close()

        return Connection(desk, close)

    app = BlotterApp(environment, connect, Preferences(zone=UTC, refresh_s=1, exports=folder / "exports"))
    heading(f"  {'hour':>4}{'KiB':>10}{'handles':>9}{'tasks':>7}{'threads':>9}{'rows':>8}{'disk KiB':>10}")
    hours = []
    async with AsyncExitStack() as stack:
        pilot = await stack.enter_async_context(app.run_test(size=(160, 48)))
        user = Blotter(app, pilot)
        await user.until(lambda: app.session.snapshot.complete)
        soak = Soak(user, line, embedded, folder)
        for hour in range(1, HOURS + 1):
            held = await soak.hour(SECONDS / HOURS)
            hours.append(held)
            flat = f"{held.handles:>9}{held.tasks:>7}{held.threads:>9}"
            note(f"{hour:>4}{held.memory_kib:>10,}{flat}{held.rows:>8,}{held.disk_kib:>10,}")
    journal.close()
    await embedded.close()
    return hours


if __name__ == "__main__":
    main()
