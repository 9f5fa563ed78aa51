"""The pace of polling: it follows the attention of the person at the terminal.

Nobody needs a fill within two seconds who looks elsewhere, and a server of many desks notices what each asks
for. What is in flight or of unknown outcome is followed at full pace, whoever looks.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from time import monotonic
from typing import Final

IDLE_AFTER_S: Final = 300.0
"""Seconds without a key after which nobody is taken to look."""


class Attention(Enum):
    """Whether somebody looks; the value is how many times longer than at full pace a poll waits."""

    FOCUSED = 1
    AWAY = 5
    """The terminal does not have the focus."""
    IDLE = 30
    """No key was pressed for :data:`IDLE_AFTER_S`."""


class Pace:
    """How long to wait between polls.

    A terminal that does not report its focus counts as focused.

    Args:
        focused_s: the seconds between polls while somebody looks.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, focused_s: float, clock: Callable[[], float] = monotonic) -> None:
        self.busy: Callable[[], bool] = lambda: False
        """Returns whether a write is in flight, of unknown outcome or about to be confirmed."""
        self._focused_s = focused_s
        self._clock = clock
        self._focused = True
        self._touched = clock()

    @property
    def attention(self) -> Attention:
        """Whether somebody looks."""
        if self._clock() - self._touched >= IDLE_AFTER_S:
            return Attention.IDLE
        return Attention.FOCUSED if self._focused else Attention.AWAY

    @property
    def seconds(self) -> float:
        """The seconds between two polls now."""
        return self._focused_s if self.busy() else self._focused_s * self.attention.value

    def key(self) -> bool:
        """Note a key; return whether nobody was taken to look until now."""
        return self._note(self._focused)

    def focus(self, focused: bool) -> bool:
        """Note whether the terminal has the focus; return whether somebody looks who did not until now."""
        return self._note(focused) if focused else self._leave()

    def _note(self, focused: bool) -> bool:
        before = self.attention
        self._focused, self._touched = focused, self._clock()
        return self.attention.value < before.value

    def _leave(self) -> bool:
        self._focused = False
        return False


def pace_in_words(seconds: float) -> str:
    """Return how often a desk is read.

    >>> pace_in_words(2.0), pace_in_words(0.5), pace_in_words(150)
    ('every 2 s', 'every 0.5 s', 'every 150 s')
    """
    return f"every {seconds:g} s" if seconds < 600 else f"every {seconds / 60:g} min"
