"""The sheet of a day as a script or a mail takes it: Markdown, CSV, or one JSON document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Any, Final

from tui.api.sanitize import clean
from tui.columns.column import Column
from tui.columns.day_columns import DAY_COLUMNS
from tui.columns.format import DisplayContext
from tui.columns.row_texts import CSV, inert_markdown
from tui.service.day_sheet.day_report import DaySheet, Dimension, SheetLine
from tui.service.environment import Environment
from tui.service.snapshot.snapshot import Snapshot

_TITLES: Final = {
    Dimension.CURRENCY: "Currencies",
    Dimension.PORTFOLIO: "Portfolios",
    Dimension.BROKER: "Brokers",
    Dimension.USER: "Who did what",
}


def as_csv(sheet: DaySheet, snapshot: Snapshot) -> str:
    """Return all lines in full precision; those that are part of the one above are marked."""
    return CSV.write(
        DAY_COLUMNS, [[each.value(snapshot, line) for each in DAY_COLUMNS] for line in sheet.lines]
    )


def as_document(sheet: DaySheet, snapshot: Snapshot, zone: tzinfo) -> dict[str, Any]:
    """Return the sheet as the body of a JSON document: an object a line, by the ids of columns."""
    return {
        "day": sheet.day.date.isoformat(),
        "zone": _called(zone, sheet),
        "from": sheet.day.begin,
        "until": sheet.day.end,
        "notes": [clean(note) for note in sheet.notes],
        "lines": [_object(line, snapshot) for line in sheet.lines],
    }


def _object(line: SheetLine, snapshot: Snapshot) -> dict[str, Any]:
    values = {column.id: column.value(snapshot, line) for column in DAY_COLUMNS if column.id != "part"}
    cleaned = {id: clean(value) if isinstance(value, str) else value for id, value in values.items()}
    return {**cleaned, "part": line.is_part, "own": line.is_own}


def as_markdown(
    sheet: DaySheet, snapshot: Snapshot, zone: tzinfo, environment: Environment, *, parts: bool
) -> str:
    """Return the sheet as a page: a table for each dimension, with ``parts`` the instruments too."""
    page = [f"# Sheet of {sheet.day.date:%a} {sheet.day.date.day} {sheet.day.date:%b %Y}", ""]
    moment = sheet.as_at or snapshot.read_at
    read = f", as at {moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""
    page += [
        inert_markdown(
            f"{environment.name} ({environment.kind.value}), days of {_called(zone, sheet)}{read}"
        ),
        "",
    ]
    page += [line for note in sheet.notes for line in (f"> {inert_markdown(note)}", "")]
    for dimension, title in _TITLES.items():
        lines = [
            each for each in sheet.lines if each.key.dimension is dimension and (parts or not each.is_part)
        ]
        if lines:
            page += [f"## {title}", "", *_table(lines, snapshot), ""]
    return "\n".join(page).rstrip()


def _called(zone: tzinfo, sheet: DaySheet) -> str:
    """Return the name of a zone; of one without a name what it was called on the day."""
    return getattr(zone, "key", None) or sheet.day.begin.astimezone(zone).tzname() or "UTC"


def _table(lines: Sequence[SheetLine], snapshot: Snapshot) -> Iterator[str]:
    """Yield a table of Markdown whose cells stand beneath each other, without columns that say nothing."""
    context = DisplayContext()
    rows = [
        [inert_markdown(column.cell(snapshot, line, context)) for column in DAY_COLUMNS] for line in lines
    ]
    told = [
        place
        for place, column in enumerate(DAY_COLUMNS)
        if column.id not in ("of", "part") and any(row[place] for row in rows)
    ]
    columns = [DAY_COLUMNS[place] for place in told]
    cells = [[column.title for column in columns], *([row[place] for place in told] for row in rows)]
    widths = [max(3, *(len(row[place]) for row in cells)) for place in range(len(columns))]
    for number, row in enumerate(cells):
        yield _row(columns, widths, row)
        if number == 0:
            yield _row(columns, widths, [_rule(*each) for each in zip(columns, widths, strict=True)])


def _rule(column: Column, width: int) -> str:
    return "-" * width if column.align == "left" else f"{'-' * (width - 1)}:"


def _row(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str]) -> str:
    placed = (
        cell.ljust(width) if column.align == "left" else cell.rjust(width)
        for column, width, cell in zip(columns, widths, cells, strict=True)
    )
    return f"| {' | '.join(placed)} |"
