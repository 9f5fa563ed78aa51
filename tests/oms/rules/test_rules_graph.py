"""The order graph, over HTTP (G1 to G11): totals, derived states, and no stale entry."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.decimals import decimals
from tests.oms.rules.rules_client import GILT, RulesClient, id_of, rid, usd
from tui.api import codec
from tui.api.models import Block, Order, OrderGraphBlock, Placement
from tui.oms.engine.order_graph import graph_block, graph_placement


def record_totals(
    desk: RulesClient, ordered: Any, placed: Any, executed: Any, allocated: Any, booked: Any
) -> OrderGraphBlock:
    """Bring a block to the given totals by upserts, which accept anything, and return its entry."""
    desk.put_block("B")
    if Decimal(ordered):
        desk.create("B", {"O1": ordered})
    if Decimal(placed):
        desk.put_placement("P", "B", placed)
    if Decimal(executed):
        desk.fill("E1", "P", executed)
    parts = [booked, Decimal(allocated) - Decimal(booked)]
    for number, units in enumerate(parts):
        if Decimal(units):
            desk.put_allocation(f"A{number}", "O1", units, placementIds=[id_of("P")])
    if Decimal(booked):
        desk.book("A0")
    return desk.block_entry("B")


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
def test_g7_g8_the_first_incomplete_stage_from_the_left(desk: RulesClient, totals: Any, state: str) -> None:
    entry = record_totals(desk, *totals)
    assert entry.derived_state == state
    stages = (entry.ordered, entry.placed, entry.executed, entry.allocated, entry.booked)
    assert [stage.quantity for stage in stages] == list(map(Decimal, totals))


def test_g8_swept_and_cancelled_come_before_every_stage(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.cancel_orders("O1", "O2")
    assert desk.block_entry("B").derived_state == "Cancelled"
    desk.sweep("B")
    assert desk.block_entry("B").derived_state == "Swept"


@pytest.mark.parametrize(
    ("stored", "totals", "state"),
    [
        ("Cancelled", (100, 0, 0), "Cancelled"),
        ("New", (100, 0, 0), "New"),
        ("PartiallyFilled", (1250, 1100, 800), "In progress"),
        ("Filled", (100, 100, 40), "Executed"),
        ("Filled", (100, 100, 100), "Allocated"),
        ("Filled", (100, 100, 120), "Over-allocated"),
        ("Canceled", (40, 40, 0), "Executed"),
        ("Cancelled", (50, 40, 40), "Allocated"),
    ],
)
def test_g7_g9_a_placement_has_a_derived_state(
    desk: RulesClient, stored: str, totals: Any, state: str
) -> None:
    placed, executed, allocated = totals
    desk.create("B", {"O1": placed})
    desk.put_placement("P", "B", placed)
    if executed:
        desk.fill("E1", "P", executed)
    if allocated:
        desk.put_allocation("A1", "O1", allocated, placementIds=[id_of("P")])
    if stored.lower().startswith("cancel"):
        desk.put_placement("P", "B", placed, state=stored)
    assert desk.placement("P").state == stored
    assert desk.placement_entry("P").derived_state == state


def test_g1_cancelled_orders_show_by_state_only(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50, "O3": 20})
    desk.cancel_orders("O2")
    ordered = desk.block_entry("B").ordered
    assert (ordered.quantity, ordered.quantity_by_state) == (
        Decimal(120),
        {"New": Decimal(120), "Cancelled": Decimal(50)},
    )
    desk.cancel_orders("O1", "O3")
    assert desk.block_entry("B").derived_state == "Cancelled"


def test_g2_placed_totals_live_placements_and_lists_children(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 60)
    desk.place("P-A", "B", 20, parentPlacementId=id_of("P"))
    desk.place("Q", "B", 40)
    desk.fill("E1", "Q", 10)
    desk.cancel_placement("Q")
    placed = desk.block_entry("B").placed
    assert (placed.quantity, placed.quantity_by_state) == (
        Decimal(70),
        {"New": Decimal(60), "Cancelled": Decimal(40)},
    )
    assert {detail.id for detail in placed.details} == {rid("P"), rid("P-A"), rid("Q")}


def test_g3_executed_has_the_price_of_its_fills(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 10, price="1.5")
    desk.fill("E2", "P", 20, price=2)
    executed = desk.block_entry("B").executed
    assert (executed.quantity, executed.amount) == decimals(30, 55)
    assert [detail.id for detail in executed.details] == [rid("E1"), rid("E2")]
    assert desk.placement_entry("P").calculated_average_price == Decimal(55) / 30


def test_g4_an_allocation_against_the_blocks_side_counts_negative(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    desk.put_allocation("A2", "O1", 3, side="Sell")
    allocated = desk.block_entry("B").allocated
    assert allocated.quantity == 7
    assert [detail.quantity for detail in allocated.details] == [10, -3]


def test_g4_a_block_without_orders_has_its_placements_allocations(desk: RulesClient) -> None:
    desk.put_block("U", quantity=100)
    desk.place("P", "U", 100)
    desk.put_allocation("A1", "P", 10, placementIds=[id_of("P")])
    (detail,) = desk.block_entry("U").allocated.details
    assert (detail.id, detail.allocated_order_id, detail.quantity) == (rid("A1"), rid("P"), Decimal(10))


def test_g5_booked_totals_live_bookings_and_their_consideration(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    desk.put_allocation("A2", "O1", 5, price=usd(200))
    desk.put_allocation("A3", "O1", 1)
    desk.book("A1", "A2")
    desk.put_allocation("A2", "O1", 6, price=usd(200))
    desk.book("A2")
    booked = desk.block_entry("B").booked
    assert (booked.quantity, booked.amount) == decimals(16, 1900 + 1200)
    assert [detail.id for detail in booked.details] == ["Desk-A1", "Desk-A2"]


def test_g6_over_states_are_visible(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_placement("P", "B", 150)
    desk.fill("E1", "P", 170)
    desk.put_allocation("A1", "O1", 180)
    entry = desk.block_entry("B")
    stages = (entry.ordered, entry.placed, entry.executed, entry.allocated)
    assert [stage.quantity for stage in stages] == [100, 150, 170, 180]


def label(code: str, value: str) -> dict[str, Any]:
    return {f"Order/Desk/{code}": {"key": f"Order/Desk/{code}", "value": {"labelValue": value}}}


def test_g10_compliance_and_approval_come_from_the_orders(desk: RulesClient) -> None:
    failed = {"quantity": 1, "properties": label("ComplianceState", "Failed")}
    warned = {"quantity": 1, "properties": label("ComplianceState", "Warning")}
    desk.create("B", {"O1": 1, "O2": warned, "O3": failed})
    entry = desk.block_entry("B")
    assert [detail.compliance_state for detail in entry.ordered.details] == ["Passed", "Warning", "Failed"]
    assert (entry.derived_compliance_state, entry.derived_approval_state) == ("Failed", "Approved")
    desk.put_placement("P", "B", 1)
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
def test_g10_a_block_has_the_worst_compliance_state_of_its_orders(
    desk: RulesClient, states: list[str], worst: str
) -> None:
    desk.put_block("B")
    orders = {
        f"O{number}": {"quantity": 1, "properties": label("ComplianceState", state)}
        for number, state in enumerate(states)
    }
    if orders:
        desk.create("B", orders)
    assert desk.block_entry("B").derived_compliance_state == worst


def test_g10_the_latest_activity_is_that_of_the_newest_part(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 10)
    fill = desk.execution("E1")
    assert desk.block_entry("B").latest_activity_date == fill.version.as_at_modified


def test_a_value_block_is_measured_in_money(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"amount": usd(1000)}})
    desk.place("P", "B", None, amount=usd(1000))
    assert desk.block_entry("B").derived_state == "Placed"
    desk.fill("E1", "P", 5, price=200)
    entry = desk.block_entry("B")
    assert (entry.ordered.amount, entry.placed.amount, entry.executed.amount) == decimals(1000, 1000, 1000)
    assert (entry.ordered.amount_by_state, entry.derived_state) == ({"New": Decimal(1000)}, "Executed")


def test_a_value_block_of_a_bond_is_measured_in_money_too(desk: RulesClient) -> None:
    gilt = {"instrumentIdentifiers": GILT}
    desk.create("B", {"O1": {"amount": usd(1_000_000)}}, **gilt)
    desk.place("P", "B", None, amount=usd(1_000_000), **gilt)
    desk.fill("E1", "P", 500_000, price="80", **gilt)
    assert desk.block_entry("B").derived_state == "Partially executed"
    assert desk.placement_entry("P").derived_state == "In progress"
    desk.fill("E2", "P", 750_000, price="80", **gilt)
    assert desk.block_entry("B").derived_state == "Executed"
    entry = desk.placement_entry("P")
    assert (entry.executed.amount, entry.derived_state) == (Decimal(1_000_000), "Executed")
    desk.put_allocation("A1", "O1", 1_250_000, price=usd("80"), placementIds=[id_of("P")], **gilt)
    assert desk.block_entry("B").derived_state == "Allocated"
    assert desk.placement_entry("P").derived_state == "Allocated"
    desk.book("A1")
    assert desk.block_entry("B").derived_state == "Booked"
    desk.cancel_placement("P")
    assert desk.block_entry("B").placed.amount == 1_000_000


def test_a_block_without_orders_is_measured_by_its_own_size(desk: RulesClient) -> None:
    desk.put_block("U", quantity=100)
    desk.place("P", "U", 60)
    assert desk.block_entry("U").derived_state == "Partially placed"


def test_every_changed_graph_entry_is_among_the_affected_ids(desk: RulesClient) -> None:
    """Trade over shared blocks and children, and compute every entry again after each call."""
    calls: list[Callable[[], object]] = [
        lambda: desk.create("B", {"O1": 60, "O2": 20}),
        lambda: desk.create("C", {"O3": 80}),
        lambda: desk.place("P", "B C", 120),
        lambda: desk.place("Q", "C", 40),
        lambda: desk.place("P-A", "B", 60, parentPlacementId=id_of("P")),
        lambda: desk.fill("E1", "P-A", 20),
        lambda: desk.fill("E2", "P", 130),
        lambda: desk.update_order("O3", quantity=90),
        lambda: desk.update_order("O1", quantity=75),
        lambda: desk.create("C", {"O4": 5}),
        lambda: desk.move({"O4": "B"}),
        lambda: desk.allocate("P", "Q"),
        lambda: desk.fill("E3", "Q", 40),
        lambda: desk.allocate("P", "Q", "P-A"),
        lambda: desk.book(*desk.allocated(), mark=True),
        lambda: desk.cancel_placement("P-A"),
        lambda: desk.put_placement("Q", "B", 40),
        lambda: desk.put_placement("R", "B C", 3),
        lambda: desk.delete(Placement, "R"),
        lambda: desk.delete(Order, "O4"),
        lambda: desk.put_block("D", orderIds=[]),
        lambda: desk.delete(Block, "D"),
    ]
    for call in calls:
        call()
        uow = desk.unit_of_work()
        for kept in desk.block_entries():
            block = uow.get(Block, kept.block.id)
            assert block is not None
            assert entry_as_read(graph_block(uow, block)) == kept
        for entry in desk.placement_entries():
            placement = uow.get(Placement, entry.placement.id)
            assert placement is not None
            assert entry_as_read(graph_placement(uow, placement)) == entry
    assert [each.block.id.code for each in desk.block_entries()] == ["B", "C"]


def entry_as_read(entry: Any) -> Any:
    """Return an entry as a client reads it."""
    return codec.decode(type(entry), codec.encode(entry))


def test_g11_the_average_is_over_a_placements_fills_and_null_without(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    assert desk.placement_entry("P").calculated_average_price is None
    desk.fill("E1", "P", 10, price="100.1")
    desk.fill("E2", "P", 30, price="100.3")
    desk.fill("E3", "P", 50, price=1, state="Cancelled")
    assert desk.placement_entry("P").calculated_average_price == Decimal("100.25")
