"""What the lines of a journal say of decisions: their calls, what came of them, what is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from tui.service.journal.lines import (
    UNREADABLE,
    DecisionLine,
    DifferencesLine,
    Envelope,
    IntentLine,
    JournalLine,
    OutcomeItem,
    OutcomeLine,
    PlanLine,
    UnreadLine,
)
from tui.service.outcomes import Difference, Outcome, Status
from tui.service.snapshot.snapshot import Ref

if TYPE_CHECKING:
    from tui.service.verbs import Verb

NOT_ANSWERED: Final = "it was sent, and its answer is not known"
SETTLED: Final = "settled by a person who found out by other means"
NOT_SENT: Final = "it was not sent"
DOUBTFUL: Final = "lines of the journal cannot be read, so that it is not known whether it was sent"


class Decision(Struct, frozen=True):
    """What a user confirmed once, as one or several calls."""

    id: str
    at: datetime
    server: str
    verb: Verb
    environment: str = ""
    user: str = ""


class Intent(Struct, frozen=True):
    """A call to be sent: ``id`` is also its Idempotency-Key, ``versions`` those of its rows before.

    ``decision`` is the id of the decision that it is one of several calls of, empty when it is a decision by
    itself. ``unknown`` are the items of an answered call that have no outcome, None when no item has one.
    ``sentence`` is what it asks for in the dealer's words; a line keeps it for people to read.
    """

    id: str
    at: datetime
    server: str
    verb: Verb
    versions: Mapping[Ref, int]
    unknown: frozenset[Ref] | None = None
    decision: str = ""
    sentence: str = ""
    environment: str = ""
    user: str = ""


class OpenDecision(Struct, frozen=True):
    """A decision of which something is unknown, or was not sent and is not told.

    ``outcomes`` are those known, in the order asked; ``unknown`` the calls with items of unknown outcome;
    ``rest`` the decision for the items that were never sent, None when there are none. ``untold`` says that
    it took several calls, and nobody read what became of them. It is ``doubtful`` when lines behind it cannot
    be read: the rest may have been sent.
    """

    decision: Decision
    outcomes: tuple[Outcome, ...]
    unknown: tuple[Intent, ...]
    rest: Verb | None
    untold: bool
    doubtful: bool = False


class UnreadDecision(Struct, frozen=True):
    """An open decision that this version cannot read back: what it asked for in words, and why."""

    id: str
    at: datetime | None
    label: str
    why: str


class DecisionState(Struct, frozen=True):
    """What became of a decision, as far as the journal knows.

    ``outcomes`` has one outcome for every item, in the order asked: unknown is what was sent and not
    answered, not sent what never left. It ``is_running`` while the program that carries it out lives.
    """

    decision: Decision
    label: str
    outcomes: tuple[Outcome, ...]
    differences: tuple[Difference, ...]
    is_running: bool


class _Call:
    """What the journal says of one call."""

    def __init__(self, line: IntentLine) -> None:
        self.line = line
        self.concluded: dict[Ref, OutcomeItem] = {}
        self.unknown: frozenset[Ref] | None = None
        """The items of unknown outcome: none when it is over, None when it has no outcome."""

    def conclude(self, items: Iterable[OutcomeItem]) -> None:
        """Take over a line about its outcome: it names every item that is still unknown."""
        self.concluded.update((item.ref, item) for item in items)
        self.unknown = frozenset(item.ref for item in items if item.status is Status.UNKNOWN)

    @property
    def is_open(self) -> bool:
        return self.unknown is None or bool(self.unknown)

    @property
    def left(self) -> bool:
        """Return whether it was sent: refused before it left, it is over and none of it happened."""
        return not self.concluded or any(
            item.status is not Status.NOT_SENT for item in self.concluded.values()
        )

    def outcomes(self, verb: Verb) -> Iterable[Outcome]:
        """Yield what is known of its items, in the order asked."""
        for ref in verb.refs:
            item = self.concluded.get(ref)
            if item is not None and item.status in (Status.DONE, Status.STAGED, Status.REFUSED):
                yield _outcome(item)

    def states(self, verb: Verb) -> Iterable[Outcome]:
        """Yield an outcome of each of its items."""
        lost = NOT_ANSWERED if self.is_open else SETTLED
        for ref in verb.refs:
            item = self.concluded.get(ref)
            yield Outcome(ref, Status.UNKNOWN, reason=lost) if item is None else _outcome(item)


class DecisionRecord:
    """What the journal says of one decision: its own line, or that of its only call."""

    def __init__(self, line: DecisionLine | IntentLine) -> None:
        self.line = line
        self.told = False
        """Whether somebody read what became of it."""
        self.doubtful = False
        """Whether lines behind it cannot be read."""
        self.differences: list[Difference] = []
        self._calls: list[_Call] = []

    def call(self, line: IntentLine) -> _Call:
        """Add a call, and return it."""
        self._calls.append(_Call(line))
        return self._calls[-1]

    def items(self) -> list[OutcomeItem]:
        """Return the outcomes of its items, as far as there are any."""
        found: dict[Ref, OutcomeItem] = {}
        for call in self._calls:
            found |= call.concluded
        return list(found.values())

    @property
    def unanswered(self) -> int:
        """The calls without any outcome; what is not known is how many items each has."""
        return sum(call.unknown is None for call in self._calls)

    @property
    def call_ids(self) -> list[str]:
        """The ids of the calls it was sent in, or begun to be."""
        return [call.line.id for call in self._calls]

    @property
    def touched(self) -> list[Ref]:
        """The rows that its calls are about or change."""
        return [ref for call in self._calls for ref, _ in call.line.versions]

    @property
    def is_untold(self) -> bool:
        """Whether it took several calls, and nobody read what became of them."""
        return isinstance(self.line, DecisionLine) and not self.told

    @property
    def is_open(self) -> bool:
        """Whether something of it is unknown, or is not told."""
        return self.is_untold or any(call.is_open for call in self._calls)

    def read(self) -> OpenDecision | UnreadDecision | None:
        """Return the decision as it stands; None when it is over."""
        if not self.is_open:
            return None
        verb = verb_of(self.line)
        known = self._readable()
        if isinstance(verb, str) or known is None:
            why = verb if isinstance(verb, str) else "one of its calls cannot be read"
            return UnreadDecision(self.line.id, self.line.at, self.line.label, why)
        rest = self._rest(verb, known) if self.is_untold else None
        if rest is None and not any(call.is_open for call in self._calls):
            return None
        return OpenDecision(
            _decision(self.line, verb),
            tuple(outcome for call, own in known for outcome in call.outcomes(own)),
            tuple(_intent(call, own) for call, own in known if call.is_open),
            rest,
            self.is_untold,
            self.doubtful,
        )

    def state(self, is_running: bool) -> DecisionState | None:
        """Return what became of it; None when it cannot be read by this version."""
        verb = verb_of(self.line)
        known = self._readable()
        if isinstance(verb, str) or known is None:
            return None
        doubtful = self.doubtful and self.is_untold
        rest = Status.UNKNOWN if doubtful else Status.NOT_SENT
        outcomes = {ref: Outcome(ref, rest, reason=DOUBTFUL if doubtful else NOT_SENT) for ref in verb.refs}
        for call, own in known:
            outcomes |= {each.ref: each for each in call.states(own)}
        return DecisionState(
            _decision(self.line, verb),
            self.line.label,
            tuple(outcomes.values()),
            tuple(self.differences),
            is_running,
        )

    def _readable(self) -> list[tuple[_Call, Verb]] | None:
        """Return its calls with their verbs; None when not all of them can be read."""
        pairs = [(call, verb_of(call.line)) for call in self._calls]
        known = [(call, own) for call, own in pairs if not isinstance(own, str)]
        return known if len(known) == len(pairs) else None

    def _rest(self, verb: Verb, known: Iterable[tuple[_Call, Verb]]) -> Verb | None:
        kept = [own for call, own in known if not call.left]
        rest = verb.of_calls([*kept, verb.after([own for _, own in known])])
        return rest if rest.count else None


class DecisionRecords:
    """The decisions of a journal, from its lines one after the other; with ``only_open`` those are kept."""

    def __init__(self, *, only_open: bool = False) -> None:
        self._only_open = only_open
        self.records: dict[str, DecisionRecord] = {}
        self.unread: dict[str, tuple[Envelope, str]] = {}
        """The decisions and calls that this version cannot read, and why, by their ids."""
        self._calls: dict[str, _Call] = {}

    def add(self, line: JournalLine | UnreadLine) -> None:
        """Take over the next line."""
        if isinstance(line, UnreadLine):
            self._add_unread(line)
        elif isinstance(line, DecisionLine):
            self.records.setdefault(line.id, DecisionRecord(line))
        elif isinstance(line, IntentLine) and line.id not in self._calls:
            record = self.records.setdefault(line.decision or line.id, DecisionRecord(line))
            self._calls[line.id] = record.call(line)
        elif isinstance(line, OutcomeLine):
            self._conclude(line)
        elif isinstance(line, DifferencesLine) and line.id in self.records:
            told = self.records[line.id].differences
            told += (each for item in line.items if (each := Difference(*item)) not in told)

    def forget(self, id: str) -> list[str]:
        """Forget a decision; return the ids of its calls."""
        record = self.records.pop(id, None)
        calls = record.call_ids if record is not None else []
        for call in calls:
            self._calls.pop(call, None)
        return calls

    def doubt(self) -> None:
        """Hear that lines are missing here: what no line tells of may have been sent."""
        for record in self.records.values():
            record.doubtful = record.doubtful or record.is_untold

    def _conclude(self, line: OutcomeLine) -> None:
        if line.id in self._calls:
            call = self._calls[line.id]
            call.conclude(line.items)
            id = call.line.decision or line.id
            if self._only_open and id in self.records and not self.records[id].is_open:
                del self.records[id], self._calls[line.id]
        elif line.id in self.records:
            self.records[line.id].told = True
        elif not any(item.status is Status.UNKNOWN for item in line.items):
            self.unread.pop(line.id, None)

    def _add_unread(self, line: UnreadLine) -> None:
        envelope = line.envelope
        if envelope is None:
            self.doubt()
        elif envelope.kind in ("decision", "intent"):
            self.unread[envelope.id] = (envelope, line.why)


def verb_of(line: DecisionLine | IntentLine | PlanLine) -> Verb | str:
    """Return the verb of a line, or why this version cannot read it."""
    from tui.service.verbs import VERBS

    kind = VERBS.get(line.verb)
    if kind is None:
        return f"this version of the program does not know {line.verb}"
    try:
        return msgspec.json.decode(line.fields, type=kind)
    except UNREADABLE as error:
        return f"this version of the program reads {line.verb} otherwise: {error}"


def _decision(line: DecisionLine | IntentLine, verb: Verb) -> Decision:
    return Decision(line.id, line.at, line.server, verb, line.environment, line.user)


def _intent(call: _Call, verb: Verb) -> Intent:
    line = call.line
    return Intent(
        line.id,
        line.at,
        line.server,
        verb,
        dict(line.versions),
        call.unknown,
        line.decision,
        environment=line.environment,
        user=line.user,
    )


def _outcome(item: OutcomeItem) -> Outcome:
    reason, note = ("", item.text) if item.status is Status.DONE else (item.text, "")
    return Outcome(item.ref, item.status, reason=reason, note=note)
