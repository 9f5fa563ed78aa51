"""A server whose endpoints around order management answer what a test says; all else is the real one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tui.api.http import AsyncBaseTransport

Answer = Callable[[httpx.Request], httpx.Response]
HTML = "<html><body>Sign in</body></html>"
BROKEN: Mapping[str, Answer] = {
    "404": lambda _: httpx.Response(404, text="no such path"),
    "403": lambda _: httpx.Response(403, json={"name": "AccessDenied", "code": 204, "detail": "not yours"}),
    "501": lambda _: httpx.Response(501, json={"detail": "not offered"}),
    "500": lambda _: httpx.Response(500, text="out of order"),
    "429": lambda _: httpx.Response(429, headers={"retry-after": "7"}, json={"detail": "too many"}),
    "HTML": lambda _: httpx.Response(200, text=HTML),
    "cut": lambda _: httpx.Response(200, text='{"values": [{"instrumentUid"'),
}
"""The ways in which an endpoint is not there."""


class AroundTheRows(AsyncBaseTransport):
    """Answers requests whose path ends in a name as told; ``asked`` are those."""

    def __init__(self, server: AsyncBaseTransport, answers: Mapping[str, Answer] | None = None) -> None:
        self.server = server
        self.answers: dict[str, Answer] = dict(answers or {})
        self.asked: list[httpx.URL] = []
        self.held = asyncio.Event()
        """While it is not set, answers do not arrive."""
        self.held.set()
        self.most_at_once = 0
        self._under_way = 0
        self._awaited = 0

    def hold_until(self, under_way: int) -> None:
        """Let no answer arrive before so many requests are under way at once."""
        self.held.clear()
        self._awaited = under_way

    def count(self, name: str) -> int:
        """Return how often an endpoint was asked."""
        return Counter(url.path.endswith(name) for url in self.asked)[True]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = next((each for name, each in self.answers.items() if request.url.path.endswith(name)), None)
        if answer is None:
            return await self.server.handle_async_request(request)
        await request.aread()
        self.asked.append(request.url)
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        if self._under_way == self._awaited:
            self.held.set()
        try:
            await self.held.wait()
            await asyncio.sleep(0)
            return answer(request)
        finally:
            self._under_way -= 1


def holdings(*rows: tuple[str, str, str] | tuple[str, str, str, str]) -> Answer:
    """Return the answer with these rows: instrument, kind of holding, units, and units settled."""
    values: list[dict[str, Any]] = [
        {
            "instrumentUid": luid,
            "holdingType": kind,
            "units": float(units),
            "settledUnits": float(settled[0] if settled else units),
            "cost": {"amount": 1, "currency": "USD"},
        }
        for luid, kind, units, *settled in rows
    ]
    return lambda _: httpx.Response(200, json={"values": values, "warnings": []})
