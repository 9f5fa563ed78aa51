"""The only module that knows httpx: sends one request, gives its answer or one of our errors.

It decides what may be repeated, and nobody else does: reads are, with growing pauses; a write is
sent again only when it is certain that it never left, or when the server said 429. Anything else
that goes wrong with a write is :class:`~tui.api.errors.NoAnswer`, for the caller to reconcile.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote, urlsplit

from msgspec import Struct

from tui.api import gate
from tui.api.endpoints import Endpoint
from tui.api.errors import (
    ApiError,
    MalformedReply,
    NoAnswer,
    NotSent,
    RateLimited,
    Refused,
    ServerFailed,
    Unauthenticated,
    reason_of,
    refusal_for,
)
from tui.api.shapes import ProblemDetails

# httpx loads its own command line, with pygments and half of rich, wherever click is installed.
_click = sys.modules.setdefault("click", None)  # type: ignore[arg-type]
import httpx  # noqa: E402

if _click is None:
    del sys.modules["click"]

AsyncBaseTransport = httpx.AsyncBaseTransport
Query = Mapping[str, str | Sequence[str] | None]
TokenSource = Callable[[], Awaitable[str | None]]

CONNECT_S: Final = 5.0
READ_S: Final = 30.0
WRITE_S: Final = 10.0
AGAIN_READ: Final = 3
AGAIN_NOT_SENT: Final = 3
AGAIN_RATE_LIMITED: Final = 2
LONGEST_WAIT_S: Final = 30.0

_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_USERINFO: Final = re.compile("//[^/]*@")
_HEADER_WORD: Final = re.compile("[!-~]+")
_SECONDS: Final = re.compile(r"\s*(\d{1,9})(?:\.\d*)?\s*", re.ASCII)


class Reply(Struct, frozen=True):
    """A successful answer: its body, and the server's own name of the request."""

    body: bytes
    request_id: str | None = None


def asgi_transport(app: object) -> AsyncBaseTransport:
    """Give the transport that reaches an ASGI ``app`` in this process.

    What goes wrong inside the app is its answer 500, just as it would be over a socket.
    """
    return httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]


