"""Fills, over HTTP (E1 to E5)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.oms.rules.rules_client import MICROSOFT, RulesClient, only_failure, refused, usd
from tui.api.models import Execution, Placement


def test_e1_a_fill_must_match_its_placement(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    with refused("PlacementNotFound", 725):
        desk.fill("E1", "Q", 10)
    with refused("PlacementFieldMismatch"):
        desk.fill("E1", "P", 10, side="Sell")
    with refused("PlacementFieldMismatch"):
        desk.fill("E1", "P", 10, instrumentIdentifiers=MICROSOFT)
    with refused("InvalidParameterValue"):
        desk.fill("E1", "P", -1)
    assert desk.all(Execution) == []


def test_e1_prices_below_zero_are_taken_from_order_to_transaction(desk: RulesClient) -> None:
    power = {"limitPrice": usd("-30")}
    desk.create("B", {"O1": 10}, **power)
    desk.place("P", "B", 10, **power)
    desk.fill("E1", "P", 10, price="-37.63")
    assert desk.execution("E1").price.amount == desk.execution("E1").average_price == Decimal("-37.63")
    desk.allocate("P")
    booked = desk.book("P-O1").values["Scope:Desk Code:P-O1"]
    assert (booked.transaction_price.price, booked.total_consideration.amount) == (
        Decimal("-37.63"),
        Decimal("-376.3"),
    )
    assert desk.block_entry("B").derived_state == "Booked"


def test_e2_a_fill_that_was_on_another_placement_counts_once(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    for placement in ("P1", "P2"):
        desk.place(placement, "B", 50)
        desk.fill("E1", placement, 10)
    desk.cancel_placement("P1")
    assert desk.block_entry("B").executed.quantity == 10
    assert desk.placement_entry("P2").executed.quantity == 10
    desk.cancel_placement("P2")
    assert desk.block_entry("B").placed.quantity == 10


def fill_and_allocate(desk: RulesClient) -> None:
    """Fill 150 in two trades and allocate 100 and 50."""
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 150)
    desk.fill("E1", "P", 90)
    desk.fill("E2", "P", 60)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 100, "P-O2": 50}


BUSTS: dict[str, Callable[[RulesClient], Any]] = {
    "cancelled": lambda desk: desk.fill("E2", "P", 60, state="Cancelled"),
    "voided": lambda desk: desk.fill("E2", "P", 0),
    "deleted": lambda desk: desk.delete(Execution, "E2"),
}


@pytest.mark.parametrize("bust", BUSTS.values(), ids=BUSTS)
def test_e5_b9_a_busted_trade_is_not_booked_until_it_is_allocated_again(
    desk: RulesClient, bust: Callable[[RulesClient], Any]
) -> None:
    fill_and_allocate(desk)
    bust(desk)
    assert desk.allocated() == {"P-O1": 100, "P-O2": 50}, "nobody takes them back unasked"
    assert desk.block_entry("B").derived_state == "Over-allocated"
    assert desk.placement_entry("P").derived_state == "Over-allocated"
    failed = desk.book("P-O1", "P-O2").failed
    assert [each.type for each in failed.values()] == ["OverAllocatedFailure"] * 2
    assert "150 units are allocated of fills that have 90 now" in str(failed["Scope:Desk Code:P-O1"].detail)
    assert not desk.wrote
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 60, "P-O2": 30}
    assert not desk.book("P-O1", "P-O2").failed
    assert desk.block_entry("B").booked.quantity == 90


def test_e5_allocating_again_takes_everything_back_when_no_fill_is_left(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 150)
    desk.fill("E1", "P", 150)
    desk.allocate("P")
    desk.fill("E1", "P", 150, state="Cancelled")
    assert desk.placement("P").state == "New"
    assert not desk.allocate("P").failed
    assert desk.allocated() == {}
    assert [desk.order(code).state for code in ("O1", "O2")] == ["New", "New"]
    assert desk.block_entry("B").derived_state == "Placed"
    assert only_failure(desk.allocate("P")).type == "NoExecutionsFailure"


def test_e2_an_upserted_fill_is_corrected_and_over_execution_shows(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 40)
    desk.fill("E1", "P", 110)
    assert desk.execution("E1").quantity == 110
    assert desk.block_entry("B").derived_state == "Over-executed"
    assert desk.execution("E1").version.as_at_version_number == 2


def test_e3_the_average_is_over_the_placement_after_the_whole_request(desk: RulesClient) -> None:
    desk.create("B", {"O1": 300})
    desk.place("P", "B", 300)
    desk.fill("E0", "P", 100, price=10)
    assert desk.execution("E0").average_price == 10
    items = [desk.a_fill("E1", "P", 100, 20), desk.a_fill("E2", "P", 100, 30)]
    desk.record_fills(*items)
    assert desk.execution("E1").average_price == desk.execution("E2").average_price == 20
    assert desk.execution("E0").average_price == 10
    desk.fill("E3", "P", 1, price=1, averagePrice=7)
    assert desk.execution("E3").average_price == 7


def test_e4_a_booked_fill_is_final(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 40)
    desk.allocate("P")
    desk.book("P-O1", mark=True)
    with refused("ExecutionAlreadyBooked"):
        desk.fill("E1", "P", 41)
    with refused("ExecutionAlreadyBooked"):
        desk.delete(Execution, "E1")
    desk.fill("E2", "P", 10)
    assert len(desk.all(Execution)) == 2


def test_a_fill_makes_a_new_placement_version_and_a_repeated_one_does_not(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    item = desk.a_fill("E1", "P", 40, 190)
    desk.record_fills(item)
    assert desk.placement("P").version.as_at_version_number == 2
    desk.record_fills(item)
    assert not desk.wrote


def test_a_record_without_a_state_gets_the_state_of_its_fills(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 40)
    desk.put_placement("P", "B", 100, counterparty="BRK-Z")
    assert [(p.state, p.counterparty) for p in desk.all(Placement)] == [("PartiallyFilled", "BRK-Z")]
