"""Rows as files and pasted tables: exact, and nothing in them acts on who opens them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal

from tests.service.sample_rows import snapshot_of
from tui.api.base import ResourceId
from tui.api.models import Order
from tui.columns.row_texts import CSV, JSON_LINES, MARKDOWN, TSV, RowFormat
from tui.columns.shown_rows import of_view
from tui.columns.view import View
from tui.service.snapshot.snapshot import EntityKind

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BOUGHT = Order(
    id=ResourceId("demo", "ORD-1"),
    side="Buy",
    state="=cmd|'/c calc'!A1",
    quantity=Decimal("0.1234567890123456789"),
    instrument_identifiers={"Instrument/default/Ticker": "A|B_C"},
    date=NOON,
)
OWED = Order(
    id=ResourceId("demo", "-2\t\x1b[31mred\n"),
    side="@Sell",
    state="New",
    quantity=Decimal(-5),
    instrument_identifiers={},
)
DESK = snapshot_of(orders=[BOUGHT, OWED])
VIEW = View(EntityKind.ORDERS, chosen=("id", "quantity", "side", "state", "instrument", "date"))


def as_written(format: RowFormat) -> str:
    return of_view(VIEW, DESK, list(DESK.orders)).written(format)


def test_csv_keeps_every_digit_and_every_row_of_a_hostile_text_is_one_line() -> None:
    head, first, second = csv.reader(io.StringIO(as_written(CSV)))
    assert head == ["Order", "Quantity", "Side", "State", "Instrument", "Time"]
    assert first[1:] == [
        "0.1234567890123456789",
        "Buy",
        "'=cmd|'/c calc'!A1",
        "A|B_C",
        "2026-11-20T12:00:00Z",
    ]
    assert second[1:3] == ["-5", "'@Sell"], "a number below zero is no formula"
    assert second[0].startswith("'-2")


def test_tsv_is_guarded_like_csv_and_no_cell_has_a_tab_or_a_control_byte() -> None:
    text = as_written(TSV)
    assert "\x1b" not in text
    lines = [line.split("\t") for line in text.splitlines()]
    assert [len(line) for line in lines] == [6, 6, 6]
    assert lines[1][3].startswith("'=cmd")
    assert lines[2][1:3] == ["-5", "'@Sell"]


def test_json_lines_hold_a_row_each_with_exact_numbers() -> None:
    first, second = (
        json.loads(line, parse_float=Decimal, parse_int=Decimal)
        for line in as_written(JSON_LINES).splitlines()
    )
    assert first["quantity"] == Decimal("0.1234567890123456789")
    assert first["date"] == "2026-11-20T12:00:00Z"
    assert second["quantity"] == -5
    assert second["date"] is None


def test_markdown_is_a_table_whatever_the_texts_hold() -> None:
    head, rule, first, second = as_written(MARKDOWN).splitlines()
    assert head.startswith("| Order | Quantity | Side |")
    assert rule.startswith("| --- | --: | --- |")
    assert "A\\|B\\_C" in first
    assert len({line.replace("\\|", "").count("|") for line in (head, rule, first, second)}) == 1
