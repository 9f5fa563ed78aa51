"""Fills, over HTTP (E1 to E4)."""

from __future__ import annotations

from tests.oms.rules.rules_client import MICROSOFT, RulesClient, refused
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
    with refused("InvalidParameterValue"):
        desk.fill("E1", "P", 1, price=-1)
    assert desk.all(Execution) == []


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
