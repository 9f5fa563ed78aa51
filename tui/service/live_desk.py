"""One server's order management as a snapshot that is kept fresh.

It owns the newest snapshot and notifies its listeners of what differs. The reader
(:mod:`tui.service.sync.reader`) decides what to read; the live desk decides when. The health tracker
(:mod:`tui.service.sync.health_tracker`) says what a failure means for its user. What no row holds is read
beside the rows (:mod:`tui.service.reference.beside_rows`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from tui.api.client import Client
from tui.api.errors import ApiError
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
from tui.service.sync.read_session import Superseded
from tui.service.sync.reader import Reader
from tui.service.sync.reconciliation import Reconciliation
from tui.service.writes.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from tui.api.requests import CurrentUser

Listener = Callable[[Update], None]

COMPARED_AT_ONCE: Final = 300
"""Rows of a poll that are compared with what they were in one turn of the event loop."""

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time of this machine, aware UTC."""
    return datetime.now(UTC)


class LiveDesk:
    """The rows of one server. Create one per server and program; all methods belong to one event loop.

    Args:
        client: the server.
        environment: its name, and what is at stake there.
        limits: the limits of the desk, whose base currency money is compared in.
        profile: what its profile says of it: which part of the server it is about.
        cache: the folder for what is remembered of this server; None remembers nothing.
        now: this machine's clock, aware UTC.
        zone: the zone in which its sentences say times.
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
        zone: tzinfo = UTC,
    ) -> None:
        self.client = client
        self.environment = environment
        self.limits = limits
        self.profile = profile
        self.cache = cache
        self.learned = Learned(cache, now)
        self.snapshot: Snapshot = replace(EMPTY, home=profile.home, zone=zone, compliance=profile.compliance)
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
        """Read the whole desk, of a large one the first page on screen first; return whether it worked.

        A failure is in :attr:`health`, and the snapshot stays.
        """
        async with self._reading:
            loaded = await self._guarded(self._reader.load())
            if loaded:
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
