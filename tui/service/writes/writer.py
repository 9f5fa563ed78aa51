"""Sends the user's decisions, once each, and finds out what came of them.

The rule it keeps: a call is written to the journal before it leaves, sent once, and never again unless
the user asks; an outcome nobody knows is read back, and stays *unknown* until a read settles it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.client import Client
from tui.api.errors import ApiError, NoAnswer, NotSent, Refused, Unauthenticated
from tui.api.http_request import Request
from tui.api.urls import without_credentials
from tui.service.ids import new_id
from tui.service.outcomes import Outcome, Report, Status
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.verbs import Settlement, Verb
from tui.service.verbs.verb import ItemisedReply, Versions, versions_of
from tui.service.writes.journal import Intent, Journal

READ_BACK_S: Final = (0.5, 1, 2, 4, 8, 15)
"""When the outcome of a write nobody answered is looked for, in seconds after that is known."""
CONFIRMED: Final = "confirmed by reading back"
NOT_SEEN: Final = "not seen so far, which does not mean that it did not happen"
OVERTAKEN: Final = "somebody else changed it meanwhile, and what was asked for is not there"
CHECK_ADVICE: Final = "Check again, or send it again with the same ids."
KEPT_ADVICE: Final = "Check again, or send it again: this server does the same request only once."
TWICE_ADVICE: Final = "Check again; only send it again when you are sure that it did not happen."


class NotJournalled(NotSent):
    """A write that could not be written to the journal, so that it was not sent."""

    advice = "Free the disk."


class UnknownCall(Struct, frozen=True):
    """A call of which at least one item's outcome is unknown."""

    intent: Intent
    refs: frozenset[Ref]

    @property
    def verb(self) -> Verb:
        """What was asked of the items in doubt."""
        return self.intent.verb.only(self.refs)


class _Sent(Struct, frozen=True):
    """What one call gave: its outcomes, the server's name of it, and why nothing more should be sent."""

    outcomes: tuple[Outcome, ...]
    request_id: str = ""
    halt: ApiError | None = None
    sent: bool = True


