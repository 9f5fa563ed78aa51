"""``--generation 2.1``: the shapes of SDK 2.1.390 to 2.1.402 (section 7), asked over HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from types import FrameType
from typing import Any

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, body_of, play
from tests.oms.request_bodies import an_order, put, usd
from tests.paths import EXAMPLES
from tui.api.http import asgi_transport
from tui.api.operations import ORDERS
from tui.oms.engine.engine import Engine
from tui.oms.http import generation_2_1
from tui.oms.http.app import Server, ServerSettings

JSON = {"content-type": "application/json"}
LATER = {
    *("isSwept", "basis", "direction", "derivedDirection", "latestActivityDate", "fxOrders", "weight"),
    *("reasonCreated", "reasonModified", "custodianAccountId", "amountByState", "dataModelMembership"),
    *("stagedModifications", "derivedComplianceStatus"),
    "nonPassingComplianceRuleResults",
}


@pytest.fixture
async def old(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    transport = asgi_transport(Server(engine, ServerSettings(generation="2.1")))
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded/api") as made:
        yield made


def members(value: Any) -> set[str]:
    """Return the names of all members at any depth."""
    if isinstance(value, list):
        return set().union(*(members(each) for each in value)) if value else set()
    if not isinstance(value, dict):
        return set()
    return set(value).union(*(members(each) for each in value.values())) if value else set()


async def test_responses_leave_out_newer_members_and_nothing_else(
    old: httpx.AsyncClient, raw: httpx.AsyncClient
) -> None:
    answers = await play(old)
    assert not members(answers) & LATER
    for path in (
        *("blocks", "orders", "placements", "executions", "allocations"),
        *("orders/Desk/ORD-1", "blocks/Desk/BLK-1", "placements/Desk/PLC-1", "executions/Desk/EXE-1"),
        *("ordergraph/blocks", "ordergraph/placements", "ordergraph/placementchildren/Desk/PLC-1"),
        "transactionportfolios/Desk/GROWTH/transactions",
    ):
        older, newest = (await old.get(f"/api/{path}")).json(), (await raw.get(f"/api/{path}")).json()
        assert not members(older) & LATER, path
        gone = members(newest) - members(older)
        assert gone <= LATER | {"allocatedOrderId"}, path
        assert len(older.get("values", ())) == len(newest.get("values", ()))


async def test_the_older_order_graph_has_only_the_ids_of_allocations(old: httpx.AsyncClient) -> None:
    await play(old)
    block = next(
        row
        for row in (await old.get("/api/ordergraph/blocks")).json()["values"]
        if row["block"]["id"]["code"] == "BLK-1"
    )
    assert [each.keys() for each in block["allocated"]["details"]] == [{"id"}] * 4
    assert block["allocated"].keys() == {"quantity", "details"}
    assert block["booked"].keys() == {"quantity", "details"}
    assert block["ordered"]["quantityByState"] == {"PartiallyFilled": 227}
    assert block["ordered"]["details"][0]["complianceState"] == "Passed"
    assert block["derivedState"] == "Partially executed"


async def test_what_compliance_tells_came_in_part_later(old: httpx.AsyncClient) -> None:
    await play(old)
    states = {"useComplianceV2": "true", "getDerivedComplianceStatuses": "true"}
    (block, *_) = (await old.get("/api/ordergraph/blocks", params=states)).json()["values"]
    assert "nonPassingComplianceRuleResults" not in members(block)
    (order, *_) = (await old.get("/api/orders", params=states)).json()["values"]
    assert "derivedComplianceState" not in order
    assert (await old.get("/api/compliance/runs")).status_code == 200
    assert (await old.get("/api/compliance/runs/breaches")).status_code in (404, 501)
    assert (await old.post("/api/compliance/runs/summary/$decorate", json={})).status_code in (404, 501)


async def test_history_has_plain_values_and_ignores_as_at(old: httpx.AsyncClient) -> None:
    await play(old)
    path = "/api/ordermanagement/order/Desk/ORD-2/$history"
    items = (await old.get(path)).json()["values"]
    wanted = json.loads((EXAMPLES / "12_get_order_history.response.old.json").read_bytes())["values"]
    assert wanted[0].keys() <= items[0].keys() <= wanted[0].keys() | {"attributeName"}
    quantity = next(item for item in items if item.get("attributeName", "").lower() == "quantity")
    assert (quantity["previousValue"], quantity["newValue"]) == (55, 50)
    assert len((await old.get(f"{path}?asAt=2000-01-01")).json()["values"]) == len(items)


@pytest.mark.parametrize("path", ["cancelordersandmoveremaining", "allocate/weighted", "SweepBlocks"])
async def test_newer_endpoints_are_not_served(old: httpx.AsyncClient, path: str) -> None:
    answer = await old.post(f"{MANAGE}/{path}", content=b"{}", headers=JSON)
    assert answer.status_code == 501
    assert answer.json()["name"] == "NotImplemented"
    assert "was added after generation 2.1" in answer.json()["detail"]


async def test_newer_members_of_requests_are_ignored(old: httpx.AsyncClient) -> None:
    body = json.loads(body_of("01_create_orders"))
    body["requests"][0]["orders"][0] |= {"side": "Sell", "amount": {"amount": 5, "currency": "USD"}}
    made = (await old.post(f"{MANAGE}/createorders", json=body)).json()["values"][0]["orders"][0]
    assert (made["side"], made["quantity"]) == ("Buy", 100)
    update = {"u": {"id": made["id"], "side": "Sell", "date": "2020-01-01", "quantity": 90}}
    changed = (await old.post(f"{MANAGE}/updateorders", json=update)).json()["values"]["u"]
    assert (changed["side"], changed["quantity"], changed["date"]) == ("Buy", 90, made["date"])


async def test_members_that_were_required_then_are_required(old: httpx.AsyncClient) -> None:
    body = json.loads(body_of("01_create_orders"))
    del body["requests"][0]["side"]
    del body["requests"][1]["orders"][1]["quantity"]
    answer = await old.post(f"{MANAGE}/createorders", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 157)
    assert answer.json()["errors"] == {
        "Requests[0].Side": ["The Side field is required."],
        "Requests[1].Orders[1].Quantity": ["The Quantity field is required."],
    }
    bare = {"id": {"scope": "s", "code": "c"}, "instrumentIdentifiers": {"i": "x"}, "side": "Buy"}
    block = await old.post("/api/blocks", json={"requests": [bare | {"createdDate": "2026-11-20"}]})
    assert block.json()["errors"].keys() == {
        f"Requests[0].{name}" for name in ("OrderIds", "Quantity", "Type", "TimeInForce")
    }


async def test_an_order_by_amount_has_the_required_quantity(engine: Engine, old: httpx.AsyncClient) -> None:
    by_amount = an_order("ORD-1", quantity=None, amount=usd("5000"), basis="Amount")
    engine.write(put, [by_amount, an_order("ORD-2")], user="u")
    rows = (await old.get("/api/orders")).json()["values"]
    assert [row["quantity"] for row in rows] == [0, 100]
    assert (await old.get("/api/orders/Desk/ORD-1")).json()["quantity"] == 0


async def test_numbers_keep_their_digits(engine: Engine, old: httpx.AsyncClient) -> None:
    engine.write(put, [an_order("ORD-1", limit_price=usd("190.10000000000000000001"))], user="u")
    assert (
        '"limitPrice":{"amount":190.10000000000000000001,"currency":"USD"}'
        in (await old.get("/api/orders")).text
    )


async def test_a_booking_is_accepted_as_a_list_and_as_an_object(old: httpx.AsyncClient) -> None:
    await play(old, "09_run_allocation_service")
    for name in ("11_book_transactions.older", "11_book_transactions"):
        answer = await old.post(f"{MANAGE}/booktransactions", content=body_of(name), headers=JSON)
        assert (answer.status_code, len(answer.json()["values"])) == (200, 4)
        assert answer.json().keys() == {"values", "failed"}


async def test_converting_a_page_takes_the_same_steps_for_any_number_of_rows(
    engine: Engine, old: httpx.AsyncClient
) -> None:
    """Rows are converted together, never one by one."""
    engine.write(put, [an_order(f"ORD-{number}") for number in range(2_000)], user="u")
    newest = httpx.AsyncClient(transport=asgi_transport(Server(engine)), base_url="http://embedded/api")
    steps = set()
    for limit in (1, 2_000):
        path = f"/api/orders?limit={limit}"
        expected = (await old.get(path)).json()["values"]
        page = (await newest.get(path)).content
        made, taken = counted(partial(generation_2_1.response, ORDERS.list, page))
        assert json.loads(made)["values"] == expected
        steps.add(taken)
    assert len(steps) == 1


def counted(work: Callable[[], bytes]) -> tuple[bytes, int]:
    """Run ``work`` and count its calls of Python and C functions."""
    calls = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += event.endswith("call")

    sys.setprofile(count)
    try:
        return work(), calls
    finally:
        sys.setprofile(None)
