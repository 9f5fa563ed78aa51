"""The ASGI application: it answers as LUSID does, over any engine.

It owns the routes, the response headers and the form of every failure. :mod:`tui.oms.http.guards` checks
requests before they are read; :mod:`tui.oms.http.read_endpoints` and :mod:`tui.oms.http.write_endpoints`
serve the operations, which are declared in :mod:`tui.api.operations` only.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, ParamSpec
from urllib.parse import quote

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui.api import operations
from tui.api.operation import Operation
from tui.api.operations import MARKET_STATUS, SET_MARKET, TOKEN, WHO_AM_I
from tui.oms.auth.attempts import TooManyAttempts
from tui.oms.domain.caller import Caller
from tui.oms.domain.error_codes import ACCESS_DENIED, RATE_LIMITED, UNLISTED
from tui.oms.domain.failures import place_of
from tui.oms.domain.refusals import Refusal
from tui.oms.engine.engine import Engine
from tui.oms.http import deadlines, guards, idempotency, property_keys, read_endpoints
from tui.oms.http.call import Call, Dialect, Generation
from tui.oms.http.idempotency import InFlightKeys
from tui.oms.http.identity import who_am_i
from tui.oms.http.response_builder import add_headers, address_too_long, problem_response
from tui.oms.http.router import Handler, Route, Routes
from tui.oms.reference.source import ReferenceSource
from tui.oms.store import StoreError

if TYPE_CHECKING:
    from tui.oms.auth.tokens import Tokens
    from tui.oms.faults.scenario import Faults
    from tui.oms.http.market_control import MarketControl

P = ParamSpec("P")

log: Final = logging.getLogger(__name__)

CHANGING: Final = ("POST", "PUT", "PATCH", "DELETE")
"""The methods of requests that would change something."""


class ServerSettings(Struct, frozen=True):
    """The identity and limits of the server.

    ``tokens`` are those the server accepts; None asks for none, and every call is made by ``user``.
    ``hosts`` are the host names it answers to; None means any, as in process. ``faults`` are injected on
    request. ``request_s`` is the deadline of a request, in seconds. ``dialect`` is how addresses and filters
    are read.
    """

    tokens: Tokens | None = None
    user: str = "dealer"
    generation: Generation = "latest"
    hosts: frozenset[str] | None = None
    faults: Faults | None = None
    request_s: int = deadlines.DEADLINE_S
    dialect: Dialect = Dialect()


class Server:
    """The ASGI application."""

    def __init__(
        self,
        engine: Engine,
        settings: ServerSettings | None = None,
        market: Callable[[], MarketControl] | None = None,
        reference: ReferenceSource | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings or ServerSettings()
        self._in_flight = InFlightKeys()
        self._older = _generation_module() if self._settings.generation != "latest" else None
        self._routes = Routes()
        self._reference = reference or ReferenceSource()
        self._has_reference = False
        self._add_contract_routes()
        self._routes.add(WHO_AM_I, who_am_i)
        if self._settings.tokens is not None:
            self._add_token_route(self._settings.tokens)
        if market is not None:
            self._add_market_routes(market)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._respond(Request(scope, receive), scope, receive, send)

    # -- the routes ----------------------------------------------------------------------------------

    def _add_contract_routes(self) -> None:
        """Add the endpoints of the contract, under /api and, as in LUSID, /api/api."""
        reads = read_endpoints.handlers()
        for operation in operations.OPERATIONS:
            if not operation.is_in(self._settings.generation):
                self._routes.add(operation, _not_in_generation)
            elif operation.effect == "reads":
                read = self._in_generation(operation, reads[operation.name])
                self._routes.add(operation, self._read_handler(read))
            else:
                write = self._in_generation(operation, partial(_write, operation))
                self._routes.add(operation, self._write_handler(operation, write))

    def _add_reference_routes(self) -> None:
        """Add what surrounds order management."""
        from tui.oms.http import reference_routes

        self._has_reference = True
        for operation in reference_routes.served():
            if not operation.is_in(self._settings.generation):
                self._routes.add(operation, _unknown_to_generation)
            elif operation.effect == "writes":
                write = self._in_generation(operation, partial(_write, operation))
                self._routes.add(operation, self._write_handler(operation, write))
            elif operation.asks:
                answer = self._in_generation(operation, reference_routes.ASKS[operation.name])
                self._routes.add(operation, self._ask_handler(answer), fixed=True)
            else:
                read = self._in_generation(operation, reference_routes.READS[operation.name])
                self._routes.add(operation, self._read_handler(read), fixed=True)

    async def _find(self, path: str, method: str) -> tuple[Mapping[str, Route], dict[str, str]]:
        """Return the routes at ``path`` by method, and the path's parameters.

        What surrounds order management is loaded, in a reading thread, by the first call that needs it.
        """
        found = self._routes.find(path)
        if method in found[0] or self._has_reference:
            return found
        await self._engine.run_view(import_module, "tui.oms.http.reference_routes")
        if not self._has_reference:
            self._add_reference_routes()
        return self._routes.find(path)

    def _in_generation(self, operation: Operation[Any, Any], work: Callable[P, bytes]) -> Callable[P, bytes]:
        """Return ``work`` with its responses in the shape of the server's generation."""
        older = self._older
        if older is None:
            return work

        def in_older_shape(*args: P.args, **kwargs: P.kwargs) -> bytes:
            answer: bytes = older.response(operation, work(*args, **kwargs))
            return answer

        return in_older_shape

    def _read_handler(self, read: read_endpoints.Read) -> Handler:
        async def handle(call: Call) -> bytes:
            property_keys.check(call)
            return await deadlines.read_before_deadline(self._engine.run_view(read, call), call.seconds_left)

        return handle

    def _ask_handler(self, answer: Callable[[Call, bytes], bytes]) -> Handler:
        """Return the handler of a question, which is posted and only reads."""

        async def handle(call: Call) -> bytes:
            property_keys.check(call)
            raw = await guards.json_body(call)
            return await deadlines.read_before_deadline(
                self._engine.run_view(answer, call, raw), call.seconds_left
            )

        return handle

    def _write_handler(
        self, operation: Operation[Any, Any], write: Callable[[Call, bytes], bytes]
    ) -> Handler:
        async def handle(call: Call) -> bytes:
            _check_may(call, operation)
            raw = b"" if operation.body is None else await guards.json_body(call)
            with self._in_flight.begin(idempotency.key_of(call)):
                work = partial(write, call, raw)
                return await deadlines.write_before_deadline(self._engine.run, work, call.seconds_left)

        return handle

    def _add_token_route(self, tokens: Tokens) -> None:
        """Add the token endpoint."""
        from tui.oms.http.token_endpoint import token

        self._routes.add(TOKEN, partial(token, tokens), open=True)

    def _add_market_routes(self, market: Callable[[], MarketControl]) -> None:
        """Add the endpoints that control the simulated market."""

        async def show(call: Call) -> bytes:
            from tui.oms.http import market_control

            return market_control.status(market())

        async def control(call: Call) -> bytes:
            from tui.oms.http import market_control

            _check_may(call, SET_MARKET)
            return await market_control.control(market(), call, await guards.json_body(call))

        self._routes.add(MARKET_STATUS, show)
        self._routes.add(SET_MARKET, control)

    # -- one response ------------------------------------------------------------------------------------

    async def _respond(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        request_id = self._engine.request_ids.next()
        try:
            response = await self._response_to(request, request_id)
        except Refusal as refusal:
            response = problem_response(refusal, request, request_id)
        except StoreError as error:
            response = problem_response(
                Refusal("StoreFailure", str(error), code=UNLISTED, status=503), request, request_id
            )
        except TooManyAttempts as error:
            limited = Refusal("ApiRateLimitViolation", str(error), code=RATE_LIMITED, status=429)
            response = problem_response(limited, request, request_id)
            response.headers["retry-after"] = str(error.seconds)
        except guards.AddressTooLong:
            response = address_too_long()
        except ClientDisconnect:
            return
        except sqlite3.Error as error:
            log.error("The database cannot be read: %s", place_of(error), extra={"request": request_id})
            detail = f"The database cannot be read: {error}. Check it with 'blotter serve --verify'."
            failure = Refusal("StoreFailure", detail, code=UNLISTED, status=503)
            response = problem_response(failure, request, request_id)
        except Exception as error:  # noqa: BLE001, logged without its message, which may quote the client
            log.error("A request failed: %s", place_of(error), extra={"request": request_id})
            detail = f"The server failed while it worked on request {request_id}; its log says more."
            failure = Refusal("ServerError", detail, code=UNLISTED, status=500)
            response = problem_response(failure, request, request_id)
        add_headers(response, request, request_id, started)
        if guards.has_two_lengths(request):
            response.headers["connection"] = "close"
        if self._settings.faults is not None:
            response.headers["blotter-faults"] = str(self._settings.faults)
        _log_answer(request, response, request_id, started)
        await response(scope, receive, send)

    async def _response_to(self, request: Request, request_id: str) -> Response:
        dialect = self._settings.dialect
        guards.check(request, self._settings.hosts, dialect.max_url)
        methods, parts = await self._find(_path(request), request.method)
        route = methods.get(request.method)
        caller = self._caller(request, route)
        if route is None:
            if request.method in CHANGING and any(each.fixed for each in methods.values()):
                raise _unchangeable(request.url.path)
            response = problem_response(_not_served(request, methods), request, request_id)
            if methods:
                response.headers["allow"] = ", ".join(sorted(methods))
            return response
        deadline = time.monotonic() + self._settings.request_s
        generation = self._settings.generation
        newer = route.operation.newer_parameters if self._older else ()
        ignored = frozenset(name.lower() for name in (*newer, *dialect.ignored))
        call = Call(
            self._engine,
            request,
            parts,
            caller,
            request_id,
            generation,
            deadline,
            ignored,
            dialect,
            self._reference,
        )
        try:
            return await self._dispatch(route, call)
        except Refusal as refusal:
            if refusal.status == 404:
                guards.check_ids(parts)
            raise

    async def _dispatch(self, route: Route, call: Call) -> Response:
        call.query.check_ignored_parameters()
        faults = self._settings.faults
        if faults is not None and (fault := faults.strike(route.operation)) is not None:
            from tui.oms.http.fault_middleware import respond_with_fault

            return await respond_with_fault(fault, route, call)
        answer = await route.handler(call)
        if isinstance(answer, Response):
            return answer
        return Response(answer, route.operation.status, media_type=guards.JSON)

    def _caller(self, request: Request, route: Route | None) -> Caller:
        tokens = self._settings.tokens
        if tokens is None or (route is not None and route.open):
            return Caller(self._settings.user)
        return tokens.caller(guards.bearer(request), guards.origin_of(request))


def _log_answer(request: Request, response: Response, request_id: str, started: float) -> None:
    """Log a request and its answer, without what was asked for and what came."""
    # 500 has a line of its own already.
    level = logging.WARNING if response.status_code > 500 else logging.DEBUG
    if log.isEnabledFor(level):
        milliseconds = round((time.monotonic() - started) * 1000)
        said = "%s %s: %d in %d ms"
        path = request.url.path
        log.log(
            level,
            said,
            request.method,
            path,
            response.status_code,
            milliseconds,
            extra={"request": request_id},
        )


def _path(request: Request) -> str:
    """Return the path as it was sent: a slash inside an id is still encoded there."""
    raw = request.scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(request.url.path)


def _write(operation: Operation[Any, Any], call: Call, raw: bytes) -> bytes:
    """Carry out a write in the store's thread; the first one loads the rules."""
    from tui.oms.http.write_endpoints import write

    return write(operation, call, raw)


def _generation_module() -> ModuleType:
    from tui.oms.http import generation_2_1

    return generation_2_1


def _check_may(call: Call, operation: Operation[Any, Any]) -> None:
    """Refuse what the caller's role may not do; the market is run by whoever may change anything."""
    from tui.oms.auth.rights import RIGHTS, may

    caller = call.caller
    if operation is SET_MARKET:
        allowed = not caller.role or bool(RIGHTS[caller.role])
    else:
        allowed = may(caller.role, operation)
    if not allowed:
        detail = "This token may only read."
        if caller.role != "reader":
            detail = f"{operation.feature} is not among the rights of {caller.role}."
        raise Refusal("AccessDenied", detail, code=ACCESS_DENIED, status=403)


async def _not_in_generation(call: Call) -> bytes:
    path, generation = call.request.url.path, call.generation
    detail = f"{path} was added after generation {generation}, which this server runs as."
    raise Refusal("NotImplemented", detail, code=UNLISTED, status=501)


def _unchangeable(path: str) -> Refusal:
    """Return the refusal of a change to what this server only tells (N8)."""
    detail = f"{path} is read-only on this server: its reference data come with it and do not change."
    return Refusal("AccessDenied", detail, code=ACCESS_DENIED, status=403)


async def _unknown_to_generation(call: Call) -> bytes:
    detail = f"There is nothing at {call.request.url.path}."
    raise Refusal("NotFound", detail, code=UNLISTED, status=404)


def _not_served(request: Request, allowed: Iterable[str]) -> Refusal:
    """Return the refusal of a path or method that is not served, or not modelled here (501)."""
    path, method = request.url.path, request.method
    if allowed:
        detail = f"{path} is served for {', '.join(sorted(allowed))}, not for {method}."
        return Refusal("MethodNotAllowed", detail, code=UNLISTED, status=405)
    if path.lower() == "/api" or path.lower().startswith("/api/"):
        detail = f"{method} {path} is not modelled by this server; the table of endpoints lists what is."
        return Refusal("NotImplemented", detail, code=UNLISTED, status=501)
    return Refusal("NotFound", f"There is nothing at {path}.", code=UNLISTED, status=404)


async def _lifespan(receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
