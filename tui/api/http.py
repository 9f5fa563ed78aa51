"""The only module that knows httpx: sends one request, gives its answer or one of our errors.

It decides what may be repeated (and nobody else does): reads are, with growing pauses; a write is
sent again only when it is certain that it never left, or when the server said 429. Anything else
that goes wrong with a write is :class:`~tui.api.errors.NoAnswer`, for the caller to reconcile.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote

import httpx

from tui.api import gate
from tui.api.endpoints import Endpoint
from tui.api.errors import (
    ApiError,
    NoAnswer,
    NotSent,
    RateLimited,
    Refused,
    ServerFailed,
    reason_of,
    refusal_for,
)
from tui.api.shapes import ProblemDetails

AsyncBaseTransport = httpx.AsyncBaseTransport
Query = Mapping[str, str | Sequence[str] | None]
TokenSource = Callable[[], Awaitable[str | None]]

CONNECT_S: Final = 5.0
READ_S: Final = 30.0
WRITE_S: Final = 10.0
TRIES_READ: Final = 4
TRIES_NOT_SENT: Final = 3
TRIES_RATE_LIMITED: Final = 3
LONGEST_WAIT_S: Final = 30.0

_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer: its body, and the server's own name of the request."""

    body: bytes
    request_id: str | None = None


def asgi_transport(app: object) -> AsyncBaseTransport:
    """Give the transport that reaches an ASGI ``app`` in this process."""
    return httpx.ASGITransport(app=app)  # type: ignore[arg-type]


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
        segments = {name: quote(value, safe="") for name, value in (path or {}).items()}
        url = self.base_url + endpoint.path.format(**segments)
        content = None if body is None else gate.encode(body)
        reads = endpoint.effect == "reads"
        tries = 0
        while True:
            tries += 1
            try:
                return await self._once(endpoint.method, url, query, content, key)
            except RateLimited as error:
                if tries >= TRIES_RATE_LIMITED:
                    raise
                await self._pause(_wait(tries, error.retry_after))
            except NotSent:
                if tries >= TRIES_NOT_SENT:
                    raise
                await self._pause(_wait(tries))
            except NoAnswer:
                if not reads or tries >= TRIES_READ:
                    raise
                await self._pause(_wait(tries))

    async def _once(
        self, method: str, url: str, query: Query | None, content: bytes | None, key: str | None
    ) -> Reply:
        headers = {"Accept": "application/json", "X-LUSID-Application": "blotter"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        token = await self._token() if self._token else None
        if token:
            headers["Authorization"] = f"Bearer {token}"
        params = {name: value for name, value in (query or {}).items() if value not in (None, (), [])}
        try:
            response = await self._client.request(
                method, url, params=params, content=content, headers=headers
            )
        except _NEVER_LEFT as error:
            raise NotSent(f"No connection to {self.base_url}: {_words(error)}.") from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise NotSent(f"{self.base_url} is not an address of a server: {_words(error)}.") from error
        except httpx.TimeoutException as error:
            raise NoAnswer(f"{self.base_url} did not answer in time.") from error
        except httpx.TransportError as error:
            raise NoAnswer(f"The connection to {self.base_url} broke: {_words(error)}.") from error
        return _judge(response)


def _judge(response: httpx.Response) -> Reply:
    """Turn an answer into its body or into the error it is."""
    request_id = response.headers.get("lusid-meta-requestid")
    if response.is_success:
        return Reply(response.content, request_id)
    problem = _problem(response)
    status = response.status_code
    if status >= 500 and status != 501:
        raise ServerFailed(
            f"The server failed ({status}): {reason_of(problem)}", status=status, request_id=request_id
        )
    if status < 400:
        raise NoAnswer(f"The server pointed elsewhere ({status}), which is not followed.", status=status)
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
            detail=text if plain else f"HTTP {response.status_code} {response.reason_phrase}".strip()
        )


def _seconds(header: str | None) -> float | None:
    """Read Retry-After, in seconds or as an HTTP date; None when it says nothing usable."""
    if not header:
        return None
    if header.strip().isdigit():
        return min(int(header), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT_S)


def _wait(tries: int, told: float | None = None) -> float:
    """Give the pause before the next try: as told, else full jitter over a doubling bound."""
    return told if told is not None else random.uniform(0, min(0.2 * 2**tries, 5.0))


def _words(error: Exception) -> str:
    return gate.clean(str(error)) or type(error).__name__


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
