"""Sends one call: it is in the journal before it leaves, sent once, and what came of it is written after.

One that the journal does not take is not sent, but in an emergency.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.client import Client
from tui.api.errors import ApiError, NotSent, Refused, Unauthenticated
from tui.api.http_request import Request
from tui.api.urls import without_credentials
from tui.service.outcomes import Outcome, Status
from tui.service.sentence import wording
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import Verb
from tui.service.verbs.verb import ItemisedReply
from tui.service.verbs.verdicts import versions_of
from tui.service.writes.journal import Decision, Intent, Journal
from tui.service.writes.unknown_calls import still_running

NOT_WRITTEN: Final = "sent although the journal did not take it"


class NotJournalled(NotSent):
    """A write that could not be written to the journal, so that it was not sent."""

    advice = "Free the disk."


class Sent(Struct, frozen=True):
    """The result of one call: its outcomes, the server's request id, and why nothing more should be sent."""

    outcomes: tuple[Outcome, ...]
    request_id: str = ""
    halt: ApiError | None = None
    sent: bool = True


class CallSender:
    """Sends the calls of one desk to its server.

    Args:
        client: the server.
        journal: where calls are written.
        on_failed: hears of a call that failed as a whole; returns what the user can do about it.
        now: this machine's clock, aware UTC.
    """

    def __init__(
        self,
        client: Client,
        journal: Journal,
        on_failed: Callable[[ApiError], str],
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._journal = journal
        self._on_failed = on_failed
        self._now = now
        self.server = without_credentials(client.http.base_url)
        """The server as the journal names it."""

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
        return Intent(id, self._now(), self.server, part, versions, decision=decision, sentence=said)

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
        try:
            outcomes = verb.outcomes(await self._exchange(intent, request))
            if unwritten:
                outcomes = tuple(_noted(each, unwritten) for each in outcomes)
            sent = Sent(outcomes, next(filter(None, (_request_of(each.entity) for each in outcomes)), ""))
        except ApiError as error:
            advice = self._on_failed(error)
            outcomes = verb.failed(still_running(error) if resent else error)
            if isinstance(error, Unauthenticated):
                outcomes = tuple(replace(each, advice=advice) for each in outcomes)
            halt = error if isinstance(error, (NotSent, Unauthenticated)) else None
            sent = Sent(outcomes, error.request_id or "", halt, sent=halt is None)
        if sent.sent or not resent:
            await self.conclude(intent.id, sent.outcomes)
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
            raise _not_journalled(error) from error

    async def conclude(self, id: str, outcomes: Collection[Outcome]) -> None:
        """Journal what came of a call; a journal that fails now only means that it is read back again."""
        try:
            await asyncio.to_thread(self._journal.conclude, id, self._now(), outcomes)
        except OSError:
            return


def _noted(outcome: Outcome, note: str) -> Outcome:
    return replace(outcome, note="; ".join(filter(None, (outcome.note, note))))


def _not_journalled(error: OSError) -> NotJournalled:
    return NotJournalled(f"The journal cannot take it ({error}), and nothing is sent without it.")


def _request_of(entity: Any) -> str:
    version = getattr(entity, "version", None)
    return (version.request_id_modified or "") if version is not None else ""
