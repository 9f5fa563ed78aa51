"""Lost updates: the items of a call that would undo what others changed, because they state rows in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tui.api.base import ResourceId
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.snapshot import Ref
from tui.service.verbs import Verb
from tui.service.verbs.changes import described_row
from tui.service.verbs.verdicts import version_of
from tui.service.writes.read_back import ReadableDesk

CHANGED: Final = "ChangedMeanwhile"
ADVICE: Final = "Read it as it is now, and confirm it again."
NOT_READ: Final = "it is sent whole, and its row could not be read right before"


async def overtaken_items(call: Verb, desk: ReadableDesk) -> dict[Ref, Outcome]:
    """Read the rows that a call states in full; return the items not to be sent, and why, by row.

    An item is held back when its row has another version than the one it was made from, is gone, or cannot
    be read. For any other call nothing is read.
    """
    made_from = call.overwritten
    if not made_from:
        return {}
    read = await desk.reread(made_from.keys())
    snapshot = desk.snapshot
    reasons = {
        ref: _reason(was, snapshot.row(ref) if ref in snapshot else None, snapshot.portfolio_label)
        if read
        else NOT_READ
        for ref, was in made_from.items()
    }
    return {
        ref: Outcome(ref, Status.NOT_SENT, reason=reason, type=CHANGED, advice=ADVICE)
        for ref, reason in reasons.items()
        if reason
    }


def _reason(was: Any, now: Any, portfolio: Callable[[ResourceId], str]) -> str:
    """Return why an item made from a row as it ``was`` comes too late, empty when it does not."""
    if now is None:
        return "deleted by somebody else meanwhile"
    shown, found = version_of(was), version_of(now)
    if shown == found:
        return ""
    who = (now.version.user_id_modified if now.version else None) or "somebody else"
    changes = described_row(was, now, portfolio)
    return f"changed by {who} meanwhile: " + (
        ", ".join(changes) or f"version {shown:,} was shown, and it is version {found:,} now"
    )
