"""What reference data tell goes before what rows do, and only the rows concerned are drawn again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.service.sample_rows import LUID, NINE, block, execution, label, order, placement, rid, snapshot_of
from tui.api.reference_models import InstrumentRecord, Portfolio
from tui.columns.sorted_rows import changed_cells
from tui.columns.steps import finish
from tui.columns.view import View
from tui.config.limit_settings import LimitTable
from tui.service.reference.instrument_reader import facts_of
from tui.service.reference.portfolio_reader import portfolio_facts
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.diff import NAMES, diff
from tui.service.snapshot.records import InstrumentFacts, PortfolioFacts, Records
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.writes.limits import Limits


def told(**fields: Any) -> InstrumentFacts:
    given = {"name": "Apple Inc", "identifiers": {"Ticker": "AAPL US"}, "currency": "USD", **fields}
    return InstrumentFacts(LUID, NINE, **given)


def named(snapshot: Snapshot, record: InstrumentFacts, *rows: Ref) -> Snapshot:
    builder = SnapshotBuilder(snapshot)
    builder.put_records(Records(instruments={record.luid: record}), rows)
    return builder.freeze()


def of_rows(name: str) -> str:
    """Return the name of an instrument that only a block's property tells."""
    rows = [block("BLK-1", properties=label("Block/Desk/InstrumentName", name))]
    return snapshot_of(blocks=rows).instruments[LUID].name


LONG = "Perpetual  subordinated notes " * 400


@pytest.mark.parametrize(
    "name",
    [
        facts_of(InstrumentRecord(lusid_instrument_id=LUID, name=LONG), NINE).name,
        portfolio_facts(Portfolio(id=rid("GROWTH"), display_name=LONG), NINE).name,
        of_rows(LONG),
    ],
    ids=["instrument", "portfolio", "of a block's property"],
)
def test_a_name_never_fills_the_screen(name: str) -> None:
    assert len(name) <= 80
    assert "  " not in name


def test_an_instrument_without_identifiers_is_known_by_its_name() -> None:
    record = InstrumentRecord(lusid_instrument_id=LUID, name="Apple", identifiers=None)
    assert facts_of(record, NINE).identifiers == {}
    told = InstrumentRecord(lusid_instrument_id=LUID, name="Apple", identifiers={"Figi": "BBG", "Isin": ""})
    assert facts_of(told, NINE).identifiers == {"Figi": "BBG"}


def desk(asset_class: str = "Equity") -> Snapshot:
    properties = {**label("Block/Desk/InstrumentName", "Apel"), **label("Block/Desk/AssetClass", asset_class)}
    return snapshot_of(
        blocks=[block("BLK-1", "ORD-1", properties=properties)],
        orders=[order("ORD-1")],
        placements=[placement("PLC-1", "BLK-1")],
        executions=[execution("EXE-1", "PLC-1")],
    )


def test_the_instrument_master_goes_before_what_rows_say() -> None:
    before = desk()
    assert (before.instruments[LUID].name, before.instruments[LUID].ticker) == ("Apel", "AAPL")
    known = named(before, told()).instruments[LUID]
    assert (known.name, known.ticker, known.last_price) == ("Apple Inc", "AAPL US", Decimal("189.5"))


def test_what_the_master_does_not_say_is_taken_from_rows() -> None:
    known = named(desk(), InstrumentFacts(LUID, NINE)).instruments[LUID]
    assert (known.name, known.ticker, known.asset_class) == ("Apel", "AAPL", "Equity")


def test_a_row_that_comes_later_does_not_take_the_name_away() -> None:
    builder = SnapshotBuilder(named(desk(), told()))
    late = block("BLK-2", properties=label("Block/Desk/InstrumentName", "Another"))
    builder.put_blocks([late])
    assert builder.freeze().instruments[LUID].name == "Apple Inc"


@pytest.mark.parametrize(
    ("kind", "scale", "row_says", "unit"),
    [
        ("Bond", None, "", "0.01"),
        ("InflationLinkedBond", None, "Equity", "0.01"),
        ("Bond", Decimal(1), "Bond", "1"),
        ("Bond", Decimal(1000), "", "0.001"),
        ("Equity", None, "Bond", "1"),
        ("SimpleInstrument", None, "Bond", "0.01"),
        ("", None, "Gilt", "0.01"),
        ("Bond", Decimal(0), "", "0.01"),
        ("Equity", Decimal(-1), "", "1"),
    ],
)
def test_the_definition_says_what_a_price_is_of(
    kind: str, scale: Decimal | None, row_says: str, unit: str
) -> None:
    """R21: not the asset class, which of a bond may be Credit; rows only where there is no definition."""
    after = named(desk(row_says), told(kind=kind, price_scale=scale, asset_class="Credit"))
    assert after.price_unit(LUID) == Decimal(unit)


def test_limits_of_bonds_hold_for_a_bond_whose_asset_class_is_credit() -> None:
    gilt = named(desk(""), told(kind="Bond", asset_class="Credit")).instruments[LUID]
    assert Limits().bound("price_soft", *gilt.limit_classes).value == Decimal("0.01")


def test_limits_of_a_class_that_rows_name_hold_although_the_master_names_another() -> None:
    share = named(desk("Equity"), told(kind="Equity", asset_class="Equities")).instruments[LUID]
    own = Limits((LimitTable("file", asset_classes={"equity": {"price_soft": Decimal("0.03")}}),))
    assert own.bound("price_soft", *share.limit_classes).value == Decimal("0.03")


def test_only_the_rows_concerned_are_drawn_again_and_nothing_is_marked_as_news() -> None:
    before = desk()
    after = named(before, told(kind="Equity"), Ref(EntityKind.BLOCKS, rid("BLK-1")))
    deltas = diff(before, after)
    assert deltas.keys() == {EntityKind.BLOCKS}
    delta = deltas[EntityKind.BLOCKS]
    assert (delta.changed, delta.others) == ({rid("BLK-1"): NAMES}, False)
    view = View(EntityKind.BLOCKS)
    assert finish(changed_cells(view.columns, view, before, after, delta)) == {}


def test_where_nobody_knows_the_rows_concerned_any_may_look_different() -> None:
    before = desk()
    builder = SnapshotBuilder(before)
    builder.put_records(Records(instruments={LUID: told()}), None)
    assert all(delta.others for delta in diff(before, builder.freeze()).values())


def test_portfolios_that_are_told_of_are_known_though_no_row_names_them() -> None:
    id = rid("INCOME")
    builder = SnapshotBuilder(desk())
    builder.put_records(Records(portfolios={id: PortfolioFacts(id, NINE, name="Income fund")}), ())
    after = builder.freeze()
    assert after.portfolios["income"] == (id,)
    assert after.records.portfolio_name(id) == "Income fund"
