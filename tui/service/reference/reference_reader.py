"""Reads beside the rows what they only name, and publishes it with them (REFERENCE_DATA 17).

First comes what is on disk, then instruments of the newest rows, portfolios, transaction types, brokers;
what is older than a day is read again. Nothing here raises: what cannot be read is not known, and is asked
for again as :class:`~tui.service.reference.optional_calls.OptionalCalls` allows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.api.errors import ApiError, Refused
from tui.api.reference_operations import (
    GET_INSTRUMENTS,
    GET_PROPERTY_DEFINITIONS,
    LIST_PORTFOLIOS,
    LIST_TRANSACTION_TYPES,
    PORTFOLIO_DETAILS,
)
from tui.service.desk_profile import DeskProfile
from tui.service.environment import Update
from tui.service.learned import Learned
from tui.service.numbers import counted
from tui.service.reference.broker_reader import BrokerReader
from tui.service.reference.instrument_reader import InstrumentReader
from tui.service.reference.instrument_search import NOT_ASKED, InstrumentSearch, LookedUp
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.reference.portfolio_reader import MOST_PAGES, PortfolioReader
from tui.service.reference.property_reader import PropertyReader
from tui.service.reference.record_file import RecordFile
from tui.service.reference.side_reader import SideReader
from tui.service.reference.waiting_rows import WaitingRows, is_asked_for
from tui.service.snapshot.records import (
    DEFAULT_SCOPE,
    InstrumentFacts,
    PortfolioFacts,
    PropertyFacts,
    Records,
    SideFacts,
)
from tui.service.snapshot.snapshot import Ref, Snapshot

GOOD_FOR: Final = timedelta(days=1)
"""The age at which a record is read again."""
LIST_AGAIN: Final = timedelta(minutes=10)
"""The least time between two lists of portfolios: a new one may have come that a row names."""
WHOLE_LIST_EVERY: Final = timedelta(days=7)
"""How long only the portfolios that changed are listed: the list of changes does not say what was deleted."""
DETAILED: Final = 20
"""The most portfolios whose details are read for one ticket."""
FILED_AT_ONCE: Final = 300
"""Records from disk that are taken in between two pauses."""
LOOK_UP_S: Final = 5.0
"""The longest that a ticket waits for an instrument to be looked up."""
MOST_SCOPES: Final = 4
"""The most scopes whose transaction types are read."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

log = logging.getLogger(__name__)


class PublishRecords(Protocol):
    """Publishes the records by now, and the rows of which they say something else; None if any may be."""

    def __call__(self, records: Records, rows: Iterable[Ref] | None) -> None: ...


