"""Creating and recording orders and blocks, over HTTP (C1 to C10, and the common rules of section 2.0)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.oms.rules.rules_client import (
    MICROSOFT,
    OPENING,
    RefusedCall,
    RulesClient,
    id_of,
    refused,
    rid,
    usd,
)
from tui.api import operations
from tui.api.models import Allocation, Block, Execution, Order, Placement


@pytest.mark.parametrize(
    "other",
    [
        {"instrumentIdentifiers": MICROSOFT},
        {"side": "Sell"},
        {"type": "Market"},
        {"timeInForce": "GoodTilCancel"},
        {"limitPrice": usd(191)},
        {"limitPrice": {"amount": 190, "currency": "EUR"}},
        {"stopPrice": usd(180)},
    ],
)
def test_c2_create_refuses_a_block_with_other_fields(desk: RulesClient, other: dict[str, Any]) -> None:
    desk.create("B", {"O1": 100})
    with refused("BlockFieldMismatch"):
        desk.create("B", {"O2": 50}, **other)
    assert len(desk.all(Order)) == 1


def test_c2_create_adds_to_a_block_whatever_the_date_properties_and_portfolio(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.create("B", {"O2": {"quantity": 50, "portfolioId": id_of("INCOME")}}, date="2026-11-20T08:30:00Z")
    assert desk.block("B").order_ids == (rid("O1"), rid("O2"))
    assert desk.block("B").quantity == 150


def test_c1_two_unknown_instruments_do_not_share_a_block(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100}, instrumentIdentifiers={"Instrument/default/Figi": "NOBODY-1"})
    assert desk.order("O1").lusid_instrument_id == "LUID_ZZZZZZZZ"
    with refused("BlockFieldMismatch"):
        desk.create("B", {"O2": 100}, instrumentIdentifiers={"Instrument/default/Figi": "NOBODY-2"})


def test_c1_orders_of_two_sides_do_not_share_a_new_block(desk: RulesClient) -> None:
    with refused("BlockFieldMismatch"):
        desk.create("B", {"O1": {"quantity": 1, "side": "Buy"}, "O2": {"quantity": 1, "side": "Sell"}})
    assert desk.all(Block) == []


def test_c3_an_empty_block_takes_over_the_fields_and_merges_properties(desk: RulesClient) -> None:
    kept = {"key": "Block/Desk/Desk", "value": {"labelValue": "LDN"}}
    desk.put_block("B", properties={"Block/Desk/Desk": kept}, side="Sell", quantity=5)
    note = {"key": "Block/Desk/Note", "value": {"labelValue": "hot"}}
    desk.create("B", {"O1": 100}, instrumentIdentifiers=MICROSOFT, blockProperties={"Block/Desk/Note": note})
    block = desk.block("B")
    assert (block.side, block.instrument_identifiers) == ("Buy", MICROSOFT)
    assert set(block.properties) == {"Block/Desk/Desk", "Block/Desk/Note"}
    assert (block.quantity, block.created_date) == (100, OPENING)


def test_c4_an_order_takes_what_it_shares_from_its_block(desk: RulesClient) -> None:
    entry = {"quantity": 100, "date": None, "portfolioId": None}
    desk.create("B", {"O1": {k: v for k, v in entry.items() if v}}, date="2026-11-20T08:30:00Z")
    desk.create("C", {"O2": {"quantity": 1, "date": None}})
    order = desk.order("O1")
    assert (order.side, order.type, order.time_in_force, order.state) == ("Buy", "Limit", "Day", "New")
    assert (order.lusid_instrument_id, order.basis, order.direction) == ("LUID_0000AAPL", "Quantity", 1)
    assert order.limit_price == desk.block("B").limit_price
    assert desk.block("B").created_date == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert desk.order("O2").date == desk.order("O2").version.as_at_created


def test_c5_the_same_request_again_changes_nothing(desk: RulesClient) -> None:
    first = desk.create("B", {"O1": 100, "O2": 50})
    again = desk.create("B", {"O1": 100, "O2": 50})
    assert not desk.wrote
    assert again == first


def test_c5_an_id_that_is_taken_refuses_the_whole_call(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    with refused("EntityWithIdAlreadyExists", 173):
        desk.create("C", {"O2": 10, "O1": 100})
    with refused("EntityWithIdAlreadyExists", 173):
        desk.create("B", {"O1": 101})
    assert [block.id for block in desk.all(Block)] == [rid("B")]


def test_c5_an_order_that_was_moved_away_is_taken(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.move({"O1": "C"})
    with refused("EntityWithIdAlreadyExists", 173):
        desk.create("B", {"O1": 100})


def test_c6_the_block_counts_its_live_orders(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50, "O3": 20})
    desk.cancel_orders("O2")
    assert desk.block("B").quantity == 120
    desk.update_order("O1", quantity=80)
    assert desk.block("B").quantity == 100
    desk.move({"O3": "C"})
    assert (desk.block("B").quantity, desk.block("C").quantity) == (80, 20)
    desk.delete(Order, "O1")
    assert desk.block("B").quantity == 0
    assert desk.block("B").order_ids == (rid("O2"),)


def test_c6_a_block_of_value_orders_counts_their_money(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"amount": usd(1000)}, "O2": {"amount": usd(500)}})
    block = desk.block("B")
    assert (block.quantity, block.amount.amount, block.basis) == (None, 1500, "Amount")
    desk.cancel_orders("O2")
    assert desk.block("B").amount.amount == 1000


@pytest.mark.parametrize(
    "size", [{"quantity": 0}, {"quantity": -1}, {}, {"quantity": 1, "amount": usd(5)}, {"amount": usd(-5)}]
)
def test_c7_an_order_has_exactly_one_size_above_zero(desk: RulesClient, size: dict[str, Any]) -> None:
    with refused("InvalidParameterValue"):
        desk.create("B", {"O1": size})


def test_2_0_a_refusal_lists_all_errors_of_the_request(desk: RulesClient) -> None:
    with pytest.raises(RefusedCall) as caught:
        desk.create("B 1", {"O/1": {"quantity": 1}}, side=None, limitPrice={"amount": 1})
    assert (caught.value.problem.name, caught.value.problem.code) == ("InvalidRequest", 157)
    assert set(caught.value.problem.errors or ()) == {
        "Requests[0].BlockId",
        "Requests[0].LimitPrice.Currency",
        "Requests[0].Orders[0].Id",
        "Requests[0].Orders[0].Side",
    }


def test_2_0_an_order_named_twice_refuses_the_call(desk: RulesClient) -> None:
    desk.create("B", {"O1": 1})
    with refused("DuplicateInParameterSet", 144):
        desk.send(operations.CANCEL_ORDERS, {"a": id_of("O1"), "b": id_of("O1")})


def test_2_0_a_hundred_and_one_entries_are_too_many(desk: RulesClient) -> None:
    desk.create("B", {f"O{number}": 1 for number in range(101)})
    with refused("InvalidRequest", 157):
        desk.move({f"O{number}": "C" for number in range(101)})


def test_c8_an_unblocked_order_moves_from_nowhere(desk: RulesClient) -> None:
    desk.put_order("O1")
    assert desk.move({"O1": "B"}).values[0].source_block_id is None
    assert desk.block("B").quantity == 10


def test_c6_a_block_without_orders_keeps_the_quantity_it_was_given(desk: RulesClient) -> None:
    block = desk.put_block("U", quantity=100).values[0]
    assert (block.quantity, block.basis, block.lusid_instrument_id) == (100, "Quantity", "LUID_0000AAPL")
    assert (block.order_ids, block.is_swept, block.created_date) == ((), False, OPENING)


def test_c9_a_block_upsert_sets_its_members(desk: RulesClient) -> None:
    desk.put_order("O1", quantity=10)
    desk.put_order("O2", quantity=5)
    desk.put_block("B", orderIds=[id_of("O1"), id_of("O2")], quantity=999)
    assert desk.block("B").quantity == 15
    with refused("OrderNotFound", 650):
        desk.put_block("B", orderIds=[id_of("O9")])
    with refused("OrderInAnotherBlock"):
        desk.put_block("C", orderIds=[id_of("O1")])
    desk.put_block("B", orderIds=[id_of("O2")])
    assert desk.block("B").quantity == 5
    desk.put_block("C", orderIds=[id_of("O1")])
    assert desk.block("C").order_ids == (rid("O1"),)


def test_c1_a_block_upsert_refuses_orders_that_differ(desk: RulesClient) -> None:
    desk.put_order("O1")
    desk.put_order("O2", instrumentIdentifiers=MICROSOFT)
    desk.put_order("O3", timeInForce="GoodTilCancel")
    with refused("BlockFieldMismatch"):
        desk.put_block("B", orderIds=[id_of("O1"), id_of("O2")])
    with refused("BlockFieldMismatch"):
        desk.put_block("B", orderIds=[id_of("O1"), id_of("O3")])


def test_c9_an_order_upsert_replaces_in_full(desk: RulesClient) -> None:
    desk.put_order("O1", price=usd(5), state="Parked")
    desk.put_order("O1", quantity=None, weight="0.25")
    order = desk.order("O1")
    assert (order.price, order.state, order.quantity, order.basis) == (None, "New", None, "Weight")
    assert order.version.as_at_version_number == 2


def test_c9_an_upserted_order_stays_in_its_block_and_must_fit_it(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.put_order("O1", quantity=70)
    assert desk.block("B").quantity == 120
    with refused("BlockFieldMismatch"):
        desk.put_order("O1", side="Sell")


def test_c7_an_upserted_order_has_one_size(desk: RulesClient) -> None:
    with refused("InvalidParameterValue"):
        desk.put_order("O1", quantity=0)
    with refused("InvalidParameterValue"):
        desk.put_order("O1", quantity=1, weight=1)
    desk.put_order("O1", quantity=0, state="Canceled")
    assert desk.order("O1").quantity == 0


def test_1_0_a_luid_resolves_to_itself_and_an_unknown_identifier_to_zzzzzzzz(desk: RulesClient) -> None:
    desk.put_order("O1", instrumentIdentifiers={"Instrument/default/LusidInstrumentId": "LUID_00001234"})
    desk.put_order("O2", instrumentIdentifiers={"Instrument/default/Figi": "BBG-NOBODY"})
    assert [order.lusid_instrument_id for order in desk.all(Order)] == ["LUID_00001234", "LUID_ZZZZZZZZ"]


def test_c10_deleting_an_order_takes_it_out_of_its_block(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    unique = desk.order("O1").version.entity_unique_id
    deleted = desk.delete(Order, "O1")
    assert (deleted.entity_type, deleted.entity_unique_id) == ("Order", unique)
    assert (desk.block("B").order_ids, desk.block("B").quantity) == ((rid("O2"),), 50)


def test_c10_deleting_a_block_leaves_its_orders(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.delete(Block, "B")
    assert desk.order("O1").quantity == 100
    desk.move({"O1": "C"})
    assert desk.block("C").quantity == 100


def test_c10_entities_in_use_are_not_deleted(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.place("P-A", "B", 60, parentPlacementId=id_of("P"))
    with refused("BlockHasPlacements"):
        desk.delete(Block, "B")
    with refused("PlacementHasChildren"):
        desk.delete(Placement, "P")
    desk.delete(Placement, "P-A")
    desk.fill("E1", "P", 10)
    with refused("PlacementHasExecutions"):
        desk.delete(Placement, "P")
    desk.allocate("P")
    desk.book("P-O1", mark=True)
    with refused("AllocationAlreadyBooked"):
        desk.delete(Allocation, "P-O1")


def test_deleting_a_fill_or_an_allocation_resets_the_states(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 10)
    desk.allocate("P")
    desk.delete(Allocation, "P-O1")
    desk.delete(Execution, "E1")
    assert (desk.order("O1").state, desk.placement("P").state) == ("New", "New")
    assert desk.block_entry("B").executed.quantity == 0


def test_upserted_allocations_have_their_computed_fields(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    made = desk.put_allocation("A1", "O1", 5).values[0]
    assert (made.lusid_instrument_id, made.instrument_scope, made.direction) == (
        "LUID_0000AAPL",
        "default",
        1,
    )
    assert (made.state, desk.all(Allocation)) == ("New", [made])
    with refused("InvalidParameterValue"):
        desk.put_allocation("A2", "O1", -5)