class Writer:
    """Carries out verbs against ``client``; reads through ``reread``, looks at ``snapshot``.

    Args:
        told: is called whenever the marks of rows change.
        answered: is given the outcomes of every call, with the entities the server answered.
        failed: is given the error of every call that failed as a whole, and gives what to do about it.
    """

    def __init__(
        self,
        client: Client,
        journal: Journal,
        *,
        snapshot: Callable[[], Snapshot],
        reread: Callable[[Iterable[Ref]], Awaitable[bool]],
        answered: Callable[[Iterable[Outcome]], None],
        failed: Callable[[ApiError], str],
        told: Callable[[frozenset[Ref]], None],
        now: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._client = client
        self._server = without_credentials(client.http.base_url)
        self._journal = journal
        self._snapshot = snapshot
        self._reread = reread
        self._answered = answered
        self._failed = failed
        self._told = told
        self._now = now
        self._pause = pause
        self._marks: dict[Ref, str] = {}
        self._doubts: dict[str, UnknownCall] = {}
        self._watched: set[str] = set()
        self.closing = False
        for intent in journal.open_intents(self._server):
            doubt = UnknownCall(intent, intent.unknown or frozenset(intent.verb.refs))
            self._doubts[intent.id] = doubt
            self._marks.update(doubt.verb.marks(snapshot()))

    @property
    def marks(self) -> Mapping[Ref, str]:
        """The intents of rows with a write in flight or in doubt."""
        return MappingProxyType(self._marks)

    @property
    def sending(self) -> int:
        """How many rows wait for the answer of a write that is under way."""
        return len(self._marks.keys() - self._in_doubt().keys())

    @property
    def doubts(self) -> tuple[UnknownCall, ...]:
        """The calls whose outcome nobody knows, oldest first."""
        return tuple(self._doubts.values())

    @property
    def unsettled(self) -> tuple[Ref, ...]:
        """The rows in doubt that are not being read back, oldest first."""
        return tuple(ref for doubt in self._open() for ref in doubt.verb.refs)

    def conflicts(self, verb: Verb) -> tuple[Ref, ...]:
        """Give the rows of ``verb`` that already have a write in flight or in doubt."""
        return tuple(ref for ref in verb.marks(self._snapshot()) if ref in self._marks)

    # --- sending -------------------------------------------------------------------------------

    async def act(self, verb: Verb) -> Report:
        """Send ``verb``, call by call, and report on every item."""
        started = self._now()
        busy = self.conflicts(verb)
        if busy:
            return self._report(verb, started, _refused(verb, _busy(busy), "InFlight", _BUSY_ADVICE))
        marks = dict(verb.marks(self._snapshot()))
        self._show(marks)
        outcomes: list[Outcome] = []
        doubts: list[UnknownCall] = []
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
                doubts += self._doubt(intent, sent.outcomes)
            self._answered(outcomes)
            await self._reread(verb.touched(self._snapshot()))
            outcomes = await self._read_back(doubts, outcomes)
        finally:
            self._show(self._in_doubt(), without=marks)
        return self._report(verb, started, outcomes, request_id)

    def _intent(self, part: Verb) -> Intent:
        snapshot = self._snapshot()
        versions = versions_of(snapshot, part.touched(snapshot))
        return Intent(new_id(), self._now(), self._server, part, versions)

    def _doubt(self, intent: Intent, outcomes: Iterable[Outcome]) -> list[UnknownCall]:
        """Give the doubt a call leaves, if any of its items is unknown."""
        unknown = frozenset(each.ref for each in outcomes if each.status is Status.UNKNOWN)
        return [UnknownCall(intent, unknown)] if unknown else []

    async def _call(self, intent: Intent, *, again: bool = False) -> _Sent:
        """Journal and send one call, as it is."""
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
            advice = self._failed(error)
            outcomes = verb.failed(_still_running(error) if again else error)
            if isinstance(error, Unauthenticated):
                outcomes = tuple(replace(each, advice=advice) for each in outcomes)
            halt = error if isinstance(error, (NotSent, Unauthenticated)) else None
            sent = _Sent(outcomes, error.request_id or "", halt, sent=halt is None)
        if sent.sent or not again:
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

    # --- finding out ---------------------------------------------------------------------------

    async def _read_back(self, doubts: Collection[UnknownCall], outcomes: list[Outcome]) -> list[Outcome]:
        """Read until everything in doubt has happened or the time is over; give what is known then."""
        left = {doubt.intent.id: doubt for doubt in doubts}
        self._doubts |= left
        self._watched |= left.keys()
        settled: dict[Ref, Outcome] = {}
        try:
            for before, seconds in pairwise((0, *READ_BACK_S)):
                if not left or self.closing:
                    break
                await self._pause(seconds - before)
                last = seconds == READ_BACK_S[-1]
                for doubt in left.values():
                    settled |= await self._settle(doubt, final=last) or {}
                left = {id: self._doubts[id] for id in left if id in self._doubts}
        finally:
            self._watched.difference_update(doubt.intent.id for doubt in doubts)
        known = [settled.get(each.ref, each) if each.status is Status.UNKNOWN else each for each in outcomes]
        advice = {ref: self._advice(doubt.intent.verb) for doubt in doubts for ref in doubt.refs}
        return [
            _still_unknown(each, advice.get(each.ref, CHECK_ADVICE))
            if each.status is Status.UNKNOWN
            else each
            for each in known
        ]

    def _advice(self, verb: Verb) -> str:
        """Say what can be done about items nobody knows of, by whether sending them again is safe."""
        if self._client.http.supports_idempotency_keys:
            return KEPT_ADVICE
        return CHECK_ADVICE if verb.repeatable else TWICE_ADVICE

    async def _settle(self, doubt: UnknownCall, *, final: bool) -> dict[Ref, Outcome] | None:
        """Read the rows of a doubt and judge them; with ``final`` a row changed by others is settled too.

        Gives None when they could not be read.
        """
        verb = doubt.verb
        if not await self._reread(frozenset(doubt.intent.verb.touched(self._snapshot()))):
            return None
        snapshot = self._snapshot()
        settled: dict[Ref, Outcome] = {}
        for ref in verb.refs:
            judgement = verb.settle(ref, doubt.intent.versions, snapshot)
            if judgement is Settlement.APPLIED:
                settled[ref] = _confirmed(verb, ref, snapshot)
            elif judgement is Settlement.CHANGED and final:
                settled[ref] = Outcome(
                    ref,
                    Status.REFUSED,
                    reason=OVERTAKEN,
                    type="ChangedBySomeoneElse",
                    advice="Look at the row before you decide again.",
                )
        await self._close(doubt, settled)
        return settled

    async def _close(self, doubt: UnknownCall, settled: Mapping[Ref, Outcome]) -> None:
        """Take settled items out of a doubt; journal it as soon as none is left."""
        if not settled:
            return
        left = doubt.refs - settled.keys()
        if left:
            self._doubts[doubt.intent.id] = replace(doubt, refs=left)
        else:
            self._doubts.pop(doubt.intent.id, None)
            await self._conclude(doubt.intent.id, tuple(settled.values()))

    def _open(self) -> tuple[UnknownCall, ...]:
        """Give the doubts nobody is reading back just now."""
        return tuple(each for id, each in self._doubts.items() if id not in self._watched)

    async def recheck(self) -> Report | None:
        """Read everything in doubt once more; give a report of what could be settled, None of nothing."""
        started = self._now()
        outcomes: list[Outcome] = []
        verbs: list[Verb] = []
        for doubt in self._open():
            marks = doubt.verb.marks(self._snapshot())
            settled = await self._settle(doubt, final=True)
            if settled:
                outcomes += settled.values()
                verbs.append(doubt.intent.verb)
                self._show(self._in_doubt(), without=marks)
        if not outcomes:
            return None
        return replace(self._report(verbs[0], started, outcomes), label="Check what was unknown")

    async def again(self, refs: Collection[Ref]) -> Report | None:
        """Send again what is still unknown of ``refs`` after one more read, with the same ids.

        A call of which nothing is known goes out under its old Idempotency-Key, so that a server that
        keeps them does it once. What cannot be read first is not sent, and what was not sent now is as
        unknown as before. Give None when nothing is in doubt.
        """
        started = self._now()
        outcomes: list[Outcome] = []
        verb: Verb | None = None
        for doubt in self._open():
            if not doubt.refs & frozenset(refs):
                continue
            verb = doubt.intent.verb
            marks = doubt.verb.marks(self._snapshot())
            settled = await self._settle(doubt, final=True)
            if settled is None:
                outcomes += _unsent(doubt, "it could not be read back first")
                continue
            outcomes += settled.values()
            left = self._doubts.pop(doubt.intent.id, None)
            if left is not None:
                outcomes += await self._resend(left)
            self._show(self._in_doubt(), without=marks)
        return None if verb is None else self._report(verb, started, outcomes)

    async def _resend(self, doubt: UnknownCall) -> list[Outcome]:
        intent = doubt.intent
        whole = doubt.refs == frozenset(intent.verb.refs)
        if not whole:
            intent = self._intent(doubt.verb)
        sent = await self._call(intent, again=whole)
        if not sent.sent:
            self._doubts[doubt.intent.id] = doubt
            return _unsent(doubt, sent.outcomes[0].reason)
        if not whole:
            await self._conclude(doubt.intent.id, ())
        self._answered(sent.outcomes)
        await self._reread(intent.verb.touched(self._snapshot()))
        outcomes = [self._perhaps_before(doubt, each) for each in sent.outcomes]
        return await self._read_back(self._doubt(intent, outcomes), outcomes)

    def _perhaps_before(self, doubt: UnknownCall, outcome: Outcome) -> Outcome:
        """Take a refusal of the second try for what it is when the first one turns out to have happened."""
        if outcome.status is not Status.REFUSED:
            return outcome
        snapshot = self._snapshot()
        happened = doubt.verb.settle(outcome.ref, doubt.intent.versions, snapshot) is Settlement.APPLIED
        return _confirmed(doubt.verb, outcome.ref, snapshot) if happened else outcome

    async def dismiss(self) -> None:
        """Stop asking about everything in doubt: the user found out by other means."""
        for doubt in self._open():
            del self._doubts[doubt.intent.id]
            await self._conclude(doubt.intent.id, ())
            self._show(self._in_doubt(), without=doubt.verb.marks(self._snapshot()))

    # --- marks and reports ---------------------------------------------------------------------

    def _in_doubt(self) -> dict[Ref, str]:
        snapshot = self._snapshot()
        marks: dict[Ref, str] = {}
        for doubt in self._doubts.values():
            marks.update(doubt.verb.marks(snapshot))
        return marks

    def _show(self, marks: Mapping[Ref, str], without: Iterable[Ref] = ()) -> None:
        """Take marks off and put others on, and tell about the rows that differ."""
        before = dict(self._marks)
        for ref in without:
            self._marks.pop(ref, None)
        self._marks.update(marks)
        refs = before.keys() | self._marks.keys()
        changed = frozenset(ref for ref in refs if before.get(ref) != self._marks.get(ref))
        if changed:
            self._told(changed)

    def _report(
        self, verb: Verb, started: datetime, outcomes: Iterable[Outcome], request_id: str = ""
    ) -> Report:
        return Report(
            verb=verb.name,
            label=verb.label,
            outcomes=tuple(outcomes),
            started=started,
            finished=self._now(),
            request_id=request_id,
            past=verb.past,
        )


def _still_running(error: ApiError) -> ApiError:
    """Take a conflict on a key sent before for what it is: the first request is still being worked on."""
    if error.status == 409:
        return NoAnswer(error.why, status=409, request_id=error.request_id)
    return error


_BUSY_ADVICE: Final = "Wait for its outcome; if that is unknown, check it again first."


def _busy(refs: Collection[Ref]) -> str:
    names = ", ".join(str(ref) for ref in list(refs)[:3])
    more = f" and {len(refs) - 3} more" if len(refs) > 3 else ""
    return f"An earlier write on {names}{more} has no outcome yet."


def _refused(verb: Verb, reason: str, type: str, advice: str) -> tuple[Outcome, ...]:
    return tuple(Outcome(ref, Status.REFUSED, reason=reason, type=type, advice=advice) for ref in verb.refs)


def _still_unknown(outcome: Outcome, advice: str) -> Outcome:
    note = "; ".join(part for part in (outcome.note, NOT_SEEN) if part)
    return replace(outcome, note=note, advice=advice)


def _confirmed(verb: Verb, ref: Ref, snapshot: Snapshot) -> Outcome:
    """Give the outcome of an item that reading back shows to have happened, with what it became."""
    note = ": ".join(part for part in (CONFIRMED, verb.became(ref, snapshot)) if part)
    return Outcome(ref, Status.DONE, note=note, entity=snapshot.row(ref))


def _unsent(doubt: UnknownCall, why: str) -> list[Outcome]:
    """Give the items of a doubt that could not be sent again: what came of the first try stays unknown."""
    reason = f"Not sent again: {why.rstrip('.')}. Nothing new is known of the first try."
    return [Outcome(ref, Status.UNKNOWN, reason=reason, advice=CHECK_ADVICE) for ref in doubt.verb.refs]


def _request_of(entity: Any) -> str:
    version = getattr(entity, "version", None)
    return (version.request_id_modified or "") if version is not None else ""


__all__ = ["READ_BACK_S", "NotJournalled", "UnknownCall", "Versions", "Writer"]
