"""Updating orders, over HTTP (U1 to U5)."""

from __future__ import annotations

from tests.oms.rules.rules_client import RulesClient, id_of, only_failure, usd


def test_u1_only_the_fields_sent_change(desk: RulesClient) -> None:
    note = {"key": "Order/Desk/Note", "value": {"labelValue": "hot"}}
    other = {"key": "Order/Desk/Other", "value": {"labelValue": "kept"}}
    desk.create(
        "B", {"O1": {"quantity": 100, "properties": {"Order/Desk/Note": note, "Order/Desk/Other": other}}}
    )
    desk.update_order("O1", price=usd(189), properties={"Order/Desk/Note": {"key": "Order/Desk/Note"}})
    order = desk.order("O1")
    assert (order.quantity, order.price.amount, set(order.properties)) == (100, 189, {"Order/Desk/Other"})


def test_u2_an_order_covers_its_allocations_and_its_block_the_placements(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 140)
    assert only_failure(desk.update_order("O1", quantity=89)).type == "QuantityBelowPlaced"
    assert desk.update_order("O1", quantity=90).failed == {}
    assert desk.update_order("O1", quantity=95).failed == {}
    desk.put_allocation("A1", "O1", 92)
    assert only_failure(desk.update_order("O1", quantity=91)).type == "QuantityBelowAllocated"
    assert only_failure(desk.update_order("O1", quantity=0)).type == "InvalidParameterValue"


def test_u2_an_order_of_an_over_placed_block_may_grow_but_not_shrink(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_placement("P", "B", 150)
    assert desk.update_order("O1", quantity=120).failed == {}
    assert only_failure(desk.update_order("O1", quantity=119)).type == "QuantityBelowPlaced"


def test_u3_only_a_single_unplaced_order_changes_its_block(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    assert only_failure(desk.update_order("O1", limitPrice=usd(200))).type == "BlockFieldMismatch"
    desk.move({"O2": "C"})
    assert desk.update_order("O1", limitPrice=usd(200), side="Sell").failed == {}
    assert (desk.block("B").limit_price.amount, desk.block("B").side) == (200, "Sell")
    assert desk.order("O1").direction == -1
    desk.place("P", "B", 10, side="Sell", limitPrice=usd(200))
    assert only_failure(desk.update_order("O1", limitPrice=usd(201))).type == "BlockFieldMismatch"


def test_u4_an_allocated_order_keeps_its_portfolio(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    assert desk.update_order("O1", portfolioId=id_of("INCOME")).failed == {}
    desk.put_allocation("A1", "O1", 10)
    assert only_failure(desk.update_order("O1", portfolioId=id_of("GROWTH"))).type == "OrderAlreadyAllocated"


def test_u5_items_are_independent_and_may_name_one_order_twice(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    reply = desk.update_orders(
        {"a": ("O1", {"quantity": 90}), "b": ("O9", {}), "c": ("O1", {"quantity": 80})}
    )
    assert set(reply.values) == {"a", "c"}
    assert reply.failed["b"].type == "OrderNotFound"
    assert (reply.failed["b"].id, desk.order("O1").quantity) == ("b", 80)
