"""Rehearsals: a verb is carried out in a sandbox before a person is asked to confirm it.

The sandbox is an empty server of its own, reached by the same client. It is given the rows the verb is about
and all that are bound to them, the verb is sent there as it would be sent, and the rows are read back by
the reader of every desk. So nothing here knows a rule.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

from msgspec import Struct

from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.errors import ApiError, NoAnswer
from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.service.outcomes import Outcome, Status
from tui.service.rehearsal.filling_up import filling_up
from tui.service.rehearsal.neighbourhood import neighbourhood
from tui.service.snapshot.snapshot import EMPTY, Snapshot
from tui.service.snapshot.transaction_keys import portfolio_of
from tui.service.sync.reader import Reader
from tui.service.verbs import PlaceBlocks
from tui.service.verbs.verb import Verb

MOST_ITEMS: Final = 500
"""The items of a verb that are rehearsed: a person waits for the preview."""
TIMEOUT_S: Final = 2.0
"""Seconds after which a rehearsal is given up, while a person waits for it."""

log = logging.getLogger(__name__)
VerbT = TypeVar("VerbT", bound=Verb)


class Sandbox(Protocol):
    """A server of its own, empty until rows are put in as they are."""

    @property
    def client(self) -> Client:
        """The client on it."""
        ...

    async def put(
        self,
        blocks: Collection[OrderGraphBlock],
        rows: Collection[Order | Placement | Execution | Allocation],
        transactions: Mapping[ResourceId, Collection[Transaction]],
    ) -> None:
        """Store rows as they are, with their versions; transactions by portfolio."""
        ...

    async def close(self) -> None:
        """Forget everything."""
        ...


OpenSandbox = Callable[[Snapshot], Awaitable[Sandbox]]
"""Opens a sandbox in which identifiers mean the instruments that they mean on a desk."""


class Rehearsal(Struct, frozen=True):
    """What came of a verb in a sandbox.

    ``outcomes`` are those of the items rehearsed, the first ones in their order; ``left_out`` counts the
    others. ``before`` and ``after`` are the rows concerned, ``if_filled`` what they would be once all that a
    placing places is filled and allocated; empty for other verbs. ``failure`` is why there is no outcome;
    then all else is empty.
    """

    outcomes: tuple[Outcome, ...] = ()
    left_out: int = 0
    before: Snapshot = EMPTY
    after: Snapshot = EMPTY
    if_filled: Snapshot = EMPTY
    failure: str = ""

    @property
    def refused(self) -> tuple[Outcome, ...]:
        """The items the sandbox refused."""
        return tuple(each for each in self.outcomes if each.status is Status.REFUSED)

    def without_refused(self, verb: VerbT) -> VerbT:
        """Return ``verb`` without the items that were refused; they are named by row."""
        done = {each.ref for each in self.outcomes if each.status is Status.DONE}
        refused = {each.ref for each in self.refused} - done
        return verb.only(frozenset(verb.refs) - refused) if refused else verb


class RehearsalFailed(Exception):
    """The sandbox did not answer a request as a server does."""


class Rehearser:
    """Rehearses verbs one after the other in a thread of its own, with an event loop of its own.

    A rehearsal is given up after ``timeout_s`` seconds, without it after as many as a person waits.
    """

    def __init__(self, open_sandbox: OpenSandbox, timeout_s: float | None = None) -> None:
        self._open = open_sandbox
        self._own_timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rehearsal")
        self._runner: asyncio.Runner | None = None

    async def rehearse(self, verb: Verb, snapshot: Snapshot) -> Rehearsal:
        """Return what comes of ``verb`` on the desk as it stands; its own failure is in the answer.

        Where rows could not be read, nothing is tried: what they would change is not known.
        """
        if snapshot.unread and verb.needs_rows:
            kinds = " and ".join(kind.value for kind in snapshot.unread)
            return Rehearsal(failure=f"not all {kinds} could be read")
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._run, verb, snapshot)
        try:
            return await asyncio.wait_for(work, self._timeout_s)
        except TimeoutError:
            return self._too_slow()

    async def close(self) -> None:
        """Finish the rehearsal in progress and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._end)
        self._thread.shutdown(wait=False)

    def _run(self, verb: Verb, snapshot: Snapshot) -> Rehearsal:
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            return self._runner.run(self._in_time(verb, snapshot))
        except TimeoutError:
            return self._too_slow()
        except Exception as error:  # of whatever kind: the preview says it, and nothing waits for it
            log.exception("a rehearsal failed")
            return Rehearsal(failure=f"{type(error).__name__}: {error}".rstrip(": "))

    @property
    def _timeout_s(self) -> float:
        return TIMEOUT_S if self._own_timeout_s is None else self._own_timeout_s

    def _too_slow(self) -> Rehearsal:
        return Rehearsal(failure=f"it took longer than {self._timeout_s:.0f} s")

    def _end(self) -> None:
        if self._runner is not None:
            self._runner.close()

    async def _in_time(self, verb: Verb, snapshot: Snapshot) -> Rehearsal:
        async with asyncio.timeout(self._timeout_s):
            return await _rehearse(verb, snapshot, self._open)


