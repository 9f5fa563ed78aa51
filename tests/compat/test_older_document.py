"""The older document by an SDK of its days: lusid-sdk-preview 1.0.347, which books with a bare list.

It knows two methods of order management beside the five kinds of entities and the graph, it is synchronous,
and the offset ``start`` belongs to its lists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.compat.serving import ServeProcess, served
from tests.paths import EXAMPLES

lusid = pytest.importorskip("lusid", reason="the official SDK is not installed; .ci/sdk installs and runs it")
if hasattr(lusid.OrderManagementApi, "create_orders"):
    pytest.skip("this SDK is of the newer document, see test_methods.py", allow_module_level=True)

ALLOCATED = {"ORD-1": 71, "ORD-2": 36, "ORD-3": 32, "ORD-4": 21}
CONSIDERATION = {"ORD-1": 13462.4875, "ORD-2": 6826.05, "ORD-3": 6067.6, "ORD-4": 3981.8625}
BUY = {
    "instrumentIdentifiers": {"Instrument/default/Figi": "BBG000B9XRY4"},
    "side": "Buy",
    "type": "Limit",
    "timeInForce": "Day",
    "properties": {},
}


@pytest.fixture
def server() -> Iterator[ServeProcess]:
    with served(generation="2.1") as running:
        yield running


class OlderSdkDesk:
    """The APIs of the older document, signed on."""

    def __init__(self, server: ServeProcess, token: str | None = None) -> None:
        factory = import_module("lusid.utilities").ApiClientFactory
        self._factory = factory(token=token or server.token, api_url=server.url, app_name="compat")
        self.manage = self._api("OrderManagementApi")
        self.blocks, self.orders = self._api("BlocksApi"), self._api("OrdersApi")
        self.placements, self.executions = self._api("PlacementsApi"), self._api("ExecutionsApi")
        self.allocations, self.graph = self._api("AllocationsApi"), self._api("OrderGraphApi")
        self.portfolios = self._api("TransactionPortfoliosApi")

    def _api(self, name: str) -> Any:
        return self._factory.build(getattr(lusid, name))


@pytest.fixture
def desk(server: ServeProcess) -> OlderSdkDesk:
    return OlderSdkDesk(server)


def model(kind: str, value: Any) -> Any:
    """Return plain JSON values as a model of this SDK, which can only read them from a response."""

    class JsonAnswer:
        data = json.dumps(value)

    return lusid.ApiClient().deserialize(JsonAnswer(), kind)


def identity(code: str) -> dict[str, str]:
    return {"scope": "Desk", "code": code}


def ids(*codes: str) -> list[Any]:
    return [lusid.ResourceId(scope="Desk", code=code) for code in codes]


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def the_scenario(desk: OlderSdkDesk) -> None:
    """Play the worked scenario up to its allocation, with calls of this SDK alone."""
    orders: list[dict[str, Any]] = [
        {
            **BUY,
            "id": identity(code),
            "portfolioId": identity(portfolio),
            "quantity": quantity,
            "date": f"2026-11-20T09:00:0{number}+00:00",
            "limitPrice": {"amount": 190, "currency": "USD"},
        }
        for number, (code, portfolio, quantity) in enumerate(
            [
                ("ORD-1", "GROWTH", 100),
                ("ORD-2", "INCOME", 50),
                ("ORD-3", "BALANCED", 47),
                ("ORD-4", "GROWTH", 30),
            ],
            start=1,
        )
    ]
    written = desk.orders.upsert_orders(order_set_request=model("OrderSetRequest", {"orderRequests": orders}))
    assert [(order.id.code, order.quantity) for order in written.values] == [
        (order["id"]["code"], order["quantity"]) for order in orders
    ]
    block = {
        **BUY,
        "id": identity("BLK-1"),
        "orderIds": [order["id"] for order in orders],
        "quantity": 227,
        "createdDate": "2026-11-20T09:00:00+00:00",
        "limitPrice": {"amount": 190, "currency": "USD"},
    }
    desk.blocks.upsert_blocks(block_set_request=model("BlockSetRequest", {"requests": [block]}))
    place = example("04_place_blocks.request")
    place["requests"] = place["requests"][:1]
    desk.placements.upsert_placements(placement_set_request=model("PlacementSetRequest", place))
    fills = model("ExecutionSetRequest", example("08_upsert_executions.request"))
    desk.executions.upsert_executions(execution_set_request=fills)


def refusal(call: Callable[[], Any]) -> tuple[int, dict[str, Any]]:
    """Return the status of a call that must fail, and its problem document."""
    with pytest.raises(lusid.ApiException) as caught:
        call()
    assert caught.value.headers["Content-Type"].startswith("application/problem+json")
    return caught.value.status, json.loads(caught.value.body)


def test_allocating_and_booking_a_bare_list(desk: OlderSdkDesk) -> None:
    the_scenario(desk)
    run = desk.manage.run_allocation_service(ids("PLC-1", "PLC-404"), allocation_algorithm="PR-FIFO")
    contract = example("09_run_allocation_service.response")
    assert [entry.to_dict() for entry in run.values] == contract["values"]
    assert {key: failure.type for key, failure in run.failed.items()} == {
        key: failure["type"] for key, failure in contract["failed"].items()
    }
    listed = desk.allocations.list_allocations(sort_by=["id.code"])
    assert {entry.allocated_order_id.code: entry.quantity for entry in listed.values} == ALLOCATED

    booked = desk.manage.book_transactions([entry.id for entry in listed.values])
    assert booked.failed == {}
    assert set(booked.values) == set(example("11_book_transactions.response")["values"])
    told = {entry.order_id.code: entry.total_consideration.amount for entry in booked.values.values()}
    assert told == CONSIDERATION
    assert all(entry.properties == {} for entry in booked.values.values())
    kept = desk.portfolios.get_transactions("Desk", "GROWTH")
    assert [entry.units for entry in kept.values] == [71, 21]


def test_what_cannot_be_booked_is_told_beside_what_is(desk: OlderSdkDesk) -> None:
    the_scenario(desk)
    desk.manage.run_allocation_service(ids("PLC-1"))
    answer = desk.manage.book_transactions(ids("PLC-1-ORD-1", "NONE"))
    assert list(answer.values) == ["Scope:Desk Code:PLC-1-ORD-1"]
    [failure] = answer.failed.values()
    assert (failure.id, failure.type) == ("Scope:Desk Code:NONE", "AllocationNotFound")


def test_calls_that_are_refused_whole(desk: OlderSdkDesk) -> None:
    status, problem = refusal(lambda: desk.manage.book_transactions(ids("A", "A")))
    assert (status, problem["code"]) == (400, 144)
    status, problem = refusal(lambda: desk.manage.book_transactions([]))
    assert (status, problem["code"]) == (400, 157)
    status, problem = refusal(lambda: desk.manage.run_allocation_service(ids("A"), allocation_algorithm="NO"))
    assert (status, problem["code"]) == (400, 151)
    status, problem = refusal(lambda: desk.orders.get_order("Desk", "NONE"))
    assert (status, problem["code"]) == (404, 650)


def test_a_wrong_token_is_401(server: ServeProcess) -> None:
    stranger = OlderSdkDesk(server, token="not-the-token")
    status, problem = refusal(lambda: stranger.orders.list_orders())
    assert (status, problem["code"]) == (401, 187)


def test_lists_by_the_offset_of_those_days(desk: OlderSdkDesk) -> None:
    the_scenario(desk)
    orders = desk.orders.list_orders(start=1, limit=2, sort_by=["-id.code"])
    assert [entry.id.code for entry in orders.values] == ["ORD-3", "ORD-2"]
    desk.manage.run_allocation_service(ids("PLC-1"))
    allocations = desk.allocations.list_allocations(start=3, sort_by=["id.code"])
    assert [entry.id.code for entry in allocations.values] == ["PLC-1-ORD-4"]


def test_the_graph_of_those_days(desk: OlderSdkDesk) -> None:
    the_scenario(desk)
    [block] = desk.graph.list_order_graph_blocks().values
    stages = (block.ordered, block.placed, block.executed, block.allocated)
    assert [stage.quantity for stage in stages] == [227, 227, 160, 0]
    assert block.derived_state == "Partially executed"
