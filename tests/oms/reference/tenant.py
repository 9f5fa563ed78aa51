"""A demo desk asked over HTTP, for tests of what surrounds order management."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.seeded_server import seeded_server
from tui.api.http import asgi_transport
from tui.oms.http.app import ServerSettings
from tui.oms.run.embedded import Size


class TenantAnswers:
    """A server's answers as plain values; a call that is refused answers its status and code."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, **query: Any) -> Any:
        return _told(await self.http.get(f"/api/{path}", params=query))

    async def ask(self, path: str, body: Any, **query: Any) -> Any:
        return _told(await self.http.post(f"/api/{path}", params=query, json=body))


def _told(answer: httpx.Response) -> Any:
    said = answer.json()
    return said if answer.is_success else (answer.status_code, said["code"])


@asynccontextmanager
async def tenant(size: Size = "demo", settings: ServerSettings | None = None) -> AsyncIterator[TenantAnswers]:
    """Serve a desk of a size without a market."""
    embedded = await seeded_server(size, settings=settings)
    transport = asgi_transport(embedded.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as http:
        yield TenantAnswers(http)
    await embedded.close()
