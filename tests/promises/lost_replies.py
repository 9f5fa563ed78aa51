"""Intents on a line that loses three writes of ten, on the way there or on the way back.

Two thirds of the faults lose the answer of a write that was carried out, the others the request itself. The
writer sends it again, as a dealer would, whenever reading back shows nothing of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Final

import httpx

from tests.promises.figures import PromiseFigures
from tests.service.dealer import BASE, SteppedClock, orders_of, placing, rid
from tests.service.sample_rows import snapshot_of
from tui.api.client import Client
from tui.api.errors import ApiError, NotFound
from tui.api.http import AsyncBaseTransport, Http
from tui.api.models import Order, Placement
from tui.service.environment import Environment, EnvironmentKind
from tui.service.journal.journal import Journal
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot
from tui.service.verbs import PlaceBlocks, Verb
from tui.service.writes.writer import Writer

FAULTS: Final = 0.3


class BadLine(AsyncBaseTransport):
    """Loses three of ten writes, on the way there or on the way back; says what arrived."""

    def __init__(self, server: AsyncBaseTransport, chance: Random) -> None:
        self._server = server
        self._chance = chance
        self.arrived: Counter[str] = Counter()
        self.faults = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        writes = request.method == "POST"
        fate = self._chance.random() if writes else 1.0
        self.faults += fate < FAULTS
        if fate < FAULTS / 3:
            raise httpx.ReadTimeout("it never arrived")
        if writes:
            self.arrived[request.headers["idempotency-key"]] += 1
            # A server without idempotency keys: it would do everything twice that is sent twice.
            del request.headers["idempotency-key"]
        response = await self._server.handle_async_request(request)
        if fate < FAULTS:
            await response.aread()
            raise httpx.ReadTimeout("nothing came back")
        return response


class SmallDesk:
    """Reads orders and placements by id: enough to read a write back. It ignores the answers to writes."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.environment = Environment("demo", EnvironmentKind.LOCAL)
        self.user = ""
        self.read_back_s = None
        self.snapshot: Snapshot = EMPTY
        self._known = False

    def notify_listeners(self) -> None:
        """Ignore the marks."""

    def on_write_failed(self, error: ApiError) -> str:
        return ""

    def fold_answers(self, outcomes: Iterable[Outcome]) -> None:
        self._known = all(each.status is Status.DONE for each in outcomes)

    async def reread(self, refs: Iterable[Ref]) -> bool:
        if self._known:
            self._known = False
            return True
        orders: list[Order] = []
        placements: list[Placement] = []
        for ref in refs:
            with suppress(NotFound):
                if ref.kind is EntityKind.ORDERS:
                    orders.append(await self.client.orders.get(ref.id))
                elif ref.kind is EntityKind.PLACEMENTS:
                    placements.append(await self.client.placements.get(ref.id))
        self.snapshot = snapshot_of(orders=orders, placements=placements)
        return True


def decisions(count: int) -> Iterable[Verb]:
    """Return the decisions of a busy day: an order, and its placement, again and again."""
    for number in range(count // 2):
        yield orders_of(f"BLK_{number}", {f"ORD_{number}": 10})
        yield PlaceBlocks((placing(f"PLC-{number}", f"BLK-{number}", 10),))


async def lose_replies(server: AsyncBaseTransport, count: int, seed: int) -> PromiseFigures:
    """Send ``count`` decisions over a bad line; return what came of them."""
    line, clock = BadLine(server, Random(seed)), SteppedClock()
    client = Client(Http(BASE, transport=line, pause=clock.wait, clock=clock))
    desk, journal = SmallDesk(client), Journal(None)
    writer = Writer(desk, journal, now=lambda: datetime.now(UTC), pause=clock.wait)
    unresolved = 0
    for verb in decisions(count):
        desk.snapshot = EMPTY
        report = await writer.act(verb)
        status = report.outcomes[0].status
        for _ in range(20):
            if status is not Status.UNKNOWN:
                break
            again = await writer.resend(verb.refs)
            status = again[0].outcomes[0].status if again else status
        unresolved += status is not Status.DONE
    made = [
        row
        for resource in (client.orders, client.placements)
        for row in (await resource.list(limit=5000)).values
    ]
    wanted = {rid(f"{kind}-{number}") for kind in ("ORD", "PLC") for number in range(count // 2)}
    await client.close()
    return PromiseFigures(
        cases=count,
        faults=line.faults,
        duplicates=line.arrived.total() - len(line.arrived) + len(made) - len(wanted) + _changed(made),
        unresolved=unresolved + len(writer.unknown_calls) + len(journal.open_intents()),
        lost=len(wanted - {row.id for row in made}) + count - len(line.arrived),
    )


def _changed(made: Iterable[Order | Placement]) -> int:
    """Return how many rows were written more than once."""
    return sum(row.version is None or row.version.as_at_version_number != 1 for row in made)
