"""One server's order management as a snapshot that is kept fresh.

It owns the newest snapshot and notifies its listeners of what differs. The reader
(:mod:`tui.service.sync.reader`) decides what to read; the synced desk decides when. The health tracker
(:mod:`tui.service.sync.health_tracker`) says what a failure means for its user. What no row holds is read
beside the rows (:mod:`tui.service.reference.beside_rows`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.errors import ApiError
from tui.api.models import Transaction
from tui.service.desk_profile import DEFAULT_PROFILE, DeskProfile
from tui.service.environment import Environment, EnvironmentKind, Health, State, Update
from tui.service.learned import Learned
from tui.service.reference.beside_rows import BesideRows
from tui.service.snapshot.compliance_states import fact_of, switches_for
from tui.service.snapshot.last_prices import LatestQuote
from tui.service.snapshot.records import Records
from tui.service.snapshot.relations import portfolios_of
from tui.service.snapshot.snapshot import EMPTY, Ref, Snapshot
from tui.service.sync.health_tracker import HealthTracker
from tui.service.sync.load_progress import LoadProgress
from tui.service.sync.past_changes import PastChanges
from tui.service.sync.past_day import DayMark, marks_of
from tui.service.sync.past_step import PastStep, past_step
from tui.service.sync.past_versions import PastChange
from tui.service.sync.read_session import Superseded
from tui.service.sync.reader import Reader
from tui.service.sync.reconciliation import Reconciliation
from tui.service.writes.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from tui.api.requests import CurrentUser
    from tui.service.browse import Browser
    from tui.service.earlier_rows import Earlier
    from tui.service.history import HistoryEntry

Listener = Callable[[Update], None]

COMPARED_AT_ONCE: Final = 300
"""Rows of a poll that are compared with what they were in one turn of the event loop."""

MOST_SETTLED: Final = 2_000
"""The blocks of a desk that are read again when somebody rests at a moment of the past."""

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time of this machine, aware UTC."""
    return datetime.now(UTC)