async def _rehearse(verb: Verb, snapshot: Snapshot, open_sandbox: OpenSandbox) -> Rehearsal:
    left_out = max(0, verb.count - MOST_ITEMS)
    part = verb.only(frozenset(verb.refs[:MOST_ITEMS])) if left_out else verb
    before = neighbourhood(snapshot, (*part.refs, *part.touched(snapshot)))
    sandbox = await open_sandbox(snapshot)
    try:
        await _copy(before, sandbox)
        client = sandbox.client
        outcomes = [each for call in part.split() for each in await _send(call, client)]
        refused = all(each.status is Status.REFUSED for each in outcomes)
        after = before if refused else await _read_back(part, before, client)
        filled = EMPTY if refused else await _filled_up(part, after, client)
    finally:
        await sandbox.close()
    return Rehearsal(tuple(outcomes), left_out, before, after, filled)


async def _filled_up(verb: Verb, after: Snapshot, client: Client) -> Snapshot:
    """Return the rows once all that was placed is filled and allocated; empty where that is not known."""
    steps = filling_up(verb, after) if isinstance(verb, PlaceBlocks) else None
    if steps is None:
        return EMPTY
    filled, allocated = steps
    try:
        for step in steps:
            if any(each.status is not Status.DONE for each in await _send(step, client)):
                return EMPTY
        return await _read_back(allocated, await _read_back(filled, after, client), client)
    except (ApiError, RehearsalFailed):  # the placing itself was rehearsed all the same
        return EMPTY


async def _copy(rows: Snapshot, sandbox: Sandbox) -> None:
    booked: dict[ResourceId, list[Transaction]] = {}
    for id, row in rows.transactions.items():
        booked.setdefault(portfolio_of(id), []).append(row)
    below = (rows.orders, rows.placements, rows.executions, rows.allocations)
    entities = [row for rows_of_kind in below for row in rows_of_kind.values()]
    await sandbox.put(rows.blocks.values(), entities, booked)


async def _send(call: Verb, client: Client) -> tuple[Outcome, ...]:
    """Send one call of a verb and return the outcome of its items.

    Raises:
        RehearsalFailed: there is no answer, so nothing is known of the items.
    """
    try:
        request = call.build(client)
        return call.outcomes(call.read(await client.send(request), request))
    except NoAnswer as error:
        raise RehearsalFailed(error.why) from error
    except ApiError as error:
        return call.failed(error)


async def _read_back(verb: Verb, before: Snapshot, client: Client) -> Snapshot:
    """Return the rows after the verb, read as the desk reads them after a write."""

    def publish(*, complete: bool | None = None) -> None:
        """Show nothing: there is no screen on a sandbox."""

    reader = Reader(client, publish, before)
    await reader.reread(verb.touched(before))
    return reader.builder.freeze()
