"""Claims: a key or a plan belongs to one decision, whichever program asks, and its outcome to all who ask."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from tui.headless.asked_verb import WriteRefused
from tui.headless.exit_codes import ExitCode
from tui.headless.write_documents import WriteDocument
from tui.service.desk import Desk
from tui.service.journal.decisions import DecisionState
from tui.service.journal.journal import Claim
from tui.service.outcomes import Status

LOOKS_AGAIN_S: Final = 0.2
"""Seconds between two looks at what another program is doing."""
RECHECKS_S: Final = 2.0
"""Seconds between two reads of rows whose outcome is unknown."""


class Underway(Exception):
    """Another program is carrying it out, and is not through with it."""


def key_name(document: WriteDocument) -> str:
    """Return the name under which the journal knows the key of a document."""
    return f"key {document.key}"


def plan_name(code: str, number: int) -> str:
    """Return the name under which the journal knows one of the documents of a plan, from 1."""
    return f"plan {code} {number}"


class WriteClaims:
    """The claims of one desk's journal. ``wait_s`` is how long outcomes are waited for, in seconds."""

    def __init__(self, desk: Desk, wait_s: float) -> None:
        self._desk = desk
        self._wait_s = wait_s
        self._until = monotonic() + wait_s
        self._settled: dict[str, DecisionState] = {}
        """The decisions of which all is known, by their ids: nothing of them changes any more."""
        self._damage = ""
        """What of the journal cannot be read: a claim may have stood there."""

    def begin_to_wait(self) -> None:
        """Count the time that outcomes are waited for from now on: what came before was no waiting."""
        self._until = monotonic() + self._wait_s

    @property
    def left_s(self) -> float:
        """The seconds that are left to wait."""
        return max(0.0, self._until - monotonic())

    async def learn(self, names: Collection[str], *, for_long: bool = False) -> None:
        """Find out what became of all these names, with one look through the journal.

        Names that are used ``for_long`` are not found where the journal is damaged: they may have been used.
        """
        journal = self._desk.journal

        def find() -> tuple[Mapping[str, DecisionState], str]:
            claims = [journal.claimed(name) for name in names]
            ids = [claim.decision for claim in claims if claim is not None]
            faults = journal.faults() if for_long and None in claims else ()
            return journal.decisions(ids) if ids else {}, str(faults[0]) if faults else ""

        found, damage = await asyncio.to_thread(find)
        self._damage = self._damage or damage
        self._settled |= {id: state for id, state in found.items() if _is_settled(state)}

    def check_whole(self) -> None:
        """Refuse a name of which it is not sure that nobody used it.

        Raises:
            WriteRefused: the journal is damaged.
        """
        if self._damage:
            raise WriteRefused(
                ExitCode.FAILED,
                f"The journal is damaged ({self._damage}): whether this key was used is not known, and "
                "nothing is sent under it.",
                "'blotter journal verify' tells more. Look at what was sent; it can be sent without a key.",
            )

    async def held(self, name: str, digest: str) -> DecisionState | None:
        """Return what became of the decision that ``name`` belongs to; None when nothing was sent under it.

        Raises:
            WriteRefused: another document was asked under it.
            Underway: another program is at it, and it takes longer than is waited.
        """
        while True:
            claim = await asyncio.to_thread(self._desk.journal.claimed, name)
            if claim is None:
                return None
            _check(claim, digest)
            state = await self._state(claim)
            if state is not None or not claim.is_running:
                return state
            await self._pause()

    async def take(self, name: str, digest: str, decision: str) -> DecisionState | None:
        """Make ``name`` belong to ``decision`` and return None; else what became of the one that has it.

        A decision that has it and of which nothing was ever sent, by a program that is over, gives way.

        Raises:
            WriteRefused: another document was asked under it.
            Underway: another program is at it, and it takes longer than is waited.
            OSError: it cannot be written down.
        """
        instead, journal = "", self._desk.journal
        while True:
            now = datetime.now(UTC)
            claim = await asyncio.to_thread(journal.claim, name, digest, decision, now, instead=instead)
            if claim is None:
                return None
            _check(claim, digest)
            state = await self._state(claim)
            if state is not None:
                return state
            if claim.is_running:
                await self._pause()
            else:
                instead = claim.decision

    async def _state(self, claim: Claim) -> DecisionState | None:
        """Return what became of a claim, once it is known or nobody finds out more; None if nothing was sent.

        Whether its program was running is asked before: what it wrote until its end is seen.
        """
        if claim.decision in self._settled:
            return self._settled[claim.decision]
        while True:
            state = await asyncio.to_thread(self._desk.journal.decision, claim.decision)
            if state is None or all(each.status is Status.NOT_SENT for each in state.outcomes):
                return None
            if _is_settled(state):
                return state
            if state.is_running:
                await self._pause()
            elif not await self._found_more():
                return state

    async def _found_more(self) -> bool:
        """Read unknown outcomes back once more after a while; return whether there is time for it."""
        if monotonic() + RECHECKS_S > self._until or not self._desk.unresolved:
            return False
        await asyncio.sleep(RECHECKS_S)
        await self._desk.recheck()
        return True

    async def _pause(self) -> None:
        if monotonic() + LOOKS_AGAIN_S > self._until:
            raise Underway
        await asyncio.sleep(LOOKS_AGAIN_S)


def check_keys(documents: Iterable[WriteDocument]) -> None:
    """Refuse a key that stands on several lines.

    Raises:
        ValueError: one does; a sentence a line.
    """
    lines: dict[str, int] = {}
    told = []
    for each in documents:
        first = lines.setdefault(each.key, each.line) if each.key else each.line
        if first != each.line:
            told.append(f"{each.place}: key: {each.key} stands on line {first} already.")
    if told:
        raise ValueError("\n".join(told))


def _is_settled(state: DecisionState) -> bool:
    statuses = {each.status for each in state.outcomes}
    return Status.UNKNOWN not in statuses and statuses != {Status.NOT_SENT}


def _check(claim: Claim, digest: str) -> None:
    if claim.document != digest:
        raise WriteRefused(
            ExitCode.SOME_REFUSED,
            f"Something else was asked under this {claim.name.partition(' ')[0]} at {claim.at:%H:%M:%S} UTC "
            f"on {claim.at:%d %b}: nothing is sent.",
            "Ask the same again to see what became of it, or use another one.",
        )
