"""Every example of the contract is replayed over HTTP: those beside the worked scenario, and the errors."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, STEPS, body_of, play
from tests.oms.test_contract_scenario import differences, example_of
from tests.paths import EXAMPLES, ROOT
from tui.api.http import asgi_transport
from tui.oms.auth.tokens import Tokens
from tui.oms.auth.users import User, Users, digest
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings

APPLE = {"Instrument/default/Figi": "BBG000B9XRY4"}
TERMS = {
    "instrumentIdentifiers": APPLE,
    "side": "Buy",
    "type": "Limit",
    "timeInForce": "Day",
    "limitPrice": {"amount": 190.0, "currency": "USD"},
}


def id_of(code: str) -> dict[str, str]:
    return {"scope": "Desk", "code": code}


async def post(server: httpx.AsyncClient, path: str, body: Any, status: int = 200) -> Any:
    answer = await server.post(path, json=json.loads(body) if isinstance(body, bytes) else body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_no_example_is_left_out() -> None:
    """Each file is named by a test that sends it or compares a response with it."""
    tests = [*(ROOT / "tests/oms").rglob("*.py"), *(ROOT / "tests/api").glob("*.py")]
    told = " ".join(file.read_text(encoding="utf-8") for file in tests)
    names = {re.sub(r"(\.request|\.response)?\.json$", "", file.name) for file in EXAMPLES.iterdir()}
    assert {name for name in names if name not in told} == set()
    assert set(STEPS) <= names


@pytest.mark.parametrize(
    ("example", "path", "status"),
    [
        ("20_upsert_blocks", "/api/blocks", 201),
        ("21_upsert_orders", "/api/orders", 201),
        ("24_upsert_allocations", "/api/allocations", 200),
    ],
)
async def test_upserts_are_answered_as_in_their_examples(
    raw: httpx.AsyncClient, example: str, path: str, status: int
) -> None:
    answer = await post(raw, path, body_of(example), status)
    assert differences(example_of(f"{example}.response"), answer) == []


async def test_a_child_placement_is_upserted_and_listed_as_in_its_examples(raw: httpx.AsyncClient) -> None:
    await play(raw, "04_place_blocks")
    answer = await post(raw, "/api/placements", body_of("22_upsert_placements"), 201)
    assert differences(example_of("22_upsert_placements.response"), answer) == []
    children = (await raw.get("/api/ordergraph/placementchildren/Desk/PLC-1")).json()
    example = example_of("15_list_order_graph_placement_children.response")
    assert differences(example, children) == []


async def test_an_order_is_read_and_listed_as_in_its_examples(raw: httpx.AsyncClient) -> None:
    await play(raw, "03_update_orders")
    got = (await raw.get("/api/orders/Desk/ORD-2")).json()
    assert differences(example_of("21_get_order.response"), got) == []
    listed = (await raw.get("/api/orders?limit=2")).json()
    assert listed.pop("nextPage")
    assert differences({**example_of("21_list_orders.response")}, listed) == []


async def test_blocks_are_listed_page_by_page_as_in_the_example(raw: httpx.AsyncClient) -> None:
    await play(raw)
    await post(raw, "/api/blocks", body_of("20_upsert_blocks"), 201)
    example = example_of("20_list_blocks.response")
    page = (await raw.get("/api/blocks?limit=2")).json()
    assert differences({**example, "nextPage": page["nextPage"]}, page) == []
    assert re.fullmatch(r"[a-zA-Z0-9+/]+={0,3}", page["nextPage"])
    rest = (await raw.get("/api/blocks", params={"limit": 2, "page": page["nextPage"]})).json()
    assert [each["id"]["code"] for each in rest["values"]] == ["BLK-7"]


async def test_orders_are_cancelled_and_their_rest_moved_as_in_the_example(raw: httpx.AsyncClient) -> None:
    date = "2026-11-20T11:00:00Z"
    orders = [
        {"id": id_of(code), "quantity": quantity, "portfolioId": id_of(portfolio), "date": date}
        for code, quantity, portfolio in (("ORD-10", 100, "GROWTH"), ("ORD-11", 50, "INCOME"))
    ]
    entry = {"blockId": id_of("BLK-9"), "orders": orders, **TERMS}
    await post(raw, f"{MANAGE}/createorders", {"requests": [entry]}, 201)
    placement = {"id": id_of("PLC-10"), "blockIds": [id_of("BLK-9")], "quantity": 60, "createdDate": date}
    await post(raw, f"{MANAGE}/placeblocks", {"requests": [{**placement, **TERMS}]})
    body = body_of("16_cancel_orders_and_move_remaining")
    answer = await post(raw, f"{MANAGE}/cancelordersandmoveremaining", body)
    assert differences(example_of("16_cancel_orders_and_move_remaining.response"), answer) == []


async def test_a_weighted_allocation_is_answered_as_in_the_example(raw: httpx.AsyncClient) -> None:
    when = {"createdDate": "2026-11-20T11:00:00Z"}
    await post(
        raw, "/api/blocks", {"requests": [{"id": id_of("BLK-9"), "quantity": 100, **TERMS, **when}]}, 201
    )
    placement = {"id": id_of("PLC-9"), "blockIds": [id_of("BLK-9")], "quantity": 100, **when}
    await post(raw, f"{MANAGE}/placeblocks", {"requests": [{**placement, **TERMS}]})
    fill = json.loads(body_of("08_upsert_executions"))["requests"][0]
    await post(raw, "/api/executions", {"requests": [{**fill, "placementId": id_of("PLC-9")}]}, 201)
    body = body_of("17_run_allocation_service_with_weights")
    answer = await post(raw, f"{MANAGE}/allocate/weighted", body)
    assert differences(example_of("17_run_allocation_service_with_weights.response"), answer) == []


async def test_a_deletion_is_answered_as_in_the_example(raw: httpx.AsyncClient) -> None:
    made = await post(raw, "/api/orders", body_of("21_upsert_orders"), 201)
    answer = (await raw.delete("/api/orders/Desk/ORD-20")).json()
    assert differences(example_of("25_delete_entity.response"), answer) == []
    assert answer["entityUniqueId"] == made["values"][0]["version"]["entityUniqueId"]


# -- errors --------------------------------------------------------------------------------------------


async def test_an_unknown_order_is_answered_as_in_the_example(raw: httpx.AsyncClient) -> None:
    answer = await raw.get("/api/orders/Desk/ORD-404")
    assert differences(example_of("90_error.not_found.response"), answer.json()) == []


async def test_a_malformed_request_is_answered_as_in_the_example(raw: httpx.AsyncClient) -> None:
    placement = json.loads(body_of("04_place_blocks"))["requests"][0]
    nameless = {name: value for name, value in placement.items() if name != "id"}
    many = [{**placement, "id": id_of(f"P{number}")} for number in range(101)]
    example = example_of("91_error.validation.response")
    told: dict[str, Any] = {}
    for requests in ([nameless], many):
        answer = await post(raw, f"{MANAGE}/placeblocks", {"requests": requests}, 400)
        told |= answer["errors"]
        assert differences({**example, "errors": answer["errors"]}, answer) == []
    assert told == example["errors"]


async def test_an_unparsable_filter_is_answered_as_in_the_example(raw: httpx.AsyncClient) -> None:
    answer = (await raw.get("/api/orders", params={"filter": "state eqq 'New'"})).json()
    assert differences(example_of("92_error.filter.response"), answer) == []


async def test_a_caller_who_may_not_write_is_answered_as_in_the_example(engine: Engine) -> None:
    users = {"auditor": User("auditor", token=digest("t"), read_only=True)}
    server = Server(engine, ServerSettings(tokens=Tokens(Users(users))))
    headers = {"authorization": "Bearer t"}
    async with httpx.AsyncClient(
        transport=asgi_transport(server), base_url="http://embedded/api", headers=headers
    ) as reader:
        answer = await post(reader, "/api/orders", body_of("21_upsert_orders"), 403)
    example = example_of("93_error.access_denied.response")
    assert differences({**example, "detail": answer["detail"]}, answer) == []
