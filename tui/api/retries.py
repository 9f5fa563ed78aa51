"""When something is sent again, and when nothing is sent at all: counting and time, no network.

Every client has one :class:`Budget`, so that a server in trouble is not asked ever more often, and one
:class:`Circuit`, which stops asking a server that is gone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Final

from msgspec import Struct

from tui.api.errors import ApiError, NoAnswer, NotSent, Offline, RateLimited, Refused

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
PAUSES_TOGETHER_S: Final = 15.0
LONGEST_WAIT_S: Final = 30.0

FAILURES_IN_A_ROW: Final = 5
OPEN_S: Final = 15.0

CALLS_PER_RETRY: Final = 10
RESERVE: Final = 10

_SECONDS: Final = re.compile(r"\s*(\d{1,9})(?:\.\d*)?\s*", re.ASCII)


class RetryNotice(Struct, frozen=True):
    """Nothing is sent for ``seconds`` from now, of one request (``offline`` False) or of all of them."""

    seconds: float
    why: str
    offline: bool = False


class Budget:
    """Allows one retry for every ten calls, and a reserve of ten to begin with and after quiet times."""

    def __init__(self) -> None:
        self._tenths = RESERVE * CALLS_PER_RETRY

    def called(self) -> None:
        """Count a call."""
        self._tenths = min(self._tenths + 1, RESERVE * CALLS_PER_RETRY)

    def spend(self) -> bool:
        """Take a retry out of the budget; False when there is none left."""
        if self._tenths < CALLS_PER_RETRY:
            return False
        self._tenths -= CALLS_PER_RETRY
        return True


class Circuit:
    """Refuses calls for 15 s once five in a row went unanswered; then one is let through to try.

    Calls that were under way together and failed together count once: one moment's outage is one failure.

    Args:
        clock: seconds that never go backwards.
        opened: is told when calls begin to be refused.
    """

    def __init__(
        self, clock: Callable[[], float] = monotonic, opened: Callable[[RetryNotice], None] | None = None
    ) -> None:
        self._clock = clock
        self._opened = opened
        self._failures = 0
        self._last_failure = -1.0
        self._open_until: float | None = None
        self._trying = False
        self._why = ""

    @property
    def seconds(self) -> float:
        """How long calls are still refused, 0 when they are not."""
        return 0.0 if self._open_until is None else max(self._open_until - self._clock(), 0.0)

    def try_now(self) -> None:
        """Let the next call through, however long others were to wait."""
        if self._open_until is not None:
            self._open_until = min(self._open_until, self._clock())

    @contextmanager
    def call(self) -> Iterator[None]:
        """Let a call through and learn from how it ends.

        Raises:
            Offline: nothing is sent now.
        """
        self._admit()
        began = self._clock()
        try:
            yield
        except (NotSent, NoAnswer) as error:
            self._failed(began, error.why)
            raise
        except Refused:
            self._worked()
            raise
        except BaseException:
            self._trying = False
            raise
        self._worked()

    def _admit(self) -> None:
        if self._open_until is None:
            return
        if self.seconds or self._trying:
            raise Offline(f"The server is offline: {self._why}", seconds=self.seconds)
        self._trying = True

    def _worked(self) -> None:
        self._failures, self._open_until, self._trying = 0, None, False

    def _failed(self, began: float, why: str) -> None:
        tried, self._trying = self._trying, False
        if began < self._last_failure:
            return
        self._failures += 1
        self._last_failure = self._clock()
        if tried or (self._failures >= FAILURES_IN_A_ROW and self._open_until is None):
            self._open_until, self._why = self._clock() + OPEN_S, why
            if self._opened is not None:
                self._opened(RetryNotice(OPEN_S, why, offline=True))


class RetryPolicy:
    """What one call may still do again; asked after each failure, it gives the pause before the next try.

    A read is tried 4 times. A write is sent again only when it never left (3 times) or when the server
    answered 429, which it does before it does anything (``rate_limited`` times). 429 is waited out as
    ``Retry-After`` says, 30 s at most; everything else at random up to 0.2 s, doubled each time to 5 s, and
    15 s together.
    """

    def __init__(self, *, reads: bool, budget: Budget, rate_limited: int = 2) -> None:
        self._budget = budget
        self._allowed = {RateLimited: rate_limited, NotSent: 3, NoAnswer: 3 if reads else 0}
        self._pauses = 0
        self._paused = 0.0

    def pause_after(self, error: ApiError) -> float | None:
        """Give the seconds to wait before the next try, None when there is none."""
        kind = next(kind for kind in self._allowed if isinstance(error, kind))
        if not self._allowed[kind] or not self._budget.spend():
            return None
        self._allowed[kind] -= 1
        self._pauses += 1
        if error.retry_after is not None and kind is RateLimited:
            return error.retry_after
        bound = min(FIRST_PAUSE_S * 2 ** (self._pauses - 1), LONGEST_PAUSE_S)
        seconds = random.uniform(0, bound) if error.retry_after is None else error.retry_after
        if self._paused + seconds > PAUSES_TOGETHER_S:
            return None
        self._paused += seconds
        return seconds


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Read Retry-After, in seconds or as an HTTP date, 30 s at most; None when it says nothing usable.

    A date is held against ``now``, the server's own clock where it told it.
    """
    if not header:
        return None
    if seconds := _SECONDS.fullmatch(header):
        return min(float(seconds[1]), LONGEST_WAIT_S)
    moment = http_date(header)
    if moment is None:
        return None
    return min(max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0), LONGEST_WAIT_S)


def http_date(header: str) -> datetime | None:
    """Read an HTTP date as aware UTC; None when it is none."""
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


__all__ = ["Budget", "Circuit", "RetryNotice", "RetryPolicy", "http_date", "retry_after"]
