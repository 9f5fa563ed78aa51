"""A transport to the real server that can fail, and the dealer at the other end of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path

import httpx

from tests.service.sample_rows import rid as rid
from tests.service.sample_rows import usd as usd
from tui.api.client import Client
from tui.api.generations import Generation
from tui.api.http import AsyncBaseTransport, Http
from tui.api.requests import (
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    CancelOrdersAndMoveRemainingRequest,
    ExecutionRequest,
    PlacementRequest,
)
from tui.service.desk import Desk
from tui.service.desk_profile import DEFAULT_PROFILE, DeskProfile
from tui.service.environment import Environment, EnvironmentKind, Update
from tui.service.journal.journal import Journal
from tui.service.outcomes import Report
from tui.service.rehearsal.rehearse import OpenSandbox
from tui.service.verbs import (
    Allocate,
    BookTransactions,
    CancelAndMove,
    CreateOrders,
    PlaceBlocks,
    RecordFills,
)

HOST = "http://embedded"
BASE = f"{HOST}/api"
FIGI = {"Instrument/default/Figi": "BBG000B9XRY4"}
OPENING = datetime(2026, 11, 20, 9, tzinfo=UTC)


class FaultyTransport(AsyncBaseTransport):
    """Passes requests on to ``server`` and records them; the next ones that match fail as they are told to.

    ``lost`` carries a request out and then loses the answer, ``cut`` loses it before the server,
    ``unreachable`` never connects, ``broken`` answers 503 without doing anything, ``expired`` answers 401.
    """

    def __init__(self, server: AsyncBaseTransport) -> None:
        self.server = server
        self.seen: list[httpx.Request] = []
        self._faults: list[tuple[str, str]] = []
        self.keeps_keys = True
        """Whether the server says that it keeps idempotency keys."""
        self.before: Callable[[httpx.Request], Awaitable[None]] | None = None

    def fail(self, kind: str, path: str = "", times: int = 1) -> None:
        """Make the next ``times`` requests whose path contains ``path`` fail."""
        self._faults.extend([(kind, path)] * times)

    def mend(self) -> None:
        """Let every request through again."""
        self._faults.clear()

    def sent(self, path: str, method: str = "POST") -> int:
        """Return how many requests of ``method`` were made to paths that contain ``path``."""
        return Counter(path in request.url.path and request.method == method for request in self.seen)[True]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if self.before is not None:
            await self.before(request)
        fault = next((each for each in self._faults if each[1] in request.url.path), None)
        if fault is not None:
            self._faults.remove(fault)
        kind = fault[0] if fault else ""
        if kind == "unreachable":
            raise httpx.ConnectError("refused")
        self.seen.append(request)
        if kind == "cut":
            raise httpx.ReadTimeout("nothing came back")
        if kind == "broken":
            return httpx.Response(503, text="out of order")
        if kind == "expired":
            return httpx.Response(401, json={"name": "InvalidIdentityToken", "code": 187})
        response = await self.server.handle_async_request(request)
        if not self.keeps_keys:
            response.headers.pop("idempotency-key-supported", None)
        if kind == "lost":
            await response.aread()
            raise httpx.ReadTimeout("nothing came back")
        return response


@dataclass
class SteppedClock:
    """A clock that goes on when somebody waits, and not otherwise."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    async def wait(self, seconds: float) -> None:
        """Advance by ``seconds`` without waiting, and yield to other tasks."""
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass
class Dealer:
    """A dealer at a desk: ``desk`` holds what they did, ``updates`` what they heard."""

    desk: Desk
    line: FaultyTransport
    journal: Journal
    clock: SteppedClock
    updates: list[Update] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @classmethod
    def at(
        cls,
        server: AsyncBaseTransport,
        *,
        journal: Journal | None = None,
        generation: Generation = "latest",
        read_only: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        open_sandbox: OpenSandbox | None = None,
        kind: EnvironmentKind = EnvironmentKind.LOCAL,
        profile: DeskProfile = DEFAULT_PROFILE,
        cache: Path | None = None,
        zone: tzinfo = UTC,
    ) -> Dealer:
        """Return a dealer at a desk of their own, with a transport of their own."""
        line, clock = FaultyTransport(server), SteppedClock()
        book = journal or Journal(None)
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            await clock.wait(seconds)

        desk = Desk(
            Client(Http(BASE, transport=line, pause=clock.wait, clock=clock), generation),
            Environment("demo", kind, BASE),
            journal=book,
            pause=pause,
            read_only=read_only,
            now=now,
            open_sandbox=open_sandbox,
            profile=profile,
            cache=cache,
            zone=zone,
        )
        dealer = cls(desk, line, book, clock, pauses=pauses)
        desk.subscribe(dealer.updates.append)
        return dealer

    @property
    def reports(self) -> list[Report]:
        """The reports this desk told about, oldest first."""
        return [update.report for update in self.updates if update.report]

    async def create(self, block: str, **sizes: int) -> Report:
        """Create a block of Apple to buy at 190, with one order of each size; ``ORD_1=100``."""
        return await self.desk.act(orders_of(block, sizes))

    async def trade(self) -> None:
        """Bring a block as far as allocated, with a fill for a part of it; leave two blocks not placed."""
        await self.create("BLK_1", ORD_1=100, ORD_2=50)
        await self.create("BLK_2", ORD_3=10)
        await self.create("BLK_3", ORD_4=10)
        await self.place("PLC-1", "BLK-1", 100)
        await self.fill("EXE-1", "PLC-1", 60)
        await self.allocate("PLC-1")

    async def place(self, placement: str, block: str, quantity: int) -> Report:
        return await self.desk.act(PlaceBlocks((placing(placement, block, quantity),)))

    async def fill(self, execution: str, placement: str, quantity: int, price: str = "189.5") -> Report:
        return await self.desk.act(RecordFills((fill(execution, placement, quantity, price),)))

    async def allocate(self, *placements: str) -> Report:
        return await self.desk.act(Allocate(tuple(map(rid, placements))))

    async def book(self, *allocations: str) -> Report:
        return await self.desk.act(BookTransactions(tuple(map(rid, allocations))))


