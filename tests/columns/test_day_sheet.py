"""The sheet of a day: each figure is what a pane says with a filter, and no money is mixed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.columns.test_totals import at
from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
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
from tui.api.http import asgi_transport
from tui.columns.day_columns import DAY_COLUMNS
from tui.columns.filter import parse_filter
from tui.columns.row_texts import CSV
from tui.columns.steps import finish
from tui.columns.totals import Totals
from tui.columns.view import View
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server
from tui.service.day_sheet.day_bounds import day_at, day_of
from tui.service.day_sheet.day_report import (
    NOBODY,
    SEVERAL,
    DaySheet,
    Dimension,
    Figure,
    SheetLine,
    day_sheet,
)
from tui.service.numbers import sum_text
from tui.service.snapshot.snapshot import EntityKind, Snapshot, is_listed
from tui.service.typed_times import Present

DAY: Final = day_of(date(2026, 11, 20), UTC)
BLOCKS, ORDERS, PLACEMENTS, EXECUTIONS, ALLOCATIONS = list(EntityKind)[:5]
Sums = dict[tuple[str, str], Decimal]
"""Money by currency and side."""


def sheet_of(snapshot: Snapshot, user: str = "") -> DaySheet:
    return finish(day_sheet(snapshot, DAY, user))


def sums(sheet: DaySheet, dimension: Dimension, figure: Figure, name: str = "") -> Sums:
    """Return what a figure adds up to in a dimension, or in its lines of one name, in millionths."""
    found: Sums = defaultdict(Decimal)
    for line in sheet.sums(dimension):
        if figure in line.money and (not name or line.key.name == name):
            found[line.key.currency, line.key.side] += line.money[figure]
    return {key: round(money, 6) for key, money in found.items()}


def shown(kind: EntityKind, snapshot: Snapshot, filter: str = "") -> list[Any]:
    """Return the ids that a pane shows at noon of the day under a filter."""
    test = (
        parse_filter(filter, kind, (), Present(DAY.begin + timedelta(hours=12), UTC)).test if filter else None
    )
    rows = snapshot.rows(kind).items()
    return [id for id, row in rows if is_listed(row) and (test is None or test(snapshot, row))]


def pane_total(kind: EntityKind, column: str, snapshot: Snapshot, filter: str = "") -> list[str]:
    """Return what the line beneath a pane says of a column of money, without what nobody can price."""
    totals = Totals(View(kind))
    totals.add(snapshot, shown(kind, snapshot, filter))
    said = [re.sub(r" \+ [\d,]+ unknown$", "", each) for each in totals.money(column, snapshot)]
    return [each for each in said if each != "worth ?"]


def as_pane(found: Sums) -> list[str]:
    """Return sums as a pane's line says them."""
    sides = ("buy", "cover", "sell", "short")
    ordered = sorted(found.items(), key=lambda each: (each[0][0], sides.index(each[0][1])))
    return [f"{side} {sum_text(total, currency)}" for (currency, side), total in ordered]


def unallocated_in_panes(snapshot: Snapshot) -> Sums:
    """Return what the pane of placements says is executed and not allocated, at the average that it shows.

    What children executed counts with their parent.
    """
    found: Sums = defaultdict(Decimal)
    for id in shown(PLACEMENTS, snapshot):
        row = snapshot.placements[id]
        executed, average = snapshot.executed_of_placement(id), snapshot.average_price_of_placement(id)
        family = (id, *snapshot.children_of_placement(id))
        left = (executed or 0) - sum(snapshot.allocated_of_placement(each) or 0 for each in family)
        if row.parent_placement_id is None and average is not None and left > 0:
            [currency] = {fill.price.currency or "" for fill in snapshot.fills_of_placement(id)}
            found[currency, row.side.lower()] += left * average * snapshot.price_unit(row.lusid_instrument_id)
    return {key: round(money, 6) for key, money in found.items()}