class SyncedDesk:
    """The rows of one server. Create one per server and program; all methods belong to one event loop.

    Args:
        client: the server.
        environment: its name, and what is at stake there.
        limits: the limits of the desk, whose base currency money is compared in.
        profile: what its profile says of it: which part of the server it is about.
        cache: the folder for what is remembered of this server; None remembers nothing.
        now: this machine's clock, aware UTC.
    """

    def __init__(
        self,
        client: Client,
        environment: Environment,
        *,
        limits: Limits = DEFAULT_LIMITS,
        profile: DeskProfile = DEFAULT_PROFILE,
        cache: Path | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.client = client
        self.environment = environment
        self.limits = limits
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
        self._booked: Mapping[ResourceId, Transaction] = {}
        self.past_day: tuple[DayMark, ...] = ()
        """What a reader of the past looks for: fills and rejects, by time, as the live desk knew them."""
        self._verdicts_at: datetime | None = None
        self.past_step: PastStep | None = None
        """What the last step through the past went over; None before any."""
        self.beside = BesideRows(self, client, self.learned, profile, cache, now)
        client.http.listen(self._health.on_notice)

    def _set_switches(self) -> None:
        """Ask for the states of the profile's engine, as far as this server is known to take that."""
        for switch in switches_for(self.profile.compliance, self.learned):
            self.client.switches.set(switch)

    @property
    def health(self) -> Health:
        """The health of the connection."""
        return self._health.health

    @property
    def progress(self) -> LoadProgress | None:
        """How far the load under way is; None when nothing is being loaded."""
        return self._reader.progress

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

    @property
    def base_currency(self) -> str:
        """The currency that money is compared in."""
        return self.limits.base

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on every update, in the event loop; the function returned ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    # --- reading -------------------------------------------------------------------------------------

    async def load(self) -> bool:
        """Read the whole desk, the first page of blocks on screen before the rest; return whether it worked.

        A failure is in :attr:`health`, and the snapshot stays.
        """
        async with self._reading:
            loaded = await self._guarded(self._reader.load())
            if loaded:
                self._verdicts_at = self.snapshot.as_at
                self._full_load_due = False
                self._reconciliation.restart()
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
        """Return the rows that must not leave: those in use; None while that may be any of them."""
        in_use = self.in_use()
        return None if in_use is None else frozenset(in_use)

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
        if self.snapshot.as_at is None and as_at is not None:
            self._booked = self.snapshot.transactions
            self.past_day = await asyncio.to_thread(marks_of, self.snapshot)
        self.past_step = None
        self._reader.travel(as_at)
        self._health.on_travel()
        return await self.load()

    async def step(self, *, forward: bool) -> bool:
        """Show the past one change later or earlier; return whether there was one.

        A failure is in :attr:`health`, and the snapshot stays.
        """
        found: PastChange | None = None

        async def go(past: PastChanges) -> PastChange | None:
            nonlocal found
            found = await past.step(forward=forward)
            return found

        return await self._in_past(go) and found is not None

    async def move(self, moment: datetime) -> bool:
        """Show the past at another moment; return whether it worked.

        It goes through the changes until there when it is near, and reads everything again when it is not.
        """
        near = False

        async def go(past: PastChanges) -> None:
            nonlocal near
            near = await past.go_to(moment)

        worked = await self._in_past(go)
        return worked if near or self.health.state is not State.LIVE else await self.travel(moment)

    def knows_step(self, *, forward: bool) -> bool:
        """Return whether the next change, or the one before, is known, so that a step reads nothing."""
        return self._past is not None and self._past.knows(forward=forward)

    async def read_ahead(self) -> None:
        """Read changes around the moment shown before somebody steps there."""
        past = self._past
        if past is not None and past.runs_short:
            await self._guarded(past.read_ahead())

    @property
    def verdicts_behind(self) -> bool:
        """Whether verdicts shown in the past may be of another moment: no version of a row tells them."""
        as_at = self.snapshot.as_at
        return as_at is not None and self.snapshot.complete and self._verdicts_at != as_at

    async def settle(self) -> None:
        """Read of the moment shown what no change tells: verdicts, and rows that were deleted later.

        It is meant to be called when somebody rests at a moment. A large desk is not read for that.
        """
        past, moment = self._past, self.snapshot.as_at
        if past is None or moment is None or not self.verdicts_behind:
            return
        if len(self.snapshot.blocks) > MOST_SETTLED or self.health.state is not State.LIVE:
            return
        try:
            rows = await self._reader.beside(self.snapshot).look_again()
            if self._past is not past or not await past.correct(rows, moment):
                return
        except (ApiError, Superseded) as error:
            log.info("verdicts of %s are not read: %s", moment, error)
            return
        self._verdicts_at = moment
        self._publish()
        self.notify_listeners()

    @property
    def _past(self) -> PastChanges | None:
        """The changes around the moment shown; None while the desk is live or not read yet."""
        if self.snapshot.as_at is None or self._reader.as_at is None or not self.snapshot.complete:
            return None
        return self._reader.past(self._booked)

    async def _in_past(self, go: Callable[[PastChanges], Awaitable[PastChange | None]]) -> bool:
        """Go through the past and publish where that led, with the one change that it went over, if any."""
        past, old = self._past, self.snapshot
        if past is None or self._reading.locked():
            return False
        over: PastChange | None = None

        async def went() -> None:
            nonlocal over
            over = await go(past)

        async with self._reading:
            worked = await self._guarded(went())
        update = self._frozen()
        if self.snapshot is not old:
            known = update is not None and update.old is old
            at, swept = (over.at, over.swept) if over else (None, frozenset[Ref]())
            self.past_step = past_step(old, self.snapshot, at, swept) if known else None
        if update is not None:
            self._notify(update)
        return worked

    # --- publishing ----------------------------------------------------------------------------------

    def publish_records(self, records: Records, rows: Iterable[Ref] | None) -> None:
        """Publish what reference data tell by now, of these rows or, with None, of any."""
        self._reader.builder.put_records(records, rows)
        self._publish()

    def publish_quotes(self, quotes: Mapping[str, LatestQuote], rates: Mapping[str, Decimal]) -> None:
        """Show quotes, by LUID, and use rates in the base currency, by currency."""
        if rates != self.limits.quoted:
            self.limits = replace(self.limits, quoted=rates)
        if self._reader.as_at is None:
            self._reader.builder.put_quotes(quotes)
            self._publish()

    def on_identified(self, user: CurrentUser) -> None:
        """Say who is signed on, as the server told."""
        self._user = user.id
        self.environment = replace(self.environment, user=user.email_address or user.id)
        self.notify_listeners()

    def notify_listeners(self) -> None:
        """Notify listeners that something in no row changed: marks, facts for a ticket, the user."""
        self._notify(Update(self.snapshot, self.snapshot))

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

    # --- looking closer ------------------------------------------------------------------------------

    def browser(self) -> Browser:
        """Return what reads blocks and orders outside the desk's window, page by page."""
        from tui.service.browse import Browser

        return Browser(self.client, self.learned, lambda: self.snapshot, self._now)

    async def earlier(self, moment: datetime) -> Earlier:
        """Return the desk as it is now, and with what changed since ``moment`` as it was then.

        Raises:
            ApiError: it could not be read.
        """
        from tui.service.earlier_rows import read_earlier

        return await read_earlier(
            self.client,
            self.snapshot,
            moment,
            profile=self.profile,
            learned=self.learned,
            clock=self._now,
        )

    async def history(self, order_id: ResourceId) -> tuple[HistoryEntry, ...]:
        """Return what happened to an order and its related entities, newest first.

        Raises:
            ApiError: it could not be read; NotFound when there is no such order.
        """
        from tui.service.history import entries

        items = await self.client.get_order_history(order_id, as_at=self.snapshot.as_at)
        return entries(order_id, items, self.snapshot)
