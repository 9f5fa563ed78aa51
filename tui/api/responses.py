"""Interprets HTTP responses: a body, or one of our errors. Without network, tokens or retries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from tui.api import codec
from tui.api.base import ProblemDetails
from tui.api.ceilings import FAILURE, MIB
from tui.api.errors import MalformedReply, ServerFailed, reason_of, refusal_for
from tui.api.retries import http_date, retry_after
from tui.api.sanitize import clean

_LONGEST_PHRASE: Final = 200
"""The characters that are kept of a header: the name of a request, what a status is called."""


class ParsedResponse(Struct, frozen=True):
    """A response; ``headers`` ignores the letter case of names, ``body`` is None where it had no end."""

    status: int
    phrase: str
    headers: Mapping[str, str]
    body: bytes | None


class Reply(Struct, frozen=True):
    """The body of a success, the server's own name of the request, and the HTTP status."""

    body: bytes
    request_id: str | None = None
    status: int = 200


def reply_or_raise(answer: ParsedResponse, said: str = "") -> Reply:
    """Return the body of a success; ``said`` is the reason of a failure when the body is no problem document.

    Raises:
        Refused: 4xx and 501; NoAnswer: any other 5xx, and a redirect.
    """
    request_id = request_id_of(answer)
    if 200 <= answer.status < 300:
        return Reply(answer.body or b"", request_id, answer.status)
    problem = _problem(answer)
    status = answer.status
    wait_s = retry_after(answer.headers.get("retry-after"), server_time(answer.headers))
    if status >= 500 and status != 501:
        why = f"The server failed ({status}): {reason_of(problem)}"
        failure = ServerFailed(why, status=status, request_id=request_id)
        failure.retry_after = wait_s
        raise failure
    if status < 400:
        raise MalformedReply(f"The server redirected ({status}); redirects are not followed.", status=status)
    why = said or reason_of(problem)
    error = refusal_for(status)(why, problem=problem, status=status, request_id=request_id)
    error.retry_after = wait_s
    raise error


def request_id_of(answer: ParsedResponse) -> str | None:
    """Return the server's own name of a request, if it sent one."""
    return clean(answer.headers.get("lusid-meta-requestid", "")[:_LONGEST_PHRASE]) or None


def issuer_reason(answer: ParsedResponse) -> str:
    """Return the sentence of a token endpoint that refuses, or else its code; empty without either."""
    try:
        said = codec.decode(_IssuerError, answer.body or b"")
    except codec.Malformed:
        return ""
    return said.error_description or said.error


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the server's own time, to the second, if it sent one."""
    return http_date(headers.get("date", ""))


class _IssuerError(Struct):
    """The refusal of a token endpoint: a code such as ``invalid_grant``, and a sentence."""

    error: str = ""
    error_description: str = ""


def _problem(answer: ParsedResponse) -> ProblemDetails:
    """Read the body of a failure: problem details, text, or anything else."""
    status = f"HTTP {answer.status} {answer.phrase[:_LONGEST_PHRASE]}".strip()
    if answer.body is None:
        return ProblemDetails(detail=clean(f"{status}, with over {FAILURE.bytes // MIB} MiB of reasons."))
    try:
        return codec.decode(ProblemDetails, answer.body)
    except codec.Malformed:
        text = clean(answer.body.decode(errors="replace").strip()[:200])
        plain = text and "<" not in text
        return ProblemDetails(detail=text if plain else clean(status))
