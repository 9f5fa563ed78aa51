"""States, versions and deletions, over HTTP (L1 to L12)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.oms.rules.rules_client import RefusedCall, RulesClient, id_of, only_failure, refused, rid
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.api.operations import ORDERS


def test_l7_a_final_order_refuses_update(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"quantity": 100, "state": "CLOSED"}})
    assert only_failure(desk.update_order("O1", quantity=5)).type == "InvalidOrderState"


@pytest.mark.parametrize(
    ("kind", "code"), [(Block, 727), (Order, 650), (Placement, 725), (Execution, 726), (Allocation, 654)]
)
def test_l11_deleting_an_unknown_id_is_not_found(desk: RulesClient, kind: type, code: int) -> None:
    for call in (desk.delete, desk.get):
        with pytest.raises(RefusedCall) as caught:
            call(kind, "X")
        problem, name = caught.value.problem, kind.__name__
        assert (problem.status, problem.code, problem.name) == (404, code, f"{name}NotFound")
        assert problem.detail == f"No {name.lower()} with scope 'Desk' and code 'X' exists."
        assert problem.title == f"The {name} requested was not found."


def test_l10_every_write_makes_the_next_version_and_an_empty_one_none(desk: RulesClient) -> None:
    desk.put_order("O1", quantity="10.0")
    first = desk.order("O1").version
    desk.put_order("O1", quantity=10)
    assert not desk.wrote
    desk.put_order("O1", quantity=11)
    second = desk.order("O1").version
    assert (first.as_at_version_number, second.as_at_version_number) == (1, 2)
    assert second.as_at_created == first.as_at_modified < second.as_at_modified
    assert second.entity_unique_id == first.entity_unique_id


def test_l8_the_state_follows_the_fills_but_a_cancelled_placement_stays(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    states = []
    for code, quantity in (("E1", 40), ("E2", 60), ("E2", 0), ("E1", 0)):
        desk.fill(code, "P", quantity)
        states.append(desk.placement("P").state)
    assert states == ["PartiallyFilled", "Filled", "PartiallyFilled", "New"]
    desk.cancel_placement("P")
    desk.fill("E3", "P", 10)
    assert desk.placement("P").state == "Cancelled"


def test_l5_a_cancelled_fill_does_not_count(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 40)
    desk.fill("E1", "P", 40, state="Canceled")
    assert desk.placement("P").state == "New"
    assert desk.block_entry("B").executed.quantity == 0


def test_l1_an_order_goes_through_every_stage_to_its_transaction(desk: RulesClient) -> None:
    stages: list[Callable[[], object]] = [
        lambda: desk.create("B", {"O1": 100}),
        lambda: desk.place("P", "B", 100),
        lambda: desk.fill("E1", "P", 100),
        lambda: desk.allocate("P"),
        lambda: desk.book("P-O1", mark=True),
    ]
    seen = []
    for stage in stages:
        stage()
        seen.append((desk.block_entry("B").derived_state, desk.order("O1").state))
    assert seen == [
        ("New", "New"),
        ("Placed", "New"),
        ("Executed", "New"),
        ("Allocated", "Filled"),
        ("Booked", "Booked"),
    ]
    assert [each.order_id for each in desk.transactions()] == [rid("O1")]


def test_l2_l6_any_text_is_a_state(desk: RulesClient) -> None:
    strange = "Awaiting the PM's word\t(%s)"
    desk.create("B", {"O1": {"quantity": 100, "state": strange}})
    desk.put_placement("P", "B", 10, state=strange)
    desk.fill("E1", "P", 1, state=strange)
    desk.put_allocation("A1", "O2", 1, state=strange)
    raw = desk.read(ORDERS.get, id="O1")
    assert json.loads(raw)["state"] == strange
    assert desk.codes(Order, "state eq 'Awaiting the PM''s word\t(%s)'") == ["O1"]
    assert desk.execution("E1").state == desk.order("O1").state == desk.allocation("A1").state
    assert desk.block_entry("B").ordered.quantity_by_state == {desk.order("O1").state: Decimal(100)}


def test_l3_the_states_an_order_passes_through(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 10, "O3": {"quantity": 1, "state": "Closed"}})
    desk.cancel_orders("O2")
    assert [desk.order(code).state for code in ("O1", "O2", "O3")] == ["New", "Cancelled", "Closed"]
    desk.place("P", "B", 100)
    states = []
    for number, units in enumerate((60, 40)):
        desk.fill(f"E{number}", "P", units)
        desk.allocate("P")
        states.append(desk.order("O1").state)
    desk.book("P-O1", mark=True)
    assert [*states, desk.order("O1").state] == ["PartiallyFilled", "Filled", "Booked"]


def test_l4_allocated_is_a_derived_state_and_never_stored(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 100)
    desk.allocate("P")
    assert (desk.placement("P").state, desk.placement_entry("P").derived_state) == ("Filled", "Allocated")
    desk.put_allocation("A1", "O1", 5, placementIds=[id_of("P")])
    assert (desk.placement("P").state, desk.placement_entry("P").derived_state) == (
        "Filled",
        "Over-allocated",
    )


def test_l6_a_cancelled_allocation_counts_for_nothing_and_a_closed_one_is_final(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 40, state="cancelled")
    desk.put_allocation("A2", "O1", 40, state="Closed")
    assert desk.put_allocation("A3", "O1", 5).values[0].state == "New"
    assert desk.block_entry("B").allocated.quantity == 45
    with refused("AllocationAlreadyBooked"):
        desk.delete(Allocation, "A2")


@pytest.mark.parametrize("state", ["Cancelled", "canceled", "BOOKED", "Closed"])
def test_l7_a_final_order_refuses_every_change_whatever_the_letter_case(
    desk: RulesClient, state: str
) -> None:
    desk.create("B", {"O1": {"quantity": 100, "state": state}, "O2": 5})
    type = "OrderAlreadyCancelled" if state.lower().startswith("cancel") else "InvalidOrderState"
    assert only_failure(desk.update_order("O1", quantity=5)).type == "InvalidOrderState"
    assert only_failure(desk.cancel_orders("O1")).type == type
    assert only_failure(desk.cancel_and_move({"O1": ("O3", "C")})).type == type
    with refused("InvalidOrderState"):
        desk.move({"O1": "C"})


def test_l10_a_read_as_at_a_time_shows_the_version_of_that_time(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.update_order("O1", quantity=90)
    desk.place("P", "B", 90)
    desk.cancel_placement("P")
    versions = [desk.order("O1"), desk.placement("P")]
    (born, changed), (placed, cancelled) = (
        (each.version.as_at_created, each.version.as_at_modified) for each in versions
    )
    just = timedelta(microseconds=1)
    assert [desk.order("O1", at).quantity for at in (born, changed - just, changed)] == [100, 100, 90]
    assert [desk.block("B", at).quantity for at in (born, changed)] == [100, 90]
    assert [desk.placement("P", at).state for at in (placed, cancelled)] == ["New", "Cancelled"]
    assert [each.quantity for each in desk.all(Order, asAt=born.isoformat())] == [100]
    (entry,) = desk.block_entries(asAt=placed.isoformat())
    assert (entry.placed.quantity, entry.derived_state) == (Decimal(90), "Placed")
    with refused("OrderNotFound", 650, 404):
        desk.order("O1", born - just)
    with refused("BlockNotFound", 727, 404):
        desk.block("B", born - just)


def test_l11_a_deleted_entity_can_be_read_at_an_earlier_as_at(desk: RulesClient) -> None:
    desk.put_order("O1", quantity=7)
    made = desk.order("O1").version.as_at_modified
    deleted = desk.delete(Order, "O1")
    assert desk.all(Order) == []
    assert desk.order("O1", made).quantity == 7
    assert [each.id.code for each in desk.all(Order, asAt=made.isoformat())] == ["O1"]
    with refused("OrderNotFound", 650, 404):
        desk.order("O1", deleted.as_at)
    desk.put_order("O1", quantity=8)
    assert (desk.order("O1").version.as_at_version_number, desk.order("O1", made).quantity) == (1, 7)


@pytest.mark.parametrize("units", ["0.1", "123456789012345678.123456789", "0.000000001", "100.10"])
def test_l12_units_come_back_digit_by_digit(desk: RulesClient, units: str) -> None:
    desk.put_order("O1", quantity=units)
    raw = json.loads(desk.read(ORDERS.get, id="O1"), parse_float=Decimal, parse_int=Decimal)
    assert raw["quantity"] == Decimal(units)


def test_l12_sizes_a_billionth_apart_are_equal(desk: RulesClient) -> None:
    desk.create("B", {"O1": "0.3"})
    desk.place("P", "B", "0.30000000000000004")
    with refused("OverPlacement"):
        desk.place("Q", "B", "0.00000001")
    desk.fill("E1", "P", "0.29999999999999999")
    assert desk.placement("P").state == "Filled"
