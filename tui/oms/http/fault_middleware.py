"""Injects the faults of :mod:`tui.oms.faults.scenario` into calls: instead, around, or into the response."""

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
from tui.oms.http.guards import JSON
from tui.oms.http.response_builder import refused
from tui.oms.http.router import Route

RETRY_AFTER_S: Final = 1
HEADER: Final = "blotter-fault"
"""The header that names the fault of an answer that has one."""
PAGE: Final = (
    b"<html><head><title>502 Bad Gateway</title></head><body>Injected by blotter serve.</body></html>"
)


async def injected(fault: Fault, route: Route, call: Call) -> Response:
    """Give the answer of a call that is struck by ``fault``.

    A call that the server refuses is answered as usual.
    """
    made = await _made(fault, route, call)
    if not isinstance(made, _Cut):
        made.headers[HEADER] = fault.fault
    return made


async def _made(fault: Fault, route: Route, call: Call) -> Response:
    match fault.fault:
        case "rate-limited":
            refusal = Refusal("ApiRateLimitViolation", _said(fault), code=RATE_LIMITED, status=429)
            return _refused(refusal, call, RETRY_AFTER_S if fault.retry_after is None else fault.retry_after)
        case "signed-off":
            return _refused(not_signed_on(_said(fault)), call)
        case "denied":
            return _refused(Refusal("AccessDenied", _said(fault), code=ACCESS_DENIED, status=403), call)
        case "failed-before":
            return _failed(fault, call)
        case "cut-before":
            return _Cut()
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
            return _Cut()
        case "cut-inside":
            return _CutInside(body, usual.status_code, media_type=JSON)
        case "truncated":
            return Response(body[: len(body) // 2], usual.status_code, media_type=JSON)
        case "html":
            return Response(PAGE, usual.status_code, media_type="text/html")
        case "delayed-after":
            await _delayed(fault.seconds or Decimal(0), call)
    return usual


async def _delayed(seconds: Decimal, call: Call) -> Call:
    """Wait, and give the call with as much time left as it had."""
    milliseconds = int(seconds * 1000)
    await asyncio.sleep(milliseconds / 1000)
    return replace(call, until=call.until + milliseconds / 1000)


def _failed(fault: Fault, call: Call) -> Response:
    refusal = Refusal("InjectedFault", _said(fault), code=UNLISTED, status=fault.status or 500)
    return _refused(refusal, call, fault.retry_after)


def _refused(refusal: Refusal, call: Call, retry_after: int | None = None) -> Response:
    response = refused(refusal, call.request, call.request_id)
    if retry_after is not None:
        response.headers["retry-after"] = str(retry_after)
    return response


def _said(fault: Fault) -> str:
    return f"This server was asked to answer so: {fault}."


class _Cut(Response):
    """No answer: the connection ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["cut"]()
        while (await receive())["type"] != "http.disconnect":
            pass


class _CutInside(_Cut):
    """Half an answer, then the connection ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await super().__call__(scope, receive, send)
