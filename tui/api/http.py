"""Sends requests with httpx, which no other module knows, and returns the answer or raises one of our errors.

Only this module retries, by :mod:`tui.api.retries`. Reads are retried with exponential back-off. A write is
sent again only when it certainly never left, or when the server said 429; any other failure of a write is
:class:`~tui.api.errors.NoAnswer`, which the caller reconciles. :mod:`tui.api.responses` interprets answers.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar

from tui.api import codec, http_request, responses, urls
from tui.api.base import ResourceId
from tui.api.connection_settings import ClockSkew, Notice, Proxy, SecretText, Timeouts, TokenSource
from tui.api.errors import (
    ApiError,
    MalformedReply,
    NoAnswer,
    NotSent,
    RateLimited,
    Refused,
    Unauthenticated,
)
from tui.api.http_request import Query, Request
from tui.api.operations import Operation
from tui.api.responses import ParsedResponse, Reply
from tui.api.retries import CircuitBreaker, RetryBudget, RetryNotice, RetryPolicy
from tui.api.sanitize import clean

# httpx loads its own command line, with pygments and half of rich, wherever click is installed.
_click = sys.modules.setdefault("click", None)  # type: ignore[arg-type]
import httpx  # noqa: E402

if _click is None:
    del sys.modules["click"]

AsyncBaseTransport = httpx.AsyncBaseTransport
ReplyT = TypeVar("ReplyT")

TIMEOUTS: Final = Timeouts()
MIN_REPORTED_WAIT_S: Final = 1.0
"""A retry that waits at least this long is reported to the listener; shorter ones would only flicker."""
MAX_CLOCK_SKEW_S: Final = 2.0
"""A clock that differs more than this from the server's is reported."""
IDEMPOTENCY_HEADER: Final = "idempotency-key-supported"
"""The header with which a server says that it executes the request of an Idempotency-Key once."""

_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_TOKEN_CHARACTERS: Final = re.compile("[!-~]+")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def asgi_transport(app: object) -> AsyncBaseTransport:
    """Return a transport to an ASGI ``app`` in this process.

    An exception in the app is answered with 500, as it would be over a socket.
    """
    return httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]


