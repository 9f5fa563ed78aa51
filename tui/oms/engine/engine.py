"""The engine of one desk: carries out commands one at a time, each in a transaction of its own, and reads.

The engine is the only way to the store. Every writer, a route, the demo's seeding or the simulated market,
waits for the lock; from an event loop it is called through :meth:`Engine.run`. A read (:meth:`Engine.view`)
sees the newest committed state and waits for no write.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from decimal import localcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.api.models import Block, OrderGraphBlock, Placement
from tui.oms.domain.clock import Clock, SystemClock, VirtualClock
from tui.oms.domain.compliance_book import EMPTY_BOOK, ComplianceBook
from tui.oms.domain.error_codes import INVALID_REQUEST
from tui.oms.domain.instrument_master import Instruments
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.request_ids import RequestIds
from tui.oms.domain.times import from_micros
from tui.oms.domain.unit_of_work import Command, Context, EntityChange, Stored, UnitOfWork
from tui.oms.store import Store
from tui.oms.store.bulk import Bulk
from tui.oms.store.json_cache import JsonCache
from tui.oms.store.reader_pool import MAX_READERS, ReaderPool
from tui.oms.store.reads import StoreReader

if TYPE_CHECKING:
    from tui.oms.rules.fees import Fee

log: Final = logging.getLogger(__name__)

GRAPH_CHECKED_BYTES: Final = 64 * 1024 * 1024
"""The size up to which the order graph is computed anew after an unclean end: 2 s for 1,400 blocks."""

Q = TypeVar("Q")
T = TypeVar("T")
P = ParamSpec("P")


class Engine:
    """The commands and reads of one database."""

    def __init__(
        self,
        store: Store,
        instruments: Callable[[], Instruments],
        clock: Clock | None = None,
        fees: tuple[Fee, ...] = (),
        compliance: Callable[[], ComplianceBook] = lambda: EMPTY_BOOK,
    ) -> None:
        self.store = store
        self.fees = fees
        self._compliance = compliance
        self.clock: Clock = clock or SystemClock()
        self._instruments = instruments
        self.request_ids = RequestIds(self.clock.now() if isinstance(self.clock, VirtualClock) else None)
        self._lock = threading.RLock()
        self._bulk: Bulk | None = None
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._readers = ReaderPool(store.file) if store.file is not None else None
        self._read_threads = ThreadPoolExecutor(MAX_READERS, thread_name_prefix="read")

    @classmethod
    def open(
        cls,
        path: Path | str | None,
        instruments: Callable[[], Instruments],
        *,
        fresh: bool = False,
        verify: bool = False,
        clock: Clock | None = None,
        fees: tuple[Fee, ...] = (),
        compliance: Callable[[], ComplianceBook] = lambda: EMPTY_BOOK,
    ) -> Engine:
        """Open the desk stored at ``path``, created if missing; None or ``:memory:`` stores nothing.

        ``instruments`` returns the instruments identifiers are resolved by; it is first called at the first
        write. ``fresh`` deletes an existing desk; ``verify`` checks all of it, as after an unclean end.
        ``clock`` is the machine's if not given. ``fees`` are charged on bookings (B5); ``compliance`` returns
        what compliance rules are checked against (K1).

        Raises:
            StoreError: the file cannot be used; the message says why.
        """
        file = None if path is None or path == ":memory:" else Path(path)
        store = Store.open(file, fresh=fresh, verify=verify)
        engine = cls(store, instruments, clock, fees, compliance)
        if store.is_suspect and (verify or store.file_bytes <= GRAPH_CHECKED_BYTES):
            from tui.oms.engine.graph_repair import repair_graph

            if count := repair_graph(store, engine.instruments, engine.compliance_book.names):
                log.warning("%d entries of the order graph were damaged; they were computed again.", count)
        return engine

    @property
    def instruments(self) -> Instruments:
        """The instruments identifiers are resolved by."""
        return self._instruments()

    @property
    def compliance_book(self) -> ComplianceBook:
        """What compliance rules are checked against."""
        return self._compliance()

    def close(self) -> None:
        """Finish the call in progress and close the database."""
        self._read_threads.shutdown()
        self._write_thread.shutdown()
        with self._lock:
            if self._readers is not None:
                self._readers.close()
            self.store.close()

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work`` in the store's thread, so that the event loop is never blocked.

        Work that has started is finished even when the caller is cancelled.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._write_thread, lambda: work(*args, **kwargs))

    async def run_view(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work``, which only reads (:meth:`view`), in a reading thread, concurrently with writes."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_threads, lambda: work(*args, **kwargs))

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Put all writes inside into one transaction: all of them are kept, or none.

        On an empty desk they are gathered in memory and written in few statements.
        """
        with self._lock:
            if not self.store.is_empty():
                with self.store.transaction():
                    yield
                return
            with _garbage_collection_paused(), self.store.bulk() as self._bulk:
                try:
                    yield
                finally:
                    self._bulk = None

    def write(
        self,
        command: Command[Q],
        request: Q,
        *,
        user: str,
        now: datetime | None = None,
        request_id: str | None = None,
    ) -> Any:
        """Carry out ``command`` in a transaction of its own and return its reply.

        ``now`` replaces the clock; the call's asAt is later than that of every call before it.

        Raises:
            Refusal: the whole call breaks a rule; nothing was written.
            StoreError: SQLite could not write; nothing was written.
        """
        with self._lock, _garbage_collection_paused():
            if (bulk := self._bulk) is not None:
                return self._carry_out(command, request, user, now, request_id, bulk.json_cache(), bulk)
            with self.store.transaction():
                return self._carry_out(command, request, user, now, request_id, JsonCache(), self.store)

    def try_out(self, command: Command[Q], request: Q, *, user: str, request_id: str) -> Any:
        """Return the reply that ``command`` would get now; nothing is written.

        Raises:
            Refusal: the whole call breaks a rule.
        """
        with self._lock:
            as_at = self.store.next_as_at(self.clock.now())
            uow = UnitOfWork(self.store, Context(from_micros(as_at), user, request_id), self._instruments())
            build_reply = command(uow, request)
            uow.commit()
            return build_reply()

    def write_encoded(
        self,
        command: Command[Q],
        request: Q,
        *,
        user: str,
        request_id: str | None = None,
        idempotency: tuple[str, bytes] | None = None,
    ) -> bytes:
        """Carry out ``command`` as :meth:`write` does and return its reply as JSON.

        ``idempotency`` is an idempotency key and the digest of the request. A key that was used before
        returns the reply it got then, and nothing is done.

        Raises:
            Refusal: as :meth:`write`, and when the key was used for another request (422).
        """
        with self._lock, _garbage_collection_paused(), self.store.transaction():
            now = self.store.next_as_at(self.clock.now())
            if idempotency is not None and (kept := self.store.kept_reply(idempotency[0], now)) is not None:
                if kept[0] != idempotency[1]:
                    raise Refusal(
                        "IdempotencyKeyReused",
                        "The Idempotency-Key was used before, for another request. Use a new key.",
                        code=INVALID_REQUEST,
                        status=422,
                    )
                return kept[1]
            json_cache = JsonCache()
            done = self._carry_out(command, request, user, None, request_id, json_cache, self.store)
            reply = json_cache.splice(done)
            if idempotency is not None:
                self.store.keep_reply(*idempotency, now, reply)
            return reply

    def restore(self, entities: Sequence[Stored], blocks: Iterable[OrderGraphBlock]) -> None:
        """Store new entities as they are, versions included, with the order graph's entries of ``blocks``.

        No rule runs. Calls carried out later have a later asAt than every version stored.
        """
        with self._lock, _garbage_collection_paused(), self.store.transaction():
            versions = (entity.version for entity in entities)
            times = [each.as_at_modified for each in versions if each and each.as_at_modified]
            as_at = self.store.next_as_at(max(times, default=self.clock.now()))
            context = Context(from_micros(as_at), "", self.request_ids.next())
            json_cache = JsonCache()
            self.store.append([EntityChange(None, each) for each in entities], context, as_at, json_cache)
            graph = {row.block.id: json_cache.encode(_with_raw_block(row, json_cache)) for row in blocks}
            self.store.store_graph(Block, graph, as_at)

    def read(self, work: Callable[[Store], T]) -> T:
        """Return the result of ``work`` on the store, with no write between its statements."""
        with self._lock:
            return work(self.store)

    def view(self, work: Callable[[StoreReader], T]) -> T:
        """Return the result of ``work`` on a snapshot of the newest committed state.

        A desk in a file is read concurrently with writes; a desk in memory has a single connection, so a
        read waits for the lock.
        """
        if self._readers is None:
            return self.read(work)
        with self._readers.lend() as reads:
            return work(reads)

    def _carry_out(
        self,
        command: Command[Q],
        request: Q,
        user: str,
        now: datetime | None,
        request_id: str | None,
        json_cache: JsonCache,
        store: Store | Bulk,
    ) -> Any:
        as_at = store.next_as_at(now or self.clock.now())
        context = Context(from_micros(as_at), user, request_id or self.request_ids.next())
        uow = UnitOfWork(store, context, self._instruments())
        build_reply = command(uow, request)
        changes = uow.commit()
        if changes:
            store.append(changes, context, as_at, json_cache)
            self._update_graph(changes, uow, as_at, json_cache, store)
        return build_reply()

    def _update_graph(
        self,
        changes: list[EntityChange],
        uow: UnitOfWork,
        as_at: int,
        json_cache: JsonCache,
        store: Store | Bulk,
    ) -> None:
        """Compute and store the order graph entries that the changes affect."""
        from tui.oms.engine import order_graph
        from tui.oms.rules.sizes import EXACT_CONTEXT

        block_ids, placement_ids = order_graph.affected_ids(changes, uow)
        if store is self.store:  # a bulk is in memory
            order_graph.prefetch(uow, block_ids, placement_ids)
        names = self.compliance_book.names if block_ids else {}
        blocks: dict[ResourceId, bytes | None] = dict.fromkeys(block_ids)
        placements: dict[ResourceId, bytes | None] = dict.fromkeys(placement_ids)
        with localcontext(EXACT_CONTEXT):  # once for all entries
            for id in blocks:
                if (block := uow.get(Block, id)) is not None:
                    blocks[id] = json_cache.encode(
                        _with_raw_block(order_graph.graph_block(uow, block, names), json_cache)
                    )
            for id in placements:
                if (placement := uow.get(Placement, id)) is not None:
                    entry: Any = order_graph.graph_placement(uow, placement)
                    placements[id] = json_cache.encode(replace(entry, placement=json_cache.raw(placement)))
        store.store_graph(Block, blocks, as_at)
        store.store_graph(Placement, placements, as_at)


def _with_raw_block(row: Any, json_cache: JsonCache) -> Any:
    """Return an entry of the order graph with its block already encoded."""
    return replace(row, block=json_cache.raw(row.block))


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Pause the cyclic collector: a call creates many objects, almost none of them in cycles."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
