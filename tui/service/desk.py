"""The desk: one server's order management, held as a snapshot, kept fresh, and acted upon.

It owns the newest snapshot and notifies its listeners of what differs. The reader
(:mod:`tui.service.sync.reader`) decides what to read, the writer (:mod:`tui.service.writes.writer`) how a
write is carried out; the desk decides when. The health tracker
(:mod:`tui.service.sync.health_tracker`) says what a failure means for its user, the preparer
(:mod:`tui.service.rehearsal.preparer`) what there is to confirm. What no row holds is read beside the rows
(:mod:`tui.service.reference.beside_rows`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.errors import ApiError, Unauthenticated
from tui.api.model_members import time_members
from tui.service.desk_profile import DEFAULT_PROFILE, DeskProfile
from tui.service.environment import Environment, EnvironmentKind, Health, State, Update
from tui.service.learned import Learned
from tui.service.outcomes import Difference, Outcome, Report, Status
from tui.service.reference.beside_rows import BesideRows
from tui.service.simulated_market import SimulatedMarket
from tui.service.snapshot.compliance_states import fact_of, switches_for
from tui.service.snapshot.last_prices import LatestQuote
from tui.service.snapshot.records import Records
from tui.service.snapshot.relations import portfolios_of
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot
from tui.service.sync.answers import fold_answers
from tui.service.sync.health_tracker import HealthTracker
from tui.service.sync.load_progress import LoadProgress
from tui.service.sync.read_session import Superseded
from tui.service.sync.reader import Reader
from tui.service.sync.reconciliation import Reconciliation
from tui.service.writes.journal import Journal
from tui.service.writes.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from tui.api.requests import CurrentUser
    from tui.service.browse import Browser
    from tui.service.history import HistoryEntry
    from tui.service.rehearsal.preparer import Preparer
    from tui.service.rehearsal.rehearse import OpenSandbox
    from tui.service.rehearsal.rehearsed_preview import Prepared
    from tui.service.verbs import Verb
    from tui.service.writes.dispatch import Dispatch
    from tui.service.writes.preview import Preview
    from tui.service.writes.writer import Compare, Writer

T = TypeVar("T")
Listener = Callable[[Update], None]

NEEDED_NEXT: Final = (
    "tui.service.writes.writer",
    "tui.service.permissions",
    "tui.service.reference.reference_reader",
    "tui.service.reference.rule_reader",
    "tui.service.reference.ticket_facts",
)
"""Loaded in a thread at the end of the first load."""

COMPARED_AT_ONCE: Final = 300
"""Rows of a poll that are compared with what they were in one turn of the event loop."""

log = logging.getLogger(__name__)


def _load_what_follows() -> None:
    """Load what is needed once a desk is shown: it takes too long for the loop."""
    for name in NEEDED_NEXT:
        import_module(name)
    time_members()  # which the first body that is sent asks for


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Desk:
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
        pause: waits between reads of an unknown outcome.
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
        now: Callable[[], datetime] = _utc_now,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.client = client
        self.environment = environment
        self.market = SimulatedMarket(client, environment.kind)
        self.limits = limits
        self.read_only = read_only
        self.profile = profile
        self.cache = cache
        self.learned = Learned(cache, now)
        asked = profile.home or profile.compliance != EMPTY.compliance
        self.snapshot: Snapshot = (
            replace(EMPTY, home=profile.home, compliance=profile.compliance) if asked else EMPTY
        )
        client.switches.on_dropped = lambda parameter, why: self.learned.put(fact_of(parameter), why)
        self._set_switches()
        self._now = now
        self._listeners: list[Listener] = []
        self._health = HealthTracker(lambda: self.environment, now, self._notify_health)
        self._reader = Reader(
            client, self._publish, self.snapshot, profile=profile, learned=self.learned, now=now
        )
        self._reconciliation = Reconciliation(client, self._reader, now, self._held)
        self.in_use: Callable[[], Collection[Ref] | None] = tuple
        """Returns the rows that somebody looks at or acts on; None while that may be any of them."""
        self._reconciling = self._booking = False
        self._reading = asyncio.Lock()
        self._full_load_due = True
        self._user = ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._journal = journal or Journal(None)
        self._pause = pause
        self._writer: Writer | None = None
        self._open_sandbox = open_sandbox
        self._preparer: Preparer | None = None
        self.beside = BesideRows(self, client, self.learned, profile, cache, now)
        client.http.listen(self._health.on_notice)

    def _set_switches(self) -> None:
        """Ask for the states of the profile's engine, as far as this server is known to take that."""
        for switch in switches_for(self.profile.compliance, self.learned):
            self.client.switches.set(switch)

    # --- what there is -------------------------------------------------------------------------

    @property
    def health(self) -> Health:
        """The health of the connection."""
        return self._health.health

    @property
    def progress(self) -> LoadProgress | None:
        """How far the load under way is; None when nothing is being loaded."""
        return self._reader.progress

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
    def unresolved(self) -> tuple[Ref, ...]:
        """The rows of unknown outcome that are not being read back: a person has to decide."""
        return self._writer.unresolved if self._writer else ()

    @property
    def user(self) -> str:
        """Who is signed on, as the server's versions call them; empty when that is not known."""
        return self._user or (self.environment.user if self.environment.kind is EnvironmentKind.LOCAL else "")

    @property
    def absent(self) -> Mapping[str, str]:
        """The endpoints that cannot be used on this server, by name, and why (T10)."""
        return self.client.absent

    @property
    def foretold(self) -> Mapping[str, str]:
        """The writes that the access service denies the user, by name of endpoint, and why."""
        return self.client.foretold

    @property
    def denied(self) -> Mapping[str, str]:
        """The writes refused to the user, by name of endpoint, and why; ``reload`` clears them."""
        return self.client.denied

    @property
    def silent_s(self) -> int:
        """For how many whole seconds a request has waited for its answer."""
        return int(self.client.http.unanswered_s)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on every update, in the event loop; the function returned ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

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

    # --- reading -------------------------------------------------------------------------------

    async def load(self) -> bool:
        """Read the whole desk, the first page of blocks on screen before the rest; return whether it worked.

        A failure is in :attr:`health`, and the snapshot stays. Writes that a crash left without an outcome
        are read back at the end of the first load.
        """
        async with self._reading:
            loaded = await self._guarded(self._reader.load())
            if loaded:
                self._full_load_due = False
                self._reconciliation.restart()
        if self._writer is None:
            await asyncio.to_thread(_load_what_follows)
            self._writing()
            if self.unknown:
                self.notify_listeners()  # the screen was painted meanwhile
        if self._writing().is_news and loaded:
            found = await self.recheck()
            self._notify(Update(self.snapshot, self.snapshot, found=found))
        return loaded

    async def reload(self) -> bool:
        """Read the whole desk because the user asked for it, also from a server that is offline."""
        self.client.http.try_now()
        self.client.denied.clear()
        self.learned.forget()
        self._set_switches()
        self.beside.read_anew()
        return await self.load()

    async def refresh(self) -> bool:
        """Read what changed since the last read and publish it, if anything did; return whether it worked.

        Does nothing while another read is under way, in the past, or when nobody is signed on.
        """
        if self.health.state is State.UNAUTHENTICATED or self.snapshot.as_at is not None:
            return False
        if self._reading.locked():
            return False
        if self._full_load_due:
            return await self.load()
        async with self._reading:
            worked = await self._guarded(self._reader.refresh())
            self._full_load_due = not worked
            await self._publish_compared()
        return worked

    async def reconcile(self) -> None:
        """Compare some more rows with the server's and publish what differs; polls go on meanwhile.

        It is meant to be called after every poll. Rows that others deleted disappear this way, and what could
        not be read before is tried again.
        """
        idle = self.health.state is State.LIVE and self.snapshot.as_at is None
        if self._reconciling or self._full_load_due or self._reader.loading or not idle:
            return
        self._reconciling = True
        try:
            await self._reconciliation.go_on()
        except (ApiError, Superseded) as error:
            log.info("the comparison with the server stopped: %s", error)
        finally:
            self._reconciling = False
        self._publish()

    def _held(self) -> frozenset[Ref] | None:
        """Return the rows that must not leave: those in use, and those of writes that are not settled."""
        in_use = self.in_use()
        return None if in_use is None else frozenset((*in_use, *self.in_flight, *self.unknown))

    async def read_bookings(self, rows: Collection[Ref] = ()) -> bool:
        """Read some of what is booked and not read yet, first of ``rows``; return whether more is left.

        It is meant to be called after the first load and after every poll, as long as something is left.
        """
        if not self.snapshot.bookings_due or self._booking or self._reader.loading:
            return False
        self._booking = True
        try:
            more = await self._reader.read_bookings(portfolios_of(self.snapshot, rows))
        except (ApiError, Superseded) as error:
            log.info("what is booked is read later: %s", error)
            more = False
        finally:
            self._booking = False
        self._publish()
        return more

    def publish_records(self, records: Records, rows: Iterable[Ref] | None) -> None:
        """Publish what reference data tell by now, of these rows or, with None, of any."""
        self._reader.builder.put_records(records, rows)
        self._publish()

    @property
    def base_currency(self) -> str:
        """The currency that money is compared in."""
        return self.limits.base

    def publish_quotes(self, quotes: Mapping[str, LatestQuote], rates: Mapping[str, Decimal]) -> None:
        """Show quotes, by LUID, and use rates in the base currency, by currency."""
        if rates != self.limits.quoted:
            self.limits = replace(self.limits, quoted=rates)
        if self._reader.as_at is None:
            self._reader.builder.put_quotes(quotes)
            self._publish()

    def notify_listeners(self) -> None:
        """Notify listeners that something in no row changed: marks, facts for a ticket, the user."""
        self._notify(Update(self.snapshot, self.snapshot))

    async def reread(self, refs: Iterable[Ref]) -> bool:
        """Read named rows again, and what their blocks name; return whether it worked.

        In the past nothing is read: a write's outcome cannot be seen there.
        """
        if self._reader.as_at is not None:
            return False
        worked = await self._guarded(self._reader.reread(frozenset(refs)))
        self._full_load_due = self._full_load_due or not worked
        self._publish()
        return worked

    async def travel(self, as_at: datetime | None) -> bool:
        """Show the desk as it was at ``as_at``, or live again with None; return whether it worked."""
        self._reader.travel(as_at)
        self._health.on_travel()
        return await self.load()

    def on_identified(self, user: CurrentUser) -> None:
        """Say who is signed on, as the server told."""
        self._user = user.id
        self.environment = replace(self.environment, user=user.email_address or user.id)
        self.notify_listeners()

    async def _guarded(self, read: Awaitable[None]) -> bool:
        """Await a read and set the health by its outcome; the snapshot stays whatever happens."""
        try:
            await read
            await asyncio.sleep(0)  # to publish what was read takes a turn of its own
        except ApiError as error:
            self._health.on_read_failed(error)
            return False
        except Superseded:
            return False
        self._health.on_read()
        return True

    def _notify_health(self, notice: str = "") -> None:
        self._notify(Update(self.snapshot, self.snapshot, notice=notice))

    def _publish(self, *, complete: bool | None = None) -> None:
        """Freeze the builder into the desk's snapshot and notify listeners, if anything differs."""
        if (update := self._frozen(complete=complete)) is not None:
            self._notify(update)

    async def _publish_compared(self) -> None:
        """Publish what was read; many rows are compared in another thread first: keys would wait for it."""
        update = self._frozen()
        if update is not None and update.touched > COMPARED_AT_ONCE:
            await asyncio.to_thread(lambda: update.deltas)
        if update is not None:
            self._notify(update)

    def _frozen(self, *, complete: bool | None = None) -> Update | None:
        """Freeze the builder into the desk's snapshot; return the news, None where nothing differs."""
        old = self.snapshot
        new = self._reader.builder.freeze(read_at=self._now(), complete=complete)
        if new is old:
            return None
        self.snapshot = new
        return Update(old, new)

    def _notify(self, update: Update) -> None:
        for listener in tuple(self._listeners):
            listener(update)

    # --- writing -------------------------------------------------------------------------------

    async def act(
        self, verb: Verb, dispatch: Dispatch | None = None, compare: Compare | None = None
    ) -> Report:
        """Carry out the user's decision, once, and report on every item.

        Once sent, a write is finished and reported (to listeners too) even when the caller is cancelled.
        ``dispatch`` shows how far it is and may stop it between calls; ``compare`` returns what of the report
        differs from what was shown before: it stands in report and journal.
        """
        if self.read_only or self.snapshot.as_at is not None:
            return self._refusal(verb)
        return await self._run_shielded(self._act(verb, dispatch, compare))

    async def _act(self, verb: Verb, dispatch: Dispatch | None, compare: Compare | None) -> Report:
        """Carry a verb out; its report tells it in the words that held when it was confirmed."""
        from tui.service.sentence import wording

        said = await asyncio.to_thread(wording, verb, self.snapshot)
        try:
            return replace(await self._writing().act(verb, dispatch, compare), wording=said)
        finally:
            self.beside.facts.drop_holdings()

    async def carry_out(self, prepared: Prepared, dispatch: Dispatch | None = None) -> Report:
        """Carry out what was confirmed; the report names what comes out otherwise than was shown."""
        from tui.service.rehearsal.changes_since_preview import otherwise

        async def compare(report: Report, seen: bool) -> tuple[Difference, ...]:
            if prepared.late is not None and not self._full_load_due:
                await self.refresh()
            return await otherwise(prepared, report, self.snapshot if seen else None, self.client)

        return await self.act(prepared.verb, dispatch, compare)

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

    def _writing(self) -> Writer:
        """Return the writer; it imports all verbs, so a start shows its first page before it is made."""
        if self._writer is None:
            from tui.service.writes.writer import Writer

            self._writer = Writer(self, self._journal, now=self._now, pause=self._pause)
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

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    def on_write_failed(self, error: ApiError) -> str:
        """Set the health when nobody is signed on any more; return what the user can do about ``error``."""
        if isinstance(error, Unauthenticated):
            self._health.on_read_failed(error)
        return self._health.advice(error)

    def fold_answers(self, outcomes: Iterable[Outcome]) -> None:
        """Show the entities a server answered a write with at once; rereading adds what they do not say."""
        if self._reader.as_at is None:
            fold_answers(self._reader.builder, outcomes)

    # --- looking closer ------------------------------------------------------------------------

    def browser(self) -> Browser:
        """Return what reads blocks and orders outside the desk's window, page by page."""
        from tui.service.browse import Browser

        return Browser(self.client, self.learned, lambda: self.snapshot, self._now)

    async def history(self, order_id: ResourceId) -> tuple[HistoryEntry, ...]:
        """Return what happened to an order and its related entities, newest first.

        Raises:
            ApiError: it could not be read; NotFound when there is no such order.
        """
        from tui.service.history import entries

        items = await self.client.get_order_history(order_id, as_at=self.snapshot.as_at)
        return entries(order_id, items, self.snapshot)


__all__ = ["Desk", "Environment", "EnvironmentKind", "Health", "State", "Update"]
