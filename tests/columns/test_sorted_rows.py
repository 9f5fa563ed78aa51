"""Rows kept up with the desk, against rows filtered, sorted and added up from the start."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.service.sample_rows import (
    NINE,
    allocation,
    block,
    execution,
    label,
    order,
    placement,
    rid,
    snapshot_of,
    usd,
)
from tests.service.sample_rows import transaction as booking
from tui.api.base import ResourceId
from tui.columns.column import natural
from tui.columns.filter import parse_filter
from tui.columns.format import DisplayContext
from tui.columns.panes import COLUMNS
from tui.columns.sorted_rows import RUN, SortedRows, SortEntry, changed_cells, in_order, newest
from tui.columns.steps import finish
from tui.columns.totals import Totals
from tui.columns.view import NEWEST, SortColumn, View, column_of, newest_of
from tui.screens.desk.news import News
from tui.service.environment import Update
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Snapshot

# --- a desk that anything may happen to ------------------------------------------------------------

NAMES = {
    EntityKind.BLOCKS: "BLK",
    EntityKind.ORDERS: "ORD",
    EntityKind.PLACEMENTS: "PLC",
    EntityKind.EXECUTIONS: "EXE",
    EntityKind.ALLOCATIONS: "ALL",
    EntityKind.TRANSACTIONS: "TXN",
}
STATES = ("New", "Cancelled", "Filled", "On fire")
LUIDS = ("LUID_A", "LUID_B")


@dataclass(frozen=True)
class Touch:
    """One row put in as ``variant`` says, or taken out when it says nothing."""

    kind: EntityKind
    number: int
    variant: tuple[int, int, int] | None

    def row(self) -> Any:
        """Return the row as it is now."""
        assert self.variant is not None
        one, two, three = self.variant
        code = f"{NAMES[self.kind]}-{self.number}"
        common: dict[str, Any] = {
            "side": "Buy" if three else "Sell",
            "lusid_instrument_id": LUIDS[two % 2],
            "version": None,
        }
        units = str(one * 10)
        share: dict[str, Any] = {"order": f"ORD-{two}", "placement": f"PLC-{one}", "quantity": units}
        if self.kind is EntityKind.ORDERS:
            came = usd(f"{two + 1}.25") if three else None
            return order(code, units, f"FUND-{two}", state=STATES[one], price=came, **common)
        if self.kind is EntityKind.PLACEMENTS:
            parent = rid(f"PLC-{two}") if two < self.number and three else None
            return placement(
                code, f"BLK-{one}", quantity=units, state=STATES[two], parent_placement_id=parent, **common
            )
        if self.kind is EntityKind.EXECUTIONS:
            return execution(code, f"PLC-{two}", units, f"{three + 1}.5", state=STATES[one], **common)
        if self.kind is EntityKind.ALLOCATIONS:
            return allocation(code, **share, state=STATES[three], **common)
        if self.kind is EntityKind.TRANSACTIONS:
            return booking(code, allocation=f"ALL-{two}", order=f"ORD-{one}", units=units)
        classes = label("Block/Desk/AssetClass", "Bond" if three else "Equity")
        orders = [f"ORD-{number}" for number in (one, two, one + three)]
        price = usd("1.5") if one else None
        return block(
            code, *dict.fromkeys(orders), limit_price=price, properties=classes if two else None, **common
        )


def touched(snapshot: Snapshot, touches: Sequence[Touch]) -> Snapshot:
    """Return the next snapshot, in which rows were put in and taken out."""
    draft = SnapshotBuilder(snapshot)
    for touch in touches:
        if touch.variant is None:
            draft.remove(touch.kind, [_key(touch)])
        elif touch.kind is EntityKind.TRANSACTIONS:
            draft.put_transactions({_key(touch): touch.row()})
        elif touch.kind is EntityKind.BLOCKS:
            draft.put_blocks([touch.row()])
        else:
            draft.put(touch.kind, [touch.row()])
    return draft.freeze(complete=True)


def _key(touch: Touch) -> ResourceId:
    return rid(f"{NAMES[touch.kind]}-{touch.number}")


SMALL = st.integers(0, 3)
VARIANTS = st.tuples(SMALL, SMALL, st.integers(0, 1))
TOUCHES = st.builds(
    Touch,
    st.sampled_from(EntityKind),
    SMALL,
    st.one_of(st.none(), *(3 * [st.tuples(SMALL, SMALL, st.integers(0, 1))])),
)
FULL = [
    Touch(kind, number, ((number + 1) % 4, max(0, number - 1), 1))
    for kind in EntityKind
    for number in range(4)
]
"""Four rows of each kind: executions on placements that have parents, which have parents of their own."""


# --- what a pane must show, the slow way -----------------------------------------------------------


def counted(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return how people sort a text: by words and numbers, letters without regard to case."""
    parts = re.split(r"(\d+)", text.casefold())
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts if part)


