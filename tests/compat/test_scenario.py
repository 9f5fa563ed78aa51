"""The worked scenario of the contract (section 8), number for number, by the official SDK."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.compat.sdk import (
    IS_NEWEST,
    NEWEST_ONLY,
    SdkDesk,
    expected,
    facts,
    got,
    keyed,
    lusid,
    request,
    sent,
)
from tests.compat.serving import Generation, ServeProcess
from tests.compat.story import ScenarioSteps

ALLOCATED = {"ORD-1": 71, "ORD-2": 36, "ORD-3": 32, "ORD-4": 21}
CONSIDERATION = {"ORD-1": 13462.4875, "ORD-2": 6826.05, "ORD-3": 6067.6, "ORD-4": 3981.8625}


@pytest.fixture
def server(own_server: ServeProcess) -> ServeProcess:
    """Start a server of the test's own: the contract's ids are in the scope Desk."""
    return own_server


@pytest.fixture
def desk(own_desk: SdkDesk) -> SdkDesk:
    return own_desk


def id(code: str) -> Any:
    return lusid.ResourceId(scope="Desk", code=code)


def codes(ids: list[Any]) -> list[str]:
    return [entry.code for entry in ids]


async def block(desk: SdkDesk, code: str) -> Any:
    return await got(desk.blocks.get_block("Desk", code))


async def test_the_worked_scenario_number_for_number(desk: SdkDesk, server: ServeProcess) -> None:
    await create_and_move(desk)
    await update_and_place(desk)
    await amend_and_cancel(desk)
    await execute(desk)
    await allocate(desk)
    await book(desk)
    await read_the_history(desk)
    await read_the_graph(desk)
    await book_as_in_the_older_document(server)
    await fill_the_rest(desk)
    if IS_NEWEST:
        await sweep(desk)


async def create_and_move(desk: SdkDesk) -> None:
    body = request(lusid.BlockAndOrdersCreateRequest, "01_create_orders")
    created = await got(desk.manage.create_orders_with_http_info(body))
    assert created.status_code == 201
    kind = lusid.ResourceListOfBlockAndOrders
    assert facts(created.data) == facts(expected(kind, "01_create_orders"))
    assert [entry.block.quantity for entry in created.data.values] == [202, 50]

    body = request(lusid.MoveOrdersToDifferentBlocksRequest, "02_move_orders")
    moved = await got(desk.manage.move_orders(body))
    kind = lusid.ResourceListOfMovedOrderToDifferentBlockResponse
    assert facts(moved) == facts(expected(kind, "02_move_orders"))
    assert (await block(desk, "BLK-1")).quantity == 232
    assert (await block(desk, "BLK-2")).quantity == 20


async def update_and_place(desk: SdkDesk) -> None:
    updated = await got(desk.manage.update_orders(keyed(lusid.OrderUpdateRequest, "03_update_orders")))
    assert facts(updated) == facts(expected(lusid.UpdateOrdersResponse, "03_update_orders"))
    assert (await block(desk, "BLK-1")).quantity == 227

    placed = await got(
        desk.manage.place_blocks_with_http_info(request(lusid.PlaceBlocksRequest, "04_place_blocks"))
    )
    assert placed.status_code == 200
    assert facts(placed.data) == facts(expected(lusid.ResourceListOfPlacement, "04_place_blocks"))


async def amend_and_cancel(desk: SdkDesk) -> None:
    body = keyed(lusid.PlacementUpdateRequest, "05_update_placements")
    amended = await got(desk.manage.update_placements(body))
    assert facts(amended) == facts(expected(lusid.UpdatePlacementsResponse, "05_update_placements"))
    assert amended.values["p1"].version.as_at_version_number == 2

    cancelled = await got(desk.manage.cancel_placements(keyed(lusid.ResourceId, "06_cancel_placements")))
    assert facts(cancelled) == facts(expected(lusid.CancelPlacementsResponse, "06_cancel_placements"))

    orders = await got(desk.manage.cancel_orders(keyed(lusid.ResourceId, "07_cancel_orders")))
    assert facts(orders) == facts(expected(lusid.CancelOrdersResponse, "07_cancel_orders"))
    assert (await block(desk, "BLK-2")).quantity == 0


async def execute(desk: SdkDesk) -> None:
    body = request(lusid.ExecutionSetRequest, "08_upsert_executions")
    filled = await got(desk.executions.upsert_executions_with_http_info(body))
    assert filled.status_code == 201
    assert facts(filled.data) == facts(expected(lusid.ResourceListOfExecution, "08_upsert_executions"))
    placement = await got(desk.placements.get_placement("Desk", "PLC-1"))
    assert (placement.state, placement.quantity) == ("PartiallyFilled", 227)
    assert filled.data.values[-1].average_price == 189.6125


async def allocate(desk: SdkDesk) -> None:
    placements = [lusid.ResourceId.from_dict(entry) for entry in sent("09_run_allocation_service")]
    run = await got(desk.manage.run_allocation_service(placements, allocation_algorithm="PR-FIFO"))
    kind = lusid.AllocationServiceRunResponse
    assert facts(run) == facts(expected(kind, "09_run_allocation_service"))

    listed = await got(desk.allocations.list_allocations(sort_by=["id.code ASC"]))
    kind = lusid.PagedResourceListOfAllocation
    assert facts(listed, "date") == facts(expected(kind, "10_list_allocations"), "date")
    assert {entry.allocated_order_id.code: entry.quantity for entry in listed.values} == ALLOCATED

    versions = [entry.version.as_at_version_number for entry in listed.values]
    await got(desk.manage.run_allocation_service(placements))
    again = await got(desk.allocations.list_allocations(sort_by=["id.code ASC"]))
    assert [entry.version.as_at_version_number for entry in again.values] == versions


async def book(desk: SdkDesk) -> None:
    body = request(lusid.BookTransactionsRequest, "11_book_transactions")
    booked = await got(desk.manage.book_transactions(body, apply_fees_and_commission=True))
    assert facts(booked) == facts(expected(lusid.BookTransactionsResponse, "11_book_transactions"))
    totals = {entry.order_id.code: entry.total_consideration.amount for entry in booked.values.values()}
    assert totals == CONSIDERATION
    assert sum(totals.values()) == pytest.approx(30338)

    transactions = await got(desk.portfolios.get_transactions("Desk", "GROWTH"))
    assert {entry.transaction_id: entry.units for entry in transactions.values} == {
        "Desk-PLC-1-ORD-1": 71,
        "Desk-PLC-1-ORD-4": 21,
    }


async def read_the_history(desk: SdkDesk) -> None:
    history = await got(desk.manage.get_order_history("Desk", "ORD-2"))
    actions = [item.action for item in history.values]
    assert Counter(actions) == {
        **dict.fromkeys(("OrderCreated", "PropertyAdded", "FieldModified", "OrderPlaced"), 1),
        **{"OrderExecuted": 2, "OrderAllocated": 1, "OrderBooked": 1},
    }
    times = [item.as_at_modified for item in history.values]
    assert times == sorted(times, reverse=True)
    told, contract = facts(history)["values"], facts(the_contracts_history(desk.server.generation))["values"]
    assert [item for item in told if item["action"] not in ONE_CALL] == [
        item for item in contract if item["action"] not in ONE_CALL
    ]
    assert all(item in contract for item in told)


ONE_CALL = ("FieldModified", "PropertyAdded")
"""The changes that one update of an order has in its history, in any order."""


def the_contracts_history(generation: Generation) -> Any:
    """Return the contract's history in the form of a generation, as this SDK reads it."""
    if IS_NEWEST:
        return expected(
            lusid.ResourceListOfChangeIntervalWithOrderManagementDetail, "12_get_order_history", ".new"
        )
    shape = ".old" if generation == "2.1" else ".new"
    return expected(lusid.ResourceListOfEntityChangeItem, "12_get_order_history", shape)


