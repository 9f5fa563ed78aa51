"""The real server behind a line that withholds, forbids and breaks what it is told to, and a watch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.service.dealer import Dealer
from tui.api.http import AsyncBaseTransport
from tui.service.desk import Desk

POLL_S = 2.0

Answer = Callable[[httpx.Request], httpx.Response | None]


class PartialServer(AsyncBaseTransport):
    """Passes reads on; rows named in ``hidden`` are in no list, ``answers`` replace whole answers."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self.server = server
        self.hidden: set[str] = set()
        self.answers: list[Answer] = []
        self.edit: Callable[[httpx.Request, list[Any]], list[Any]] | None = None
        self.page_size = 0
        """The most rows of one page, 0 for as many as asked for."""

    def forbid(self, path: str, why: str = "You are not entitled to this.") -> None:
        """Answer 403 to every read of paths that contain ``path``."""
        problem = {"name": "AccessDenied", "code": 186, "detail": why}
        self.answer_with(path, lambda _: httpx.Response(403, json=problem))

    def answer_with(self, path: str, answer: Answer) -> None:
        """Answer reads of paths that contain ``path`` with ``answer``, where that is not None."""
        self.answers.append(lambda request: answer(request) if path in request.url.path else None)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            return await self.server.handle_async_request(request)
        for answer in self.answers:
            made = answer(request)
            if made is not None:
                return made
        if self.page_size and "limit" in request.url.params:
            url = request.url.copy_set_param("limit", self.page_size)
            request = httpx.Request("GET", url, headers=request.headers)
        response = await self.server.handle_async_request(request)
        body = await response.aread()
        if response.status_code != 200 or not (self.hidden or self.edit):
            return httpx.Response(response.status_code, content=body, headers=response.headers)
        made_of = json.loads(body)
        if isinstance(made_of, dict) and isinstance(made_of.get("values"), list):
            rows = [row for row in made_of["values"] if _code(row) not in self.hidden]
            made_of["values"] = self.edit(request, rows) if self.edit else rows
        return httpx.Response(200, json=made_of)


def _code(row: Any) -> str:
    code: str = (row.get("block") or row.get("placement") or row).get("id", {}).get("code", "")
    return code


@dataclass
class Watch:
    """A clock on the wall that goes on by polls."""

    time: datetime = datetime(2026, 11, 20, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    @classmethod
    def now(cls) -> Watch:
        """Return a watch that shows the time of this machine."""
        return cls(datetime.now(UTC))

    async def poll_desk(self, desk: Desk) -> None:
        """Let a desk poll, as the program does every two seconds."""
        self.time += timedelta(seconds=POLL_S)
        await desk.refresh()
        await desk.reconcile()

    async def poll(self, dealer: Dealer, times: int = 1) -> None:
        """Let ``dealer`` poll."""
        for _ in range(times):
            await self.poll_desk(dealer.desk)

    async def minute(self, dealer: Dealer) -> None:
        """Let a minute pass."""
        await self.poll(dealer, round(60 / POLL_S))


def at(server: AsyncBaseTransport) -> tuple[Dealer, Watch]:
    """Return a dealer at a server with a watch of their own."""
    watch = Watch.now()
    return Dealer.at(server, now=watch), watch
