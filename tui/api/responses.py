"""What an answer means: its body, or which of our errors it is. No network, no token, no second try."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from tui.api import codec
from tui.api.base import ProblemDetails
from tui.api.errors import MalformedReply, ServerFailed, reason_of, refusal_for
from tui.api.retries import http_date, retry_after
from tui.api.sanitize import clean


class ParsedResponse(Struct, frozen=True):
    """What came back: ``headers`` are found whatever the letter case of their names."""

    status: int
    phrase: str
    headers: Mapping[str, str]
    body: bytes


class Reply(Struct, frozen=True):
    """A successful answer: its body, and the server's own name of the request."""

    body: bytes
    request_id: str | None = None


def judge(answer: ParsedResponse, said: str = "") -> Reply:
    """Turn an answer into its body or into the error it is; ``said`` is a reason found in its body.

    Raises:
        Refused: 4xx and 501; NoAnswer: any other 5xx, and what points elsewhere.
    """
    request_id = clean(answer.headers.get("lusid-meta-requestid", "")) or None
    if 200 <= answer.status < 300:
        return Reply(answer.body, request_id)
    problem = _problem(answer)
    status = answer.status
    patience = retry_after(answer.headers.get("retry-after"), date_of(answer.headers))
    if status >= 500 and status != 501:
        why = f"The server failed ({status}): {reason_of(problem)}"
        failure = ServerFailed(why, status=status, request_id=request_id)
        failure.retry_after = patience
        raise failure
    if status < 400:
        raise MalformedReply(
            f"The server pointed elsewhere ({status}), which is not followed.", status=status
        )
    why = said or reason_of(problem)
    error = refusal_for(status)(why, problem=problem, status=status, request_id=request_id)
    error.retry_after = patience
    raise error


def said_by_issuer(answer: ParsedResponse) -> str:
    """Give the sentence of a token endpoint that says no, or else its code; empty when there is none."""
    try:
        said = codec.decode(_IssuerError, answer.body)
    except codec.Malformed:
        return ""
    return said.error_description or said.error


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Give the server's own time, to the second."""
    return http_date(headers.get("date", ""))


class _IssuerError(Struct):
    """How a token endpoint says no: a code such as ``invalid_grant``, and a sentence."""

    error: str = ""
    error_description: str = ""


def _problem(answer: ParsedResponse) -> ProblemDetails:
    """Read a failure's body, which a server may send as problem details, as text or as anything."""
    try:
        return codec.decode(ProblemDetails, answer.body)
    except codec.Malformed:
        text = clean(answer.body.decode(errors="replace").strip()[:200])
        plain = text and "<" not in text
        return ProblemDetails(
            detail=text if plain else clean(f"HTTP {answer.status} {answer.phrase}".strip())
        )