def check_against_panes(snapshot: Snapshot) -> DaySheet:
    """Compare each figure with what the panes of the same snapshot say, and return the sheet."""
    sheet = sheet_of(snapshot)
    for dimension in (Dimension.CURRENCY, Dimension.BROKER):
        traded = as_pane(sums(sheet, dimension, Figure.TRADED))
        assert traded == pane_total(EXECUTIONS, "value", snapshot, "created:today !state:cancelled")
    allocated = as_pane(sums(sheet, Dimension.PORTFOLIO, Figure.TRADED))
    assert allocated == pane_total(ALLOCATIONS, "value", snapshot, "date:today !state:cancelled")
    for dimension, kind in ((Dimension.CURRENCY, BLOCKS), (Dimension.BROKER, PLACEMENTS)):
        assert as_pane(sums(sheet, dimension, Figure.LEFT)) == pane_total(kind, "open_value", snapshot)
    unbooked = as_pane(sums(sheet, Dimension.CURRENCY, Figure.UNBOOKED))
    waiting = [id for id in shown(ALLOCATIONS, snapshot, "!state:cancelled") if not snapshot.is_booked(id)]
    totals = Totals(View(ALLOCATIONS))
    totals.add(snapshot, waiting)
    assert unbooked == totals.money("value", snapshot)
    assert sums(sheet, Dimension.CURRENCY, Figure.UNALLOCATED) == unallocated_in_panes(snapshot)
    for figure in (Figure.UNALLOCATED, Figure.UNBOOKED, Figure.REJECTED):
        everywhere = [sums(sheet, each, figure) for each in (Dimension.BROKER, Dimension.PORTFOLIO)]
        assert everywhere == [sums(sheet, Dimension.CURRENCY, figure)] * 2, figure
    check_parts(sheet)
    return sheet


def check_parts(sheet: DaySheet) -> None:
    """Check that each sum is that of the instruments behind it."""
    whole: SheetLine | None = None
    added: dict[Figure, Decimal] = {}
    for line in (*sheet.lines, SheetLine(sheet.lines[0].key)):
        if not line.is_part:
            assert whole is None or not added or added == whole.money
            whole, added = line, {}
        for figure, money in line.money.items() if line.is_part else ():
            added[figure] = added.get(figure, Decimal(0)) + money


def line_of(sheet: DaySheet, dimension: Dimension, name: str, side: str = "buy") -> SheetLine:
    [found] = [each for each in sheet.sums(dimension) if each.key.name == name and each.key.side == side]
    return found


# --- the demo, and made-up days ------------------------------------------------------------------


async def test_the_sums_of_the_demo_are_those_of_its_panes() -> None:
    embedded = await seeded_server(start=datetime(2026, 11, 20, 15, 30, tzinfo=UTC))
    dealer = Dealer.at(asgi_transport(embedded.app))
    try:
        assert await dealer.desk.load()
        while await dealer.desk.read_bookings():
            pass
        sheet = check_against_panes(dealer.desk.snapshot)
    finally:
        await dealer.desk.close()
        await dealer.desk.client.close()
        await embedded.close()
    assert {line.key.currency for line in sheet.sums(Dimension.CURRENCY)} >= {
        "CHF",
        "EUR",
        "GBP",
        "JPY",
        "USD",
    }
    assert line_of(sheet, Dimension.USER, "dlr.okafor", "placements made").count > 1
    assert sums(sheet, Dimension.CURRENCY, Figure.REJECTED), "the demo has rejected placements"


AMOUNTS: Final = st.decimals("0.01", "999999", places=2)
NAMES: Final = st.sampled_from(("GROWTH", "INCOME", "CORE"))
PRICES: Final = st.builds(at, AMOUNTS.map(str), st.sampled_from(("USD", "GBP", "JPY")))
MOMENTS: Final = st.sampled_from([NINE - timedelta(hours=each) for each in (0, 8, 9, 10, 30)])


@st.composite
def trades(draw: st.DrawFn, number: int) -> dict[str, list[Any]]:
    """Draw a block of one to three orders with all that came of it, or part of that."""
    luid, side = draw(st.sampled_from(("LUID_A", "LUID_B"))), draw(st.sampled_from(("Buy", "Sell")))
    same: Mapping[str, Any] = {"lusid_instrument_id": luid, "side": side}
    price = draw(PRICES)
    orders = [
        order(f"ORD-{number}-{each}", str(draw(AMOUNTS)), draw(NAMES), limit_price=price, **same)
        for each in range(draw(st.integers(1, 3)))
    ]
    whole = sum((each.quantity or Decimal(0) for each in orders), Decimal(0))
    state = draw(st.sampled_from(("New", "Rejected", "Cancelled", "PartiallyFilled")))
    broker = draw(st.sampled_from(("ALBN", "KEYS", None)))
    placed = placement(
        f"PLC-{number}",
        f"BLK-{number}",
        quantity=str(whole),
        state=state,
        counterparty=broker,
        limit_price=price,
        version=Version(as_at_modified=draw(MOMENTS)),
        **same,
    )
    made: dict[str, list[Any]] = {"executions": [], "allocations": [], "transactions": []}
    for each in range(draw(st.integers(0, 3))):
        fill = execution(
            f"EXE-{number}-{each}",
            f"PLC-{number}",
            str(draw(AMOUNTS)),
            state=draw(st.sampled_from(("Filled", "Cancelled"))),
            created_date=draw(MOMENTS),
            counterparty=broker,
            **same,
        )
        made["executions"].append(replace(fill, price=replace(price, amount=draw(AMOUNTS))))
    for each, asked in enumerate(orders):
        if draw(st.booleans()):
            share = allocation(
                f"ALL-{number}-{each}",
                order=asked.id.code,
                placement=f"PLC-{number}",
                quantity=str(draw(AMOUNTS)),
                portfolio_id=asked.portfolio_id,
                price=price,
                date=draw(MOMENTS),
                **same,
            )
            made["allocations"].append(share)
            if draw(st.booleans()):
                booked = transaction(f"TX-{number}-{each}", allocation=share.id.code, order=asked.id.code)
                made["transactions"].append(booked)
    codes = [each.id.code for each in orders]
    return {
        "blocks": [block(f"BLK-{number}", *codes, **same)],
        "orders": orders,
        "placements": [placed],
        **made,
    }


