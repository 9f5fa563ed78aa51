"""Orders and placements sized by amount: allocation and states in money (A2, A3, A10, L8, L9)."""

from __future__ import annotations

from typing import Any

from tests.decimals import decimals
from tests.oms.rules.rules_client import GILT, RulesClient, id_of, only_failure, refused, usd


def place_value_block(desk: RulesClient, amounts: dict[str, int], **fields: Any) -> None:
    """Make a block of orders sized in dollars and place all of it."""
    desk.create("B", {code: {"amount": usd(amount)} for code, amount in amounts.items()}, **fields)
    desk.place("P", "B", None, amount=usd(sum(amounts.values())), **fields)


def test_a2_value_orders_share_by_their_remaining_money(desk: RulesClient) -> None:
    place_value_block(desk, {"O1": 30_000, "O2": 70_000})
    desk.fill("E1", "P", 40, price=1000)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 12, "P-O2": 28}
    desk.fill("E2", "P", 50, price=1200)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 27, "P-O2": 63}
    assert not desk.allocate("P").failed
    assert not desk.wrote


def test_a3_a_value_order_gets_no_more_than_its_money(desk: RulesClient) -> None:
    place_value_block(desk, {"O1": 1000, "O2": 500})
    desk.fill("E1", "P", 20, price=100)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 10, "P-O2": 5}
    assert [desk.order(code).state for code in ("O1", "O2")] == ["Filled", "Filled"]
    assert desk.block_entry("B").derived_state == "Over-executed"


def test_a2_a_value_order_for_a_bond_counts_money_per_hundred_nominal(desk: RulesClient) -> None:
    gilt = {"instrumentIdentifiers": GILT}
    place_value_block(desk, {"O1": 300_000, "O2": 700_000}, **gilt)
    desk.fill("E1", "P", 1_000_000, price=80, **gilt)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 300_000, "P-O2": 700_000}
    desk.fill("E2", "P", 250_000, price=80, **gilt)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 375_000, "P-O2": 875_000}
    assert desk.order("O1").state == "Filled"
    assert desk.block_entry("B").derived_state == "Allocated"


def test_a2_a_value_placement_is_shared_by_value_orders(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"amount": usd(1000)}, "O2": {"quantity": 10}})
    desk.put_placement("P", "B", None, amount=usd(1000))
    desk.put_placement("Q", "B", 10)
    desk.fill("E1", "P", 5, price=100)
    desk.fill("E2", "Q", 5, price=100)
    desk.allocate("P", "Q")
    assert desk.allocated() == {"P-O1": 5, "Q-O2": 5}


def test_a2_orders_sized_by_weight_are_not_modelled(desk: RulesClient) -> None:
    desk.put_order("O1", quantity=None, weight="0.25")
    desk.put_block("B", orderIds=[id_of("O1")])
    desk.put_placement("P", "B", 10)
    desk.fill("E1", "P", 5)
    why = only_failure(desk.allocate("P"))
    assert why.type == "NoQuantityFailure"
    assert "sized neither in units nor in money" in (why.detail or "")


def test_a10_money_of_another_currency_fails_the_placement(desk: RulesClient) -> None:
    place_value_block(desk, {"O1": 1000})
    desk.fill("E1", "P", 5, {"amount": 100, "currency": "EUR"})
    why = only_failure(desk.allocate("P"))
    assert (why.type, "EUR, USD" in (why.detail or "")) == ("MixedCurrencyFailure", True)


def test_l8_l9_value_orders_and_placements_are_filled_by_money(desk: RulesClient) -> None:
    place_value_block(desk, {"O1": 1000})
    states = []
    for number, units in enumerate((6, 4)):
        desk.fill(f"E{number}", "P", units, price=100)
        desk.allocate("P")
        states.append((desk.placement("P").state, desk.order("O1").state))
    assert states == [("PartiallyFilled", "PartiallyFilled"), ("Filled", "Filled")]


def test_u2_x5_b6_the_money_of_an_order_is_compared_with_money(desk: RulesClient) -> None:
    place_value_block(desk, {"O1": 1000, "O2": 1000})
    desk.fill("E1", "P", 10, price=100)
    desk.allocate("P")
    assert only_failure(desk.update_order("O1", amount=usd(499))).type == "QuantityBelowAllocated"
    desk.book("P-O1", mark=True)
    assert desk.order("O1").state == "PartiallyFilled"
    desk.fill("E2", "P", 10, price=100)
    desk.allocate("P")
    desk.book("P-O1-2", mark=True)
    assert desk.order("O1").state == "Booked"


def test_s1_a_value_placement_in_progress_is_not_swept(desk: RulesClient) -> None:
    place_value_block(desk, {"O1": 1000})
    desk.fill("E1", "P", 5, price=100)
    desk.allocate("P")
    desk.book("P-O1", mark=True)
    desk.put_order("O1", quantity=None, amount=usd(1000), state="Closed")
    assert "P" in str(only_failure(desk.sweep("B")).detail)
    desk.fill("E2", "P", 5, price=100)
    desk.allocate("P")
    desk.book("P-O1-2", mark=True)
    assert not desk.sweep("B").failed


def test_a2_a_price_below_zero_uses_up_a_value_order_too(desk: RulesClient) -> None:
    place_value_block(desk, {"O1": 300, "O2": 700})
    desk.fill("E1", "P", 5, price=-100)
    assert desk.block_entry("B").derived_state == "Partially executed"
    assert desk.placement("P").state == "PartiallyFilled"
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 2, "P-O2": 3}
    assert desk.placement_entry("P").derived_state == "In progress"


def test_p3_p8_u2_x3_money_in_excess_is_refused_in_money(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"amount": usd(50_000)}})
    with refused("OverPlacement"):
        desk.place("P", "B", None, amount=usd(60_000))
    desk.place("P", "B", None, amount=usd(20_000))
    desk.fill("E1", "P", 100, price=100)
    assert "10000 USD executed" in str(only_failure(desk.update_placement("P", amount=usd(9_999))).detail)
    assert "the 50000 USD it can" in str(only_failure(desk.update_placement("P", amount=usd(50_001))).detail)
    assert "20000 USD placed" in str(only_failure(desk.update_order("O1", amount=usd(19_999))).detail)
    assert "20000 USD would exceed" in str(only_failure(desk.cancel_orders("O1")).detail)
    entry = desk.block_entry("B")
    totals = (entry.ordered.amount, entry.placed.amount, entry.executed.amount)
    assert totals == decimals(50_000, 20_000, 10_000)
