"""Clocks: the machine's, and a virtual one that moves only when it is advanced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the current time, aware and in UTC."""

    def now(self) -> datetime:
        """Return the current time."""
        ...

    def advance(self, by: timedelta) -> None:
        """Note that ``by`` of market time has passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time."""
        return datetime.now(UTC)

    def advance(self, by: timedelta) -> None:
        """Do nothing: this clock advances by itself, and no fill may carry a future time."""


class VirtualClock:
    """A clock that moves only with the market's steps, so that equal seeds give equal days."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time of the last step."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward by ``by``."""
        self._now += by
