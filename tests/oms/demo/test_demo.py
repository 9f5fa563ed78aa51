"""The demo desk as a client reads it: every situation of the conventions, and none by accident."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from tests.decimals import decimals
from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.codec import Page
from tui.api.errors import Refused
from tui.api.http import Http, asgi_transport
from tui.api.models import (
    Allocation,
    Execution,
    HistoryItem,
    Order,
    OrderGraphBlock,
    OrderGraphPlacement,
    Transaction,
)
from tui.api.requests import (
    BlockAndOrderIdRequest,
    MoveOrdersToDifferentBlocksRequest,
    SweepBlocksRequest,
)
from tui.oms.demo.roster import COUNTERPARTIES, PORTFOLIOS
from tui.oms.demo.seeding import Size, seed
from tui.oms.demo.universe import TICKER, instrument_table, instruments
from tui.oms.domain.refusals import Refusal
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server

T = TypeVar("T")

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BY_TICKER = {instrument.ticker: instrument for instrument in instruments()}


@dataclass(frozen=True)
class SeededDesk:
    """Everything a client can list."""

    blocks: tuple[OrderGraphBlock, ...]
    placements: tuple[OrderGraphPlacement, ...]
    orders: dict[ResourceId, Order]
    executions: tuple[Execution, ...]
    allocations: tuple[Allocation, ...]
    transactions: tuple[Transaction, ...]

    def block(self, ticker: str, side: str = "Buy", state: str | None = None) -> OrderGraphBlock:
        return next(
            graph
            for graph in self.blocks
            if graph.block.instrument_identifiers[TICKER] == ticker
            and graph.block.side == side
            and state in (None, graph.derived_state)
        )

    def fills_of(self, placement: ResourceId) -> list[Execution]:
        return [fill for fill in self.executions if fill.placement_id == placement]


async def listed(page: Callable[[str | None], Awaitable[Page[T]]]) -> tuple[T, ...]:
    rows: list[T] = []
    token: str | None = None
    while True:
        read = await page(token)
        rows += read.values
        token = read.next_page
        if not token:
            return tuple(rows)


async def read(client: Client) -> SeededDesk:
    portfolios = sorted({portfolio for group in PORTFOLIOS.values() for portfolio in group})
    orders: tuple[Order, ...] = await listed(lambda token: client.orders.list(limit=500, page=token))
    booked: list[Transaction] = []
    for portfolio in portfolios:
        booked += (
            await client.list(operations.PORTFOLIO_TRANSACTIONS, id=ResourceId("demo", portfolio), limit=500)
        ).values
    return SeededDesk(
        blocks=await listed(
            lambda token: client.list(
                operations.GRAPH_BLOCKS, limit=500, page=token, query={"useComplianceV2": True}
            )
        ),
        placements=await listed(
            lambda token: client.list(operations.GRAPH_PLACEMENTS, limit=500, page=token)
        ),
        orders={order.id: order for order in orders},
        executions=await listed(lambda token: client.executions.list(limit=500, page=token)),
        allocations=await listed(lambda token: client.allocations.list(limit=500, page=token)),
        transactions=tuple(booked),
    )


class DemoServer:
    """A seeded server, and a client to ask it."""

    def __init__(self, size: Size, start: datetime = NOON) -> None:
        self.engine = Engine.open(None, instrument_table)
        seed(self.engine, size=size, start=start)

    def ask(self, question: Callable[[Client], Awaitable[T]]) -> T:
        async def answer() -> T:
            client = Client(Http("http://embedded/api", transport=asgi_transport(Server(self.engine))))
            try:
                return await question(client)
            finally:
                await client.close()

        return asyncio.run(answer())


@pytest.fixture
def served() -> Iterator[DemoServer]:
    made = DemoServer("demo")
    yield made
    made.engine.close()


@pytest.fixture(scope="module")
def desk() -> SeededDesk:
    made = DemoServer("demo")
    try:
        return made.ask(read)
    finally:
        made.engine.close()


def journal(engine: Engine) -> list[Any]:
    return engine.read(
        lambda store: store.connection.execute("SELECT * FROM version ORDER BY seq").fetchall()
    )


# -- situations ------------------------------------------------------------------


def test_the_demo_has_forty_blocks(desk: SeededDesk) -> None:
    assert len(desk.blocks) == 40


STATES = """PendingNew Working PartiallyFilled Filled DoneForDay Cancelled Replaced PendingCancel Stopped
    Suspended Rejected Calculated Expired PendingReplace Allocated Over-allocated Booked Closed Swept New"""
OTHER_SPELLINGS = """Sent Ack Open Placed Part-Fill Complete DFD Canceled Amended CxlReq Halted Refused
    AmendReq"""


@pytest.mark.parametrize("state", [*STATES.split(), *OTHER_SPELLINGS.split(), "PARTIALLY FILLED"])
def test_every_state_occurs_in_every_spelling(desk: SeededDesk, state: str) -> None:
    stored = {graph.placement.state for graph in desk.placements}
    stored |= {order.state for order in desk.orders.values()}
    stored |= {execution.state for execution in desk.executions}
    stored |= {allocation.state for allocation in desk.allocations}
    derived = {graph.derived_state for graph in desk.blocks}
    derived |= {graph.derived_state for graph in desk.placements}
    assert state in stored | derived


def test_one_state_is_unknown(desk: SeededDesk) -> None:
    assert "Awaiting call back" in {graph.placement.state for graph in desk.placements}


@pytest.mark.parametrize(
    "state",
    [
        *("New", "Partially placed", "Placed", "Partially executed", "Executed", "Over-executed"),
        *("Partially allocated", "Allocated", "Over-allocated", "Partially booked", "Booked"),
        *("Cancelled", "Swept"),
    ],
)
def test_every_stage_of_a_block_occurs(desk: SeededDesk, state: str) -> None:
    assert state in {graph.derived_state for graph in desk.blocks}


def test_every_compliance_and_approval_state_occurs(desk: SeededDesk) -> None:
    details = [detail for graph in desk.blocks for detail in graph.ordered.details]
    assert {detail.compliance_state for detail in details} == {
        "Pending",
        "Failed",
        "Passed",
        "ManuallyApproved",
        "PartiallyOverridden",
        "Warning",
    }
    assert {detail.approval_state for detail in details} == {"Pending", "Rejected", "Approved", "Placed"}


def test_orders_are_sized_by_quantity_amount_and_weight(desk: SeededDesk) -> None:
    assert {order.basis for order in desk.orders.values()} == {"Quantity", "Amount", "Weight"}
    assert "Amount" in {graph.block.basis for graph in desk.blocks}


def test_two_blocks_of_one_instrument_and_side_differ_in_their_limits(served: DemoServer) -> None:
    desk = served.ask(read)
    one, other = (
        graph.block
        for graph in desk.blocks
        if graph.block.instrument_identifiers[TICKER] == "VOD"
        and graph.block.limit_price
        and graph.block.limit_price.amount in (Decimal("0.82"), Decimal("0.83"))
    )
    move = BlockAndOrderIdRequest(destination_block_id=other.id, order_id=one.order_ids[0])
    request = MoveOrdersToDifferentBlocksRequest(requests=(move,))
    with pytest.raises(Refused, match=r"limitPrice 0\.8[23]00 GBP, not 0\.8[23]00 GBP"):
        served.ask(lambda client: client.call(operations.MOVE_ORDERS, request))


def test_some_blocks_can_be_swept_and_booked_ones_not_always(served: DemoServer) -> None:
    desk = served.ask(read)
    ready, unmarked = desk.block("UKT 4.25 06/07/32", "Sell"), desk.block("T 4 02/15/34", "CoverShort")
    assert ready.derived_state == unmarked.derived_state == "Booked"
    ids = {"ready": ready.block.id, "unmarked": unmarked.block.id}
    sweep = SweepBlocksRequest(block_ids=ids, latest_allowable_modification_time=NOON.isoformat())
    reply = served.ask(lambda client: client.call(operations.SWEEP_BLOCKS, sweep))
    assert set(reply.values or {}) == {"ready"}
    assert set(reply.failed or {}) == {"unmarked"}


def test_40_of_100_are_allocated_to_30_33_and_37_without_loss(desk: SeededDesk) -> None:
    spy = desk.block("SPY")
    shares = {detail.allocated_order_id: detail.quantity for detail in spy.allocated.details}
    assert [(desk.orders[id].quantity, shares[id]) for id in spy.block.order_ids] == [
        decimals(30, 13),
        decimals(33, 13),
        decimals(37, 14),
    ]


def test_one_block_is_over_allocated(desk: SeededDesk) -> None:
    over = [graph for graph in desk.blocks if graph.allocated.quantity > graph.executed.quantity]
    assert [(graph.derived_state, graph.allocated.quantity - graph.executed.quantity) for graph in over] == [
        ("Over-allocated", Decimal(100))
    ]


def test_one_fill_looks_like_a_duplicate(desk: SeededDesk) -> None:
    looks = Counter(
        (fill.placement_id, fill.quantity, fill.price.amount, fill.created_date, fill.counterparty)
        for fill in desk.executions
    )
    assert sorted(looks.values())[-2:] == [1, 2]


def test_one_code_has_64_characters_and_one_name_is_japanese(desk: SeededDesk) -> None:
    properties = [graph.block.properties or {} for graph in desk.blocks]
    names = {str(each["Block/demo/InstrumentName"].value) for each in properties if each}
    assert {name for name in names if not name.isascii()} == {"トヨタ自動車 Toyota", "Nestlé"}
    assert max(len(graph.block.id.code) for graph in desk.blocks) == 64


def test_placements_have_children_span_blocks_and_come_without_orders(desk: SeededDesk) -> None:
    placements = [graph.placement for graph in desk.placements]
    parents = Counter(placement.parent_placement_id for placement in placements)
    assert [count for parent, count in parents.items() if parent is not None] == [3]
    assert {len(placement.block_ids) for placement in placements} == {1, 2}
    unsolicited = desk.block("NOVN")
    assert unsolicited.block.order_ids == ()
    assert unsolicited.derived_state == "Allocated"


def test_the_desk_trades_shares_and_bonds_in_five_currencies(desk: SeededDesk) -> None:
    traded = {BY_TICKER[str(graph.block.instrument_identifiers[TICKER])] for graph in desk.blocks}
    assert {instrument.currency for instrument in traded} == {"GBP", "USD", "EUR", "CHF", "JPY"}
    assert {instrument.asset_class for instrument in traded} == {"Equity", "Bond"}
    portfolios = Counter(len(graph.block.order_ids) for graph in desk.blocks)
    assert portfolios[2] + portfolios[3] > 20
    assert {order.portfolio_id.code for order in desk.orders.values() if order.portfolio_id} == {
        portfolio for group in PORTFOLIOS.values() for portfolio in group
    }


def test_the_first_row_has_something_in_every_pane_and_is_working(desk: SeededDesk) -> None:
    first = desk.blocks[0]
    assert first.block.id.code == "BLK-0001"
    assert first.ordered.details
    assert first.placed.details
    assert Decimal(0) < first.allocated.quantity < first.executed.quantity < (first.placed.quantity or 0)


# -- plausibility ------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["demo", "busy"])
def any_desk(request: pytest.FixtureRequest) -> SeededDesk:
    made = DemoServer(request.param)
    try:
        return made.ask(read)
    finally:
        made.engine.close()


def test_busy_has_a_thousand_blocks_and_no_more_accidents(any_desk: SeededDesk) -> None:
    states = Counter(graph.derived_state for graph in any_desk.blocks)
    assert sum(states.values()) in (40, 1_000)
    assert (states["Over-executed"], states["Over-allocated"], states["Over-placed"]) == (1, 1, 0)


def test_no_fill_is_beyond_its_limit_or_far_from_the_market(any_desk: SeededDesk) -> None:
    placements = {graph.placement.id: graph.placement for graph in any_desk.placements}
    for fill in any_desk.executions:
        placement = placements[fill.placement_id]
        instrument = BY_TICKER[str(placement.instrument_identifiers[TICKER])]
        assert fill.price.amount is not None
        assert fill.price.currency == fill.settlement_currency == instrument.currency
        assert fill.price.amount % instrument.tick == 0
        assert abs(fill.price.amount / instrument.price - 1) < Decimal("0.06")
        if placement.limit_price is not None and placement.limit_price.amount is not None:
            buys = placement.side.startswith("Buy")
            limit = placement.limit_price.amount
            assert fill.price.amount <= limit if buys else fill.price.amount >= limit


def test_fills_settle_on_weekdays_one_or_two_days_on(any_desk: SeededDesk) -> None:
    for fill in any_desk.executions:
        assert fill.settlement_date is not None
        assert fill.settlement_date.weekday() < 5
        weekend = timedelta(days=2)
        days = BY_TICKER[str(fill.instrument_identifiers[TICKER])].settlement_days
        assert fill.settlement_date == datetime(2026, 11, 20, tzinfo=UTC) + timedelta(days=days) + weekend


def test_only_fictional_counterparties_trade(any_desk: SeededDesk) -> None:
    brokers = {graph.placement.counterparty for graph in any_desk.placements}
    assert brokers == set(COUNTERPARTIES) or brokers < set(COUNTERPARTIES)


def test_every_change_was_made_this_morning_by_the_right_role(any_desk: SeededDesk) -> None:
    creators: dict[str, set[str | None]] = {}
    made: list[tuple[str, Any]] = [("order", order) for order in any_desk.orders.values()]
    made += [("placement", graph.placement) for graph in any_desk.placements]
    made += [("execution", fill) for fill in any_desk.executions]
    made += [("allocation", allocation) for allocation in any_desk.allocations]
    for what, entity in made:
        creators.setdefault(what, set()).add(entity.version.user_id_created)
        assert NOON - timedelta(hours=4) <= entity.version.as_at_created <= NOON
    dealers = {"dlr.okafor", "dlr.chen"}
    moved_on_by = {"dlr.okafor"}
    assert creators == {
        "order": {"pm.hart", "pm.silva"} | moved_on_by,
        "placement": dealers,
        "execution": dealers,
        "allocation": {"mo.lindqvist"},
    }


def test_the_history_of_a_booked_order_reads_like_a_day(served: DemoServer) -> None:
    desk = served.ask(read)
    booked = desk.block("UKT 4.25 06/07/32", "Sell").block.order_ids[0]
    items: tuple[HistoryItem, ...] = served.ask(lambda client: client.get_order_history(booked))
    told = [(item.user_id_modified, item.action) for item in reversed(items)]
    assert told[0] == ("pm.hart", "OrderCreated")
    story = [(user, action) for user, action in told if action not in ("PropertyModified", "FieldModified")]
    assert [user for user, _ in dict.fromkeys(story)] == [
        "pm.hart",
        "dlr.okafor",
        "dlr.okafor",
        "mo.lindqvist",
        "mo.lindqvist",
    ]
    assert ("cmp.rao", "PropertyModified") in told


# -- seeding ------------------------------------------------------------------------------------


def test_one_seed_makes_one_desk_to_the_last_byte() -> None:
    def made(number: int) -> list[Any]:
        engine = Engine.open(None, instrument_table)
        try:
            seed(engine, size="demo", seed=number, start=NOON)
            return journal(engine)
        finally:
            engine.close()

    assert made(7) == made(7)
    assert made(7) != made(8)


@pytest.mark.parametrize("zone", [0, 9, -5])
def test_a_desk_opened_early_has_the_same_trades_and_none_of_yesterday(zone: int, desk: SeededDesk) -> None:
    start = datetime(2026, 11, 20, 2, 30, tzinfo=timezone(timedelta(hours=zone)))
    served = DemoServer("demo", start)
    try:
        fills = served.ask(read).executions
    finally:
        served.engine.close()
    assert {fill.created_date.astimezone(start.tzinfo).date() for fill in fills} == {start.date()}
    at_noon = [(fill.id, fill.quantity, fill.price) for fill in desk.executions]
    assert [(fill.id, fill.quantity, fill.price) for fill in fills] == at_noon


def test_a_desk_that_is_not_empty_is_left_as_it_is(served: DemoServer) -> None:
    before = journal(served.engine)
    with pytest.raises(Refusal):
        seed(served.engine, size="demo", start=NOON)
    assert journal(served.engine) == before


def test_it_is_told_how_much_is_made(engine: Engine) -> None:
    told: list[int] = []
    seed(engine, size="demo", start=NOON, tell=told.append)
    assert told == sorted(told)
    assert (told[-1], len(set(told)) > 20) == (100, True)
