"""Rows as text for files and other programs: CSV, JSON lines, Markdown, TSV; full precision, times in UTC.

What leaves here is data of a server: no cell holds a control character, breaks its table, or is taken for a
formula by a spreadsheet.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.api.sanitize import escaped
from tui.columns.column import Column, Value, exported

Line = Sequence[Value]
_FORMULA_SIGNS: Final = ("=", "+", "-", "@")
_OF_MARKDOWN: Final = r"([\\`*_\[\]<>|])"


class RowFormat(Struct, frozen=True):
    """A format of rows: its name for people, the end of its files' names, and how lines are written."""

    name: str
    suffix: str
    write: Callable[[Sequence[Column], Iterable[Line]], str]


def inert(value: Value) -> str:
    """Return a cell for a spreadsheet: a text that it would read as a formula gets a leading apostrophe."""
    text = escaped(exported(value))
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA_SIGNS) else text


def as_csv(columns: Sequence[Column], lines: Iterable[Line]) -> str:
    """Return RFC 4180, with a header row."""
    import csv  # nothing else of the desk needs it

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(inert(column.title) for column in columns)
    writer.writerows(map(inert, line) for line in lines)
    return out.getvalue()


def as_tsv(columns: Sequence[Column], lines: Iterable[Line]) -> str:
    """Return cells apart by tabs, with a header row: spreadsheets paste it as cells."""
    titles = tuple(column.title for column in columns)
    return "".join("\t".join(map(inert, line)) + "\n" for line in (titles, *lines))


def as_json_lines(columns: Sequence[Column], lines: Iterable[Line]) -> str:
    """Return a JSON object a line, by the ids of columns; numbers have all digits, no value is null."""
    names = [json.dumps(column.id) for column in columns]

    def written(value: Value) -> str:
        if value is None or isinstance(value, (Decimal, int)):
            return "null" if value is None else exported(value)
        return escaped(json.dumps(exported(value), ensure_ascii=False))

    rows = (zip(names, map(written, line), strict=True) for line in lines)
    return "".join("{" + ", ".join(f"{name}: {value}" for name, value in row) + "}\n" for row in rows)


def as_markdown(columns: Sequence[Column], lines: Iterable[Line]) -> str:
    """Return a table of Markdown, numbers at the right; signs of Markdown in texts are escaped."""

    def row(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |\n"

    def plain(value: Value) -> str:
        text = escaped(exported(value))
        return re.sub(_OF_MARKDOWN, r"\\\1", text) if isinstance(value, str) else text

    return "".join(
        (
            row(plain(column.title) for column in columns),
            row("--:" if column.align != "left" else "---" for column in columns),
            *(row(map(plain, line)) for line in lines),
        )
    )


CSV: Final = RowFormat("CSV", ".csv", as_csv)
JSON_LINES: Final = RowFormat("JSON lines", ".jsonl", as_json_lines)
MARKDOWN: Final = RowFormat("Markdown", ".md", as_markdown)
TSV: Final = RowFormat("TSV", ".tsv", as_tsv)
FILE_FORMATS: Final = (CSV, JSON_LINES, MARKDOWN)
"""The formats that rows are exported in."""