def expected(view: View, snapshot: Snapshot, ids: Sequence[ResourceId]) -> list[ResourceId]:
    """Return those of ``ids`` that pass the filter, sorted."""
    rows = snapshot.rows(view.kind)
    matches = parse_filter(view.filter, view.kind).test
    found = [id for id in ids if id in rows and matches(snapshot, rows[id])]
    for sort in reversed(view.sorts):
        value = newest_of(view.kind) if sort.id == NEWEST else column_of(view.kind, sort.id).value
        values = {id: value(snapshot, rows[id]) for id in found}
        keys: dict[ResourceId, Any] = {
            id: counted(each) if isinstance(each, str) else each for id, each in values.items()
        }
        empty = [id for id in found if values[id] in (None, "")]
        full = [id for id in found if id not in empty]
        found = sorted(full, key=lambda id: keys[id], reverse=sort.descending) + empty
    return found


def added_up(view: View, snapshot: Snapshot, ids: Sequence[ResourceId]) -> str:
    """Return what rows come to, counted from the start."""
    totals = Totals(view)
    totals.add(snapshot, ids)
    return totals.text(snapshot)


@dataclass
class Kept:
    """Rows that follow the desk."""

    view: View
    scope: tuple[ResourceId, ...] | None = None

    def __post_init__(self) -> None:
        self.rows = self.built(EMPTY)

    def built(self, snapshot: Snapshot) -> SortedRows:
        """Filter, sort and add up from the start."""
        rows = finish(SortedRows.build(self.view, snapshot, self.scope))
        finish(rows.count())
        return rows

    def follow(self, news: News, new: Snapshot) -> None:
        """Go on to ``new``; what differs is in the news."""
        delta = news.delta(self.view.kind, self.rows.snapshot, new)
        assert delta is not None
        if delta.others or (self.scope is not None and (delta.added or delta.removed)):
            self.rows = self.built(new)
        else:
            self.rows.apply(finish(self.rows.compare(new, delta)))

    def check(self) -> None:
        """Hold what is kept against the slow way, in the order of a snapshot that is read afresh."""
        rows, snapshot = self.rows, self.rows.snapshot
        present = snapshot.rows(self.view.kind)
        allowed = [id for id in (present if self.scope is None else self.scope) if id in present]
        matching = expected(self.view, snapshot, allowed)
        pinned = [id for id in present if id in self.view.pins]
        on_top = expected(replace(self.view, filter=""), snapshot, pinned)
        wanted = [*on_top, *(id for id in matching if id not in self.view.pins)]
        assert list(rows.ids) == wanted
        assert list(rows.matching) == [id for id in wanted if id in matching]
        assert rows.keys() == set(wanted)
        assert [rows.find(id) for id in wanted] == list(range(len(wanted)))
        assert rows.total == len(allowed)
        assert rows.totals.text(snapshot) == added_up(
            self.view, snapshot, [id for id in wanted if id in matching]
        )


def pins(*codes: str) -> frozenset[ResourceId]:
    return frozenset(map(rid, codes))


def up(*columns: str) -> tuple[SortColumn, ...]:
    return tuple(map(SortColumn, columns))


def down(*columns: str) -> tuple[SortColumn, ...]:
    return tuple(SortColumn(column, descending=True) for column in columns)


VIEWS = [
    View(EntityKind.BLOCKS, sorts=(*up("side"), *down("currency", "executed"))),
    View(EntityKind.ORDERS, sorts=(*down("portfolio"), *up("block", "left"))),
    View(EntityKind.ORDERS, sorts=(*up("state"), *down("id"))),
    View(EntityKind.PLACEMENTS, sorts=(*down("average"), *up("created"), *down("blocks"))),
    View(EntityKind.ALLOCATIONS, sorts=(*up("side", "settles"), *down("date"))),
    *(View(kind) for kind in EntityKind),
    *(View(kind).newest_first() for kind in EntityKind),
    *(View(kind, sorts=down("id")) for kind in EntityKind),
    View(EntityKind.BLOCKS, filter="currency:usd", sorts=up("currency")),
    View(EntityKind.BLOCKS, filter="!state:new", sorts=down("executed")),
    View(EntityKind.ORDERS, filter="blk", sorts=up("block")),
    View(EntityKind.ORDERS, filter="allocated>0", sorts=down("left")),
    View(EntityKind.PLACEMENTS, filter="executed>=10", sorts=up("executed")),
    View(EntityKind.PLACEMENTS, sorts=down("average")),
    View(EntityKind.EXECUTIONS, filter="side:buy", sorts=up("value")),
    View(EntityKind.ALLOCATIONS, filter="!transactions=0", sorts=down("value")),
    View(EntityKind.ALLOCATIONS, chosen=("transactions", "id"), sorts=up("transactions")),
    View(EntityKind.ORDERS, filter="allocated>0", sorts=down("left"), pins=pins("ORD-1", "ORD-3")),
    View(EntityKind.ORDERS, filter="allocated>0", sorts=(*up("side"), *down("id")), pins=pins("ORD-2")),
    View(EntityKind.PLACEMENTS, filter="executed>=10", pins=pins("PLC-2")).newest_first(),
]


