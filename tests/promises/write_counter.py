"""A line that counts which writes arrive at a server."""

from __future__ import annotations

from collections import Counter

import httpx

from tui.api.http import AsyncBaseTransport


class WriteCounter(AsyncBaseTransport):
    """Passes requests on, and counts those that write by their idempotency keys."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self._server = server
        self.arrived: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        key = request.headers.get("idempotency-key")
        if request.method != "GET" and key:
            self.arrived[key] += 1
        return await self._server.handle_async_request(request)

    @property
    def repeated(self) -> int:
        """How many writes arrived again."""
        return self.arrived.total() - len(self.arrived)
