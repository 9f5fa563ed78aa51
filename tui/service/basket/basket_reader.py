"""Reads a basket: CSV, cells pasted from a spreadsheet, or JSON lines.

Nothing is guessed silently: what each header was taken for is kept, and every fault names its line and its
cell. What the cells mean is judged by who makes orders of them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from itertools import chain
from typing import Any, Final

from msgspec import Struct

from tui.service.basket.basket_columns import BASKET_COLUMNS, BY_COLUMN, column_of, folded_header

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_ROWS: Final = 50_000
LONGEST_CELL: Final = 4_096
MOST_HEADERS: Final = 200
_BYTE_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SEPARATORS: Final = "\t;,"
_SEPARATOR_LINE: Final = "sep="
"""Begins the line in which spreadsheets say what is between cells."""


class BasketRow(Struct, frozen=True):
    """One row: the line it begins on, counted from 1, and its cells by column; empty ones are left out."""

    line: int
    cells: Mapping[str, str]

    @property
    def key(self) -> str:
        """What is the same in two rows that say the same, whatever the order of their columns."""
        return "\x1f".join(f"{name}={self.cells[name]}" for name in sorted(self.cells))


class BasketFault(Struct, frozen=True):
    """What is wrong with a row: its line, the header and the cell at fault, what stands there, and why.

    ``cell`` is as a spreadsheet calls it, such as ``C12``; it and ``header`` are empty where the row as a
    whole is at fault.
    """

    line: int
    why: str
    header: str = ""
    cell: str = ""
    value: str = ""

    def __str__(self) -> str:
        cell = f", {self.cell}" if self.cell else ""
        return f"Line {self.line}{cell}{f' ({self.header})' if self.header else ''}: {self.why}"


class Basket(Struct, frozen=True):
    """A basket as it was read.

    ``headers`` are the headers by the column each was taken for, ``places`` the letters of their cells (empty
    for JSON), ``ignored`` the headers that mean no column.
    """

    rows: tuple[BasketRow, ...] = ()
    headers: Mapping[str, str] = {}
    places: Mapping[str, str] = {}
    ignored: tuple[str, ...] = ()
    faults: tuple[BasketFault, ...] = ()

    @property
    def digest(self) -> str:
        """What is the same in two baskets that say the same, as 64 hexadecimal digits."""
        return sha256("\x1e".join(row.key for row in self.rows).encode()).hexdigest()

    def fault(self, row: BasketRow, column: str, why: str) -> BasketFault:
        """Return the fault of a cell of this basket."""
        place = self.places.get(column, "")
        return BasketFault(
            row.line,
            why,
            self.headers.get(column, ""),
            f"{place}{row.line}" if place else "",
            row.cells.get(column, ""),
        )

    @property
    def in_words(self) -> str:
        """What the headers were taken for, as a sentence; empty where all are called as columns are."""
        taken = [
            f"{header} as {BY_COLUMN[column].headers[0]}"
            for column, header in self.headers.items()
            if folded_header(header) != folded_header(BY_COLUMN[column].headers[0])
        ]
        said = [f"Taken: {', '.join(taken)}."] if taken else []
        if self.ignored:
            said.append(f"Not read: {', '.join(self.ignored)}.")
        return " ".join(said)


def read_basket(raw: bytes, mapping: Mapping[str, str] | None = None) -> Basket:
    """Read a basket; ``mapping`` says what folded headers mean, over what they are known to.

    What cannot be read at all is the one fault of a basket without rows.
    """
    if len(raw) > MOST_BYTES:
        return _nothing(f"It has {len(raw):,} bytes; a basket has {MOST_BYTES:,} at most.")
    encoding = next((name for mark, name in _BYTE_MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return _nothing("It is not UTF-8: save it as 'CSV UTF-8'.", line)
    return read_basket_text(text, mapping)


def read_basket_text(text: str, mapping: Mapping[str, str] | None = None) -> Basket:
    """Read a basket as :func:`read_basket` does, from text."""
    begins = text.lstrip()[:1]
    if not begins:
        return _nothing("It is empty: the first line holds the headers.")
    if "\0" in text:
        return _nothing("It is no text: it holds zeros.", text[: text.index("\0")].count("\n") + 1)
    if begins == "{":
        return _read_json_lines(text, mapping or {})
    if begins == "[":
        return _nothing("It is a JSON list: write one object a line.")
    return _read_cells(text, mapping or {})


def _nothing(why: str, line: int = 1) -> Basket:
    return Basket(faults=(BasketFault(line, why),))


# --- cells -----------------------------------------------------------------------------------------


def _read_cells(text: str, mapping: Mapping[str, str]) -> Basket:
    lines = text.splitlines(keepends=True)
    skipped, separator = 0, ""
    if lines[0].strip().lower().startswith(_SEPARATOR_LINE):
        separator = lines[0].strip()[len(_SEPARATOR_LINE) :][:1]
        skipped, lines = 1, lines[1:]
    first = next((line for line in lines if line.strip()), "")
    separator = separator or max(_SEPARATORS, key=first.count)
    table = _numbered(lines, separator, skipped)
    faults: list[BasketFault] = []
    rows: list[BasketRow] = []
    headers: Mapping[str, str] = {}
    places: dict[str, str] = {}
    ignored: tuple[str, ...] = ()
    try:
        line, titles = next(table)
        if len(titles) > MOST_HEADERS:
            return _nothing(f"It has {len(titles):,} columns; a basket has {MOST_HEADERS} at most.", line)
        columns, ignored, faults = _taken(titles, line, mapping)
        headers = {column: titles[at].strip() for at, column in columns.items()}
        places = {column: _letters(at) for at, column in columns.items()}
        for line, cells in table:
            if len(rows) >= MOST_ROWS:
                faults.append(BasketFault(line, f"A basket has {MOST_ROWS:,} rows at most."))
                break
            if more := [cell for cell in cells[len(titles) :] if cell.strip()]:
                said = f"It has more cells than there are headers: '{more[0].strip()[:40]}'."
                faults.append(BasketFault(line, said))
            held = {column: cells[at].strip() for at, column in columns.items() if at < len(cells)}
            rows.append(BasketRow(line, {name: cell for name, cell in held.items() if cell}))
    except _NoTable as error:
        faults.append(BasketFault(error.line, f"It is no table: {error}."))
    return _checked(Basket(tuple(rows), headers, places, ignored, tuple(faults)))


class _NoTable(Exception):
    """Text that is no table; ``line`` is where that shows."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def _numbered(lines: list[str], separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield rows that are not blank with the line each begins on."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    begins = skipped + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = skipped + 1 + reader.line_num
    except csv.Error as error:
        raise _NoTable(skipped + reader.line_num, str(error)) from error


