"""The states of the API in the words of a desk: one declaration of every state that the blotter knows.

States are free text on the wire. One that is not known here is shown as it came. The FIX code of a state is
for details only: people read its word.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from tui.api.states import normalize


class StateWord(Struct, frozen=True):
    """One state: its FIX code (OrdStatus; empty where it has none), its word, and how servers write it.

    ``glyph`` stands before the word, ``ascii`` where glyphs are not drawn; ``role`` names its colour.
    ``over`` says that a broker fills nothing more of a placement in it: FIX has LeavesQty at zero there.
    A placement that is replaced goes on working, on other terms.
    """

    code: str
    word: str
    written: tuple[str, ...]
    glyph: str
    ascii: str
    role: str
    over: bool = False


STATES: Final = (
    StateWord("A", "pending new", ("PendingNew", "Pending", "Sent"), "◌", "~", "waiting"),
    StateWord("0", "new", ("New",), "○", "o", "live"),
    StateWord("0", "working", ("Working", "Open", "Ack"), "○", "o", "live"),
    StateWord("0", "placed", ("Placed",), "○", "o", "live"),
    StateWord(
        "1",
        "partly filled",
        ("PartiallyFilled", "Partial", "PartFill", "Partially executed", "In progress"),
        "◐",
        "%",
        "live",
    ),
    StateWord("2", "filled", ("Filled", "Executed", "Complete"), "●", "*", "good"),
    StateWord("3", "done for the day", ("DoneForDay", "DFD"), "◑", "=", "idle", over=True),
    StateWord("4", "cancelled", ("Cancelled",), "✕", "x", "idle", over=True),
    StateWord("5", "replaced", ("Replaced", "Amended"), "↻", "r", "idle"),
    StateWord("6", "cancel asked", ("PendingCancel", "CxlReq"), "◌", "?", "waiting"),
    StateWord("7", "stopped", ("Stopped", "Held", "Halted"), "‖", "!", "attention"),
    StateWord("9", "suspended", ("Suspended",), "‖", "!", "attention"),
    StateWord("8", "rejected", ("Rejected", "Refused"), "▲", "!", "bad", over=True),
    StateWord("B", "calculated", ("Calculated",), "◆", "c", "idle", over=True),
    StateWord("C", "expired", ("Expired",), "✕", "e", "idle", over=True),
    StateWord("E", "amend asked", ("PendingReplace", "AmendReq"), "◌", "?", "waiting"),
    StateWord("", "partly placed", ("Partially placed",), "◐", "%", "live"),
    StateWord("", "partly allocated", ("Partially allocated",), "◐", "%", "live"),
    StateWord("", "partly booked", ("Partially booked",), "◐", "%", "live"),
    StateWord("", "allocated", ("Allocated",), "▣", "a", "good"),
    StateWord("", "over-placed", ("Over-placed",), "▲", "!", "bad"),
    StateWord("", "overfilled", ("Over-executed",), "▲", "!", "bad"),
    StateWord("", "over-allocated", ("Over-allocated",), "▲", "!", "bad"),
    StateWord("", "booked", ("Booked", "Active"), "■", "b", "idle"),
    StateWord("", "closed", ("Closed",), "■", "b", "idle", over=True),
    StateWord("", "swept", ("Swept",), "■", "b", "idle"),
)
"""Every state that the conventions name, the derived ones of blocks and placements (G8, G9), and those of
transactions, which are active once they are booked."""

_KNOWN: Final[Mapping[str, StateWord]] = {
    normalize(text): state for state in STATES for text in (state.word, *state.written)
}

VERDICTS: Final[Mapping[str, str]] = {
    normalize(word): word
    for word in ("pending", "passed", "warning", "failed", "approved", "placed", "rejected")
} | {"partiallyoverridden": "partly overridden", "manuallyapproved": "manually approved"}
"""The states of compliance and approval in words, by what a server writes, normalised."""


def known_state(state: str | None) -> StateWord | None:
    """Return what is declared of a state, in whatever spelling; None for one that is not known."""
    return _KNOWN.get(normalize(state))


def is_over(state: str | None) -> bool:
    """Return whether a broker fills nothing more of a placement in ``state``; an unknown one may go on.

    >>> is_over("Rejected"), is_over("Replaced"), is_over("Awaiting call back")
    (True, False, False)
    """
    known = known_state(state)
    return known is not None and known.over


def state_in_words(state: str | None) -> str:
    """Return a state as people read it, in one spelling whatever the server's; an unknown one as it came.

    >>> state_in_words("Canceled"), state_in_words("PART-FILL"), state_in_words("Awaiting call back")
    ('cancelled', 'partly filled', 'Awaiting call back')
    """
    known = known_state(state)
    return known.word if known else state or ""


def verdict_in_words(state: str | None) -> str:
    """Return a state of compliance or approval as people read it; an unknown one as it came.

    >>> verdict_in_words("PartiallyOverridden"), verdict_in_words("Pending"), verdict_in_words("Odd")
    ('partly overridden', 'pending', 'Odd')
    """
    return VERDICTS.get(normalize(state), state or "")


def state_named(word: str) -> str:
    """Return how the API writes the state that a desk calls ``word``; the word itself when it is not known.

    >>> state_named("partly filled"), state_named("Awaiting call back")
    ('PartiallyFilled', 'Awaiting call back')
    """
    known = known_state(word)
    return known.written[0] if known else word


@lru_cache(maxsize=1024)
def state_spellings(state: str) -> tuple[str, ...]:
    """Return all under which a state is found, normalised: as it came, the desk's word, other spellings.

    >>> state_spellings("PartFill")[:3], state_spellings("On fire")
    (('partfill', 'partlyfilled', 'partiallyfilled'), ('onfire',))
    """
    own, known = normalize(state), known_state(state)
    others = (known.word, *known.written) if known else ()
    said = verdict_in_words(state)
    return tuple(dict.fromkeys((own, *map(normalize, others), normalize(said))))
