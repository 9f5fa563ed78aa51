"""Limits the bytes in flight to the terminal, so that the newest frame never queues behind old ones.

The buffers between a program and a distant terminal (the kernel's, ssh's, the network's) hold far more than
a slow line delivers in a second. A terminal that answers queries shows what has arrived: a query follows some
bytes, and its answer comes back when they are through. The round trip in excess of the shortest one seen is
the time spent in buffers; :class:`FlowControl` keeps it short.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Final, NamedTuple

UNPROBED_BYTES: Final = 4096
"""Bytes sent at once to a terminal that answers no queries: only its own pace limits us."""
_INITIAL_WINDOW_BYTES: Final = 2048
"""Bytes that may be in flight before anything is known of the line."""
_MIN_WINDOW_BYTES: Final = 480
"""The window on the slowest line: half a second at 9,600 baud."""
_MAX_WINDOW_BYTES: Final = 1 << 16
"""The window on the fastest line."""
_IDLE_BURST_BYTES: Final = 256
"""Bytes sent first on an idle line that is not known to be fast: few enough that a new frame hardly waits."""
_FAST_WINDOW_BYTES: Final = 8192
"""A window of this size marks a fast line, on which the first burst is half a window."""
_QUERIES_PER_WINDOW: Final = 16
"""A query is due after this fraction of the window."""
_MIN_BYTES_PER_QUERY: Final = 128
"""No query follows fewer bytes: it is 9 bytes itself."""
_NO_DELAY_S: Final = 0.02
"""Seconds beyond the shortest round trip that do not count as time in buffers."""
_TARGET_DELAY_S: Final = 0.03
"""Seconds that bytes should spend in buffers, about."""
_ANSWER_TIMEOUT_S: Final = 5.0
"""Seconds after which an answer is no longer expected."""
_OVERDUE_S: Final = 30.0
"""Seconds after a timeout in which the answers may still come: a program that stood still reads them late."""
_MAX_TIMEOUTS: Final = 6
"""After so many timeouts in a row the terminal is no longer queried."""
_ROUND_TRIPS_KEPT: Final = 8
"""The shortest round trip is taken from so many: the way to the terminal may become longer."""


class _Query(NamedTuple):
    """A query in flight: bytes sent by then, how many of them in flight, when, and whether no other was."""

    total: int
    in_flight: int
    at: float
    alone: bool


class FlowControl:
    """The window of one terminal; times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self.answers = False
        """Whether the terminal answers queries."""
        self._window = _INITIAL_WINDOW_BYTES
        self._total = self._arrived = self._total_at_query = 0
        self._queries: deque[_Query] = deque()
        self._round_trips: deque[float] = deque(maxlen=_ROUND_TRIPS_KEPT)
        self._last_delay = 0.0
        self._timeouts = 0
        self._overdue = 0
        self._overdue_until = 0.0

    @property
    def in_flight(self) -> int:
        """Return the number of queries that wait for an answer."""
        return len(self._queries) if self.answers else 0

    def unanswered(self, now: float) -> int:
        """Return how many answers may still come, those that are overdue included."""
        return self.in_flight + (self._overdue if now < self._overdue_until else 0)

    def room(self, now: float) -> int:
        """Return how many bytes may be sent now; 0 while enough is in flight."""
        if self._queries and now - self._queries[0].at > _ANSWER_TIMEOUT_S:
            self._time_out(now)
        if not self.answers:
            return UNPROBED_BYTES
        half = self._window // 2
        if not self._queries:
            return half if self._window >= _FAST_WINDOW_BYTES else _IDLE_BURST_BYTES
        return half if self._window - (self._total - self._arrived) >= half else 0

    def _time_out(self, now: float) -> None:
        """Expect no more answers to the queries in flight, and start again with the smallest window."""
        self._overdue, self._overdue_until = self.unanswered(now), now + _OVERDUE_S
        self._queries.clear()
        self._arrived = self._total_at_query = self._total
        self._window = _MIN_WINDOW_BYTES
        self._timeouts += 1
        self.answers = self.answers and self._timeouts < _MAX_TIMEOUTS

    def seconds_left(self, now: float) -> float | None:
        """Return how many seconds an answer may still take; None when none is expected."""
        return max(0.0, self._queries[0].at + _ANSWER_TIMEOUT_S - now) if self._queries else None

    def sent(self, size: int, now: float) -> bool:
        """Record that ``size`` bytes are sent; return whether a query should follow them."""
        self._total += size
        interval = max(_MIN_BYTES_PER_QUERY, self._window // _QUERIES_PER_WINDOW)
        due = self.answers and self._total - self._total_at_query >= interval
        if due:
            self.asked(now)
        return due

    def asked(self, now: float) -> None:
        """Record that a query is sent, after all bytes so far."""
        self._total_at_query = self._total
        self._queries.append(_Query(self._total, self._total - self._arrived, now, not self._queries))

    def answered(self, now: float) -> None:
        """Record that the oldest query was answered, and adapt the window to the time it took.

        The bytes in flight before it, divided by that time, are at most the rate of the line. The window is
        1.5 bandwidth-delay products: it grows until bytes start to queue, and no further. It shrinks only
        after two late answers in a row, since anything may delay a single one.
        """
        if not self.answers:
            self.answers, self._arrived = True, self._total
        self._timeouts = 0
        if not self._queries:
            self._overdue = max(0, self._overdue - 1)
            return
        query = self._queries.popleft()
        self._arrived = max(self._arrived, query.total)
        took = max(now - query.at, 1e-6)
        undelayed = query.alone and query.in_flight <= 2 * _IDLE_BURST_BYTES
        if undelayed or took < min(self._round_trips, default=inf):
            self._round_trips.append(took)
        shortest = min(self._round_trips)
        delay, self._last_delay = min(took - shortest, self._last_delay), took - shortest
        fitting = min(2 * self._window, int(1.5 * query.in_flight / took * (shortest + _TARGET_DELAY_S)))
        smallest = self._window if delay <= _NO_DELAY_S else self._window // 2
        self._window = max(_MIN_WINDOW_BYTES, min(_MAX_WINDOW_BYTES, max(smallest, fitting)))
