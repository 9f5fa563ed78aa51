"""Cancelling orders, with and without moving the rest, over HTTP (X1 to X5)."""

from __future__ import annotations

from tests.oms.rules.rules_client import RulesClient, id_of, only_failure, refused, rid, usd
from tui.api.models import Order


def test_x1_x2_a_cancelled_order_keeps_its_quantity_and_its_block(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    reply = desk.cancel_orders("O1")
    assert reply.values["O1"].order_state == desk.order("O1")
    assert (desk.order("O1").state, desk.order("O1").quantity) == ("Cancelled", 100)
    assert desk.block("B").order_ids == (rid("O1"), rid("O2"))
    assert desk.block("B").quantity == 50


def test_x3_a_refused_cancel_says_why(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": {"quantity": 50, "state": "Closed"}})
    desk.place("P", "B", 51)
    assert only_failure(desk.cancel_orders("O9")).type == "OrderNotFound"
    assert only_failure(desk.cancel_orders("O2")).type == "InvalidOrderState"
    why = only_failure(desk.cancel_orders("O1"))
    assert why.type == "OrderAlreadyPlaced"
    assert why.detail == (
        "Order 'Desk/O1' belongs to block 'Desk/B' whose placed quantity 51 "
        "would exceed the remaining ordered quantity 50."
    )
    desk.cancel_placement("P")
    assert desk.cancel_orders("O1").failed == {}
    assert only_failure(desk.cancel_orders("O1")).type == "OrderAlreadyCancelled"


def test_x4_cancel_leaves_allocations_alone(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    desk.cancel_orders("O1")
    assert desk.allocation("A1").quantity == 10


def test_x5_the_placed_part_stays_and_the_rest_moves(desk: RulesClient) -> None:
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


def test_x5_leftover_units_go_first_in_first_out(desk: RulesClient) -> None:
    desk.create("B", {"O1": 10, "O2": 10, "O3": 10})
    desk.place("P", "B", 11)
    reply = desk.cancel_and_move({"O3": ("O3R", "C"), "O1": ("O1R", "C")})
    assert reply.failed == {}
    assert (desk.order("O1").quantity, desk.order("O3").quantity) == (4, 3)
    assert (desk.order("O1R").quantity, desk.order("O3R").quantity) == (6, 7)


def test_x5_an_order_keeps_its_allocated_units(desk: RulesClient) -> None:
    desk.create("B", {"O1": 10, "O2": 10})
    desk.place("P", "B", 10)
    desk.fill("E1", "P", 10)
    desk.put_allocation("A1", "O1", 8, placementIds=[id_of("P")])
    desk.cancel_and_move({"O1": ("O1R", "C")})
    assert (desk.order("O1").quantity, desk.order("O1R").quantity) == (8, 2)


def test_x5_a5_kept_units_are_allocated_to_their_cut_orders(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 60)
    desk.fill("E1", "P", 30)
    desk.cancel_and_move({"O1": ("O1R", "C"), "O2": ("O2R", "C")})
    desk.fill("E2", "P", 30)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 40, "P-O2": 20}
    assert [desk.order(code).state for code in ("O1", "O2")] == ["Cancelled", "Cancelled"]
    desk.allocate("P")
    assert not desk.wrote
    reply = desk.book("P-O1", "P-O2", mark=True)
    assert reply.failed == {}
    assert desk.sweep("B").failed == {}


def test_x5_a5_a_plainly_cancelled_order_beside_a_cut_one_takes_no_part(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50, "O3": 30})
    desk.cancel_orders("O3")
    desk.place("P", "B", 60)
    desk.cancel_and_move({"O1": ("O1R", "C")})
    desk.fill("E1", "P", 60)
    desk.allocate("P")
    assert set(desk.allocated()) == {"P-O1", "P-O2"}
    assert sum(desk.allocated().values()) == 60
    assert desk.allocated()["P-O1"] <= 40


def test_x5_p3_kept_units_take_no_room_of_other_orders(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 60)
    desk.cancel_and_move({"O1": ("O1R", "C")})
    assert (desk.order("O1").quantity, desk.block("B").quantity) == (40, 50)
    with refused("OverPlacement"):
        desk.place("Q", "B", 31)
    desk.place("Q", "B", 30)
    desk.fill("E1", "P", 60)
    desk.fill("E2", "Q", 30)
    desk.allocate("P", "Q")
    given = [
        sum(units for code, units in desk.allocated().items() if order in code) for order in ("O1", "O2")
    ]
    assert given == [40, 50]


def test_x5_orders_cut_one_after_the_other_keep_what_they_would_together(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 60)
    desk.cancel_and_move({"O1": ("O1R", "C")})
    desk.cancel_and_move({"O2": ("O2R", "C")})
    kept = [desk.order(code).quantity for code in ("O1", "O2", "O1R", "O2R")]
    assert kept == [40, 20, 60, 30]


def test_x5_an_upserted_order_is_no_longer_cut(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 60)
    desk.cancel_and_move({"O1": ("O1R", "C")})
    desk.put_order("O1", quantity=40, state="Cancelled")
    desk.fill("E1", "P", 10)
    desk.allocate("P")
    assert desk.allocated() == {"P-O2": 10}


def test_x5_p4_kept_units_count_in_a_placement_of_two_blocks(desk: RulesClient) -> None:
    desk.create("A", {"O1": 60, "O2": 40})
    desk.create("B", {"O3": 50})
    desk.place("P", "A B", 150)
    desk.cancel_and_move({"O1": ("O1R", "C")})
    assert [desk.block_entry(code).placed.quantity for code in "AB"] == [100, 50]
    assert desk.cancel_orders("O2").failed["O2"].type == "OrderAlreadyPlaced"


def test_x5_nothing_is_created_when_nothing_is_left_to_move(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    moved = desk.cancel_and_move({"O1": ("O1R", "C")}).values["O1"]
    assert (moved.new_order, moved.new_block_id) == (None, None)
    assert len(desk.all(Order)) == 1


def test_x5_refused_items_leave_no_trace(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.create("C", {"O3": 5}, limitPrice=usd(1))
    reply = desk.cancel_and_move({"O1": ("O2", "D"), "O2": ("O2R", "C"), "O9": ("O9R", "D")})
    types = {key: why.type for key, why in reply.failed.items()}
    assert types == {"O1": "OrderAlreadyExists", "O2": "BlockFieldMismatch", "O9": "OrderNotFound"}
    assert not desk.wrote


def test_x5_u5_items_are_independent_and_may_name_one_order_twice(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 60)
    reply = desk.cancel_and_move_items(
        {
            "first": ("O1", "O1R", "C"),
            "same order": ("O1", "O1S", "C"),
            "same target": ("O2", "O1R", "C"),
            "last": ("O2", "O2R", "C"),
        }
    )
    assert {key: why.type for key, why in reply.failed.items()} == {
        "same order": "OrderAlreadyCancelled",
        "same target": "OrderAlreadyExists",
    }
    assert set(reply.values) == {"first", "last"}
    assert [desk.order(code).quantity for code in ("O1", "O2", "O1R", "O2R")] == [40, 20, 60, 30]
    assert desk.block("C").order_ids == (rid("O1R"), rid("O2R"))


def test_x5_u5_a_later_item_can_cancel_the_order_an_earlier_one_made(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 60)
    reply = desk.cancel_and_move_items({"a": ("O1", "O1R", "C"), "b": ("O1R", "O1S", "D")})
    assert reply.failed == {}
    found = [(desk.order(code).quantity, desk.order(code).state) for code in ("O1", "O1R", "O1S")]
    assert found == [(60, "Cancelled"), (0, "Cancelled"), (40, "New")]
    assert (desk.block("C").quantity, desk.block("D").quantity) == (0, 40)
