"""Prices and money of unusual currencies in the panes: by the currency's decimals, never shown as zero."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import block, execution, order, placement, snapshot_of
from tui.api.base import CurrencyAndAmount
from tui.api.models import Execution
from tui.columns.format import DisplayContext
from tui.columns.panes import COLUMNS
from tui.columns.row_texts import CSV
from tui.columns.shown_rows import of_view
from tui.columns.totals import Totals
from tui.columns.view import View, column_of
from tui.service.snapshot.snapshot import EntityKind, Snapshot


def fill(code: str, quantity: str, price: str | None, currency: str) -> Execution:
    money = CurrencyAndAmount(amount=None if price is None else Decimal(price), currency=currency)
    row = execution(code, "PLC-1", quantity)
    return Execution(
        **{name: getattr(row, name) for name in row.__struct_fields__ if name != "price"}, price=money
    )


def fills(*rows: Execution) -> Snapshot:
    return snapshot_of(placements=[placement("PLC-1", "BLK-1")], executions=rows)


def cell(snapshot: Snapshot, kind: EntityKind, name: str) -> str:
    (row,) = snapshot.rows(kind).values()
    return column_of(kind, name).cell(snapshot, row, DisplayContext()).strip()


@pytest.mark.parametrize(
    ("quantity", "price", "currency", "shown", "average", "worth"),
    [
        ("1", "0.0000000123", "USD", "0.0000000123", "0.0000000123", "0.0000000123"),
        ("1", "0.00000812", "BTC", "0.00000812", "0.00000812", "0.00000812"),
        ("3", "0.000155", "BTC", "0.000155", "0.000155", "0.000465"),
        ("1", "0.125", "KWD", "0.125", "0.12500", "0.125"),
        ("10", "1234", "JPY", "1,234", "1,234.00", "12,340"),
        ("10", "-37.63", "USD", "-37.63", "-37.6300", "-376.30"),
        ("10", "0.82", "GBP", "0.8200", "0.820000", "8.20"),
    ],
)
def test_a_fill_is_shown_with_the_decimals_of_its_currency(
    quantity: str, price: str, currency: str, shown: str, average: str, worth: str
) -> None:
    snapshot = fills(fill("EXE-1", quantity, price, currency))
    assert cell(snapshot, EntityKind.EXECUTIONS, "price") == shown
    assert cell(snapshot, EntityKind.EXECUTIONS, "value") == worth
    assert cell(snapshot, EntityKind.PLACEMENTS, "average") == average


def test_money_is_added_up_per_currency_each_with_its_own_decimals_and_exported_exactly() -> None:
    snapshot = fills(
        fill("EXE-1", "3", "1234.5", "JPY"),
        fill("EXE-2", "1", "0.125", "KWD"),
        fill("EXE-3", "7", "0.00000812", "BTC"),
        fill("EXE-4", "3", "0.333", "USD"),
    )
    totals = Totals(View(EntityKind.EXECUTIONS))
    totals.add(snapshot, snapshot.executions)
    assert totals.text(snapshot) == (
        "quantity 14 · buy 0.00005684 BTC · buy 3,704 JPY · buy 0.125 KWD · buy 1.00 USD"
    )
    exported = (
        of_view(View(EntityKind.EXECUTIONS), snapshot, tuple(snapshot.executions)).written(CSV).splitlines()
    )
    at = [column.id for column in COLUMNS[EntityKind.EXECUTIONS]].index("value")
    assert [line.split(",")[at] for line in exported[1:]] == ["3703.5", "0.125", "0.00005684", "0.999"]


def test_a_missing_price_never_counts_as_nothing_in_an_average() -> None:
    snapshot = fills(fill("EXE-1", "10", "200", "USD"), fill("EXE-2", "90", None, "USD"))
    assert cell(snapshot, EntityKind.PLACEMENTS, "average") == "200.0000"
    assert cell(snapshot, EntityKind.PLACEMENTS, "executed") == "100"


def test_a_block_of_orders_by_weight_is_not_shown_as_nothing() -> None:
    by_weight = replace(order("ORD-1"), quantity=None, weight=Decimal("0.25"))
    snapshot = snapshot_of(blocks=[block("BLK-1", "ORD-1", quantity=Decimal(0))], orders=[by_weight])
    assert cell(snapshot, EntityKind.BLOCKS, "ordered") == ""
    assert cell(snapshot, EntityKind.ORDERS, "quantity") == ""
    assert cell(snapshot, EntityKind.ORDERS, "basis") == "weight 25.00%"
