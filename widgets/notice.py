"""A notification that a screen may show however late it comes to that."""

from __future__ import annotations

from typing import Final

from textual.notifications import Notification

LEAST_S: Final = 0.001
"""The shortest time a notice is shown, in seconds."""


class Notice(Notification):
    """A notification that always has some time left.

    Textual shows one that has not expired, and sets a timer for the time it has left a moment later. When
    it has expired in between, the timer's interval is negative, and such a timer never pauses: the program
    would stand still.
    """

    @property
    def time_left(self) -> float:
        """The seconds until it expires, or :data:`LEAST_S` when it has."""
        return max(LEAST_S, super().time_left)

    @property
    def has_expired(self) -> bool:
        """Whether it has expired."""
        return super().time_left <= 0