def new_orders(block: str, *, limit: str = "190", **sizes: int) -> CreateOrders:
    """Return the creation of a block of Apple to buy, with one order of each size; ``ORD_1=100``."""
    return orders_of(block, sizes, limit=limit)


def orders_of(block: str, sizes: Mapping[str, int], *, limit: str = "190") -> CreateOrders:
    orders = tuple(
        BlockedOrderRequest(
            id=rid(code),
            portfolio_id=rid(("GROWTH", "INCOME", "BALANCED")[index % 3]),
            quantity=Decimal(size),
            date=OPENING + timedelta(seconds=int(code.strip("ORD_") or 0)),
        )
        for index, (code, size) in enumerate(sizes.items())
    )
    return CreateOrders(
        (
            BlockAndOrdersRequest(
                block_id=rid(block),
                orders=orders,
                instrument_identifiers=FIGI,
                side="Buy",
                type="Limit",
                time_in_force="Day",
                date=OPENING,
                limit_price=usd(limit),
            ),
        )
    )


def placing(placement: str, block: str, quantity: int) -> PlacementRequest:
    return PlacementRequest(
        id=rid(placement),
        block_ids=(rid(block),),
        instrument_identifiers=FIGI,
        quantity=Decimal(quantity),
        side="Buy",
        type="Limit",
        time_in_force="Day",
        created_date=OPENING,
        limit_price=usd("190"),
        counterparty="ALBN",
    )


def moving_on(order: str, block: str) -> CancelAndMove:
    """Return the cancel of an order whose rest moves to a new order, ``ORD-1R``, in ``block``."""
    return CancelAndMove(
        (
            CancelOrdersAndMoveRemainingRequest(
                cancel_order_id=rid(order),
                move_remaining_to_order_id=rid(f"{order}R"),
                move_remaining_to_block_id=rid(block),
            ),
        )
    )


def fill(execution: str, placement: str, quantity: int, price: str = "189.5") -> ExecutionRequest:
    return ExecutionRequest(
        id=rid(execution),
        placement_id=rid(placement),
        instrument_identifiers=FIGI,
        quantity=Decimal(quantity),
        state="Filled",
        side="Buy",
        type="Limit",
        created_date=OPENING,
        price=usd(price),
        settlement_currency="USD",
        settlement_currency_fx_rate=Decimal(1),
        counterparty="ALBN",
    )
