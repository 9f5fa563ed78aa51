"""What time the desk goes by: the machine's, or one that only moves when told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime:
        """Give the time."""
        ...

    def advance(self, by: timedelta) -> None:
        """Hear that ``by`` of market time went past."""
        ...


class SystemClock:
    """The machine's clock: it advances by itself."""

    def now(self) -> datetime:
        """Give the machine's time."""
        return datetime.now(UTC)

    def advance(self, by: timedelta) -> None:
        """Do nothing: a fill must not carry a time that has not come yet."""


class VirtualClock:
    """A clock that stands still between the market's steps, so that one seed gives one day."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Give the time of the last step."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on by ``by``."""
        self._now += by
