"""The desk at one moment: links both ways, totals, what belongs to what, and how the next one is made."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.decimals import decimals
from tests.service.sample_rows import (
    LUID,
    allocation,
    block,
    execution,
    label,
    order,
    placement,
    rid,
    snapshot_of,
    transaction,
    usd,
    version,
)
from tui.api.base import ResourceId
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.diff import diff
from tui.service.snapshot.relations import order_of, related
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot


@pytest.fixture
def desk() -> Snapshot:
    """One block of two orders placed once, half filled, allocated and partly booked; and a loose order."""
    return snapshot_of(
        blocks=[
            block("BLK-1", "ORD-1", "ORD-2", properties=label("Block/Desk/InstrumentName", "Apple")),
            block("BLK-2"),
        ],
        orders=[order("ORD-1", "60"), order("ORD-2", "40", "INCOME"), order("ORD-3")],
        placements=[
            placement("PLC-1", "BLK-1"),
            placement("PLC-1-A", "BLK-1", quantity="30", parent_placement_id=rid("PLC-1")),
        ],
        executions=[
            execution("EXE-1", "PLC-1", "20", "189.50"),
            execution("EXE-2", "PLC-1-A", "30", "190.00"),
            execution("EXE-3", "PLC-1", "99", "1.00", state="Canceled"),
        ],
        allocations=[
            allocation("ALL-1", order="ORD-1", placement="PLC-1", quantity="30"),
            allocation("ALL-2", order="ORD-2", placement="PLC-1", quantity="20"),
        ],
        transactions=[transaction("TXN-1", allocation="ALL-1", order="ORD-1", units="30")],
    )


def test_orders_know_their_block_and_blocks_their_orders(desk: Snapshot) -> None:
    assert desk.block_of_order(rid("ORD-2")) == rid("BLK-1")
    assert desk.orders_of_block(rid("BLK-1")) == (rid("ORD-1"), rid("ORD-2"))
    assert desk.block_of_order(rid("ORD-3")) is None
    assert desk.orders_of_block(rid("BLK-2")) == ()


def test_every_link_can_be_followed_in_both_directions(desk: Snapshot) -> None:
    assert desk.placements_of_block(rid("BLK-1")) == (rid("PLC-1"), rid("PLC-1-A"))
    assert desk.children_of_placement(rid("PLC-1")) == (rid("PLC-1-A"),)
    assert desk.executions_of_placement(rid("PLC-1")) == (rid("EXE-1"), rid("EXE-3"))
    assert desk.allocations_of_placement(rid("PLC-1")) == (rid("ALL-1"), rid("ALL-2"))
    assert desk.allocations_of_order(rid("ORD-2")) == (rid("ALL-2"),)
    booked = desk.transactions_of_allocation(rid("ALL-1"))
    assert booked == desk.transactions_of_order(rid("ORD-1"))
    assert [str(id) for id in booked] == ["Desk/GROWTH/TXN-1"]


def test_a_placement_counts_its_children_and_no_cancelled_execution(desk: Snapshot) -> None:
    assert desk.executed_of_placement(rid("PLC-1")) == 50
    assert desk.average_price_of_placement(rid("PLC-1")) == Decimal("189.8")
    assert desk.average_price_of_placement(rid("PLC-404")) is None
    assert desk.allocated_of_order(rid("ORD-1")) == 30
    assert desk.allocated_of_placement(rid("PLC-1")) == 50


def test_plain_blocks_get_their_totals_from_the_other_rows(desk: Snapshot) -> None:
    row = desk.blocks[rid("BLK-1")]
    assert (row.ordered.quantity, row.placed.quantity, row.executed.quantity) == decimals(100, 100, 50)
    assert (row.allocated.quantity, row.booked.quantity) == decimals(50, 30)
    assert row.derived_state == "Partially executed"
    assert desk.blocks[rid("BLK-2")].derived_state == "New"


@pytest.mark.parametrize(
    ("ref", "executions", "allocations"),
    [
        (Ref(EntityKind.BLOCKS, rid("BLK-1")), ["EXE-1", "EXE-3", "EXE-2"], ["ALL-1", "ALL-2"]),
        (Ref(EntityKind.ORDERS, rid("ORD-2")), ["EXE-1", "EXE-3", "EXE-2"], ["ALL-2"]),
        (Ref(EntityKind.PLACEMENTS, rid("PLC-1-A")), ["EXE-2"], []),
        (Ref(EntityKind.EXECUTIONS, rid("EXE-1")), ["EXE-1"], ["ALL-1", "ALL-2"]),
        (Ref(EntityKind.ALLOCATIONS, rid("ALL-1")), ["EXE-1", "EXE-3"], ["ALL-1"]),
    ],
)
def test_linked_panes_show_what_belongs_to_the_row(
    desk: Snapshot, ref: Ref, executions: list[str], allocations: list[str]
) -> None:
    found = related(desk, ref)
    assert [id.code for id in found[EntityKind.EXECUTIONS]] == executions
    assert [id.code for id in found[EntityKind.ALLOCATIONS]] == allocations
    assert found[ref.kind][0] == ref.id or ref.id in found[ref.kind]
    assert found[EntityKind.BLOCKS] == (rid("BLK-1"),)


def test_history_finds_an_order_from_any_row(desk: Snapshot) -> None:
    assert order_of(desk, Ref(EntityKind.BLOCKS, rid("BLK-1"))) == rid("ORD-1")
    assert order_of(desk, Ref(EntityKind.EXECUTIONS, rid("EXE-2"))) == rid("ORD-1")
    assert order_of(desk, Ref(EntityKind.ALLOCATIONS, rid("ALL-2"))) == rid("ORD-2")
    assert order_of(desk, Ref(EntityKind.TRANSACTIONS, next(iter(desk.transactions)))) == rid("ORD-1")
    assert order_of(desk, Ref(EntityKind.BLOCKS, rid("BLK-2"))) is None


def test_moving_an_order_moves_both_ends_of_its_link(desk: Snapshot) -> None:
    builder = SnapshotBuilder(desk)
    held = desk.blocks
    builder.put(
        EntityKind.BLOCKS,
        [
            replace(held[rid("BLK-1")], block=block("BLK-1", "ORD-2", version=version(2))),
            replace(held[rid("BLK-2")], block=block("BLK-2", "ORD-1", version=version(2))),
        ],
    )
    after = builder.freeze()
    assert after.block_of_order(rid("ORD-1")) == rid("BLK-2")
    assert after.orders_of_block(rid("BLK-1")) == (rid("ORD-2"),)
    assert desk.block_of_order(rid("ORD-1")) == rid("BLK-1"), "the older snapshot stays as it was"


def test_removed_rows_leave_no_links_behind(desk: Snapshot) -> None:
    builder = SnapshotBuilder(desk)
    builder.remove(EntityKind.ALLOCATIONS, [rid("ALL-1"), rid("ALL-404")])
    after = builder.freeze()
    assert after.allocations_of_order(rid("ORD-1")) == ()
    assert after.allocations_of_placement(rid("PLC-1")) == (rid("ALL-2"),)


def test_an_answer_that_was_overtaken_changes_nothing() -> None:
    newer = order("ORD-1", "50", version=version(3))
    builder = SnapshotBuilder(snapshot_of(orders=[newer]))
    assert builder.put(EntityKind.ORDERS, [order("ORD-1", "60", version=version(2))]) == []
    assert builder.freeze().orders[rid("ORD-1")] is newer


def test_a_block_that_was_overtaken_changes_nothing(desk: Snapshot) -> None:
    newer = replace(desk.blocks[rid("BLK-1")], block=block("BLK-1", "ORD-1", version=version(3)))
    builder = SnapshotBuilder(snapshot_of(blocks=[newer]))
    assert builder.put(EntityKind.BLOCKS, [desk.blocks[rid("BLK-1")]]) == []
    later = replace(newer, derived_state="Placed")
    assert builder.put(EntityKind.BLOCKS, [later]) == [rid("BLK-1")], "totals change without the block"


def test_nothing_new_gives_the_same_snapshot(desk: Snapshot) -> None:
    builder = SnapshotBuilder(desk)
    builder.put(EntityKind.ORDERS, [order("ORD-1", "60")])
    assert builder.freeze() is desk


def test_unchanged_kinds_are_shared_with_the_snapshot_before(desk: Snapshot) -> None:
    builder = SnapshotBuilder(desk)
    builder.put(EntityKind.ORDERS, [order("ORD-9")])
    after = builder.freeze()
    assert after.placements is desk.placements
    assert after.orders is not desk.orders


def test_instruments_are_gathered_from_the_rows_that_trade_them(desk: Snapshot) -> None:
    apple = desk.instruments[LUID]
    assert (apple.ticker, apple.name, apple.currency) == ("AAPL", "Apple", "USD")
    assert apple.last_price in (Decimal("189.50"), Decimal("190.00"), Decimal("1.00"))
    assert desk.find_instruments(" aapl ") == (apple,)
    assert desk.find_instruments("BBG000B9XRY4") == (apple,)
    assert desk.find_instruments("MSFT") == ()


def test_the_last_price_is_that_of_the_newest_execution() -> None:
    first = snapshot_of(orders=[order("ORD-1")])
    assert first.instruments[LUID].last_price == 190
    builder = SnapshotBuilder(first)
    builder.put(EntityKind.EXECUTIONS, [execution("EXE-1", "PLC-1", price="188")])
    builder.put(EntityKind.ORDERS, [order("ORD-2", price=usd("500"))])
    assert builder.freeze().instruments[LUID].last_price == 188


def test_an_unresolved_instrument_names_none() -> None:
    lost = order("ORD-1", lusid_instrument_id="LUID_ZZZZZZZZ")
    assert snapshot_of(orders=[lost]).instruments == {}


def test_the_empty_desk_answers_every_question() -> None:
    nowhere = rid("X")
    assert EMPTY.block_of_order(nowhere) is None
    assert EMPTY.placements_of_block(nowhere) == ()
    assert EMPTY.executed_of_placement(nowhere) == 0
    for kind in EntityKind:
        assert all(not ids for ids in related(EMPTY, Ref(kind, nowhere)).values())


def test_rows_of_another_scope_are_called_by_scope_and_code() -> None:
    own, other = rid("BLK-1"), ResourceId("Fund", "BLK-9")
    held = snapshot_of(home="Desk", blocks=[block("BLK-1"), replace(block("BLK-9"), id=other)])
    assert held.name_of(EntityKind.BLOCKS, own) == "BLK-1"
    assert held.name_of(EntityKind.BLOCKS, other) == "Fund/BLK-9"
    assert held.name_of(EntityKind.TRANSACTIONS, ResourceId("Fund/GROWTH", "TXN-1")) == "TXN-1"
    homeless = replace(held, home="")
    assert homeless.name_of(EntityKind.BLOCKS, other) == "BLK-9"


@pytest.mark.parametrize("first", ["Desk", "Fund"])
def test_a_code_of_two_scopes_is_never_called_by_the_code_alone(first: str) -> None:
    second = "Fund" if first == "Desk" else "Desk"
    alike = [replace(order("ORD-1"), id=ResourceId(scope, "ORD-1")) for scope in (first, second)]
    builder = SnapshotBuilder(Snapshot(home="Desk"))
    builder.put(EntityKind.ORDERS, [*alike[:1], order("ORD-2")])
    old = builder.freeze()
    assert old.name_of(EntityKind.ORDERS, rid("ORD-1")) == "ORD-1"
    builder.put(EntityKind.ORDERS, alike[1:])
    new = builder.freeze()
    assert new.name_of(EntityKind.ORDERS, rid("ORD-1")) == "Desk/ORD-1"
    assert new.name_of(EntityKind.ORDERS, rid("ORD-2")) == "ORD-2"
    assert new.name_of(EntityKind.BLOCKS, rid("ORD-1")) == "ORD-1"
    assert diff(old, new)[EntityKind.PLACEMENTS].others, "rows that show the order look different"
