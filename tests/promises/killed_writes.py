"""Every verb, killed at every step of its way: what became of it is found by the next start.

Each case has a server of its own, which is copied, and a journal of its own on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final

import httpx
from msgspec import Struct, field

from tests.promises.figures import PromiseFigures
from tests.promises.write_counter import WriteCounter
from tests.service.dealer import FIGI, OPENING, Dealer, fill, moving_on, new_orders, placing, rid, usd
from tests.service.sample_rows import label
from tui.api.base import ResourceId
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.api.requests import BlockRequest, OrderUpdateRequest, PlacementUpdateRequest, PortfolioWeight
from tui.oms.demo.compliance_facts import compliance_book
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server
from tui.oms.store import Store
from tui.oms.store.files import open_database
from tui.service.desk_profile import ComplianceRun
from tui.service.journal.decisions import Intent
from tui.service.journal.journal import Journal
from tui.service.outcomes import Outcome, Report, Status
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import (
    VERBS,
    Allocate,
    AllocateWeighted,
    BookTransactions,
    CancelOrders,
    CancelPlacements,
    MoveOrders,
    PlaceBlocks,
    RecordFills,
    ReplaceOrders,
    ReplacePlacements,
    RunCompliance,
    SweepBlocks,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.replacing import order_request, placement_request


class Step(Enum):
    """Where a program is killed on the way of a call."""

    DECIDED = "decided, not in the journal"
    JOURNALLED = "in the journal, not sent"
    ARRIVED = "carried out, its answer under way"
    ANSWERED = "answered, its outcome not in the journal"
    CONCLUDED = "outcome in the journal, nobody told"


class EndOfProgram(BaseException):
    """The end of a program: nothing is written or sent after it."""


class MortalJournal(Journal):
    """A journal whose program ends at a step of the first call."""

    def __init__(self, path: Path, step: Step) -> None:
        super().__init__(path)
        self._step = step

    def intend(self, intent: Intent, request: Any) -> None:
        if self._step is Step.DECIDED:
            raise EndOfProgram
        super().intend(intent, request)

    def conclude(
        self, id: str, at: datetime, outcomes: Iterable[Outcome], *, answer: int = 0, request: str = ""
    ) -> None:
        if self._step is Step.CONCLUDED:
            super().conclude(id, at, outcomes, answer=answer, request=request)
        raise EndOfProgram


RUN: Final = ComplianceRun("demo", "Rules", ResourceId("demo", "default"))
GROWTH: Final = PortfolioWeight(portfolio_id=rid("GROWTH"), weight=Decimal(1))
WITHOUT_ORDERS: Final = BlockRequest(
    id=rid("BLK-5"),
    order_ids=(),
    instrument_identifiers=FIGI,
    quantity=Decimal(100),
    side="Buy",
    type="Limit",
    time_in_force="Day",
    created_date=OPENING,
    limit_price=usd("190"),
)
"""A block whose executions are allocated by weight."""


def decisions_on(desk: Snapshot) -> tuple[Verb, ...]:
    """Return one decision of each kind that the traded desk carries out."""
    order, placement = desk.orders[rid("ORD-4")], desk.placements[rid("PLC-1")]
    return (
        new_orders("BLK_9", ORD_9=7),
        MoveOrders((rid("ORD-4"),), rid("BLK-2")),
        UpdateOrders((OrderUpdateRequest(id=rid("ORD-3"), quantity=Decimal("12.50")),)),
        ReplaceOrders((order_request(order, time_in_force="GoodTilCancel"),), made_from=(order,)),
        CancelOrders((rid("ORD-3"),)),
        moving_on("ORD-3", "BLK-3"),
        PlaceBlocks((placing("PLC-9", "BLK-2", 10),)),
        UpdatePlacements((PlacementUpdateRequest(id=rid("PLC-1"), counterparty="BRCL"),)),
        ReplacePlacements(
            (placement_request(placement, time_in_force="GoodTilCancel"),), made_from=(placement,)
        ),
        CancelPlacements((rid("PLC-1"),)),
        RecordFills((fill("EXE-9", "PLC-1", 5),)),
        Allocate((rid("PLC-1"),)),
        AllocateWeighted((rid("PLC-5"),), (GROWTH,)),
        BookTransactions((rid("PLC-1-ORD-1"),), properties=label("Transaction/a/b", "x")),
        SweepBlocks((rid("BLK-4"),), "2100-01-01T00:00:00Z"),
        RunCompliance((RUN,), "dealer"),
    )


class KilledWrite(Struct):
    """What became of a verb whose program was killed at a step."""

    verb: str
    step: Step
    arrived: int = 0
    """How often it had arrived at the server before the next start."""
    told: tuple[Status, ...] = ()
    """What the next start told unasked."""
    unknown: bool = False
    """Whether the next start had a row of unknown outcome."""
    repeated: int = 0
    settled: bool = False
    """Whether nothing is unknown at last, after the user sent again what was."""

    @property
    def found(self) -> bool:
        """Whether the next start knew of it all that can be known."""
        match self.step:
            case Step.DECIDED:
                return self.arrived == 0 and not self.told and not self.unknown
            case Step.JOURNALLED:
                return self.arrived == 0 and self.unknown
            case Step.ARRIVED | Step.ANSWERED:
                return self.arrived == 1 and {*self.told} == {Status.DONE} and not self.unknown
            case Step.CONCLUDED:
                return self.arrived == 1 and not self.unknown


class KilledWrites(Struct):
    """Kills programs, each in a folder of its own."""

    folder: Path
    cases: list[KilledWrite] = field(default_factory=list)
    _traded: Engine | None = None

    async def run(self, steps: Callable[[int], Iterable[Step]] = lambda _: Step) -> PromiseFigures:
        """Kill each verb at each of its ``steps``, which may depend on its number; return the figures."""
        for number in range(len(VERBS)):
            for step in steps(number):
                self.cases.append(await self._killed_at(number, step))
        if self._traded is not None:
            self._traded.close()
            self._traded = None
        return PromiseFigures(
            cases=len(self.cases),
            faults=len(self.cases),
            duplicates=sum(each.repeated for each in self.cases),
            unresolved=sum(not each.settled for each in self.cases),
            lost=sum(not each.found for each in self.cases),
        )

    async def _killed_at(self, number: int, step: Step) -> KilledWrite:
        engine = await self._copied()
        server = WriteCounter(asgi_transport(Server(engine)))
        path = self.folder / f"{number}-{step.name}.jsonl"
        first = Dealer.at(server, journal=MortalJournal(path, step))
        await first.desk.load()
        verb = decisions_on(first.desk.snapshot)[number]
        first.line.before = _ends_at(step, server)
        with suppress(EndOfProgram):
            await first.desk.act(verb)
        first.journal.close()
        await first.desk.client.close()
        case = KilledWrite(verb.name, step, arrived=server.arrived.total())

        again = Dealer.at(server, journal=Journal(path))
        await again.desk.load()
        told: list[Report] = [report for update in again.updates for report in update.found]
        case.told = tuple(outcome.status for report in told for outcome in report.outcomes)
        case.unknown = bool(again.desk.unknown)
        for _ in range(3):
            if again.desk.unknown:
                await again.desk.send_again(again.desk.unknown)
        case.settled = not again.desk.unknown and not again.journal.open_intents()
        case.repeated = server.repeated
        await again.desk.close()
        again.journal.close()
        await again.desk.client.close()
        engine.close()
        return case

    async def _copied(self) -> Engine:
        """Return a server of its own on which somebody has traded."""
        if self._traded is None:
            self._traded = Engine.open(None, instrument_table, compliance=compliance_book)
            dealer = Dealer.at(asgi_transport(Server(self._traded)))
            await dealer.desk.load()
            await dealer.trade()
            await dealer.fill("EXE-2", "PLC-1", 10)
            await dealer.create("BLK_4", ORD_5=5)
            await dealer.desk.act(CancelOrders((rid("ORD-5"),)))
            await dealer.desk.client.blocks.upsert([WITHOUT_ORDERS])
            await dealer.desk.refresh()
            await dealer.place("PLC-5", WITHOUT_ORDERS.id.code, 100)
            await dealer.fill("EXE-5", "PLC-5", 100)
            await dealer.desk.close()
            await dealer.desk.client.close()
        connection, _ = open_database(None)
        self._traded.store.connection.backup(connection)
        return Engine(Store(connection, None), instrument_table, compliance=compliance_book)


def _ends_at(step: Step, server: AsyncBaseTransport) -> Callable[[httpx.Request], Any]:
    """Return what ends the program as it sends its write, before it arrives or after."""

    async def before(request: httpx.Request) -> None:
        if request.method == "GET" or step not in (Step.JOURNALLED, Step.ARRIVED):
            return
        if step is Step.ARRIVED:
            await server.handle_async_request(request)
        raise EndOfProgram

    return before
