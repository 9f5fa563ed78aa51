"""Reads back what came of calls of unknown outcome: their rows are read until they show it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from itertools import pairwise
from math import ceil
from typing import Protocol

from msgspec.structs import replace

from tui.api.client import Client
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.verbs import Verb, Verdict
from tui.service.verbs.verb import KeyedVerb
from tui.service.writes.unknown_calls import (
    CHECK_ADVICE,
    KEPT_ADVICE,
    LATEST_READ_S,
    READ_BACK_S,
    SETTLES_S,
    TWICE_ADVICE,
    UnknownCall,
    confirmed_outcome,
    left_out,
    overtaken,
    still_unknown,
)

Conclude = Callable[[str, Collection[Outcome]], Awaitable[None]]


class ReadableDesk(Protocol):
    """The desk whose rows are read back."""

    @property
    def client(self) -> Client:
        """The server."""

    @property
    def snapshot(self) -> Snapshot:
        """The desk as it was last read."""

    @property
    def read_back_s(self) -> float | None:
        """Seconds for which an unknown outcome is read back; None is as long as is usual."""

    async def reread(self, refs: Iterable[Ref]) -> bool:
        """Read rows again; return whether it worked."""


class ReadBack:
    """The calls of unknown outcome of one desk, and how they are found out.

    Args:
        desk: reads the rows.
        conclude: journals the outcomes of a call by its id.
        pause: waits between two reads, in seconds.
    """

    def __init__(
        self, desk: ReadableDesk, conclude: Conclude, pause: Callable[[float], Awaitable[None]]
    ) -> None:
        self._desk = desk
        self._conclude = conclude
        self._pause = pause
        self._unknown: dict[str, UnknownCall] = {}
        self._being_read: set[str] = set()
        self.closing = False

    @property
    def calls(self) -> tuple[UnknownCall, ...]:
        """The calls of unknown outcome, oldest first."""
        return tuple(self._unknown.values())

    def add(self, call: UnknownCall) -> None:
        """Keep a call until its outcome is known."""
        self._unknown[call.intent.id] = call

    def take(self, call: UnknownCall) -> UnknownCall | None:
        """Take out a call as it is by now; return None when its outcome is known."""
        return self._unknown.pop(call.intent.id, None)

    def unattended(self) -> tuple[UnknownCall, ...]:
        """Return the calls of unknown outcome that are not being read back."""
        return tuple(each for id, each in self._unknown.items() if id not in self._being_read)

    def marks(self) -> dict[Ref, str]:
        """Return the marks of the rows of these calls."""
        snapshot = self._desk.snapshot
        marks: dict[Ref, str] = {}
        for call in self._unknown.values():
            marks.update(call.verb.marks(snapshot))
        return marks

    async def until_known(self, calls: Collection[UnknownCall], outcomes: list[Outcome]) -> list[Outcome]:
        """Read until every outcome is known or the time is over; return the outcomes as known then."""
        if not calls:
            return outcomes
        left = {call.intent.id: call for call in calls}
        self._unknown |= left
        self._being_read |= left.keys()
        known: dict[Ref, Outcome] = {}
        try:
            moments = _moments(self._desk.read_back_s)
            for before, seconds in pairwise((0, *moments)):
                if not left or self.closing:
                    break
                await self._pause(seconds - before)
                last = seconds == moments[-1]
                for call in left.values():
                    known |= await self.judge(call, final=last) or {}
                left = {id: self._unknown[id] for id in left if id in self._unknown}
        finally:
            self._being_read.difference_update(call.intent.id for call in calls)
        latest = [known.get(each.ref, each) if each.status is Status.UNKNOWN else each for each in outcomes]
        advice = {ref: self._advice(call.intent.verb) for call in calls for ref in call.refs}
        return [
            still_unknown(each, advice.get(each.ref, CHECK_ADVICE)) if each.status is Status.UNKNOWN else each
            for each in latest
        ]

    def _advice(self, verb: Verb) -> str:
        """Return what can be done about items of unknown outcome: is it safe to send them again?"""
        if self._desk.client.http.supports_idempotency_keys:
            return KEPT_ADVICE
        return CHECK_ADVICE if verb.repeatable else TWICE_ADVICE

    async def judge(self, call: UnknownCall, *, final: bool) -> dict[Ref, Outcome] | None:
        """Read the rows of a call and judge their outcomes.

        ``final`` judges also rows that others changed, and those that a call left out which carried out
        others. Returns None when they could not be read.
        """
        known = await self._read(call, final=final)
        if final and known is not None and self._is_carried_out(call, known):
            await self._pause(SETTLES_S)
            later = await self._read(call, final=True)
            if later is not None:
                if later.keys() == known.keys():
                    later |= {ref: left_out(ref) for ref in call.refs - later.keys()}
                known = later
        if known is not None:
            await self._resolve(call, known)
        return known

    async def _read(self, call: UnknownCall, *, final: bool) -> dict[Ref, Outcome] | None:
        verb = call.verb
        if not await self._desk.reread(frozenset(call.intent.verb.touched(self._desk.snapshot))):
            return None
        snapshot = self._desk.snapshot
        known: dict[Ref, Outcome] = dict(await verb.find_out(self._desk.client, call.intent.at, snapshot))
        for ref in verb.refs:
            if ref in known:
                continue
            verdict = verb.judge(ref, call.intent.versions, snapshot)
            if verdict is Verdict.APPLIED:
                known[ref] = confirmed_outcome(verb, ref, snapshot)
            elif verdict is Verdict.CHANGED and final:
                known[ref] = overtaken(ref)
        return known

    def _is_carried_out(self, call: UnknownCall, known: Mapping[Ref, Outcome]) -> bool:
        """Return whether a call carries out each item for itself, did so with some, and left others out."""
        if not isinstance(call.intent.verb, KeyedVerb) or not call.refs - known.keys():
            return False
        answered = len(call.refs) < len(frozenset(call.intent.verb.refs))
        return answered or any(each.status is Status.DONE for each in known.values())

    async def _resolve(self, call: UnknownCall, known: Mapping[Ref, Outcome]) -> None:
        """Take items whose outcome is known out of a call, and journal it."""
        if not known:
            return
        left = call.refs - known.keys()
        if left:
            self._unknown[call.intent.id] = replace(call, refs=left)
        else:
            self._unknown.pop(call.intent.id, None)
        await self._conclude(
            call.intent.id, (*known.values(), *(Outcome(ref, Status.UNKNOWN) for ref in left))
        )


def _moments(within_s: float | None) -> tuple[float, ...]:
    """Return the seconds after which rows are read: the usual ones, as far as there is time, and the end.

    >>> _moments(None) == READ_BACK_S, _moments(3), _moments(40), _moments(0)
    (True, (0.5, 1, 2, 3), (0.5, 1, 2, 4, 8, 15, 30, 40), ())
    """
    if within_s is None:
        return READ_BACK_S
    if within_s <= 0:
        return ()
    later = range(2 * LATEST_READ_S, ceil(within_s), LATEST_READ_S)
    return (*(each for each in (*READ_BACK_S, *later) if each < within_s), within_s)
