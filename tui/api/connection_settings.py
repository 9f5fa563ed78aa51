"""What a connection to a server is made of: who signs on, through what, for how long, and what it tells.

Plain values and protocols; :mod:`tui.api.http` is the one that connects.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from tui.api.retries import RetryNotice


class TokenSource(Protocol):
    """Signs requests on; what it raises says of a request that it was not sent, never that nobody knows."""

    async def token(self) -> str | None:
        """Give the bearer token of the next request, None for none."""

    async def renewed(self, refused: str) -> str | None:
        """Give another token after the server refused this one (401); None when there is no other."""


class SecretText(Protocol):
    """A text that shows itself only to the one place that sends it."""

    def reveal(self) -> str: ...


class Proxy(Struct, frozen=True):
    """The proxy that requests to other machines go through: its address, and who one is to it."""

    address: str
    username: str | None = None
    password: SecretText | None = None


class Timeouts(Struct, frozen=True):
    """How long the network may take, in seconds; there is no "for ever".

    ``read`` is the longest silence while an answer is awaited, ``lists`` the same for lists, and ``call``
    what all tries of one call may take together, however steadily bytes trickle in.
    """

    connect: float = 5.0
    read: float = 30.0
    lists: float = 60.0
    write: float = 10.0
    pool: float = 5.0
    call: float = 90.0


class Skew(Struct, frozen=True):
    """Our clock is at least ``seconds`` ahead of the server's, behind when negative."""

    seconds: float


Notice = RetryNotice | Skew
"""What a listener is told of a connection beside answers and errors."""
