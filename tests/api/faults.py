"""Scripted servers and token sources, and networks that fail."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import httpx

from tui.api.http import Http, Reply
from tui.api.operation import Operation

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def json_answer(status: int, body: object, **headers: str) -> httpx.Response:
    """Return a response with a JSON body; underscores in names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"content-type": "application/json"}
    return httpx.Response(status, headers={**content, **named}, content=json.dumps(body).encode())


class Script(httpx.AsyncBaseTransport):
    """Answers each request with the next response, keeps the requests, and fails when no response is left."""

    def __init__(self, *answers: Answer) -> None:
        self._answers: Iterator[Answer] = iter(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answer = next(self._answers, None)
        if answer is None:
            raise AssertionError(f"request {len(self.requests)} was one too many")
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


async def send(http: Http, operation: Operation[Any, Any], **request: Any) -> Reply:
    """Build a request, send it and return the reply as it came."""
    return await http.send(http.build(operation, **request))


class CutBody(httpx.AsyncByteStream):
    """A body that breaks off in the middle."""

    def __init__(self, parts: Iterable[bytes], error: Exception) -> None:
        self._parts = parts
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        raise self._error


class Pauses:
    """Records how long it was asked to sleep, and does not sleep."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class ScriptedTokens:
    """Supplies one token after the other: the next one each time one is refused, until none is left."""

    def __init__(self, *tokens: str) -> None:
        self._left = list(tokens[1:])
        self._now = tokens[0]
        self.refused: list[str] = []

    async def token(self) -> str:
        return self._now

    async def renew(self, refused: str) -> str | None:
        self.refused.append(refused)
        if not self._left:
            return None
        self._now = self._left.pop(0)
        return self._now
