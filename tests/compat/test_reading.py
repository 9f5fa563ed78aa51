"""Reading by the official SDK: pages, filters, sorting, properties, points in time, and nothing unknown."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.compat.sdk import IS_NEWEST, NEWEST_ONLY, SdkDesk, got, keyed, lusid, sent
from tests.compat.serving import ServeProcess
from tests.compat.story import ScenarioSteps

NOTE = "Order/Desk/Note"
STRATEGY = "Order/Desk/Strategy"


@pytest.fixture
def story(desk: SdkDesk, scope: str) -> ScenarioSteps:
    return ScenarioSteps(desk, scope)


async def many(desk: SdkDesk, scope: str, count: int) -> None:
    """Write orders P-00, P-01, … in a scope."""
    [order] = sent("21_upsert_orders", scope)["orderRequests"]
    orders = [{**order, "id": {"scope": scope, "code": f"P-{number:02}"}} for number in range(count)]
    await got(desk.orders.upsert_orders(lusid.OrderSetRequest.from_dict({"orderRequests": orders})))


async def codes(call: Any, **asked: Any) -> list[str]:
    """Return the codes in a list."""
    return [entry.id.code for entry in (await got(call(**asked))).values]


async def test_pages_follow_each_other_without_loss_while_others_write(desk: SdkDesk, scope: str) -> None:
    await many(desk, scope, 25)
    seen, token = [], None
    while True:
        page = await got(
            desk.orders.list_orders(
                filter=f"id.scope eq '{scope}'", sort_by=["id.code DESC"], limit=10, page=token
            )
        )
        seen += [entry.id.code for entry in page.values]
        token = page.next_page
        if not token:
            break
        await many(desk, scope, 30)
        await got(desk.orders.delete_order(scope, "P-03"))
    assert seen == [f"P-{number:02}" for number in reversed(range(25))]


async def test_the_pages_of_the_graph_follow_each_other(story: ScenarioSteps) -> None:
    await story.create()
    mine = f"id.scope eq '{story.scope}'"
    first = await got(story.desk.graph.list_order_graph_blocks(filter=mine, sort_by=["id.code"], limit=1))
    second = await got(
        story.desk.graph.list_order_graph_blocks(
            filter=mine, sort_by=["id.code"], limit=1, pagination_token=first.next_page
        )
    )
    assert [page.values[0].block.id.code for page in (first, second)] == ["BLK-1", "BLK-2"]
    assert not second.next_page


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("quantity gt 47 and state eq 'new'", ["ORD-1", "ORD-2"]),
        ("Quantity lte 30 or portfolioId.code eq 'BALANCED'", ["ORD-3", "ORD-4", "ORD-5"]),
        (f"properties[{STRATEGY}] eq 'momentum'", ["ORD-1"]),
        (f"properties.{STRATEGY} in ('Momentum', 'Value')", ["ORD-1"]),
        ("id.code in ('ORD-1', 'ORD-5') and not (quantity eq 20)", ["ORD-1"]),
        ("instrumentIdentifiers['Instrument/default/Figi'] startswith 'BBG' and price not exists", "all"),
        ("date gte 2026-11-20T09:00:04 and date lt 2026-11-21", ["ORD-4", "ORD-5"]),
        ("limitPrice.amount neq 190", []),
    ],
)
async def test_filters_find_what_they_say(story: ScenarioSteps, test: str, found: Any) -> None:
    await story.create()
    every = [f"ORD-{number}" for number in range(1, 6)]
    mine = f"id.scope eq '{story.scope}' and ({test})"
    assert await codes(story.desk.orders.list_orders, filter=mine, sort_by=["id.code ASC"]) == (
        every if found == "all" else found
    )


async def test_what_an_entity_refers_to_can_be_asked_for(story: ScenarioSteps) -> None:
    await story.fill()
    mine = f"id.scope eq '{story.scope}'"
    placements, blocks = story.desk.placements.list_placements, story.desk.blocks.list_blocks
    assert await codes(placements, filter=f"{mine} and blockIds.code eq 'BLK-1'") == ["PLC-1"]
    assert await codes(blocks, filter=f"{mine} and orderIds any (~.code eq 'ORD-5')") == ["BLK-2"]


@pytest.mark.parametrize("order", [["quantity DESC"], ["-quantity"], ["state", "quantity DESC", "id.code"]])
async def test_lists_are_sorted_as_asked_in_both_forms(story: ScenarioSteps, order: list[str]) -> None:
    await story.create()
    mine = f"id.scope eq '{story.scope}'"
    assert await codes(story.desk.orders.list_orders, filter=mine, sort_by=order) == [
        f"ORD-{number}" for number in (1, 2, 3, 4, 5)
    ]


async def test_the_desk_is_read_as_it_was(story: ScenarioSteps) -> None:
    created = await story.create()
    before = created.values[0].block.version.as_at_modified
    updates = keyed(lusid.OrderUpdateRequest, "03_update_orders", story.scope)
    await got(story.desk.manage.update_orders({"u1": updates["u1"]}))
    await got(story.desk.orders.delete_order(story.scope, "ORD-5"))

    mine = f"id.scope eq '{story.scope}'"
    then = await got(story.desk.orders.list_orders(filter=mine, as_at=before, sort_by=["id.code"]))
    assert [entry.quantity for entry in then.values] == [100, 55, 47, 30, 20]
    now = await got(story.desk.orders.list_orders(filter=mine, sort_by=["id.code"]))
    assert [entry.quantity for entry in now.values] == [100, 50, 47, 30]
    [graph, _] = (
        await got(story.desk.graph.list_order_graph_blocks(filter=mine, as_at=before, sort_by=["id.code"]))
    ).values
    assert graph.ordered.quantity == 202
    block = await got(story.desk.blocks.get_block(story.scope, "BLK-2", as_at=before))
    assert [entry.code for entry in block.order_ids] == ["ORD-4", "ORD-5"]


async def test_stored_properties_come_without_asking_and_asking_does_no_harm(story: ScenarioSteps) -> None:
    await story.create()
    plain = await got(story.desk.orders.get_order(story.scope, "ORD-1"))
    asked = await got(
        story.desk.orders.get_order(story.scope, "ORD-1", property_keys=[STRATEGY, NOTE, "Orders/Desk/Note"])
    )
    assert plain.properties[STRATEGY].value.label_value == "Momentum"
    assert asked.properties[STRATEGY].value.label_value == "Momentum"


@NEWEST_ONLY
async def test_what_is_swept_is_left_out_when_asked(story: ScenarioSteps) -> None:
    await story.create()
    await got(story.desk.manage.cancel_orders({"a": story.id("ORD-4"), "b": story.id("ORD-5")}))
    body = {"block_ids": {"s": story.id("BLK-2")}, "latest_allowable_modification_time": "9999-01-01"}
    await got(story.desk.manage.sweep_blocks(lusid.SweepBlocksRequest(**body)))
    mine = {"filter": f"id.scope eq '{story.scope}'", "sort_by": ["id.code"]}

    async def listed(**asked: Any) -> list[str]:
        answer = await got(story.desk.graph.list_order_graph_blocks(**mine, **asked))
        return [entry.block.id.code for entry in answer.values]

    assert await listed() == await listed(include_swept=True) == ["BLK-1", "BLK-2"]
    assert await listed(include_swept=False) == ["BLK-1"]


# -- nothing of an answer is unknown to this SDK -----------------------------------------------------------

MANAGE = "ordermanagement"
WRITES = [
    (f"{MANAGE}/createorders", "01_create_orders", lusid.ResourceListOfBlockAndOrders),
    (f"{MANAGE}/moveorders", "02_move_orders", lusid.ResourceListOfMovedOrderToDifferentBlockResponse),
    (f"{MANAGE}/updateorders", "03_update_orders", lusid.UpdateOrdersResponse),
    (f"{MANAGE}/placeblocks", "04_place_blocks", lusid.ResourceListOfPlacement),
    (f"{MANAGE}/$updateplacements", "05_update_placements", lusid.UpdatePlacementsResponse),
    (f"{MANAGE}/$cancelplacements", "06_cancel_placements", lusid.CancelPlacementsResponse),
    (f"{MANAGE}/cancelorders", "07_cancel_orders", lusid.CancelOrdersResponse),
    ("executions", "08_upsert_executions", lusid.ResourceListOfExecution),
    (f"{MANAGE}/allocate", "09_run_allocation_service", lusid.AllocationServiceRunResponse),
    (f"{MANAGE}/booktransactions", "11_book_transactions", lusid.BookTransactionsResponse),
    ("blocks", "20_upsert_blocks", lusid.ResourceListOfBlock),
    ("orders", "21_upsert_orders", lusid.ResourceListOfOrder),
    ("placements", "22_upsert_placements", lusid.ResourceListOfPlacement),
]
HISTORY = (
    lusid.ResourceListOfChangeIntervalWithOrderManagementDetail
    if IS_NEWEST
    else lusid.ResourceListOfEntityChangeItem
)
READS = [
    ("blocks", lusid.PagedResourceListOfBlock),
    ("blocks/Desk/BLK-1", lusid.Block),
    ("orders", lusid.PagedResourceListOfOrder),
    ("placements", lusid.PagedResourceListOfPlacement),
    ("executions", lusid.PagedResourceListOfExecution),
    ("allocations", lusid.PagedResourceListOfAllocation),
    ("ordergraph/blocks", lusid.PagedResourceListOfOrderGraphBlock),
    ("ordergraph/placements", lusid.PagedResourceListOfOrderGraphPlacement),
    ("ordergraph/placementchildren/Desk/PLC-1", lusid.PagedResourceListOfOrderGraphPlacement),
    (f"{MANAGE}/order/Desk/ORD-2/$history", HISTORY),
    ("transactionportfolios/Desk/GROWTH/transactions", lusid.VersionedResourceListOfTransaction),
]


def unknown(told: Any, read: Any, place: str) -> list[str]:
    """Return the members of an answer that the SDK's models have no field for."""
    if isinstance(told, list):
        assert len(told) == len(read), place
        return [lost for each in zip(told, read, strict=True) for lost in unknown(*each, f"{place}[]")]
    if not isinstance(told, dict):
        return []
    if isinstance(read, dict):
        return [lost for name in told for lost in unknown(told[name], read[name], f"{place}.{name}")]
    fields = {field.alias: name for name, field in getattr(read, "__fields__", {}).items()}
    return [
        lost
        for name, member in told.items()
        for lost in (
            unknown(member, getattr(read, fields[name]), f"{place}.{name}")
            if name in fields
            else [f"{place}.{name}"]
        )
    ]


async def test_nothing_the_server_says_is_unknown_to_the_sdk_of_its_generation(
    own_server: ServeProcess,
) -> None:
    if not IS_NEWEST and own_server.generation == "latest":
        pytest.skip("an older SDK reads today's answers, and does not know their newest members")
    headers = {"authorization": f"Bearer {own_server.token}"}
    async with httpx.AsyncClient(base_url=f"{own_server.url}/api/", headers=headers) as raw:
        for path, example, kind in WRITES:
            answer = await raw.post(path, json=sent(example))
            assert unknown(answer.raise_for_status().json(), kind.from_json(answer.text), path) == []
        for path, kind in READS:
            answer = await raw.get(path)
            told = answer.raise_for_status().json()
            assert told.get("values", told), path
            assert unknown(told, kind.from_json(answer.text), path) == []
        answer = await raw.delete("orders/Desk/ORD-20")
        read = lusid.DeletedEntityResponse.from_json(answer.text)
        assert unknown(answer.json(), read, "deleted") == []
