"""A proposal: what a program would like to be sent, who asks, until when, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from tui.api.sanitize import clean
from tui.service.snapshot.snapshot import Ref

SKEW: Final = timedelta(minutes=5)
"""A proposal made so far ahead of this machine's clock is not of now: its end could not be trusted."""
LONGEST_NAME: Final = 64
"""Characters that are kept of who proposes: it stands in a column and in the head of a dialog."""
LONGEST_SENTENCE: Final = 400
"""Characters that are kept of words about a proposal."""
LONGEST_DOCUMENT: Final = 65_536
"""Bytes of a document: room for a decision of 250 orders, which is all that limits allow."""


class ProposalState(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    EDITED = "edited"
    REFUSED = "refused"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"


SENT: Final = frozenset({ProposalState.CONFIRMED, ProposalState.EDITED})
"""The states of which a decision was, or is about to be, sent."""


class Proposer(Struct, frozen=True):
    """Who proposes: the user of the machine, the program as it calls itself, where it runs."""

    user: str = ""
    program: str = ""
    host: str = ""
    process: int = 0

    @property
    def name(self) -> str:
        """The program as it calls itself, else its user."""
        return self.program or self.user or "unknown"

    @property
    def words(self) -> str:
        """Who it is in full: ``rebalancer, of okafor on desk7 (process 4711)``."""
        of = f"of {self.user}" if self.program and self.user else ""
        on = f"on {self.host}" if self.host else ""
        said = " ".join(filter(None, (of, on)))
        process = f" (process {self.process})" if self.process else ""
        return ", ".join(filter(None, (self.name, said))) + process


class Ending(Struct, frozen=True):
    """How a proposal ended: when, by whom, why; and for one that was sent, its decision and what it was."""

    state: ProposalState
    at: datetime
    by: str = ""
    reason: str = ""
    decision: str = ""
    sent: str = ""


class Proposal(Struct, frozen=True):
    """What a program proposes. ``document`` is what a write command takes, as JSON; nobody checked it.

    ``said`` is what it asks for in words, as its program understood the desk; ``versions`` are those of the
    rows it touches as they were then, empty where the program saw no desk. ``expires`` is when it ends.
    """

    id: str
    at: datetime
    expires: datetime
    proposer: Proposer
    document: bytes
    said: str = ""
    versions: Mapping[Ref, int] = {}
    ending: Ending | None = None

    def state(self, now: datetime) -> ProposalState:
        """Return what became of it by ``now``."""
        if self.ending is not None:
            return self.ending.state
        return ProposalState.OPEN if now < self.expires else ProposalState.EXPIRED

    def is_open(self, now: datetime) -> bool:
        """Return whether somebody may still decide on it."""
        return self.state(now) is ProposalState.OPEN


def without_new(words: str, new: Iterable[Ref]) -> str:
    """Return words without the ids of rows that would be new: what is sent gets ids of its own."""
    for ref in new:
        words = words.replace(f" · {ref.id.code}", "").replace(f" {ref.id.code}", "")
    return words


def words_of(text: str, most: int = LONGEST_SENTENCE) -> str:
    """Return what a stranger wrote as one line of at most ``most`` harmless characters.

    >>> words_of("buy" + chr(27) + "[2J " + "x" * 9, 8)
    'buy\ufffd[2J…'
    """
    text = clean(text[: most + 1])
    return text if len(text) <= most else f"{text[: most - 1]}…"
