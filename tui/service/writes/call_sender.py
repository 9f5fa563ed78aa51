"""Sends one call: it is in the journal before it leaves, sent once, and what came of it is written after.

One that the journal does not take is not sent, but in an emergency.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from tui.api.client import Client
from tui.api.errors import ApiError, NotSent, Refused, Unauthenticated
from tui.api.http_request import Request
from tui.api.responses import Reply
from tui.api.urls import without_credentials
from tui.service.environment import Environment
from tui.service.journal.decisions import Decision, Intent
from tui.service.journal.journal import Journal
from tui.service.journal.unwritable_journal import journal_advice
from tui.service.outcomes import Outcome, Status
from tui.service.sentence import wording
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import Verb
from tui.service.verbs.verb import ItemisedReply
from tui.service.verbs.verdicts import versions_of
from tui.service.writes.unknown_calls import still_running

NOT_WRITTEN: Final = "sent although the journal did not take it"


class NotJournalled(NotSent):
    """A write that could not be written to the journal, so that it was not sent."""


class Sent(Struct, frozen=True):
    """The result of one call: its outcomes, the server's request id, and why nothing more should be sent."""

    outcomes: tuple[Outcome, ...]
    request_id: str = ""
    halt: ApiError | None = None
    sent: bool = True


class _Answer(Struct):
    """The HTTP status of an answer and the server's id of the request, 0 and empty without one."""

    status: int = 0
    request: str = ""

    def take(self, reply: Reply) -> None:
        """Take them from a success."""
        self.status, self.request = reply.status, reply.request_id or ""


class SendingDesk(Protocol):
    """The desk whose calls are sent."""

    @property
    def client(self) -> Client:
        """The server."""

    @property
    def environment(self) -> Environment:
        """The server as people call it."""

    @property
    def user(self) -> str:
        """Who is signed on, empty when that is not known."""

    def on_write_failed(self, error: ApiError) -> str:
        """Hear of a call that failed as a whole; return what the user can do about it."""


class CallSender:
    """Sends the calls of one desk to its server.

    Args:
        desk: knows the server, and hears of failures.
        journal: where calls are written.
        now: this machine's clock, aware UTC.
    """

    def __init__(self, desk: SendingDesk, journal: Journal, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._client = desk.client
        self._journal = journal
        self._now = now
        self.server = without_credentials(desk.client.http.base_url)
        """The server as the journal names it."""

    def decision(self, verb: Verb, id: str) -> Decision:
        """Return the record of a decision that is made now."""
        return Decision(id, self._now(), self.server, verb, self._desk.environment.name, self._desk.user)

    async def decide(self, decision: Decision) -> ApiError | None:
        """Journal a decision of several calls; return why nothing of it may be sent, None when it may."""
        try:
            await asyncio.to_thread(self._journal.decide, decision)
        except OSError as error:
            return _not_journalled(error)
        return None

    def intent(self, part: Verb, id: str, decision: str, snapshot: Snapshot) -> Intent:
        """Return the record of a call of ``decision``, empty when it is the call itself."""
        versions = versions_of(snapshot, part.touched(snapshot))
        said = wording(part, snapshot).asked
        return Intent(
            id,
            self._now(),
            self.server,
            part,
            versions,
            decision=decision,
            sentence=said,
            environment=self._desk.environment.name,
            user=self._desk.user,
        )

    async def send(self, intent: Intent, *, resent: bool = False) -> Sent:
        """Journal and send one call; ``resent`` says that it goes out under the key of an earlier try."""
        verb = intent.verb
        try:
            request = verb.build(self._client, intent.id)
        except NotSent as error:
            refused = (replace(each, status=Status.REFUSED) for each in verb.failed(error))
            return Sent(tuple(refused), sent=False)
        unwritten = ""
        try:
            await self._write_down(intent, request)
        except NotJournalled as error:
            if not verb.emergency:
                return Sent(verb.failed(error), halt=error, sent=False)
            unwritten = f"{NOT_WRITTEN}: {error.__cause__}"
        answer = _Answer()
        try:
            outcomes = verb.outcomes(await self._exchange(intent, request, answer))
            if unwritten:
                outcomes = tuple(_noted(each, unwritten) for each in outcomes)
            sent = Sent(outcomes, next(filter(None, (_request_of(each.entity) for each in outcomes)), ""))
        except ApiError as error:
            answer = _Answer(error.status or 0, error.request_id or "")
            advice = self._desk.on_write_failed(error)
            outcomes = verb.failed(still_running(error) if resent else error)
            if isinstance(error, Unauthenticated):
                outcomes = tuple(replace(each, advice=advice) for each in outcomes)
            halt = error if isinstance(error, (NotSent, Unauthenticated)) else None
            sent = Sent(outcomes, error.request_id or "", halt, sent=halt is None)
        if sent.sent or not resent:
            await self.conclude(intent.id, sent.outcomes, answer=answer.status, request=answer.request)
        return sent

    async def _exchange(self, intent: Intent, request: Request[Any], answer: _Answer) -> ItemisedReply:
        """Send a journalled request, and once more in another form when the server refuses its form.

        ``answer`` takes the status and the request id of the answer.

        Raises:
            ApiError: no answer, or a refusal of the whole call.
        """
        verb = intent.verb
        try:
            return verb.read(await self._client.send(request, on_answer=answer.take), request)
        except Refused as error:
            other = verb.build_again(self._client, intent.id, error)
            if other is None:
                raise
        await self._write_down(intent, other)
        return verb.read(await self._client.send(other, on_answer=answer.take), other)

    async def _write_down(self, intent: Intent, request: Request[Any]) -> None:
        """Journal a request that is about to be sent.

        Raises:
            NotJournalled: the disk does not take it.
        """
        try:
            await asyncio.to_thread(self._journal.intend, intent, request)
        except OSError as error:
            raise _not_journalled(error) from error

    async def conclude(
        self, id: str, outcomes: Collection[Outcome], *, answer: int = 0, request: str = ""
    ) -> None:
        """Journal what came of a call; a journal that fails now only means that it is read back again.

        ``answer`` is the HTTP status of the answer that said so, ``request`` the server's id of the request.
        """
        write = partial(self._journal.conclude, answer=answer, request=request)
        with suppress(OSError):
            await asyncio.to_thread(write, id, self._now(), outcomes)


def _noted(outcome: Outcome, note: str) -> Outcome:
    return replace(outcome, note="; ".join(filter(None, (outcome.note, note))))


def _not_journalled(error: OSError) -> NotJournalled:
    return NotJournalled(
        f"The journal cannot take it ({error}), and nothing is sent without it.", advice=journal_advice(error)
    )


def _request_of(entity: Any) -> str:
    version = getattr(entity, "version", None)
    return (version.request_id_modified or "") if version is not None else ""