PUT_BACK = [Touch(EntityKind.ORDERS, 1, None), Touch(EntityKind.ORDERS, 1, (0, 0, 0))]
"""A row, pinned in one of the panes, that is taken out and put back as another."""


@given(st.booleans(), st.lists(st.tuples(st.lists(TOUCHES, max_size=6), st.booleans()), max_size=8))
@example(full=True, updates=[(PUT_BACK, True)])
@settings(max_examples=60)
def test_whatever_happens_kept_rows_are_those_of_a_full_filter_and_sort(
    full: bool, updates: list[tuple[list[Touch], bool]]
) -> None:
    panes = [Kept(view) for view in VIEWS]
    panes += [
        Kept(View(kind, sorts=up("id")), (rid(f"{NAMES[kind]}-2"), rid(f"{NAMES[kind]}-1")))
        for kind in EntityKind
    ]
    panes.append(
        Kept(
            View(EntityKind.ORDERS, sorts=up("id"), pins=pins("ORD-1", "ORD-3")), (rid("ORD-2"), rid("ORD-1"))
        )
    )
    snapshot, news = EMPTY, News(EMPTY)
    for touches, shown in [(FULL if full else [], True), *updates]:
        old, snapshot = snapshot, touched(snapshot, touches)
        news.add(Update(old, snapshot))
        if shown:
            for pane in panes:
                pane.follow(news, snapshot)
                pane.check()
            news = News(snapshot)


@given(st.booleans(), st.lists(st.lists(TOUCHES, max_size=6), min_size=1, max_size=6))
@example(full=True, updates=[[Touch(EntityKind.ORDERS, 1, None)]])
@settings(max_examples=150)
def test_a_row_that_no_delta_names_looks_as_it_did(full: bool, updates: list[list[Touch]]) -> None:
    snapshot = touched(EMPTY, FULL if full else [])
    for touches in updates:
        old, snapshot = snapshot, touched(snapshot, touches)
        deltas = Update(old, snapshot).deltas
        for kind in EntityKind:
            delta = deltas.get(kind)
            named = {*delta.added, *delta.removed, *delta.changed} if delta else set()
            before, after = values(old, kind), values(snapshot, kind)
            assert (before.keys() ^ after.keys()) <= named
            if delta is None or not delta.others:
                assert {id for id in before.keys() & after.keys() if before[id] != after[id]} <= named


def values(snapshot: Snapshot, kind: EntityKind) -> Mapping[ResourceId, Sequence[Any]]:
    """Return the values of all cells of a kind, by row."""
    return {
        id: [column.value(snapshot, row) for column in COLUMNS[kind] if not column.of_instrument]
        for id, row in snapshot.rows(kind).items()
    }


# --- single steps ----------------------------------------------------------------------------------


@given(st.lists(st.text("ab-09١", max_size=8), min_size=2, max_size=2))
def test_texts_sort_by_their_words_and_numbers(texts: list[str]) -> None:
    one, other = texts
    assert (natural(one) < natural(other)) == (counted(one) < counted(other))
    assert (natural(one) == natural(other)) == (counted(one) == counted(other))


@given(st.lists(st.integers(0, 50)), st.sampled_from([1, 700]))
def test_sorting_in_steps_is_sorting(numbers: list[int], times: int) -> None:
    entries = [SortEntry(0, key, place, rid("R")) for place, key in enumerate(numbers * times)]
    assert finish(in_order(entries)) == sorted(entries)


def test_no_step_of_a_sort_is_longer_than_a_run() -> None:
    entries = [SortEntry(0, f"{number * 7919 % 20_000:06}", number, rid("R")) for number in range(20_000)]
    steps = sum(1 for _ in in_order(entries))
    assert steps > 20_000 // RUN


