"""The HTTP face: an ASGI application that answers as LUSID does, over any engine.

It owns the door (host, token, method, content type, size), the response headers and the form of every
failure. What an endpoint does is in :mod:`tui.oms.reading` and :mod:`tui.oms.writing`; which endpoints
there are is declared in :mod:`tui.api.endpoints` and nowhere else.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from tui.api import gate
from tui.api.endpoints import ENDPOINTS, MARKET_STATUS, SET_MARKET, Endpoint
from tui.oms import controls, older, reading, writing
from tui.oms.bodies import MAX_BYTES
from tui.oms.calls import Call, Caller, Generation
from tui.oms.controls import MarketControl
from tui.oms.engine import Engine
from tui.oms.problems import ACCESS_DENIED, CONFLICT, INVALID_TOKEN, UNKNOWN, document, invalid
from tui.oms.refusals import Refusal
from tui.oms.store import StoreError

log: Final = logging.getLogger(__name__)

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
CONTENT: Final = re.compile(
    r"(application/json|text/json|application/[\w.-]+\+json)(\s*;\s*charset\s*=\s*\"?utf-?8\"?)?\s*", re.I
)
BODY_S: Final = 10
"""How long a body may take to arrive, in seconds."""
API: Final = re.compile(r"/api(/|$)", re.I)

Handler = Callable[[Call], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server presents itself.

    ``callers`` are those who may enter, by token; None asks for no token, and everything is done as
    ``user``. ``hosts`` are the names the server answers to; None answers to any, as in process.
    """

    callers: Mapping[str, Caller] | None = None
    user: str = "dealer"
    generation: Generation = "latest"
    hosts: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A path and a method, what is done there, and the status of success."""

    method: str
    path: re.Pattern[str]
    handler: Handler
    status: int = 200


class Server:
    """The ASGI application."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings | None = None,
        market: Callable[[], MarketControl] | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings or Settings()
        self._at_work: set[str] = set()
        self._routes = [*self._contract(), *self._market(market)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(Request(scope, receive), scope, receive, send)

    # -- the routes ----------------------------------------------------------------------------------

    def _contract(self) -> list[Route]:
        """Give the routes of the contract, under /api and, as LUSID has it, /api/api."""
        reads = reading.handlers()
        made = []
        for endpoint in ENDPOINTS:
            handler = (
                self._reads(reads[endpoint.name]) if endpoint.effect == "reads" else self._writes(endpoint)
            )
            made.append(Route(endpoint.method, _pattern(endpoint.path), handler, endpoint.status))
        return made

    def _reads(self, read: reading.Read) -> Handler:
        async def handle(call: Call) -> bytes:
            return await self._engine.run(read, call)

        return handle

    def _writes(self, endpoint: Endpoint) -> Handler:
        write = writing.handler(endpoint)

        async def handle(call: Call) -> bytes:
            if not call.caller.may_write:
                raise Refusal("AccessDenied", "This token may only read.", code=ACCESS_DENIED, status=403)
            raw = b"" if endpoint.method == "DELETE" else await _body(call.request)
            with self._once(call):
                reply = await self._engine.run(write, call, raw)
            return older.reshaped(reply) if call.generation == "2.1" else reply

        return handle

    def _market(self, market: Callable[[], MarketControl] | None) -> list[Route]:
        """Give the routes of the simulated market, where there is one."""
        if market is None:
            return []

        async def show(call: Call) -> bytes:
            return controls.status(market())

        async def control(call: Call) -> bytes:
            return await controls.control(market(), call, await _body(call.request))

        return [
            Route(endpoint.method, re.compile(endpoint.path), handler, endpoint.status)
            for endpoint, handler in ((MARKET_STATUS, show), (SET_MARKET, control))
        ]

    def _once(self, call: Call) -> _AtWork:
        key = call.request.headers.get("idempotency-key")
        return _AtWork(self._at_work, key and f"{call.caller.user} {key}")

    # -- one answer ------------------------------------------------------------------------------------

    async def _answer(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        request_id = self._engine.request_ids.next()
        try:
            response = await self._response(request, request_id)
        except Refusal as refusal:
            response = _refused(refusal, request, request_id)
        except StoreError as error:
            response = _refused(
                Refusal("StoreFailure", str(error), code=UNKNOWN, status=503), request, request_id
            )
        except ClientDisconnect:
            return
        except Exception:
            log.exception("Request %s failed", request_id)
            detail = f"The server failed while it worked on request {request_id}; its log says more."
            response = _refused(Refusal("ServerError", detail, code=UNKNOWN, status=500), request, request_id)
        response.headers["lusid-meta-success"] = str(response.status_code < 400)
        response.headers["lusid-meta-requestid"] = request_id
        response.headers["lusid-meta-correlationid"] = (
            _token_text(request.headers.get("correlationid")) or request_id
        )
        response.headers["lusid-meta-duration"] = str(round((time.monotonic() - began) * 1000))
        await response(scope, receive, send)

    async def _response(self, request: Request, request_id: str) -> Response:
        self._check_origin(request)
        caller = self._caller(request)
        path, allowed = request.url.path, []
        for route in self._routes:
            match = route.path.fullmatch(path)
            if match is None:
                continue
            if route.method != request.method:
                allowed.append(route.method)
                continue
            call = Call(
                self._engine, request, match.groupdict(), caller, request_id, self._settings.generation
            )
            return Response(await route.handler(call), route.status, media_type=JSON)
        raise _not_served(request, allowed)

    def _check_origin(self, request: Request) -> None:
        """Refuse what a web page in a browser could send (no CORS, no DNS rebinding)."""
        if "origin" in request.headers:
            raise Refusal(
                "AccessDenied", "Requests from web pages are not served.", code=ACCESS_DENIED, status=403
            )
        hosts = self._settings.hosts
        host = request.headers.get("host", "").lower()
        name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
        if hosts is not None and name not in hosts:
            raise Refusal(
                "AccessDenied", f"This server is not called '{name}'.", code=ACCESS_DENIED, status=403
            )

    def _caller(self, request: Request) -> Caller:
        callers = self._settings.callers
        if callers is None:
            return Caller(self._settings.user)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        found = None
        for token, caller in callers.items():
            if hmac.compare_digest(token.encode(), given.strip().encode()):
                found = caller
        if scheme.lower() != "bearer" or found is None:
            detail = "The access token is missing, wrong or has expired. Sign on again."
            raise Refusal("InvalidIdentityToken", detail, code=INVALID_TOKEN, status=401)
        return found


class _AtWork:
    """Holds an idempotency key while its request is at work, and refuses a second one meanwhile."""

    def __init__(self, keys: set[str], key: str | None) -> None:
        self._keys, self._key = keys, key

    def __enter__(self) -> None:
        if self._key in self._keys:
            detail = "The first request with this Idempotency-Key is still at work. Ask again in a moment."
            raise Refusal("ConcurrencyConflictFailure", detail, code=CONFLICT, status=409)
        if self._key:
            self._keys.add(self._key)

    def __exit__(self, *error: object) -> None:
        self._keys.discard(self._key or "")


def _pattern(path: str) -> re.Pattern[str]:
    """Make a path of the contract match in any case, once or twice under /api."""
    regex, _, _ = compile_path(path)
    return re.compile(f"(?:/api)?{regex.pattern[1:-1]}/?", re.IGNORECASE)


async def _body(request: Request) -> bytes:
    """Read a body of at most 10 MiB, of one of the contract's content types."""
    content = request.headers.get("content-type", "")
    if not CONTENT.fullmatch(content):
        detail = f"The content type must be JSON, such as application/json; it is '{content}'."
        raise invalid({"Content-Type": (detail,)}, detail, 415)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BYTES:
                    detail = f"The body is larger than {MAX_BYTES} bytes. Send it in parts."
                    raise invalid({"Body": (detail,)}, detail, 413)
                chunks.append(chunk)
    except TimeoutError as error:
        detail = f"The body did not arrive within {BODY_S} seconds."
        raise invalid({"Body": (detail,)}, detail, 408) from error
    return b"".join(chunks)


def _not_served(request: Request, allowed: list[str]) -> Refusal:
    """Say that there is nothing under a path, or that it is a part of LUSID that is not modelled here."""
    path, method = request.url.path, request.method
    if allowed:
        detail = f"{path} is served for {', '.join(sorted(allowed))}, not for {method}."
        return Refusal("MethodNotAllowed", detail, code=UNKNOWN, status=405)
    if API.match(path):
        detail = f"{method} {path} is not modelled by this server; the README lists what is."
        return Refusal("NotImplemented", detail, code=UNKNOWN, status=501)
    return Refusal("NotFound", f"There is nothing at {path}.", code=UNKNOWN, status=404)


def _refused(refusal: Refusal, request: Request, request_id: str) -> Response:
    instance = f"{request.url.scheme}://{request.url.netloc}/app/insights/logs/{request_id}"
    response = Response(gate.encode(document(refusal, instance)), refusal.status, media_type=PROBLEM)
    if refusal.status == 401:
        response.headers["www-authenticate"] = "Bearer"
    return response


def _token_text(text: str | None) -> str:
    """Give a header's value as far as it may be sent back."""
    return re.sub(r"[^\x21-\x7e]", "", text or "")[:128]


async def _lifespan(receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
