"""What could not be read is shown as unknown, never as nothing."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from tests.service.sample_rows import allocation, block, order, placement, rid, snapshot_of
from tui.columns.format import DisplayContext
from tui.columns.row_texts import CSV
from tui.columns.shown_rows import of_view
from tui.columns.totals import Totals
from tui.columns.view import View, column_of
from tui.service.snapshot.diff import diff
from tui.service.snapshot.snapshot import EntityKind, Snapshot, Unread

WHY = Unread("You are not entitled to executions.", permitted=False)
TRADED = snapshot_of(
    blocks=[block("BLK-1", "ORD-1", quantity=Decimal(100))],
    orders=[order("ORD-1")],
    placements=[placement("PLC-1", "BLK-1")],
    allocations=[allocation("ALL-1", order="ORD-1", placement="PLC-1", quantity="40")],
)


def without(*kinds: EntityKind, own_totals: bool = False) -> Snapshot:
    return replace(TRADED, unread=dict.fromkeys(kinds, WHY), own_totals=own_totals)


def cell(snapshot: Snapshot, kind: EntityKind, column: str) -> str:
    row = next(iter(snapshot.rows(kind).values()))
    return column_of(kind, column).cell(snapshot, row, DisplayContext())


def test_a_placement_without_its_fills_shows_what_is_executed_and_open_as_unknown() -> None:
    snapshot = without(EntityKind.EXECUTIONS)
    shown = [
        cell(snapshot, EntityKind.PLACEMENTS, name) for name in ("executed", "open", "average", "quantity")
    ]
    assert shown == ["?", "?", "?", "100"]
    assert cell(TRADED, EntityKind.PLACEMENTS, "executed") == "0"
    assert snapshot.executed_of_placement(rid("PLC-1")) is None


def test_an_order_without_its_allocations_shows_what_is_left_as_unknown() -> None:
    snapshot = without(EntityKind.ALLOCATIONS)
    assert [cell(snapshot, EntityKind.ORDERS, name) for name in ("allocated", "left")] == ["?", "?"]
    assert cell(TRADED, EntityKind.ORDERS, "left") == "60"


def test_the_life_cycle_is_unknown_where_the_desk_counts_and_known_where_the_server_did() -> None:
    names = ("executed", "bar", "state", "average")
    counted = without(EntityKind.EXECUTIONS, own_totals=True)
    assert {cell(counted, EntityKind.BLOCKS, name) for name in names} == {"?"}
    assert cell(counted, EntityKind.BLOCKS, "placed") == "100"
    assert "?" not in {cell(without(EntityKind.EXECUTIONS), EntityKind.BLOCKS, name) for name in names}


def test_whether_an_allocation_is_booked_is_unknown_without_transactions() -> None:
    snapshot = without(EntityKind.TRANSACTIONS)
    assert cell(snapshot, EntityKind.ALLOCATIONS, "transactions") == "?"
    assert snapshot.is_booked(rid("ALL-1")) is None
    assert TRADED.is_booked(rid("ALL-1")) is False


def test_unknown_figures_are_unknown_in_totals_and_in_no_file() -> None:
    snapshot, view = without(EntityKind.EXECUTIONS), View(EntityKind.PLACEMENTS)
    totals = Totals(view)
    totals.add(snapshot, snapshot.placements)
    assert (
        totals.text(snapshot)
        == "quantity 100 · executed ? · left ? · allocated 40 · buy 19,000 USD · open worth ?"
    )
    header, row = (
        line.split(",")
        for line in of_view(view, snapshot, tuple(snapshot.placements)).written(CSV).splitlines()
    )
    assert row[header.index("Executed")] == ""


def test_every_pane_repaints_when_a_kind_can_be_read_again() -> None:
    deltas = diff(without(EntityKind.EXECUTIONS), TRADED)
    assert all(deltas[kind].others for kind in EntityKind)


def test_a_total_says_how_many_figures_it_lacks() -> None:
    by_weight = replace(order("ORD-2"), quantity=None, weight=Decimal("0.25"))
    snapshot = snapshot_of(orders=[order("ORD-1", "100"), by_weight])
    totals, other = Totals(View(EntityKind.ORDERS)), Totals(View(EntityKind.ORDERS))
    totals.add(snapshot, [rid("ORD-1")])
    other.add(snapshot, [rid("ORD-2")])
    assert totals.text(snapshot).startswith("quantity 100 · ")
    assert other.text(snapshot).startswith("quantity ? · ")
    totals.merge(other)
    assert totals.text(snapshot).startswith("quantity 100 + 1 unknown · ")
    totals.subtract(snapshot, [rid("ORD-2")])
    assert totals.text(snapshot).startswith("quantity 100 · ")


def test_the_bar_of_a_block_of_unknown_size_is_not_over_full() -> None:
    by_weight = replace(order("ORD-1"), quantity=None, weight=Decimal("0.25"))
    snapshot = snapshot_of(
        blocks=[block("BLK-1", "ORD-1", quantity=Decimal(0))],
        orders=[by_weight],
        placements=[placement("PLC-1", "BLK-1", quantity="50")],
    )
    assert cell(snapshot, EntityKind.BLOCKS, "placed") == "50"
    assert cell(snapshot, EntityKind.BLOCKS, "bar") == "?"
