"""Placing blocks, updating and cancelling placements, over HTTP (P1 to P13)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.oms.rules.rules_client import (
    MARKET,
    MICROSOFT,
    RulesClient,
    id_of,
    only_failure,
    refused,
    rid,
    usd,
)
from tui.api.base import CurrencyAndAmount


def test_p1_every_block_must_exist(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    with refused("BlockNotFound", 727):
        desk.place("P", "B C", 10)


@pytest.mark.parametrize(
    "other",
    [
        {"instrumentIdentifiers": MICROSOFT},
        {"side": "Sell"},
        {"type": "Market", "limitPrice": None},
        {"limitPrice": usd(191)},
        {"stopPrice": usd(1)},
    ],
)
def test_p2_a_placement_must_match_its_block(desk: RulesClient, other: dict[str, Any]) -> None:
    desk.create("B", {"O1": 100})
    with refused("BlockFieldMismatch"):
        desk.place("P", "B", 10, **other)


def test_p2_a_market_block_may_be_placed_at_a_limit(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100}, **MARKET)
    desk.place("P", "B", 10)
    assert desk.placement("P").limit_price.amount == 190


def test_p3_a_block_is_not_placed_beyond_its_quantity(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P1", "B", 60)
    with refused("OverPlacement"):
        desk.place("P2", "B", 41)
    desk.place("P2", "B", 40)
    with refused("InvalidParameterValue"):
        desk.place("P3", "B", 0)


def test_p3_a_record_may_over_place(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_placement("P1", "B", 150)
    assert desk.block_entry("B").derived_state == "Over-placed"


def test_p3_a_value_placement_is_measured_in_money(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"amount": usd(1000)}})
    desk.place("P1", "B", None, amount=usd(600))
    with refused("OverPlacement"):
        desk.place("P2", "B", None, amount=usd(401))
    with refused("BasisMismatch"):
        desk.place("P2", "B", 5)
    with refused("BasisMismatch"):
        desk.place("P2", "B", None, amount={"amount": 5, "currency": "EUR"})
    assert desk.placement("P1").basis == "Amount"
    assert desk.block_entry("B").placed.amount == 600


def test_p4_blocks_are_filled_one_after_the_other(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.create("C", {"O2": 80})
    desk.place("P1", "B", 30)
    desk.place("P2", "B C", 120)
    assert desk.block_entry("B").placed.quantity == 100
    assert desk.block_entry("C").placed.quantity == 50
    with refused("OverPlacement"):
        desk.place("P3", "B C", 31)
    desk.place("P3", "C", 30)


def test_p5_children_stay_within_their_parent_and_take_no_room_of_the_block(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.create("C", {"O2": 100})
    desk.place("P", "B", 100)
    desk.place("P-A", "B", 60, parentPlacementId=id_of("P"))
    with refused("OverPlacement"):
        desk.place("P-B", "B", 41, parentPlacementId=id_of("P"))
    with refused("ParentFieldMismatch"):
        desk.place("P-B", "C", 40, parentPlacementId=id_of("P"))
    with refused("PlacementNotFound", 725):
        desk.place("P-B", "B", 40, parentPlacementId=id_of("Q"))
    assert desk.block_entry("B").placed.quantity == 100
    assert [detail.id for detail in desk.block_entry("B").placed.details] == [rid("P"), rid("P-A")]
    assert [detail.id for detail in desk.placement_entry("P").placed.details] == [rid("P-A")]


def test_p5_p8_children_never_exceed_their_parent(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 80)
    desk.place("P-A", "B", 50, parentPlacementId=id_of("P"))
    assert only_failure(desk.update_placement("P", quantity=49)).type == "QuantityBelowExecuted"
    assert only_failure(desk.update_placement("P-A", quantity=81)).type == "OverPlacement"
    assert desk.update_placement("P-A", quantity=80).failed == {}
    with refused("InvalidParameterValue"):
        desk.put_placement("P", "B", 80, parentPlacementId=id_of("P-A"))


def test_p5_a_childs_fill_counts_once_for_the_block_and_fills_the_parent(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.place("P-A", "B", 60, parentPlacementId=id_of("P"))
    desk.fill("E1", "P-A", 60)
    desk.fill("E2", "P", 40)
    assert (desk.placement("P-A").state, desk.placement("P").state) == ("Filled", "Filled")
    assert desk.block_entry("B").executed.quantity == 100
    assert desk.placement_entry("P").executed.quantity == 100
    assert desk.placement_entry("P-A").executed.quantity == 60


def test_p6_state_defaults_to_new_and_a_taken_id_is_refused(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 10)
    assert (desk.placement("P").state, desk.placement("P").entry_type) == ("New", None)
    with refused("EntityWithIdAlreadyExists", 173):
        desk.place("P", "B", 10)


def test_p7_an_empty_or_swept_block_is_not_placed(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.cancel_orders("O1")
    with refused("BlockNotPlaceable"):
        desk.place("P", "B", 10)
    desk.put_block("S", quantity=10, isSwept=True)
    with refused("BlockSwept"):
        desk.place("P", "S", 10)


def test_p8_a_placement_stays_between_its_executed_size_and_the_unplaced_size(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P1", "B", 40)
    desk.place("P2", "B", 30)
    desk.fill("E1", "P1", 25)
    assert only_failure(desk.update_placement("P1", quantity=24)).type == "QuantityBelowExecuted"
    assert only_failure(desk.update_placement("P1", quantity=71)).type == "OverPlacement"
    assert desk.update_placement("P1", quantity=70, counterparty="BRK-B").failed == {}
    assert (desk.placement("P1").quantity, desk.placement("P1").counterparty) == (70, "BRK-B")
    assert desk.update_placement("P1", quantity=25).failed == {}


def test_p8_a_cancelled_placement_is_not_updated(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 40)
    desk.cancel_placement("P")
    assert only_failure(desk.update_placement("P", quantity=20)).type == "InvalidPlacementState"
    assert only_failure(desk.update_placement("Q", quantity=20)).type == "PlacementNotFound"


def test_p8_u5_items_are_independent_and_may_name_one_placement_twice(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E", "P", 30)
    reply = desk.update_placements(
        {
            "smaller": ("P", {"quantity": 60, "counterparty": "BRK-B"}),
            "unknown": ("Q", {"quantity": 10}),
            "too small": ("P", {"quantity": 20}),
            "larger": ("P", {"quantity": 80}),
        }
    )
    assert {key: why.type for key, why in reply.failed.items()} == {
        "unknown": "PlacementNotFound",
        "too small": "QuantityBelowExecuted",
    }
    assert (desk.placement("P").quantity, desk.placement("P").counterparty) == (80, "BRK-B")
    assert reply.values == {"smaller": desk.placement("P"), "larger": desk.placement("P")}


def test_p8_u5_the_second_item_applies_to_what_the_first_one_left(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P1", "B", 60)
    desk.place("P2", "B", 40)
    room = desk.update_placements({"a": ("P1", {"quantity": 50}), "b": ("P2", {"quantity": 50})})
    assert room.failed == {}
    swapped = desk.update_placements({"a": ("P1", {"quantity": 60}), "b": ("P2", {"quantity": 40})})
    assert {key: why.type for key, why in swapped.failed.items()} == {"a": "OverPlacement"}
    assert (desk.placement("P1").quantity, desk.placement("P2").quantity) == (50, 40)


def test_p9_the_type_changes_only_for_a_market_block(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.create("M", {"O2": 100}, **MARKET)
    desk.place("P", "B", 40)
    desk.place("Q", "M", 40, stopPrice=usd(5))
    assert only_failure(desk.update_placement("P", type="Market")).type == "BlockFieldMismatch"
    assert desk.update_placement("Q", type="Stop").failed == {}
    assert desk.placement("Q").limit_price.amount == 190
    assert desk.update_placement("Q", type="Market").failed == {}
    assert (desk.placement("Q").limit_price, desk.placement("Q").stop_price) == (None, None)


def test_p10_prices_are_numbers_in_the_placements_currency(desk: RulesClient) -> None:
    desk.create("M", {"O2": 100}, **MARKET)
    desk.place("Q", "M", 40)
    assert desk.update_placement("Q", limitPrice="190.5").failed == {}
    assert desk.placement("Q").limit_price == CurrencyAndAmount(amount=Decimal("190.5"), currency="USD")
    assert desk.update_placement("Q", stopPrice=185, currency="EUR").failed == {}
    assert desk.placement("Q").limit_price.currency == desk.placement("Q").stop_price.currency == "EUR"
    desk.place("R", "M", 10, **MARKET)
    assert only_failure(desk.update_placement("R", currency="USD")).type == "InvalidParameterValue"


def test_p10_a_price_without_a_currency_is_pending(desk: RulesClient) -> None:
    desk.create("M", {"O1": 100}, **MARKET)
    desk.place("P", "M", 40, type="Limit", limitPrice=None)
    reply = desk.update_placement("P", limitPrice="190.5")
    assert (reply.failed, reply.values["u"].limit_price) == ({}, None)
    assert desk.update_placement("P", stopPrice=180, counterparty="BRK-B").values["u"].stop_price is None
    shown = desk.update_placement("P", currency="USD").values["u"]
    assert (shown.limit_price.amount, shown.stop_price.amount) == (Decimal("190.5"), 180)


def test_p10_a_pending_price_is_dropped_at_market(desk: RulesClient) -> None:
    desk.create("M", {"O1": 100}, **MARKET)
    desk.place("P", "M", 40, type="Limit", limitPrice=None)
    desk.update_placement("P", limitPrice=190)
    desk.update_placement("P", type="Market")
    assert desk.update_placement("P", type="Limit", currency="USD").values["u"].limit_price is None


def test_p10_a_value_placement_is_priced_in_its_own_currency(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"amount": usd(1000)}})
    desk.place("P", "B", None, amount=usd(600))
    assert (
        only_failure(desk.update_placement("P", limitPrice=5, currency="EUR")).type == "InvalidParameterValue"
    )
    assert desk.update_placement("P", limitPrice=5).failed == {}
    assert desk.placement("P").limit_price.currency == "USD"


def test_p11_a_cancel_includes_the_children_and_keeps_quantities(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.place("P-A", "B", 60, parentPlacementId=id_of("P"))
    desk.place("P-B", "B", 40, parentPlacementId=id_of("P"))
    desk.fill("E1", "P-B", 40)
    cancelled = desk.cancel_placement("P").values["c"]
    assert (cancelled.placement_state.state, cancelled.placement_state.quantity) == ("Cancelled", 100)
    assert cancelled.cancelled_child_placements == (rid("P-A"),)
    assert (desk.placement("P-A").state, desk.placement("P-B").state) == ("Cancelled", "Filled")
    assert only_failure(desk.cancel_placement("P")).type == "InvalidPlacementState"
    assert only_failure(desk.cancel_placement("P-B")).type == "InvalidPlacementState"


def test_p12_cancelling_frees_exactly_the_unexecuted_size(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 30)
    desk.cancel_placement("P")
    assert desk.block_entry("B").placed.quantity == 30
    assert desk.block_entry("B").placed.quantity_by_state == {"Cancelled": Decimal(100)}
    with refused("OverPlacement"):
        desk.place("P2", "B", 71)
    desk.place("P2", "B", 70)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 30}


@pytest.mark.parametrize(
    ("code", "state", "refusal"),
    [
        ("ComplianceState", "Failed", "ComplianceFailed"),
        ("ApprovalState", "rejected", "ApprovalRejected"),
        ("ComplianceState", "Pending", ""),
        ("ComplianceState", "PartiallyOverridden", ""),
        ("ApprovalState", "Somehow", ""),
    ],
)
def test_p13_a_block_with_a_failed_or_rejected_order_is_not_placed(
    desk: RulesClient, code: str, state: str, refusal: str
) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 10)
    key = f"Order/Desk/{code}"
    desk.update_order("O2", properties={key: {"key": key, "value": {"labelValue": state}}})
    if refusal:
        with refused(refusal):
            desk.place("P2", "B", 10)
        assert only_failure(desk.update_placement("P", quantity=11)).type == refusal
        assert desk.update_placement("P", quantity=9).failed == {}
        desk.put_placement("P3", "B", 10)
        desk.cancel_placement("P3")
        desk.cancel_orders("O2")
    desk.place("P4", "B", 10)
    assert desk.update_placement("P", quantity=12).failed == {}