def _letters(at: int) -> str:
    """Return how spreadsheets call the column at a place counted from 0.

    >>> _letters(0), _letters(25), _letters(26), _letters(701)
    ('A', 'Z', 'AA', 'ZZ')
    """
    before, last = divmod(at, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


# --- JSON lines ------------------------------------------------------------------------------------


def _read_json_lines(text: str, mapping: Mapping[str, str]) -> Basket:
    faults: list[BasketFault] = []
    rows: list[BasketRow] = []
    headers: dict[str, str] = {}
    ignored: dict[str, None] = {}
    for line, said in enumerate(text.splitlines(), 1):
        if not said.strip():
            continue
        if len(rows) >= MOST_ROWS:
            faults.append(BasketFault(line, f"A basket has {MOST_ROWS:,} rows at most."))
            break
        try:
            found = json.loads(said, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            faults.append(BasketFault(line, f"It is no JSON: {error}."))
            continue
        if not isinstance(found, dict):
            faults.append(BasketFault(line, "It is no JSON object."))
            continue
        columns, others, wrong = _taken(list(found), line, mapping)
        ignored |= dict.fromkeys(others)
        faults += wrong
        cells: dict[str, str] = {}
        for at, column in columns.items():
            header = list(found)[at]
            headers.setdefault(column, header)
            try:
                cells[column] = _cell(found[header])
            except ValueError as error:
                faults.append(BasketFault(line, str(error), header))
        rows.append(BasketRow(line, {name: cell for name, cell in cells.items() if cell}))
    return _checked(Basket(tuple(rows), headers, {}, tuple(ignored), tuple(faults)))


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not a number")


def _cell(value: Any) -> str:
    """Return a value of JSON as it would be typed."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) < LONGEST_CELL else "out of range"
    raise ValueError("It is neither a text nor a number.")


# --- headers ---------------------------------------------------------------------------------------


def _taken(
    titles: list[str], line: int, mapping: Mapping[str, str]
) -> tuple[dict[int, str], tuple[str, ...], list[BasketFault]]:
    """Return the columns by the place of their headers, the headers that mean none, and faults.

    What a person said of a header goes first, then what headers are called exactly, then what they may mean.
    """
    columns: dict[int, str] = {}
    taken: dict[str, int] = {}
    ignored: list[str] = []
    faults: list[BasketFault] = []
    said = {at: mapping[key] for at, title in enumerate(titles) if (key := folded_header(title)) in mapping}
    exact = {at: found for at, title in enumerate(titles) if at not in said and (found := _called(title))}
    guessed = {
        at: found
        for at, title in enumerate(titles)
        if at not in said and at not in exact and (found := column_of(title))
    }
    for at, column in chain(said.items(), exact.items(), guessed.items()):
        if not column:
            continue
        if column in taken and at in guessed and taken[column] not in guessed:
            continue  # 'Ticker' beside 'Instrument' is only more about it
        if column in taken:
            other = titles[taken[column]].strip()
            why = f"'{other}' and '{titles[at].strip()}' both mean {column}: map one of them to another."
            faults.append(BasketFault(line, why))
            continue
        taken[column] = at
        columns[at] = column
    ignored += [title.strip() for at, title in enumerate(titles) if at not in columns and title.strip()]
    return columns, tuple(ignored), faults


def _called(title: str) -> str:
    """Return the column that is called exactly so; empty for none."""
    key = folded_header(title)
    return next(
        (
            each.id
            for each in BASKET_COLUMNS
            if key in (folded_header(each.id), folded_header(each.headers[0]))
        ),
        "",
    )


def _checked(basket: Basket) -> Basket:
    """Return a basket with the faults that concern every row of it, and cells that are too long."""
    faults = list(basket.faults)
    if basket.rows and "instrument" not in basket.headers:
        faults.append(BasketFault(1, _lacks("instrument")))
    if basket.rows and not {"quantity", "amount"} & basket.headers.keys():
        faults.append(BasketFault(1, _lacks("quantity")))
    if basket.rows and "portfolio" not in basket.headers:
        faults.append(BasketFault(1, _lacks("portfolio")))
    if not basket.rows and not faults:
        faults.append(BasketFault(1, "It has headers and no rows."))
    faults += _too_long(basket)
    return Basket(basket.rows, basket.headers, basket.places, basket.ignored, tuple(faults))


def _lacks(column: str) -> str:
    known = BY_COLUMN[column].headers
    return f"No header means {column}: call one {known[0]}, {known[1]} or {known[2]}, or map one to it."


def _too_long(basket: Basket) -> Iterable[BasketFault]:
    for row in basket.rows:
        for column, cell in row.cells.items():
            if len(cell) > LONGEST_CELL:
                why = f"It has {len(cell):,} characters; a cell has {LONGEST_CELL:,} at most."
                found = basket.fault(row, column, why)
                yield BasketFault(found.line, why, found.header, found.cell, cell[:40])
