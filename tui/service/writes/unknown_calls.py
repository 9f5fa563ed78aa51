"""Calls of unknown outcome: what is known of their items while and after they are read back."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.errors import ApiError, NoAnswer
from tui.service.journal.decisions import Intent
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.verbs import Verb

LATEST_READ_S: Final = 15
"""The seconds after which it is read back for the last time, if nobody says otherwise."""
READ_BACK_S: Final = (0.5, 1, 2, 4, 8, LATEST_READ_S)
"""The delays after which an unanswered write is read back, in seconds after its time ran out."""
SETTLES_S: Final = 2
"""The seconds after which nothing more of a call is expected, once a part of it has been carried out."""
CONFIRMED: Final = "confirmed by reading back"
NOT_HEARD: Final = "the program ended before the answer came"
NOT_SEEN: Final = "Its rows do not show it so far; it may have happened all the same"
OVERTAKEN: Final = "somebody else changed it meanwhile, and what was asked for is not there"
LEFT_OUT: Final = "the server carried out other items of the same call and not this one; why was lost"
LOOK_ADVICE: Final = "Look at the row before you decide again."
CHECK_ADVICE: Final = "Check again, or send it again with the same ids."
KEPT_ADVICE: Final = "Check again, or send it again: this server does the same request only once."
TWICE_ADVICE: Final = "Check again; only send it again when you are sure that it did not happen."


class UnknownCall(Struct, frozen=True):
    """A call of which at least one item's outcome is unknown."""

    intent: Intent
    refs: frozenset[Ref]

    @property
    def verb(self) -> Verb:
        """The verb of the items whose outcome is unknown."""
        return self.intent.verb.only(self.refs)


def still_running(error: ApiError) -> ApiError:
    """Return a conflict on a key sent before as no answer: the first request is still in progress."""
    if error.status == 409:
        return NoAnswer(error.why, status=409, request_id=error.request_id)
    return error


def still_unread(ref: Ref) -> Outcome:
    """Return the outcome of an item of a run that was cut short, as far as reading back shows nothing."""
    return Outcome(ref, Status.UNKNOWN, reason=NOT_HEARD, note=NOT_SEEN, advice=CHECK_ADVICE)


def still_unknown(outcome: Outcome, advice: str) -> Outcome:
    """Return an unknown outcome after reading back found nothing, with what can be done."""
    note = "; ".join(part for part in (outcome.note, NOT_SEEN) if part)
    return replace(outcome, note=note, advice=advice)


def confirmed_outcome(verb: Verb, ref: Ref, snapshot: Snapshot) -> Outcome:
    """Return the outcome of an item that reading back shows to have happened, with what it became."""
    note = ": ".join(part for part in (CONFIRMED, verb.became(ref, snapshot)) if part)
    return Outcome(ref, Status.DONE, note=note, entity=snapshot.row(ref))


def overtaken(ref: Ref) -> Outcome:
    """Return the outcome of an item whose row somebody else changed, so that it cannot happen any more."""
    return Outcome(ref, Status.REFUSED, reason=OVERTAKEN, type="ChangedBySomeoneElse", advice=LOOK_ADVICE)


def left_out(ref: Ref) -> Outcome:
    """Return the outcome of an item that is not done after a call that carried out others."""
    return Outcome(ref, Status.REFUSED, reason=LEFT_OUT, type="LeftOut", advice=LOOK_ADVICE)


def not_resent(call: UnknownCall, why: str) -> list[Outcome]:
    """Return the outcomes of a call that could not be sent again: the first try stays unknown."""
    reason = f"Not sent again: {why.rstrip('.')}. Nothing new is known of the first try."
    return [Outcome(ref, Status.UNKNOWN, reason=reason, advice=CHECK_ADVICE) for ref in call.verb.refs]
