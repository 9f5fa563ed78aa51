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
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from msgspec import Struct

from tui.api import address, gate
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


class TokenSource(Protocol):
    """Signs requests on; what it raises says of a request that it was not sent, never that nobody knows."""

    async def token(self) -> str | None:
        """Give the bearer token of the next request, None for none."""

    async def renewed(self, refused: str) -> str | None:
        """Give another token after the server refused this one (401); None when there is no other."""


class SecretText(Protocol):
    """A text that shows itself only to the one place that sends it."""

    def reveal(self) -> str: ...


class Proxy(Struct, frozen=True):
    """The proxy that requests to other machines go through: its address, and who one is to it."""

    address: str
    username: str | None = None
    password: SecretText | None = None


CONNECT_S: Final = 5.0
READ_S: Final = 30.0
WRITE_S: Final = 10.0
AGAIN_READ: Final = 3
AGAIN_NOT_SENT: Final = 3
AGAIN_RATE_LIMITED: Final = 2
LONGEST_WAIT_S: Final = 30.0

_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
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
        token: signs requests on; None sends no token.
        proxy: what other machines are reached through; this one never is.
        ca_file: certificates of authorities (PEM) trusted beside the public ones.
        transport: another way to reach the server: in process, or one that injects faults.
        pause: how to wait; tests put their own clock here.

    The certificate of an https server is always verified, plain http reaches this machine only, and no
    redirect is followed, so that the token goes to the host of ``base_url`` and nowhere else.

    Raises:
        NotSent: the proxy or the file of authorities cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: TokenSource | None = None,
        proxy: Proxy | None = None,
        ca_file: Path | None = None,
        transport: AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._shown = gate.clean(_USERINFO.sub("//", self.base_url))
        self._token = token
        self._pause = pause
        self._over_network = transport is None
        self._client = _client(self.base_url, proxy=proxy, ca_file=ca_file, transport=transport)

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
        _sign(request, await _signed_on(self._token.token()) if self._token else None)
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
        _check_address(self.base_url, self._shown, over_network=self._over_network)
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
        """Send a request once; a refused token is replaced once, for nothing was done with it (401)."""
        response = await self._send(request)
        refused = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if response.status_code == 401 and self._token and refused:
            other = await _signed_on(self._token.renewed(refused))
            if other and other != refused:
                _sign(request, other)
                response = await self._send(request)
        return _judge(response)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        with _network_errors(self._shown):
            return await self._client.send(request)


async def post_form(
    url: str,
    form: Mapping[str, str | SecretText],
    *,
    basic: tuple[str, SecretText] | None = None,
    proxy: Proxy | None = None,
    ca_file: Path | None = None,
    transport: AsyncBaseTransport | None = None,
) -> bytes:
    """Send a form to a token endpoint once, on a connection of its own, and give its successful answer.

    ``basic`` is a client's id and secret for an Authorization header; without it there is none. The same
    rules of TLS, proxy, addresses and redirects hold as in :class:`Http`, and no secret of the form is in
    any error.

    Raises:
        NotSent: it never left.
        Refused: the endpoint said no; ``why`` is its ``error_description``, ``status`` tells 400 from 401,
            RateLimited carries ``retry_after``.
        NoAnswer: nobody can tell what happened to it.
    """
    shown = gate.clean(_USERINFO.sub("//", url))
    _check_address(url, shown, over_network=transport is None)
    client = _client(url, proxy=proxy, ca_file=ca_file, transport=transport)
    async with client:
        fields = {name: value if isinstance(value, str) else value.reveal() for name, value in form.items()}
        with _network_errors(shown):
            try:
                response = await client.post(
                    url,
                    data=fields,
                    headers={"Accept": "application/json"},
                    auth=(basic[0], basic[1].reveal()) if basic else httpx.USE_CLIENT_DEFAULT,
                )
            except (httpx.InvalidURL, UnicodeError) as error:
                raise NotSent(f"This cannot be sent: {_words(error)}.") from None
    return _judge(response, _said_by_issuer(response)).body