class Http:
    """One connection pool to one server, for the life of the program.

    Args:
        base_url: what the contract's paths are appended to, such as ``https://x.lusid.com/api``.
        token: gives the bearer token of the next request, or None for none.
        transport: another way to reach the server: in process, or one that injects faults.
        pause: how to wait; tests put their own clock here.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: TokenSource | None = None,
        transport: AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._shown = gate.clean(_USERINFO.sub("//", self.base_url))
        self._token = token
        self._pause = pause
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S, write=WRITE_S, pool=CONNECT_S),
        )

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    async def call(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: object = None,
        key: str | None = None,
    ) -> Reply:
        """Send one request of ``endpoint`` and give its successful answer.

        Raises:
            NotSent: it never left, also after trying again.
            Refused: the server said no (401, 403, 404 and 429 have classes of their own).
            NoAnswer: nobody can tell what happened to it.
        """
        request = self._request(endpoint, path, query, body, key)
        pauses = 0
        reads = endpoint.effect == "reads"
        again: dict[type[ApiError], int] = {
            RateLimited: AGAIN_RATE_LIMITED,
            NotSent: AGAIN_NOT_SENT,
            NoAnswer: AGAIN_READ if reads else 0,
        }
        while True:
            try:
                return await self._once(request)
            except MalformedReply:
                raise
            except (RateLimited, NotSent, NoAnswer) as error:
                kind = next(kind for kind in again if isinstance(error, kind))
                if not again[kind]:
                    if reads and kind is NoAnswer:
                        error.advice = "It was asked again, in vain. Try again later."
                    raise
                again[kind] -= 1
                pauses += 1
                await self._pause(_wait(pauses, error))

    def _request(
        self,
        endpoint: Endpoint,
        path: Mapping[str, str] | None,
        query: Query | None,
        body: object,
        key: str | None,
    ) -> httpx.Request:
        """Build what is sent; what cannot be built is NotSent, in words."""
        fault = _address_fault(self.base_url)
        if fault:
            raise NotSent(f"{self._shown or 'An empty text'} is not the address of a server: {fault}.")
        headers = {"Accept": "application/json", "X-LUSID-Application": "blotter"}
        if key is not None:
            headers["Idempotency-Key"] = key
        params = {name: value for name, value in (query or {}).items() if value not in (None, (), [])}
        try:
            segments = {name: _segment(value) for name, value in (path or {}).items()}
            base = self.base_url.removesuffix("/api") if endpoint.outside else self.base_url
            url = base + endpoint.path.format(**segments)
            content = None if body is None else gate.encode_request(body)
            if content is not None:
                headers["Content-Type"] = "application/json"
            return self._client.build_request(
                endpoint.method, url, params=params, content=content, headers=headers
            )
        except (httpx.InvalidURL, UnicodeError, gate.Unsendable) as error:
            raise NotSent(f"This cannot be sent: {_words(error)}.") from error

    async def _once(self, request: httpx.Request) -> Reply:
        token = await self._token() if self._token else None
        if token:
            if not _HEADER_WORD.fullmatch(token):
                raise Unauthenticated("The access token holds a space or a character no token can have.")
            request.headers["Authorization"] = f"Bearer {token}"
        try:
            response = await self._client.send(request)
        except _NEVER_LEFT as error:
            raise NotSent(f"No connection to {self._shown}: {_words(error)}.") from error
        except httpx.TimeoutException as error:
            raise NoAnswer(f"{self._shown} did not answer in time.") from error
        except httpx.RequestError as error:
            raise NoAnswer(f"The connection to {self._shown} broke: {_words(error)}.") from error
        return _judge(response)


def _segment(text: str) -> str:
    """Quote ``text`` as one segment of a path; dots alone would mean the folder above."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def _address_fault(address: str) -> str | None:
    """Say what is wrong with the address of a server, None when nothing is."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        return "its host cannot be read, or its port is not a number from 1 to 65535"
    if parts.scheme not in ("http", "https"):
        return "it does not start with http:// or https://"
    if not parts.hostname:
        return "it names no host"
    return None


def _judge(response: httpx.Response) -> Reply:
    """Turn an answer into its body or into the error it is."""
    request_id = gate.clean(response.headers.get("lusid-meta-requestid", "")) or None
    if response.is_success:
        return Reply(response.content, request_id)
    problem = _problem(response)
    status = response.status_code
    if status >= 500 and status != 501:
        raise ServerFailed(
            f"The server failed ({status}): {reason_of(problem)}", status=status, request_id=request_id
        )
    if status < 400:
        raise MalformedReply(
            f"The server pointed elsewhere ({status}), which is not followed.", status=status
        )
    error = refusal_for(status)(reason_of(problem), problem=problem, status=status, request_id=request_id)
    if isinstance(error, RateLimited):
        error.retry_after = _seconds(response.headers.get("retry-after"))
    raise error


def _problem(response: httpx.Response) -> ProblemDetails:
    """Read a failure's body, which a server may send as problem details, as text or as anything."""
    try:
        return gate.decode(ProblemDetails, response.content)
    except gate.Malformed:
        text = gate.clean(response.text.strip()[:200])
        plain = text and "<" not in text
        return ProblemDetails(
            detail=text
            if plain
            else gate.clean(f"HTTP {response.status_code} {response.reason_phrase}".strip())
        )


def _seconds(header: str | None) -> float | None:
    """Read Retry-After, in seconds or as an HTTP date; None when it says nothing usable."""
    if not header:
        return None
    if seconds := _SECONDS.fullmatch(header):
        return min(float(seconds[1]), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT_S)


def _wait(pauses: int, error: ApiError) -> float:
    """Give the seconds before the next try: as the server told, else at random up to a doubling bound."""
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return error.retry_after
    return random.uniform(0, min(0.2 * 2**pauses, 5.0))


def _words(error: Exception) -> str:
    return gate.clean(str(error)).rstrip(".") or type(error).__name__


__all__ = [
    "ApiError",
    "AsyncBaseTransport",
    "Http",
    "Query",
    "Refused",
    "Reply",
    "TokenSource",
    "asgi_transport",
]
