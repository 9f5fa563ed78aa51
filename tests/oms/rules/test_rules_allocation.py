"""The allocation service (A1 to A17, L9)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.decimals import decimals
from tests.oms.rules.rules_client import RulesClient, id_of, only_failure, refused, rid
from tui.api import operations
from tui.api.models import Allocation

CONTRACT_VECTORS = [
    ("30/70", "40", "12/28"),
    ("10/10/10", "10", "4/3/3"),
    ("10/10/10", "11", "4/4/3"),
    ("1/1/98", "10", "1/0/9"),
    ("5/5", "1 1", "2/0"),
    ("100/50/47/30", "100 60", "71/36/32/21"),
    ("100/50/47/30", "160", "71/35/33/21"),
    ("100/50/47/30", "300", "100/50/47/30"),
    ("7/3", "5 5", "7/3"),
    ("10/20", "7.5", "2.5/5"),
    ("3/3/3", "1 1 1", "3/0/0"),
]


def filled_block(desk: RulesClient, orders: str, fills: str) -> list[str]:
    """Make a block of orders, place all of it and fill it; return the codes of the orders."""
    sizes = {f"O{number}": size for number, size in enumerate(orders.split("/"), 1)}
    desk.create("B", sizes)
    desk.place("P", "B", sum(map(Decimal, sizes.values())))
    for number, size in enumerate(fills.split(), 1):
        desk.fill(f"E{number}", "P", size, price=100 + number)
    return list(sizes)


def allocated_units(desk: RulesClient, orders: list[str]) -> str:
    """Return the orders' allocated units in the notation of the contract's table."""
    allocated = desk.allocated()
    return "/".join(str(allocated.get(f"P-{order}", 0)) for order in orders)


@pytest.mark.parametrize(("orders", "fills", "expected"), CONTRACT_VECTORS)
def test_a1_a2_a4_pr_fifo_gives_the_contracts_vectors(
    desk: RulesClient, orders: str, fills: str, expected: str
) -> None:
    codes = filled_block(desk, orders, fills)
    desk.allocate("P")
    assert allocated_units(desk, codes) == expected
    desk.allocate("P")
    assert not desk.wrote


@pytest.mark.parametrize(
    ("algorithm", "orders", "fills", "expected"),
    [
        ("RR-FIFO", "30/70", "40", "20/20"),
        ("RR-FIFO", "3/70/2", "40.5", "3/35.5/2"),
        ("PR-LF", "10/11/30", "10", "1/3/6"),
        ("PR-SF", "10/11/30", "10", "2/3/5"),
        ("PR-FIFO", "0.5/0.5", "0.7", "0.5/0.2"),
    ],
)
def test_a14_other_algorithms(
    desk: RulesClient, algorithm: str, orders: str, fills: str, expected: str
) -> None:
    codes = filled_block(desk, orders, fills)
    desk.allocate("P", algorithm=algorithm)
    assert allocated_units(desk, codes) == expected


def test_a14_an_unknown_algorithm_refuses_the_call(desk: RulesClient) -> None:
    filled_block(desk, "30/70", "40")
    with refused("InvalidParameterValue"):
        desk.allocate("P", algorithm="LIFO")


def test_a3_a7_units_beyond_every_order_stay_unallocated(desk: RulesClient) -> None:
    codes = filled_block(desk, "10/20", "40")
    assert desk.allocate("P").values == (rid("P"),)
    assert allocated_units(desk, codes) == "10/20"
    assert desk.block_entry("B").derived_state == "Over-executed"


def test_a4_priority_is_date_then_creation_then_id(desk: RulesClient) -> None:
    late, early = "2026-11-20T08:00:09Z", "2026-11-20T08:00:01Z"
    desk.create("B", {"Z": {"quantity": 10, "date": early}, "A": {"quantity": 10, "date": late}})
    desk.create("B", {"C": {"quantity": 10, "date": late}, "B": {"quantity": 10, "date": late}})
    desk.place("P", "B", 40)
    desk.fill("E1", "P", 3)
    desk.allocate("P")
    assert desk.allocated() == {"P-Z": 1, "P-A": 1, "P-B": 1}


def test_a5_fills_are_shared_by_time(desk: RulesClient) -> None:
    desk.create("B", {"O1": 5, "O2": 5})
    desk.place("P", "B", 10)
    desk.fill("E9", "P", 1, createdDate="2026-11-20T10:00:00Z", counterparty="LAST")
    desk.fill("E1", "P", 1, createdDate="2026-11-20T11:00:00Z", price=1, counterparty="VERY-LAST")
    desk.allocate("P")
    assert desk.allocation("P-O1").execution_ids == (rid("E9"), rid("E1"))
    assert desk.allocation("P-O1").counterparty == "VERY-LAST"


def test_a5_cancelled_orders_take_no_part(desk: RulesClient) -> None:
    desk.create("B", {"O1": 50, "O2": 50})
    desk.place("P", "B", 50)
    desk.cancel_orders("O1")
    desk.fill("E1", "P", 40)
    desk.allocate("P")
    assert desk.allocated() == {"P-O2": 40}


def test_a9_a10_an_allocation_says_where_it_comes_from(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"quantity": 30, "custodianAccountId": id_of("CUST")}, "O2": 70})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 10, price=100, settlementDate="2026-11-25T00:00:00Z")
    desk.fill("E2", "P", 20, price=103, settlementDate="2026-11-24T00:00:00Z", counterparty="BRK-B")
    desk.allocate("P")
    one, two = desk.allocation("P-O1"), desk.allocation("P-O2")
    assert (one.quantity, one.price.amount, two.price.amount) == (9, 102, 102)
    assert (one.settlement_date.day, one.counterparty, one.state) == (25, "BRK-B", "New")
    assert (one.side, one.type, one.direction) == ("Buy", "Limit", 1)
    assert (one.placement_ids, one.custodian_account_id) == ((rid("P"),), rid("CUST"))
    assert one.date == one.version.as_at_created


def test_a10_mixed_currencies_fail_the_placement(desk: RulesClient) -> None:
    filled_block(desk, "30/70", "40")
    desk.fill("E2", "P", 5, price=9)
    desk.fill("E3", "P", 1, {"amount": 1, "currency": "EUR"})
    assert only_failure(desk.allocate("P")).type == "MixedCurrencyFailure"


def test_a10_the_price_is_not_rounded_to_cents(desk: RulesClient) -> None:
    filled_block(desk, "3", "1 2")
    desk.allocate("P")
    assert str(desk.allocation("P-O1").price.amount).startswith("101.66666666666666666666")


def test_a11_a_new_run_replaces_unbooked_allocations(desk: RulesClient) -> None:
    codes = filled_block(desk, "100/50/47/30", "100 60")
    desk.allocate("P")
    desk.fill("E2", "P", 0)
    desk.allocate("P")
    assert allocated_units(desk, codes) == "45/22/20/13"
    assert desk.allocation("P-O1").version.as_at_version_number == 2
    desk.fill("E1", "P", 1)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 1}
    assert [desk.order(code).state for code in codes] == ["PartiallyFilled", "New", "New", "New"]


def test_a11_two_placements_of_a_block_run_twice_give_the_same(desk: RulesClient) -> None:
    desk.create("B", {"O1": 10, "O2": 10, "O3": 10})
    desk.place("P", "B", 17)
    desk.place("Q", "B", 13)
    desk.fill("E1", "P", 16)
    desk.fill("E2", "Q", 13)
    desk.allocate("P", "Q")
    first = desk.allocated()
    desk.allocate("P", "Q")
    assert not desk.wrote
    assert sum(first.values()) == 29
    assert all(first[f"P-{code}"] + first[f"Q-{code}"] <= 10 for code in ("O1", "O2", "O3"))


def test_a8_a12_booked_allocations_stay_and_new_fills_get_new_ones(desk: RulesClient) -> None:
    codes = filled_block(desk, "100/50/47/30", "100 60")
    desk.allocate("P")
    desk.book(*(f"P-{code}" for code in codes), mark=True)
    desk.allocate("P")
    assert not desk.wrote
    desk.fill("E3", "P", 67, price=200)
    desk.allocate("P")
    assert allocated_units(desk, codes) == "71/36/32/21"
    second = {code: desk.allocation(f"P-{code}-2") for code in codes}
    assert [each.quantity for each in second.values()] == [29, 14, 15, 9]
    assert {(each.price.amount, each.execution_ids) for each in second.values()} == {(200, (rid("E3"),))}
    assert [desk.order(code).state for code in codes] == ["Filled"] * 4


def test_a12_booking_one_of_a_run_fixes_the_others_too(desk: RulesClient) -> None:
    codes = filled_block(desk, "100/50/47/30", "100 60")
    desk.allocate("P")
    desk.book("P-O1", mark=True)
    desk.allocate("P", algorithm="RR-FIFO")
    assert not desk.wrote
    desk.fill("E3", "P", 67, price=200)
    desk.allocate("P")
    assert allocated_units(desk, codes) == "71/36/32/21"
    assert [desk.allocation(f"P-{code}-2").quantity for code in codes] == [29, 14, 15, 9]
    desk.allocate("P")
    assert not desk.wrote


def test_a12_units_of_a_deleted_allocation_are_shared_again(desk: RulesClient) -> None:
    filled_block(desk, "10/10", "8")
    desk.allocate("P")
    desk.book("P-O1", mark=True)
    desk.delete(Allocation, "P-O2")
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 4, "P-O1-2": 2, "P-O2": 2}


def test_a12_unallocated_units_go_to_an_order_that_joins_later(desk: RulesClient) -> None:
    filled_block(desk, "10/10", "25")
    desk.allocate("P")
    desk.book("P-O1", mark=True)
    desk.create("B", {"O3": 10})
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 10, "P-O2": 10, "P-O3": 5}
    desk.allocate("P")
    assert not desk.wrote


def test_a12_units_booked_in_excess_are_taken_from_the_next_executions(desk: RulesClient) -> None:
    filled_block(desk, "10/10", "8")
    desk.allocate("P")
    desk.fill("E1", "P", 5)
    for code, order in (("P-O1", "O1"), ("P-O2", "O2")):
        record = {"placementIds": [id_of("P")], "executionIds": [id_of("E1")], "state": "Booked"}
        desk.put_allocation(code, order, 4, **record)
    desk.fill("E2", "P", 2)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 4, "P-O2": 4}, "8 are booked, 7 executed"
    desk.fill("E3", "P", 4)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 4, "P-O2": 4, "P-O1-2": 2, "P-O2-2": 1}
    assert desk.allocation("P-O1-2").execution_ids == (rid("E3"),)
    desk.allocate("P")
    assert not desk.wrote


def test_a12_units_booked_without_executions_are_not_allocated_twice(desk: RulesClient) -> None:
    filled_block(desk, "10/10", "6")
    desk.put_allocation("BY-HAND", "O1", 4, placementIds=[{"scope": "Desk", "code": "P"}], state="Booked")
    desk.allocate("P")
    assert sum(desk.allocated().values()) == 6


def test_a13_one_failure_does_not_stop_the_other_placements(desk: RulesClient) -> None:
    filled_block(desk, "30/70", "40")
    desk.create("C", {"C1": 10})
    desk.place("Q", "C", 10)
    desk.put_block("U", quantity=10)
    desk.place("R", "U", 10)
    desk.fill("F1", "R", 5)
    desk.create("D", {"D1": {"quantity": 10, "portfolioId": None}})
    desk.place("S", "D", 10)
    desk.fill("F2", "S", 1)
    reply = desk.allocate("Q", "P", "R", "S", "X")
    assert reply.values == (rid("P"),)
    assert {key: why.type for key, why in reply.failed.items()} == {
        "Scope:Desk Code:Q": "NoExecutionsFailure",
        "Scope:Desk Code:R": "NoOrdersFailure",
        "Scope:Desk Code:S": "EmptyPortfolioIdFailure",
        "Scope:Desk Code:X": "PlacementNotFound",
    }
    assert reply.failed["Scope:Desk Code:S"].detail == "Empty PortfolioId on Order"


def test_a15_a_child_runs_on_its_own_fills_and_the_parent_on_the_rest(desk: RulesClient) -> None:
    desk.create("B", {"O1": 50, "O2": 50})
    desk.place("P", "B", 100)
    desk.place("P-A", "B", 60, parentPlacementId=id_of("P"))
    desk.fill("E1", "P-A", 20)
    desk.fill("E2", "P", 10)
    desk.allocate("P-A")
    assert desk.allocated() == {"P-A-O1": 10, "P-A-O2": 10}
    desk.allocate("P")
    assert desk.allocated() == {"P-A-O1": 10, "P-A-O2": 10, "P-O1": 5, "P-O2": 5}
    desk.allocate("P", "P-A")
    assert not desk.wrote
    assert desk.block_entry("B").allocated.quantity == 30
    assert desk.placement_entry("P").derived_state == "In progress"


def test_a15_the_parents_run_takes_its_childrens_fills(desk: RulesClient) -> None:
    desk.create("B", {"O1": 50, "O2": 50})
    desk.place("P", "B", 100)
    desk.place("P-A", "B", 60, parentPlacementId=id_of("P"))
    desk.fill("E1", "P-A", 20)
    desk.allocate("P", "P-A")
    assert desk.allocated() == {"P-O1": 10, "P-O2": 10}


def test_p4_blocks_of_a_placement_are_served_as_listed(desk: RulesClient) -> None:
    desk.create("B", {"O1": 10})
    desk.create("C", {"O2": {"quantity": 10, "date": "2026-11-19T00:00:00Z"}})
    desk.place("P", "B C", 20)
    desk.fill("E1", "P", 11)
    desk.allocate("P")
    assert desk.allocated() == {"P-O1": 6, "P-O2": 5}
    assert (desk.block_entry("B").executed.quantity, desk.block_entry("C").executed.quantity) == decimals(
        6, 5
    )


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [("PR-LF", [43, 29, 28]), ("LF", [43, 29, 28]), ("PR-SF", [42, 29, 29]), ("SF", [42, 29, 29])],
)
def test_a16_weights_share_a_block_without_orders(
    desk: RulesClient, algorithm: str, expected: list[int]
) -> None:
    desk.put_block("U", quantity=100)
    desk.place("P", "U", 100)
    desk.fill("E1", "P", 60)
    desk.fill("E2", "P", 40)
    desk.allocate_weighted("P", {"GROWTH": 3, "INCOME": 2, "BALANCED": 2}, algorithm)
    got = desk.allocated()
    assert [got[f"P-{name}"] for name in ("GROWTH", "INCOME", "BALANCED")] == expected
    assert {each.allocated_order_id for each in desk.all(Allocation)} == {rid("P")}
    assert desk.block_entry("U").allocated.quantity == 100
    assert desk.block_entry("U").derived_state == "Allocated"
    desk.allocate_weighted("P", {"GROWTH": 3, "INCOME": 2, "BALANCED": 2}, algorithm)
    assert not desk.wrote


def test_a16_only_for_blocks_without_orders_and_positive_weights(desk: RulesClient) -> None:
    filled_block(desk, "30/70", "40")
    assert only_failure(desk.allocate_weighted("P", {"GROWTH": 1})).type == "BlockHasOrdersFailure"
    with refused("InvalidParameterValue"):
        desk.allocate_weighted("P", {"GROWTH": 0})
    with refused("InvalidParameterValue"):
        desk.allocate_weighted("P", {})


def test_a8_allocation_ids_of_ambiguous_codes_differ(desk: RulesClient) -> None:
    desk.create("B", {"C": 10})
    desk.create("D", {"B-C": 10})
    desk.place("A-B", "B", 10)
    desk.place("A", "D", 10)
    desk.fill("E1", "A-B", 4)
    desk.fill("E2", "A", 6)
    desk.allocate("A-B", "A")
    assert desk.allocated() == {"A-B-C": 4, "A-B-C-2": 6}
    desk.allocate("A-B", "A")
    assert not desk.wrote


def test_l9_an_order_follows_its_allocations_unless_it_is_final(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": {"quantity": 10, "state": "Closed"}})
    states = []
    for quantity in (40, 100, 0):
        desk.put_allocation("A1", "O1", quantity)
        states.append(desk.order("O1").state)
    assert states == ["PartiallyFilled", "Filled", "New"]
    desk.put_allocation("A2", "O2", 10)
    assert desk.order("O2").state == "Closed"
    desk.put_allocation("A1", "O1", 40)
    desk.put_allocation("A1", "O1", 40, state="Cancelled")
    assert desk.order("O1").state == "New"


def test_an_over_allocated_order_gets_no_more(desk: RulesClient) -> None:
    codes = filled_block(desk, "30/70", "40")
    desk.put_allocation("A1", "O1", 50)
    desk.allocate("P")
    assert allocated_units(desk, codes) == "0/40"


def test_a1_pr_fifo_is_the_default(desk: RulesClient) -> None:
    codes = filled_block(desk, "30/70", "40")
    desk.send(operations.ALLOCATE, [id_of("P")])
    assert allocated_units(desk, codes) == "12/28"


@pytest.mark.parametrize(
    ("orders", "fills", "expected"),
    [
        ("0.5/0.5", "0.7", "0.5/0.2"),
        ("0.4/2", "0.6", "0/0.6"),
        ("3/3", "2.5", "1.5/1"),
        ("1.5/1.5", "3", "1.5/1.5"),
    ],
)
def test_a6_a_fraction_goes_whole_to_an_order_with_room_or_is_split(
    desk: RulesClient, orders: str, fills: str, expected: str
) -> None:
    codes = filled_block(desk, orders, fills)
    desk.allocate("P")
    assert allocated_units(desk, codes) == expected


def test_a17_the_reply_lists_placements_as_requested(desk: RulesClient) -> None:
    desk.create("B", {"O1": 30})
    for code in ("P1", "P2", "P3"):
        desk.place(code, "B", 10)
        desk.fill(f"E-{code}", code, 10)
    reply = desk.allocate("P3", "P1", "P9", "P2")
    assert reply.values == (rid("P3"), rid("P1"), rid("P2"))
    assert list(reply.failed) == ["Scope:Desk Code:P9"]
