"""The history of an order lists every event, newest first, in both shapes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, play
from tests.paths import EXAMPLES
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.errors import NotFound
from tui.api.http import asgi_transport
from tui.api.models import HistoryItem
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings

VOLATILE = frozenset({"asAtModified", "requestIdModified", "userIdModified", "asAtVersionNumber"})


def settled(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item without the members that depend on the clock and on generated names."""
    return {name: value for name, value in item.items() if name not in VOLATILE}


async def fill(raw: httpx.AsyncClient, code: str, **changes: Any) -> None:
    body = json.loads((EXAMPLES / "08_upsert_executions.request.json").read_text())
    execution = {**body["requests"][0], "id": {"scope": "Desk", "code": code}, **changes}
    answer = await raw.post("/api/executions", json={"requests": [execution]})
    assert answer.is_success, answer.text


async def story(client: Client, code: str) -> list[str]:
    items = await client.get_order_history(ResourceId("Desk", code))
    return [f"{item.action}: {item.action_description}" for item in items]


async def post(raw: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await raw.post(path, json=body)
    assert answer.is_success, answer.text
    assert not answer.json().get("failed"), answer.text


@pytest.mark.parametrize(
    ("generation", "example"),
    [
        ("latest", "12_get_order_history.response.new"),
        ("2.1", "12_get_order_history.response.old"),
    ],
)
async def test_the_scenarios_order_has_the_history_of_the_example(
    engine: Engine, generation: Any, example: str
) -> None:
    server = Server(engine, ServerSettings(generation=generation))
    async with httpx.AsyncClient(transport=asgi_transport(server), base_url="http://embedded/api") as raw:
        await play(raw)
        answer = await raw.get(f"{MANAGE}/order/Desk/ORD-2/$history")
    items = answer.json()["values"]
    wanted = json.loads((EXAMPLES / f"{example}.json").read_text())["values"]
    assert [settled(item) for item in items] == [settled(item) for item in wanted]
    assert all(item.keys() >= VOLATILE for item in items)
    times = [item["asAtModified"] for item in items]
    assert times == sorted(times, reverse=True)


async def test_every_item_names_user_and_request(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw)
    items = await client.get_order_history(ResourceId("Desk", "ORD-2"))
    assert {item.user_id_modified for item in items} == {"dealer"}
    created, *_, booked = reversed(items)
    order = await client.orders.get(ResourceId("Desk", "ORD-2"))
    assert order.version is not None
    assert created.request_id_modified == order.version.request_id_created
    assert created.as_at_version_number == 1
    assert booked.as_at_version_number == order.version.as_at_version_number


async def test_a_move_names_both_blocks(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw, "02_move_orders")
    moved, created = await client.get_order_history(ResourceId("Desk", "ORD-4"))
    assert moved.action_description == "Order moved from block BLK-2 to block BLK-1"
    assert moved.detail == {
        "blockScope": "Desk",
        "blockCode": "BLK-1",
        "sourceBlockScope": "Desk",
        "sourceBlockCode": "BLK-2",
    }
    assert created.action_description == "Order created in block BLK-2"


async def test_events_of_a_block_before_the_order_joined_are_not_its_history(
    raw: httpx.AsyncClient, client: Client
) -> None:
    await play(raw, "04_place_blocks")
    order = {"scope": "Desk", "code": "ORD-9"}
    request = json.loads((EXAMPLES / "21_upsert_orders.request.json").read_text())["orderRequests"][0]
    limit = {"limitPrice": {"amount": 190, "currency": "USD"}, "type": "Limit", "side": "Buy"}
    await post(raw, "/api/orders", {"orderRequests": [{**request, "id": order, **limit}]})
    block = {"scope": "Desk", "code": "BLK-1"}
    await post(raw, f"{MANAGE}/moveorders", {"requests": [{"destinationBlockId": block, "orderId": order}]})
    await fill(raw, "EXE-1")
    assert await story(client, "ORD-9") == [
        "OrderExecuted: Execution EXE-1 was received on placement PLC-1",
        "OrderBlocked: Order put into block BLK-1",
        "OrderCreated: Order created",
    ]


async def test_cancels_corrections_and_deletions_are_listed(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw, "07_cancel_orders")
    assert (await story(client, "ORD-5"))[:3] == [
        "OrderCancelled: Order cancelled",
        "PlacementCancelled: Placement PLC-2 was cancelled",
        "PlacementModified: Placement PLC-2: quantity changed",
    ]
    await fill(raw, "EXE-1")
    await fill(raw, "EXE-1", quantity=90)
    await raw.delete("/api/executions/Desk/EXE-1")
    assert (await story(client, "ORD-1"))[:3] == [
        "OrderExecuted: Execution EXE-1 was deleted",
        "OrderExecuted: Execution EXE-1 was corrected: quantity changed",
        "OrderExecuted: Execution EXE-1 was received on placement PLC-1",
    ]


async def test_a_rerun_of_the_allocation_lists_the_new_units(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw, "09_run_allocation_service")
    await fill(raw, "EXE-3", quantity=67)
    await post(raw, f"{MANAGE}/allocate", [{"scope": "Desk", "code": "PLC-1"}])
    assert (await story(client, "ORD-2"))[0] == (
        "OrderAllocated: 50 units are now allocated to the order from placement PLC-1"
    )


async def test_a_removed_property_is_listed_with_its_value(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw, "01_create_orders")
    key = "Order/Desk/Strategy"
    for value in ({"value": {"labelValue": "Value"}}, {}):
        change = {"id": {"scope": "Desk", "code": "ORD-1"}, "properties": {key: {"key": key, **value}}}
        await post(raw, f"{MANAGE}/updateorders", {"u": change})
    removed, modified, _ = await client.get_order_history(ResourceId("Desk", "ORD-1"))
    assert (removed.action, modified.action) == ("PropertyDeleted", "PropertyModified")
    assert removed.attribute_name == key
    assert _label(removed.previous_value) == _label(modified.new_value) == "Value"
    assert _label(modified.previous_value) == "Momentum"


def _label(value: Any) -> Any:
    return (
        json.loads(bytes(value))["labelValue"]
        if isinstance(value, (bytes, memoryview))
        else value["labelValue"]
    )


async def test_history_as_at_a_time_stops_there(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw)
    items: list[HistoryItem] = list(await client.get_order_history(ResourceId("Desk", "ORD-2")))
    for place, item in enumerate(items):
        assert item.as_at_modified is not None
        then = await client.get_order_history(ResourceId("Desk", "ORD-2"), as_at=item.as_at_modified)
        assert [each.action for each in then][-(len(items) - place) :] == [
            each.action for each in items[place:]
        ]
    with pytest.raises(NotFound):
        await client.get_order_history(ResourceId("Desk", "ORD-2"), as_at=datetime(2020, 1, 1, tzinfo=UTC))


async def test_an_unknown_order_has_no_history(client: Client) -> None:
    with pytest.raises(NotFound, match="No order with scope 'Desk' and code 'ORD-404' exists"):
        await client.get_order_history(ResourceId("Desk", "ORD-404"))


async def test_an_order_created_again_has_a_new_history(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw, "01_create_orders")
    assert (await raw.delete("/api/orders/Desk/ORD-5")).is_success
    with pytest.raises(NotFound):
        await client.get_order_history(ResourceId("Desk", "ORD-5"))
    request = json.loads((EXAMPLES / "21_upsert_orders.request.json").read_text())["orderRequests"][0]
    await post(raw, "/api/orders", {"orderRequests": [{**request, "id": {"scope": "Desk", "code": "ORD-5"}}]})
    assert await story(client, "ORD-5") == ["OrderCreated: Order created"]
