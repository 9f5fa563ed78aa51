"""Checks of a request before its content is read: host, origin, size, content type and speed.

Its token is checked by :mod:`tui.oms.auth.tokens`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request

from tui.oms.domain.error_codes import ACCESS_DENIED
from tui.oms.domain.refusals import Refusal
from tui.oms.http.call import Call
from tui.oms.http.problems import invalid, rejected

JSON: Final = "application/json"
CONTENT: Final = (
    r"(?i)(application/json|text/json|application/[\w.*-]+\+json)(\s*;\s*charset\s*=\s*\"?utf-?8\"?)?\s*"
)
FORM: Final = r"(?i)application/x-www-form-urlencoded(\s*;\s*charset\s*=\s*\"?utf-?8\"?)?\s*"
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
MAX_HEADER_BYTES: Final = 16 * 1024


class AddressTooLong(Exception):
    """An address of more characters than the server reads (KB, Filtering performance)."""


def check(request: Request, hosts: frozenset[str] | None, max_url: int) -> None:
    """Refuse requests of web pages, for other hosts, and with too long an address or head.

    Raises:
        Refusal: 400, 403 (no CORS, no DNS rebinding) or 431.
        AddressTooLong: it has more than ``max_url`` characters.
    """
    headers = request.scope["headers"]
    if has_two_lengths(request):
        raise rejected("The request has both a Content-Length and a Transfer-Encoding.", 400)
    if sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEADER_BYTES:
        raise rejected(f"The headers are longer than {MAX_HEADER_BYTES} bytes.", 431)
    if "origin" in request.headers:
        raise _denied("Requests from web pages are not served.")
    host = request.headers.get("host", "").lower()
    name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
    if hosts is not None and name not in hosts:
        raise _denied(f"This server is not called '{name}'.")
    if len(str(request.url)) > max_url:
        raise AddressTooLong


def has_two_lengths(request: Request) -> bool:
    """Return whether two readers may disagree where the body ends: the connection is not to be used again."""
    return "content-length" in request.headers and "transfer-encoding" in request.headers


def origin_of(request: Request) -> str:
    """Return the address a request came from, empty in process."""
    return request.client.host if request.client is not None else ""


def bearer(request: Request) -> str:
    """Return the bearer token of a request, the empty text when it has none."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


async def json_body(call: Call) -> bytes:
    """Read a body of at most 10 MiB, of one of the contract's content types.

    Raises:
        Refusal: 415, 413, or 408 when it does not arrive in time.
    """
    content = call.request.headers.get("content-type", "")
    if not re.fullmatch(CONTENT, content):
        detail = f"The content type must be JSON, such as application/json; it is '{content}'."
        raise rejected(detail, 415)
    return await body(call, MAX_BODY_BYTES)


async def body(call: Call, most: int) -> bytes:
    """Read a body of at most ``most`` bytes.

    Raises:
        Refusal: 413, 415 when it is compressed, or 408 when it does not arrive in time.
    """
    encoding = call.request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise rejected(f"The body must be sent as it is; its Content-Encoding is '{encoding}'.", 415)
    announced = call.request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most:
        raise _too_large(most)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(call.seconds_left):
            async for chunk in call.request.stream():
                size += len(chunk)
                if size > most:
                    raise _too_large(most)
                chunks.append(chunk)
    except TimeoutError as error:
        raise rejected("The body did not arrive in time.", 408) from error
    return b"".join(chunks)


def check_ids(parts: Mapping[str, str]) -> None:
    """Check the ids of a path at which nothing was found (1.0).

    Stored entities are found by any id: the codes the server generates may be longer than 64 characters.

    Raises:
        Refusal: an id has characters or a length that no id may have (157).
    """
    from tui.oms.rules.validation import ID_PART  # with the rules, which the first pages do without

    ids = {name: value for name, value in parts.items() if name in ("scope", "code")}
    wrong = {name: value for name, value in ids.items() if not ID_PART.fullmatch(value)}
    if wrong:
        words = "must be 1 to 64 letters, digits, hyphens or underscores."
        raise invalid({name.title(): (f"The field {name.title()} {words}",) for name in wrong})


def _too_large(most: int) -> Refusal:
    return rejected(f"The body is larger than {most} bytes. Send it in parts.", 413)


def _denied(detail: str) -> Refusal:
    return Refusal("AccessDenied", detail, code=ACCESS_DENIED, status=403)
