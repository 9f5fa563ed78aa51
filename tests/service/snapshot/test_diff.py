"""The differences between two snapshots, of neighbours and of strangers alike."""

from __future__ import annotations

from msgspec.structs import replace

from tests.service.sample_rows import (
    allocation,
    block,
    execution,
    label,
    order,
    placement,
    rid,
    snapshot_of,
    transaction,
    version,
)
from tui.api.base import ResourceId
from tui.api.models import Execution
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.diff import Delta, diff
from tui.service.snapshot.snapshot import EntityKind, Snapshot


def desk(*executions: Execution) -> Snapshot:
    return snapshot_of(
        blocks=[block("BLK-1", "ORD-1"), block("BLK-2")],
        orders=[order("ORD-1"), order("ORD-2")],
        placements=[placement("PLC-1", "BLK-1")],
        allocations=[allocation("ALL-1", order="ORD-1", placement="PLC-1")],
        executions=executions,
    )


def test_the_same_snapshot_differs_in_nothing() -> None:
    held = desk()
    assert diff(held, held) == {}
    assert diff(desk(), desk()) == {}


def test_rows_that_came_went_and_changed() -> None:
    old = desk()
    builder = SnapshotBuilder(old)
    builder.put(EntityKind.ORDERS, [order("ORD-1", "50", version=version(2)), order("ORD-3")])
    builder.remove(EntityKind.ORDERS, [rid("ORD-2")])
    delta = diff(old, builder.freeze())
    assert delta == {
        EntityKind.ORDERS: Delta(
            added=frozenset({rid("ORD-3")}),
            removed=frozenset({rid("ORD-2")}),
            changed={rid("ORD-1"): frozenset({"quantity", "version"})},
        ),
        EntityKind.BLOCKS: Delta(changed={rid("BLK-1"): frozenset({"orders"})}),
        EntityKind.PLACEMENTS: Delta(changed={rid("PLC-1"): frozenset({"block"})}),
    }


def test_neighbours_and_strangers_differ_alike() -> None:
    old = desk()
    builder = SnapshotBuilder(old)
    builder.put(EntityKind.EXECUTIONS, [execution("EXE-1", "PLC-1")])
    neighbour = builder.freeze()
    stranger = desk(execution("EXE-1", "PLC-1"))
    told = diff(old, neighbour)
    assert told[EntityKind.EXECUTIONS].added == {rid("EXE-1")}
    assert diff(old, stranger)[EntityKind.EXECUTIONS] == told[EntityKind.EXECUTIONS]


def test_a_placement_changes_with_its_executions() -> None:
    old = desk()
    builder = SnapshotBuilder(old)
    builder.put(EntityKind.EXECUTIONS, [execution("EXE-1", "PLC-1")])
    delta = diff(old, builder.freeze())[EntityKind.PLACEMENTS]
    assert delta.changed == {rid("PLC-1"): frozenset({"executed", "average_price"})}


def test_an_order_changes_with_its_block_and_its_allocations() -> None:
    old = desk()
    builder = SnapshotBuilder(old)
    for name, ids in (("BLK-1", ()), ("BLK-2", ("ORD-1",))):
        row = old.blocks[rid(name)]
        builder.put(EntityKind.BLOCKS, [replace(row, block=block(name, *ids, version=version(2)))])
    builder.put(
        EntityKind.ALLOCATIONS,
        [allocation("ALL-1", order="ORD-1", placement="PLC-1", quantity="20", version=version(2))],
    )
    delta = diff(old, builder.freeze())
    assert delta[EntityKind.ORDERS].changed == {rid("ORD-1"): frozenset({"block", "allocated"})}
    assert delta[EntityKind.BLOCKS].changed[rid("BLK-1")] == {"order_ids", "version"}


def test_an_order_that_stays_in_its_block_is_not_changed_by_it() -> None:
    old = desk()
    builder = SnapshotBuilder(old)
    row = old.blocks[rid("BLK-1")]
    builder.put(EntityKind.BLOCKS, [replace(row, derived_state="In dispute")])
    delta = diff(old, builder.freeze())
    assert delta == {EntityKind.BLOCKS: Delta(changed={rid("BLK-1"): frozenset({"derived_state"})})}


def test_an_order_changes_when_its_block_says_another_state_of_it() -> None:
    """A compliance run changes the totals of the block only."""

    old = desk()
    builder = SnapshotBuilder(old)
    row = old.blocks[rid("BLK-1")]
    (detail,) = row.ordered.details
    failed = replace(row.ordered, details=(replace(detail, compliance_state="Failed"),))
    builder.put(EntityKind.BLOCKS, [replace(row, ordered=failed)])
    new = builder.freeze()
    assert diff(old, new)[EntityKind.ORDERS].changed == {rid("ORD-1"): {"states"}}


def test_an_allocation_changes_when_it_is_booked() -> None:
    old = desk()
    builder = SnapshotBuilder(old)
    booked = transaction("TXN-1", allocation="ALL-1", order="ORD-1")
    builder.put_transactions({builder.transaction_id(booked): booked})
    delta = diff(old, builder.freeze())
    assert delta[EntityKind.ALLOCATIONS].changed == {rid("ALL-1"): frozenset({"booked"})}
    assert delta[EntityKind.ORDERS].changed == {rid("ORD-1"): frozenset({"booked"})}