class _IssuerError(Struct):
    """How a token endpoint says no: a code such as ``invalid_grant``, and a sentence."""

    error: str = ""
    error_description: str = ""


def _said_by_issuer(response: httpx.Response) -> str:
    try:
        said = gate.decode(_IssuerError, response.content)
    except gate.Malformed:
        return ""
    return said.error_description or said.error


def _client(
    url: str, *, proxy: Proxy | None, ca_file: Path | None, transport: AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """Give the connections to one server; its certificate is verified whatever is asked for."""
    timeout = httpx.Timeout(READ_S, connect=CONNECT_S, write=WRITE_S, pool=CONNECT_S)
    if transport is not None:
        return httpx.AsyncClient(transport=transport, trust_env=False, timeout=timeout)
    # Plain http goes to this machine only, which no proxy on another machine can reach.
    through = _proxy(proxy) if proxy is not None and not url.startswith("http:") else None
    return httpx.AsyncClient(verify=_authorities(ca_file), proxy=through, trust_env=False, timeout=timeout)


def _proxy(proxy: Proxy) -> httpx.Proxy:
    shown = gate.clean(_USERINFO.sub("//", proxy.address))
    fault = address.fault(proxy.address)
    if fault:
        raise NotSent(f"{shown or 'An empty text'} is not the address of a proxy: {fault}.")
    password = proxy.password.reveal() if proxy.password else ""
    try:
        return httpx.Proxy(proxy.address, auth=(proxy.username, password) if proxy.username else None)
    except (httpx.InvalidURL, ValueError) as error:
        raise NotSent(f"{shown} is not the address of a proxy: {_words(error)}.") from None


def _authorities(ca_file: Path | None) -> Any:
    """Give whose certificates are believed: the public authorities, and those of a file."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise NotSent(
                f"The certificates of {ca_file} cannot be used: {error.strerror or _words(error)}.",
                advice="Name a PEM file with the certificate of your authority.",
            ) from error
    return context


def _check_address(url: str, shown: str, *, over_network: bool) -> None:
    """Refuse, before anything is sent, what is no address or would send a token in the clear."""
    why = address.fault(url)
    if why:
        raise NotSent(f"{shown or 'An empty text'} is not the address of a server: {why}.")
    why = address.exposed(url) if over_network else None
    if why:
        raise NotSent(f"Nothing is sent to {shown}: {why}.", advice="Use an https address.")


def _sign(request: httpx.Request, token: str | None) -> None:
    if not token:
        return
    if not _HEADER_WORD.fullmatch(token):
        raise Unauthenticated("The access token holds a space or a character no token can have.")
    request.headers["Authorization"] = f"Bearer {token}"


async def _signed_on(token: Awaitable[str | None]) -> str | None:
    """Wait for a token; a failure to get one says of the request itself that it was not sent."""
    try:
        return await token
    except (NotSent, Unauthenticated):
        raise
    except Refused as error:
        raise Unauthenticated(error.why, problem=error.problem, status=error.status) from error
    except ApiError as error:
        raise NotSent(f"Not signed on: {error.why}") from error


@contextmanager
def _network_errors(shown: str) -> Iterator[None]:
    """Turn what httpx raises into ours, by whether the request can have arrived."""
    try:
        yield
    except _NEVER_LEFT as error:
        raise NotSent(f"No connection to {shown}: {_words(error)}.") from error
    except httpx.TimeoutException as error:
        raise NoAnswer(f"{shown} did not answer in time.") from error
    except httpx.RequestError as error:
        raise NoAnswer(f"The connection to {shown} broke: {_words(error)}.") from error


def _segment(text: str) -> str:
    """Quote ``text`` as one segment of a path; dots alone would mean the folder above."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def _judge(response: httpx.Response, said: str = "") -> Reply:
    """Turn an answer into its body or into the error it is; ``said`` is a reason found in its body."""
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
    why = said or reason_of(problem)
    error = refusal_for(status)(why, problem=problem, status=status, request_id=request_id)
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
    "Proxy",
    "Query",
    "Refused",
    "Reply",
    "SecretText",
    "TokenSource",
    "asgi_transport",
    "post_form",
]
