"""Counts the bytes that Textual wrote and those that were sent to the terminal instead."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

_WINDOW_S: Final = 2.0
"""The rate is an average over so many seconds."""


class Figures(NamedTuple):
    """The bytes sent to the terminal."""

    per_second: int
    """The average of the last two seconds."""
    last_frame: int
    """The size of the last complete frame, in however many pieces it was sent."""
    sent: int
    came: int
    """The bytes that Textual alone would have sent altogether."""

    @property
    def saved(self) -> int:
        """The share of ``came`` that was not sent, in percent."""
        return 100 - (100 * self.sent + self.came - 1) // self.came if self.came else 0

    def __str__(self) -> str:
        """Return the figures as one line of text."""
        return (
            f"{self.per_second:,} bytes/s now · {self.saved} % saved of {self.came:,} bytes "
            f"· last frame {self.last_frame:,} bytes"
        )


class Meter:
    """Counts for one terminal; times are seconds of the writer's clock."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int]] = deque()
        self._last_frame = self._frame = self._sent = self._came = 0

    def came(self, size: int) -> None:
        """Count bytes that Textual wrote."""
        self._came += size

    def went(self, size: int, now: float, *, whole: bool = True) -> None:
        """Count bytes that were sent instead; ``whole`` says that nothing of the frame is left to send."""
        self._sent += size
        self._frame += size
        if whole:
            self._last_frame, self._frame = self._frame, 0
        self._recent.append((now, size))
        while self._recent[0][0] < now - _WINDOW_S:
            self._recent.popleft()

    def figures(self, now: float) -> Figures:
        """Return the figures at the time ``now``; safe to call while another thread counts."""
        recent = sum(size for at, size in self._recent.copy() if at >= now - _WINDOW_S)
        return Figures(round(recent / _WINDOW_S), self._last_frame, self._sent, self._came)
