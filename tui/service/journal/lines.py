"""The kinds of lines of a journal. A new kind is a struct here, and its name in :data:`JournalLine`.

A version of the program reads all lines of older ones. Of a newer one's it can count on what never changes:
``v``, ``kind``, ``id``, ``at``, ``server``, ``label``, ``decision``, and the whole of an outcome. A kind that
only adds to what is known of a decision does not need a new version: older programs leave it alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from tui.api import codec
from tui.service.journal.hash_chain import VERSION
from tui.service.outcomes import Status
from tui.service.snapshot.snapshot import Ref

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What reading bytes that are no line raises."""


class LineBase(Struct, frozen=True, tag_field="kind", omit_defaults=True, kw_only=True):
    """What every line has: its form's version and its number, which the log adds, its id and time.

    The id is that of the decision or the call that it is about. Lines of a kind with another meaning say so.
    """

    v: int = 0
    n: int = 0
    id: str
    at: datetime


class DecisionLine(LineBase, frozen=True, kw_only=True, tag="decision"):
    """A decision of several calls. ``fields`` is the verb itself; ``run`` the program that carries it out.

    ``process`` is its process id, for people; programs ask whether the run is over.
    """

    server: str
    environment: str = ""
    user: str = ""
    verb: str
    label: str
    fields: msgspec.Raw
    process: int = 0
    run: str = ""


class IntentLine(LineBase, frozen=True, kw_only=True, tag="intent"):
    """A call. ``body`` is what was sent, byte for byte; ``fields`` the verb, to judge its outcome later."""

    server: str
    environment: str = ""
    user: str = ""
    verb: str
    label: str
    endpoint: str
    body: msgspec.Raw
    fields: msgspec.Raw
    versions: tuple[tuple[Ref, int], ...] = ()
    decision: str = ""
    process: int = 0
    run: str = ""


class OutcomeItem(Struct, frozen=True, array_like=True):
    """The outcome of one item."""

    ref: Ref
    status: Status
    text: str


class OutcomeLine(LineBase, frozen=True, kw_only=True, tag="outcome"):
    """The outcomes of a call, or of what was not sent of a decision, by its ``id``.

    ``answer`` is the status of the HTTP answer that said them and ``request`` the server's id of the request,
    both empty where they were found out in another way.
    """

    items: tuple[OutcomeItem, ...] = ()
    answer: int = 0
    request: str = ""


class DifferencesLine(LineBase, frozen=True, kw_only=True, tag="differences"):
    """What came out otherwise than was shown before, of a decision by its ``id``."""

    items: tuple[tuple[Ref, str], ...] = ()


class ClaimLine(LineBase, frozen=True, kw_only=True, tag="claim"):
    """A ``name`` (a key, the code of a plan) that belongs to the decision ``id``, once and for all.

    ``document`` is the digest of what was asked under it. ``instead`` is the decision that had the name
    before and came to nothing.
    """

    name: str
    document: str
    instead: str = ""
    run: str = ""


class PlanLine(LineBase, frozen=True, kw_only=True, tag="plan"):
    """What a dry run would send; ``id`` is the code that confirms it, ``fields`` the verb with its ids."""

    server: str
    environment: str = ""
    user: str = ""
    document: str
    verb: str
    label: str
    fields: msgspec.Raw
    versions: tuple[tuple[Ref, int], ...] = ()


class ProposalLine(LineBase, frozen=True, kw_only=True, tag="proposal"):
    """What a program proposes; its ``id`` is that of the proposal, ``label`` what it asks for in words.

    ``document`` is what a write command takes. ``versions`` are those of the rows it touches, as its program
    saw them. Nothing of it is trusted: :mod:`tui.service.proposals.proposal_book` reads it.
    """

    server: str
    environment: str = ""
    expires: datetime
    user: str = ""
    program: str = ""
    host: str = ""
    process: int = 0
    label: str = ""
    document: msgspec.Raw
    versions: tuple[tuple[Ref, int], ...] = ()


class ProposalEndLine(LineBase, frozen=True, kw_only=True, tag="proposalEnd"):
    """What became of a proposal by its ``id``: its state, who decided and why.

    For one that is sent ``decision`` is the decision under which it is, ``label`` what is sent in words.
    """

    end: str
    by: str = ""
    reason: str = ""
    decision: str = ""
    label: str = ""


class SegmentLine(LineBase, frozen=True, kw_only=True, tag="segment"):
    """The first line of a new segment: the hash of the last line before it (its ``id`` is when it began).

    ``carried`` is how many lines follow it that stand in the one before too.
    """

    previous: str
    carried: int = 0


JournalLine = (
    DecisionLine
    | IntentLine
    | OutcomeLine
    | DifferencesLine
    | ClaimLine
    | PlanLine
    | ProposalLine
    | ProposalEndLine
    | SegmentLine
)


class Envelope(Struct, frozen=True):
    """What can be read of a line of any version and kind."""

    v: int = 0
    n: int = 0
    kind: str = ""
    id: str = ""
    at: datetime | None = None
    server: str = ""
    label: str = ""
    decision: str = ""


class UnreadLine(Struct, frozen=True):
    """A line that this version cannot read, and why; ``envelope`` is None when nothing of it can be read."""

    why: str
    envelope: Envelope | None = None


_LINE: Final = msgspec.json.Decoder(JournalLine)
_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
NEWER: Final = "a newer version of the program wrote it"


def read_line(text: bytes) -> JournalLine | UnreadLine:
    """Return what a line says, or why this version cannot read it."""
    try:
        line: JournalLine = _LINE.decode(text)
        if line.v <= VERSION or isinstance(line, OutcomeLine):
            return line
    except UNREADABLE as error:
        why = str(error)
    else:
        why = NEWER
    try:
        envelope = _ENVELOPE.decode(text)
    except UNREADABLE:
        return UnreadLine(why)
    if not envelope.kind:
        return UnreadLine(why)
    return UnreadLine(NEWER if envelope.v > VERSION else why, envelope)


def raw(value: Any) -> msgspec.Raw:
    """Return a value as JSON that is written into a line as it is."""
    return msgspec.Raw(codec.encode(value))
