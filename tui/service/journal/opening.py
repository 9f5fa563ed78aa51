"""What the journal tells when it is opened: decisions that are not told whole, and damage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct

from tui.service.journal.chain_check import JournalFault
from tui.service.journal.decisions import OpenDecision, UnreadDecision
from tui.service.numbers import counted

MOST_TOLD: Final = 3
"""Decisions and damaged lines that are told one by one; of more, their number is."""
SETTLE: Final = "Look at the rows, then choose 'Unknown: settled elsewhere'."


class JournalOpening(Struct, frozen=True):
    """What earlier runs left: their decisions that are not told whole, oldest first, and damage.

    ``unread`` are those that this version of the program cannot read back, ``unwritable`` is why nothing can
    be written to it.
    """

    decisions: tuple[OpenDecision, ...] = ()
    unread: tuple[UnreadDecision, ...] = ()
    faults: tuple[JournalFault, ...] = ()
    unwritable: str = ""

    def notice(self, time_in_words: Callable[[datetime], str]) -> str:
        """Return what there is to tell beside reports, as sentences; empty when there is nothing."""
        parts = []
        if self.unwritable:
            parts.append(
                f"The journal cannot be written ({self.unwritable}): rows are shown, nothing can be sent. "
                "Make room or give it to this user, and start again."
            )
        if self.unread:
            told = _listed([_said(each, time_in_words) for each in self.unread])
            parts.append(
                f"What became of this is not known, and this version cannot find out: {told}. {SETTLE}"
            )
        if self.faults:
            said = f"The journal is damaged in {counted(len(self.faults), 'place')}"
            told = _listed([str(fault) for fault in self.faults])
            parts.append(
                f"{said}: {told}. Open intents may have been among them: look at what you sent last."
            )
        return " ".join(parts)


def _said(unread: UnreadDecision, time_in_words: Callable[[datetime], str]) -> str:
    at = f" of {time_in_words(unread.at)}" if unread.at else ""
    return f"'{unread.label}'{at} ({unread.why})"


def _listed(parts: list[str]) -> str:
    more = len(parts) - MOST_TOLD
    return "; ".join(parts[:MOST_TOLD]) + (f"; and {more:,} more" if more > 0 else "")