class ReferenceReader:
    """Reads the reference data of one desk.

    Args:
        calls: sends what a server may lack.
        learned: what the server taught.
        profile: what its profile says of the desk.
        folder: where records are kept; None keeps them in memory only.
        now: this machine's clock, aware UTC.
        snapshot: returns the desk's newest snapshot.
        publish: publishes records.
    """

    def __init__(
        self,
        calls: OptionalCalls,
        learned: Learned,
        profile: DeskProfile,
        folder: Path | None,
        *,
        now: Callable[[], datetime],
        snapshot: Callable[[], Snapshot],
        publish: PublishRecords,
    ) -> None:
        self.calls = calls
        self._now = now
        self._snapshot = snapshot
        self._publish = publish
        self.instruments = InstrumentReader(calls, learned, now)
        self._search = InstrumentSearch(calls, now)
        self._portfolios = PortfolioReader(calls, profile, now)
        self._sides = SideReader(calls, profile.side_sources, now)
        self._properties = PropertyReader(calls, now)
        self._brokers = BrokerReader(calls, profile)
        self._instrument_file = RecordFile(folder, "instruments.jsonl", InstrumentFacts)
        self._portfolio_file = RecordFile(folder, "portfolios.jsonl", PortfolioFacts)
        self._side_file = RecordFile(folder, "sides.jsonl", SideFacts)
        self._property_file = RecordFile(folder, "properties.jsonl", PropertyFacts)
        self._waiting = WaitingRows()
        self._loaded = False
        self._going_on = False
        self._anew_since = _NEVER
        self._listed_at = _NEVER
        self._whole_list_at = _NEVER
        self._detailed: set[ResourceId] = set()
        self._brokers_asked_at = self._brokers_read_at = _NEVER
        self._sides_read_at: dict[str, datetime] = {}
        """When the types of a scope were read: it may have none."""
        self._waited_for: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Stop what is still being read."""
        for task in self._waited_for:
            task.cancel()

    @property
    def records(self) -> Records:
        """What is known by now."""
        return self._snapshot().records

    def hear(self, update: Update) -> None:
        """Take note of the rows that an update put in."""
        if update.new is update.old:
            return
        if update.new.parent == update.old.serial:
            self._waiting.add(update)
        else:
            self._waiting.add_all(update.new)

    def read_anew(self) -> None:
        """Read everything again at the next opportunity: somebody asked for it."""
        self._anew_since = self._now()
        self._listed_at = self._whole_list_at = self._brokers_asked_at = _NEVER
        self._detailed.clear()
        self.calls.try_again()
        self.instruments.forget_missing()
        self._waiting.add_all(self._snapshot())

    def want(self, luids: Iterable[str]) -> None:
        """Read these instruments too, which no row of the desk may name."""
        for luid in luids:
            if is_asked_for(luid) and luid not in self.records.instruments:
                self._waiting.instruments.setdefault(luid, [])

    async def go_on(self) -> None:
        """Read what is due; nothing happens while an earlier call is at work."""
        if self._going_on:
            return
        self._going_on = True
        try:
            if not self._loaded:
                await self._load_files()
            await self._look()
            for read in (
                self._read_instruments,
                self._read_portfolios,
                self._read_sides,
                self._read_brokers,
            ):
                await self._attempt(read)
        finally:
            self._going_on = False

    async def _attempt(self, read: Callable[[], Awaitable[None]]) -> None:
        try:
            await read()
        except ApiError as error:
            log.info("reference data were not read: %s", error)

    def _is_good(self, read_at: datetime) -> bool:
        return read_at > max(self._now() - GOOD_FOR, self._anew_since)

    # --- publishing ----------------------------------------------------------------------------

    async def _look(self) -> None:
        """Look at the rows that came meanwhile, a few in each turn of the loop."""
        while not self._waiting.done:
            self._waiting.look(self._snapshot(), self.records)
            await asyncio.sleep(0)

    async def _add_instruments(self, found: Collection[InstrumentFacts]) -> None:
        """Publish instruments: for the rows that waited for them, or for all when known ones differ."""
        await self._look()
        held = self.records.instruments
        differ = any((was := held.get(each.luid)) is not None and not _alike(was, each) for each in found)
        rows = self._waiting.answered(each.luid for each in found)
        merged = {**held, **{each.luid: each for each in found}}
        self._publish(replace(self.records, instruments=merged), None if differ else rows)

    async def _add_portfolios(self, found: Collection[PortfolioFacts]) -> None:
        await self._look()
        held = self.records.portfolios
        found = [_with_details(each, held.get(each.id)) for each in found]
        differ = any((was := held.get(each.id)) is not None and not _alike(was, each) for each in found)
        rows = self._waiting.answered((), (each.id for each in found))
        merged = {**held, **{each.id: each for each in found}}
        self._publish(replace(self.records, portfolios=merged), None if differ else rows)

    # --- what is on disk -----------------------------------------------------------------------

    async def _load_files(self) -> None:
        """Publish what an earlier run read."""
        self._waiting.add_all(self._snapshot())
        now = self._now()
        instruments = await asyncio.to_thread(self._instrument_file.load, now)
        for start in range(0, len(instruments), FILED_AT_ONCE):
            await self._add_instruments(instruments[start : start + FILED_AT_ONCE])
            await asyncio.sleep(0)
        portfolios = await asyncio.to_thread(self._portfolio_file.load, now)
        if portfolios:
            await self._add_portfolios(portfolios)
            self._listed_at = max(each.read_at for each in portfolios)
            self._whole_list_at = min(each.read_at for each in portfolios)
        sides = await asyncio.to_thread(self._side_file.load, now)
        properties = await asyncio.to_thread(self._property_file.load, now)
        if sides or properties:
            named = {each.key: each for each in properties}
            self._publish(replace(self.records, sides=tuple(sides), properties=named), ())
        if self._brokers.named:
            self._publish(replace(self.records, brokers=self._brokers.named), ())
        self._loaded = True

    # --- what is asked -------------------------------------------------------------------------

    async def _read_instruments(self) -> None:
        """Read the instruments that rows wait for, then those that are too old."""
        if self.calls.lacks(GET_INSTRUMENTS):
            self._waiting.instruments.clear()
        if not self.calls.may(GET_INSTRUMENTS):
            return
        held = self.records.instruments
        old = [luid for luid in self._waiting.seen if luid in held and not self._is_good(held[luid].read_at)]
        wanted = (*self._waiting.instruments, *old)
        changed = False
        async for read in self.instruments.read(wanted, self._waiting.scopes):
            if read.found:
                changed = True
                await self._add_instruments(read.found)
            if read.missing:
                log.info("%s not found", counted(len(read.missing), "instrument"))
        if changed:
            await asyncio.to_thread(self._instrument_file.save, tuple(self.records.instruments.values()))

    async def _read_portfolios(self) -> None:
        """Read the list of portfolios when it is too old, or when rows name one that is not in it."""
        if self.calls.lacks(LIST_PORTFOLIOS):
            self._waiting.portfolios.clear()
        unknown = bool(self._waiting.portfolios) and self._now() - self._listed_at >= LIST_AGAIN
        due = unknown or not self._is_good(self._listed_at)
        if not due or not self.calls.may(LIST_PORTFOLIOS):
            return
        if not await self._read_changed_portfolios():
            await self._read_all_portfolios()
        self._listed_at = self._now()
        await self._save_portfolios()

    async def _read_changed_portfolios(self) -> bool:
        """Read the portfolios that changed (R26); return whether that was possible, and is enough."""
        changes = [each.modified for each in self.records.portfolios.values() if each.modified is not None]
        if not changes or self._now() - self._whole_list_at >= WHOLE_LIST_EVERY:
            return False
        try:
            async for page in self._portfolios.read(max(changes)):
                await self._add_portfolios(page)
        except Refused:
            return False
        return True

    async def _read_all_portfolios(self) -> None:
        """Read the whole list; what is not in it any more is forgotten, unless the list was cut."""
        seen: set[ResourceId] = set()
        pages = 0
        async for page in self._portfolios.read():
            pages += 1
            seen.update(each.id for each in page)
            await self._add_portfolios(page)
        self._whole_list_at = self._now()
        held = self.records.portfolios
        if pages < MOST_PAGES and not seen.issuperset(held):
            left = {id: each for id, each in held.items() if id in seen}
            self._publish(replace(self.records, portfolios=left), None)

    async def _save_portfolios(self) -> None:
        await asyncio.to_thread(self._portfolio_file.save, tuple(self.records.portfolios.values()))

    async def _read_details(self, portfolios: Iterable[PortfolioFacts]) -> None:
        for known in portfolios:
            await self._attempt(partial(self._read_details_of, known))
        await self._save_portfolios()

    async def _read_details_of(self, known: PortfolioFacts) -> None:
        await self._add_portfolios((await self._portfolios.details(known),))

    async def _read_sides(self) -> None:
        """Read the transaction types of the shared scope and of those that portfolios name."""
        held = self.records
        named = (each.transaction_scope for each in held.portfolios.values() if each.transaction_scope)
        wanted = tuple(dict.fromkeys((DEFAULT_SCOPE, *named)))[:MOST_SCOPES]
        read_at = {each.scope: each.read_at for each in held.sides} | self._sides_read_at
        due = [scope for scope in wanted if not self._is_good(read_at.get(scope, _NEVER))]
        if not due or not self.calls.may(LIST_TRANSACTION_TYPES):
            return
        kept = [each for each in held.sides if each.scope not in due]
        for scope in due:
            kept += await self._sides.read(scope)
            self._sides_read_at[scope] = self._now()
        if not kept and not held.sides:
            return
        self._publish(replace(self.records, sides=tuple(kept)), ())
        await asyncio.to_thread(self._side_file.save, kept)

    async def _read_brokers(self) -> None:
        """Read the list of brokers that the profile names, once a day; a failure holds for some minutes."""
        now = self._now()
        due = not self._is_good(self._brokers_read_at) and now - self._brokers_asked_at >= LIST_AGAIN
        if not due or not self._brokers.has_list:
            return
        self._brokers_asked_at = now
        found = await self._brokers.read()
        self._brokers_read_at = now
        if found != self.records.brokers:
            self._publish(replace(self.records, brokers=found), ())

    async def define(self, keys: Collection[str], *, within_s: float) -> None:
        """Read the definitions of properties; a server that takes longer is not waited for."""
        if not keys:
            return
        await self._wait_for(self._read_properties(keys), within_s)

    async def complete(self, portfolios: Collection[ResourceId], *, within_s: float) -> None:
        """Read what the list did not say of portfolios that somebody deals in, once each (R29).

        A server that takes longer is not waited for.
        """
        due = [known for id in portfolios if (known := self.records.portfolios.get(id)) is not None]
        due = [known for known in due if not known.currency and known.id not in self._detailed][:DETAILED]
        if due and self.calls.may(PORTFOLIO_DETAILS):
            self._detailed.update(known.id for known in due)
            await self._wait_for(self._read_details(due), within_s)

    async def _wait_for(self, read: Coroutine[Any, Any, None], within_s: float) -> None:
        """Wait for a read that goes on when the time is over."""
        task = asyncio.create_task(read)
        self._waited_for.add(task)
        task.add_done_callback(self._waited_for.discard)
        await asyncio.wait({task}, timeout=within_s)

    async def _read_properties(self, keys: Collection[str]) -> None:
        """Read the definitions of these properties, where they are not known or too old."""
        held = self.records.properties
        due = [key for key in keys if key not in held or not self._is_good(held[key].read_at)]
        if not due or not self.calls.may(GET_PROPERTY_DEFINITIONS):
            return

        async def read() -> None:
            found = {each.key: each for each in await self._properties.read(due)}
            merged = {**self.records.properties, **found}
            self._publish(replace(self.records, properties=merged), ())
            await asyncio.to_thread(self._property_file.save, tuple(merged.values()))

        await self._attempt(read)

    async def look_up(self, typed: str, scopes: Sequence[str] = ()) -> LookedUp:
        """Look an instrument up for a ticket, and publish what was found; a slow server is not waited for."""
        try:
            async with asyncio.timeout(LOOK_UP_S):
                found = await self._search.find(typed, scopes)
        except (ApiError, TimeoutError) as error:
            log.info("%s was not looked up: %s", typed, error)
            return NOT_ASKED
        facts = (*found.identified, *found.named)
        if facts:
            await self._add_instruments(facts)
            await asyncio.to_thread(self._instrument_file.save, tuple(self.records.instruments.values()))
        return found


def _with_details(listed: PortfolioFacts, known: PortfolioFacts | None) -> PortfolioFacts:
    """Return a portfolio with what its details told before, where the list has no currency."""
    if known is None or listed.currency:
        return listed
    return replace(
        listed,
        currency=known.currency,
        instrument_scopes=listed.instrument_scopes or known.instrument_scopes,
        transaction_scope=listed.transaction_scope or known.transaction_scope,
    )


def _alike(one: InstrumentFacts | PortfolioFacts, other: InstrumentFacts | PortfolioFacts) -> bool:
    """Return whether two records say the same, whenever they were read."""
    return replace(one, read_at=other.read_at) == other
