"""The order graph (G1 to G11): totals, derived states, and that touched entries are all that changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from rulesdesk import GILT, Desk, id_of, rid, usd

from tui.api.models import Block, Order, Placement
from tui.oms.graph import graph_block, graph_placement
from tui.oms.rules.derived import block_compliance, block_state, placement_state


@pytest.mark.parametrize(
    ("totals", "state"),
    [
        ((0, 0, 0, 0, 0), "New"),
        ((100, 0, 0, 0, 0), "New"),
        ((1500, 1250, 1100, 800, 0), "Partially placed"),
        ((100, 101, 0, 0, 0), "Over-placed"),
        ((100, 100, 0, 0, 0), "Placed"),
        ((100, 100, 99, 99, 99), "Partially executed"),
        ((100, 100, 101, 0, 0), "Over-executed"),
        ((100, 100, 100, 0, 0), "Executed"),
        ((100, 100, 100, 40, 0), "Partially allocated"),
        ((100, 100, 100, 101, 0), "Over-allocated"),
        ((100, 100, 100, 100, 0), "Allocated"),
        ((100, 100, 100, 100, 40), "Partially booked"),
        ((100, 100, 100, 100, 100), "Booked"),
        (("0.3", "0.30000000000000004", "0.3", "0.3", "0.3"), "Booked"),
    ],
)
def test_g8_the_first_incomplete_stage_from_the_left(desk: Desk, totals: Any, state: str) -> None:
    desk.put_block("B")
    assert block_state(desk.block("B"), [], *map(Decimal, totals)) == state


@pytest.mark.parametrize(
    ("stored", "totals", "state"),
    [
        ("Cancelled", (0, 0, 0), "Cancelled"),
        ("New", (100, 0, 0), "New"),
        ("PartiallyFilled", (1250, 1100, 800), "In progress"),
        ("Filled", (100, 100, 40), "Executed"),
        ("Filled", (100, 100, 100), "Allocated"),
        ("Filled", (100, 100, 120), "Over-allocated"),
        ("Canceled", (40, 40, 0), "Executed"),
        ("Cancelled", (40, 40, 40), "Allocated"),
    ],
)
def test_g9_where_a_placement_stands(desk: Desk, stored: str, totals: Any, state: str) -> None:
    desk.put_block("B")
    desk.put_placement("P", "B", 100, state=stored)
    assert placement_state(desk.placement("P"), *map(Decimal, totals)) == state


def test_g1_cancelled_orders_show_by_state_only(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50, "O3": 20})
    desk.cancel("O2")
    ordered = desk.block_entry("B").ordered
    assert (ordered.quantity, ordered.quantity_by_state) == (120, {"New": 120, "Cancelled": 50})
    desk.cancel("O1", "O3")
    assert desk.block_entry("B").derived_state == "Cancelled"


def test_g3_executed_has_the_price_of_its_fills(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 10, price="1.5")
    desk.fill("E2", "P", 20, price=2)
    executed = desk.block_entry("B").executed
    assert (executed.quantity, executed.amount) == (30, 55)
    assert [detail.id for detail in executed.details] == [rid("E1"), rid("E2")]
    assert desk.placement_entry("P").calculated_average_price == Decimal(55) / 30


def test_g4_an_allocation_against_the_blocks_side_counts_negative(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    desk.put_allocation("A2", "O1", 3, side="Sell")
    allocated = desk.block_entry("B").allocated
    assert allocated.quantity == 7
    assert [detail.quantity for detail in allocated.details] == [10, -3]


def test_g6_over_states_are_visible(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.put_placement("P", "B", 150)
    desk.fill("E1", "P", 170)
    desk.put_allocation("A1", "O1", 180)
    entry = desk.block_entry("B")
    stages = (entry.ordered, entry.placed, entry.executed, entry.allocated)
    assert [stage.quantity for stage in stages] == [100, 150, 170, 180]


def label(code: str, value: str) -> dict[str, Any]:
    return {f"Order/Desk/{code}": {"key": f"Order/Desk/{code}", "value": {"labelValue": value}}}


def test_g10_compliance_and_approval_come_from_the_orders(desk: Desk) -> None:
    failed = {"quantity": 1, "properties": label("ComplianceState", "Failed")}
    warned = {"quantity": 1, "properties": label("ComplianceState", "Warning")}
    desk.create("B", {"O1": 1, "O2": warned, "O3": failed})
    entry = desk.block_entry("B")
    assert [detail.compliance_state for detail in entry.ordered.details] == ["Passed", "Warning", "Failed"]
    assert (entry.derived_compliance_state, entry.derived_approval_state) == ("Failed", "Approved")
    desk.place("P", "B", 1)
    assert desk.block_entry("B").derived_approval_state == "Placed"
    desk.create("C", {"O4": {"quantity": 1, "properties": label("ApprovalState", "Pending")}})
    assert desk.block_entry("C").derived_approval_state == "Pending"


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        (["Passed", "ManuallyApproved"], "ManuallyApproved"),
        (["Manually approved", "Warning"], "Warning"),
        (["Warning", "PartiallyOverridden"], "PartiallyOverridden"),
        (["PartiallyOverridden", "Pending"], "Pending"),
        (["Pending", "Failed"], "Failed"),
        (["Somehow"], "Passed"),
        ([], "Passed"),
    ],
)
def test_g10_the_worst_compliance_state_speaks_for_the_block(
    desk: Desk, states: list[str], worst: str
) -> None:
    for number, state in enumerate(states):
        desk.put_order(f"O{number}", properties=label("ComplianceState", state))
    assert block_compliance(desk.all(Order)) == worst


def test_g10_the_latest_activity_is_that_of_the_newest_part(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 10)
    fill = desk.execution("E1")
    assert desk.block_entry("B").latest_activity_date == fill.version.as_at_modified


def test_a_value_block_is_judged_in_money(desk: Desk) -> None:
    desk.create("B", {"O1": {"amount": usd(1000)}})
    desk.place("P", "B", None, amount=usd(1000))
    assert desk.block_entry("B").derived_state == "Placed"
    desk.fill("E1", "P", 5, price=200)
    entry = desk.block_entry("B")
    assert (entry.ordered.amount, entry.placed.amount, entry.executed.amount) == (1000, 1000, 1000)
    assert (entry.ordered.amount_by_state, entry.derived_state) == ({"New": 1000}, "Executed")


def test_a_value_block_of_a_bond_is_judged_in_money_too(desk: Desk) -> None:
    gilt = {"instrumentIdentifiers": GILT}
    desk.create("B", {"O1": {"amount": usd(1_000_000)}}, **gilt)
    desk.place("P", "B", None, amount=usd(1_000_000), **gilt)
    desk.fill("E1", "P", 500_000, price="80", **gilt)
    assert desk.block_entry("B").derived_state == "Partially executed"
    assert desk.placement_entry("P").derived_state == "In progress"
    desk.fill("E2", "P", 750_000, price="80", **gilt)
    assert desk.block_entry("B").derived_state == "Executed"
    entry = desk.placement_entry("P")
    assert (entry.executed.amount, entry.derived_state) == (1_000_000, "Executed")
    desk.put_allocation("A1", "O1", 1_250_000, price=usd("80"), placementIds=[id_of("P")], **gilt)
    assert desk.block_entry("B").derived_state == "Allocated"
    assert desk.placement_entry("P").derived_state == "Allocated"
    desk.book("A1")
    assert desk.block_entry("B").derived_state == "Booked"
    desk.cancel_placement("P")
    assert desk.block_entry("B").placed.amount == 1_000_000


def test_a_block_nobody_ordered_for_is_measured_by_its_own_size(desk: Desk) -> None:
    desk.put_block("U", quantity=100)
    desk.place("P", "U", 60)
    assert desk.block_entry("U").derived_state == "Partially placed"


def test_every_entry_a_call_changes_is_among_those_it_touches(desk: Desk) -> None:
    """Plays a morning over shared blocks and children, and makes every entry anew after each call."""
    calls = [
        lambda: desk.create("B", {"O1": 60, "O2": 20}),
        lambda: desk.create("C", {"O3": 80}),
        lambda: desk.place("P", "B C", 120),
        lambda: desk.place("Q", "C", 40),
        lambda: desk.place("P-A", "B", 60, parentPlacementId=id_of("P")),
        lambda: desk.fill("E1", "P-A", 20),
        lambda: desk.fill("E2", "P", 130),
        lambda: desk.update("O3", quantity=90),
        lambda: desk.update("O1", quantity=75),
        lambda: desk.create("C", {"O4": 5}),
        lambda: desk.move({"O4": "B"}),
        lambda: desk.allocate("P", "Q"),
        lambda: desk.fill("E3", "Q", 40),
        lambda: desk.allocate("P", "Q", "P-A"),
        lambda: desk.book(*desk.allocated(), mark=True),
        lambda: desk.cancel_placement("P-A"),
        lambda: desk.put_placement("Q", "B", 40),
        lambda: desk.put_placement("R", "B C", 3),
        lambda: desk.delete("placement", "R"),
        lambda: desk.delete("order", "O4"),
        lambda: desk.put_block("D", orderIds=[]),
        lambda: desk.delete("block", "D"),
    ]
    for call in calls:
        call()
        book = desk.a_book()
        entries = {(Block, each.id): graph_block(book, each) for each in desk.all(Block)}
        entries |= {(Placement, each.id): graph_placement(book, each) for each in desk.all(Placement)}
        assert desk.graph == entries