class Http:
    """One connection pool to one server, for the life of the program.

    Args:
        base_url: the address the contract's paths are appended to, such as ``https://x.lusid.com/api``.
        token: supplies bearer tokens; None sends no token.
        proxy: the proxy to other machines; this machine is reached without it.
        ca_file: certificates of authorities (PEM) that are trusted beside the public ones.
        transport: another way to the server: in process, or one that injects faults.
        timeouts: the limits of every wait, in seconds.
        application: the name of the calling program (``X-LUSID-Application``).
        correlation_id: the id under which the server groups all calls, if any.
        rate_limit_retries: how often a call is sent again after 429.
        pause: sleeps for a number of seconds; tests pass their own clock.
        clock: a monotonic clock, in seconds; tests pass their own.
        now: this machine's clock, aware UTC, which is compared with the server's.

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
        timeouts: Timeouts = TIMEOUTS,
        application: str = "blotter",
        correlation_id: str | None = None,
        rate_limit_retries: int = 2,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.supports_idempotency_keys = False
        """Whether the server said that it executes the request of an Idempotency-Key once."""
        self._display_url = clean(urls.without_credentials(self.base_url))
        self._token = token
        self._timeouts = timeouts
        self._rate_limit_retries = rate_limit_retries
        self._headers = {"Accept": "application/json", "X-LUSID-Application": application}
        if correlation_id:
            self._headers["CorrelationId"] = correlation_id
        self._pause = pause
        self._clock = clock
        self._now = now
        self._listener: Callable[[Notice], None] | None = None
        self._skew_reported = False
        self._sent_at: dict[httpx.Request, float] = {}
        self._budget = RetryBudget()
        self._circuit = CircuitBreaker(clock, self._notify)
        self._over_network = transport is None
        self._client = _client(
            self.base_url, proxy=proxy, ca_file=ca_file, transport=transport, timeouts=timeouts
        )

    def listen(self, listener: Callable[[Notice], None]) -> None:
        """Call ``listener``, in the event loop, when a request waits and when the clocks differ."""
        self._listener = listener

    @property
    def unanswered_s(self) -> float:
        """The age in seconds of the oldest request in flight; 0 when none is."""
        return self._clock() - min(self._sent_at.values()) if self._sent_at else 0.0

    def try_now(self) -> None:
        """Send the next call even while the circuit is open."""
        self._circuit.try_now()

    def _notify(self, notice: Notice) -> None:
        if self._listener is not None:
            self._listener(notice)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def build(
        self,
        operation: Operation[Any, ReplyT],
        *,
        id: ResourceId | None = None,
        query: Query | None = None,
        body: object = None,
        key: str | None = None,
    ) -> Request[ReplyT]:
        """Return a request of ``operation`` to this server, complete but for the token.

        ``key`` is sent as Idempotency-Key. A server that :attr:`supports_idempotency_keys` executes the
        request of a key once and repeats its answer, so that sending the very same request again is safe,
        whatever became of the first one. It is not sent again here for that reason: the user decides.

        Raises:
            NotSent: it cannot be sent to this address, or cannot be written exactly.
        """
        _check_address(self.base_url, self._display_url, over_network=self._over_network)
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        try:
            return http_request.build(operation, self.base_url, headers, id=id, query=query, body=body)
        except (UnicodeError, codec.Unsendable) as error:
            raise _unsendable(error) from error

    async def send(self, request: Request[Any]) -> Reply:
        """Send a request as it was built and return its successful answer.

        Raises:
            NotSent: it never left, also after retries; Offline: the circuit is open.
            Refused: the server refused (401, 403, 404 and 429 have classes of their own).
            NoAnswer: its outcome is unknown.
        """
        outgoing = self._to_httpx(request)
        self._budget.deposit()
        with self._circuit.call():
            _authorize(outgoing, await _token_or_not_sent(self._token.token()) if self._token else None)
            policy = RetryPolicy(
                reads=request.operation.effect == "reads",
                budget=self._budget,
                rate_limited=self._rate_limit_retries,
            )
            return await self._send_until_answered(outgoing, policy)

    async def _send_until_answered(self, request: httpx.Request, policy: RetryPolicy) -> Reply:
        """Send until there is an answer or no retry is left."""
        renewed = False
        left = self._timeouts.call
        while True:
            began = self._clock()
            try:
                return await self._send_once(request, left)
            except MalformedReply:
                raise
            except Unauthenticated:
                if renewed or not await self._renew_token(request):
                    raise
                renewed = True
            except (RateLimited, NotSent, NoAnswer) as error:
                left -= self._clock() - began
                seconds = policy.next_delay(error) if left > 0 else None
                if seconds is None:
                    if request.method == "GET" and isinstance(error, NoAnswer):
                        error.advice = "It was retried without success. Try again later."
                    raise
                if seconds >= MIN_REPORTED_WAIT_S:
                    self._notify(RetryNotice(seconds, error.why))
                await self._pause(seconds)

    async def _renew_token(self, request: httpx.Request) -> bool:
        """Replace a refused token and return whether there is another; the refused request did nothing."""
        refused = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._token is None or not refused:
            return False
        token = await _token_or_not_sent(self._token.renew(refused))
        if not token or token == refused:
            return False
        _authorize(request, token)
        return True

    def _to_httpx(self, request: Request[Any]) -> httpx.Request:
        """Return a request as httpx sends it.

        Raises:
            NotSent: it was built for another server, which must not get the token, or is no valid request.
        """
        if request.base_url not in (self.base_url, self.base_url.removesuffix("/api")):
            raise NotSent(f"This request was built for another server than {self._display_url}.")
        try:
            return self._client.build_request(
                request.operation.method,
                request.url,
                content=request.content,
                headers=request.headers,
                timeout=_httpx_timeout(self._timeouts, lists=request.operation.lists),
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise _unsendable(error) from error

    async def _send_once(self, request: httpx.Request, seconds: float) -> Reply:
        """Send a request once and read its answer, within ``seconds``."""
        sent = self._now()
        self._sent_at[request] = self._clock()
        try:
            with _httpx_errors_as_ours(self._display_url):
                async with asyncio.timeout(seconds):
                    response = await self._client.send(request)
        finally:
            del self._sent_at[request]
        if IDEMPOTENCY_HEADER in response.headers:
            self.supports_idempotency_keys = True
        if not self._skew_reported:
            self._compare_clocks(response, sent)
        return responses.reply_or_raise(_parsed(response))

    def _compare_clocks(self, response: httpx.Response, sent: datetime) -> None:
        """Report, once, that this machine's clock differs from the server's.

        The server's time is known to the second (``Date``) and lies between sending and answering.
        """
        date = responses.server_time(response.headers)
        if date is None:
            return
        ahead = (sent - date).total_seconds() - 1
        behind = (date - self._now()).total_seconds()
        if max(ahead, behind) > MAX_CLOCK_SKEW_S:
            self._skew_reported = True
            self._notify(ClockSkew(ahead if ahead > 0 else -behind))


async def post_form(
    url: str,
    form: Mapping[str, str | SecretText],
    *,
    basic: tuple[str, SecretText] | None = None,
    proxy: Proxy | None = None,
    ca_file: Path | None = None,
    transport: AsyncBaseTransport | None = None,
    timeouts: Timeouts = TIMEOUTS,
) -> bytes:
    """Send a form to a token endpoint once, on a connection of its own, and return the body of a success.

    ``basic`` is the id and secret of a client for an Authorization header, if any. TLS, proxy, addresses and
    redirects are treated as in :class:`Http`. No error holds a secret of the form.

    Raises:
        NotSent: it never left.
        Refused: the endpoint refused; ``why`` is its ``error_description``, ``status`` 400 or 401;
            RateLimited has ``retry_after``.
        NoAnswer: its outcome is unknown.
    """
    shown = clean(urls.without_credentials(url))
    _check_address(url, shown, over_network=transport is None)
    client = _client(url, proxy=proxy, ca_file=ca_file, transport=transport, timeouts=timeouts)
    fields = {name: value if isinstance(value, str) else value.reveal() for name, value in form.items()}
    try:
        with _httpx_errors_as_ours(shown):
            async with client, asyncio.timeout(timeouts.call):
                response = await client.post(
                    url,
                    data=fields,
                    headers={"Accept": "application/json"},
                    auth=(basic[0], basic[1].reveal()) if basic else httpx.USE_CLIENT_DEFAULT,
                )
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _unsendable(error) from None
    answer = _parsed(response)
    return responses.reply_or_raise(answer, responses.issuer_reason(answer)).body


def _client(
    url: str,
    *,
    proxy: Proxy | None,
    ca_file: Path | None,
    transport: AsyncBaseTransport | None,
    timeouts: Timeouts,
) -> httpx.AsyncClient:
    """Return an httpx client to one server; it always verifies the certificate."""
    timeout = _httpx_timeout(timeouts)
    if transport is not None:
        return httpx.AsyncClient(transport=transport, trust_env=False, timeout=timeout)
    # Plain http goes to this machine only, which no proxy on another machine can reach.
    through = _proxy(proxy) if proxy is not None and not url.lower().startswith("http:") else None
    return httpx.AsyncClient(verify=_ssl_context(ca_file), proxy=through, trust_env=False, timeout=timeout)


def _httpx_timeout(timeouts: Timeouts, *, lists: bool = False) -> httpx.Timeout:
    read = timeouts.lists if lists else timeouts.read
    return httpx.Timeout(connect=timeouts.connect, read=read, write=timeouts.write, pool=timeouts.pool)


def _proxy(proxy: Proxy) -> httpx.Proxy:
    shown = clean(urls.without_credentials(proxy.address))
    fault = urls.why_invalid(proxy.address)
    if fault:
        raise NotSent(f"{shown or 'An empty text'} is not the address of a proxy: {fault}.")
    password = proxy.password.reveal() if proxy.password else ""
    try:
        return httpx.Proxy(proxy.address, auth=(proxy.username, password) if proxy.username else None)
    except (httpx.InvalidURL, ValueError) as error:
        raise NotSent(f"{shown} is not the address of a proxy: {_reason(error)}.") from None


def _ssl_context(ca_file: Path | None) -> Any:
    """Return a TLS context that trusts the public authorities and those of a file."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise NotSent(
                f"The certificates of {ca_file} cannot be used: {error.strerror or _reason(error)}.",
                advice="Name a PEM file with the certificate of your authority.",
            ) from error
    return context


