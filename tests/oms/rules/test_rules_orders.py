"""Creating, moving, updating and cancelling orders (C, M, U, X)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rulesdesk import MICROSOFT, OPENING, Desk, failure, id_of, refused, rid, usd

from tui.api.models import Block, Order
from tui.oms.refusals import Refusal


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
def test_c2_create_refuses_a_block_with_other_fields(desk: Desk, other: dict) -> None:
    desk.create("B", {"O1": 100})
    with refused("BlockFieldMismatch"):
        desk.create("B", {"O2": 50}, **other)
    assert len(desk.all(Order)) == 1


def test_c2_create_adds_to_a_block_whatever_the_date_properties_and_portfolio(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.create("B", {"O2": {"quantity": 50, "portfolioId": id_of("INCOME")}}, date="2026-11-20T08:30:00Z")
    assert desk.block("B").order_ids == (rid("O1"), rid("O2"))
    assert desk.block("B").quantity == 150


def test_c1_two_instruments_nobody_knows_do_not_share_a_block(desk: Desk) -> None:
    desk.create("B", {"O1": 100}, instrumentIdentifiers={"Instrument/default/Figi": "NOBODY-1"})
    assert desk.order("O1").lusid_instrument_id == "LUID_ZZZZZZZZ"
    with refused("BlockFieldMismatch"):
        desk.create("B", {"O2": 100}, instrumentIdentifiers={"Instrument/default/Figi": "NOBODY-2"})


def test_c1_orders_of_two_sides_do_not_share_a_new_block(desk: Desk) -> None:
    with refused("BlockFieldMismatch"):
        desk.create("B", {"O1": {"quantity": 1, "side": "Buy"}, "O2": {"quantity": 1, "side": "Sell"}})
    assert desk.all(Block) == []


def test_c3_an_empty_block_takes_over_the_fields_and_merges_properties(desk: Desk) -> None:
    kept = {"key": "Block/Desk/Desk", "value": {"labelValue": "LDN"}}
    desk.put_block("B", properties={"Block/Desk/Desk": kept}, side="Sell", quantity=5)
    note = {"key": "Block/Desk/Note", "value": {"labelValue": "hot"}}
    desk.create("B", {"O1": 100}, instrumentIdentifiers=MICROSOFT, blockProperties={"Block/Desk/Note": note})
    block = desk.block("B")
    assert (block.side, block.instrument_identifiers) == ("Buy", MICROSOFT)
    assert set(block.properties) == {"Block/Desk/Desk", "Block/Desk/Note"}
    assert (block.quantity, block.created_date) == (100, OPENING)


def test_c4_an_order_takes_what_it_shares_from_its_block(desk: Desk) -> None:
    entry = {"quantity": 100, "date": None, "portfolioId": None}
    desk.create("B", {"O1": {k: v for k, v in entry.items() if v}}, date="2026-11-20T08:30:00Z")
    desk.create("C", {"O2": {"quantity": 1, "date": None}})
    order = desk.order("O1")
    assert (order.side, order.type, order.time_in_force, order.state) == ("Buy", "Limit", "Day", "New")
    assert (order.lusid_instrument_id, order.basis, order.direction) == ("LUID_0000AAPL", "Quantity", 1)
    assert order.limit_price == desk.block("B").limit_price
    assert desk.block("B").created_date == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert desk.order("O2").date == desk.order("O2").version.as_at_created


def test_c5_the_same_request_again_changes_nothing(desk: Desk) -> None:
    first = desk.create("B", {"O1": 100, "O2": 50})
    again = desk.create("B", {"O1": 100, "O2": 50})
    assert desk.changes == []
    assert again == first


def test_c5_an_id_that_is_taken_refuses_the_whole_call(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    with refused("EntityWithIdAlreadyExists", 173):
        desk.create("C", {"O2": 10, "O1": 100})
    with refused("EntityWithIdAlreadyExists", 173):
        desk.create("B", {"O1": 101})
    assert [block.id for block in desk.all(Block)] == [rid("B")]


def test_c5_an_order_that_was_moved_away_is_taken(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.move({"O1": "C"})
    with refused("EntityWithIdAlreadyExists", 173):
        desk.create("B", {"O1": 100})


def test_c6_the_block_counts_its_live_orders(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50, "O3": 20})
    desk.cancel("O2")
    assert desk.block("B").quantity == 120
    desk.update("O1", quantity=80)
    assert desk.block("B").quantity == 100
    desk.move({"O3": "C"})
    assert (desk.block("B").quantity, desk.block("C").quantity) == (80, 20)
    desk.delete("order", "O1")
    assert desk.block("B").quantity == 0
    assert desk.block("B").order_ids == (rid("O2"),)


def test_c6_a_block_of_value_orders_counts_their_money(desk: Desk) -> None:
    desk.create("B", {"O1": {"amount": usd(1000)}, "O2": {"amount": usd(500)}})
    block = desk.block("B")
    assert (block.quantity, block.amount.amount, block.basis) == (None, 1500, "Amount")
    desk.cancel("O2")
    assert desk.block("B").amount.amount == 1000


@pytest.mark.parametrize(
    "size", [{"quantity": 0}, {"quantity": -1}, {}, {"quantity": 1, "amount": usd(5)}, {"amount": usd(-5)}]
)
def test_c7_a_size_is_one_and_more_than_nothing(desk: Desk, size: dict) -> None:
    with refused("InvalidParameterValue"):
        desk.create("B", {"O1": size})


def test_2_0_a_request_says_everything_that_is_wrong_with_it(desk: Desk) -> None:
    with pytest.raises(Refusal) as caught:
        desk.create("B 1", {"O/1": {"quantity": 1}}, side=None, limitPrice={"amount": 1})
    assert (caught.value.type, caught.value.code) == ("InvalidRequest", 157)
    assert set(caught.value.errors) == {
        "Requests[0].BlockId",
        "Requests[0].LimitPrice.Currency",
        "Requests[0].Orders[0].Id",
        "Requests[0].Orders[0].Side",
    }


def test_2_0_an_order_named_twice_refuses_the_call(desk: Desk) -> None:
    desk.create("B", {"O1": 1})
    with pytest.raises(Refusal) as caught:
        desk.send_twice("cancel_orders", "O1")
    assert (caught.value.type, caught.value.code) == ("DuplicateInParameterSet", 144)


def test_2_0_a_hundred_and_one_entries_are_too_many(desk: Desk) -> None:
    desk.create("B", {f"O{number}": 1 for number in range(101)})
    with refused("InvalidRequest", 157):
        desk.move({f"O{number}": "C" for number in range(101)})


def test_a_block_of_a_thousand_orders_asks_the_store_once_for_each(desk: Desk) -> None:
    desk.source.asked = 0
    desk.create("B", {f"O{number}": 1 for number in range(1000)})
    assert desk.block("B").quantity == 1000
    assert desk.source.asked < 2100


def test_m1_a_missing_destination_is_made_from_the_order(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    reply = desk.move({"O1": "C"}).values[0]
    assert reply.source_block_id == rid("B")
    assert reply.destination_block == desk.block("C")
    assert desk.block("C").order_ids == (rid("O1"),)
    assert desk.block("C").limit_price == desk.order("O1").limit_price
    assert desk.block("C").created_date == desk.block("C").version.as_at_created
    assert desk.block("C").properties == {}


def test_m2_a_destination_with_other_orders_refuses(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.create("C", {"O2": 100}, limitPrice=usd(180))
    with refused("BlockFieldMismatch"):
        desk.move({"O1": "C"})


def test_m3_an_empty_destination_takes_the_orders_fields_until_it_is_placed(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.put_block("C", side="Sell", quantity=10)
    desk.move({"O1": "C"})
    assert (desk.block("C").side, desk.block("C").quantity) == ("Buy", 100)
    desk.put_block("D", side="Sell", quantity=10)
    desk.place("P", "D", 10, side="Sell")
    with refused("BlockFieldMismatch"):
        desk.move({"O2": "D"})


def test_m4_the_empty_source_stays(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.move({"O1": "C"})
    assert (desk.block("B").quantity, desk.block("B").order_ids) == (0, ())
    assert desk.order("O1").version.as_at_version_number == 2


def test_m5_an_order_already_there_is_a_success_without_a_change(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    assert desk.move({"O1": "B"}).values[0].source_block_id == rid("B")
    assert desk.changes == []


def test_m6_an_order_its_block_has_placed_stays(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 100)
    with refused("OrderAlreadyPlaced"):
        desk.move({"O1": "C"})
    desk.move({"O2": "C"})
    assert desk.block("B").quantity == 100


def test_m6_an_order_with_allocations_stays(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.put_allocation("A1", "O2", 10)
    with refused("OrderAlreadyPlaced"):
        desk.move({"O2": "C"})


def test_m7_unknown_final_and_swept_refuse(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 1})
    with refused("OrderNotFound", 650):
        desk.move({"O9": "C"})
    desk.cancel("O1")
    with refused("InvalidOrderState"):
        desk.move({"O1": "C"})
    desk.put_block("S", isSwept=True)
    with refused("BlockSwept"):
        desk.move({"O2": "S"})


def test_m8_one_bad_move_moves_nothing(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    with refused("OrderNotFound", 650):
        desk.move({"O1": "C", "O9": "C"})
    assert desk.block("B").quantity == 150
    assert len(desk.all(Block)) == 1


def test_c8_an_unblocked_order_moves_from_nowhere(desk: Desk) -> None:
    desk.put_order("O1")
    assert desk.move({"O1": "B"}).values[0].source_block_id is None
    assert desk.block("B").quantity == 10


def test_u1_only_what_is_sent_changes(desk: Desk) -> None:
    note = {"key": "Order/Desk/Note", "value": {"labelValue": "hot"}}
    other = {"key": "Order/Desk/Other", "value": {"labelValue": "kept"}}
    desk.create(
        "B", {"O1": {"quantity": 100, "properties": {"Order/Desk/Note": note, "Order/Desk/Other": other}}}
    )
    desk.update("O1", price=usd(189), properties={"Order/Desk/Note": {"key": "Order/Desk/Note"}})
    order = desk.order("O1")
    assert (order.quantity, order.price.amount, set(order.properties)) == (100, 189, {"Order/Desk/Other"})


def test_u2_an_order_stays_above_what_is_allocated_and_its_block_above_what_is_placed(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 140)
    assert failure(desk.update("O1", quantity=89)).type == "QuantityBelowPlaced"
    assert desk.update("O1", quantity=90).failed == {}
    assert desk.update("O1", quantity=95).failed == {}
    desk.put_allocation("A1", "O1", 92)
    assert failure(desk.update("O1", quantity=91)).type == "QuantityBelowAllocated"
    assert failure(desk.update("O1", quantity=0)).type == "InvalidParameterValue"


def test_u2_an_order_of_an_over_placed_block_may_grow_but_not_shrink(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.put_placement("P", "B", 150)
    assert desk.update("O1", quantity=120).failed == {}
    assert failure(desk.update("O1", quantity=119)).type == "QuantityBelowPlaced"


def test_u3_only_an_order_alone_and_unplaced_takes_its_block_along(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    assert failure(desk.update("O1", limitPrice=usd(200))).type == "BlockFieldMismatch"
    desk.move({"O2": "C"})
    assert desk.update("O1", limitPrice=usd(200), side="Sell").failed == {}
    assert (desk.block("B").limit_price.amount, desk.block("B").side) == (200, "Sell")
    assert desk.order("O1").direction == -1
    desk.place("P", "B", 10, side="Sell", limitPrice=usd(200))
    assert failure(desk.update("O1", limitPrice=usd(201))).type == "BlockFieldMismatch"


def test_u4_an_allocated_order_keeps_its_portfolio(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    assert desk.update("O1", portfolioId=id_of("INCOME")).failed == {}
    desk.put_allocation("A1", "O1", 10)
    assert failure(desk.update("O1", portfolioId=id_of("GROWTH"))).type == "OrderAlreadyAllocated"


def test_u5_items_stand_alone_and_one_order_may_come_twice(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    reply = desk.updates({"a": ("O1", {"quantity": 90}), "b": ("O9", {}), "c": ("O1", {"quantity": 80})})
    assert set(reply.values) == {"a", "c"}
    assert reply.failed["b"].type == "OrderNotFound"
    assert (reply.failed["b"].id, desk.order("O1").quantity) == ("b", 80)


def test_l7_a_final_order_refuses_update(desk: Desk) -> None:
    desk.create("B", {"O1": {"quantity": 100, "state": "CLOSED"}})
    assert failure(desk.update("O1", quantity=5)).type == "InvalidOrderState"


def test_x1_x2_a_cancelled_order_keeps_its_quantity_and_its_place(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    reply = desk.cancel("O1")
    assert reply.values["O1"].order_state == desk.order("O1")
    assert (desk.order("O1").state, desk.order("O1").quantity) == ("Cancelled", 100)
    assert desk.block("B").order_ids == (rid("O1"), rid("O2"))
    assert desk.block("B").quantity == 50


def test_x3_cancelling_what_cannot_be_cancelled_says_why(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": {"quantity": 50, "state": "Closed"}})
    desk.place("P", "B", 51)
    assert failure(desk.cancel("O9")).type == "OrderNotFound"
    assert failure(desk.cancel("O2")).type == "InvalidOrderState"
    why = failure(desk.cancel("O1"))
    assert why.type == "OrderAlreadyPlaced"
    assert why.detail == (
        "Order 'Desk/O1' belongs to block 'Desk/B' whose placed quantity 51 "
        "would exceed the remaining ordered quantity 50."
    )
    desk.cancel_placement("P")
    assert desk.cancel("O1").failed == {}
    assert failure(desk.cancel("O1")).type == "OrderAlreadyCancelled"


def test_x4_cancel_leaves_allocations_alone(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    desk.cancel("O1")
    assert desk.allocation("A1").quantity == 10


def test_x5_the_placed_part_stays_and_the_rest_moves(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 60)
    reply = desk.cancel_and_move({"O1": ("O1R", "C"), "O2": ("O2R", "C")})
    assert reply.failed == {}
    assert reply.values["O1"].new_block_id == rid("C")
    kept = [(desk.order(code).quantity, desk.order(code).state) for code in ("O1", "O2", "O1R", "O2R")]
    assert kept == [(40, "Cancelled"), (20, "Cancelled"), (60, "New"), (30, "New")]
    assert desk.order("O1R").date == desk.order("O1").date
    assert desk.order("O1R").version.as_at_version_number == 1
    assert desk.block("C").quantity == 90


def test_x5_leftover_units_go_first_in_first_out_as_the_orders_stood(desk: Desk) -> None:
    desk.create("B", {"O1": 10, "O2": 10, "O3": 10})
    desk.place("P", "B", 11)
    reply = desk.cancel_and_move({"O3": ("O3R", "C"), "O1": ("O1R", "C")})
    assert reply.failed == {}
    assert (desk.order("O1").quantity, desk.order("O3").quantity) == (4, 3)
    assert (desk.order("O1R").quantity, desk.order("O3R").quantity) == (6, 7)


def test_x5_an_order_keeps_what_is_allocated_to_it_already(desk: Desk) -> None:
    desk.create("B", {"O1": 10, "O2": 10})
    desk.place("P", "B", 10)
    desk.fill("E1", "P", 10)
    desk.put_allocation("A1", "O1", 8, placementIds=[id_of("P")])
    desk.cancel_and_move({"O1": ("O1R", "C")})
    assert (desk.order("O1").quantity, desk.order("O1R").quantity) == (8, 2)


def test_x5_nothing_left_to_move_makes_nothing_new(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    moved = desk.cancel_and_move({"O1": ("O1R", "C")}).values["O1"]
    assert (moved.new_order, moved.new_block_id) == (None, None)
    assert len(desk.all(Order)) == 1


def test_x5_refused_items_leave_no_trace(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.create("C", {"O3": 5}, limitPrice=usd(1))
    reply = desk.cancel_and_move({"O1": ("O2", "D"), "O2": ("O2R", "C"), "O9": ("O9R", "D")})
    types = {key: why.type for key, why in reply.failed.items()}
    assert types == {"O1": "OrderAlreadyExists", "O2": "BlockFieldMismatch", "O9": "OrderNotFound"}
    assert desk.changes == []
