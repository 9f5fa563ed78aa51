"""Many desks on one server: clients that write, and clients that read and check what they see.

Every writer creates blocks of its own, each with as many orders as the block's code says, and moves an
order of its own between two blocks that all writers share. So a reader who ever sees a part of a call
sees a block with too few orders, orders without their fellows, or shared blocks that do not add up.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from msgspec import Struct, field, json

from tests.paths import ROOT

SERVE: Final = "import sys; from tui.oms.run.serve import run; from pathlib import Path; sys.exit(run({}))"
MANAGE: Final = "/api/ordermanagement"
SHARED: Final = ("SHARED-A", "SHARED-B")


@contextmanager
def served(file: Path) -> Iterator[tuple[str, str]]:
    """Run ``serve`` over ``file``; yield its address and its token."""
    command = SERVE.format(f"port=0, db=Path({str(file)!r})")
    process = subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        url, token = (process.stdout.readline().split()[1] for _ in range(2))
        yield url.removesuffix("/api"), token
    finally:
        process.terminate()
        process.communicate()
    assert process.returncode == 0


def block_of(code: str, orders: list[str]) -> dict[str, Any]:
    """Return the request for a block and its orders, of ten units each."""
    return {
        "blockId": {"scope": "Desk", "code": code},
        "orders": [
            {"id": {"scope": "Desk", "code": order}, "quantity": 10, "state": "New", "properties": {}}
            for order in orders
        ],
        "instrumentIdentifiers": {"Instrument/default/Figi": "BBG000B9XRY4"},
        "side": "Buy",
        "type": "Market",
        "timeInForce": "Day",
        "date": "2026-11-20T09:00:00Z",
    }


class Day(Struct):
    """The result of a run."""

    created: dict[str, int] = field(default_factory=dict)
    """The acknowledged blocks, with the number of their orders."""
    moves: int = 0
    torn: list[str] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    """The seconds a page of 200 orders took without concurrent writes."""
    busy: list[list[float]] = field(default_factory=list)
    """The same while the others wrote, by reader."""
    turns: list[int] = field(default_factory=list)
    """The number of blocks each writer has created and of moves it has made."""

    @property
    def rounds(self) -> int:
        """The number of writes of each writer and reads of each reader at least."""
        return min((*self.turns, *map(len, self.busy)), default=0)


class Desks:
    """The clients of one server."""

    def __init__(self, url: str, token: str, *, writers: int = 8, readers: int = 8) -> None:
        self._clients = [
            httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60)
            for _ in range(writers + readers)
        ]
        self._writers, self._readers = self._clients[:writers], self._clients[writers:]
        self.day = Day()

    async def work(self, over: Callable[[], bool], idle_pages: int = 100) -> Day:
        """Read without writers, then write and read until ``over``, then count the entities."""
        first = self._clients[0]
        movers = [f"MOVER-{number}" for number in range(len(self._writers))]
        crowd = [f"CROWD-{number}" for number in range(300)]
        await self._post(first, "createorders", [block_of(SHARED[0], movers), block_of("CROWD", crowd)])
        for _ in range(idle_pages):
            self.day.idle.append(await self._page(first))
        self.day.turns = [0 for _ in self._writers]
        self.day.busy = [[] for _ in self._readers]
        async with asyncio.TaskGroup() as tasks:
            for number, client in enumerate(self._writers):
                tasks.create_task(self._write(client, number, over))
            for client, times in zip(self._readers, self.day.busy, strict=True):
                tasks.create_task(self._read(client, times, over))
        await self._count(first)
        return self.day

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()

    # -- writing -------------------------------------------------------------------------------------

    async def _post(self, client: httpx.AsyncClient, name: str, requests: list[Any]) -> None:
        answer = await client.post(f"{MANAGE}/{name}", json={"requests": requests})
        assert answer.is_success, answer.text

    async def _write(self, client: httpx.AsyncClient, number: int, over: Callable[[], bool]) -> None:
        turn = 0
        while not over():
            turn += 1
            size = 1 + turn * 7 % 20
            code = f"BLK-{number}-{turn}-{size}"
            orders = [f"{code}-{order:02}" for order in range(size)]
            await self._post(client, "createorders", [block_of(code, orders)])
            self.day.created[code] = size
            move = {
                "orderId": {"scope": "Desk", "code": f"MOVER-{number}"},
                "destinationBlockId": {"scope": "Desk", "code": SHARED[turn % 2]},
            }
            await self._post(client, "moveorders", [move])
            self.day.moves += 1
            self.day.turns[number] += 1

    # -- reading -------------------------------------------------------------------------------------

    async def _get(self, client: httpx.AsyncClient, path: str, **query: str) -> Any:
        answer = await client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return json.decode(answer.content)

    async def _page(self, client: httpx.AsyncClient) -> float:
        began = time.perf_counter()
        page = await self._get(client, "/api/orders", limit="200")
        taken = time.perf_counter() - began
        assert len(page["values"]) == 200
        return taken

    async def _read(self, client: httpx.AsyncClient, times: list[float], over: Callable[[], bool]) -> None:
        while not over():
            times.append(await self._page(client))
            query = {"sortBy": "version.asAtModified DESC", "limit": "50"}
            newest = await self._get(client, "/api/ordergraph/blocks", **query)
            self._check_graph(newest["values"])
            shared = await self._get(client, "/api/ordergraph/blocks", filter="id.code startswith 'SHARED'")
            self._check_graph(shared["values"])
            moved = sum(row["ordered"]["quantity"] for row in shared["values"])
            if moved != 10 * len(self._writers):
                self.day.torn.append(f"the shared blocks hold {moved}")
            await self._check_orders(client, newest["values"][:1])

    def _check_graph(self, rows: list[Any]) -> None:
        """Check that every block has the sum of its orders, and as many as it was created with."""
        for row in rows:
            block, ordered = row["block"], row["ordered"]
            code, members = block["id"]["code"], block["orderIds"]
            if code.startswith("BLK-") and len(members) != int(code.rsplit("-", 1)[1]):
                self.day.torn.append(f"{code} has {len(members)} orders")
            whole = {block["quantity"], ordered["quantity"], 10 * len(members), 10 * len(ordered["details"])}
            if len(whole) != 1:
                self.day.torn.append(f"{code} says {whole}")

    async def _check_orders(self, client: httpx.AsyncClient, rows: list[Any]) -> None:
        """Check that the orders of a call are all there or none, even right after it."""
        for row in rows:
            _, number, turn, *_ = f"{row['block']['id']['code']}--".split("-")
            if not turn:
                continue
            size = 1 + (int(turn) + 1) * 7 % 20
            code = f"BLK-{number}-{int(turn) + 1}-{size}"
            page = await self._get(client, "/api/orders", filter=f"id.code startswith '{code}-'")
            if len(page["values"]) not in (0, size):
                self.day.torn.append(f"{code}: {len(page['values'])} of {size} orders")

    async def _count(self, client: httpx.AsyncClient) -> None:
        """Check that everything acknowledged is there completely."""
        found: dict[str, int] = {}
        token: str | None = ""
        while token is not None:
            query = {"limit": "1000", **({"paginationToken": token} if token else {})}
            page = await self._get(client, "/api/ordergraph/blocks", **query)
            self._check_graph(page["values"])
            found |= {row["block"]["id"]["code"]: len(row["block"]["orderIds"]) for row in page["values"]}
            token = page["nextPage"]
        lost = self.day.created.keys() - found.keys()
        self.day.torn += [f"{code} is lost" for code in lost]
