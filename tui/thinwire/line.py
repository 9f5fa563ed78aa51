"""How much may be on its way to the terminal, so that what comes last is never behind seconds of history.

Between a program and a terminal far away lie buffers (the kernel's, ssh's, the network's) that take far more
than a slow line delivers in a second. A terminal that answers queries tells what has arrived: after some
bytes a query follows them, and its answer comes back when they are through. The time that takes, beyond the
least it ever took, is what lies in the buffers; :class:`Line` keeps that short.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

UNASKED: Final = 4096
"""Bytes sent in one go to a terminal that does not answer: there, only its own pace holds us back."""
_FIRST: Final = 8192
"""Bytes that may be on their way to begin with."""
_LEAST: Final = 512
_MOST: Final = 1 << 16
"""Bytes that may be on their way on the slowest line, and on the fastest."""
_EVERY: Final = 16
"""A query is due after this part of what may be on its way."""
_SHORT: Final = 128
"""No query follows fewer bytes."""
_EARLY: Final = 0.05
_LATE: Final = 0.1
"""Seconds that bytes spend in buffers on a line that could take more, and on one that has too much."""
_KEPT: Final = 0.15
"""Seconds of a slow line that may be on their way."""
_PATIENCE: Final = 5.0
"""Seconds after which an answer is not expected any more."""


class _Query(NamedTuple):
    """A query on its way: what was sent by then, how much of it was on its way, and when."""

    total: int
    under_way: int
    at: float


class Line:
    """The line to one terminal; times are seconds of any clock that does not run back."""

    def __init__(self) -> None:
        self.answers = False
        """Whether the terminal has ever answered a query."""
        self._window = _FIRST
        self._total = self._arrived = self._asked = 0
        self._queries: deque[_Query] = deque()
        self._least = float("inf")

    @property
    def quiet(self) -> bool:
        """Tell whether no answer is to come."""
        return not self._queries

    def room(self, now: float) -> int:
        """Give how many bytes may be sent now; 0 when the line has enough to do."""
        if not self.answers:
            return UNASKED
        if self._queries and now - self._queries[0].at > _PATIENCE:
            self._queries.clear()
            self._arrived = self._asked = self._total
            self._window = _LEAST
        if not self._queries:
            return self._window
        free = self._window - (self._total - self._arrived)
        return free if free >= self._window // 2 else 0

    def wait(self, now: float) -> float | None:
        """Give how many seconds to wait for an answer at most; None when none is to come."""
        return max(0.0, self._queries[0].at + _PATIENCE - now) if self._queries else None

    def sent(self, size: int, now: float) -> bool:
        """Note that ``size`` bytes go out, and tell whether a query should follow them."""
        self._total += size
        due = self.answers and self._total - self._asked >= max(_SHORT, self._window // _EVERY)
        if due:
            self._asked = self._total
            self._queries.append(_Query(self._total, self._total - self._arrived, now))
        return due

    def answered(self, now: float) -> None:
        """Note that the oldest query was answered, and learn from the time it took."""
        if not self._queries:
            return
        query = self._queries.popleft()
        took = now - query.at
        self._least = min(self._least, took)
        late = took - self._least
        if late > _LATE:
            self._window = max(_LEAST, min(_MOST, int(query.under_way / late * _KEPT)))
        elif late < _EARLY and query.under_way > self._window // 2:
            self._window = min(_MOST, 2 * self._window)
        self._arrived = query.total
