"""Injects the faults of :mod:`tui.oms.faults.scenario`: before a call, after it, or into its response."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Final

from msgspec.structs import replace
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui.oms.auth.tokens import not_signed_on
from tui.oms.domain.error_codes import ACCESS_DENIED, RATE_LIMITED, UNLISTED
from tui.oms.domain.refusals import Refusal
from tui.oms.faults.scenario import Fault
from tui.oms.http.call import Call
from tui.oms.http.guards import JSON, json_body
from tui.oms.http.response_builder import problem_response
from tui.oms.http.router import Route

RETRY_AFTER_S: Final = 1
HEADER: Final = "blotter-fault"
"""The header that names the injected fault of a response."""
PAGE: Final = (
    b"<html><head><title>502 Bad Gateway</title></head><body>Injected by blotter serve.</body></html>"
)


async def respond_with_fault(fault: Fault, route: Route, call: Call) -> Response:
    """Return the response of a call with ``fault`` injected.

    A call that the server refuses gets its usual response.
    """
    made = await _response(fault, route, call)
    if not isinstance(made, _CutConnection):
        made.headers[HEADER] = fault.fault
    return made


async def _response(fault: Fault, route: Route, call: Call) -> Response:
    match fault.fault:
        case "rate-limited":
            refusal = Refusal("ApiRateLimitViolation", _sentence(fault), code=RATE_LIMITED, status=429)
            return _refused(refusal, call, RETRY_AFTER_S if fault.retry_after is None else fault.retry_after)
        case "signed-off":
            return _refused(not_signed_on(_sentence(fault)), call)
        case "denied":
            return _refused(Refusal("AccessDenied", _sentence(fault), code=ACCESS_DENIED, status=403), call)
        case "absent":
            return Response(_sentence(fault), 404, media_type="text/plain")
        case "failed-before":
            return _failed(fault, call)
        case "cut-before":
            return _CutConnection()
        case "staged":
            from tui.oms.http.write_endpoints import stage_bookings

            raw = await json_body(call)
            reply = await call.engine.run(stage_bookings, call, raw)
            return Response(reply, route.operation.status, media_type=JSON)
        case "delayed":
            call = await _delayed(fault.seconds or Decimal(0), call)
    answer = await route.handler(call)
    usual = (
        answer if isinstance(answer, Response) else Response(answer, route.operation.status, media_type=JSON)
    )
    body = bytes(usual.body)
    match fault.fault:
        case "failed-after":
            return _failed(fault, call)
        case "cut-after":
            return _CutConnection()
        case "cut-inside":
            return _CutBody(body, usual.status_code, media_type=JSON)
        case "truncated":
            return Response(body[: len(body) // 2], usual.status_code, media_type=JSON)
        case "html":
            return Response(PAGE, usual.status_code, media_type="text/html")
        case "delayed-after":
            await _delayed(fault.seconds or Decimal(0), call)
    return usual


async def _delayed(seconds: Decimal, call: Call) -> Call:
    """Wait, then return the call with its deadline put off by the same time."""
    milliseconds = int(seconds * 1000)
    await asyncio.sleep(milliseconds / 1000)
    return replace(call, deadline=call.deadline + milliseconds / 1000)


def _failed(fault: Fault, call: Call) -> Response:
    refusal = Refusal("InjectedFault", _sentence(fault), code=UNLISTED, status=fault.status or 500)
    return _refused(refusal, call, fault.retry_after)


def _refused(refusal: Refusal, call: Call, retry_after: int | None = None) -> Response:
    response = problem_response(refusal, call.request, call.request_id)
    if retry_after is not None:
        response.headers["retry-after"] = str(retry_after)
    return response


def _sentence(fault: Fault) -> str:
    return f"This fault was injected on request: {fault}."


class _CutConnection(Response):
    """No response: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["cut"]()
        while (await receive())["type"] != "http.disconnect":
            pass


class _CutBody(_CutConnection):
    """Half a response, then the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await super().__call__(scope, receive, send)
