"""Slows the guessing of passwords and tokens: by where the guesses come from and by the user they are for.

Everybody may be wrong a few times at once; then one new guess is looked at every so often, and others are
refused without being looked at, right or wrong. A secret that was wrong before is no new guess: a client that
keeps sending an old token costs nobody anything. Memory is bounded whoever tries what.
"""

from __future__ import annotations

import ipaddress
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from tui.oms.auth.users import digest

log: Final = logging.getLogger(__name__)

NANOSECONDS_PER_S: Final = 1_000_000_000
MOST_REMEMBERED: Final = 4096
"""The origins and names that are remembered, and the wrong secrets; the oldest are forgotten first."""
QUIET_S: Final = 60
"""The time in which wrong secrets are said once, in seconds."""


class GuessRate(Struct, frozen=True):
    """How many wrong secrets may come at once, and after how many seconds there is room for one more."""

    at_once: int
    seconds: float


BY_ORIGIN: Final = GuessRate(10, 2)
"""For one address. Somebody who mistyped waits 2 s at most once the guessing has ended."""
BY_NAME: Final = GuessRate(100, 0.2)
"""For one user from anywhere: one address alone cannot keep the user from signing on from another."""


class TooManyAttempts(Exception):
    """A password or token that is not looked at; there will be room after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many wrong passwords or tokens were sent. Try again in {seconds} s.")
        self.seconds = seconds


class Attempts:
    """The wrong secrets of late. ``now`` returns monotonic nanoseconds."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._clear_at: OrderedDict[bytes, int] = OrderedDict()
        """When an origin or a name has all its room again."""
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._quiet_until: int | None = None
        self._more = self._not_looked_at = 0

    def was_wrong(self, *secret: str) -> bool:
        """Return whether this secret, with all that belongs to it, was found to be wrong before."""
        return digest("\n".join(secret)) in self._wrong

    def check(self, origin: str, name: str | None = None) -> None:
        """Check that there is room for one more guess.

        Raises:
            TooManyAttempts: there is none.
        """
        waits = [self._wait(key, pace) for key, pace in _keys(origin, name)]
        if max(waits) > 0:
            if not self._not_looked_at:
                log.warning("Guesses of passwords or tokens from %s are slowed.", origin or "somewhere")
            self._not_looked_at += 1
            raise TooManyAttempts(-(-max(waits) // NANOSECONDS_PER_S))

    def failed(
        self, what: str, origin: str, *secret: str, name: str | None = None, known: bool = False
    ) -> None:
        """Remember a wrong secret, and say it in the log without the secret.

        ``what`` is what it should have been; ``name`` is the user it was for, who is named if ``known``: any
        other name may be a password in the wrong field.
        """
        if self.was_wrong(*secret):
            return
        for key, pace in _keys(origin, name):
            step = int(pace.seconds * NANOSECONDS_PER_S)
            self._clear_at[key] = max(self._clear_at.pop(key, 0), self._now()) + step
        self._wrong[digest("\n".join(secret))] = None
        for remembered in (self._clear_at, self._wrong):
            while len(remembered) > MOST_REMEMBERED:
                remembered.popitem(last=False)
        self._say(f"A wrong {what} came from {origin or 'somewhere'}{f' for {name}' if known else ''}.")

    def _wait(self, key: bytes, pace: GuessRate) -> int:
        """Return the nanoseconds until there is room; none or less when there is."""
        full = int((pace.at_once - 1) * pace.seconds * NANOSECONDS_PER_S)
        return self._clear_at.get(key, 0) - self._now() - full

    def _say(self, sentence: str) -> None:
        now = self._now()
        if self._quiet_until is not None and now < self._quiet_until:
            self._more += 1
            return
        if self._more or self._not_looked_at:
            sentence += f" Since the last such line: {self._more} more, {self._not_looked_at} not looked at."
        log.warning("%s", sentence)
        self._quiet_until, self._more, self._not_looked_at = now + QUIET_S * NANOSECONDS_PER_S, 0, 0


def _keys(origin: str, name: str | None) -> list[tuple[bytes, GuessRate]]:
    keys = [(digest(f"from {_network(origin)}"), BY_ORIGIN)]
    return keys if name is None else [*keys, (digest(f"for {name}"), BY_NAME)]


def _network(origin: str) -> str:
    """Return the network that one client has to itself: an address, in IPv6 a /64."""
    try:
        address = ipaddress.ip_address(origin)
    except ValueError:
        return origin
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
