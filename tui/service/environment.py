"""Which server the desk talks to, how well it is heard, and what listeners are told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tui.service.outcomes import Report
from tui.service.snapshot.diff import Deltas, diff
from tui.service.snapshot.snapshot import Ref, Snapshot

if TYPE_CHECKING:
    from tui.api.generations import Generation

STALE_AFTER: Final = 3
"""Missed polls in a row after which the data is stale (header amber)."""
OFFLINE_AFTER: Final = 10
"""Missed polls in a row after which the desk is offline (header red, rows dimmed)."""


class EnvironmentKind(StrEnum):
    """What is at stake: LOCAL is the server inside this program, PROD moves real money."""

    LOCAL = "LOCAL"
    TEST = "TEST"
    PROD = "PROD"


class Environment(Struct, frozen=True):
    """The server of this desk: its name for people, its kind, its address, and who is signed on.

    ``sign_on_again`` is what to do when the server does not take the token any more, ``generation`` the
    shapes it knows (contract, section 7).
    """

    name: str
    kind: EnvironmentKind
    url: str = ""
    user: str = ""
    sign_on_again: str = ""
    generation: Generation = "latest"

    @property
    def host(self) -> str:
        """The server's host name and port, without scheme, path or credentials."""
        return self.url.partition("://")[2].partition("/")[0].rpartition("@")[2]

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind.value, self.name, self.host) if part)


class State(StrEnum):
    """How the data on the screen stands to the server's."""

    LOADING = "loading"
    LIVE = "live"
    STALE = "stale"
    OFFLINE = "offline"
    UNAUTHENTICATED = "unauthenticated"


class Health(Struct, frozen=True):
    """The state of reading: when it last worked (by this machine's clock), how many polls were missed
    since, and why and what to do when it does not work.

    ``until`` is when something is sent again, while the server is left in peace: because it is gone, or
    because it asked for that.
    """

    state: State = State.LOADING
    read_at: datetime | None = None
    missed: int = 0
    message: str = ""
    advice: str = ""
    until: datetime | None = None


class Update(Struct, frozen=True, dict=True):
    """What a listener is told: the snapshot before and now, which rows' intent marks changed, the report
    of a write that just finished (also when whoever asked for it is gone), the unknown outcomes
    found out when nobody asked, and a notice to show once."""

    old: Snapshot
    new: Snapshot
    marks: frozenset[Ref] = frozenset()
    report: Report | None = None
    found: Report | None = None
    notice: str = ""

    @cached_property
    def deltas(self) -> Deltas:
        """What differs between the snapshots, found when it is first asked for."""
        return diff(self.old, self.new)
