"""A program that creates 244 orders in three calls, and says ``held`` when the second is on its way.

Its server and its journal are in the folder it is given. It waits for the answer until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx

from tests.service.dealer import orders_of
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http, asgi_transport
from tui.oms.run.embedded import Embedded
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.service.journal.journal import Journal
from tui.service.verbs import CreateOrders

HERE = Environment("demo", EnvironmentKind.LOCAL)
DATABASE, JOURNAL = "desk.db", "journal.jsonl"


class HeldLine(AsyncBaseTransport):
    """A line that carries the first call that creates orders, and holds the second for ever."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self._server = server
        self._calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "createorders" in request.url.path:
            self._calls += 1
            if self._calls == 2:
                print("held", flush=True)
                await asyncio.Event().wait()
        return await self._server.handle_async_request(request)


def creation() -> CreateOrders:
    """Return the creation of 244 orders, each in a block of its own."""
    pairs = (orders_of(f"BLK-{number}", {f"ORD-{number}": 10}) for number in range(1, 245))
    return CreateOrders(tuple(request for pair in pairs for request in pair.requests))


async def live(folder: Path) -> None:
    """Send the creation, until killed."""
    embedded = await Embedded.open(folder / DATABASE, size="empty", market=False)
    line = HeldLine(asgi_transport(embedded.app))
    desk = Desk(Client(Http("http://embedded/api", transport=line)), HERE, journal=Journal(folder / JOURNAL))
    await desk.load()
    await desk.act(creation())


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))
