"""Rows as text for files and other programs: CSV, JSON lines, Markdown, TSV; full precision, times in UTC.

What leaves here is data of a server: no cell holds a control character, breaks its table, or is taken for a
formula by a spreadsheet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.api.sanitize import escaped
from tui.columns.column import Column, Value, exported

Line = Sequence[Value]
_FORMULA_SIGNS: Final = ("=", "+", "-", "@")
_OF_MARKDOWN: Final = r"([\\`*_\[\]<>|])"


class RowFormat(Struct, frozen=True):
    """A format of rows: its name for people, the end of its files' names, and how lines are written.

    ``parts`` yields the text in parts, as long output is written; each ends a line.
    """

    name: str
    suffix: str
    parts: Callable[[Sequence[Column], Iterable[Line]], Iterator[str]]

    def write(self, columns: Sequence[Column], lines: Iterable[Line]) -> str:
        """Return the whole text."""
        return "".join(self.parts(columns, lines))


def inert(value: Value) -> str:
    """Return a cell for a spreadsheet: a text that it would read as a formula gets a leading apostrophe."""
    text = escaped(exported(value))
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA_SIGNS) else text


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_parts(columns: Sequence[Column], lines: Iterable[Line]) -> Iterator[str]:
    """Yield RFC 4180, a header row first."""
    import csv  # nothing else of the desk needs it

    row: Callable[[Iterable[str]], str] = csv.writer(_Echo()).writerow
    yield row(inert(column.title) for column in columns)
    yield from (row(map(inert, line)) for line in lines)


def tsv_parts(columns: Sequence[Column], lines: Iterable[Line]) -> Iterator[str]:
    """Yield cells apart by tabs, a header row first: spreadsheets paste it as cells."""
    titles = tuple(column.title for column in columns)
    yield from ("\t".join(map(inert, line)) + "\n" for line in (titles, *lines))


def json_value(value: Value) -> str:
    """Return a value as JSON: all digits of a number, a time in UTC, null where nothing is."""
    if value is None or value == "":
        return "null"
    if isinstance(value, (Decimal, int)):
        return exported(value)
    return escaped(json.dumps(exported(value), ensure_ascii=False))


def json_objects(names: Sequence[str], lines: Iterable[Line]) -> Iterator[str]:
    """Yield each line as a JSON object, its values by ``names``; each is one line without an end."""
    written = [f"{json.dumps(name)}: " for name in names]
    for line in lines:
        yield f"{{{', '.join(map(str.__add__, written, map(json_value, line)))}}}"


def json_line_parts(columns: Sequence[Column], lines: Iterable[Line]) -> Iterator[str]:
    """Yield a JSON object a line, by the ids of columns; numbers have all digits, no value is null."""
    yield from (f"{each}\n" for each in json_objects([column.id for column in columns], lines))


def inert_markdown(text: str) -> str:
    """Return a text for a page or a cell of Markdown, with its signs escaped."""
    return re.sub(_OF_MARKDOWN, r"\\\1", escaped(text))


def markdown_parts(columns: Sequence[Column], lines: Iterable[Line]) -> Iterator[str]:
    """Yield a table of Markdown, numbers at the right; signs of Markdown in texts are escaped."""

    def row(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |\n"

    def guarded(value: Value) -> str:
        text = exported(value)
        return inert_markdown(text) if isinstance(value, str) else escaped(text)

    yield row(guarded(column.title) for column in columns)
    yield row("--:" if column.align != "left" else "---" for column in columns)
    yield from (row(map(guarded, line)) for line in lines)


CSV: Final = RowFormat("CSV", ".csv", csv_parts)
JSON_LINES: Final = RowFormat("JSON lines", ".jsonl", json_line_parts)
MARKDOWN: Final = RowFormat("Markdown", ".md", markdown_parts)
TSV: Final = RowFormat("TSV", ".tsv", tsv_parts)
FILE_FORMATS: Final = (CSV, JSON_LINES, MARKDOWN)
"""The formats that rows are exported in."""
