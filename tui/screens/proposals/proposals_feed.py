"""Keeps the proposals of programs up with the journal and with the desk that is shown.

The journal is read when its file is another than before, at the pace of the polls and in another thread.
Each proposal is understood anew here, one in a turn: what its program says of itself is never acted on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tui.actions.understood import ReadDocuments, Understood
from tui.columns.steps import Steps
from tui.screens.turns import Turns
from tui.service.proposals.proposal import Proposal, ProposalState, without_new, words_of
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot

if TYPE_CHECKING:
    from tui.service.desk import Desk
    from tui.service.proposals.proposal_book import ProposalBook
    from tui.service.verbs import Verb
    from tui.service.verbs.verdicts import Versions

log = logging.getLogger(__name__)

INSIDE: Final = "inside the limits"
NOT_UNDERSTOOD: Final = "cannot be understood"
OVERTAKEN: Final = "rows of it changed after it was proposed"
UNDERSTOOD_WITHIN: Final = timedelta(minutes=1)
"""A proposal may name a row that the desk reads a moment later; so long it is tried to understand it."""
MOST_ROWS: Final = 2_000
"""Rows of one proposal that are marked, or drawn as rows that would be new."""


class JudgedProposal(Struct, frozen=True):
    """A proposal as this desk understands it now.

    ``words`` say what it asks for. ``verdict`` is what a preview objects to first, drawn in ``role``.
    ``rows`` are the rows of the desk that it would change, ``new_rows`` what would be new of each kind, in
    words. ``versions`` are those of the rows it touches, as they were when it was proposed, else as they were
    first seen here. It ``is_open`` when somebody could decide on it as it was judged, on the desk of
    ``snapshot``.
    """

    proposal: Proposal
    words: str
    verdict: str
    role: str
    understood: Understood | None = None
    rows: frozenset[Ref] = frozenset()
    new_rows: Mapping[EntityKind, Sequence[str]] = {}
    touched: frozenset[Ref] = frozenset()
    versions: Mapping[Ref, int] = {}
    is_open: bool = False
    snapshot: Snapshot = EMPTY


class ProposalsFeed:
    """The proposals of the desk that is shown.

    Args:
        turns: the time budget shared with the panes.
        read_documents: understands what programs propose; None understands nothing.
        tell: is called with sentences about what happened.
    """

    def __init__(
        self, turns: Turns, read_documents: ReadDocuments | None, tell: Callable[[str], None]
    ) -> None:
        self._turns = turns
        self._read_documents = read_documents
        self._tell = tell
        self.all: Mapping[Hashable, JudgedProposal] = {}
        """All that are known, by id, those first that are open, then the newest; another when it differs."""
        self.left_out = 0
        """Proposals beyond the ceilings, which are not shown."""
        self.open: Sequence[JudgedProposal] = ()
        """Those on which somebody may decide, the newest first."""
        self._known: Mapping[str, Proposal] = {}
        """What was known of the journal when it was judged last."""
        self._seen_first = False
        self._listeners: list[Callable[[], None]] = []
        self._looking = asyncio.Lock()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` whenever something differs; the function returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def look(self, desk: Desk) -> None:
        """Take over what was written to the journal since, and what changed on the desk."""
        if not desk.snapshot.complete or desk.snapshot.as_at is not None:
            return
        async with self._looking:
            try:
                await self._look(desk, desk.proposals)
            except OSError as error:
                log.warning("proposals cannot be read: %s", error)

    async def understand(self, proposal: Proposal, desk: Desk) -> Understood | str:
        """Return what a proposal asks for on the desk as it stands, else why that is not known."""
        if self._read_documents is None:
            return NOT_UNDERSTOOD
        return (await self._read_documents([proposal.document], desk))[0]

    async def _look(self, desk: Desk, book: ProposalBook) -> None:
        if book.is_behind():
            await asyncio.to_thread(book.look)
        now, before = book.now(), self.all
        if book.known is self._known and not any(
            not each.proposal.is_open(now) or _differs(each, desk.snapshot, now) for each in self.open
        ):
            return
        judged = await self._judged(desk, book.known, before)
        overtaken = [each for each in judged if each.is_open and is_overtaken(each.versions, desk.snapshot)]
        if overtaken and not desk.read_only:
            await asyncio.to_thread(_end_overtaken, book, overtaken)
            judged = await self._judged(desk, book.known, _by_id(judged))
        judged.reverse()
        self.all = _by_id(sorted(judged, key=lambda each: not each.is_open))
        self.open = tuple(each for each in judged if each.is_open)
        self._known, self.left_out = book.known, book.left_out
        self._announce(judged, before)
        for listener in tuple(self._listeners):
            listener()

    async def _judged(
        self, desk: Desk, known: Mapping[str, Proposal], before: Mapping[Hashable, JudgedProposal]
    ) -> list[JudgedProposal]:
        """Return what is known, each judged anew that is new or concerns rows that are others by now."""
        now, snapshot = desk.proposals.now(), desk.snapshot
        fresh = {
            id: proposal
            for id, proposal in known.items()
            if proposal.is_open(now)
            and not (id in before and before[id].is_open and not _differs(before[id], snapshot, now))
        }
        read: Sequence[Understood | str] = [NOT_UNDERSTOOD] * len(fresh)
        if fresh and self._read_documents is not None:
            read = await self._read_documents([each.document for each in fresh.values()], desk)
        answers = dict(zip(fresh, read, strict=True))

        def steps() -> Steps[list[JudgedProposal]]:
            judged = []
            for id, proposal in known.items():
                former = before.get(id)
                if not proposal.is_open(now):
                    judged.append(_of_ended(proposal, former))
                elif id not in answers:
                    judged.append(before[id])
                else:
                    judged.append(_judged_safely(desk, proposal, answers[id], former))
                    yield
            return judged

        return await self._turns.work(steps())

    def _announce(self, judged: Sequence[JudgedProposal], before: Mapping[Hashable, JudgedProposal]) -> None:
        """Tell what came, and what ended because its rows changed."""
        first, self._seen_first = not self._seen_first, True
        came = [each for each in judged if each.is_open and each.proposal.id not in before]
        if len(came) == 1:
            self._tell(f"{came[0].proposal.proposer.name} proposes: {came[0].words}. {{proposals}} opens it.")
        elif came:
            self._tell(f"{len(came):,} proposals wait for a decision. {{proposals}} lists them.")
        for each in () if first else judged:
            ended, known = each.proposal.ending, before.get(each.proposal.id)
            if ended and known and known.is_open and ended.state is ProposalState.OVERTAKEN:
                self._tell(f"Overtaken: {each.words}, proposed by {each.proposal.proposer.name}.")


def _judged_safely(
    desk: Desk, proposal: Proposal, understood: Understood | str, known: JudgedProposal | None
) -> JudgedProposal:
    """Return a proposal as the desk understands it; whoever wrote it must not be able to end the program."""
    try:
        return _judge(desk, proposal, understood, known)
    except Exception as error:
        log.warning("proposal %s: %s", proposal.id, type(error).__name__, exc_info=error)
        return _judge(desk, proposal, f"{NOT_UNDERSTOOD} here", known)


def _judge(
    desk: Desk, proposal: Proposal, understood: Understood | str, known: JudgedProposal | None
) -> JudgedProposal:
    """Return a proposal as the desk understands it now."""
    from tui.service.sentence import wording
    from tui.service.verbs.verb import Tier
    from tui.service.verbs.verdicts import versions_of

    snapshot = desk.snapshot
    if isinstance(understood, str):
        words = proposal.said or NOT_UNDERSTOOD
        return JudgedProposal(proposal, words, words_of(understood), "bad", is_open=True, snapshot=snapshot)
    verb = understood.verb
    said, shown = wording(verb, snapshot), desk.preview(verb)
    typed = [warning.text for warning in shown.soft if warning.typed]
    touched = frozenset(verb.touched(snapshot))
    new = [ref for ref in verb.refs[:MOST_ROWS] if ref not in snapshot]
    return JudgedProposal(
        proposal,
        words_of(without_new(said.asked, [ref for ref in touched if ref not in snapshot])),
        words_of(next(iter((*shown.hard, *typed)), INSIDE)),
        "bad" if shown.tier is Tier.HARD else "attention" if typed else "",
        understood,
        frozenset(_rows_of(verb, snapshot)),
        _new_rows(proposal, new, said.items, touched, snapshot),
        touched,
        proposal.versions
        or (known.versions if known and known.understood else versions_of(snapshot, touched)),
        is_open=True,
        snapshot=snapshot,
    )


def _by_id(judged: Iterable[JudgedProposal]) -> dict[Hashable, JudgedProposal]:
    return {each.proposal.id: each for each in judged}


def _differs(judged: JudgedProposal, snapshot: Snapshot, now: datetime) -> bool:
    """Return whether rows that a proposal touches are others now, or it may be understood by now."""
    before = judged.snapshot
    if before is snapshot:
        return False
    if judged.understood is None:
        return now - judged.proposal.at < UNDERSTOOD_WITHIN
    return any(
        (ref in before) != (ref in snapshot) or (ref in before and before.row(ref) is not snapshot.row(ref))
        for ref in judged.touched
    )


def is_overtaken(versions: Versions, snapshot: Snapshot) -> bool:
    """Return whether any of the rows has another version by now, or is gone."""
    from tui.service.verbs.verdicts import versions_of

    return versions_of(snapshot, versions) != dict(versions)


def _end_overtaken(book: ProposalBook, overtaken: Iterable[JudgedProposal]) -> None:
    from tui.service.proposals.proposal_book import AlreadyEnded

    for each in overtaken:
        try:
            book.end(each.proposal.id, ProposalState.OVERTAKEN, reason=OVERTAKEN)
        except AlreadyEnded:
            continue


def _of_ended(proposal: Proposal, known: JudgedProposal | None) -> JudgedProposal:
    """Return a proposal that has ended: what it asked for is told in the words that held before."""
    words = known.words if known else proposal.said or "not known any more"
    ending = proposal.ending
    told = ending.reason or ending.sent if ending else ""
    if known is not None and known.proposal is proposal and not known.is_open:
        return known
    return JudgedProposal(proposal, words, told, "")


def _rows_of(verb: Verb, snapshot: Snapshot) -> Iterator[Ref]:
    """Yield the rows of the desk that a verb is about."""
    for ref in verb.refs[:MOST_ROWS]:
        subject = verb.subject(ref)
        if subject in snapshot:
            yield subject


def _new_rows(
    proposal: Proposal,
    new: Sequence[Ref],
    items: Mapping[Ref, str],
    touched: Collection[Ref],
    snapshot: Snapshot,
) -> Mapping[EntityKind, Sequence[str]]:
    """Return what would be new, by kind, each row in words and with who proposes it."""
    rows: dict[EntityKind, list[str]] = {}
    for ref in new:
        words = without_new(items.get(ref, ""), (ref,))
        rows.setdefault(ref.kind, []).append(f"{words_of(words)} · {proposal.proposer.name}")
    if EntityKind.ORDERS in rows and not any(
        ref.kind is EntityKind.BLOCKS and ref in snapshot for ref in touched
    ):
        rows[EntityKind.BLOCKS] = rows[EntityKind.ORDERS]
    return rows
