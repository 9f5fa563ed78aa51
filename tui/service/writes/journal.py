"""The client's log of decisions: each one before its first call is sent, each call, and each outcome.

JSON lines, only appended, each flushed to disk before the request is sent, in a file only its owner can
read. A decision of several calls is written whole before the first of them; one of a single call is its
call's intent. What has no conclusive outcome is open: after a crash it is read back, never resent.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from tui.api import codec
from tui.service.outcomes import Difference, Outcome, Status
from tui.service.snapshot.snapshot import Ref

if TYPE_CHECKING:
    from tui.api.http_request import Request
    from tui.service.verbs import Verb

_MODE: Final = 0o600


class Decision(Struct, frozen=True):
    """What a user confirmed once, as one or several calls."""

    id: str
    at: datetime
    server: str
    verb: Verb


class Intent(Struct, frozen=True):
    """A call to be sent: ``id`` is also its Idempotency-Key, ``versions`` those of its rows before.

    ``decision`` is the id of the decision of several calls that it is one of, empty when it is a decision by
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


class OpenDecision(Struct, frozen=True):
    """A decision of which something is unknown, or was not sent and is not told.

    ``outcomes`` are those known, in the order asked; ``unknown`` the calls with items of unknown outcome;
    ``rest`` the decision for the items that were never sent, None when there are none. ``untold`` says that
    it took several calls, and nobody read what became of them.
    """

    decision: Decision
    outcomes: tuple[Outcome, ...]
    unknown: tuple[Intent, ...]
    rest: Verb | None
    untold: bool


class _DecisionLine(Struct, frozen=True, tag_field="kind", tag="decision"):
    """``fields`` is the verb itself; ``process`` the program that carries it out."""

    id: str
    at: datetime
    server: str
    verb: str
    label: str
    fields: msgspec.Raw
    process: int


class _IntentLine(Struct, frozen=True, tag_field="kind", tag="intent"):
    """``body`` is what was sent, byte for byte; ``fields`` is the verb itself, to judge its outcome later."""

    id: str
    at: datetime
    server: str
    verb: str
    label: str
    endpoint: str
    body: msgspec.Raw
    fields: msgspec.Raw
    versions: tuple[tuple[Ref, int], ...]
    decision: str = ""
    process: int = 0


class _Item(Struct, frozen=True, array_like=True):
    """The outcome of one item."""

    ref: Ref
    status: Status
    text: str


class _OutcomeLine(Struct, frozen=True, tag_field="kind", tag="outcome"):
    """The outcomes of a call, or of what was not sent of a decision, by its ``id``."""

    id: str
    at: datetime
    items: tuple[_Item, ...]


class _DifferencesLine(Struct, frozen=True, tag_field="kind", tag="differences"):
    """What came out otherwise than was shown before, of a decision by its ``id``."""

    id: str
    at: datetime
    items: tuple[tuple[Ref, str], ...]


_Line = _DecisionLine | _IntentLine | _OutcomeLine | _DifferencesLine


class Journal:
    """The decisions of this machine. ``path`` None keeps them in memory only.

    Raises:
        OSError: the file cannot be made, read or written; nothing may be sent then.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._memory: list[bytes] = []
        self._descriptor: int | None = None
        self._torn = False
        """Whether the last line was cut off by a full disk: the next one begins a line of its own."""
        self._alone = True
        """Whether no other program used the file when it was opened."""
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_APPEND | os.O_CREAT | os.O_RDWR, _MODE)
            os.fchmod(self._descriptor, _MODE)
            _end_torn_line(self._descriptor)
            self._alone = _is_alone(self._descriptor)

    def decide(self, decision: Decision) -> None:
        """Write a decision of several calls; when this returns it is on disk."""
        self._append(
            _DecisionLine(
                id=decision.id,
                at=decision.at,
                server=decision.server,
                verb=decision.verb.name,
                label=decision.verb.label,
                fields=msgspec.Raw(codec.encode(decision.verb)),
                process=os.getpid(),
            )
        )

    def intend(self, intent: Intent, request: Request[Any]) -> None:
        """Write an intent and the request that carries it out; when this returns it is on disk."""
        self._append(
            _IntentLine(
                id=intent.id,
                at=intent.at,
                server=intent.server,
                verb=intent.verb.name,
                label=intent.sentence or intent.verb.label,
                endpoint=f"{request.operation.method} {request.target}",
                body=msgspec.Raw(request.content or b"null"),
                fields=msgspec.Raw(codec.encode(intent.verb)),
                versions=tuple(intent.versions.items()),
                decision=intent.decision,
                process=os.getpid(),
            )
        )

    def conclude(self, id: str, at: datetime, outcomes: Iterable[Outcome]) -> None:
        """Write the outcome of an intent; it stays open while any of its items is unknown.

        Those of a decision of several calls are the outcomes of what was not sent: the rest was told with it.
        """
        items = tuple(_Item(each.ref, each.status, each.reason or each.note) for each in outcomes)
        self._append(_OutcomeLine(id=id, at=at, items=items))

    def differ(self, id: str, at: datetime, differences: Iterable[Difference]) -> None:
        """Write what of a decision came out otherwise than was shown before it was sent."""
        items = tuple((each.ref, each.text) for each in differences)
        self._append(_DifferencesLine(id=id, at=at, items=items))

    def open_decisions(self, server: str | None = None) -> tuple[OpenDecision, ...]:
        """Return the decisions that are not told whole, oldest first; those on ``server`` if it is named.

        Left out are lines that cannot be read (one torn by a crash, a verb of another version), and the
        decisions of another program that is running: it will tell them itself.
        """
        records: dict[str, _Record] = {}
        calls: dict[str, _Call] = {}
        for text in self._read():
            line = _line(text)
            if isinstance(line, _DecisionLine):
                records[line.id] = _Record(line)
            elif isinstance(line, _IntentLine) and line.id not in calls:
                record = records.setdefault(line.decision or line.id, _Record(line))
                calls[line.id] = record.call(line)
            elif isinstance(line, _OutcomeLine) and line.id in calls:
                calls[line.id].conclude(line.items)
            elif isinstance(line, _OutcomeLine) and line.id in records:
                records[line.id].told = True
        found = (
            record.read()
            for record in records.values()
            if server in (None, record.line.server) and not self._is_of_another(record.line)
        )
        return tuple(each for each in found if each is not None and (each.unknown or each.rest is not None))

    def open_intents(self, server: str | None = None) -> tuple[Intent, ...]:
        """Return the calls of unknown outcome, oldest first; those on ``server`` if it is named."""
        return tuple(intent for each in self.open_decisions(server) for intent in each.unknown)

    def _is_of_another(self, line: _DecisionLine | _IntentLine) -> bool:
        return not self._alone and _is_running(line.process)

    def close(self) -> None:
        """Close the file; nothing can be written afterwards."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: _Line) -> None:
        text = codec.encode(line) + b"\n"
        with self._lock:
            if self.path is None:
                self._memory.append(text)
                return
            if self._descriptor is None:
                raise OSError("it is closed")
            text = b"\n" * self._torn + text
            written = os.write(self._descriptor, text)
            self._torn = written < len(text) if written else self._torn
            if written != len(text):
                raise OSError("the disk is full")
            os.fsync(self._descriptor)

    def _read(self) -> Iterable[bytes]:
        return tuple(self._memory) if self.path is None else self.path.read_bytes().splitlines()


