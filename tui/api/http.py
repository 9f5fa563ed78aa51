"""Sends requests of one server until there is an answer, and returns it or raises one of our errors.

Only this module retries, by :mod:`tui.api.retries`. Reads are retried with exponential back-off. A write is
sent again only when it certainly never left, or when the server said 429; any other failure of a write is
:class:`~tui.api.errors.NoAnswer`, which the caller reconciles. :mod:`tui.api.transport` carries requests,
:mod:`tui.api.responses` interprets answers.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar

from tui.api import codec, http_request, responses
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
from tui.api.http_request import PathNames, Query, Request
from tui.api.operation import Operation
from tui.api.responses import ParsedResponse, Reply
from tui.api.retries import CircuitBreaker, RetryBudget, RetryNotice, RetryPolicy
from tui.api.transport import AsyncBaseTransport, HttpxRequest, Transport, asgi_transport, unsendable

ReplyT = TypeVar("ReplyT")
log: Final = logging.getLogger(__name__)

TIMEOUTS: Final = Timeouts()
BESIDE_S: Final = 20.0
"""The longest that a call takes which nobody waits for."""
MIN_REPORTED_WAIT_S: Final = 1.0
"""A retry that waits at least this long is reported to the listener; shorter ones would only flicker."""
MAX_CLOCK_SKEW_S: Final = 2.0
"""A clock that differs more than this from the server's is reported."""
IDEMPOTENCY_HEADER: Final = "idempotency-key-supported"
"""The header with which a server says that it executes the request of an Idempotency-Key once."""

_TOKEN_CHARACTERS: Final = re.compile("[!-~]+")


def _utc_now() -> datetime:
    return datetime.now(UTC)


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
        self._sent_at: dict[HttpxRequest, float] = {}
        self._budget = RetryBudget()
        self._circuit = CircuitBreaker(clock, self._notify)
        self._leaving = asyncio.Lock()
        self._transport = Transport(
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
        await self._transport.close()

    def build(
        self,
        operation: Operation[Any, ReplyT],
        *,
        id: PathNames | None = None,
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
        self._transport.check_address()
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        try:
            return http_request.build(operation, self.base_url, headers, id=id, query=query, body=body)
        except (UnicodeError, codec.Unsendable) as error:
            raise unsendable(error) from error

    async def send(self, request: Request[Any], *, beside: bool = False) -> Reply:
        """Send a request as it was built and return its successful answer.

        One that is sent ``beside`` others is a read that nobody waits for and may do without: it is tried
        once, within :data:`BESIDE_S`, and its failure says nothing of the connection.

        Raises:
            NotSent: it was built for another server, which must not get the token, or never left, also after
                retries; Offline: the circuit is open.
            Refused: the server refused (401, 403, 404 and 429 have classes of their own).
            NoAnswer: its outcome is unknown.
        """
        if request.base_url not in (self.base_url, self.base_url.removesuffix("/api")):
            raise NotSent(f"This request was built for another server than {self._transport.display_url}.")
        outgoing = self._transport.to_httpx(request)
        if beside:
            return await self._send_beside(outgoing)
        self._budget.deposit()
        with self._circuit.call():
            _authorize(outgoing, await _token_or_not_sent(self._token.token()) if self._token else None)
            policy = RetryPolicy(
                reads=request.operation.effect == "reads",
                budget=self._budget,
                rate_limited=self._rate_limit_retries,
            )
            times = self._timeouts
            seconds = max(times.slow, times.call) if request.operation.slow else times.call
            return await self._send_until_answered(outgoing, policy, seconds)

    async def _send_beside(self, request: HttpxRequest) -> Reply:
        """Send a request once; while the circuit is open it is not sent."""
        self._circuit.check()
        _authorize(request, await _token_or_not_sent(self._token.token()) if self._token else None)
        await self._take_turn()
        return responses.reply_or_raise(await self._exchange(request, BESIDE_S))

    async def _send_until_answered(self, request: HttpxRequest, policy: RetryPolicy, seconds: float) -> Reply:
        """Send until there is an answer, no retry is left, or the ``seconds`` of the call are over."""
        renewed = False
        left = seconds
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
                wait = policy.next_delay(error) if left > 0 else None
                if wait is None:
                    if request.method == "GET" and isinstance(error, NoAnswer):
                        error.advice = "It was retried without success. Try again later."
                    raise
                if wait >= MIN_REPORTED_WAIT_S:
                    self._notify(RetryNotice(wait, error.why))
                await self._pause(wait)

    async def _renew_token(self, request: HttpxRequest) -> bool:
        """Replace a refused token and return whether there is another; the refused request did nothing."""
        refused = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._token is None or not refused:
            return False
        token = await _token_or_not_sent(self._token.renew(refused))
        if not token or token == refused:
            return False
        _authorize(request, token)
        return True

    async def _take_turn(self) -> None:
        """Wait while another request leaves in this turn of the event loop: to send one takes 2 ms."""
        await self._leaving.acquire()
        asyncio.get_running_loop().call_soon(self._leaving.release)

    async def _send_once(self, request: HttpxRequest, seconds: float) -> Reply:
        """Send a request once and read its answer, within ``seconds``."""
        await self._take_turn()
        sent = self._now()
        self._sent_at[request] = self._clock()
        try:
            response = await self._exchange(request, seconds)
        finally:
            del self._sent_at[request]
        if IDEMPOTENCY_HEADER in response.headers:
            self.supports_idempotency_keys = True
        if not self._skew_reported:
            self._compare_clocks(response, sent)
        return responses.reply_or_raise(response)

    async def _exchange(self, request: HttpxRequest, seconds: float) -> ParsedResponse:
        """Send a request and return its response; what became of it is logged, without ids and bodies."""
        operation: Operation[Any, Any] = request.extensions["operation"]
        writes = operation.effect == "writes"
        began = self._clock()
        try:
            response = await self._transport.send(request, seconds, operation.ceiling)
        except ApiError as error:
            log.log(logging.WARNING if writes else logging.INFO, "%s: %s", operation.name, error)
            raise
        if response.status < 400:
            level = logging.INFO if writes else logging.DEBUG
        else:
            level = logging.WARNING if writes else logging.INFO
        if log.isEnabledFor(level):
            milliseconds = round((self._clock() - began) * 1000)
            size = len(response.body or b"")
            said = "%s %s: %d in %d ms, %d bytes"
            about = {"request": responses.request_id_of(response)}
            log.log(
                level,
                said,
                operation.method,
                operation.name,
                response.status,
                milliseconds,
                size,
                extra=about,
            )
        return response

    def _compare_clocks(self, response: ParsedResponse, sent: datetime) -> None:
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
    to_issuer = Transport(url, proxy=proxy, ca_file=ca_file, transport=transport, timeouts=timeouts)
    fields = {name: value if isinstance(value, str) else value.reveal() for name, value in form.items()}
    try:
        to_issuer.check_address()
        answer = await to_issuer.post_form(fields, basic, timeouts.call)
    finally:
        await to_issuer.close()
    return responses.reply_or_raise(answer, responses.issuer_reason(answer)).body


def _authorize(request: HttpxRequest, token: str | None) -> None:
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