@st.composite
def days(draw: st.DrawFn) -> Snapshot:
    """Draw the desk of a small day."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for number in range(draw(st.integers(1, 4))):
        for kind, found in draw(trades(number)).items():
            rows[kind] += found
    return snapshot_of(
        blocks=rows["blocks"],
        orders=rows["orders"],
        placements=rows["placements"],
        executions=rows["executions"],
        allocations=rows["allocations"],
        transactions=rows["transactions"],
    )


@settings(max_examples=40)
@given(days())
def test_the_sums_of_any_small_day_are_those_of_its_panes(snapshot: Snapshot) -> None:
    check_against_panes(snapshot)


# --- one case each ------------------------------------------------------------------------------


def test_a_busted_fill_and_one_of_yesterday_were_not_traded_today() -> None:
    fills = [
        execution("EXE-1", "PLC-1", "10", "100"),
        execution("EXE-2", "PLC-1", "30", "110"),
        execution("EXE-3", "PLC-1", "5", state="Cancelled"),
        execution("EXE-4", "PLC-1", "7", created_date=DAY.begin - timedelta(microseconds=1)),
        execution("EXE-5", "PLC-1", "9", created_date=DAY.end),
    ]
    desk = snapshot_of(placements=[placement("PLC-1", "BLK-1", counterparty="ALBN")], executions=fills)
    line = line_of(sheet_of(desk), Dimension.BROKER, "ALBN")
    assert (line.count, line.units, line.average) == (2, Decimal(40), Decimal("107.5"))
    assert line.money[Figure.TRADED] == 4_300


def test_a_bond_is_worth_its_price_per_hundred_and_its_average_is_a_price() -> None:
    gilt: Mapping[str, Any] = {
        "lusid_instrument_id": "LUID_GILT",
        "instrument_identifiers": {"Instrument/default/Isin": "GB0004893086"},
    }
    fill = execution("EXE-1", "PLC-1", "2000", "99.5", **gilt)
    desk = snapshot_of(placements=[placement("PLC-1", "BLK-1", **gilt)], executions=[fill])
    known = replace(desk.instruments["LUID_GILT"], asset_class="Gilt")
    line = line_of(sheet_of(replace(desk, instruments={"LUID_GILT": known})), Dimension.CURRENCY, "USD")
    assert line.money[Figure.TRADED] == 1_990
    assert line.average == Decimal("99.5")


def test_a_fill_without_a_price_is_counted_and_neither_in_the_sum_nor_in_the_average() -> None:
    fills = [execution("EXE-1", "PLC-1", "10", "100"), execution("EXE-2", "PLC-1", "30")]
    fills[1] = replace(fills[1], price=replace(fills[1].price, amount=None))
    desk = snapshot_of(placements=[placement("PLC-1", "BLK-1")], executions=fills)
    lines = [each for each in sheet_of(desk).sums(Dimension.BROKER) if each.key.name == NOBODY]
    assert sum(line.unknown for line in lines) == 2, "the fill, and what of it is not allocated"
    [traded] = [line for line in lines if Figure.TRADED in line.money]
    assert (traded.money[Figure.TRADED], traded.average) == (Decimal(1_000), Decimal(100))


def test_fills_of_a_block_of_several_portfolios_belong_to_none_until_they_are_allocated() -> None:
    orders = [order("ORD-1", "10", "GROWTH"), order("ORD-2", "30", "INCOME")]
    rows: Mapping[str, Any] = {
        "blocks": [block("BLK-1", "ORD-1", "ORD-2")],
        "orders": orders,
        "placements": [placement("PLC-1", "BLK-1", quantity="40", counterparty="ALBN")],
        "executions": [execution("EXE-1", "PLC-1", "40", "100")],
    }
    before = sheet_of(snapshot_of(**rows))
    assert line_of(before, Dimension.PORTFOLIO, SEVERAL).money == {Figure.UNALLOCATED: 4_000}
    shares = [allocation("ALL-1", order="ORD-1", placement="PLC-1", quantity="10", price=at("100"))]
    after = sheet_of(snapshot_of(**rows, allocations=shares))
    assert line_of(after, Dimension.PORTFOLIO, SEVERAL).money == {Figure.UNALLOCATED: 3_000}
    growth = line_of(after, Dimension.PORTFOLIO, "GROWTH")
    assert growth.money == {Figure.TRADED: 1_000, Figure.UNBOOKED: 1_000}
    assert line_of(after, Dimension.BROKER, "ALBN").money[Figure.UNBOOKED] == 1_000


def test_who_did_what_is_counted_by_the_day_and_the_reader_stands_first() -> None:
    def made(user: str, at: datetime = NINE, by: str = "", later: int = 0) -> Version:
        changed = at + timedelta(hours=later)
        return Version(
            as_at_created=at, user_id_created=user, as_at_modified=changed, user_id_modified=by or user
        )

    desk = snapshot_of(
        orders=[
            order("ORD-1", version=made("ann")),
            order("ORD-2", version=made("zoe"), state="New"),
            order("ORD-3", version=made("zoe", by="ann", later=1), state="Cancelled"),
            order("ORD-4", version=made("ann", NINE - timedelta(days=1))),
        ],
        placements=[placement("PLC-1", "BLK-1", version=made("zoe", by="broker", later=2), state="Rejected")],
    )
    sheet = sheet_of(desk, "zoe")
    said = [(line.key.name, line.count, line.key.side, line.is_own) for line in sheet.sums(Dimension.USER)]
    assert said == [
        ("zoe", 2, "orders made", True),
        ("zoe", 1, "placements made", True),
        ("ann", 1, "orders made", False),
        ("ann", 1, "orders cancelled", False),
        ("broker", 1, "placements rejected", False),
    ]


async def test_what_was_refused_here_is_counted_though_no_row_tells_of_it(engine: Engine) -> None:
    dealer = Dealer.at(asgi_transport(Server(engine)))
    await dealer.desk.load()
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.place("PLC-1", "BLK-1", 60)
    refused = await dealer.place("PLC-2", "BLK-9", 10)
    assert refused.refused
    journal = dealer.desk.journal_entries()
    journal.read(100)
    assert await dealer.desk.refresh()
    today = day_at(datetime.now(UTC), UTC)
    decisions = journal.newest_first().values()
    sheet = finish(day_sheet(dealer.desk.snapshot, today, dealer.desk.user, decisions))
    said = {line.key.side: line.count for line in sheet.sums(Dimension.USER)}
    assert said == {
        "blocks made": 1,
        "orders made": 1,
        "placements made": 1,
        "writes from here done": 2,
        "writes from here with refusals": 1,
    }
    await dealer.desk.close()
    await dealer.desk.client.close()


def test_the_desks_zone_says_which_day_it_is() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert day_at(late, UTC).date == date(2026, 11, 20)
    tokyo = day_at(late, ZoneInfo("Asia/Tokyo"))
    assert tokyo.date == date(2026, 11, 21)
    assert late in tokyo
    assert datetime(2026, 11, 20, 14, 59, tzinfo=UTC) not in tokyo
    spring = day_of(date(2026, 3, 29), ZoneInfo("Europe/London"))
    assert spring.end - spring.begin == timedelta(hours=23)


def test_what_the_desk_did_not_read_is_said_on_the_sheet() -> None:
    desk = replace(snapshot_of(), active_since=NINE, bookings_due=frozenset({rid("GROWTH")}))
    notes = sheet_of(desk).notes
    assert notes == (
        "What 1 portfolio booked is still being read: unbooked is not known there.",
        "Blocks without activity since 20 Nov 09:00:00 UTC are not on this desk.",
    )


def test_a_name_of_a_server_is_no_formula_in_a_file() -> None:
    desk = snapshot_of(
        placements=[placement("PLC-1", "BLK-1", counterparty="=HYPERLINK(1)\x1b[2J")],
        executions=[execution("EXE-1", "PLC-1")],
    )
    lines = sheet_of(desk).lines
    text = CSV.write(DAY_COLUMNS, [[each.value(desk, line) for each in DAY_COLUMNS] for line in lines])
    assert "'=HYPERLINK" in text
    assert "\x1b" not in text
    assert ",=HYPERLINK" not in text
