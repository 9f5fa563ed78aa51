"""Runs ``blotter report``: opens the desk, adds up its day, and writes the sheet."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from tui.cli.on_desk import run_on_desk
from tui.columns.steps import finish
from tui.config import paths
from tui.config.load import load_settings
from tui.headless import day_sheet_texts
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.input_files.mistakes import CheckError
from tui.service.day_sheet.day_bounds import CalendarDay, day_at, day_of
from tui.service.day_sheet.day_report import day_sheet
from tui.service.typed_times import read_time
from tui.start import vocabulary, zone_of

if TYPE_CHECKING:
    from tui.service.desk import Desk

_A_PART: Final = 10_000
"""Lines of the journal that are read at once."""
_LAST: Final = timedelta(microseconds=1)
"""What is taken off the end of a day for its last moment."""


def run_report_day(given: argparse.Namespace) -> int:
    """Write the sheet of a day and return the exit code.

    A day that is over is added up from the desk as it was at its end.
    """
    output = CommandOutput("json" if given.form == "json" else "table")
    now = datetime.now(UTC)
    try:
        zone = zone_of(load_settings(paths.config_file(), vocabulary))
        day = _day(given.date, now, zone)
    except (CheckError, CommandFailed) as error:
        return output.fail(
            error if isinstance(error, CommandFailed) else CommandFailed(ExitCode.USAGE, str(error))
        )

    async def work(desk: Desk, output: CommandOutput) -> ExitCode:
        snapshot = desk.snapshot
        journal = desk.journal_entries()
        while journal.read(_A_PART):
            pass
        sheet = finish(day_sheet(snapshot, day, desk.user, journal.newest_first().values()))
        if given.form == "json":
            output.document(day_sheet_texts.as_document(sheet, snapshot, zone))
            return ExitCode.DONE
        for note in sheet.notes:
            output.say(note)
        if given.form == "csv":
            output.text(day_sheet_texts.as_csv(sheet, snapshot).removesuffix("\r\n"))
        else:
            output.text(
                day_sheet_texts.as_markdown(sheet, snapshot, zone, desk.environment, parts=given.instruments)
            )
        return ExitCode.DONE

    return run_on_desk(given, work, output=output, as_at=None if now in day else day.end - _LAST)


def _day(typed: str | None, now: datetime, zone: tzinfo) -> CalendarDay:
    """Return the day that was asked for.

    Raises:
        CommandFailed: it is no day, or not here yet.
    """
    if not typed:
        return day_at(now, zone)
    try:
        read = read_time(typed, now, zone)
    except ValueError as error:
        raise CommandFailed(ExitCode.USAGE, f"--date: {error}") from error
    if not read.is_day:
        raise CommandFailed(ExitCode.USAGE, f"--date: {typed} is a time, not a day, such as 2026-11-20.")
    day = day_of(read.begin.astimezone(zone).date(), zone)
    if day.begin > now:
        raise CommandFailed(ExitCode.USAGE, f"--date: {typed} has not begun yet.")
    return day
