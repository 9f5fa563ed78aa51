"""The orders of a basket: what the form would make of the same words, and the same order for the same row."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import NINE, block, order, snapshot_of
from tui.actions.action import Scope
from tui.actions.basket_orders import orders_of, verb_of
from tui.actions.create import new_form, new_verb
from tui.api.requests import BlockAndOrdersRequest
from tui.service.basket.basket_reader import read_basket_text
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.verbs import CreateOrders

HERE = Environment("demo", EnvironmentKind.LOCAL)
DESK = snapshot_of(blocks=[block("BLK-1", "ORD-1")], orders=[order("ORD-1")], home="Desk")


def scope_of(snapshot: Snapshot = DESK) -> Scope:
    return Scope(snapshot, EntityKind.ORDERS, (), HERE, NINE, home="Desk")


def told(rows: str, headers: str = "Side,Ticker,Qty,Fund,Type,Limit,Stop,TIF,Till,Amount,Block,Ref") -> str:
    """Return what is wrong with one row."""
    return " ".join(map(str, orders_of(scope_of(), read_basket_text(f"{headers}\n{rows}\n")).faults))


def requests_of(text: str, scope: Scope | None = None) -> tuple[BlockAndOrdersRequest, ...]:
    scope = scope or scope_of()
    found = orders_of(scope, read_basket_text(text))
    assert not found.faults, found.faults
    return verb_of(scope, found).requests


@pytest.mark.parametrize(
    ("cells", "fields"),
    [
        ("buy,AAPL,50k,GROWTH,,,,,,,", {"side": "Buy", "orders": "GROWTH 50k"}),
        ("ss,aapl,10,INCOME,,189.5,,gtc,,,", {"side": "Sell short", "orders": "INCOME 10", "type": "Limit",
         "limit": "189.5", "tif": "Good till cancelled"}),
        ("Sell,BBG000B9XRY4,1.5m,GROWTH,stp,,185,IOC,,,", {"side": "Sell", "orders": "GROWTH 1.5m",
         "type": "Stop", "stop": "185", "tif": "Immediate or cancel"}),
        ("buy,AAPL,1,GROWTH,stop limit,190,189 USD,,2026-12-24,,BLK-1", {"orders": "GROWTH 1",
         "type": "Stop limit", "limit": "190", "stop": "189 USD", "tif": "Good till a date",
         "till": "2026-12-24", "block": "BLK-1"}),
        ("buy,AAPL,,GROWTH,,,,,,50k,", {"orders": "GROWTH 50k USD"}),
    ],
)  # fmt: skip
def test_a_row_means_what_the_form_means_with_the_same_words(cells: str, fields: dict[str, str]) -> None:
    scope = scope_of()
    form = new_form(scope)
    values = {field.id: field.value for field in form.fields} | {"instrument": "AAPL"} | fields
    typed = new_verb(scope, values)
    assert isinstance(typed, CreateOrders)
    headers = "Side,Ticker,Qty,Fund,Type,Limit,Stop,TIF,Till,Amount,Block"
    (made,) = requests_of(f"{headers}\n{cells}\n", scope)
    (asked,) = typed.requests
    same = replace(made, block_id=asked.block_id, orders=(replace(made.orders[0], id=asked.orders[0].id),))
    assert same == asked


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("hold,AAPL,5,GROWTH,,,,,,,,", "Line 2, A2 (Side): 'hold' is not a side"),
        (",AAPL,5,GROWTH,,,,,,,,", "Line 2, A2 (Side): There is no side."),
        ("buy,,5,GROWTH,,,,,,,,", "Line 2, B2 (Ticker): There is no instrument."),
        ("buy,VOD,5,GROWTH,,,,,,,,", "Line 2, B2 (Ticker): Neither desk nor server knows 'VOD'."),
        ("buy,AAPL,5x,GROWTH,,,,,,,,", "Line 2, C2 (Qty): '5x' is not a quantity"),
        ("buy,AAPL,-5,GROWTH,,,,,,,,", "Line 2, C2 (Qty): '-5' is not a quantity: it must be greater"),
        ("buy,AAPL,,GROWTH,,,,,,,,", "Line 2, C2 (Qty): There is neither a quantity nor an amount."),
        ("buy,AAPL,5,GROWTH,,,,,,5,,", "Line 2, C2 (Qty): There is a quantity and an amount"),
        ("buy,AAPL,5,,,,,,,,,", "Line 2, D2 (Fund): There is no portfolio."),
        ("buy,AAPL,5,a b,,,,,,,,", "Line 2, D2 (Fund): 'a b' is not a portfolio"),
        ("buy,AAPL,5,GROWTH,pegged,,,,,,,", "Line 2, E2 (Type): 'pegged' is not an order type"),
        ("buy,AAPL,5,GROWTH,limit,,,,,,,", "Line 2, E2 (Type): A limit order needs a limit price."),
        ("buy,AAPL,5,GROWTH,market,5,,,,,,", "Line 2, E2 (Type): At market there is no limit"),
        ("buy,AAPL,5,GROWTH,,1 GBP,,,,,,", "Line 2, F2 (Limit): AAPL trades in USD, not in GBP"),
        ('buy,AAPL,5,GROWTH,,"1,5",,,,,,', "Line 2, F2 (Limit): '1,5' is not a price"),
        ("buy,AAPL,5,GROWTH,,,,never,,,,", "Line 2, H2 (TIF): 'never' is not a time in force"),
        ("buy,AAPL,5,GROWTH,,,,gtd,,,,", "Line 2, I2 (Till): Type the day that it is good till."),
        ("buy,AAPL,5,GROWTH,,,,gtd,2020-01-01,,,", "Line 2, I2 (Till): 2020-01-01 is in the past"),
        ("buy,AAPL,,GROWTH,,,,,,1.234,,", "Line 2, J2 (Amount): '1.234' is not an amount"),
        ("buy,AAPL,5,GROWTH,,,,,,,,a b", "Line 2, L2 (Ref): 'a b' cannot be an id"),
    ],
)
def test_a_cell_at_fault_is_named_with_what_is_wrong(row: str, why: str) -> None:
    assert told(row).startswith(why), told(row)


def test_the_same_row_is_the_same_order_that_day_whatever_stands_around_it() -> None:
    one = requests_of("Side,Ticker,Qty,Fund\nbuy,AAPL,5,GROWTH\nbuy,AAPL,5,GROWTH\n")
    other = requests_of('{"Fund": "GROWTH", "Qty": 5, "Ticker": "AAPL", "Side": "buy"}\n' * 2)
    ids = [each.id for each in one[0].orders]
    assert ids == [each.id for each in other[0].orders]
    assert len(set(ids)) == 2, "rows that say the same are orders of their own"
    assert one[0].block_id == other[0].block_id
    tomorrow = replace(scope_of(), now=NINE + timedelta(days=1))
    (third,) = requests_of("Side,Ticker,Qty,Fund\nbuy,AAPL,5,GROWTH\n", tomorrow)
    assert third.orders[0].id not in ids, "another day it is another order"


def test_an_order_that_is_there_is_not_sent_again_also_once_it_is_cancelled() -> None:
    text = "Ref,Side,Ticker,Qty,Fund\nORD-1,buy,AAPL,5,GROWTH\nMINE-7,buy,AAPL,5,GROWTH\n"
    gone = snapshot_of(blocks=[block("BLK-1")], orders=[order("ORD-1", state="Cancelled")], home="Desk")
    for desk in (DESK, gone):
        found = orders_of(scope_of(desk), read_basket_text(text))
        assert [each.ref.id.code for each in found.repeated] == ["ORD-1"]
        assert [each.ref.id.code for each in found.new] == ["MINE-7"]
    assert "'MINE' stands in line 2 as well." in told(
        "buy,AAPL,5,GROWTH,,,,,,,,MINE\nsell,AAPL,5,GROWTH,,,,,,,,MINE"
    )


def test_rows_of_one_trade_share_a_block_and_others_may_not() -> None:
    text = "Side,Ticker,Qty,Fund,Block\nbuy,AAPL,5,GROWTH,\nbuy,AAPL,7,INCOME,\nsell,AAPL,1,GROWTH,\n"
    first, second = requests_of(text)
    assert [each.quantity for each in first.orders] == [Decimal(5), Decimal(7)]
    assert second.side == "Sell"
    assert "E3 (Block): It is another trade than line 2" in told(
        "buy,AAPL,5,GROWTH,MINE\nsell,AAPL,5,GROWTH,MINE", "Side,Ticker,Qty,Fund,Block"
    )


def test_without_a_side_the_sign_of_the_size_says_it() -> None:
    bought, sold = requests_of("Ticker,Qty,Fund\nAAPL,+5,GROWTH\nAAPL,-7,GROWTH\n")
    assert (bought.side, bought.orders[0].quantity) == ("Buy", Decimal(5))
    assert (sold.side, sold.orders[0].quantity) == ("Sell", Decimal(7))


def test_a_block_of_many_orders_takes_several_items_of_a_call() -> None:
    text = "Side,Ticker,Qty,Fund\n" + "".join(f"buy,AAPL,{size},GROWTH\n" for size in range(1, 252))
    made = requests_of(text)
    assert [len(each.orders) for each in made] == [100, 100, 51]
    assert len({each.block_id for each in made}) == 1