class _Call:
    """What the journal says of one call."""

    def __init__(self, line: _IntentLine) -> None:
        self.line = line
        self.concluded: dict[Ref, _Item] = {}
        self.unknown: frozenset[Ref] | None = None
        """The items of unknown outcome: none when it is over, None when it has no outcome."""

    def conclude(self, items: Iterable[_Item]) -> None:
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
                reason, note = ("", item.text) if item.status is Status.DONE else (item.text, "")
                yield Outcome(ref, item.status, reason=reason, note=note)


class _Record:
    """What the journal says of one decision: its own line, or that of its only call."""

    def __init__(self, line: _DecisionLine | _IntentLine) -> None:
        self.line = line
        self.told = False
        """Whether somebody read what became of it."""
        self._calls: list[_Call] = []

    def call(self, line: _IntentLine) -> _Call:
        """Add a call, and return it."""
        self._calls.append(_Call(line))
        return self._calls[-1]

    def read(self) -> OpenDecision | None:
        """Return the decision as it stands; None when it is over, or cannot be read by this version."""
        untold = isinstance(self.line, _DecisionLine) and not self.told
        if not untold and not any(call.is_open for call in self._calls):
            return None
        verb = _verb(self.line)
        verbs = [_verb(call.line) for call in self._calls]
        known = [(call, own) for call, own in zip(self._calls, verbs, strict=True) if own is not None]
        if verb is None or len(known) < len(verbs):
            return None
        return OpenDecision(
            Decision(self.line.id, self.line.at, self.line.server, verb),
            tuple(outcome for call, own in known for outcome in call.outcomes(own)),
            tuple(_intent(call, own) for call, own in known if call.is_open),
            self._rest(verb, known) if untold else None,
            untold,
        )

    def _rest(self, verb: Verb, known: Iterable[tuple[_Call, Verb]]) -> Verb | None:
        kept = [own for call, own in known if not call.left]
        rest = verb.of_calls([*kept, verb.after([own for _, own in known])])
        return rest if rest.count else None


_DECODER: Final = msgspec.json.Decoder(_Line)


def _line(text: bytes) -> _Line | None:
    try:
        line: _Line = _DECODER.decode(text)
        return line
    except msgspec.DecodeError:
        return None


def _intent(call: _Call, verb: Verb) -> Intent:
    line = call.line
    versions = dict(line.versions)
    return Intent(line.id, line.at, line.server, verb, versions, call.unknown, line.decision)


def _verb(line: _DecisionLine | _IntentLine) -> Verb | None:
    """Return the verb of a line, or None when it is unknown to this version."""
    from tui.service.verbs import VERBS

    kind = VERBS.get(line.verb)
    if kind is None:
        return None
    try:
        return msgspec.json.decode(line.fields, type=kind)
    except msgspec.DecodeError:
        return None


def _is_alone(descriptor: int) -> bool:
    """Hold a shared lock as long as the file is open; return whether nobody else holds one."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = True
    except OSError:
        alone = False
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return alone


def _is_running(process: int) -> bool:
    """Return whether ``process`` is another program of this user that is running."""
    if process in (0, os.getpid()):
        return False
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def _end_torn_line(descriptor: int) -> None:
    """Begin a new line when a crash cut off the last one."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")
