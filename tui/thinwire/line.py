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
_LEAST: Final = 512
_MOST: Final = 1 << 16
"""Bytes that may be on their way on the slowest line, and on the fastest."""
_EVERY: Final = 16
"""A query is due after this part of what may be on its way."""
_SHORT: Final = 128
"""No query follows fewer bytes."""
_EARLY: Final = 0.02
"""Seconds in buffers that are none: what took no longer says of a line's rate only that it is no less."""
_KEPT: Final = 0.1
"""Seconds of a line's rate that may be on their way."""
_PATIENCE: Final = 5.0
"""Seconds after which an answer is not expected any more."""
_SILENT: Final = 6
"""A terminal that so many times in a row did not answer is not asked any more."""
_ALONE: Final = 256
"""Bytes that take hardly longer than none, when nothing else is under way."""
_REMEMBERED: Final = 8
"""Answers to such from which the least time is taken: the way to the terminal may become a longer one."""


class _Query(NamedTuple):
    """A query on its way: what was sent by then, how much of it was on its way, when, and whether first."""

    total: int
    under_way: int
    at: float
    first: bool


class Line:
    """The line to one terminal; times are seconds of any clock that does not run back."""

    def __init__(self) -> None:
        self.answers = False
        """Whether the terminal has ever answered a query."""
        self._window = _FIRST
        self._total = self._arrived = self._asked = 0
        self._queries: deque[_Query] = deque()
        self._times: deque[float] = deque(maxlen=_REMEMBERED)
        self._rate = 0.0
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
        on_its_way = self._total - self._arrived if self._queries else 0
        return half if self._window - on_its_way >= half else 0

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
        first = not self._queries
        self._queries.append(_Query(self._total, self._total - self._arrived, now, first))

    def answered(self, now: float) -> None:
        """Note that the oldest query was answered, and learn from the time it took.

        What a query took beyond the least of late, it lay behind what was on its way: that is the rate.
        One answer alone may have been held up by something else, so the better of two is believed.
        """
        self.answers = True
        self._silent = 0
        if not self._queries:
            return
        query = self._queries.popleft()
        self._arrived = query.total
        took = now - query.at
        if (query.first and query.under_way <= _ALONE) or took < min(self._times, default=inf):
            self._times.append(took)
        late = took - min(self._times)
        rate = query.under_way / max(late, _EARLY)
        best, self._rate = max(rate, self._rate), rate
        least = self._window if late <= _EARLY else self._window // 2
        self._window = max(_LEAST, least, min(_MOST, 2 * self._window, int(best * _KEPT)))
