"""Data that contradict themselves are shown as they came, and said to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import (
    NINE,
    allocation,
    block,
    execution,
    order,
    placement,
    rid,
    snapshot_of,
    transaction,
)
from tui.api.base import Version
from tui.api.models import Order, OrderGraphBlock
from tui.service.snapshot.block_totals import with_totals
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.contradictions import contradictions
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot, Unread

BLOCK, ORDER, PLACEMENT = EntityKind.BLOCKS, EntityKind.ORDERS, EntityKind.PLACEMENTS
EXECUTION, ALLOCATION = EntityKind.EXECUTIONS, EntityKind.ALLOCATIONS


def said(snapshot: Snapshot, kind: EntityKind, code: str) -> tuple[str, ...]:
    return contradictions(snapshot, Ref(kind, rid(code)))


def counting(made: OrderGraphBlock, *placements: str) -> OrderGraphBlock:
    """Return an entry of the graph that counts these placements."""
    details = tuple(type(made.placed.details[0])(id=rid(code)) for code in placements)
    return replace(made, placed=replace(made.placed, details=details))


def test_rows_that_agree_are_said_nothing_about() -> None:
    snapshot = snapshot_of(
        blocks=[block("BLK-1", "ORD-1", quantity=Decimal(100))],
        orders=[order("ORD-1")],
        placements=[
            placement("PLC-1", "BLK-1"),
            placement("PLC-2", "BLK-1", parent_placement_id=rid("PLC-1")),
        ],
        executions=[execution("EXE-1", "PLC-2")],
        allocations=[allocation("ALL-1", order="ORD-1", placement="PLC-1")],
        transactions=[transaction("TXN-1", allocation="ALL-1", order="ORD-1")],
    )
    refs = [Ref(kind, id) for kind in EntityKind for id in snapshot.rows(kind)]
    assert len(refs) == 7
    assert [contradictions(snapshot, ref) for ref in refs] == [()] * 7


def test_a_placement_that_is_its_own_ancestor_counts_every_fill_once() -> None:
    snapshot = snapshot_of(
        blocks=[block("BLK-1", "ORD-1")],
        orders=[order("ORD-1")],
        placements=[
            placement("PLC-1", "BLK-1", parent_placement_id=rid("PLC-3")),
            placement("PLC-2", "BLK-1", parent_placement_id=rid("PLC-1")),
            placement("PLC-3", "BLK-1", parent_placement_id=rid("PLC-2")),
            placement("PLC-4", "BLK-1", parent_placement_id=rid("PLC-4")),
        ],
        executions=[execution(f"EXE-{number}", f"PLC-{number}", "10") for number in (1, 2, 3, 4)],
    )
    for code in ("PLC-1", "PLC-2", "PLC-3", "PLC-4"):
        assert said(snapshot, PLACEMENT, code) == ("It is its own parent, or that of one of its parents.",)
    assert snapshot.executed_of_placement(rid("PLC-2")) == 30
    assert snapshot.executed_of_placement(rid("PLC-4")) == 10
    totals = snapshot.blocks[rid("BLK-1")]
    assert totals.placed.quantity == 200, "each circle counts once, and not as nothing"
    assert totals.executed.quantity == 40


def test_a_chain_of_two_thousand_parents_is_no_trouble() -> None:
    chain = [
        placement(f"PLC-{n}", "BLK-1", parent_placement_id=rid(f"PLC-{n - 1}") if n else None)
        for n in range(2_000)
    ]
    fill = execution("EXE-1", "PLC-1999", "7")
    snapshot = snapshot_of(blocks=[block("BLK-1")], placements=chain, executions=[fill])
    assert snapshot.executed_of_placement(rid("PLC-0")) == 7


def test_an_order_in_two_blocks_says_so_as_both_blocks_do() -> None:
    snapshot = snapshot_of(blocks=[block("BLK-1", "ORD-1"), block("BLK-2", "ORD-1")], orders=[order("ORD-1")])
    assert said(snapshot, ORDER, "ORD-1") == ("It is also in block BLK-1.",)
    assert said(snapshot, BLOCK, "BLK-1") == ("Its order ORD-1 is also in block BLK-2.",)
    assert said(snapshot, BLOCK, "BLK-2") == ("Its order ORD-1 is also in block BLK-1.",)


@pytest.mark.parametrize(
    ("kind", "rows", "code", "sentence"),
    [
        (BLOCK, {"blocks": [block("X", "ORD-9")]}, "X", "It names order ORD-9, which is not there."),
        (BLOCK, {"blocks": [block("X", "ORD-1", "ORD-1")]}, "X", "It names order ORD-1 2 times."),
        (BLOCK, {"blocks": [block("X", quantity=Decimal(-5))]}, "X", "Its quantity is negative."),
        (ORDER, {"orders": [order("X", "-5")]}, "X", "Its quantity is negative."),
        (
            PLACEMENT,
            {"placements": [placement("X", "BLK-9")]},
            "X",
            "It names block BLK-9, which is not there.",
        ),
        (PLACEMENT, {"placements": [placement("X")]}, "X", "It is for no block."),
        (
            PLACEMENT,
            {"placements": [placement("X", "BLK-1", parent_placement_id=rid("PLC-9"))]},
            "X",
            "It names placement PLC-9, which is not there.",
        ),
        (
            PLACEMENT,
            {"placements": [placement("X", "BLK-1", lusid_instrument_id="LUID_0000MSFT")]},
            "X",
            "Its instrument is not that of block BLK-1.",
        ),
        (
            EXECUTION,
            {"executions": [execution("X", "PLC-9")]},
            "X",
            "It names placement PLC-9, which is not there.",
        ),
        (
            ALLOCATION,
            {"allocations": [allocation("X", order="ORD-9", placement="PLC-1")]},
            "X",
            "It names order ORD-9, which is not there.",
        ),
        (
            ALLOCATION,
            {"allocations": [allocation("X", order="ORD-1", placement="PLC-1", portfolio_id=rid("INCOME"))]},
            "X",
            "It is for Desk/INCOME, its order for Desk/GROWTH.",
        ),
    ],
)
def test_what_a_row_says_wrongly_is_said(
    kind: EntityKind, rows: dict[str, list[Any]], code: str, sentence: str
) -> None:
    there: dict[str, list[Any]] = {
        "blocks": [block("BLK-1", "ORD-1")],
        "orders": [order("ORD-1")],
        "placements": [placement("PLC-1", "BLK-1")],
    }
    names = there | rows
    given: dict[str, Any] = {name: there.get(name, []) + rows.get(name, []) for name in names}
    snapshot = snapshot_of(**given)
    assert sentence in said(snapshot, kind, code)


def test_a_link_to_a_kind_that_could_not_be_read_is_no_contradiction() -> None:
    snapshot = snapshot_of(blocks=[block("BLK-1", "ORD-9")])
    unread = replace(snapshot, unread={ORDER: Unread("No.", permitted=False)})
    assert said(snapshot, BLOCK, "BLK-1")
    assert said(unread, BLOCK, "BLK-1") == ()
    assert said(replace(snapshot, complete=False), BLOCK, "BLK-1") == ()


def test_a_block_that_counts_the_placement_of_another_says_whose_it_is() -> None:
    rows = [placement("PLC-1", "BLK-1"), placement("PLC-2", "BLK-2")]
    blocks = [block("BLK-1", quantity=Decimal(100)), block("BLK-2", quantity=Decimal(100))]
    whole = snapshot_of(blocks=blocks, placements=rows)
    graph = [counting(with_totals(each, whole), "PLC-1", "PLC-2") for each in blocks]
    snapshot = snapshot_of(blocks=graph, placements=rows)
    assert said(snapshot, BLOCK, "BLK-1") == ("Its totals count placement PLC-2, which is for BLK-2.",)


def entity(unique: str, minutes: int, **fields: Any) -> Order:
    stamp = NINE.replace(minute=minutes)
    made = Version(as_at_modified=stamp, as_at_version_number=1, entity_unique_id=unique)
    return order("ORD-1", version=made, **fields)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_of_two_entities_of_one_id_the_newer_one_is_kept_whatever_comes_first(
    at_once: bool, turned: bool
) -> None:
    rows = [entity("one", 1, quantity="10"), entity("two", 2, quantity="20")]
    rows = rows[::-1] if turned else rows
    builder = SnapshotBuilder()
    for page in [rows] if at_once else [[row] for row in rows] * 2:
        builder.put(ORDER, page)
    snapshot = builder.freeze(complete=True)
    assert snapshot.orders[rid("ORD-1")].quantity == 20
    assert said(snapshot, ORDER, "ORD-1") == ("The server has two of this id; the newer one is shown.",)
    builder.put(ORDER, rows)
    assert builder.freeze() is snapshot, "nothing changes with every poll"


def test_the_same_placement_twice_in_a_page_leaves_no_link_behind() -> None:
    builder = SnapshotBuilder()
    builder.put(PLACEMENT, [placement("PLC-1", "BLK-1"), placement("PLC-1", "BLK-2")])
    snapshot = builder.freeze()
    assert snapshot.placements_of_block(rid("BLK-1")) == ()
    assert snapshot.placements_of_block(rid("BLK-2")) == (rid("PLC-1"),)
