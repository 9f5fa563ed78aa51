"""A pane's view of its rows: filter, sort, totals, export; all pure, on a desk built by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tests.service.sample_rows import snapshot_of
from tui.api.base import CurrencyAndAmount, PerpetualProperty, PropertyValue, ResourceId
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.columns.filter import columns_by_name, headers_of, parse_filter
from tui.columns.filter_completion import pane_completer
from tui.columns.filter_grammar import (
    EXAMPLES,
    Either,
    Every,
    FilterError,
    Negated,
    Term,
    complete_part,
    parse,
)
from tui.columns.format import DisplayContext, clock, state_text
from tui.columns.panes import COLUMNS
from tui.columns.property_columns import PropertyColumn
from tui.columns.row_texts import CSV
from tui.columns.shown_rows import of_view
from tui.columns.sorted_rows import SortedRows
from tui.columns.steps import finish
from tui.columns.totals import Totals
from tui.columns.view import SortColumn, View, column_of
from tui.service.numbers import number, price
from tui.service.snapshot.snapshot import EntityKind
from tui.service.typed_times import Present

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
VOD = {"Instrument/default/Ticker": "VOD"}


def id(code: str) -> ResourceId:
    return ResourceId("demo", code)


def order(
    code: str, quantity: str | None, side: str = "Buy", state: str = "New", date: datetime | None = None
) -> Order:
    units = None if quantity is None else Decimal(quantity)
    return Order(
        id=id(code),
        side=side,
        state=state,
        quantity=units,
        instrument_identifiers=VOD,
        date=date,
    )


DESK = snapshot_of(
    orders=[
        order("ORD-10", "50000"),
        order("ORD-9", "1000", side="Sell", state="Filled"),
        order("ORD-2", None, state="On fire"),
        order("ORD-1", "2500.5", state="Rejected"),
    ]
)


def shown(*, filter: str = "", sort: str = "", descending: bool = False) -> list[str]:
    sorts = (SortColumn(sort, descending),) if sort else ()
    view = View(EntityKind.ORDERS, filter, sorts)
    return [id.code for id in finish(SortedRows.build(view, DESK)).ids]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["ORD-10", "ORD-9", "ORD-2", "ORD-1"]),
        ("vod", ["ORD-10", "ORD-9", "ORD-2", "ORD-1"]),
        ("side:sell", ["ORD-9"]),
        ("side=sell", ["ORD-9"]),
        ("!side:sell", ["ORD-10", "ORD-2", "ORD-1"]),
        ("quantity>=2.5k", ["ORD-10", "ORD-1"]),
        ("quantity=1,000", ["ORD-9"]),
        ("state:fire vod", ["ORD-2"]),
        ('state:"on fire"', ["ORD-2"]),
        ('state="on fire" vod', ["ORD-2"]),
        ('!state:"on fire" quantity>2k', ["ORD-10", "ORD-1"]),
        ('state:"on f', ["ORD-2"]),
        ('"on fire"', ["ORD-2"]),
        ('"side:sell"', []),
        ("quantity>1,000", ["ORD-10", "ORD-1"]),
        ("id=ord-9", ["ORD-9"]),
        ("scope:dem", ["ORD-10", "ORD-9", "ORD-2", "ORD-1"]),
        ("scope=demo id:9", ["ORD-9"]),
        ("!scope:demo", []),
        ("nothing-like-it", []),
        ("side:sell or state:fire", ["ORD-9", "ORD-2"]),
        ("vod side:sell OR quantity>=50k", ["ORD-10", "ORD-9"]),
        ("(side:sell or state:fire) !id:9", ["ORD-2"]),
        ("not (side:sell or state:fire)", ["ORD-10", "ORD-1"]),
        ("!(state:fire", ["ORD-10", "ORD-9", "ORD-1"]),
        ("vod and side:sell", ["ORD-9"]),
        ('"or"', ["ORD-10", "ORD-9", "ORD-2", "ORD-1"]),
        ("quantity:2500.5", ["ORD-1"]),
        ("quantity:2.5k", []),
        ("quantity:none", ["ORD-2"]),
        ("!quantity:none", ["ORD-10", "ORD-9", "ORD-1"]),
        ('"QUANTITY">2k', ["ORD-10", "ORD-1"]),
        ("Ｖｏｄ", ["ORD-10", "ORD-9", "ORD-2", "ORD-1"]),
        ("state:REJECTÉD", ["ORD-1"]),
        ("side=s", ["ORD-9"]),
        ("time:none", ["ORD-10", "ORD-9", "ORD-2", "ORD-1"]),
        ('"Time":today', []),
    ],
)
def test_a_filter_lets_through_what_it_says(text: str, codes: list[str]) -> None:
    assert shown(filter=text) == codes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour:red", "no column 'colour' here; there are id, quantity,"),
        ("stat:new", "There is no column 'stat' here; there is state."),
        ("quantty>5", "There is no column 'quantty' here; there is quantity."),
        ("side:", "'side:' says nothing to look for"),
        ("vod or", "'or' stands between two words"),
        ("or vod", "'or' stands between two words"),
        ("()", "says nothing to look for"),
        (">50k", "'>50k' names no column: write quantity>50k, or a time like >09:30."),
        ("date>soon", "Time: 'soon' is not a time; write it as 09:30,"),
        ("date:2m ago", "'2m ago' is a moment: write date>2m ago for since then, date<2m ago for before."),
        ("scope>demo", "A scope is compared with ':' or '='"),
        ("quantity>many", "'many' is not a number"),
        ("!", "nothing to look for"),
        ('""', "nothing to look for"),
        ('state:""', "nothing to look for"),
        ("quantity>1,5", "'1,5' is not a number: a comma groups thousands, the decimal mark is a point."),
        ("quantity=1,5", "'1,5' is not a number: a comma groups thousands, the decimal mark is a point."),
        ("quantity>1,00,000", "its commas do not group thousands"),
        ("quantity>1e3", "'1e3' is not a number"),
    ],
)
def test_a_filter_that_makes_no_sense_says_which_word(text: str, says: str) -> None:
    with pytest.raises(FilterError, match=says):
        shown(filter=text)


TODAY = Present(NOON, timezone(timedelta(hours=-5)))
"""Noon in London is seven in the morning in New York, where the dealer sits."""
ORDERED = snapshot_of(
    orders=[
        order("now", "1", date=NOON),
        order("early", "1", date=NOON.replace(hour=6)),
        order("night", "1", date=NOON.replace(hour=4, minute=59)),
        order("monday", "1", date=NOON.replace(day=16)),
        order("undated", "1"),
    ]
)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("date:today", ["now", "early"]),
        ("date:yesterday", ["night"]),
        ("date<today", ["night", "monday"]),
        ("date>yesterday", ["now", "early"]),
        ("date>=yesterday", ["now", "early", "night"]),
        ("date<=monday", ["monday"]),
        ("date:19 Nov", ["night"]),
        ("date>01:00", ["now"]),
        ("date>=01:00", ["now", "early"]),
        ("date:01:00 id:early", ["early"]),
        ("date>06:00Z", ["now"]),
        (">01:00", ["now"]),
        (">2h ago", ["now"]),
        ("<2h ago !date<yesterday", ["early", "night"]),
        ("date>yesterday 23:59 id:early or id:undated", ["early", "undated"]),
        ('date>"yesterday 23:00"', ["now", "early", "night"]),
        ("date:none", ["undated"]),
        ("date>tomorrow", []),
    ],
)
def test_times_in_a_filter_are_those_of_the_clock_the_dealer_sees(text: str, codes: list[str]) -> None:
    view = View(EntityKind.ORDERS, text, present=TODAY)
    assert [id.code for id in finish(SortedRows.build(view, ORDERED)).ids] == codes


def test_a_settlement_day_has_no_zone_and_lies_ahead() -> None:
    def share(code: str, settles: datetime) -> Allocation:
        return Allocation(
            id=id(code),
            allocated_order_id=id("ORD-9"),
            portfolio_id=id("P"),
            quantity=Decimal(1),
            settlement_date=settles,
            instrument_identifiers=VOD,
            price=CurrencyAndAmount(amount=Decimal(1), currency="GBP"),
        )

    midnight = NOON.replace(hour=0)
    desk = snapshot_of(allocations=[share("A", midnight), share("B", midnight.replace(day=23))])

    def settling(text: str) -> list[str]:
        view = View(EntityKind.ALLOCATIONS, text, present=TODAY)
        return [id.code for id in finish(SortedRows.build(view, desk)).ids]

    assert settling("settles:today") == ["A"]
    assert settling("settles:monday") == ["B"]
    assert settling("settles>today") == ["B"]
    with pytest.raises(FilterError, match="Settle: 'soon' is not a day; write it as today, friday"):
        settling("settles:soon")


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("vod", None),
        ("date>2026-11-19 09:30", None),
        ("date:today", "2026-11-21T05:00"),
        ("date>09:30", "2026-11-21T05:00"),
        ("date>2m ago", "2026-11-20T12:00:05"),
        ("date>10h ago or date:today", "2026-11-20T12:10"),
    ],
)
def test_a_filter_says_until_when_its_times_stand(text: str, until: str | None) -> None:
    wanted = None if until is None else datetime.fromisoformat(f"{until}+00:00")
    assert parse_filter(text, EntityKind.ORDERS, (), TODAY).until == wanted


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("vod side:", "vod"),
        ("side:buy or", "side:buy"),
        ("side:buy or (!", "side:buy"),
        ("!", ""),
        ("vod", "vod"),
        ("vod last activity>", "vod"),
    ],
)
def test_what_is_unfinished_at_the_end_waits_for_the_rest(typed: str, whole: str) -> None:
    is_header = headers_of(tuple(columns_by_name(EntityKind.BLOCKS)))
    assert complete_part(typed, is_header) == whole


HEADERS = [
    (kind, column)
    for kind in (EntityKind.BLOCKS, EntityKind.ORDERS, EntityKind.PLACEMENTS)
    for column in COLUMNS[kind]
    if " " in column.title
]


def test_a_header_of_several_words_needs_no_quotation_marks() -> None:
    assert len(HEADERS) > 10
    for kind, column in HEADERS:
        is_header = headers_of(tuple(columns_by_name(kind)))
        for begin in ("", "!", "vod ", "vod (side:sell or "):
            for end in (">5", ">=1", ":none", "<2m ago", "=x or y"):
                plain, marked = f"{begin}{column.title.lower()}{end}", f'{begin}"{column.title}"{end}'
                trees = [
                    parse(text, lambda name: "activity" in name, TODAY.is_time, is_header)
                    for text in (plain, marked)
                ]
                assert without_words(trees[0]) == without_words(trees[1])


def without_words(node: object) -> object:
    """Return a tree of terms without how their words were typed, in small letters."""
    match node:
        case Term(_, column, sign, text):
            return column.lower(), sign, text
        case Negated(part):
            return "!", without_words(part)
        case Every(parts) | Either(parts):
            return type(node), tuple(map(without_words, parts))
    raise AssertionError(node)


DESK_SIDE = PropertyColumn("Order/desk/Way", "Desk side", "String")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("quantity>2k % done<50", ["ORD-10", "ORD-1"]),
        ("%done<50 quantity>2k", ["ORD-10", "ORD-1"]),
        ("Time UTC:none !id:9", ["ORD-10", "ORD-2", "ORD-1"]),
        ("rules not passed:none state:fire", ["ORD-2"]),
        ("desk side:sell", []),
        ("desk side:none id:9", ["ORD-9"]),
        ('"desk" side:sell', []),
        ("vod side:sell", ["ORD-9"]),
    ],
)
def test_headers_are_found_among_words_that_mean_what_they_meant(text: str, codes: list[str]) -> None:
    view = View(EntityKind.ORDERS, text, properties=(DESK_SIDE,))
    assert [id.code for id in finish(SortedRows.build(view, DESK)).ids] == codes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("% dne>5", "no column 'dne' here; there is done."),
        ("passed:x", "no column 'passed' here; there is Rules not passed."),
        ("sized on:x", "no column 'on' here"),
        ("limit USD>5", "no column 'USD' here"),
        ('"limit USD">5', "no column 'limit USD' here; there is limit."),
        ("% done>many", "% done: 'many' is not a number"),
    ],
)
def test_a_header_that_is_spelt_wrong_is_told_with_the_right_one(text: str, says: str) -> None:
    with pytest.raises(FilterError, match=says):
        shown(filter=text)


def test_every_example_of_the_grammar_is_understood_by_the_blocks() -> None:
    for example, _ in EXAMPLES:
        parse_filter(example, EntityKind.BLOCKS, (), TODAY)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("si", ("side:", "Sized in:")),
        ("vod or por", ("portfolio:", "Portfolio name:")),
        ("side:", ("Buy", "Sell")),
        ("side:s", ("Sell",)),
        ("state:part", ()),
        ("state:r", ("rejected", '"On fire"')),
        ("!state:fi", ("filled", '"On fire"')),
        ("v", ("VOD",)),
        ("vod", ()),
        ("date>to", ("today",)),
        ("quantity:n", ("none",)),
        ("sco", ("scope:",)),
        ("scope:d", ("demo",)),
        ("side:buy ", ()),
        ("sized i", ("Sized in:",)),
        ("vod (rules not", ("Rules not passed:",)),
        ("% d", ("% done>",)),
        ("vod or % a", ("% ADV>",)),
        ("sized in:", ("units",)),
        ('"sized" in', ("instrument:",)),
    ],
)
def test_columns_and_their_values_complete_the_word_being_typed(typed: str, offered: tuple[str, ...]) -> None:
    found = pane_completer(EntityKind.ORDERS, DESK).complete(typed, len(typed))
    assert found.candidates == offered


def test_ids_sort_as_people_count_and_nothing_comes_last_either_way() -> None:
    assert shown(sort="id") == ["ORD-1", "ORD-2", "ORD-9", "ORD-10"]
    assert shown(sort="quantity") == ["ORD-9", "ORD-1", "ORD-10", "ORD-2"]
    assert shown(sort="quantity", descending=True) == ["ORD-10", "ORD-1", "ORD-9", "ORD-2"]


def test_asking_for_a_column_again_turns_the_order_and_then_the_newest_come_first_again() -> None:
    view = View(EntityKind.ORDERS).sorted_by("quantity")
    assert view.sorts == (SortColumn("quantity"),)
    view = view.sorted_by("quantity")
    assert view.sorts == (SortColumn("quantity", descending=True),)
    assert view.sorted_by("quantity") == View(EntityKind.ORDERS).newest_first()


def test_equal_rows_are_sorted_by_a_second_and_a_third_column_and_a_fourth_replaces_the_third() -> None:
    view = View(EntityKind.ORDERS).newest_first()
    for column in ("side", "state", "state", "id", "left"):
        view = view.further_sorted_by(column)
    assert view.sorts == (SortColumn("side"), SortColumn("state", descending=True), SortColumn("left"))
    view = view.further_sorted_by("state")
    assert view.sorts == (SortColumn("side"), SortColumn("left"))
    assert view.sorted_by("side").sorts == (SortColumn("side"),)


def test_money_is_added_up_per_currency_and_never_mixed() -> None:
    def share(code: str, units: str, amount: str, currency: str) -> Allocation:
        return Allocation(
            id=id(code),
            allocated_order_id=id("ORD-9"),
            portfolio_id=id("P"),
            quantity=Decimal(units),
            instrument_identifiers=VOD,
            price=CurrencyAndAmount(amount=Decimal(amount), currency=currency),
        )

    desk = snapshot_of(
        allocations=[share("A", "10", "2", "GBP"), share("B", "5", "3", "USD"), share("C", "1", "0.1", "GBP")]
    )
    sums = Totals(View(EntityKind.ALLOCATIONS))
    sums.add(desk, desk.allocations)
    assert sums.text(desk) == "quantity 16 · 20.10 GBP · 15.00 USD"


def test_a_bond_is_worth_a_hundredth_of_units_times_price() -> None:
    gilt = {"Instrument/default/Ticker": "UKT 4.5 09/07/34"}
    key = "Block/demo/AssetClass"
    known = Block(
        id=id("BLK-1"),
        order_ids=(),
        side="Buy",
        created_date=NOON,
        properties={key: PerpetualProperty(key=key, value=PropertyValue(label_value="Bond"))},
        instrument_identifiers=gilt,
        lusid_instrument_id="LUID_GILT",
    )
    fill = Execution(
        id=id("EXE-1"),
        placement_id=id("PLC-1"),
        quantity=Decimal(10_000_000),
        state="Filled",
        price=CurrencyAndAmount(amount=Decimal("99.37"), currency="GBP"),
        side="Buy",
        created_date=NOON,
        instrument_identifiers=gilt,
        lusid_instrument_id="LUID_GILT",
    )
    column = next(each for each in COLUMNS[EntityKind.EXECUTIONS] if each.id == "value")
    desk = snapshot_of(blocks=[known], executions=[fill])
    assert column.cell(desk, fill, DisplayContext()) == "9,937,000.00"
    assert column.cell(snapshot_of(executions=[fill]), fill, DisplayContext()) == "993,700,000.00"


def test_children_count_with_their_parent_and_not_again() -> None:
    def placement(code: str, units: str, parent: str | None = None) -> Placement:
        return Placement(
            id=id(code),
            parent_placement_id=id(parent) if parent else None,
            block_ids=(id("BLK"),),
            instrument_identifiers=VOD,
            quantity=Decimal(units),
            side="Buy",
            created_date=NOON,
        )

    desk = snapshot_of(
        placements=[placement("P", "100"), placement("P-1", "60", "P"), placement("P-2", "40", "P")]
    )
    sums = Totals(View(EntityKind.PLACEMENTS))
    sums.add(desk, desk.placements)
    assert "quantity 100 " in sums.text(desk)


def test_an_export_keeps_every_digit_and_no_cell_becomes_a_formula() -> None:
    desk = snapshot_of(orders=[order("ORD-1", "0.1234567890123456789", state="=cmd|'/c calc'!A1", date=NOON)])
    text = of_view(View(EntityKind.ORDERS), desk, list(desk.orders)).written(CSV)
    head, row, _ = text.split("\r\n")
    assert head.startswith("Order,Quantity,Portfolio,")
    assert "0.1234567890123456789" in row
    assert "'=cmd" in row
    assert "2026-11-20T12:00:00Z" in row


def test_numbers_are_grouped_and_never_rounded_away() -> None:
    assert number(Decimal("-1234567.5")) == "-1,234,567.5"
    assert number(Decimal("-0.0")) == "0"
    assert number(Decimal("1E+50")) == "1.000e+50"
    assert price(Decimal("0.82")) == "0.8200"
    assert price(Decimal("2750")) == "2,750.00"


def test_a_time_of_another_day_says_which() -> None:
    context = DisplayContext(zone=UTC, today=NOON.date())
    assert clock(NOON, context) == "12:00:00"
    assert clock(NOON.replace(day=19), context) == "19 Nov 12:00:00"
    assert clock(NOON.replace(year=2025), context) == "20 Nov 2025 12:00:00"
    assert clock(datetime.min.replace(tzinfo=UTC), context) == ""


def test_states_nobody_knows_are_printed_as_they_came() -> None:
    assert state_text("On fire", DisplayContext()) == "· On fire"
    assert state_text("canceled", DisplayContext()) == "✕ cancelled"
    assert state_text(None, DisplayContext()) == ""


def test_every_column_is_declared_once_and_explains_itself() -> None:
    for columns in COLUMNS.values():
        ids = [column.id for column in columns]
        assert len(ids) == len(set(ids))
        assert all(column.title and column.help and column.width > 0 for column in columns)


def test_a_column_that_is_not_declared_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        column_of(EntityKind.ORDERS, "nowhere")
