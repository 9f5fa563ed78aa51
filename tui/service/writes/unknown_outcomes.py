"""What was asked of rows whose outcome nobody knows: the row itself may never have come to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.service.exceptions.exception_kind import UNKNOWN_MONEY, Money, Trouble
from tui.service.numbers import size_text
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.verbs.preview_line import PreviewLine
from tui.service.wire_words import side_in_cell
from tui.service.writes.unknown_calls import UnknownCall


class UnknownOutcomes:
    """Says of each row of unknown outcome what was asked of it; each call is put into words once."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[frozenset[Ref], Mapping[Ref, Trouble]]] = {}

    def of(self, calls: Iterable[UnknownCall], snapshot: Snapshot, user: str) -> Mapping[Ref, Trouble]:
        """Return the trouble of every row of ``calls``, which ``user`` sent."""
        held, self._said = self._said, {}
        found: dict[Ref, Trouble] = {}
        for call in calls:
            refs, said = held.get(call.intent.id, (None, {}))
            if refs != call.refs:
                said = _said_of(call, snapshot, user)
            if snapshot.complete:
                self._said[call.intent.id] = call.refs, said
            found |= said
        return found


def _said_of(call: UnknownCall, snapshot: Snapshot, user: str) -> Mapping[Ref, Trouble]:
    verb = call.verb
    lines = {line.ref: line for line in verb.lines(snapshot)}
    return {ref: _trouble(call, ref, lines.get(ref), snapshot, user) for ref in call.refs}


def _trouble(call: UnknownCall, ref: Ref, line: PreviewLine | None, snapshot: Snapshot, user: str) -> Trouble:
    instrument, trade, money = "", "", UNKNOWN_MONEY
    if line is not None:
        known = snapshot.instruments.get(line.instrument)
        instrument = known.label if known else line.instrument
        size, currency = (line.quantity, "") if line.amount is None else (line.amount, line.currency)
        sized = size_text(size, currency) if size is not None else ""
        trade = " ".join(filter(None, (side_in_cell(line.side), sized, instrument)))
        money = Money(None if line.notional is None else abs(line.notional), line.currency)
    return Trouble(
        f"outcome not known: {call.verb.title.lower()}",
        money,
        call.intent.at,
        user,
        call.verb.subject(ref),
        trade,
        instrument,
    )
