"""Sends the user's decisions, once each, and finds out what came of them.

A call is sent once (:mod:`tui.service.writes.call_sender`), and never again unless the user asks. An unknown
outcome is read back (:mod:`tui.service.writes.read_back`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from tui.api.errors import ApiError, NotSent, Unauthenticated
from tui.service.ids import new_id
from tui.service.journal.decisions import DOUBTFUL, Decision, Intent, OpenDecision, UnreadDecision
from tui.service.journal.journal import Journal
from tui.service.journal.opening import JournalOpening
from tui.service.outcomes import Difference, Outcome, Report, Status
from tui.service.sentence import wording, wording_later
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.verbs import Verb, Verdict
from tui.service.writes.call_sender import CallSender, SendingDesk
from tui.service.writes.dispatch import STOPPED, Dispatch
from tui.service.writes.lost_updates import overtaken_items
from tui.service.writes.read_back import ReadableDesk, ReadBack
from tui.service.writes.unknown_calls import (
    LOOK_ADVICE,
    UnknownCall,
    confirmed_outcome,
    not_resent,
    still_unread,
)

T = TypeVar("T")

Compare = Callable[[Report, bool], Awaitable[tuple[Difference, ...]]]
"""Returns what of a report differs from what was shown before it was sent."""
CLOSED: Final = "the program was closed before it was sent"
CUT_SHORT: Final = "the program ended before it was sent"


class _Calls(Struct):
    """A decision so far: its outcomes, what of it is unknown and not sent, the server's request id."""

    outcomes: list[Outcome] = field(default_factory=list)
    unknown: list[UnknownCall] = field(default_factory=list)
    not_sent: list[Verb] = field(default_factory=list)
    request_id: str = ""


class WritableDesk(ReadableDesk, SendingDesk, Protocol):
    """The desk a writer writes for: it is read back, and hears of answers and failures."""

    def fold_answers(self, outcomes: Iterable[Outcome]) -> None:
        """Show the entities the server answered a write with."""

    def notify_listeners(self) -> None:
        """Notify its listeners that the marks of rows changed."""


