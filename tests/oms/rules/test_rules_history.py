"""An order's history, over HTTP (H1 to H3), in both generations and as at any time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.oms.rules.rules_client import RefusedCall, RulesClient, id_of, refused, usd
from tui.api.models import Execution
from tui.api.operations import ORDER_HISTORY
from tui.oms.http.app import ServerSettings

NOTE = "Order/Desk/Note"


@pytest.fixture(params=["latest", "2.1"])
def lived_desk(request: pytest.FixtureRequest) -> Iterator[RulesClient]:
    """Yield a desk of either generation on which an order passed every stage."""
    with RulesClient(ServerSettings(generation=request.param)) as desk:
        live_full_life(desk)
        yield desk


def note(value: str | None) -> Any:
    given = {"value": {"labelValue": value}} if value else {}
    return {NOTE: {"key": NOTE, **given}}


def live_full_life(desk: RulesClient) -> None:
    """Put an order through everything that can happen to it."""
    desk.put_order("O1", quantity=100)
    desk.move({"O1": "B"})
    desk.move({"O1": "C"})
    desk.update_order("O1", quantity=90, properties=note("hot"))
    desk.update_order("O1", price=usd(188), properties=note("cold"))
    desk.update_order("O1", properties=note(None))
    desk.put_order("O2", quantity=90)
    desk.move({"O2": "C"})
    desk.place("P", "C", 90, state="New")
    desk.update_placement("P", counterparty="BRK-Z")
    desk.fill("E1", "P", 40)
    desk.cancel_placement("P")
    desk.allocate("P")
    desk.book("P-O1")
    desk.cancel_orders("O1")


def history_items(desk: RulesClient, code: str, as_at: datetime | None = None) -> list[dict[str, Any]]:
    at = None if as_at is None else as_at.isoformat()
    items: list[dict[str, Any]] = json.loads(desk.read(ORDER_HISTORY, id=code, asAt=at))["values"]
    return items


def test_h1_h2_history_lists_every_event_newest_first(lived_desk: RulesClient) -> None:
    items = history_items(lived_desk, "O1")
    assert [(item["action"], item.get("attributeName")) for item in items] == [
        ("OrderCancelled", "state"),
        ("OrderBooked", None),
        ("OrderAllocated", None),
        ("PlacementCancelled", "state"),
        ("OrderExecuted", None),
        ("PlacementModified", "counterparty"),
        ("OrderPlaced", None),
        ("PropertyDeleted", NOTE),
        ("FieldModified", "price"),
        ("PropertyModified", NOTE),
        ("FieldModified", "quantity"),
        ("PropertyAdded", NOTE),
        ("OrderMoved", None),
        ("OrderBlocked", None),
        ("OrderCreated", None),
    ]
    times = [item["asAtModified"] for item in items]
    assert times == sorted(times, reverse=True)
    assert {item["userIdModified"] for item in items} == {"dealer"}
    assert all(item["requestIdModified"] and item["actionDescription"] for item in items)


def test_h2_the_entities_that_took_part_are_named_in_flat_pairs(lived_desk: RulesClient) -> None:
    details = {item["action"]: item["detail"] for item in history_items(lived_desk, "O1")}
    assert details["OrderBlocked"] == {"blockScope": "Desk", "blockCode": "B"}
    assert details["OrderPlaced"].items() >= {"blockCode": "C", "placementCode": "P"}.items()
    assert details["OrderExecuted"].items() >= {"executionScope": "Desk", "executionCode": "E1"}.items()
    assert details["OrderAllocated"]["allocationCode"] == "P-O1"
    assert details["OrderBooked"]["transactionId"] == "Desk-P-O1"
    assert all(isinstance(text, str) for detail in details.values() for text in detail.values())


@pytest.mark.parametrize(
    ("generation", "before", "after"),
    [
        ("latest", {"metricValue": {"value": 100}}, {"metricValue": {"value": 90}}),
        ("2.1", 100, 90),
    ],
)
def test_h2_each_generation_reports_a_changed_field_in_its_own_shape(
    generation: Any, before: Any, after: Any
) -> None:
    with RulesClient(ServerSettings(generation=generation)) as desk:
        desk.put_order("O1", quantity=100)
        desk.update_order("O1", quantity=90)
        item, _ = history_items(desk, "O1")
    assert (item["attributeName"], item["previousValue"], item["newValue"]) == ("quantity", before, after)
    older = {"effectiveFrom", "effectiveUntil"}
    assert older <= item.keys() if generation == "2.1" else not older & item.keys()


def test_h1_history_as_at_a_time_ends_at_that_time(desk: RulesClient) -> None:
    live_full_life(desk)
    items = history_items(desk, "O1")
    for item in items:
        then = history_items(desk, "O1", datetime.fromisoformat(item["asAtModified"]))
        assert then[0]["asAtModified"] == item["asAtModified"]
        assert then == items[-len(then) :]


def test_h2_a_corrected_and_a_deleted_fill_are_in_the_history(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 40)
    fill = desk.a_fill("E1", "P", 30)
    desk.record_fills({**fill, "createdDate": desk.execution("E1").created_date.isoformat()})
    desk.delete(Execution, "E1")
    assert [item.action_description for item in desk.history("O1")][:3] == [
        "Execution E1 was deleted",
        "Execution E1 was corrected: quantity changed",
        "Execution E1 was received on placement P",
    ]


def test_h3_an_unknown_order_has_none(desk: RulesClient) -> None:
    with refused("OrderNotFound", 650, 404):
        desk.history("O9")
    desk.put_order("O9")
    born = desk.order("O9").version.as_at_created
    with pytest.raises(RefusedCall):
        desk.history("O9", born.replace(year=2020))
    assert [item.action for item in desk.history("O9", born)] == ["OrderCreated"]
    assert id_of("O9") == {"scope": "Desk", "code": "O9"}
