"""The server of a desk, the health of its connection, and the updates listeners receive."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tui.api.errors import ApiError, Offline, Unauthenticated
from tui.service.outcomes import Report
from tui.service.snapshot.diff import Deltas, diff
from tui.service.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from tui.api.generations import Generation

STALE_AFTER: Final = 3
"""Missed polls in a row after which the data is stale (header amber)."""
OFFLINE_AFTER: Final = 10
"""Missed polls in a row after which the desk is offline (header red, rows dimmed)."""


class EnvironmentKind(StrEnum):
    """The stakes of a server: LOCAL is the one inside this program, PROD moves real money."""

    LOCAL = "LOCAL"
    TEST = "TEST"
    PROD = "PROD"


class Environment(Struct, frozen=True):
    """The server of this desk: its name for people, its kind, its address, and who is signed on.

    ``sign_on_again`` is what to do when the server refuses the token, ``generation`` the version of the API
    it speaks (contract, section 7), ``database`` the file of the server inside this program.
    """

    name: str
    kind: EnvironmentKind
    url: str = ""
    user: str = ""
    sign_on_again: str = ""
    generation: Generation = "latest"
    database: str = ""

    @property
    def host(self) -> str:
        """The server's host name and port, without scheme, path or credentials."""
        return self.url.partition("://")[2].partition("/")[0].rpartition("@")[2]

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind.value, self.name, self.host) if part)


class State(StrEnum):
    """The freshness of the data on the screen."""

    LOADING = "loading"
    LIVE = "live"
    STALE = "stale"
    OFFLINE = "offline"
    UNAUTHENTICATED = "unauthenticated"


class Health(Struct, frozen=True):
    """The health of the connection: when a read last worked (by this machine's clock), how many polls failed
    since, why, and what to do.

    ``until`` is the back-off deadline: nothing is sent before, because the server is gone or asked for it.
    """

    state: State = State.LOADING
    read_at: datetime | None = None
    missed: int = 0
    message: str = ""
    advice: str = ""
    until: datetime | None = None

    def after_failure(self, error: ApiError, advice: str) -> Health:
        """Return the health after one more read failed with ``error``."""
        missed = self.missed + 1
        if isinstance(error, Unauthenticated):
            state = State.UNAUTHENTICATED
        elif (
            missed >= OFFLINE_AFTER
            or self.read_at is None
            or self.state is State.OFFLINE
            or isinstance(error, Offline)
        ):
            state = State.OFFLINE
        elif missed >= STALE_AFTER:
            state = State.STALE
        else:
            state = self.state
        message = self.message if isinstance(error, Offline) and self.message else error.why
        return Health(state, self.read_at, missed, message, advice, self.until)


def unreachable_because(health: Health) -> str:
    """Return why nothing can be sent now, and what to do, as sentences; empty when it can."""
    if health.state not in (State.OFFLINE, State.UNAUTHENTICATED):
        return ""
    return f"{health.message.rstrip('.')}. {health.advice}".strip()


class Update(Struct, frozen=True, dict=True):
    """The news that a listener receives.

    The snapshot before and now (the same where the marks of rows changed, or the health), the ``report`` of a
    write that just finished (also when its caller was cancelled), the reports of what was ``found`` out
    unasked, and a ``notice`` to show once.
    """

    old: Snapshot
    new: Snapshot
    report: Report | None = None
    found: tuple[Report, ...] = ()
    notice: str = ""

    @property
    def touched(self) -> int:
        """The most rows that may differ, where the snapshots are neighbours."""
        return sum(len(ids) for each in (self.new.touched, self.new.renamed or {}) for ids in each.values())

    @cached_property
    def deltas(self) -> Deltas:
        """The differences between the snapshots, computed at the first use."""
        return diff(self.old, self.new)
