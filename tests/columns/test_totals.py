"""What stands beneath a pane: money per side and currency, units only where they can be added."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import NINE, block, execution, order, placement, rid, snapshot_of
from tui.api.base import CurrencyAndAmount, PerpetualProperty, PropertyValue
from tui.columns.format import DisplayContext
from tui.columns.totals import Totals
from tui.columns.view import View, column_of
from tui.service.numbers import sum_text
from tui.service.snapshot.snapshot import EntityKind, Snapshot

ORDERS = EntityKind.ORDERS


def at(price: str, currency: str = "USD") -> CurrencyAndAmount:
    return CurrencyAndAmount(amount=Decimal(price), currency=currency)


def priced(code: str, units: str, price: str, currency: str, side: str = "Buy", luid: str = "LUID_A") -> Any:
    row = order(code, units)
    return replace(row, limit_price=at(price, currency), side=side, lusid_instrument_id=luid, price=None)


def totals_of(snapshot: Snapshot, kind: EntityKind = ORDERS, *codes: str) -> str:
    totals = Totals(View(kind))
    totals.add(snapshot, [rid(code) for code in codes] or snapshot.rows(kind))
    return totals.text(snapshot)


def test_money_of_two_sides_or_two_currencies_is_never_added_and_units_of_two_instruments_neither() -> None:
    desk = snapshot_of(
        orders=[
            priced("A", "100", "10", "GBP"),
            priced("B", "50", "20", "GBP", luid="LUID_B"),
            priced("C", "300", "10", "GBP", side="Sell"),
            priced("D", "40", "250", "USD", luid="LUID_C"),
        ]
    )
    assert totals_of(desk) == "buy 2,000.00 GBP · sell 3,000.00 GBP · buy 10,000 USD"
    assert totals_of(desk, ORDERS, "A", "C") == "buy 1,000.00 GBP · sell 3,000.00 GBP"
    assert totals_of(desk, ORDERS, "A").startswith("quantity 100 · "), "one instrument, one side"


def test_an_order_without_a_price_is_worth_its_units_at_the_last_price_of_now() -> None:
    free = replace(order("A", "100"), price=None, limit_price=None)
    fill = replace(execution("EXE-1", "PLC-1", "10"), price=at("12.5"))
    desk = snapshot_of(orders=[free], placements=[placement("PLC-1", "BLK-1")], executions=[fill])
    totals = Totals(View(ORDERS))
    totals.add(desk, desk.orders)
    assert "buy 1,250.00 USD" in totals.text(desk)
    dearer = snapshot_of(
        orders=[free],
        placements=[placement("PLC-1", "BLK-1")],
        executions=[replace(fill, price=at("13"))],
    )
    assert "buy 1,300.00 USD" in totals.text(dearer), "without counting a row again"
    totals.subtract(dearer, dearer.orders)
    assert totals.text(dearer) == ""


def test_what_nobody_can_price_is_counted_beside_the_sum() -> None:
    desk = snapshot_of(
        orders=[priced("A", "100", "10", "GBP"), replace(order("B", "5"), price=None, limit_price=None)]
    )
    assert totals_of(desk).endswith("buy 1,000.00 GBP + 1 unknown")
    assert totals_of(desk, ORDERS, "B").endswith("worth ?")


def test_a_cancelled_order_is_no_money_any_more() -> None:
    gone = replace(priced("A", "100", "10", "GBP"), state="Cancelled")
    desk = snapshot_of(orders=[gone])
    assert "GBP" not in totals_of(desk)
    assert column_of(ORDERS, "notional").cell(desk, gone, DisplayContext()) == "0"


@pytest.mark.parametrize(("side", "said"), [("Buy", "+100.0"), ("Sell", "-100.0"), ("SellShort", "-100.0")])
def test_slippage_is_what_the_fills_cost_against_the_price_the_orders_carry(side: str, said: str) -> None:
    orders = [replace(order("ORD-1", "100"), price=at("10"), side=side)]
    fill = replace(execution("EXE-1", "PLC-1", "100"), price=at("10.1"), side=side)
    desk = snapshot_of(
        blocks=[block("BLK-1", "ORD-1", side=side)],
        orders=orders,
        placements=[replace(placement("PLC-1", "BLK-1", quantity="100"), side=side)],
        executions=[fill],
    )
    for kind, code in ((EntityKind.BLOCKS, "BLK-1"), (EntityKind.PLACEMENTS, "PLC-1")):
        row = desk.rows(kind)[rid(code)]
        assert column_of(kind, "slippage").cell(desk, row, DisplayContext()) == said
    unpriced = snapshot_of(
        blocks=[block("BLK-1", "ORD-1", side=side)],
        orders=[replace(orders[0], price=None)],
        placements=list(desk.placements.values()),
        executions=[fill],
    )
    row = unpriced.blocks[rid("BLK-1")]
    assert column_of(EntityKind.BLOCKS, "slippage").cell(unpriced, row, DisplayContext()) == ""


def test_a_small_part_is_less_than_a_tenth_and_nothing_is_zero() -> None:
    column, context = column_of(EntityKind.BLOCKS, "done"), DisplayContext()
    assert [column.text(Decimal(each), context) for each in ("0", "0.0002", "0.05", "33.333", "100")] == [
        "0.0",
        "<0.1",
        "<0.1",
        "33.3",
        "100.0",
    ]
    assert sum_text(Decimal("12345.67"), "JPY") == "12,346 JPY"


def test_a_row_says_who_trades_it_how_old_it_is_and_what_the_broker_says() -> None:
    said = PerpetualProperty(
        key="Placement/demo/Reason", value=PropertyValue(label_value="ALBN: no borrow found")
    )
    refused = replace(
        placement("PLC-1", "BLK-1"), state="Rejected", counterparty="ALBN", properties={said.key: said}
    )
    own = PerpetualProperty(key="Order/desk/Trader", value=PropertyValue(label_value="dlr.okafor"))
    asked = replace(order("ORD-1"), properties={own.key: own})
    desk = snapshot_of(blocks=[block("BLK-1", "ORD-1")], orders=[asked], placements=[refused])
    later = DisplayContext(minute=NINE + timedelta(minutes=65))

    def cell(kind: EntityKind, id: str, row: Any) -> str:
        return column_of(kind, id).cell(desk, row, later)

    assert cell(EntityKind.PLACEMENTS, "reason", refused) == "no borrow found"
    done = replace(refused, state="Filled")
    assert cell(EntityKind.PLACEMENTS, "age", done) == "", "nothing more may come of it"
    assert cell(ORDERS, "age", asked) == "1h05"
    assert cell(ORDERS, "trader", asked) == "dlr.okafor"
    assert cell(EntityKind.PLACEMENTS, "trader", refused) == "pm.hart", "who made it, where no property says"


def test_only_what_a_broker_may_still_fill_is_left() -> None:
    """A rejected or expired placement is none; one that is replaced works on, on its new terms."""
    states = ("Working", "Replaced", "PendingCancel", "Rejected", "Expired", "DFD", "Calculated", "Canceled")
    rows = [placement(f"PLC-{state}", "BLK-1", state=state) for state in states]
    desk = snapshot_of(placements=rows)
    left = column_of(EntityKind.PLACEMENTS, "open")
    shown = {row.state: left.cell(desk, row, DisplayContext()) for row in rows}
    assert [shown[state] for state in states] == ["100"] * 3 + ["0"] * 5
    assert "left 300 · " in totals_of(desk, EntityKind.PLACEMENTS)
    assert "open buy 57,000 USD" in totals_of(desk, EntityKind.PLACEMENTS)
