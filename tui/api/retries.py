"""Retries: exponential back-off, a retry budget and a circuit breaker. Counting and time, no network.

Every client has one :class:`RetryBudget`, so that retries do not overload a server in trouble, and one
:class:`CircuitBreaker`, which stops sending to a server that does not answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import monotonic
from typing import Final

from msgspec import Struct

from tui.api.errors import ApiError, NoAnswer, NotSent, Offline, RateLimited, Refused

INITIAL_BACKOFF_S: Final = 0.2
"""The bound of the first back-off; it doubles with each retry."""
MAX_BACKOFF_S: Final = 5.0
MAX_TOTAL_BACKOFF_S: Final = 15.0
"""The longest that the back-offs of one call take together: a user waits for its answer."""
MAX_RETRY_AFTER_S: Final = 30.0
"""The longest wait a server can ask for."""

FAILURE_THRESHOLD: Final = 5
"""This many calls in a row without an answer open the circuit."""
OPEN_S: Final = 15.0
"""The circuit stays open for this long, then one call probes the server."""

CALLS_PER_RETRY: Final = 10
"""One retry is allowed for this many calls."""
RESERVE_RETRIES: Final = 10
"""The budget at the start, and the most it saves up."""

_SECONDS: Final = re.compile(r"\s*(\d{1,9})(?:\.\d*)?\s*", re.ASCII)


class RetryNotice(Struct, frozen=True):
    """A wait of ``seconds`` from now: one request backs off, or with ``offline`` the circuit is open."""

    seconds: float
    why: str
    offline: bool = False


class RetryBudget:
    """Allows one retry for every ten calls, and saves up at most ten retries."""

    def __init__(self) -> None:
        self._tenths = RESERVE_RETRIES * CALLS_PER_RETRY

    def deposit(self) -> None:
        """Pay in for a call."""
        self._tenths = min(self._tenths + 1, RESERVE_RETRIES * CALLS_PER_RETRY)

    def spend(self) -> bool:
        """Take out a retry and return whether there was one left."""
        if self._tenths < CALLS_PER_RETRY:
            return False
        self._tenths -= CALLS_PER_RETRY
        return True


class CircuitBreaker:
    """Opens for 15 s after five calls in a row without an answer; then one call probes the server.

    Calls that were in flight together and failed together count once: one outage is one failure.

    Args:
        clock: a monotonic clock, in seconds.
        on_open: called when the circuit opens.
    """

    def __init__(
        self, clock: Callable[[], float] = monotonic, on_open: Callable[[RetryNotice], None] | None = None
    ) -> None:
        self._clock = clock
        self._on_open = on_open
        self._failures = 0
        self._last_failure = -1.0
        self._open_until: float | None = None
        self._probing = False
        self._why = ""

    @property
    def seconds_open(self) -> float:
        """The seconds until the next probe, 0 when the circuit is closed."""
        return 0.0 if self._open_until is None else max(self._open_until - self._clock(), 0.0)

    def try_now(self) -> None:
        """Let the next call probe the server now."""
        if self._open_until is not None:
            self._open_until = min(self._open_until, self._clock())

    def check(self) -> None:
        """Raise Offline while the circuit is open; such a call is never the one that probes the server."""
        if self._open_until is not None:
            raise Offline(f"The server is offline: {self._why}", seconds=self.seconds_open)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Let a call through, and count whether it is answered.

        Raises:
            Offline: the circuit is open.
        """
        self._check_open()
        began = self._clock()
        try:
            yield
        except (NotSent, NoAnswer) as error:
            self._failed(began, error.why)
            raise
        except Refused:
            self._succeeded()
            raise
        except BaseException:
            self._probing = False
            raise
        self._succeeded()

    def _check_open(self) -> None:
        if self._open_until is None:
            return
        if self.seconds_open or self._probing:
            raise Offline(f"The server is offline: {self._why}", seconds=self.seconds_open)
        self._probing = True

    def _succeeded(self) -> None:
        self._failures, self._open_until, self._probing = 0, None, False

    def _failed(self, began: float, why: str) -> None:
        tried, self._probing = self._probing, False
        if began < self._last_failure:
            return
        self._failures += 1
        self._last_failure = self._clock()
        if tried or (self._failures >= FAILURE_THRESHOLD and self._open_until is None):
            self._open_until, self._why = self._clock() + OPEN_S, why
            if self._on_open is not None:
                self._on_open(RetryNotice(OPEN_S, why, offline=True))


class RetryPolicy:
    """The retries one call has left.

    A read is retried 3 times. A write is sent again only when it never left (3 times), or when the server
    answered 429, which it does before it executes anything (``rate_limited`` times). After 429 the delay is
    that of ``Retry-After``, at most 30 s. Otherwise it is exponential back-off with full jitter: random up to
    0.2 s, doubled each time up to 5 s, 15 s in total.
    """

    def __init__(self, *, reads: bool, budget: RetryBudget, rate_limited: int = 2) -> None:
        self._budget = budget
        self._retries_left = {RateLimited: rate_limited, NotSent: 3, NoAnswer: 3 if reads else 0}
        self._backoffs = 0
        self._total_backoff = 0.0

    def next_delay(self, error: ApiError) -> float | None:
        """Return the delay before the next retry in seconds, None when there is none."""
        kind = next(kind for kind in self._retries_left if isinstance(error, kind))
        if not self._retries_left[kind] or not self._budget.spend():
            return None
        self._retries_left[kind] -= 1
        self._backoffs += 1
        if error.retry_after is not None and kind is RateLimited:
            return error.retry_after
        bound = min(INITIAL_BACKOFF_S * 2 ** (self._backoffs - 1), MAX_BACKOFF_S)
        seconds = random.uniform(0, bound) if error.retry_after is None else error.retry_after
        if self._total_backoff + seconds > MAX_TOTAL_BACKOFF_S:
            return None
        self._total_backoff += seconds
        return seconds


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds of Retry-After, a number or an HTTP date, at most 30; None when it cannot be read.

    A date is compared with ``now``, the server's own time when it sent one.
    """
    if not header:
        return None
    if seconds := _SECONDS.fullmatch(header):
        return min(float(seconds[1]), MAX_RETRY_AFTER_S)
    moment = http_date(header)
    if moment is None:
        return None
    return min(max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


@lru_cache(maxsize=8)
def http_date(header: str) -> datetime | None:
    """Return an HTTP date as aware UTC, None when it cannot be read."""
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


__all__ = ["CircuitBreaker", "RetryBudget", "RetryNotice", "RetryPolicy", "http_date", "retry_after"]
