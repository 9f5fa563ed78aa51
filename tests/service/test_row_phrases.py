"""Rows in words: short ids, alike rows as one trade, others by their names."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from tests.service.sample_rows import block, order, rid, snapshot_of
from tui.service.row_phrases import rows_in_words, rows_named
from tui.service.snapshot.naming import instrument_and_id, short
from tui.service.snapshot.snapshot import EntityKind


def test_a_long_id_is_cut_in_its_middle() -> None:
    assert short("ORD-01KB6Z3V8M0000000000000417") == "ORD-01KB6…00000417"


def test_no_sentence_begins_with_an_id() -> None:
    long = "BLK-01KB6Z3V8M0000000000000417"
    rows = snapshot_of(blocks=[block(long, "ORD-1")], orders=[order("ORD-1")])
    assert instrument_and_id(rows, EntityKind.BLOCKS, rid(long)) == "AAPL (BLK-01KB6…00000417)"
    assert instrument_and_id(rows, EntityKind.BLOCKS, rid("BLK-9")) == "block BLK-9"


def test_rows_of_another_scope_are_named_with_it() -> None:
    elsewhere = snapshot_of(
        home="demo", blocks=[block("BLK-1", "ORD-1")], orders=[order("ORD-1"), order("ORD-3", type="Market")]
    )
    assert (
        rows_in_words(elsewhere, EntityKind.ORDERS, (rid("ORD-1"), rid("ORD-3"))) == "Desk/ORD-1, Desk/ORD-3"
    )
    assert rows_named(elsewhere, EntityKind.BLOCKS, (rid("BLK-1"),)) == "Desk/BLK-1"
    assert rows_in_words(elsewhere, EntityKind.ORDERS, (rid("ORD-1"),)).endswith(" · Desk/ORD-1")


def test_alike_rows_are_one_trade_and_many_are_named_by_their_first() -> None:
    rows = snapshot_of(orders=[order(f"ORD-{number}") for number in range(1, 41)])
    ids = tuple(rid(f"ORD-{number}") for number in range(1, 41))
    alike = rows_in_words(rows, EntityKind.ORDERS, ids[:2])
    assert alike.startswith("Buy 200 AAPL limit 190 USD, day, for ")
    many = rows_in_words(rows, EntityKind.ORDERS, ids)
    assert many == "ORD-1, ORD-2, ORD-3, ORD-4 and 36 more"


def test_a_block_that_is_ordered_by_weight_is_never_a_trade_of_nothing() -> None:
    by_weight = replace(order("ORD-1"), quantity=None, weight=Decimal("0.025"))
    rows = snapshot_of(blocks=[block("BLK-1", "ORD-1", quantity=Decimal(0))], orders=[by_weight])
    assert rows_in_words(rows, EntityKind.BLOCKS, (rid("BLK-1"),)).startswith("Buy ? ")