class Writer:
    """Carries out the verbs of one desk.

    Args:
        desk: is written for, and read back.
        journal: takes every decision, call and outcome.
        now: this machine's clock, aware UTC.
        pause: waits between two reads of an unknown outcome, in seconds.
        opening: what the journal told when it was opened; without it, it is read here.
    """

    def __init__(
        self,
        desk: WritableDesk,
        journal: Journal,
        *,
        now: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]],
        opening: JournalOpening | None = None,
    ) -> None:
        self._desk = desk
        self._sender = CallSender(desk, journal, now)
        self._journal = journal
        self._now = now
        self._marks: dict[Ref, str] = {}
        self._read_back = ReadBack(desk, self._sender.conclude, pause)
        self._underway: list[Dispatch] = []
        self._rests: dict[str, Verb] = {}
        """What was not sent of decisions, by their ids, until somebody was told."""
        self._untold: set[str] = set()
        """The decisions of several calls whose report is to be read, because not all of it is done."""
        self.opening = opening or journal.opening(self._sender.server)
        """What the journal told when it was opened."""
        self._unread = self.opening.unread
        self._interrupted = {each.decision.id: each for each in self.opening.decisions}
        """The decisions that an earlier run of the program told nobody of."""
        for each in self._interrupted.values():
            for intent in each.unknown:
                call = UnknownCall(intent, intent.unknown or frozenset(intent.verb.refs))
                self._read_back.add(call)
                self._marks.update(call.verb.marks(desk.snapshot))

    @property
    def marks(self) -> Mapping[Ref, str]:
        """The intents of rows with a write in flight or of unknown outcome."""
        return MappingProxyType(self._marks)

    @property
    def sending(self) -> int:
        """The number of rows that wait for the answer of a write in flight."""
        return len(self._marks.keys() - self._read_back.marks().keys())

    @property
    def unknown_calls(self) -> tuple[UnknownCall, ...]:
        """The calls of unknown outcome, oldest first."""
        return self._read_back.calls

    @property
    def unresolved(self) -> tuple[Ref, ...]:
        """The rows of unknown outcome that are not being read back, oldest first."""
        return tuple(ref for call in self._read_back.unattended() for ref in call.verb.refs)

    def unknown_in_words(self) -> tuple[str, ...]:
        """Return the calls of unknown outcome that are not being read back, a sentence each."""
        return tuple(wording(call.verb, self._desk.snapshot).asked for call in self._read_back.unattended())

    @property
    def unread(self) -> tuple[UnreadDecision, ...]:
        """The decisions of earlier runs that this version of the program cannot read back."""
        return self._unread

    @property
    def underway(self) -> tuple[Dispatch, ...]:
        """The decisions that are being sent, oldest first."""
        return tuple(self._underway)

    @property
    def is_news(self) -> bool:
        """Return whether :meth:`recheck` may have something to tell."""
        return bool(self._interrupted or self._read_back.calls)

    def close(self) -> None:
        """Read nothing back any more, and send no further call: the next start tells what was not sent."""
        self._read_back.closing = True

    def conflicts(self, verb: Verb) -> tuple[Ref, ...]:
        """Return the rows of ``verb`` that already have a write in flight or of unknown outcome."""
        return tuple(ref for ref in verb.marks(self._desk.snapshot) if ref in self._marks)

    # --- sending -------------------------------------------------------------------------------

    async def act(
        self,
        verb: Verb,
        dispatch: Dispatch | None = None,
        compare: Compare | None = None,
        *,
        decision_id: str = "",
    ) -> Report:
        """Send ``verb``, call by call, and report on every item.

        ``dispatch`` shows how far it is and may stop it between calls; ``compare`` returns what of its
        report differs from what was shown before; it is told whether the rows could be read back. The journal
        keeps it under ``decision_id``, which must be new, or else under an id of its own.
        """
        decision = self._sender.decision(verb, decision_id or new_id())
        dispatch = dispatch or Dispatch(verb)
        marks = dict(await _beside(dispatch, verb.marks, self._desk.snapshot))
        busy = () if verb.emergency else tuple(ref for ref in marks if ref in self._marks)
        if busy:
            refused = verb.all(
                Status.REFUSED, reason=_busy_reason(busy), type="InFlight", advice=_BUSY_ADVICE
            )
            return self._report(decision, refused, decision.at)
        self._set_marks(marks)
        self._underway.append(dispatch)
        try:
            calls = await self._send_calls(decision, dispatch)
            seen = await self._desk.reread(await _beside(dispatch, verb.touched, self._desk.snapshot))
            outcomes = await self._read_back.until_known(calls.unknown, calls.outcomes)
            if seen:
                now = self._desk.snapshot
                outcomes = [verb.after_reading(each, now) for each in outcomes]
        finally:
            self._underway.remove(dispatch)
            dispatch.end()
            self._set_marks(self._read_back.marks(), without=marks)
        if calls.not_sent:
            self._rests[decision.id] = verb.of_calls(calls.not_sent)
        if dispatch.calls > 1 and (calls.not_sent or calls.unknown):
            self._untold.add(decision.id)
        report = await _beside(
            dispatch,
            lambda _: self._report(decision, outcomes, decision.at, calls.request_id),
            self._desk.snapshot,
        )
        return report if compare is None else await self._compared(report, compare, seen)

    async def _send_calls(self, decision: Decision, dispatch: Dispatch) -> _Calls:
        """Send the calls of a decision, and fold in their answers; after a halt the rest is not sent."""
        calls = _Calls()
        several = dispatch.calls > 1
        halt = await self._sender.decide(decision) if several else None
        if decision.verb.emergency:
            halt = None  # each of its calls says that it is not journalled
        for part in dispatch.parts:
            if halt is None and dispatch.stopped:
                halt = NotSent(STOPPED, advice="")
            elif halt is None and self._read_back.closing:
                halt = NotSent(CLOSED, advice="")
            overtaken = {} if halt is not None else await overtaken_items(part, self._desk)
            current = part.only(frozenset(part.refs) - overtaken.keys()) if overtaken else part
            if halt is not None:
                outcomes = tuple(replace(each, status=Status.NOT_SENT) for each in part.failed(halt))
            elif current.count:
                id, of = (new_id(), decision.id) if several else (decision.id, "")
                make = partial(self._sender.intent, current, id, of)
                intent = await _beside(dispatch, make, self._desk.snapshot)
                sent = await self._sender.send(intent)
                outcomes = sent.outcomes
                self._desk.fold_answers(outcomes)
                halt = sent.halt if _ends(verb=part, halt=sent.halt) else None
                calls.unknown += self._unknown_of(intent, outcomes)
                calls.request_id = calls.request_id or sent.request_id or intent.id
            else:
                outcomes = ()
            outcomes += tuple(overtaken.values())
            calls.outcomes += outcomes
            not_sent = frozenset(each.ref for each in outcomes if each.status is Status.NOT_SENT)
            if not_sent:
                calls.not_sent.append(part.only(not_sent))
            dispatch.add(outcomes)
        return calls

    async def _compared(self, report: Report, compare: Compare, seen: bool) -> Report:
        """Return a report with what came out otherwise than was shown, and journal that."""
        differences = await compare(report, seen)
        if differences:
            with suppress(OSError):
                await asyncio.to_thread(self._journal.differ, report.decision, self._now(), differences)
        return replace(report, differences=differences)

    def _unknown_of(self, intent: Intent, outcomes: Iterable[Outcome]) -> list[UnknownCall]:
        """Return the call as one of unknown outcome, if any of its items is unknown."""
        unknown = frozenset(each.ref for each in outcomes if each.status is Status.UNKNOWN)
        return [UnknownCall(intent, unknown)] if unknown else []

    # --- unknown outcomes ----------------------------------------------------------------------

    async def recheck(self) -> tuple[Report, ...]:
        """Read every unknown outcome back once more; return a report of each decision with news.

        A decision that an earlier run told nobody of is reported whole, what was not sent included.
        """
        started = self._now()
        found: dict[str, dict[Ref, Outcome]] = {}
        decisions: dict[str, Decision] = {}
        for call in self._read_back.unattended():
            marks = call.verb.marks(self._desk.snapshot)
            known = await self._read_back.judge(call, final=True)
            if known:
                decision = _decision_of(call.intent)
                decisions[decision.id] = decision
                found.setdefault(decision.id, {}).update(known)
                self._set_marks(self._read_back.marks(), without=marks)
        reports = []
        for id, each in tuple(self._interrupted.items()):
            known = found.pop(id, {})
            if known or each.untold:
                outcomes = self._told_late(each, known)
                reports.append(await self._found(each.decision, outcomes, started))
                del self._interrupted[id]
        for id, known in found.items():
            reports.append(await self._found(decisions[id], known.values(), started))
        return tuple(reports)

    def _told_late(self, interrupted: OpenDecision, known: Mapping[Ref, Outcome]) -> list[Outcome]:
        """Return the outcomes of a decision that was cut short, of all its items in the order asked."""
        rest = interrupted.rest
        if interrupted.untold:
            self._untold.add(interrupted.decision.id)
        outcomes = {each.ref: each for each in interrupted.outcomes}
        outcomes |= {
            ref: still_unread(ref)
            for intent in interrupted.unknown
            for ref in intent.verb.refs
            if ref not in outcomes
        }
        outcomes |= known
        if rest is not None and interrupted.doubtful:
            outcomes |= {
                each.ref: each
                for each in rest.all(Status.UNKNOWN, reason=DOUBTFUL, type="Doubtful", advice=LOOK_ADVICE)
            }
        elif rest is not None:
            self._rests[interrupted.decision.id] = rest
            outcomes |= {
                each.ref: each for each in rest.all(Status.NOT_SENT, reason=CUT_SHORT, type="CutShort")
            }
        return [outcomes[ref] for ref in interrupted.decision.verb.refs if ref in outcomes]

    async def _found(self, decision: Decision, outcomes: Iterable[Outcome], started: datetime) -> Report:
        """Return the report of what was found out of a decision some time after it was asked for."""
        report = self._report(decision, outcomes, started)
        snapshot, done = self._desk.snapshot, {each.ref for each in report.done}
        asked_at = snapshot.time_in_words(decision.at)
        said = await asyncio.to_thread(wording_later, decision.verb, snapshot, done, asked_at)
        return replace(report, label=f"{report.label}, asked {asked_at}", wording=said)

    def _report(
        self, decision: Decision, outcomes: Iterable[Outcome], started: datetime, request_id: str = ""
    ) -> Report:
        report = decision.verb.report(outcomes, started, self._now(), request_id)
        return replace(report, home=self._desk.snapshot.home, decision=decision.id)

    def rest(self, decision: str) -> Verb | None:
        """Return what was not sent of a decision, as a decision to preview anew; None when all was."""
        return self._rests.get(decision)

    async def told(self, report: Report) -> None:
        """Hear that somebody read a report: what it says is not told again."""
        self._rests.pop(report.decision, None)
        if report.decision in self._untold:
            self._untold.remove(report.decision)
            await self._sender.conclude(report.decision, report.not_sent)

    async def resend(self, refs: Collection[Ref]) -> tuple[Report, ...]:
        """Send again what is still unknown of ``refs`` after one more read, with the same ids.

        A call of which nothing is known goes out under its old Idempotency-Key, so that a server that keeps
        them does it once. An item that cannot be read first is not sent, and an item not sent now is as
        unknown as before. Returns a report of each decision, none when nothing is unknown.
        """
        started = self._now()
        decisions: dict[str, tuple[Decision, list[Outcome]]] = {}
        for call in self._read_back.unattended():
            if not call.refs & frozenset(refs):
                continue
            decision = _decision_of(call.intent)
            _, outcomes = decisions.setdefault(decision.id, (decision, []))
            marks = call.verb.marks(self._desk.snapshot)
            known = await self._read_back.judge(call, final=True)
            if known is None:
                outcomes += not_resent(call, "it could not be read back first")
                continue
            outcomes += known.values()
            left = self._read_back.take(call)
            if left is not None:
                outcomes += await self._resend_call(left)
            self._set_marks(self._read_back.marks(), without=marks)
        return tuple([await self._found(*each, started) for each in decisions.values()])

    async def _resend_call(self, call: UnknownCall) -> list[Outcome]:
        intent = call.intent
        whole = call.refs == frozenset(intent.verb.refs)
        if not whole:
            of = _decision_of(call.intent).id
            intent = self._sender.intent(call.verb, new_id(), of, self._desk.snapshot)
        sent = await self._sender.send(intent, resent=whole)
        if not sent.sent:
            self._read_back.add(call)
            return not_resent(call, sent.outcomes[0].reason)
        if not whole:
            await self._sender.conclude(call.intent.id, ())
        self._desk.fold_answers(sent.outcomes)
        await self._desk.reread(intent.verb.touched(self._desk.snapshot))
        outcomes = [self._unless_done_before(call, each) for each in sent.outcomes]
        return await self._read_back.until_known(self._unknown_of(intent, outcomes), outcomes)

    def _unless_done_before(self, call: UnknownCall, outcome: Outcome) -> Outcome:
        """Return an outcome as done when it was refused because the first try had happened."""
        if outcome.status is not Status.REFUSED:
            return outcome
        snapshot = self._desk.snapshot
        happened = call.verb.judge(outcome.ref, call.intent.versions, snapshot) is Verdict.APPLIED
        return confirmed_outcome(call.verb, outcome.ref, snapshot) if happened else outcome

    async def dismiss(self) -> None:
        """Forget every unknown outcome: the user found out by other means."""
        for each in self._unread:
            await self._sender.conclude(each.id, ())
        self._unread = ()
        for call in self._read_back.unattended():
            self._read_back.take(call)
            await self._sender.conclude(call.intent.id, ())
            self._set_marks(self._read_back.marks(), without=call.verb.marks(self._desk.snapshot))

    # --- marks and reports ---------------------------------------------------------------------

    def _set_marks(self, marks: Mapping[Ref, str], without: Iterable[Ref] = ()) -> None:
        """Remove marks, set others, and tell that they changed."""
        gone = [self._marks.pop(ref, None) for ref in without]
        self._marks.update(marks)
        if marks or any(gone):
            self._desk.notify_listeners()


_BUSY_ADVICE: Final = "Wait for its outcome; if that is unknown, check it again first."


def _busy_reason(refs: Collection[Ref]) -> str:
    names = ", ".join(str(ref) for ref in list(refs)[:3])
    more = f" and {len(refs) - 3} more" if len(refs) > 3 else ""
    return f"An earlier write on {names}{more} has no outcome yet."


async def _beside(dispatch: Dispatch, work: Callable[[Snapshot], T], snapshot: Snapshot) -> T:
    """Return what comes of ``work``, done in another thread when it is about the rows of several calls."""
    return work(snapshot) if dispatch.calls == 1 else await asyncio.to_thread(work, snapshot)


def _ends(*, verb: Verb, halt: ApiError | None) -> bool:
    """Return whether no further call is tried: in an emergency only when nobody is signed on."""
    return isinstance(halt, Unauthenticated) or (halt is not None and not verb.emergency)


def _decision_of(intent: Intent) -> Decision:
    """Return the decision of a call, as far as the call itself says."""
    return Decision(intent.decision or intent.id, intent.at, intent.server, intent.verb)
