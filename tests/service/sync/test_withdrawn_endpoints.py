"""Every endpoint withdrawn in turn: the desk still opens, places a block and sees its fill."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.service.dealer import Dealer, orders_of, placing, rid
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.api.operation import Operation
from tui.oms.engine.engine import Engine
from tui.oms.faults.scenario import Fault, Faults, Scenario
from tui.oms.http.app import Server, ServerSettings
from tui.service.environment import EnvironmentKind
from tui.service.verbs import PlaceBlocks

WITHDRAWN = {
    "404": Fault(fault="absent"),
    "403": Fault(fault="denied"),
    "501": Fault(fault="failed-before", status=501),
    "HTML": Fault(fault="html"),
}
"""The ways an endpoint can be withdrawn, as the fault middleware injects them."""


class WithdrawnEndpoint(Faults):
    """The faults of one server, which can be changed; it notes the operations that were called."""

    def __init__(self) -> None:
        super().__init__(Scenario())
        self.called: dict[str, Operation[Any, Any]] = {}
        self.withdrawn: Fault | None = None

    def strike(self, endpoint: Operation[Any, Any]) -> Fault | None:
        self.called[endpoint.name] = endpoint
        return self.withdrawn if self.withdrawn and self.withdrawn.is_for(endpoint) else None


async def open_desk(server: AsyncBaseTransport) -> Dealer:
    """Open a desk as the program does, until nothing is left to be read."""
    dealer = Dealer.at(server, kind=EnvironmentKind.TEST)
    desk = dealer.desk
    await desk.load()
    await desk.market.status()
    await look_again(dealer)
    return dealer


async def look_again(dealer: Dealer) -> None:
    """Read what a poll of the program reads, twice: what failed once is asked otherwise the second time."""
    for _ in range(2):
        await dealer.desk.refresh()
        await dealer.desk.reconcile()
        await dealer.desk.beside.read_reference()
        await dealer.desk.beside.identify()


async def trade(dealer: Dealer, colleague: Dealer, number: int) -> str:
    """Place a block of a colleague, who fills it; return what is wrong on the desk, empty when nothing is."""
    block, placement = rid(f"BLK-{number}"), rid(f"PLC-{number}")
    await look_again(dealer)
    report = await dealer.desk.act(PlaceBlocks((placing(placement.code, block.code, 10),)))
    if not report.done:
        return f"not placed: {[str(each) for each in (*report.refused, *report.unknown)]}"
    await colleague.fill(f"EXE-{number}", placement.code, 10)
    await look_again(dealer)
    row = dealer.desk.snapshot.blocks.get(block)
    if row is None:
        return "the block is not shown"
    seen = row.executed.quantity or dealer.desk.snapshot.executed_of_placement(placement)
    return "" if seen == 10 else f"the fill is not seen: {seen}, health {dealer.desk.health}"


@pytest.fixture
def faults() -> WithdrawnEndpoint:
    return WithdrawnEndpoint()


@pytest.fixture
async def withdrawing(engine: Engine, faults: WithdrawnEndpoint) -> AsyncBaseTransport:
    """The server on which endpoints are withdrawn; a colleague is served by the same one without."""
    return asgi_transport(Server(engine, ServerSettings(faults=faults)))


async def test_every_endpoint_withdrawn_in_turn_leaves_a_desk_that_trades(
    withdrawing: AsyncBaseTransport, faults: WithdrawnEndpoint, colleague: Dealer
) -> None:
    await colleague.trade()
    await colleague.book("PLC-1-ORD-1", "PLC-1-ORD-2")
    number = count(101)
    healthy = await open_desk(withdrawing)
    await colleague.desk.act(orders_of("BLK-10", {"ORD-10": 10}))
    assert await trade(healthy, colleague, 10) == ""
    await healthy.desk.client.close()
    asked = [endpoint for endpoint in faults.called.values() if endpoint.effect == "reads"]
    assert {"list_order_graph_blocks", "list_orders", "list_executions"} <= {each.name for each in asked}
    failures: dict[str, str] = {}
    for endpoint in asked:
        for way, fault in WITHDRAWN.items():
            next_one = next(number)
            await colleague.desk.act(orders_of(f"BLK-{next_one}", {f"ORD-{next_one}": 10}))
            faults.withdrawn = fault.model_copy(update={"on": endpoint.name})
            dealer = await open_desk(withdrawing)
            wrong = await trade(dealer, colleague, next_one)
            if wrong:
                failures[f"{endpoint.name} {way}"] = wrong
            await dealer.desk.client.close()
            faults.withdrawn = None
    assert failures == {}
