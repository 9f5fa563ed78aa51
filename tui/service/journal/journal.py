"""The journal of one server: each decision before its first call is sent, each call, and each outcome.

JSON lines, only appended, each flushed to disk before the request is sent, in a file only its owner can
read; several programs share it. A decision of several calls is written whole before the first of them; one
of a single call is its call's intent. What has no conclusive outcome is open: after a crash it is read back,
never resent.

A name that only one decision may have (a key of a script, the code of a plan) is claimed here, before
anything is sent: :meth:`Journal.claim`. What became of a claim is found by the id of its decision.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from tui.api import codec
from tui.api.sanitize import escaped_json
from tui.service.journal.append_log import START, AppendLog, LoggedLine, LogPosition, MemoryLog
from tui.service.journal.chain_check import ChainCheck, JournalFault
from tui.service.journal.decisions import (
    Decision,
    DecisionRecords,
    DecisionState,
    Intent,
    OpenDecision,
    UnreadDecision,
    verb_of,
)
from tui.service.journal.file_log import FileLog
from tui.service.journal.lines import (
    ClaimLine,
    DecisionLine,
    DifferencesLine,
    IntentLine,
    JournalLine,
    OutcomeItem,
    OutcomeLine,
    PlanLine,
    SegmentLine,
    UnreadLine,
    raw,
    read_line,
)
from tui.service.journal.opening import JournalOpening
from tui.service.journal.program_runs import ProgramRuns, is_process
from tui.service.outcomes import Difference, Outcome
from tui.service.snapshot.snapshot import Ref

if TYPE_CHECKING:
    from tui.api.http_request import Request
    from tui.service.verbs import Verb


CLAIM: Final = b'"kind":"claim"'
FEW_IDS: Final = 20
"""Up to so many decisions are searched for in segments that ended; for more, all lines are read."""
KEEP_DAYS: Final = 365
"""The days that segments which ended are kept, unless the settings say otherwise."""
LONGEST: Final = 16 << 20
"""Bytes of a segment: a start reads one whole, in about 0.2 s."""


class Claim(Struct, frozen=True):
    """A name that belongs to a decision: what was asked under it, as a digest, and since when.

    It ``is_running`` while the program that claimed it lives.
    """

    name: str
    document: str
    decision: str
    at: datetime
    is_running: bool


class Plan(Struct, frozen=True):
    """What a dry run would send: ``code`` confirms it, ``versions`` are those of the rows it was made from.

    ``document`` is the digest of what was asked. The verb holds the ids that will be sent.
    """

    code: str
    at: datetime
    server: str
    environment: str
    user: str
    document: str
    verb: Verb
    versions: Mapping[Ref, int]


class Journal:
    """The decisions of this machine. ``path`` None keeps them in memory only, ``keep_days`` is for files.

    Raises:
        OSError: the file cannot be made, read or written; nothing may be sent then.
    """

    def __init__(self, path: Path | None = None, *, keep_days: int = KEEP_DAYS) -> None:
        self.path = path
        self._log: AppendLog
        self._runs = ProgramRuns(path and path.with_suffix(".runs"))
        self._beside_older_version = False
        """Whether a program of a version without runs had the file open when it was opened here."""
        if path is None:
            self._log = MemoryLog()
        else:
            self._log = file = FileLog(path, keep_days)
            self._beside_older_version = file.is_used_by_older_version()
        self._claims: dict[str, ClaimLine] = {}
        self._claims_read = START

    # --- writing -------------------------------------------------------------------------------------

    def decide(self, decision: Decision) -> None:
        """Write a decision of several calls; when this returns it is on disk."""
        with self._log.locked():
            self.add(
                DecisionLine(
                    id=decision.id,
                    at=decision.at,
                    server=decision.server,
                    environment=decision.environment,
                    user=decision.user,
                    verb=decision.verb.name,
                    label=decision.verb.label,
                    fields=raw(decision.verb),
                    process=os.getpid(),
                    run=self._runs.begin(),
                )
            )

    def intend(self, intent: Intent, request: Request[Any]) -> None:
        """Write an intent and the request that carries it out; when this returns it is on disk."""
        with self._log.locked():
            self.add(
                IntentLine(
                    id=intent.id,
                    at=intent.at,
                    server=intent.server,
                    environment=intent.environment,
                    user=intent.user,
                    verb=intent.verb.name,
                    label=intent.sentence or intent.verb.label,
                    endpoint=f"{request.operation.method} {request.target}",
                    body=msgspec.Raw(request.content or b"null"),
                    fields=raw(intent.verb),
                    versions=tuple(intent.versions.items()),
                    decision=intent.decision,
                    process=os.getpid(),
                    run=self._runs.begin(),
                )
            )

    def conclude(
        self, id: str, at: datetime, outcomes: Iterable[Outcome], *, answer: int = 0, request: str = ""
    ) -> None:
        """Write the outcome of an intent; it stays open while any of its items is unknown.

        Those of a decision of several calls are the outcomes of what was not sent: the rest was told with it.
        ``answer`` is the HTTP status of the answer that said so, ``request`` the server's id of the request.
        """
        items = tuple(OutcomeItem(each.ref, each.status, each.reason or each.note) for each in outcomes)
        self.add(OutcomeLine(id=id, at=at, items=items, answer=answer, request=request))

    def differ(self, id: str, at: datetime, differences: Iterable[Difference]) -> None:
        """Write what of a decision came out otherwise than was shown before it was sent."""
        self.add(DifferencesLine(id=id, at=at, items=tuple((each.ref, each.text) for each in differences)))

    def keep_plan(self, plan: Plan) -> None:
        """Write what a dry run would send."""
        self.add(
            PlanLine(
                id=plan.code,
                at=plan.at,
                server=plan.server,
                environment=plan.environment,
                user=plan.user,
                document=plan.document,
                verb=plan.verb.name,
                label=plan.verb.label,
                fields=raw(plan.verb),
                versions=tuple(plan.versions.items()),
            )
        )

    def claim(
        self, name: str, document: str, decision: str, at: datetime, *, instead: str = ""
    ) -> Claim | None:
        """Make ``name`` belong to ``decision``; return the claim that has it already, None when none has.

        Of several programs that claim a name at the same time, exactly one gets it: the rest get its claim.
        A claim that came to nothing can be taken over by naming its decision as ``instead``; again only one
        of several that try gets None.

        Raises:
            OSError: it cannot be written; nothing may be sent under the name.
        """
        with self._log.locked():
            self._read_claims()
            found = self._claims.get(name)
            if found is not None and found.id != instead:
                running = self._runs.is_running(found.run)
                return Claim(name, found.document, found.id, found.at, running)
            self.add(
                ClaimLine(
                    id=decision, at=at, name=name, document=document, instead=instead, run=self._runs.begin()
                )
            )
        return None

    def add(self, line: JournalLine) -> None:
        """Write a line of any kind; when this returns it is on disk."""
        self._log.append(escaped_json(codec.encode(line)))

    def locked(self) -> AbstractContextManager[None]:
        """Return a context in which no other program appends to the journal."""
        return self._log.locked()

    # --- segments ------------------------------------------------------------------------------------

    def tend(self, now: datetime) -> bool:
        """Begin a new segment on another day (UTC) or after a long one; return whether it did.

        What is open is carried over. Segments that ended are compressed, and removed once they are too old.
        While damage leaves in doubt what was sent, none begins. It takes a while: call it in a thread.

        Raises:
            OSError: the disk does not take it; nothing is lost.
        """
        if self._beside_older_version:
            return False
        with self._log.locked():
            start = self._log.latest_segment()
            carried = self._carried(start) if self._is_due(start, now) else None
            if carried is None:
                return False

            def begin(previous: bytes) -> bytes:
                return codec.encode(
                    SegmentLine(id=now.isoformat(), at=now, previous=previous.decode(), carried=len(carried))
                )

            self._log.begin_segment(begin, carried)
        self._log.tend()
        return True

    def _is_due(self, start: LogPosition, now: datetime) -> bool:
        """Return whether the segment has lines of its own, and is long or of another day."""
        first = next(iter(self._log.read(start)), None)
        if first is None:
            return False
        line = read_line(first.text)
        if isinstance(line, UnreadLine):
            return self._log.size > LONGEST
        carried = line.carried if isinstance(line, SegmentLine) else 0
        own = self._log.number - line.n - carried
        is_long = self._log.size > LONGEST and own > carried
        return (own > 0 or not line.v) and (is_long or line.at.date() != now.date())

    def _carried(self, start: LogPosition) -> list[bytes] | None:
        """Return the lines of what is open; None while it is in doubt what was sent."""
        records = DecisionRecords()
        decision_of: dict[str, str] = {}
        lines: list[tuple[str, bytes]] = []
        for each in self._log.read(start):
            line = read_line(each.text)
            records.add(line)
            if isinstance(line, IntentLine):
                decision_of[line.id] = line.decision or line.id
            envelope = line.envelope if isinstance(line, UnreadLine) else line
            if envelope is not None and not isinstance(
                line, ClaimLine
            ):  # claims are found wherever they stand
                lines.append((envelope.id, each.text))
        if self.missing_bytes:
            records.doubt()
        if any(record.doubtful for record in records.records.values()):
            return None
        kept = records.unread.keys() | {id for id, each in records.records.items() if each.is_open}
        return [text for id, text in lines if decision_of.get(id, id) in kept]

    def close(self) -> None:
        """Close the file; nothing can be written afterwards."""
        self._log.close()
        self._runs.close()

    # --- reading -------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.name if self.path else "memory"

    @property
    def missing_bytes(self) -> int:
        """The bytes that its file was longer once than it is now: its end was cut off."""
        return self._log.missing

    def log_lines(self) -> Iterator[LoggedLine]:
        """Yield all lines as they stand in the file, and where, oldest first."""
        return self._log.read()

    def texts(self) -> Iterator[bytes]:
        """Yield all lines as they stand in the file, oldest first."""
        return (line.text for line in self._log.read() if line.text)

    def lines(self) -> Iterator[JournalLine | UnreadLine]:
        """Yield all lines, oldest first."""
        return map(read_line, self.texts())

    def since(self, start: LogPosition) -> Iterator[LoggedLine]:
        """Yield the lines that stand behind ``start``, oldest first."""
        return self._log.read(start)

    def stamp(self) -> object:
        """Return what differs once a line was written; to ask for it costs a look at the file."""
        return self._log.stamp()

    def claimed(self, name: str) -> Claim | None:
        """Return the claim that has ``name``; None when none has."""
        with self._log.locked():
            self._read_claims()
            found = self._claims.get(name)
            if found is None:
                return None
            running = self._runs.is_running(found.run)
            return Claim(name, found.document, found.id, found.at, running)

    def find_plan(self, code: str) -> Plan | None:
        """Return the plan with this code, the latest if there are several; None when there is none."""
        return next(reversed(self.find_plans(code)), None)

    def find_plans(self, code: str) -> tuple[Plan, ...]:
        """Return the plans with this code that were kept together, the latest ones, in their order.

        Returns nothing where this version cannot read one of them.
        """
        lines = [
            line
            for line in map(read_line, self._holding(code))
            if isinstance(line, PlanLine) and line.id == code
        ]
        plans = []
        for line in lines:
            if line.at != lines[-1].at:
                continue
            verb = verb_of(line)
            if isinstance(verb, str):
                return ()
            plans.append(
                Plan(
                    line.id,
                    line.at,
                    line.server,
                    line.environment,
                    line.user,
                    line.document,
                    verb,
                    dict(line.versions),
                )
            )
        return tuple(plans)

    def decision(self, id: str) -> DecisionState | None:
        """Return what became of a decision; None when nothing of it was sent, or it cannot be read."""
        return self.decisions([id]).get(id)

    def decisions(self, ids: Collection[str]) -> Mapping[str, DecisionState]:
        """Return what became of decisions, by their ids: those of which something was, or may have been sent.

        The journal is read once for all of them.
        """
        wanted = set(ids)
        records = DecisionRecords()
        for line in self._lines_about(wanted):
            records.add(line)
        states = {
            id: record.state(self.is_being_sent(record.line))
            for id, record in records.records.items()
            if id in wanted
        }
        return {id: state for id, state in states.items() if state is not None}

    def open_decisions(self, server: str | None = None) -> tuple[OpenDecision, ...]:
        """Return the decisions that are not told whole, oldest first; those on ``server`` if it is named.

        Left out are the decisions of another program that is running: it will tell them itself.
        """
        return self.opening(server).decisions

    def opening(self, server: str | None = None) -> JournalOpening:
        """Return what earlier runs left open on ``server``, on any when it is not named, and what is damaged.

        A long journal takes a while: call it in a thread.
        """
        records, check = DecisionRecords(only_open=True), ChainCheck()
        faults = []
        for each in self._log.read(self._log.latest_segment()):
            line = read_line(each.text)
            records.add(line)
            faults.append(check.next(each, line))
        if self.missing_bytes:
            records.doubt()
            faults.append(check.end(self.missing_bytes))
        found = [
            record.read()
            for record in records.records.values()
            if server in (None, record.line.server) and not self._is_of_another(record.line)
        ]
        unread = [
            UnreadDecision(envelope.id, envelope.at, envelope.label, why)
            for envelope, why in records.unread.values()
            if server in (None, envelope.server) or not envelope.server
        ]
        return JournalOpening(
            tuple(each for each in found if isinstance(each, OpenDecision)),
            (*(each for each in found if isinstance(each, UnreadDecision)), *unread),
            tuple(fault for fault in faults if fault is not None),
        )

    def faults(self) -> tuple[JournalFault, ...]:
        """Return what is wrong with it, from its first line to its last; empty when it is whole."""
        check = ChainCheck()
        faults = [check.next(each, read_line(each.text)) for each in self._log.read()]
        faults.append(check.end(self.missing_bytes))
        return tuple(fault for fault in faults if fault is not None)

    def open_intents(self, server: str | None = None) -> tuple[Intent, ...]:
        """Return the calls of unknown outcome, oldest first; those on ``server`` if it is named."""
        return tuple(intent for each in self.open_decisions(server) for intent in each.unknown)

    def _is_of_another(self, line: DecisionLine | IntentLine) -> bool:
        if line.run:
            return self._runs.is_another(line.run)
        return self._beside_older_version and is_process(line.process)

    def is_being_sent(self, line: DecisionLine | IntentLine) -> bool:
        """Return whether the program that carries out a decision is running."""
        return self._runs.is_running(line.run) if line.run else self._is_of_another(line)

    def _lines_about(self, ids: Collection[str]) -> Iterator[JournalLine | UnreadLine]:
        """Yield the latest segment, where all that is open stands, and before it what ended of decisions.

        For few ids the lines about them are searched for; for many everything is read.
        """
        if len(ids) > FEW_IDS:
            yield from self.lines()
            return
        sought = {id.encode() for id in ids}
        found = [*map(read_line, self._log.ended_holding(sought))]
        calls = {line.id.encode() for line in found if isinstance(line, IntentLine)}
        yield from map(read_line, self._log.ended_holding(sought | calls) if found else ())
        yield from (read_line(each.text) for each in self._log.read(self._log.latest_segment()))

    def _read_claims(self) -> None:
        """Read the claims that were made since they were read last."""
        if self._claims_read == START:
            self._claims_read = self._log.latest_segment()
            for text in self._log.ended_holding([CLAIM]):
                self._take_claim(text)
        for each in self._log.read(self._claims_read):
            self._claims_read = each.after
            if CLAIM in each.text:
                self._take_claim(each.text)

    def _take_claim(self, text: bytes) -> None:
        line = read_line(text)
        if isinstance(line, ClaimLine):
            self._claims[line.name] = line

    def _holding(self, text: str) -> Iterator[bytes]:
        """Yield the lines that hold ``text``, oldest first."""
        sought = escaped_json(text.encode())
        yield from self._log.ended_holding([sought])
        yield from (each.text for each in self._log.read(self._log.latest_segment()) if sought in each.text)


__all__ = [
    "Claim",
    "Decision",
    "DecisionState",
    "Intent",
    "Journal",
    "OpenDecision",
    "Plan",
    "UnreadDecision",
]
