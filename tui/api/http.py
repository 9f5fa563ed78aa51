"""The only module that knows httpx: sends one request, gives its answer or one of our errors.

It decides what may be repeated, by :mod:`tui.api.retries`, and nobody else does: reads are, with growing
pauses; a write is sent again only when it is certain that it never left, or when the server said 429.
Anything else that goes wrong with a write is :class:`~tui.api.errors.NoAnswer`, for the caller to reconcile.
What an answer means is in :mod:`tui.api.responses`.
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
from tui.api.connection_settings import Notice, Proxy, SecretText, Skew, Timeouts, TokenSource
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
from tui.api.retries import Budget, Circuit, RetryNotice, RetryPolicy
from tui.api.sanitize import clean

# httpx loads its own command line, with pygments and half of rich, wherever click is installed.
_click = sys.modules.setdefault("click", None)  # type: ignore[arg-type]
import httpx  # noqa: E402

if _click is None:
    del sys.modules["click"]

AsyncBaseTransport = httpx.AsyncBaseTransport
ReplyT = TypeVar("ReplyT")

TIMEOUTS: Final = Timeouts()
VISIBLE_WAIT_S: Final = 1.0
CLOCK_TOLERANCE_S: Final = 2.0
KEYS_KEPT: Final = "idempotency-key-supported"
"""The header by which a server says that it does the request of an Idempotency-Key once."""

_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_HEADER_WORD: Final = re.compile("[!-~]+")


def _utc_now() -> datetime:
    return datetime.now(UTC)


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
        timeouts: how long the network may take.
        application: what the server is told that is calling (``X-LUSID-Application``).
        correlation_id: what the server is told that all calls belong to, if anything.
        rate_limit_retries: how often a call that was one too many (429) is sent again.
        pause: how to wait; tests put their own clock here.
        clock: seconds that never go backwards, for the same reason.
        now: this machine's clock, aware UTC, which is held against the server's.

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
        self.keeps_keys = False
        """Whether the server said that it does the request of an Idempotency-Key once."""
        self._shown = clean(urls.without_credentials(self.base_url))
        self._token = token
        self._timeouts = timeouts
        self._rate_limit_retries = rate_limit_retries
        self._headers = {"Accept": "application/json", "X-LUSID-Application": application}
        if correlation_id:
            self._headers["CorrelationId"] = correlation_id
        self._pause = pause
        self._clock = clock
        self._now = now
        self._told: Callable[[Notice], None] | None = None
        self._clock_told = False
        self._asked: dict[httpx.Request, float] = {}
        self._budget = Budget()
        self._circuit = Circuit(clock, self._tell)
        self._over_network = transport is None
        self._client = _client(
            self.base_url, proxy=proxy, ca_file=ca_file, transport=transport, timeouts=timeouts
        )

    def listen(self, listener: Callable[[Notice], None]) -> None:
        """Have ``listener`` told, in the event loop, when something waits and when the clocks differ."""
        self._told = listener

    @property
    def silent_s(self) -> float:
        """For how many seconds the oldest request under way has had no answer; 0 when there is none."""
        return self._clock() - min(self._asked.values()) if self._asked else 0.0

    def try_now(self) -> None:
        """Send the next call even to a server that is left in peace because it is gone."""
        self._circuit.try_now()

    def _tell(self, notice: Notice) -> None:
        if self._told is not None:
            self._told(notice)

    async def close(self) -> None:
        """Give back the connections."""
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

        ``key`` is sent as Idempotency-Key. A server that knows such keys (:attr:`keeps_keys`) does the
        request of a key once and gives the same answer ever after, so that sending the very same request
        again under its key is safe, whatever became of it the first time. Nothing is sent again here on the
        strength of that: whether to is the user's decision.

        Raises:
            NotSent: it cannot be sent to this address, or cannot be written exactly.
        """
        _check_address(self.base_url, self._shown, over_network=self._over_network)
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        try:
            return http_request.build(operation, self.base_url, headers, id=id, query=query, body=body)
        except (UnicodeError, codec.Unsendable) as error:
            raise _unsendable(error) from error

    async def send(self, request: Request[Any]) -> Reply:
        """Send a request as it was built and return its successful answer.

        Raises:
            NotSent: it never left, also after trying again; Offline: nothing is sent to this server now.
            Refused: the server said no (401, 403, 404 and 429 have classes of their own).
            NoAnswer: nobody can tell what happened to it.
        """
        outgoing = self._outgoing(request)
        self._budget.called()
        with self._circuit.call():
            _sign(outgoing, await _signed_on(self._token.token()) if self._token else None)
            policy = RetryPolicy(
                reads=request.operation.effect == "reads",
                budget=self._budget,
                rate_limited=self._rate_limit_retries,
            )
            return await self._send_until_answered(outgoing, policy)

    async def _send_until_answered(self, request: httpx.Request, policy: RetryPolicy) -> Reply:
        """Send until there is an answer or nothing more may be tried."""
        renewed = False
        left = self._timeouts.call
        while True:
            began = self._clock()
            try:
                return await self._once(request, left)
            except MalformedReply:
                raise
            except Unauthenticated:
                if renewed or not await self._renew(request):
                    raise
                renewed = True
            except (RateLimited, NotSent, NoAnswer) as error:
                left -= self._clock() - began
                seconds = policy.pause_after(error) if left > 0 else None
                if seconds is None:
                    if request.method == "GET" and isinstance(error, NoAnswer):
                        error.advice = "It was asked again, in vain. Try again later."
                    raise
                if seconds >= VISIBLE_WAIT_S:
                    self._tell(RetryNotice(seconds, error.why))
                await self._pause(seconds)

    async def _renew(self, request: httpx.Request) -> bool:
        """Replace a refused token, for nothing was done with it; tell whether there is another."""
        refused = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._token is None or not refused:
            return False
        token = await _signed_on(self._token.renewed(refused))
        if not token or token == refused:
            return False
        _sign(request, token)
        return True

    def _outgoing(self, request: Request[Any]) -> httpx.Request:
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

    async def _once(self, request: httpx.Request, seconds: float) -> Reply:
        """Send a request once and take its answer, all within ``seconds``."""
        sent = self._now()
        self._asked[request] = self._clock()
        try:
            with _network_errors(self._shown):
                async with asyncio.timeout(seconds):
                    response = await self._client.send(request)
        finally:
            del self._asked[request]
        if KEYS_KEPT in response.headers:
            self.keeps_keys = True
        if not self._clock_told:
            self._compare_clocks(response, sent)
        return responses.judge(_answer(response))

    def _compare_clocks(self, response: httpx.Response, sent: datetime) -> None:
        """Tell, once, of a clock that is further from the server's than the tolerance.

        The server's time is one of the second its ``Date`` names, between sending and answering.
        """
        date = responses.date_of(response.headers)
        if date is None:
            return
        ahead = (sent - date).total_seconds() - 1
        behind = (date - self._now()).total_seconds()
        if max(ahead, behind) > CLOCK_TOLERANCE_S:
            self._clock_told = True
            self._tell(Skew(ahead if ahead > 0 else -behind))


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
    shown = clean(urls.without_credentials(url))
    _check_address(url, shown, over_network=transport is None)
    client = _client(url, proxy=proxy, ca_file=ca_file, transport=transport, timeouts=timeouts)
    fields = {name: value if isinstance(value, str) else value.reveal() for name, value in form.items()}
    try:
        with _network_errors(shown):
            async with client, asyncio.timeout(timeouts.call):
                response = await client.post(
                    url,
                    data=fields,
                    headers={"Accept": "application/json"},
                    auth=(basic[0], basic[1].reveal()) if basic else httpx.USE_CLIENT_DEFAULT,
                )
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _unsendable(error) from None
    answer = _answer(response)
    return responses.judge(answer, responses.said_by_issuer(answer)).body


