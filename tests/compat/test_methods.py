"""Every method of order management by the official SDK: done, done in part, and refused.

Each test has a scope of its own on a server that all share, and begins where it needs to in the worked
scenario. ``test_scenario`` checks the answers number for number, this module the ways each call can end.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.compat.sdk import NEWEST_ONLY, SdkDesk, got, keyed, lusid, refusal, request, sent
from tests.compat.story import ScenarioSteps

proves = pytest.mark.proves


@pytest.fixture
def story(desk: SdkDesk, scope: str) -> ScenarioSteps:
    return ScenarioSteps(desk, scope)


def keys(answer: Any) -> tuple[set[str], dict[str, str]]:
    """Return the keys that succeeded, and the type of failure of the others."""
    failed = answer.failed or {}
    assert all(failure.id == key and failure.detail for key, failure in failed.items())
    return set(answer.values or {}), {key: failure.type for key, failure in failed.items()}


async def states(story: ScenarioSteps, *codes: str) -> list[str]:
    return [(await got(story.desk.orders.get_order(story.scope, code))).state for code in codes]


# -- whole calls: create, move, place -------------------------------------------------------------------


@proves("create_orders", "success")
async def test_orders_are_created_with_their_blocks_and_once_only(story: ScenarioSteps) -> None:
    created = await story.create()
    assert [entry.block.quantity for entry in created.values] == [202, 50]
    again = await story.create()
    assert [entry.block.version.as_at_version_number for entry in again.values] == [1, 1]


@proves("create_orders", "failure")
async def test_an_order_that_is_there_otherwise_is_not_created_and_nothing_else_is(
    story: ScenarioSteps,
) -> None:
    await story.create()
    body = sent("01_create_orders", story.scope)
    first, second = body["requests"]
    first["orders"][0]["quantity"] = 1
    second["blockId"]["code"], second["orders"][0]["id"]["code"] = "BLK-9", "ORD-9"
    second["orders"] = second["orders"][:1]
    body = lusid.BlockAndOrdersCreateRequest.from_dict(body)
    error, problem = await refusal(lambda: story.desk.manage.create_orders(body))
    assert (error.status, problem.code) == (400, 173)
    error, _ = await refusal(lambda: story.desk.blocks.get_block(story.scope, "BLK-9"))
    assert error.status == 404


@proves("move_orders", "success")
async def test_an_order_moves_to_a_block_made_for_it(story: ScenarioSteps) -> None:
    await story.create()
    item = lusid.MoveOrdersToDifferentBlocksRequest.from_dict(
        {
            "requests": [
                {"orderId": story.id("ORD-4").to_dict(), "destinationBlockId": story.id("NEW").to_dict()}
            ]
        }
    )
    moved = (await got(story.desk.manage.move_orders(item))).values[0]
    assert (moved.source_block_id.code, moved.destination_block.quantity) == ("BLK-2", 30)


@proves("move_orders", "failure")
async def test_a_move_of_an_order_nobody_knows_moves_none(story: ScenarioSteps) -> None:
    await story.create()
    body = sent("02_move_orders", story.scope)
    body["requests"].append({**body["requests"][0], "orderId": story.id("ORD-404").to_dict()})
    body = lusid.MoveOrdersToDifferentBlocksRequest.from_dict(body)
    error, problem = await refusal(lambda: story.desk.manage.move_orders(body))
    assert (error.status, problem.code) == (400, 650)
    assert (await got(story.desk.blocks.get_block(story.scope, "BLK-1"))).quantity == 202


@proves("place_blocks", "success")
async def test_blocks_are_placed(story: ScenarioSteps) -> None:
    placed = await story.place()
    assert [(entry.id.code, entry.state, entry.quantity) for entry in placed.values] == [
        ("PLC-1", "New", 227),
        ("PLC-2", "New", 20),
    ]


@proves("place_blocks", "failure")
@pytest.mark.parametrize(
    ("what", "codes"),
    [({"blockIds": [{"scope": "Desk", "code": "NONE"}]}, {727}), ({"quantity": 999}, {157, 151})],
)
async def test_one_placement_that_cannot_be_made_places_nothing(
    story: ScenarioSteps, what: dict[str, Any], codes: set[int]
) -> None:
    await story.create()
    body = story.placements(**what)
    body.requests.reverse()
    error, problem = await refusal(lambda: story.desk.manage.place_blocks(body))
    assert error.status == 400
    assert problem.code in codes
    error, _ = await refusal(lambda: story.desk.placements.get_placement(story.scope, "PLC-2"))
    assert error.status == 404


# -- calls item by item ---------------------------------------------------------------------------------


@proves("update_orders", "success")
@proves("update_orders", "partial")
async def test_orders_are_updated_each_for_itself(story: ScenarioSteps) -> None:
    await story.create()
    updates = keyed(lusid.OrderUpdateRequest, "03_update_orders", story.scope)
    done = await got(story.desk.manage.update_orders({"u1": updates["u1"]}))
    assert keys(done) == ({"u1"}, {})
    answer = await got(story.desk.manage.update_orders(updates))
    assert keys(answer) == ({"u1"}, {"u2": "OrderNotFound"})
    assert answer.values["u1"].quantity == 50


@proves("update_orders", "failure")
async def test_an_update_with_a_quantity_beyond_all_numbers_updates_nothing(story: ScenarioSteps) -> None:
    await story.create()
    updates = keyed(lusid.OrderUpdateRequest, "03_update_orders", story.scope)
    updates["u2"].quantity = 1e60
    error, problem = await refusal(lambda: story.desk.manage.update_orders(updates))
    assert (error.status, problem.code) == (400, 157)
    assert (await got(story.desk.orders.get_order(story.scope, "ORD-2"))).quantity == 55


@proves("update_placements", "success")
@proves("update_placements", "partial")
async def test_placements_are_amended_each_for_itself(story: ScenarioSteps) -> None:
    await story.place()
    [amended] = keyed(lusid.PlacementUpdateRequest, "05_update_placements", story.scope).values()
    done = await got(story.desk.manage.update_placements({"p1": amended}))
    assert keys(done) == ({"p1"}, {})
    too_much = lusid.PlacementUpdateRequest(id=story.id("PLC-1"), quantity=228)
    answer = await got(story.desk.manage.update_placements({"p1": amended, "p2": too_much}))
    assert keys(answer) == ({"p1"}, {"p2": "OverPlacement"})


@proves("update_placements", "success")
async def test_amending_one_placement_twice_in_a_call_applies_both_in_order(story: ScenarioSteps) -> None:
    await story.place()
    smaller = lusid.PlacementUpdateRequest(id=story.id("PLC-2"), quantity=18)
    [amended] = keyed(lusid.PlacementUpdateRequest, "05_update_placements", story.scope).values()
    answer = await got(story.desk.manage.update_placements({"a": smaller, "b": amended}))
    assert keys(answer) == ({"a", "b"}, {})
    assert (await got(story.desk.placements.get_placement(story.scope, "PLC-2"))).quantity == 15


@proves("update_placements", "failure")
async def test_amending_to_a_quantity_beyond_all_numbers_amends_nothing(story: ScenarioSteps) -> None:
    await story.place()
    [amended] = keyed(lusid.PlacementUpdateRequest, "05_update_placements", story.scope).values()
    too_much = lusid.PlacementUpdateRequest(id=story.id("PLC-1"), quantity=1e60)
    error, problem = await refusal(lambda: story.desk.manage.update_placements({"a": amended, "b": too_much}))
    assert (error.status, problem.code) == (400, 157)
    assert (await got(story.desk.placements.get_placement(story.scope, "PLC-2"))).quantity == 20


@proves("cancel_placements", "success")
@proves("cancel_placements", "partial")
async def test_placements_are_cancelled_each_for_itself(story: ScenarioSteps) -> None:
    await story.place()
    body = keyed(lusid.ResourceId, "06_cancel_placements", story.scope)
    done = await got(story.desk.manage.cancel_placements({"c1": body["c1"]}))
    assert done.values["c1"].placement_state.state == "Cancelled"
    answer = await got(story.desk.manage.cancel_placements(body | {"c1": story.id("PLC-1")}))
    assert keys(answer) == ({"c1"}, {"c2": "PlacementNotFound"})


@proves("cancel_placements", "failure")
async def test_cancelling_one_placement_twice_in_a_call_cancels_none(story: ScenarioSteps) -> None:
    await story.place()
    body = {"a": story.id("PLC-1"), "b": story.id("PLC-1")}
    error, problem = await refusal(lambda: story.desk.manage.cancel_placements(body))
    assert (error.status, problem.code) == (400, 144)
    assert (await got(story.desk.placements.get_placement(story.scope, "PLC-1"))).state == "New"


@proves("cancel_orders", "success")
@proves("cancel_orders", "partial")
async def test_orders_are_cancelled_each_for_itself(story: ScenarioSteps) -> None:
    await story.create()
    done = await got(story.desk.manage.cancel_orders({"c1": story.id("ORD-5")}))
    assert done.values["c1"].order_state.state == "Cancelled"
    answer = await got(story.desk.manage.cancel_orders({"c1": story.id("ORD-4"), "c2": story.id("ORD-404")}))
    assert keys(answer) == ({"c1"}, {"c2": "OrderNotFound"})
    assert await states(story, "ORD-4", "ORD-5") == ["Cancelled", "Cancelled"]


@proves("cancel_orders", "failure")
async def test_cancelling_one_order_twice_in_a_call_cancels_none(story: ScenarioSteps) -> None:
    await story.create()
    body = {"a": story.id("ORD-5"), "b": story.id("ORD-5")}
    error, problem = await refusal(lambda: story.desk.manage.cancel_orders(body))
    assert (error.status, problem.code) == (400, 144)
    assert await states(story, "ORD-5") == ["New"]


def moving_on(story: ScenarioSteps, order: str, to: str) -> Any:
    return lusid.CancelOrdersAndMoveRemainingRequest(
        cancel_order_id=story.id(order),
        move_remaining_to_order_id=story.id(to),
        move_remaining_to_block_id=story.id("REST"),
    )


@NEWEST_ONLY
@proves("cancel_orders_and_move_remaining", "success")
@proves("cancel_orders_and_move_remaining", "partial")
async def test_what_is_not_placed_moves_on_each_for_itself(story: ScenarioSteps) -> None:
    await story.create()
    move = story.desk.manage.cancel_orders_and_move_remaining
    done = await got(move({"m1": moving_on(story, "ORD-4", "ORD-4R")}))
    assert (done.values["m1"].new_order.quantity, done.values["m1"].new_block_id.code) == (30, "REST")
    body = {"m1": moving_on(story, "ORD-5", "ORD-5R"), "m2": moving_on(story, "ORD-404", "ORD-404R")}
    assert keys(await got(move(body))) == ({"m1"}, {"m2": "OrderNotFound"})


@NEWEST_ONLY
@proves("cancel_orders_and_move_remaining", "partial")
async def test_moving_on_from_one_order_twice_in_a_call_is_done_once(story: ScenarioSteps) -> None:
    await story.create()
    body = {"a": moving_on(story, "ORD-5", "ORD-5R"), "b": moving_on(story, "ORD-5", "ORD-5S")}
    answer = await got(story.desk.manage.cancel_orders_and_move_remaining(body))
    assert keys(answer) == ({"a"}, {"b": "OrderAlreadyCancelled"})
    assert await states(story, "ORD-5", "ORD-5R") == ["Cancelled", "New"]


@NEWEST_ONLY
@proves("cancel_orders_and_move_remaining", "failure")
async def test_moving_on_to_an_id_with_a_space_moves_nothing(story: ScenarioSteps) -> None:
    await story.create()
    body = {"a": moving_on(story, "ORD-5", "ORD-5R"), "b": moving_on(story, "ORD-4", "ORD 4R")}
    error, problem = await refusal(lambda: story.desk.manage.cancel_orders_and_move_remaining(body))
    assert (error.status, problem.code) == (400, 157)
    assert await states(story, "ORD-4", "ORD-5") == ["New", "New"]


# -- allocating, booking, sweeping ------------------------------------------------------------------------


@proves("run_allocation_service", "success")
@proves("run_allocation_service", "partial")
async def test_placements_are_allocated_each_for_itself(story: ScenarioSteps) -> None:
    run = await story.allocate()
    assert [entry.code for entry in run.values] == ["PLC-1"]
    some = [story.id("PLC-2"), story.id("PLC-1"), story.id("PLC-404")]
    answer = await got(story.desk.manage.run_allocation_service(some, allocation_algorithm="PR-FIFO"))
    assert [entry.code for entry in answer.values] == ["PLC-1"]
    assert {failure.type for failure in answer.failed.values()} == {
        "NoExecutionsFailure",
        "PlacementNotFound",
    }
    assert set(answer.failed) == {f"Scope:{story.scope} Code:PLC-{code}" for code in ("2", "404")}


@proves("run_allocation_service", "failure")
async def test_an_algorithm_nobody_knows_allocates_nothing(story: ScenarioSteps) -> None:
    await story.fill()
    error, problem = await refusal(
        lambda: story.desk.manage.run_allocation_service([story.id("PLC-1")], allocation_algorithm="BEST")
    )
    assert (error.status, problem.code) == (400, 151)
    mine = f"id.scope eq '{story.scope}'"
    assert (await got(story.desk.allocations.list_allocations(filter=mine))).values == []


def weighted(story: ScenarioSteps, *placements: str, weight: float = 3.0) -> Any:
    body = sent("17_run_allocation_service_with_weights", story.scope)
    body["placementIds"] = [story.id(code).to_dict() for code in placements]
    body["portfolioWeights"][0]["weight"] = weight
    return lusid.WeightedAllocationServiceRunRequest.from_dict(body)


@NEWEST_ONLY
@proves("run_allocation_service_with_weights", "success")
@proves("run_allocation_service_with_weights", "partial")
async def test_a_block_without_orders_is_allocated_by_weight(story: ScenarioSteps) -> None:
    await story.fill_unsolicited()
    run = story.desk.manage.run_allocation_service_with_weights
    done = await got(run(weighted(story, "PLC-9"), allocation_algorithm="PR-LF"))
    assert [entry.code for entry in done.values] == ["PLC-9"]
    answer = await got(run(weighted(story, "PLC-9", "PLC-404")))
    assert [failure.type for failure in answer.failed.values()] == ["PlacementNotFound"]


@NEWEST_ONLY
@proves("run_allocation_service_with_weights", "failure")
async def test_a_weight_that_is_none_allocates_nothing(story: ScenarioSteps) -> None:
    await story.fill_unsolicited()
    body = weighted(story, "PLC-9", weight=0)
    error, _ = await refusal(lambda: story.desk.manage.run_allocation_service_with_weights(body))
    assert error.status == 400


def booking(story: ScenarioSteps, *allocations: str) -> Any:
    return lusid.BookTransactionsRequest(
        allocation_ids=[story.id(code) for code in allocations], transaction_properties={}
    )


@proves("book_transactions", "success")
@proves("book_transactions", "partial")
async def test_allocations_are_booked_each_for_itself(story: ScenarioSteps) -> None:
    await story.allocate()
    done = await got(story.desk.manage.book_transactions(booking(story, "PLC-1-ORD-1")))
    [transaction] = done.values.values()
    assert (transaction.units, transaction.total_consideration.amount) == (71, 13462.4875)
    some = booking(story, "PLC-1-ORD-2", "PLC-1-ORD-404")
    answer = await got(story.desk.manage.book_transactions(some, apply_fees_and_commission=False))
    assert set(answer.values) == {f"Scope:{story.scope} Code:PLC-1-ORD-2"}
    assert [failure.type for failure in answer.failed.values()] == ["AllocationNotFound"]


@NEWEST_ONLY
@proves("book_transactions", "success")
async def test_what_is_booked_may_be_marked_so(story: ScenarioSteps) -> None:
    await story.allocate()
    body = booking(story, "PLC-1-ORD-1")
    await got(story.desk.manage.book_transactions(body, mark_orders_and_allocations_as_booked=True))
    allocation = await got(story.desk.allocations.get_allocation(story.scope, "PLC-1-ORD-1"))
    assert allocation.state == "Booked"


@proves("book_transactions", "failure")
async def test_booking_one_allocation_twice_in_a_call_books_none(story: ScenarioSteps) -> None:
    await story.allocate()
    body = booking(story, "PLC-1-ORD-1", "PLC-1-ORD-1")
    error, problem = await refusal(lambda: story.desk.manage.book_transactions(body))
    assert (error.status, problem.code) == (400, 144)
    booked = await got(story.desk.portfolios.get_transactions(story.scope, "GROWTH"))
    assert booked.values == []


def sweeping(story: ScenarioSteps, until: str, *blocks: str) -> Any:
    keyed_blocks = {block: story.id(block) for block in blocks}
    return lusid.SweepBlocksRequest(block_ids=keyed_blocks, latest_allowable_modification_time=until)


@NEWEST_ONLY
@proves("sweep_blocks", "success")
@proves("sweep_blocks", "partial")
async def test_blocks_whose_work_is_done_are_swept_each_for_itself(story: ScenarioSteps) -> None:
    await story.create()
    await got(story.desk.manage.cancel_orders({"a": story.id("ORD-4"), "b": story.id("ORD-5")}))
    late = "9999-01-01T00:00:00.0000000+00:00"
    done = await got(story.desk.manage.sweep_blocks(sweeping(story, late, "BLK-2")))
    assert keys(done) == ({"BLK-2"}, {})
    answer = await got(story.desk.manage.sweep_blocks(sweeping(story, late, "BLK-2", "BLK-1")))
    assert keys(answer) == ({"BLK-2"}, {"BLK-1": "BlockNotSweepable"})


@NEWEST_ONLY
@proves("sweep_blocks", "failure")
async def test_a_time_that_is_none_sweeps_nothing(story: ScenarioSteps) -> None:
    await story.create()
    error, problem = await refusal(
        lambda: story.desk.manage.sweep_blocks(sweeping(story, "by and by", "BLK-2"))
    )
    assert (error.status, problem.code) == (400, 151)


# -- history, graph and transactions ------------------------------------------------------------------------


@proves("get_order_history", "success")
async def test_the_history_of_an_order_begins_with_its_creation(story: ScenarioSteps) -> None:
    await story.place()
    history = await got(story.desk.manage.get_order_history(story.scope, "ORD-2"))
    assert history.values[-1].action == "OrderCreated"
    assert history.values[0].action == "OrderPlaced"


@NEWEST_ONLY
@proves("get_order_history", "success")
async def test_the_history_is_read_as_it_was(story: ScenarioSteps) -> None:
    created = await story.create()
    before = created.values[0].orders[1].version.as_at_modified
    await got(
        story.desk.manage.update_orders(keyed(lusid.OrderUpdateRequest, "03_update_orders", story.scope))
    )
    history = await got(story.desk.manage.get_order_history(story.scope, "ORD-2", as_at=before))
    assert [item.action for item in history.values] == ["OrderCreated"]


@proves("get_order_history", "failure")
async def test_an_order_nobody_knows_has_no_history(story: ScenarioSteps) -> None:
    error, problem = await refusal(lambda: story.desk.manage.get_order_history(story.scope, "NONE"))
    assert (error.status, problem.code) == (404, 650)


@proves("list_order_graph_blocks", "success")
@proves("list_order_graph_placements", "success")
async def test_the_graph_counts_what_was_done(story: ScenarioSteps) -> None:
    await story.allocate()
    mine = f"id.scope eq '{story.scope}'"
    [first, _] = (
        await got(story.desk.graph.list_order_graph_blocks(filter=mine, sort_by=["id.code ASC"]))
    ).values
    stages = (first.ordered, first.placed, first.executed, first.allocated, first.booked)
    assert [stage.quantity for stage in stages] == [227, 227, 160, 160, 0]
    [placement] = (
        await got(story.desk.graph.list_order_graph_placements(filter=f"{mine} and id.code eq 'PLC-1'"))
    ).values
    assert (placement.derived_state, placement.executed.quantity) == ("In progress", 160)


@proves("list_order_graph_placement_children", "success")
async def test_the_graph_shows_the_children_of_a_placement(story: ScenarioSteps) -> None:
    await story.place()
    child = request(lusid.PlacementSetRequest, "22_upsert_placements", story.scope)
    await got(story.desk.placements.upsert_placements(child))
    children = await got(
        story.desk.graph.list_order_graph_placement_children(story.scope, "PLC-1", sort_by=["-id.code"])
    )
    assert [entry.placement.id.code for entry in children.values] == ["PLC-1-A"]


@proves("list_order_graph_blocks", "failure")
@proves("list_order_graph_placements", "failure")
@proves("list_order_graph_placement_children", "failure")
async def test_the_graph_of_what_is_not_understood_is_refused(story: ScenarioSteps) -> None:
    graph = story.desk.graph
    error, problem = await refusal(lambda: graph.list_order_graph_blocks(filter="side like 'B'"))
    assert (error.status, problem.code) == (400, 233)
    error, problem = await refusal(lambda: graph.list_order_graph_placements(pagination_token="Tm90aGluZw=="))
    assert (error.status, problem.code) == (400, 689)
    error, problem = await refusal(lambda: graph.list_order_graph_placement_children(story.scope, "NONE"))
    assert (error.status, problem.code) == (404, 725)


@proves("get_transactions", "success")
async def test_what_was_booked_is_in_the_portfolio(story: ScenarioSteps) -> None:
    await story.allocate()
    await got(story.desk.manage.book_transactions(booking(story, "PLC-1-ORD-1", "PLC-1-ORD-2")))
    listed = await got(story.desk.portfolios.get_transactions(story.scope, "GROWTH"))
    assert [(entry.transaction_id, entry.units) for entry in listed.values] == [
        (f"{story.scope}-PLC-1-ORD-1", 71)
    ]
    early = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    none = await got(story.desk.portfolios.get_transactions(story.scope, "GROWTH", to_transaction_date=early))
    assert none.values == []


@proves("get_transactions", "failure")
async def test_transactions_by_a_filter_that_cannot_be_read_are_refused(story: ScenarioSteps) -> None:
    error, problem = await refusal(
        lambda: story.desk.portfolios.get_transactions(story.scope, "GROWTH", filter="units gt")
    )
    assert (error.status, problem.code) == (400, 233)