def test_rows_of_a_portfolio_look_different_when_another_fund_has_one_of_its_code() -> None:
    old = desk()
    builder = SnapshotBuilder(old)
    builder.put(EntityKind.ORDERS, [replace(order("ORD-7"), portfolio_id=ResourceId("Fund", "GROWTH"))])
    new = builder.freeze()
    assert (old.portfolio_label(rid("GROWTH")), new.portfolio_label(rid("GROWTH"))) == (
        "GROWTH",
        "Desk/GROWTH",
    )
    delta = diff(old, new)
    assert delta[EntityKind.ORDERS].added == {rid("ORD-7")}
    assert delta[EntityKind.ORDERS].others
    assert delta[EntityKind.ALLOCATIONS].others
    builder.put(EntityKind.ORDERS, [replace(order("ORD-8"), portfolio_id=ResourceId("Fund", "INCOME"))])
    assert not diff(new, builder.freeze())[EntityKind.ORDERS].others


def test_a_placement_changes_with_the_executions_of_its_children() -> None:
    held = snapshot_of(
        placements=[
            placement("PLC-1", "BLK-1"),
            placement("PLC-2", "BLK-1", parent_placement_id=rid("PLC-1")),
            placement("PLC-3", "BLK-1", parent_placement_id=rid("PLC-2")),
        ]
    )
    builder = SnapshotBuilder(held)
    builder.put(EntityKind.EXECUTIONS, [execution("EXE-1", "PLC-3")])
    delta = diff(held, builder.freeze())[EntityKind.PLACEMENTS]
    assert delta.changed.keys() == {rid("PLC-1"), rid("PLC-2"), rid("PLC-3")}


def test_children_are_named_when_their_parent_comes_or_goes() -> None:
    held = snapshot_of(placements=[placement("PLC-2", "BLK-1", parent_placement_id=rid("PLC-1"))])
    builder = SnapshotBuilder(held)
    builder.put(EntityKind.PLACEMENTS, [placement("PLC-1", "BLK-1")])
    delta = diff(held, builder.freeze())[EntityKind.PLACEMENTS]
    assert delta == Delta(added=frozenset({rid("PLC-1")}), changed={rid("PLC-2"): frozenset({"parent"})})


def test_rows_that_trade_what_turns_out_to_be_a_bond_may_differ_without_a_name() -> None:
    held = snapshot_of(executions=[execution("EXE-1", "PLC-1")])
    builder = SnapshotBuilder(held)
    builder.put_blocks([block("BLK-9", properties=label("Block/Desk/AssetClass", "Bond"))])
    deltas = diff(held, builder.freeze())
    assert deltas[EntityKind.EXECUTIONS] == Delta(others=True)
    assert EntityKind.TRANSACTIONS not in deltas, "they tell their money themselves"


def test_money_of_a_block_is_another_once_what_it_trades_turns_out_to_be_a_bond() -> None:
    held = snapshot_of(blocks=[block("BLK-1", "ORD-1")], orders=[order("ORD-1")])
    builder = SnapshotBuilder(held)
    builder.put_blocks([block("BLK-9", properties=label("Block/Desk/AssetClass", "Bond"))])
    deltas = diff(held, builder.freeze())
    assert deltas[EntityKind.BLOCKS].others
    assert deltas[EntityKind.ORDERS].others


def test_a_new_instrument_is_of_no_block_and_no_order_there_was() -> None:
    held = snapshot_of(blocks=[block("BLK-1", "ORD-1")], orders=[order("ORD-1")])
    builder = SnapshotBuilder(held)
    builder.put_blocks(
        [block("BLK-9", lusid_instrument_id="LUID_NEW", properties=label("Block/Desk/AssetClass", "Bond"))]
    )
    deltas = diff(held, builder.freeze())
    assert not deltas[EntityKind.BLOCKS].others
    assert EntityKind.ORDERS not in deltas


def test_two_deltas_one_after_the_other_are_one() -> None:
    a, b, c, d = (rid(code) for code in "abcd")
    first = Delta(added=frozenset({a}), removed=frozenset({b, d}), changed={c: frozenset({"state"})})
    later = Delta(
        added=frozenset({b}),
        removed=frozenset({c}),
        changed={a: frozenset({"price"})},
        others=True,
    )
    assert first.then(later) == Delta(
        added=frozenset({a}),
        removed=frozenset({c, d}),
        changed={b: frozenset()},
        others=True,
        returned=frozenset({b}),
    )
    assert first.then(Delta(removed=frozenset({a}))) == Delta(
        removed=frozenset({b, d}), changed={c: frozenset({"state"})}
    )
    assert first.then(Delta()) == first


def test_a_row_taken_out_and_put_back_is_named_though_it_looks_the_same() -> None:
    old = desk()
    builder = SnapshotBuilder(old)
    builder.remove(EntityKind.ORDERS, [rid("ORD-1")])
    builder.put(EntityKind.ORDERS, [order("ORD-1")])
    new = builder.freeze()
    assert list(new.orders) == [rid("ORD-2"), rid("ORD-1")]
    delta = diff(old, new)[EntityKind.ORDERS]
    assert delta.changed.keys() == delta.returned == {rid("ORD-1")}
    builder.remove(EntityKind.ORDERS, [rid("ORD-1")])
    assert diff(new, builder.freeze())[EntityKind.ORDERS] == Delta(removed=frozenset({rid("ORD-1")}))
