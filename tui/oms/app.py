"""The HTTP face: an ASGI application that answers as LUSID does, over any engine.

It owns the door (host, token, method, content type, size), the response headers and the form of every
failure. What an endpoint does is in :mod:`tui.oms.reading` and :mod:`tui.oms.writing`; which endpoints
there are is declared in :mod:`tui.api.endpoints` and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui.api import gate
from tui.api.endpoints import ENDPOINTS, MARKET_STATUS, SET_MARKET, Endpoint
from tui.oms import reading
from tui.oms.calls import Call, Caller, Generation
from tui.oms.engine import Engine
from tui.oms.problems import ACCESS_DENIED, CONFLICT, INVALID_TOKEN, UNKNOWN, document, invalid
from tui.oms.refusals import Refusal
from tui.oms.store import StoreError

if TYPE_CHECKING:
    from tui.oms.controls import MarketControl

log: Final = logging.getLogger(__name__)

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
CONTENT: Final = (
    r"(?i)(application/json|text/json|application/[\w.-]+\+json)(\s*;\s*charset\s*=\s*\"?utf-?8\"?)?\s*"
)
MAX_BYTES: Final = 10 * 1024 * 1024
BODY_S: Final = 10
"""How long a body may take to arrive, in seconds."""

Handler = Callable[[Call], Awaitable[bytes]]


class Settings(Struct, frozen=True):
    """How the server presents itself.

    ``callers`` are those who may enter, by token; None asks for no token, and everything is done as
    ``user``. ``hosts`` are the names the server answers to; None answers to any, as in process.
    """

    callers: Mapping[str, Caller] | None = None
    user: str = "dealer"
    generation: Generation = "latest"
    hosts: frozenset[str] | None = None


class Route(Struct, frozen=True):
    """What is done at an endpoint, and the status of success."""

    handler: Handler
    status: int = 200


class Routes:
    """The endpoints by their paths, segment by segment; letter case counts only where ids stand."""

    def __init__(self) -> None:
        self._next: dict[str, Routes] = {}
        self._part: tuple[str, Routes] | None = None
        self._methods: dict[str, Route] = {}

    def add(self, endpoint: Endpoint, handler: Handler) -> None:
        """Serve ``endpoint`` by ``handler``."""
        place = self
        for segment in endpoint.path.strip("/").split("/"):
            if segment.startswith("{"):
                place._part = place._part or (segment.strip("{}"), Routes())
                place = place._part[1]
            else:
                place = place._next.setdefault(segment.lower(), Routes())
        place._methods[endpoint.method] = Route(handler, endpoint.status)

    def find(self, path: str) -> tuple[Mapping[str, Route], dict[str, str]]:
        """Give what is served at ``path`` by method, nothing where nothing is, and the path's parts."""
        segments = path.strip("/").split("/")
        if [segment.lower() for segment in segments[:2]] == ["api", "api"]:
            del segments[0]
        place: Routes = self
        parts = {}
        for segment in segments:
            known = place._next.get(segment.lower())
            if known is None:
                if place._part is None or not segment:
                    return {}, {}
                name, known = place._part
                parts[name] = segment
            place = known
        return place._methods, parts


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
        self._routes = Routes()
        self._contract()
        if market is not None:
            self._controls(market)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(Request(scope, receive), scope, receive, send)

    # -- the routes ----------------------------------------------------------------------------------

    def _contract(self) -> None:
        """Serve the endpoints of the contract, under /api and, as LUSID has it, /api/api."""
        reads = reading.handlers()
        for endpoint in ENDPOINTS:
            is_read = endpoint.effect == "reads"
            handler = self._reads(reads[endpoint.name]) if is_read else self._writes(endpoint)
            self._routes.add(endpoint, handler)

    def _reads(self, read: reading.Read) -> Handler:
        async def handle(call: Call) -> bytes:
            return await self._engine.run(read, call)

        return handle

    def _writes(self, endpoint: Endpoint) -> Handler:
        async def handle(call: Call) -> bytes:
            if not call.caller.may_write:
                raise Refusal("AccessDenied", "This token may only read.", code=ACCESS_DENIED, status=403)
            raw = b"" if endpoint.method == "DELETE" else await _body(call.request)
            with self._once(call):
                return await self._engine.run(_write, endpoint, call, raw)

        return handle

    def _controls(self, market: Callable[[], MarketControl]) -> None:
        """Serve the controls of the simulated market."""
        from tui.oms import controls

        async def show(call: Call) -> bytes:
            return controls.status(market())

        async def control(call: Call) -> bytes:
            return await controls.control(market(), call, await _body(call.request))

        self._routes.add(MARKET_STATUS, show)
        self._routes.add(SET_MARKET, control)

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
        methods, parts = self._routes.find(request.url.path)
        route = methods.get(request.method)
        if route is None:
            response = _refused(_not_served(request, methods), request, request_id)
            if methods:
                response.headers["allow"] = ", ".join(sorted(methods))
            return response
        call = Call(self._engine, request, parts, caller, request_id, self._settings.generation)
        return Response(await route.handler(call), route.status, media_type=JSON)

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
        from hmac import compare_digest  # not loaded where nobody asks for a token

        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        found = None
        for token, caller in callers.items():
            if compare_digest(token.encode(), given.strip().encode()):
                found = caller
        if scheme.lower() != "bearer" or found is None:
            detail = "The access token is missing, wrong or has expired. Sign on again."
            raise Refusal("InvalidIdentityToken", detail, code=INVALID_TOKEN, status=401)
        return found


def _write(endpoint: Endpoint, call: Call, raw: bytes) -> bytes:
    """Do a write in the store's thread, where the rules are loaded when the first one needs them."""
    from tui.oms.writing import write

    return reading.shaped(call, write(endpoint, call, raw))


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


async def _body(request: Request) -> bytes:
    """Read a body of at most 10 MiB, of one of the contract's content types."""
    content = request.headers.get("content-type", "")
    if not re.fullmatch(CONTENT, content):
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


def _not_served(request: Request, allowed: Iterable[str]) -> Refusal:
    """Say that there is nothing under a path, or that it is a part of LUSID that is not modelled here."""
    path, method = request.url.path, request.method
    if allowed:
        detail = f"{path} is served for {', '.join(sorted(allowed))}, not for {method}."
        return Refusal("MethodNotAllowed", detail, code=UNKNOWN, status=405)
    if path.lower() == "/api" or path.lower().startswith("/api/"):
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