async def read_the_graph(desk: SdkDesk) -> None:
    graph = await got(desk.graph.list_order_graph_blocks(sort_by=["id.code ASC"]))
    first, second = graph.values
    stages = [first.ordered, first.placed, first.executed, first.allocated, first.booked]
    assert [stage.quantity for stage in stages] == [227, 227, 160, 160, 160]
    assert (first.derived_state, second.derived_state) == ("Partially executed", "Cancelled")
    kind = lusid.PagedResourceListOfOrderGraphBlock
    told, contract = (
        facts(answer, "approvalState", "properties", "instrumentIdentifiers", "amount")
        for answer in (graph, expected(kind, "13_list_order_graph_blocks"))
    )
    assert told == contract

    placements = await got(desk.graph.list_order_graph_placements(filter="id.code eq 'PLC-1'"))
    kind = lusid.PagedResourceListOfOrderGraphPlacement
    told, contract = (
        facts(answer, "properties", "instrumentIdentifiers", "amount")
        for answer in (placements, expected(kind, "14_list_order_graph_placements"))
    )
    assert told == contract

    await got(desk.placements.upsert_placements(request(lusid.PlacementSetRequest, "22_upsert_placements")))
    children = await got(desk.graph.list_order_graph_placement_children("Desk", "PLC-1"))
    told, contract = (
        facts(answer, "properties", "instrumentIdentifiers", "amount")
        for answer in (children, expected(kind, "15_list_order_graph_placement_children"))
    )
    assert told == contract
    await got(desk.placements.delete_placement("Desk", "PLC-1-A"))


