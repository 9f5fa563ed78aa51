"""The settings of a connection: token, proxy and timeouts; and the notices it sends.

Plain values and protocols. :mod:`tui.api.http` connects.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from tui.api.retries import RetryNotice


class TokenSource(Protocol):
    """Supplies bearer tokens. Its errors mean that the request was not sent, never that it is unknown."""

    async def token(self) -> str | None:
        """Return the bearer token of the next request, None for none."""

    async def renew(self, refused: str) -> str | None:
        """Return another token after the server refused this one (401), None when there is no other."""


class SecretText(Protocol):
    """A secret that is revealed only where it is sent."""

    def reveal(self) -> str: ...


class Proxy(Struct, frozen=True):
    """The proxy of requests to other machines: its address, and the user name and password it asks for."""

    address: str
    username: str | None = None
    password: SecretText | None = None


class Timeouts(Struct, frozen=True):
    """Timeouts in seconds; no wait is endless.

    ``read`` is the longest silence while an answer is awaited, ``lists`` the same for lists and ``slow`` for
    calls that may take minutes. ``call`` is the
    deadline of a call with all its retries, however steadily bytes trickle in.
    """

    connect: float = 5.0
    read: float = 30.0
    lists: float = 60.0
    write: float = 10.0
    pool: float = 5.0
    call: float = 90.0
    slow: float = 180.0


class ClockSkew(Struct, frozen=True):
    """This machine's clock is at least ``seconds`` ahead of the server's, behind when negative."""

    seconds: float


Notice = RetryNotice | ClockSkew
"""A report of a connection to its listener, beside answers and errors."""
