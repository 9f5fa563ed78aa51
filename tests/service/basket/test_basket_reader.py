"""A basket is read row by row: headers are recognised, and every fault names its line and cell."""

from __future__ import annotations

import pytest

from tui.service.basket.basket_columns import BASKET_COLUMNS, mapping_of
from tui.service.basket.basket_reader import (
    LONGEST_CELL,
    MOST_BYTES,
    MOST_ROWS,
    read_basket,
    read_basket_text,
)


def test_usual_headers_are_recognised_and_what_is_not_read_is_said() -> None:
    basket = read_basket_text("B/S,Ticker,Order Qty,Fund,Px,Note\nbuy,VOD,1000,GROW,0.82,x\n")
    assert not basket.faults
    assert basket.rows[0].cells == {
        "side": "buy", "instrument": "VOD", "quantity": "1000", "portfolio": "GROW", "limit": "0.82",
    }  # fmt: skip
    assert basket.ignored == ("Note",)
    assert basket.in_words == (
        "Taken: B/S as side, Ticker as instrument, Order Qty as quantity, Fund as portfolio, Px as limit. "
        "Not read: Note."
    )


def test_every_name_of_a_column_means_that_column_alone() -> None:
    named = [header for column in BASKET_COLUMNS for header in column.headers]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("between", ["\t", ";", ","])
def test_cells_pasted_from_a_spreadsheet_are_read_whatever_is_between_them(between: str) -> None:
    text = "\r\n".join(between.join(cells) for cells in (("Ticker", "Qty", "Fund"), ("VOD", "5", "GROW")))
    basket = read_basket_text(text)
    assert basket.rows[0].cells == {"instrument": "VOD", "quantity": "5", "portfolio": "GROW"}


def test_a_spreadsheet_may_say_what_is_between_cells_and_lines_are_still_counted() -> None:
    basket = read_basket_text('sep=;\nTicker;Qty;Fund\n\n"VOD\nLN";1,000;GROW\nBARC;1;GROW;5\n')
    assert [row.line for row in basket.rows] == [4, 6]
    assert [str(fault) for fault in basket.faults] == [
        "Line 6: It has more cells than there are headers: '5'."
    ]


def test_json_lines_mean_the_same_as_cells() -> None:
    cells = read_basket_text("Ticker,Qty,Fund,Limit\nVOD,1000,GROW,0.82\n")
    lines = read_basket_text('{"Ticker": "VOD", "Qty": 1000, "Fund": "GROW", "Limit": 0.82, "TIF": null}\n')
    assert lines.rows[0].cells == cells.rows[0].cells
    assert lines.digest == cells.digest


def test_numbers_of_json_keep_their_digits() -> None:
    basket = read_basket_text('{"Ticker": "VOD", "Qty": 12345678901234567.10, "Fund": "GROW"}')
    assert basket.rows[0].cells["quantity"] == "12345678901234567.10"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"Ticker": ["VOD"], "Qty": 1, "Fund": "G"}', "Line 1 (Ticker): It is neither a text nor a number."),
        ('{"Ticker": "VOD", "Qty": NaN, "Fund": "G"}', "Line 1: It is no JSON: NaN is not a number."),
        ('{"Ticker": "VOD", "Qty": 1', "Line 1: It is no JSON: Expecting ',' delimiter"),
        ('{"a": ' + "[" * 5000, "Line 1: It is no JSON: maximum recursion depth exceeded"),
        ('[{"Ticker": "VOD"}]', "Line 1: It is a JSON list: write one object a line."),
    ],
)
def test_a_line_that_is_no_row_is_told(line: str, why: str) -> None:
    assert str(read_basket_text(line).faults[0]).startswith(why)


def test_a_header_can_be_mapped_or_left_out_by_hand() -> None:
    mapping = mapping_of(["Ordered=quantity", "Size=", "Who = Fund"])
    basket = read_basket_text("Ticker,Ordered,Size,Who\nVOD,5,7,GROW\n", mapping)
    assert basket.rows[0].cells == {"instrument": "VOD", "quantity": "5", "portfolio": "GROW"}
    with pytest.raises(ValueError, match="no column 'colour'"):
        mapping_of(["Note=colour"])
    with pytest.raises(ValueError, match="HEADER=COLUMN"):
        mapping_of(["quantity"])


def test_two_headers_of_one_meaning_are_a_fault_unless_one_is_called_exactly_so() -> None:
    assert not read_basket_text("Instrument,Ticker,Qty,Fund\nVOD,VOD LN,5,GROW\n").faults
    doubtful = read_basket_text("Ticker,ISIN,Qty,Fund\nVOD,GB00BH4HKS39,5,GROW\n")
    assert "'Ticker' and 'ISIN' both mean instrument: map one of them to another." in str(doubtful.faults[0])
    twice = read_basket_text("Qty,Quantity,quantity,Ticker,Fund\n1,2,3,VOD,GROW\n")
    assert "'Quantity' and 'quantity' both mean quantity: map one of them to another." in str(twice.faults[0])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Line 1: It is empty"),
        ("Ticker,Qty,Fund\n", "Line 1: It has headers and no rows."),
        ("Ticker,Qty\nVOD,5\n", "Line 1: No header means portfolio"),
        ("Fund,Qty\nGROW,5\n", "Line 1: No header means instrument"),
        ("Ticker,Fund\nVOD,GROW\n", "Line 1: No header means quantity"),
        ('Ticker,Qty,Fund\nVOD,5,GROW\n"BARC,5,GROW\n', "Line 3: It is no table: unexpected end of data."),
        ("Ticker,Qty,Fund\nVOD,\0,GROW\n", "Line 2: It is no text: it holds zeros."),
        (f"Ticker,Qty,Fund\nVOD,{'9' * 5000},GROW\n", "Line 2, B2 (Qty): It has 5,000 characters"),
        ("a" + ",a" * 500 + "\n1\n", "Line 1: It has 501 columns; a basket has 200 at most."),
    ],
)
def test_what_is_no_basket_is_told_with_its_place(text: str, why: str) -> None:
    told = read_basket_text(text).faults
    assert str(told[0]).startswith(why)
    assert all(len(str(fault)) < LONGEST_CELL for fault in told)


def test_bytes_of_any_spreadsheet_are_read_or_refused_in_words() -> None:
    text = "Ticker,Qty,Fund\nNESN,5,GRÖSSE\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert read_basket(text.encode(encoding)).rows[0].cells["portfolio"] == "GRÖSSE"
    assert str(read_basket(text.encode("latin-1")).faults[0]).startswith("Line 2: It is not UTF-8")
    assert "bytes at most" not in str(read_basket(text.encode()).faults)
    assert "a basket has 20,971,520 at most" in str(read_basket(b"x" * (MOST_BYTES + 1)).faults[0])


def test_a_basket_has_so_many_rows_at_most() -> None:
    rows = "VOD,5,GROW\n" * (MOST_ROWS + 1)
    basket = read_basket_text(f"Ticker,Qty,Fund\n{rows}")
    assert len(basket.rows) == MOST_ROWS
    assert str(basket.faults[0]) == f"Line {MOST_ROWS + 2}: A basket has 50,000 rows at most."
