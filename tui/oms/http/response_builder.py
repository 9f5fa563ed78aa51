"""Responses as LUSID sends them: problem documents, and the headers of every response."""

from __future__ import annotations

import re
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tui.api import codec
from tui.oms.domain.refusals import Refusal
from tui.oms.http import idempotency
from tui.oms.http.problems import document

PROBLEM: Final = "application/problem+json"


def problem_response(refusal: Refusal, request: Request, request_id: str) -> Response:
    """Return ``refusal`` as a response with a problem document."""
    instance = f"{request.url.scheme}://{request.url.netloc}/app/insights/logs/{request_id}"
    response = Response(codec.encode(document(refusal, instance)), refusal.status, media_type=PROBLEM)
    if refusal.status == 401:
        response.headers["www-authenticate"] = 'Bearer error="invalid_token"'
    return response


def address_too_long() -> Response:
    """Return the 414 that stands before LUSID's own answers: a page of whatever reads addresses first."""
    page = "<html><head><title>414 Request-URI Too Large</title></head></html>"
    return Response(page, 414, media_type="text/html")


def add_headers(response: Response, request: Request, request_id: str, started: float) -> None:
    """Add the headers every response has; ``started`` is on the monotonic clock, in seconds."""
    correlation = re.sub(r"[^\x21-\x7e]", "", request.headers.get("correlationid", ""))[:128]
    milliseconds = round((time.monotonic() - started) * 1000)
    response.headers.update(standard_headers(response.status_code, request_id, correlation, milliseconds))


def standard_headers(
    status: int, request_id: str, correlation: str = "", milliseconds: int = 0
) -> dict[str, str]:
    """Return the headers every response has (2.0)."""
    return {
        "lusid-meta-success": str(status < 400),
        "lusid-meta-requestid": request_id,
        "lusid-meta-correlationid": correlation or request_id,
        "lusid-meta-duration": str(milliseconds),
        idempotency.SUPPORTED: "true",
    }
