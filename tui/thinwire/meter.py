"""Counts what Textual wrote and what went to the terminal instead."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

_SECONDS: Final = 2.0


class Figures(NamedTuple):
    """What the line carries, in bytes."""

    per_second: int
    """Sent in the last two seconds, by the second."""
    last_frame: int
    """What the last frame that is whole took, in however many pieces."""
    sent: int
    came: int
    """What Textual alone would have sent in all."""

    @property
    def saved(self) -> int:
        """What was not sent, in percent of what came."""
        return 100 - (100 * self.sent + self.came - 1) // self.came if self.came else 0

    def __str__(self) -> str:
        """Give them as a line of text."""
        return (
            f"{self.per_second:,} bytes/s now · {self.saved} % saved of {self.came:,} bytes "
            f"· last frame {self.last_frame:,} bytes"
        )


class Meter:
    """Counts for one terminal; times are seconds of the clock that the writer uses."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int]] = deque()
        self._last_frame = self._frame = self._sent = self._came = 0

    def came(self, size: int) -> None:
        """Count what Textual wrote."""
        self._came += size

    def went(self, size: int, now: float, *, whole: bool = True) -> None:
        """Count what was sent in its place; ``whole`` tells whether nothing of the frame is left to send."""
        self._sent += size
        self._frame += size
        if whole:
            self._last_frame, self._frame = self._frame, 0
        self._recent.append((now, size))
        while self._recent[0][0] < now - _SECONDS:
            self._recent.popleft()

    def figures(self, now: float) -> Figures:
        """Give the figures as they are ``now``; may be asked while another thread counts."""
        recent = sum(size for at, size in self._recent.copy() if at >= now - _SECONDS)
        return Figures(round(recent / _SECONDS), self._last_frame, self._sent, self._came)