async def book_as_in_the_older_document(server: ServeProcess) -> None:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {server.token}"}) as raw:
        older = await raw.post(
            f"{server.url}/api/ordermanagement/booktransactions", json=sent("11_book_transactions.older")
        )
    assert older.status_code == 200
    assert {key: entry["units"] for key, entry in older.json()["values"].items()} == {
        f"Scope:Desk Code:PLC-1-{order}": units for order, units in ALLOCATED.items()
    }


async def fill_the_rest(desk: SdkDesk) -> None:
    body = request(lusid.ExecutionSetRequest, "08_upsert_executions")
    last = body.requests[-1]
    last.id, last.quantity = id("EXE-3"), 67
    last.created_date = datetime(2026, 11, 20, 9, 50, tzinfo=UTC)
    body.requests = [last]
    await got(desk.executions.upsert_executions(body))
    await got(desk.manage.run_allocation_service([id("PLC-1")]))
    listed = await got(desk.allocations.list_allocations(sort_by=["id.code ASC"]))
    full = {"ORD-1": 100, "ORD-2": 50, "ORD-3": 47, "ORD-4": 30}
    assert {entry.allocated_order_id.code: entry.quantity for entry in listed.values} == full


async def sweep(desk: SdkDesk) -> None:
    body = request(lusid.SweepBlocksRequest, "18_sweep_blocks")
    body.latest_allowable_modification_time = "9999-01-01T00:00:00.0000000+00:00"
    swept = await got(desk.manage.sweep_blocks(body))
    assert facts(swept) == facts(expected(lusid.SweepBlocksResponse, "18_sweep_blocks"))
    assert (await block(desk, "BLK-2")).is_swept is True
    graph = await got(desk.graph.list_order_graph_blocks(include_swept=False))
    assert codes([entry.block.id for entry in graph.values]) == ["BLK-1"]


@NEWEST_ONLY
async def test_what_is_not_placed_moves_on(desk: SdkDesk) -> None:
    body = request(lusid.BlockAndOrdersCreateRequest, "01_create_orders")
    entry = body.requests[0]
    entry.block_id = id("BLK-10")
    noon = datetime(2026, 11, 20, 11, tzinfo=UTC)
    for order, code, portfolio, quantity in zip(
        entry.orders, ("ORD-10", "ORD-11"), ("GROWTH", "INCOME"), (100, 50), strict=False
    ):
        order.id, order.portfolio_id, order.quantity, order.var_date = id(code), id(portfolio), quantity, noon
        order.properties = {}
    entry.orders, body.requests = entry.orders[:2], [entry]
    await got(desk.manage.create_orders(body))

    place = request(lusid.PlaceBlocksRequest, "04_place_blocks")
    place.requests = place.requests[:1]
    place.requests[0].block_ids, place.requests[0].quantity = [id("BLK-10")], 60
    await got(desk.manage.place_blocks(place))

    name = "16_cancel_orders_and_move_remaining"
    moved = await got(
        desk.manage.cancel_orders_and_move_remaining(keyed(lusid.CancelOrdersAndMoveRemainingRequest, name))
    )
    assert facts(moved) == facts(expected(lusid.CancelOrdersAndMoveRemainingResponse, name))
    assert (await block(desk, "BLK-3")).quantity == 90


@NEWEST_ONLY
@pytest.mark.parametrize(("algorithm", "units"), [("PR-LF", [43, 29, 28]), ("PR-SF", [42, 29, 29])])
async def test_a_block_without_orders_is_allocated_by_weight(
    desk: SdkDesk, algorithm: str, units: list[int]
) -> None:
    await ScenarioSteps(desk, "Desk").fill_unsolicited()
    name = "17_run_allocation_service_with_weights"
    run = await got(
        desk.manage.run_allocation_service_with_weights(
            request(lusid.WeightedAllocationServiceRunRequest, name), allocation_algorithm=algorithm
        )
    )
    assert facts(run) == facts(expected(lusid.AllocationServiceRunResponse, name))
    listed = await got(desk.allocations.list_allocations())
    given = {entry.portfolio_id.code: entry.quantity for entry in listed.values}
    assert given == dict(zip(("GROWTH", "INCOME", "BALANCED"), units, strict=True))
