"""The desk: one server's order management, kept fresh and acted upon.

The writer (:mod:`tui.service.writes.writer`) decides how a write is carried out, the desk when. The preparer
(:mod:`tui.service.rehearsal.preparer`) says what there is to confirm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec.structs import replace

from tui.api.client import Client
from tui.api.errors import ApiError, Unauthenticated
from tui.api.model_members import time_members
from tui.api.urls import without_credentials
from tui.service.desk_profile import DEFAULT_PROFILE, DeskProfile
from tui.service.environment import Environment, EnvironmentKind, Health, State, Update
from tui.service.journal.journal import Journal
from tui.service.live_desk import utc_now
from tui.service.outcomes import Difference, Outcome, Report, Status
from tui.service.simulated_market import SimulatedMarket
from tui.service.snapshot.relations import portfolios_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.answers import fold_answers
from tui.service.synced_desk import SyncedDesk
from tui.service.writes.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from tui.config.proposal_settings import ProposalSettings
    from tui.service.exceptions.exception_kind import Trouble
    from tui.service.journal.decisions import UnreadDecision
    from tui.service.journal.journal_entries import JournalEntries
    from tui.service.journal.opening import JournalOpening
    from tui.service.proposals.proposal_book import ProposalBook
    from tui.service.rehearsal.preparer import Preparer
    from tui.service.rehearsal.rehearse import OpenSandbox
    from tui.service.rehearsal.rehearsed_preview import Prepared
    from tui.service.verbs import Verb
    from tui.service.writes.dispatch import Dispatch
    from tui.service.writes.preview import Preview
    from tui.service.writes.unknown_outcomes import UnknownOutcomes
    from tui.service.writes.writer import Compare, Writer

T = TypeVar("T")

NEWEST: Final = 10_000
"""The decisions of the journal that a screen lists."""
FEW: Final = 5
"""The rows of each of them that a screen can go to."""
NEEDED_NEXT: Final = (
    "tui.service.writes.writer",
    "tui.service.permissions",
    "tui.service.reference.reference_reader",
    "tui.service.reference.rule_reader",
    "tui.service.reference.ticket_facts",
)
"""Loaded in a thread at the end of the first load."""


def _load_what_follows() -> None:
    """Load what is needed once a desk is shown: it takes too long for the loop."""
    for name in NEEDED_NEXT:
        import_module(name)
    time_members()  # which the first body that is sent asks for


class Desk(SyncedDesk):
    """One server's desk. Create one per server and program; all methods belong to one event loop.

    Args:
        client: the server.
        environment: its name, and what is at stake there.
        journal: where intents are kept; None keeps them in memory.
        limits: the limits previews check writes against.
        read_only: refuses every write.
        open_sandbox: opens a server to rehearse verbs on; without it nothing is rehearsed.
        profile: what its profile says of it: which part of the server it is about.
        cache: the folder for what is remembered of this server; None remembers nothing.
        now: this machine's clock, aware UTC.
        zone: the zone in which its sentences say times.
        pause: waits between reads of an unknown outcome.
        proposals: how long proposals of programs stand, and how many there may be.
    """

    def __init__(
        self,
        client: Client,
        environment: Environment,
        *,
        journal: Journal | None = None,
        limits: Limits = DEFAULT_LIMITS,
        read_only: bool = False,
        open_sandbox: OpenSandbox | None = None,
        profile: DeskProfile = DEFAULT_PROFILE,
        cache: Path | None = None,
        now: Callable[[], datetime] = utc_now,
        zone: tzinfo = UTC,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        proposals: ProposalSettings | None = None,
    ) -> None:
        super().__init__(client, environment, limits=limits, profile=profile, cache=cache, now=now, zone=zone)
        self.market = SimulatedMarket(client, environment.kind)
        self.read_only = read_only
        self._tasks: set[asyncio.Task[Any]] = set()
        self._journal = journal or Journal(None)
        self._pause = pause
        self._writer: Writer | None = None
        self._unknown_outcomes: UnknownOutcomes | None = None
        self._open_sandbox = open_sandbox
        self.rehearsal_s: float | None = None
        """Seconds after which a rehearsal is given up; None is as long as a person waits."""
        self.read_back_s: float | None = None
        """Seconds for which a write of unknown outcome is read back; None is as long as is usual."""
        self._preparer: Preparer | None = None
        self._told_opening = False
        self._proposal_settings = proposals
        self._proposals: ProposalBook | None = None

    @property
    def proposals(self) -> ProposalBook:
        """What programs propose to be sent here; nothing of it is, unless a person confirms it."""
        if self._proposals is None:
            from tui.service.proposals.proposal_book import ProposalBook

            server = without_credentials(self.client.http.base_url)
            self._proposals = ProposalBook(self._journal, server, self._now, self._proposal_settings)
        return self._proposals

    async def load(self) -> bool:
        """Read the whole desk; return whether it worked.

        Writes that a crash left without an outcome are read back at the end of the first load.
        """
        loaded = await super().load()
        if self._writer is None:
            await asyncio.to_thread(_load_what_follows)
            server = without_credentials(self.client.http.base_url)
            self._writing(await asyncio.to_thread(self._journal.opening, server))
            await self._tend_journal()
            if self.unknown:
                self.notify_listeners()  # the screen was painted meanwhile
        if loaded and not self._told_opening:
            self._told_opening = True
            notice = self._writing().opening.notice(self.snapshot.time_in_words)
            if notice:
                self._notify(Update(self.snapshot, self.snapshot, notice=notice))
        if self._writing().is_news and loaded:
            found = await self.recheck()
            self._notify(Update(self.snapshot, self.snapshot, found=found))
        return loaded

    def _held(self) -> frozenset[Ref] | None:
        """Return the rows that must not leave: those in use, and those of writes that are not settled."""
        in_use = super()._held()
        return None if in_use is None else in_use | {*self.in_flight, *self.unknown}

    @property
    def journal(self) -> Journal:
        """The journal of what is decided on this desk."""
        return self._journal

    # --- confirming ----------------------------------------------------------------------------------

    def preview(self, verb: Verb) -> Preview:
        """Return what to show before ``verb`` is sent from this desk, as it stands now."""
        from tui.service.verbs import unfit
        from tui.service.writes.preview import preview

        return preview(
            verb,
            self.snapshot,
            self.environment,
            self.limits,
            read_only=self.read_only,
            in_flight=[str(ref) for ref in self._writing().conflicts(verb)],
            unfit=unfit(verb, self.client),
            foretold=self.foretold.get(verb.operation.name, ""),
            holding=self.beside.facts.known_holding,
        )

    async def prepare(self, verb: Verb) -> Prepared:
        """Rehearse ``verb``; return what there is to confirm, with its preview.

        What portfolios hold is asked for meanwhile, and waited for as long as a preview does.
        """
        due = self.snapshot.bookings_due
        while due & portfolios_of(self.snapshot, verb.refs) and verb.kind is EntityKind.ALLOCATIONS:
            if not await self.read_bookings(verb.refs) or due == self.snapshot.bookings_due:
                break
            due = self.snapshot.bookings_due
        told = self.beside.facts.serial

        async def read() -> None:
            nonlocal told
            await self.beside.await_holdings(verb)
            told = self.beside.facts.serial

        return replace(await self._preparing().prepare(verb, read()), told=told)

    async def expected(self, prepared: Prepared) -> Preview:
        """Return the preview of what can be confirmed already, with what a rehearsal of it finds out."""
        return await self._preparing().expected(prepared)

    def _preparing(self) -> Preparer:
        if self._preparer is None:
            from tui.service.rehearsal.preparer import Preparer

            self._preparer = Preparer(self, self._open_sandbox)
        return self._preparer

    def curl(self, verb: Verb) -> str:
        """Return ``verb`` as curl commands against this server, with the token redacted."""
        from tui.service.verbs import curl

        return curl(verb, self.client)

    def curl_of_rows(self, refs: Sequence[Ref], snapshot: Snapshot) -> str:
        """Return the requests that read these rows of ``snapshot`` as curl, the token in a variable."""
        from tui.service.row_requests import curl_of_rows

        return curl_of_rows(refs, snapshot, self.client, self.environment)

    # --- writing -------------------------------------------------------------------------------------

    async def act(
        self,
        verb: Verb,
        dispatch: Dispatch | None = None,
        compare: Compare | None = None,
        *,
        decision_id: str = "",
    ) -> Report:
        """Carry out the user's decision, once, and report on every item.

        Once sent, a write is finished and reported (to listeners too) even when the caller is cancelled.
        ``dispatch`` shows how far it is and may stop it between calls; ``compare`` returns what of the report
        differs from what was shown before: it stands in report and journal. ``decision_id`` is a new id under
        which the journal keeps it, so that what became of it can be asked there; without it, it gets one.
        """
        if self.read_only or self.snapshot.as_at is not None:
            return self._refusal(verb)
        return await self._run_shielded(self._act(verb, dispatch, compare, decision_id))

    async def _act(
        self, verb: Verb, dispatch: Dispatch | None, compare: Compare | None, decision_id: str
    ) -> Report:
        """Carry a verb out; its report tells it in the words that held when it was confirmed."""
        from tui.service.sentence import wording

        said = await asyncio.to_thread(wording, verb, self.snapshot)
        try:
            report = await self._writing().act(verb, dispatch, compare, decision_id=decision_id)
            return replace(report, wording=said)
        finally:
            self.beside.facts.drop_holdings()
            if self._journal.path is not None:
                self._begin(self._tend_journal())

    async def carry_out(
        self, prepared: Prepared, dispatch: Dispatch | None = None, *, decision_id: str = ""
    ) -> Report:
        """Carry out what was confirmed; the report names what comes out otherwise than was shown.

        ``decision_id`` is as for :meth:`act`.
        """
        from tui.service.rehearsal.changes_since_preview import otherwise

        async def compare(report: Report, seen: bool) -> tuple[Difference, ...]:
            if prepared.late is not None and not self._full_load_due:
                await self.refresh()
            return await otherwise(prepared, report, self.snapshot if seen else None, self.client)

        return await self.act(prepared.verb, dispatch, compare, decision_id=decision_id)

    @property
    def in_flight(self) -> Mapping[Ref, str]:
        """The intent of every row with a write in flight or of unknown outcome: ``6?``, ``E?``, ``A?``."""
        return self._writer.marks if self._writer else {}

    @property
    def sending(self) -> int:
        """The number of rows with a write in flight; those of unknown outcome are not among them."""
        return self._writer.sending if self._writer else 0

    @property
    def unknown(self) -> tuple[Ref, ...]:
        """The rows whose last write has an unknown outcome, oldest first."""
        calls = self._writer.unknown_calls if self._writer else ()
        return tuple(ref for call in calls for ref in call.verb.refs)

    @property
    def unread(self) -> tuple[UnreadDecision, ...]:
        """The open decisions of earlier runs that this version of the program cannot read back."""
        return self._writer.unread if self._writer else ()

    @property
    def unresolved(self) -> tuple[Ref, ...]:
        """The rows of unknown outcome that are not being read back: a person has to decide."""
        return self._writer.unresolved if self._writer else ()

    @property
    def unknown_outcomes(self) -> Mapping[Ref, Trouble]:
        """What was asked of each row whose last write has an unknown outcome, and when."""
        calls = self._writer.unknown_calls if self._writer else ()
        if not calls:
            return {}
        if self._unknown_outcomes is None:
            from tui.service.writes.unknown_outcomes import UnknownOutcomes

            self._unknown_outcomes = UnknownOutcomes()
        return self._unknown_outcomes.of(calls, self.snapshot, self.user)

    @property
    def underway(self) -> tuple[Dispatch, ...]:
        """The decisions that are being sent, oldest first."""
        return self._writer.underway if self._writer else ()

    def rest(self, report: Report) -> Verb | None:
        """Return what a report says was not sent, to preview it anew; None when all was sent."""
        return self._writing().rest(report.decision)

    async def told(self, report: Report) -> None:
        """Hear that somebody read a report: what it says is not told again."""
        await self._writing().told(report)

    async def recheck(self) -> tuple[Report, ...]:
        """Read every unknown outcome back once more; return a report of each decision with news."""
        return await self._run_shielded(self._writing().recheck())

    def unknown_in_words(self) -> tuple[str, ...]:
        """Return the calls of unknown outcome that are not being read back, a sentence each."""
        return self._writing().unknown_in_words()

    async def send_again(self, refs: Collection[Ref]) -> tuple[Report, ...]:
        """Send again, with the same ids, what is still unknown of ``refs``; report on each decision."""
        return await self._run_shielded(self._writing().resend(refs))

    async def dismiss(self) -> None:
        """Forget every unknown outcome: the user found out by other means."""
        await self._writing().dismiss()

    def journal_entries(self) -> JournalEntries:
        """Return the decisions of the journal, to be read a part at a time in a thread."""
        from tui.service.journal.journal_entries import JournalEntries

        return JournalEntries(self._journal, most=NEWEST, most_refs=FEW)

    def journal_stamp(self) -> object:
        """Return what differs once something was written to the journal."""
        return self._journal.stamp()

    async def close(self) -> None:
        """Wait for writes that were sent; outcomes still unknown stay in the journal for the next start."""
        if self._writer is not None:
            self._writer.close()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.beside.close()
        if self._preparer is not None:
            await self._preparer.close()
            self._preparer = None

    async def _tend_journal(self) -> None:
        """Begin a new segment of the journal where one is due; a full disk keeps it as it is."""
        with suppress(OSError):
            await asyncio.to_thread(self._journal.tend, self._now())

    def _writing(self, opening: JournalOpening | None = None) -> Writer:
        """Return the writer; it imports all verbs, so a start shows its first page before it is made."""
        if self._writer is None:
            from tui.service.writes.writer import Writer

            self._writer = Writer(self, self._journal, now=self._now, pause=self._pause, opening=opening)
        return self._writer

    def _refusal(self, verb: Verb) -> Report:
        shown = self.preview(verb)
        reason = shown.hard[0]
        outcomes = tuple(Outcome(ref, Status.REFUSED, reason=reason, type="NotHere") for ref in verb.refs)
        now = self._now()
        return verb.report(outcomes, now, now)

    async def _run_shielded(self, work: Awaitable[T]) -> T:
        """Run a write in a task that cancelling its caller does not cancel, and publish its report."""

        async def run() -> T:
            done = await work
            for report in done if isinstance(done, tuple) else (done,):
                if isinstance(report, Report):
                    self._notify(Update(self.snapshot, self.snapshot, report=report))
            return done

        return await asyncio.shield(self._begin(run()))

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin work that is waited for before the desk is closed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def on_write_failed(self, error: ApiError) -> str:
        """Set the health when nobody is signed on any more; return what the user can do about ``error``."""
        if isinstance(error, Unauthenticated):
            self._health.on_read_failed(error)
        return self._health.advice(error)

    def fold_answers(self, outcomes: Iterable[Outcome]) -> None:
        """Show the entities a server answered a write with at once; rereading adds what they do not say."""
        if self._reader.as_at is None:
            fold_answers(self._reader.builder, outcomes)


__all__ = ["Desk", "Environment", "EnvironmentKind", "Health", "State", "Update"]
