"""Tracks the health of the connection: what reads, back-off and the server's clock say about it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from msgspec.structs import replace

from tui.api.connection_settings import ClockSkew, Notice
from tui.api.errors import ApiError, NotFound, RateLimited, Unauthenticated
from tui.service.environment import Environment, Health, State

log = logging.getLogger(__name__)


class NotifyHealth(Protocol):
    """Tells listeners that the health differs, or a ``notice`` to show once."""

    def __call__(self, notice: str = "") -> None: ...


class HealthTracker:
    """Keeps the :class:`Health` of a connection, and notifies when it changes.

    ``environment`` returns the server's, ``now`` this machine's clock, aware UTC.
    """

    def __init__(
        self, environment: Callable[[], Environment], now: Callable[[], datetime], notify: NotifyHealth
    ) -> None:
        self.health = Health()
        self._environment = environment
        self._now = now
        self._notify = notify

    def on_read(self) -> None:
        """Note that a read worked."""
        now, until = self._now(), self.health.until
        waits = self.health.state is not State.OFFLINE and until is not None and until > now
        self._set(Health(State.LIVE, now, until=until if waits else None))

    def on_read_failed(self, error: ApiError) -> None:
        """Note that a read failed with ``error``."""
        log.warning("read failed: %s", error)
        health = self.health.after_failure(error, self.advice(error))
        if isinstance(error, RateLimited) and error.retry_after:
            health = replace(health, until=self._now() + timedelta(seconds=error.retry_after))
        self._set(health)

    def on_travel(self) -> None:
        """Note that the desk is read anew, at another moment."""
        self._set(Health(State.LOADING, self.health.read_at))

    def on_notice(self, notice: Notice) -> None:
        """Publish the back-off deadline; warn once about clock skew."""
        if isinstance(notice, ClockSkew):
            side = "ahead of" if notice.seconds > 0 else "behind"
            said = f"This machine's clock is {abs(notice.seconds):.0f} s {side} the server's: correct it."
            log.warning("%s", said)
            self._notify(said)
            return
        until = self._now() + timedelta(seconds=notice.seconds)
        state = State.OFFLINE if notice.offline else self.health.state
        self._set(replace(self.health, state=state, message=notice.why, until=until))

    def advice(self, error: ApiError) -> str:
        """Return what to do; a refused token is renewed the way this desk's token was made."""
        if isinstance(error, Unauthenticated) and error.advice == Unauthenticated.advice:
            return self._environment().sign_on_again or error.advice
        if isinstance(error, NotFound) and self.health.read_at is None:
            return "Check the address: an order management API is expected there, such as https://HOST/api."
        return error.advice

    def _set(self, health: Health) -> None:
        """Notify when anything but the time of the last read differs."""
        before, self.health = self.health, health
        seen = (before.state, before.missed, before.message, before.until)
        if seen != (health.state, health.missed, health.message, health.until):
            self._notify()
