"""The read commands: lists the rows of a pane or the exceptions once, or follows them until it is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct

from tui.columns.format import DisplayContext
from tui.columns.row_texts import json_objects
from tui.columns.saved_views import StoredViews
from tui.columns.view import NEWEST
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import CommandOutput
from tui.headless.desk_lists import EXCEPTIONS
from tui.headless.exit_codes import ExitCode
from tui.headless.listed_exceptions import ExceptionRows, wanted_columns
from tui.headless.listed_rows import ListedRows, PaneRows, lines_of
from tui.headless.opened_desk import DeskNeed
from tui.headless.rows_request import RowsRequest, desk_view, pane_view
from tui.headless.written_rows import write_csv, write_document, write_table
from tui.service.desk import Desk
from tui.service.exceptions.open_exceptions import Minutes
from tui.service.numbers import counted
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.typed_times import Present, time_in_words


class ReadContext(Struct, frozen=True):
    """What a read command takes from the settings: saved views, when rows are exceptions, and glyphs."""

    stored: StoredViews | None = None
    minutes: Minutes = {}
    ascii: bool = False


def check_request(request: RowsRequest, context: ReadContext, *, adds_up: bool = True) -> set[DeskNeed]:
    """Check a request before a server is asked; return what it needs beside the rows of the desk.

    Last prices are needed where a column tells them, a filter may ask for them, or what rows are worth
    ``adds_up``.

    Raises:
        CommandFailed: a name is not known, or the filter cannot be understood.
    """
    if request.of == EXCEPTIONS:
        if request.view:
            raise CommandFailed(ExitCode.USAGE, "--view: saved views are of panes; exceptions have none.")
        wanted_columns(request, utc_now)
        return {DeskNeed.NAMES, DeskNeed.PRICES}
    view = pane_view(request, desk_view(request, context.stored), Present(utc_now()))
    sorted_by = (view.column(each.id) for each in view.sorts if each.id != NEWEST)
    priced = any(column.of_instrument for column in (*view.columns, *sorted_by))
    return {DeskNeed.NAMES, DeskNeed.PRICES} if priced or view.filter or adds_up else {DeskNeed.NAMES}


def utc_now() -> datetime:
    """Return the time of this machine, aware UTC."""
    return datetime.now(UTC)


def list_rows(request: RowsRequest, desk: Desk, context: ReadContext) -> ListedRows:
    """Return the rows of a desk that are asked for.

    Raises:
        CommandFailed: a name is not known, the filter cannot be understood, or the rows could not be read.
    """
    if request.of == EXCEPTIONS:
        return ExceptionRows(request, desk, context.minutes, utc_now)
    unread = desk.snapshot.unread.get(kind := EntityKind(request.of))
    if unread is not None and not unread.rows:
        raise CommandFailed(ExitCode.FAILED, f"{kind.value.capitalize()} {unread}", retry=unread.permitted)
    return PaneRows(request, context.stored, desk.snapshot, utc_now)


def not_read(snapshot: Snapshot) -> list[str]:
    """Return what could not be read of a desk, in sentences."""
    said = [
        f"{kind.value.capitalize()} {unread} Figures that need them are not known."
        for kind, unread in snapshot.unread.items()
    ]
    if snapshot.bookings_due:
        said.append(f"What is booked into {counted(len(snapshot.bookings_due), 'portfolio')} is not read.")
    return said


def rows_as_json(request: RowsRequest, rows: ListedRows) -> tuple[dict[str, object], str, Iterator[str]]:
    """Return what a document says of rows, the member that has them, and each as a JSON object."""
    shown = rows.shown
    keys = shown.keys[: request.limit]
    names = [*rows.identity, *(column.id for column in shown.columns)]
    said = {
        "of": request.of,
        "columns": names,
        "total": len(shown.keys),
        "missing": list(rows.missing),
        "incomplete": not_read(shown.snapshot),
    }
    return said, "rows", json_objects(names, lines_of(rows, shown, keys))


async def read_rows(
    request: RowsRequest, context: ReadContext, desk: Desk, output: CommandOutput
) -> ExitCode:
    """Write the rows that are asked for, once."""
    rows = list_rows(request, desk, context)
    output.about(desk.environment, desk.user, moment_of(desk.snapshot))
    if output.is_json:
        write_document(output, *rows_as_json(request, rows))
        return ExitCode.DONE
    display = display_context(desk.snapshot, context)
    shown = rows.shown
    keys = shown.keys[: request.limit]
    output.say(_heading(rows, len(keys), desk, display, is_table=output.form == "table"))
    for sentence in not_read(desk.snapshot):
        output.say(sentence)
    for typed in rows.missing:
        output.say(f"{typed} is not among the {request.of} of the desk.")
    if output.form == "csv":
        write_csv(output, shown.columns, shown.lines(keys))
    else:
        cells, zone = shown.cells(keys, display), display.zone_name
        write_table(output, shown.columns, cells, zone, all_columns=bool(request.columns))
    return ExitCode.DONE


def moment_of(snapshot: Snapshot) -> datetime | None:
    """Return the moment that rows are of: the past one that was asked for, else when they were read."""
    return snapshot.as_at or snapshot.read_at


def read_at(desk: Desk) -> str:
    """Return which server was read, and as of when."""
    moment = moment_of(desk.snapshot)
    return f"{desk.environment}{f' at {time_in_words(moment, desk.snapshot.zone)}' if moment else ''}"


def display_context(snapshot: Snapshot, context: ReadContext) -> DisplayContext:
    """Return what cells are drawn by."""
    now = utc_now()
    minute = (snapshot.as_at or now).replace(second=0, microsecond=0)
    return DisplayContext(context.ascii, snapshot.zone, now.astimezone(snapshot.zone).date(), minute)


def _heading(rows: ListedRows, written: int, desk: Desk, display: DisplayContext, *, is_table: bool) -> str:
    """Return how many rows there are, of what, when, in which zone times stand, and what they add up to."""
    shown = rows.shown
    many = f"{written:,} of {counted(len(shown.keys), shown.singular)}"
    if written == len(shown.keys):
        many = counted(written, shown.singular)
    zone = display.zone_name if is_table else "UTC"
    sums = ", ".join(rows.sums) if is_table else ""
    sums = f"; in all {sums}" if sums else ""
    return f"{many} of {read_at(desk)}, times in {zone}{sums}"