def _client(
    url: str,
    *,
    proxy: Proxy | None,
    ca_file: Path | None,
    transport: AsyncBaseTransport | None,
    timeouts: Timeouts,
) -> httpx.AsyncClient:
    """Give the connections to one server; its certificate is verified whatever is asked for."""
    timeout = _httpx_timeout(timeouts)
    if transport is not None:
        return httpx.AsyncClient(transport=transport, trust_env=False, timeout=timeout)
    # Plain http goes to this machine only, which no proxy on another machine can reach.
    through = _proxy(proxy) if proxy is not None and not url.lower().startswith("http:") else None
    return httpx.AsyncClient(verify=_authorities(ca_file), proxy=through, trust_env=False, timeout=timeout)


def _httpx_timeout(timeouts: Timeouts, *, lists: bool = False) -> httpx.Timeout:
    read = timeouts.lists if lists else timeouts.read
    return httpx.Timeout(connect=timeouts.connect, read=read, write=timeouts.write, pool=timeouts.pool)


def _proxy(proxy: Proxy) -> httpx.Proxy:
    shown = clean(urls.without_credentials(proxy.address))
    fault = urls.fault(proxy.address)
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
    why = urls.fault(url)
    if why:
        raise NotSent(f"{shown or 'An empty text'} is not the address of a server: {why}.")
    why = urls.exposed(url) if over_network else None
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
    except (httpx.TimeoutException, TimeoutError) as error:
        raise NoAnswer(f"{shown} did not answer in time.") from error
    except httpx.RequestError as error:
        raise NoAnswer(f"The connection to {shown} broke: {_words(error)}.") from error


def _answer(response: httpx.Response) -> ParsedResponse:
    return ParsedResponse(response.status_code, response.reason_phrase, response.headers, response.content)


def _unsendable(error: Exception) -> NotSent:
    return NotSent(f"This cannot be sent: {_words(error)}.")


def _words(error: Exception) -> str:
    return clean(str(error)).rstrip(".") or type(error).__name__


__all__ = [
    "ApiError",
    "AsyncBaseTransport",
    "Http",
    "Notice",
    "Proxy",
    "Query",
    "Refused",
    "Reply",
    "RetryNotice",
    "SecretText",
    "Skew",
    "Timeouts",
    "TokenSource",
    "asgi_transport",
    "post_form",
]
