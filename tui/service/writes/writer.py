"""Sends the user's decisions, once each, and finds out what came of them.

A call is written to the journal before it leaves, sent once, and never again unless the user asks. An
unknown outcome is read back (:mod:`tui.service.writes.read_back`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from tui.api.errors import ApiError, NotSent, Refused, Unauthenticated
from tui.api.http_request import Request
from tui.api.urls import without_credentials
from tui.service.ids import new_id
from tui.service.outcomes import Outcome, Report, Status
from tui.service.snapshot.snapshot import Ref
from tui.service.verbs import Verb, Verdict
from tui.service.verbs.verb import ItemisedReply, versions_of
from tui.service.writes.journal import Intent, Journal
from tui.service.writes.read_back import ReadableDesk, ReadBack
from tui.service.writes.unknown_calls import (
    UnknownCall,
    confirmed_outcome,
    not_resent,
    still_running,
)


class NotJournalled(NotSent):
    """A write that could not be written to the journal, so that it was not sent."""

    advice = "Free the disk."


class _Sent(Struct, frozen=True):
    """The result of one call: its outcomes, the server's request id, and why nothing more should be sent."""

    outcomes: tuple[Outcome, ...]
    request_id: str = ""
    halt: ApiError | None = None
    sent: bool = True


class WritableDesk(ReadableDesk, Protocol):
    """The desk a writer writes for: it is read back, and hears of answers and failures."""

    def fold_answers(self, outcomes: Iterable[Outcome]) -> None:
        """Show the entities the server answered a write with."""

    def on_write_failed(self, error: ApiError) -> str:
        """Hear of a call that failed as a whole; return what the user can do about it."""

    def on_marks_changed(self, refs: frozenset[Ref]) -> None:
        """Hear that the marks of rows changed."""


