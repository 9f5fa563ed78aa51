"""Every endpoint withdrawn in turn: the desk still opens, places a block and sees its fill."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any, Final

import pytest

from tests.paths import ROOT
from tests.service.dealer import OPENING, Dealer, orders_of, placing, rid
from tui.api import operations, reference_operations
from tui.api.errors import ApiError
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.api.operation import Operation
from tui.api.reference_operations import RUN_COMPLIANCE
from tui.oms.engine.engine import Engine
from tui.oms.faults.scenario import Fault, Faults, Scenario
from tui.oms.http.app import Server, ServerSettings
from tui.service.browse import Search
from tui.service.desk_profile import DeskProfile, QuoteSeries
from tui.service.environment import EnvironmentKind
from tui.service.reference.rule_reader import RuleReader
from tui.service.reference.settlement_dates import TradeAsked
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import PlaceBlocks

WITHDRAWN = {
    "404": Fault(fault="absent"),
    "403": Fault(fault="denied"),
    "501": Fault(fault="failed-before", status=501),
    "HTML": Fault(fault="html"),
}
"""The ways an endpoint can be withdrawn, as the fault middleware injects them."""


PROFILE: Final = DeskProfile(quotes=QuoteSeries("demo"), broker_list=rid("BROKERS"))
"""A profile that has something read of every kind."""
ELSEWHERE: Final = {
    "list_portfolios_for_scope": "only where the list refuses a filter by scope",
    "get_holdings": "only where no holdings with orders are told",
    "market_status": "of the simulated market: faults are not injected beside the API",
    "get_details": "only for a portfolio that the list gives no currency",
}
"""Reads that no healthy server is asked for; tests/service/reference has them."""


def reads_of_the_client() -> set[str]:
    """Return the names of the declared reads that some module of the client names."""
    declared = {
        name: each
        for module in (operations, reference_operations)
        for name, each in vars(module).items()
        if isinstance(each, Operation) and each.effect == "reads"
    }
    sources = [path for path in sorted((ROOT / "tui").rglob("*.py")) if path.parts[-2:-1] != ("api",)]
    client = [path for path in sources if "oms" not in path.parts]
    return {
        declared[name].name
        for path in client
        for name in _names(ast.parse(path.read_text(encoding="utf-8")))
        if name in declared
    }


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


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
    dealer = Dealer.at(server, kind=EnvironmentKind.TEST, profile=PROFILE)
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


async def look_closer(dealer: Dealer) -> None:
    """Read all that is only read when somebody looks: in tickets, columns, details, histories, browsing."""
    desk = dealer.desk
    beside, facts = desk.beside, desk.beside.facts
    order = next(iter(desk.snapshot.orders.values()))
    await beside.read_permissions()
    await beside.read_quotes([Ref(EntityKind.ORDERS, order.id)])
    await beside.await_holdings(orders_of("BLK-77", {"ORD-77": 1}))
    facts.settlement(TradeAsked(order.lusid_instrument_id, OPENING.date()))
    await facts.read_quotes([order.lusid_instrument_id])
    await beside.reference.define(["Order/Desk/Strategy"], within_s=5)
    await beside.reference.look_up("Nobody Inc")
    await RuleReader(beside.reference.calls).names_for([order.id])
    with suppress(ApiError):  # its screen says so
        await desk.history(order.id)
    with suppress(ApiError):
        await desk.browser().first(Search())


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


async def test_every_read_on_demand_withdrawn_in_turn_leaves_a_desk_that_trades(
    withdrawing: AsyncBaseTransport, faults: WithdrawnEndpoint, colleague: Dealer
) -> None:
    await colleague.trade()
    await colleague.book("PLC-1-ORD-1", "PLC-1-ORD-2")
    scopes = {"runScope": "Desk", "ruleScope": "Rules", "recipeIdScope": "Desk", "recipeIdCode": "default"}
    await colleague.desk.client.call(RUN_COMPLIANCE, query={**scopes, "isPreTrade": True})
    dealer = await open_desk(withdrawing)
    polled = set(faults.called)
    await look_closer(dealer)
    reads = {name: each for name, each in faults.called.items() if each.effect == "reads"}
    on_demand = [each for name, each in reads.items() if name not in polled]
    left_out = reads_of_the_client() - faults.called.keys() - ELSEWHERE.keys()
    assert left_out == set(), "a read that is not withdrawn here"
    failures: dict[str, str] = {}
    for number, endpoint in enumerate(on_demand, start=201):
        for fault in WITHDRAWN.values():
            faults.withdrawn = fault.model_copy(update={"on": endpoint.name})
            await dealer.desk.reload()
            await look_closer(dealer)
        await colleague.desk.act(orders_of(f"BLK-{number}", {f"ORD-{number}": 10}))
        if wrong := await trade(dealer, colleague, number):
            failures[endpoint.name] = wrong
        faults.withdrawn = None
    assert failures == {}
    await dealer.desk.client.close()