def test_an_update_given_up_half_way_has_done_nothing() -> None:
    old = snapshot_of(orders=[order(f"ORD-{number}") for number in range(100)])
    rows = finish(SortedRows.build(View(EntityKind.ORDERS, sorts=up("quantity")), old))
    finish(rows.count())
    before = (rows.ids, rows.totals.text(rows.snapshot), rows.total)
    new = touched(old, [Touch(EntityKind.ORDERS, number, (2, 2, 1)) for number in range(100)])
    delta = Update(old, new).deltas[EntityKind.ORDERS]
    steps = rows.compare(new, delta)
    next(steps)
    steps.close()
    assert (rows.ids, rows.totals.text(rows.snapshot), rows.total) == before
    assert rows.snapshot is old
    rows.apply(finish(rows.compare(new, delta)))
    assert rows.totals.text(rows.snapshot) == added_up(rows.view, new, rows.ids)


@pytest.mark.parametrize("begun", [False, True])
def test_rows_that_are_added_up_while_others_change_come_to_the_right_sum(begun: bool) -> None:
    old = snapshot_of(orders=[order(f"ORD-{number}", "10") for number in range(200)])
    rows = finish(SortedRows.build(View(EntityKind.ORDERS), old))
    counting = rows.count()
    if begun:
        next(counting)
    new = touched(old, [Touch(EntityKind.ORDERS, number, (3, 0, 1)) for number in (0, 150, 300)])
    rows.apply(finish(rows.compare(new, Update(old, new).deltas[EntityKind.ORDERS])))
    finish(counting)
    assert rows.totals.text(rows.snapshot) == added_up(rows.view, new, rows.ids)


def test_new_rows_are_found_at_the_end_or_wherever_they_are() -> None:
    rows = {rid(code): None for code in "abcd"}
    assert newest(rows, frozenset({rid("d"), rid("c")})) == [rid("c"), rid("d")]
    assert newest(rows, frozenset({rid("d"), rid("a")})) == [rid("a"), rid("d")]
    assert newest(rows, frozenset({rid("b"), rid("gone")})) == [rid("b")]


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ({"quantity": Decimal(50)}, {"quantity", "left", "notional"}),
        ({"state": "Filled"}, {"state"}),
        ({"quantity": Decimal("100.0")}, set()),
        ({"date": NINE.replace(minute=1)}, {"date"}),
    ],
)
def test_cells_change_by_their_values(fields: dict[str, Any], columns: set[str]) -> None:
    old = snapshot_of(orders=[order("ORD-1")])
    draft = SnapshotBuilder(old)
    draft.put(EntityKind.ORDERS, [replace(old.orders[rid("ORD-1")], **fields)])
    new = draft.freeze()
    view = View(EntityKind.ORDERS)
    delta = Update(old, new).deltas.get(EntityKind.ORDERS)
    found = finish(changed_cells(view.columns, view, old, new, delta)) if delta else {}
    assert found.get(rid("ORD-1"), set()) == columns


@pytest.mark.parametrize("kind", COLUMNS)
def test_cells_that_are_made_of_the_same_look_the_same(kind: EntityKind) -> None:
    variants = [Touch(kind, number, (some, other, 1)) for number, some, other in product(range(4), repeat=3)]
    snapshots = [touched(touched(EMPTY, FULL), [touch]) for touch in variants]
    for column in (each for each in COLUMNS[kind] if each.made_of is not None):
        looks: list[tuple[object, str]] = []
        for snapshot, touch in zip(snapshots, variants, strict=True):
            row = snapshot.rows(kind)[_key(touch)]
            assert column.made_of
            looks.append((column.made_of(snapshot, row), column.cell(snapshot, row, DisplayContext())))
        for (made_of, look), (other, its_look) in combinations(looks, 2):
            assert made_of != other or look == its_look, column.id


def test_money_that_comes_and_goes_leaves_no_currency_behind() -> None:
    empty = snapshot_of()
    rows = finish(SortedRows.build(View(EntityKind.EXECUTIONS), empty))
    finish(rows.count())
    one = touched(empty, [Touch(EntityKind.EXECUTIONS, 1, (1, 1, 1))])
    rows.apply(finish(rows.compare(one, Update(empty, one).deltas[EntityKind.EXECUTIONS])))
    assert rows.totals.text(rows.snapshot) == "quantity 10 · buy 25.00 USD"
    none = touched(one, [Touch(EntityKind.EXECUTIONS, 1, None)])
    rows.apply(finish(rows.compare(none, Update(one, none).deltas[EntityKind.EXECUTIONS])))
    assert rows.totals.text(rows.snapshot) == ""
