"""How much may be on its way to the terminal, so that what comes last is never behind seconds of history.

Between a program and a terminal far away lie buffers (the kernel's, ssh's, the network's) that take far more
than a slow line delivers in a second. A terminal that answers queries tells what has arrived: after some
bytes a query follows them, and its answer comes back when they are through. The time that takes, beyond the
least it ever took, is what lies in the buffers; :class:`Line` keeps that short.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Final, NamedTuple

UNASKED: Final = 4096
"""Bytes sent in one go to a terminal that does not answer: there, only its own pace holds us back."""
_FIRST: Final = 2048
"""Bytes that may be on their way to begin with."""
_LEAST: Final = 480
_MOST: Final = 1 << 16
"""Bytes that may be on their way on the slowest line, and on the fastest."""
_ALONE: Final = 256
"""Bytes that are sent ahead on a line not known for fast: what takes hardly longer than none at all."""
_FAST: Final = 8192
"""Bytes that may be on their way on a line known for fast."""
_EVERY: Final = 16
"""A query is due after this part of what may be on its way."""
_SHORT: Final = 128
"""No query follows fewer bytes."""
_EARLY: Final = 0.02
"""Seconds in buffers that are none."""
_KEPT: Final = 0.03
"""Seconds that bytes may lie in buffers, about."""
_PATIENCE: Final = 5.0
"""Seconds after which an answer is not expected any more."""
_SILENT: Final = 6
"""A terminal that so many times in a row did not answer is not asked any more."""
_REMEMBERED: Final = 8
"""Quick answers from which the least time is taken: the way to the terminal may become a longer one."""


class _Query(NamedTuple):
    """A query on its way: what was sent by then, how much of it was on its way, when, and whether alone."""

    total: int
    under_way: int
    at: float
    alone: bool


class Line:
    """The line to one terminal; times are seconds of any clock that does not run back."""

    def __init__(self) -> None:
        self.answers = False
        """Whether the terminal answers queries."""
        self._window = _FIRST
        self._total = self._arrived = self._asked = 0
        self._queries: deque[_Query] = deque()
        self._times: deque[float] = deque(maxlen=_REMEMBERED)
        self._late = 0.0
        self._silent = 0

    @property
    def under_way(self) -> int:
        """Give how many answers are to come."""
        return len(self._queries) if self.answers else 0

    def room(self, now: float) -> int:
        """Give how many bytes may be sent now; 0 when the line has enough to do."""
        if self._queries and now - self._queries[0].at > _PATIENCE:
            self._give_up()
        if not self.answers:
            return UNASKED
        half = self._window // 2
        if not self._queries:
            return half if self._window >= _FAST else _ALONE
        return half if self._window - (self._total - self._arrived) >= half else 0

    def _give_up(self) -> None:
        """Expect no answer to the queries under way, and try the line with little."""
        self._queries.clear()
        self._arrived = self._asked = self._total
        self._window = _LEAST
        self._silent += 1
        self.answers = self.answers and self._silent < _SILENT

    def wait(self, now: float) -> float | None:
        """Give how many seconds to wait for an answer at most; None when none is to come."""
        return max(0.0, self._queries[0].at + _PATIENCE - now) if self._queries else None

    def sent(self, size: int, now: float) -> bool:
        """Note that ``size`` bytes go out, and tell whether a query should follow them."""
        self._total += size
        due = self.answers and self._total - self._asked >= max(_SHORT, self._window // _EVERY)
        if due:
            self.asked(now)
        return due

    def asked(self, now: float) -> None:
        """Note that a query goes out, behind all that was sent."""
        self._asked = self._total
        self._queries.append(_Query(self._total, self._total - self._arrived, now, not self._queries))

    def answered(self, now: float) -> None:
        """Note that the oldest query was answered, and learn from the time it took.

        What was on its way before it, by that time, is no more than the line's rate, however long the way.
        The window that fits is half as much again as is carried by that in the least time there and back: it
        grows until the bytes lie in buffers, and then no more. It shrinks only after two late answers, since
        one alone may have been held up by anything.
        """
        if not self.answers:
            self.answers, self._arrived = True, self._total
        self._silent = 0
        if not self._queries:
            return
        query = self._queries.popleft()
        self._arrived = max(self._arrived, query.total)
        took = max(now - query.at, 1e-6)
        if (query.alone and query.under_way <= 2 * _ALONE) or took < min(self._times, default=inf):
            self._times.append(took)
        least = min(self._times)
        late, self._late = min(took - least, self._late), took - least
        fitting = min(2 * self._window, int(1.5 * query.under_way / took * (least + _KEPT)))
        smallest = self._window if late <= _EARLY else self._window // 2
        self._window = max(_LEAST, min(_MOST, max(smallest, fitting)))
