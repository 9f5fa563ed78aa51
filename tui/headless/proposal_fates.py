"""What became of proposals, for the programs that made them: read from the journal, nothing is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

from tui.headless.exit_codes import ExitCode
from tui.headless.write_answers import code_of, outcome_item, together
from tui.service.journal.decisions import DecisionState
from tui.service.journal.journal import Journal
from tui.service.outcomes import Status
from tui.service.proposals.proposal import SENT, Proposal, ProposalState
from tui.service.proposals.proposal_book import ProposalBook

LOOKS_EVERY_S: Final = 0.5
"""Seconds between two looks at the journal's file."""
FOUND_OUT_WITHIN: Final = timedelta(minutes=1)
"""For so long after a confirmation an outcome is waited for that is not known yet."""
NEVER_SENT: Final = "Nothing of it was sent: the program that confirmed it ended before."
OUT_OF_SIGHT: Final = "There is no such proposal here, or it ended long ago."


class ProposalFate(Struct, frozen=True):
    """What became of a proposal, as programs read it; ``code`` is None while it may become something else."""

    id: str
    body: Mapping[str, Any]
    code: ExitCode | None


class ProposalFates:
    """The fates of proposals in a journal.

    Args:
        journal: where they stand.
        book: the proposals of that journal.
    """

    def __init__(self, journal: Journal, book: ProposalBook) -> None:
        self._journal = journal
        self._book = book

    def all(self, ids: Collection[str] = ()) -> list[ProposalFate]:
        """Return what became of the proposals named, else of all that are known, oldest first.

        Raises:
            OSError: the journal cannot be read.
        """
        self._book.look()
        known = self._book.known
        found = [known[id] for id in ids if id in known] if ids else [*known.values()]
        decided = [each.ending.decision for each in found if each.ending and each.ending.decision]
        states = self._journal.decisions(decided) if decided else {}
        missing = (
            ProposalFate(id, {"id": id, "fate": "notKnown", "why": OUT_OF_SIGHT}, ExitCode.FAILED)
            for id in ids
            if id not in known
        )
        return [*(self._fate(each, states) for each in found), *missing]

    def _fate(self, proposal: Proposal, states: Mapping[str, DecisionState]) -> ProposalFate:
        now, ending = self._book.now(), proposal.ending
        state = proposal.state(now)
        body: dict[str, Any] = {
            "id": proposal.id,
            "fate": state.value,
            "program": proposal.proposer.name,
            "asked": proposal.said,
            "proposedAt": proposal.at,
            "expires": proposal.expires,
        }
        if ending is not None:
            said = {
                "by": ending.by,
                "reason": ending.reason,
                "sent": ending.sent,
                "decision": ending.decision,
            }
            body |= {"endedAt": ending.at, **{name: text for name, text in said.items() if text}}
        if state not in SENT or ending is None:
            return ProposalFate(
                proposal.id, body, None if state is ProposalState.OPEN else ExitCode.SOME_REFUSED
            )
        waited = now - ending.at > FOUND_OUT_WITHIN
        decided = states.get(ending.decision)
        if decided is None:
            return ProposalFate(proposal.id, body | {"why": NEVER_SENT} if waited else body, _later(waited))
        body["items"] = [outcome_item(each) for each in decided.outcomes]
        is_known = all(each.status not in (Status.UNKNOWN, Status.NOT_SENT) for each in decided.outcomes)
        if not is_known and not waited:
            return ProposalFate(proposal.id, body, None)
        return ProposalFate(proposal.id, body, code_of(decided.outcomes))

    async def follow(
        self,
        ids: Collection[str],
        tell: Callable[[ProposalFate], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> ExitCode:
        """Tell every fate as it is now and whenever it is another; return once all have ended.

        Without ``ids`` it is about those that are open now.

        Raises:
            OSError: the journal cannot be read.
        """
        followed = await asyncio.to_thread(self.all, ids)
        if not ids:
            followed = [each for each in followed if each.code is None]
        told: dict[str, ProposalFate] = {}
        while True:
            for each in followed:
                if told.get(each.id) != each:
                    told[each.id] = each
                    tell(each)
            waiting = [each.id for each in followed if each.code is None]
            if not waiting:
                return together(each.code for each in told.values() if each.code is not None)
            await pause(LOOKS_EVERY_S)
            followed = await asyncio.to_thread(self.all, waiting) if self._is_due(told.values()) else followed

    def _is_due(self, told: Iterable[ProposalFate]) -> bool:
        """Return whether a fate may be another by now; while nothing is written that costs no reading."""
        now = self._book.now()
        known = self._book.known
        over = any(
            each.code is None and (each.id not in known or not known[each.id].is_open(now)) for each in told
        )
        return over or self._book.is_behind()


def _later(waited: bool) -> ExitCode | None:
    return ExitCode.SOME_REFUSED if waited else None
