"""A server that puts an attack behind every text it answers: the demo's desk, over HTTP on this machine."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, unquote

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.seeded_server import seeded_server

ATTACK: Final = (
    "\x1b]52;c;aGFjaw==\x07\x1b]0;X\x07\x1b[31;7mX\x9b2J\u202e\u200b\u00ad\u3164\U000e0041"
    "\x00\x08\x85\u2028\r\n\t|,\"'"
)
"""What acts on a terminal, shows as nothing, and breaks lines, tables and quotes."""
FRAGMENTS: Final = (b"\x1b]52;c;aGFjaw==", b"\x1b]0;X", b"\x1b[31;7mX")
"""Its sequences of the kinds that the program writes itself."""
_LEFT_ALONE: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+Z-]*|https?://.*|")
_NO_WORDS: Final = ("nextPage", "previousPage", "currency", "domCcy", "fgnCcy", "key")
_STATES: Final = ("state", "side", "type", "timeinforce", "unit", "basis")


def poisoned(value: Any, sent: set[str], name: str = "", *, states: bool = False) -> Any:
    """Return an answer with the attack behind each text; behind its states too in every other row.

    A map keeps the keys that the client sent as it ``sent`` them.
    """
    if isinstance(value, dict):
        id = value.get("id")
        states = states or (isinstance(id, dict) and str(id.get("code"))[-1:] in "13579")
        return {
            f"{key}{ATTACK}" if key in sent else key: poisoned(member, sent, key, states=states)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [poisoned(member, sent, name, states=states) for member in value]
    if not isinstance(value, str) or name in _NO_WORDS or _LEFT_ALONE.fullmatch(value):
        return value
    return value if not states and name.lower().endswith(_STATES) else f"{value}{ATTACK}"


def healed(value: Any, sent: set[str]) -> Any:
    """Return a request as the server knows its texts; add to ``sent`` those that held the attack."""
    if isinstance(value, dict):
        return {healed(key, sent): healed(member, sent) for key, member in value.items()}
    if isinstance(value, list):
        return [healed(member, sent) for member in value]
    if not isinstance(value, str) or ATTACK not in value:
        return value
    sent.add(value.replace(ATTACK, ""))
    return value.replace(ATTACK, "")


@contextmanager
def poisoned_server() -> Iterator[str]:
    """Serve it and yield its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(_app(url), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        yield url
        server.should_exit = True
        thread.join()


def _app(url: str) -> Starlette:
    inner: list[httpx.AsyncClient] = []

    async def answer(request: Request) -> Response:
        if not inner:
            embedded = await seeded_server()
            inner.append(httpx.AsyncClient(transport=httpx.ASGITransport(app=embedded.app), base_url=url))
        sent: set[str] = set()
        body = await request.body()
        if body:
            body = json.dumps(healed(json.loads(body), sent)).encode()
        query = "&".join(
            f"{name}={quote(healed(unquote(text), sent), safe='')}"
            for name, _, text in (part.partition("=") for part in request.url.query.split("&"))
        )
        path = quote(healed(request.scope["path"], sent), safe="/$")
        headers = {k: v for k, v in request.headers.items() if k not in ("content-length", "accept-encoding")}
        got = await inner[0].request(request.method, f"{path}?{query}", headers=headers, content=body)
        if not got.headers.get("content-type", "").endswith("json"):
            return Response(got.content, got.status_code, media_type=got.headers.get("content-type"))
        return JSONResponse(poisoned(json.loads(got.content), sent), got.status_code)

    return Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST", "DELETE"])])
