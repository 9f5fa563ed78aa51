"""One desk at work: takes commands one at a time, each a transaction of its own, and answers reads.

The engine is the only way to the store. Whoever writes, a route, the demo's seeding or the simulated
market, waits for its turn; from an event loop it is called through :meth:`Engine.run`. Whoever only looks
(:meth:`Engine.view`) sees the newest committed state, and waits for no write.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.api.models import Block, Placement
from tui.oms.domain.clock import Clock, SystemClock, VirtualClock
from tui.oms.domain.error_codes import INVALID_REQUEST
from tui.oms.domain.instrument_master import Instruments
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.request_ids import RequestIds
from tui.oms.domain.times import moment
from tui.oms.domain.unit_of_work import Context, EntityChange, ReplyBuilder, UnitOfWork
from tui.oms.store import Store
from tui.oms.store.json_cache import JsonCache
from tui.oms.store.readers import MOST, Readers
from tui.oms.store.reads import Reads

if TYPE_CHECKING:
    from tui.oms.rules.fees import Fee

Q = TypeVar("Q")
T = TypeVar("T")
P = ParamSpec("P")

Command = Callable[[UnitOfWork, Q], ReplyBuilder]


class Engine:
    """The desk's commands and reads over one database, one at a time."""

    def __init__(
        self,
        store: Store,
        instruments: Callable[[], Instruments],
        clock: Clock | None = None,
        fees: tuple[Fee, ...] = (),
    ) -> None:
        self.store = store
        self.fees = fees
        self.clock: Clock = clock or SystemClock()
        self._instruments = instruments
        self.request_ids = RequestIds(self.clock.now() if isinstance(self.clock, VirtualClock) else None)
        self._turn = threading.RLock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._readers = Readers(store.file) if store.file is not None else None
        self._reading = ThreadPoolExecutor(MOST, thread_name_prefix="read")

    @classmethod
    def open(
        cls,
        path: Path | str | None,
        instruments: Callable[[], Instruments],
        *,
        fresh: bool = False,
        clock: Clock | None = None,
        fees: tuple[Fee, ...] = (),
    ) -> Engine:
        """Open the desk stored at ``path``, created if missing; None or ``:memory:`` stores nothing.

        ``instruments`` returns the instruments identifiers are resolved by; it is first called at the first
        write. ``fresh`` deletes an existing desk. ``clock`` is the machine's if not given. ``fees`` are
        charged on bookings (B5).

        Raises:
            StoreError: the file cannot be used; the message says why.
        """
        file = None if path is None or path == ":memory:" else Path(path)
        return cls(Store.open(file, fresh=fresh), instruments, clock, fees)

    def close(self) -> None:
        """Finish the call at work and close the database."""
        self._reading.shutdown()
        self._thread.shutdown()
        with self._turn:
            if self._readers is not None:
                self._readers.close()
            self.store.close()

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do ``work`` in the store's thread, so that the event loop is never held up.

        Work that has begun is finished even when the caller is cancelled.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))

    async def run_view(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do ``work``, which only reads (:meth:`view`), in a thread of its own, beside the writes."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, lambda: work(*args, **kwargs))

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Make all writes inside one transaction: all of them are kept, or none."""
        with self._turn, self.store.transaction():
            yield

    def write(
        self,
        command: Command[Q],
        request: Q,
        *,
        user: str,
        now: datetime | None = None,
        request_id: str | None = None,
    ) -> Any:
        """Carry out ``command`` in a transaction of its own and give its reply.

        ``now`` stands for the clock; the call's asAt is later than that of every call before it.

        Raises:
            Refusal: the whole call breaks a rule; nothing was written.
            StoreError: the disk would not take it; nothing was written.
        """
        with self._turn, _collector_at_rest(), self.store.transaction():
            return self._carry_out(command, request, user, now, request_id, JsonCache())

    def write_encoded(
        self,
        command: Command[Q],
        request: Q,
        *,
        user: str,
        request_id: str | None = None,
        once: tuple[str, bytes] | None = None,
    ) -> bytes:
        """Carry out ``command`` as :meth:`write` does and give its reply as JSON.

        ``once`` is an idempotency key and the digest of the request: a key seen before gives the answer
        it got then, and nothing is done.

        Raises:
            Refusal: as :meth:`write`, and when the key was used for another request (422).
        """
        with self._turn, _collector_at_rest(), self.store.transaction():
            now = self.store.next_as_at(self.clock.now())
            if once is not None and (kept := self.store.recall(once[0], now)) is not None:
                if kept[0] != once[1]:
                    raise Refusal(
                        "IdempotencyKeyReused",
                        "The Idempotency-Key was used before, for another request. Use a new key.",
                        code=INVALID_REQUEST,
                        status=422,
                    )
                return kept[1]
            texts = JsonCache()
            reply = texts.joined(self._carry_out(command, request, user, None, request_id, texts))
            if once is not None:
                self.store.remember(once[0], once[1], now, reply)
            return reply

    def read(self, work: Callable[[Store], T]) -> T:
        """Give what ``work`` reads from the store, with no write in between its statements."""
        with self._turn:
            return work(self.store)

    def view(self, work: Callable[[Reads], T]) -> T:
        """Give what ``work`` reads from one state of the desk, the newest that is committed.

        A desk on a file is read beside the writes, which neither wait nor are waited for; one in memory
        has a single connection, and is read in turn with them.
        """
        if self._readers is None:
            return self.read(work)
        with self._readers.one() as reads:
            return work(reads)

    def _carry_out(
        self,
        command: Command[Q],
        request: Q,
        user: str,
        now: datetime | None,
        request_id: str | None,
        texts: JsonCache,
    ) -> Any:
        as_at = self.store.next_as_at(now or self.clock.now())
        context = Context(moment(as_at), user, request_id or self.request_ids.next())
        uow = UnitOfWork(self.store, context, self._instruments())
        answer = command(uow, request)
        changes = uow.commit()
        if changes:
            self.store.append(changes, context, as_at, texts)
            self._draw(changes, uow, as_at, texts)
        return answer()

    def _draw(self, changes: list[EntityChange], uow: UnitOfWork, as_at: int, texts: JsonCache) -> None:
        """Draw the order graph anew where the changes touch it, and nowhere else."""
        from tui.oms.engine import order_graph

        block_ids, placement_ids = order_graph.touched(changes, uow)
        order_graph.expect(uow, block_ids, placement_ids)
        blocks: dict[ResourceId, bytes | None] = dict.fromkeys(block_ids)
        for id in blocks:
            if (block := uow.get(Block, id)) is not None:
                entry: Any = order_graph.graph_block(uow, block)
                blocks[id] = texts.write(replace(entry, block=texts.of(block)))
        placements: dict[ResourceId, bytes | None] = dict.fromkeys(placement_ids)
        for id in placements:
            if (placement := uow.get(Placement, id)) is not None:
                entry = order_graph.graph_placement(uow, placement)
                placements[id] = texts.write(replace(entry, placement=texts.of(placement)))
        self.store.draw(Block, blocks, as_at)
        self.store.draw(Placement, placements, as_at)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the cyclic collector still: a call makes many objects, next to none of them in cycles."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
