"""Answers as LUSID sends them: a failure's problem document, and the headers that are on all of them."""

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


def refused(refusal: Refusal, request: Request, request_id: str) -> Response:
    """Give ``refusal`` as an answer."""
    instance = f"{request.url.scheme}://{request.url.netloc}/app/insights/logs/{request_id}"
    response = Response(codec.encode(document(refusal, instance)), refusal.status, media_type=PROBLEM)
    if refusal.status == 401:
        response.headers["www-authenticate"] = 'Bearer error="invalid_token"'
    return response


def add_headers(response: Response, request: Request, request_id: str, began: float) -> None:
    """Put on the headers every answer has; ``began`` is by the clock that never goes back."""
    correlation = re.sub(r"[^\x21-\x7e]", "", request.headers.get("correlationid", ""))[:128]
    milliseconds = round((time.monotonic() - began) * 1000)
    response.headers.update(standard_headers(response.status_code, request_id, correlation, milliseconds))


def standard_headers(
    status: int, request_id: str, correlation: str = "", milliseconds: int = 0
) -> dict[str, str]:
    """Give the headers every answer has (2.0)."""
    return {
        "lusid-meta-success": str(status < 400),
        "lusid-meta-requestid": request_id,
        "lusid-meta-correlationid": correlation or request_id,
        "lusid-meta-duration": str(milliseconds),
        idempotency.SUPPORTED: "true",
    }