class Writer:
    """Carries out the verbs of one desk."""

    def __init__(
        self,
        desk: WritableDesk,
        journal: Journal,
        *,
        now: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._desk = desk
        self._client = desk.client
        self._server = without_credentials(desk.client.http.base_url)
        self._journal = journal
        self._now = now
        self._marks: dict[Ref, str] = {}
        self._read_back = ReadBack(desk, self._conclude, pause)
        for intent in journal.open_intents(self._server):
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

    def close(self) -> None:
        """Read nothing back any more."""
        self._read_back.closing = True

    def conflicts(self, verb: Verb) -> tuple[Ref, ...]:
        """Return the rows of ``verb`` that already have a write in flight or of unknown outcome."""
        return tuple(ref for ref in verb.marks(self._desk.snapshot) if ref in self._marks)

    # --- sending -------------------------------------------------------------------------------

    async def act(self, verb: Verb) -> Report:
        """Send ``verb``, call by call, and report on every item."""
        started = self._now()
        busy = self.conflicts(verb)
        if busy:
            return verb.report(
                _refused(verb, _busy_reason(busy), "InFlight", _BUSY_ADVICE), started, self._now()
            )
        marks = dict(verb.marks(self._desk.snapshot))
        self._set_marks(marks)
        outcomes: list[Outcome] = []
        unknown: list[UnknownCall] = []
        request_id = ""
        try:
            halt: ApiError | None = None
            for part in verb.split():
                if halt is not None:
                    outcomes += part.failed(halt)
                    continue
                intent = self._intent(part)
                sent = await self._call(intent)
                halt = sent.halt
                outcomes += sent.outcomes
                request_id = request_id or sent.request_id or intent.id
                unknown += self._unknown_of(intent, sent.outcomes)
            self._desk.fold_answers(outcomes)
            await self._desk.reread(verb.touched(self._desk.snapshot))
            outcomes = await self._read_back.until_known(unknown, outcomes)
        finally:
            self._set_marks(self._read_back.marks(), without=marks)
        return verb.report(outcomes, started, self._now(), request_id)

    def _intent(self, part: Verb) -> Intent:
        snapshot = self._desk.snapshot
        versions = versions_of(snapshot, part.touched(snapshot))
        return Intent(new_id(), self._now(), self._server, part, versions)

    def _unknown_of(self, intent: Intent, outcomes: Iterable[Outcome]) -> list[UnknownCall]:
        """Return the call as one of unknown outcome, if any of its items is unknown."""
        unknown = frozenset(each.ref for each in outcomes if each.status is Status.UNKNOWN)
        return [UnknownCall(intent, unknown)] if unknown else []

    async def _call(self, intent: Intent, *, resent: bool = False) -> _Sent:
        """Journal and send one call; ``resent`` says that it goes out under the key of an earlier try."""
        verb = intent.verb
        try:
            request = verb.build(self._client, intent.id)
            await self._write_down(intent, request)
        except NotSent as error:
            return _Sent(verb.failed(error), sent=False)
        try:
            outcomes = verb.outcomes(await self._exchange(intent, request))
            sent = _Sent(outcomes, next(filter(None, (_request_of(each.entity) for each in outcomes)), ""))
        except ApiError as error:
            advice = self._desk.on_write_failed(error)
            outcomes = verb.failed(still_running(error) if resent else error)
            if isinstance(error, Unauthenticated):
                outcomes = tuple(replace(each, advice=advice) for each in outcomes)
            halt = error if isinstance(error, (NotSent, Unauthenticated)) else None
            sent = _Sent(outcomes, error.request_id or "", halt, sent=halt is None)
        if sent.sent or not resent:
            await self._conclude(intent.id, sent.outcomes)
        return sent

    async def _exchange(self, intent: Intent, request: Request[Any]) -> ItemisedReply:
        """Send a journalled request, and once more in another form when the server refuses its form.

        Raises:
            ApiError: no answer, or a refusal of the whole call.
        """
        verb = intent.verb
        try:
            return verb.read(await self._client.send(request), request)
        except Refused as error:
            other = verb.build_again(self._client, intent.id, error)
            if other is None:
                raise
        await self._write_down(intent, other)
        return verb.read(await self._client.send(other), other)

    async def _write_down(self, intent: Intent, request: Request[Any]) -> None:
        """Journal a request that is about to be sent.

        Raises:
            NotJournalled: the disk does not take it.
        """
        try:
            await asyncio.to_thread(self._journal.intend, intent, request)
        except OSError as error:
            raise NotJournalled(
                f"The journal cannot take it ({error}), and nothing is sent without it."
            ) from error

    async def _conclude(self, id: str, outcomes: Collection[Outcome]) -> None:
        """Journal what came of a call; a journal that fails now only means that it is read back again."""
        try:
            await asyncio.to_thread(self._journal.conclude, id, self._now(), outcomes)
        except OSError:
            return

    # --- unknown outcomes ----------------------------------------------------------------------

    async def recheck(self) -> Report | None:
        """Read every unknown outcome back once more; return a report of those found out, None of none."""
        started = self._now()
        outcomes: list[Outcome] = []
        verbs: list[Verb] = []
        for call in self._read_back.unattended():
            marks = call.verb.marks(self._desk.snapshot)
            known = await self._read_back.judge(call, final=True)
            if known:
                outcomes += known.values()
                verbs.append(call.intent.verb)
                self._set_marks(self._read_back.marks(), without=marks)
        if not outcomes:
            return None
        return replace(verbs[0].report(outcomes, started, self._now()), label="Check what was unknown")

    async def resend(self, refs: Collection[Ref]) -> Report | None:
        """Send again what is still unknown of ``refs`` after one more read, with the same ids.

        A call of which nothing is known goes out under its old Idempotency-Key, so that a server that keeps
        them does it once. An item that cannot be read first is not sent, and an item not sent now is as
        unknown as before. Returns None when nothing is unknown.
        """
        started = self._now()
        outcomes: list[Outcome] = []
        verb: Verb | None = None
        for call in self._read_back.unattended():
            if not call.refs & frozenset(refs):
                continue
            verb = call.intent.verb
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
        return None if verb is None else verb.report(outcomes, started, self._now())

    async def _resend_call(self, call: UnknownCall) -> list[Outcome]:
        intent = call.intent
        whole = call.refs == frozenset(intent.verb.refs)
        if not whole:
            intent = self._intent(call.verb)
        sent = await self._call(intent, resent=whole)
        if not sent.sent:
            self._read_back.add(call)
            return not_resent(call, sent.outcomes[0].reason)
        if not whole:
            await self._conclude(call.intent.id, ())
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
        for call in self._read_back.unattended():
            self._read_back.take(call)
            await self._conclude(call.intent.id, ())
            self._set_marks(self._read_back.marks(), without=call.verb.marks(self._desk.snapshot))

    # --- marks and reports ---------------------------------------------------------------------

    def _set_marks(self, marks: Mapping[Ref, str], without: Iterable[Ref] = ()) -> None:
        """Remove marks, set others, and report the rows that differ."""
        before = dict(self._marks)
        for ref in without:
            self._marks.pop(ref, None)
        self._marks.update(marks)
        refs = before.keys() | self._marks.keys()
        changed = frozenset(ref for ref in refs if before.get(ref) != self._marks.get(ref))
        if changed:
            self._desk.on_marks_changed(changed)


_BUSY_ADVICE: Final = "Wait for its outcome; if that is unknown, check it again first."


def _busy_reason(refs: Collection[Ref]) -> str:
    names = ", ".join(str(ref) for ref in list(refs)[:3])
    more = f" and {len(refs) - 3} more" if len(refs) > 3 else ""
    return f"An earlier write on {names}{more} has no outcome yet."


def _refused(verb: Verb, reason: str, type: str, advice: str) -> tuple[Outcome, ...]:
    return tuple(Outcome(ref, Status.REFUSED, reason=reason, type=type, advice=advice) for ref in verb.refs)


def _request_of(entity: Any) -> str:
    version = getattr(entity, "version", None)
    return (version.request_id_modified or "") if version is not None else ""