def _check_address(url: str, shown: str, *, over_network: bool) -> None:
    """Refuse an invalid address, and one to which a token would be sent unencrypted.

    Raises:
        NotSent: says why.
    """
    why = urls.why_invalid(url)
    if why:
        raise NotSent(f"{shown or 'An empty text'} is not the address of a server: {why}.")
    why = urls.why_exposed(url) if over_network else None
    if why:
        raise NotSent(f"Nothing is sent to {shown}: {why}.", advice="Use an https address.")


def _authorize(request: httpx.Request, token: str | None) -> None:
    if not token:
        return
    if not _TOKEN_CHARACTERS.fullmatch(token):
        raise Unauthenticated("The access token holds a space or a character no token can have.")
    request.headers["Authorization"] = f"Bearer {token}"


async def _token_or_not_sent(token: Awaitable[str | None]) -> str | None:
    """Wait for a token; without one the request was not sent.

    Raises:
        Unauthenticated: the sign-on was refused; NotSent: it failed in another way.
    """
    try:
        return await token
    except (NotSent, Unauthenticated):
        raise
    except Refused as error:
        raise Unauthenticated(error.why, problem=error.problem, status=error.status) from error
    except ApiError as error:
        raise NotSent(f"Not signed on: {error.why}") from error


@contextmanager
def _httpx_errors_as_ours(shown: str) -> Iterator[None]:
    """Raise NotSent for errors of httpx after which the request cannot have arrived, NoAnswer for others."""
    try:
        yield
    except _NEVER_LEFT as error:
        raise NotSent(f"No connection to {shown}: {_reason(error)}.") from error
    except (httpx.TimeoutException, TimeoutError) as error:
        raise NoAnswer(f"{shown} did not answer in time.") from error
    except httpx.RequestError as error:
        raise NoAnswer(f"The connection to {shown} broke: {_reason(error)}.") from error


def _parsed(response: httpx.Response) -> ParsedResponse:
    return ParsedResponse(response.status_code, response.reason_phrase, response.headers, response.content)


def _unsendable(error: Exception) -> NotSent:
    return NotSent(f"This cannot be sent: {_reason(error)}.")


def _reason(error: Exception) -> str:
    return clean(str(error)).rstrip(".") or type(error).__name__


__all__ = [
    "ApiError",
    "AsyncBaseTransport",
    "ClockSkew",
    "Http",
    "Notice",
    "Proxy",
    "Query",
    "Refused",
    "Reply",
    "RetryNotice",
    "SecretText",
    "Timeouts",
    "TokenSource",
    "asgi_transport",
    "post_form",
]
