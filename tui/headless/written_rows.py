"""Writes the rows of a list: a table for people, CSV as it is exported, or one JSON document for programs.

Rows are written in parts, so that the first are there before the last are made.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from shutil import get_terminal_size
from typing import Any, Final

from tui.columns.column import Column
from tui.columns.row_texts import CSV, Line
from tui.headless.command_output import CommandOutput, json_text
from tui.headless.exit_codes import ExitCode
from tui.headless.text_table import drawn_widths, fitting, table_lines
from tui.service.numbers import counted

A_PART: Final = 500
"""Lines that are written at once: few enough to see the first soon, enough not to wait for the terminal."""
MEASURED: Final = 200
"""Rows by which it is decided which columns a terminal has room for."""


def write_lines(output: CommandOutput, lines: Iterable[str]) -> None:
    """Write lines, which may end in a line end, in parts."""
    left = iter(lines)
    while part := list(islice(left, A_PART)):
        output.text("".join(f"{line.removesuffix(chr(10))}\n" for line in part).removesuffix("\n"))


def write_document(
    output: CommandOutput, said: Mapping[str, Any], member: str, objects: Iterable[str]
) -> None:
    """Write one JSON document: heading, what is ``said``, and ``member`` with an object a line."""
    write_lines(output, document_lines(output, said, member, objects))


def document_lines(
    output: CommandOutput, said: Mapping[str, Any], member: str, objects: Iterable[str]
) -> Iterator[str]:
    """Yield the lines of such a document."""
    head = json_text({**output.heading(ExitCode.DONE, retry=False), **said})
    yield f'{head[:-1]},"{member}":['
    former = ""
    for each in objects:
        if former:
            yield f"{former},"
        former = each
    if former:
        yield former
    yield "]}"


def write_csv(output: CommandOutput, columns: Sequence[Column], lines: Iterable[Line]) -> None:
    """Write lines of values as CSV, as an export holds them."""
    write_lines(output, CSV.parts(columns, lines))


def write_table(
    output: CommandOutput,
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    zone: str,
    *,
    all_columns: bool,
) -> None:
    """Write rows of cells as a table; a terminal gets the columns it has room for, or ``all_columns``."""
    left = iter(rows)
    first = list(islice(left, MEASURED))
    if not first:
        return
    places: Sequence[int] = range(len(columns))
    room = 0 if all_columns else _terminal_width()
    if room:
        places = fitting(columns, drawn_widths(columns, first, zone), room)
        if len(places) < len(columns):
            hidden = counted(len(columns) - len(places), "column")
            output.say(f"No room for {hidden}: a file or another program gets all of them.")
    narrowed = ([row[place] for place in places] for row in chain(first, left))
    write_lines(output, table_lines([columns[place] for place in places], narrowed, zone, capped=bool(room)))


def _terminal_width() -> int:
    """Return how many cells the terminal has that reads standard output; 0 where a file or a program does."""
    return get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else 0
