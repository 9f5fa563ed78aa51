"""Runs the read commands: opens the desk, and writes what is asked for."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from tui.chosen_server import ChosenServer
from tui.cli.on_desk import PreparedWork, run_prepared
from tui.config.settings import Settings
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.headless.opened_desk import DeskNeed
from tui.headless.read_history import tell_history
from tui.headless.read_rows import ReadContext, check_request, read_rows
from tui.headless.rows_request import RowsRequest
from tui.headless.watched_rows import watch_rows
from tui.service.desk import Desk
from tui.service.typed_times import read_past
from tui.standard_output import OutputClosed
from tui.start import can_draw
from tui.started_files import StartedViews

if TYPE_CHECKING:
    from tui.cli.on_desk import Work


def run_list(given: argparse.Namespace) -> int:
    """List rows once, or follow them."""
    output = CommandOutput("json" if given.watch else given.form)
    if given.watch and given.as_at:
        why = "--watch: The past does not change: leave out --as-at."
        return output.fail(CommandFailed(ExitCode.USAGE, why))
    request = RowsRequest(
        given.command, tuple(given.ids), given.filter, given.columns, given.sort, given.view, given.limit
    )

    def prepare(settings: Settings, server: ChosenServer, zone: tzinfo) -> PreparedWork:
        stored = StartedViews(server.profile.shared_views).read() if request.view else None
        context = ReadContext(stored, settings.exceptions, _is_ascii(given, settings))
        needs = check_request(request, context, adds_up=output.form == "table")

        async def work(desk: Desk, output: CommandOutput) -> ExitCode:
            return await (watch_rows if given.watch else read_rows)(request, context, desk, output)

        return PreparedWork(quietly(work), past_of(given, zone), needs)

    return run_prepared(given, prepare, output=output, market=given.watch)


def run_history(given: argparse.Namespace) -> int:
    """Tell the story of orders."""
    output = CommandOutput(given.form)

    def prepare(settings: Settings, server: ChosenServer, zone: tzinfo) -> PreparedWork:
        context = ReadContext(ascii=_is_ascii(given, settings))

        async def work(desk: Desk, output: CommandOutput) -> ExitCode:
            return await tell_history(given.ids, context, desk, output)

        return PreparedWork(quietly(work), past_of(given, zone), {DeskNeed.NAMES})

    return run_prepared(given, prepare, output=output)


def quietly(work: Work) -> Work:
    """Return work that is done once nobody reads what it writes: ``head`` has seen enough."""

    async def done(desk: Desk, output: CommandOutput) -> ExitCode:
        try:
            return await work(desk, output)
        except OutputClosed:
            return ExitCode.DONE

    return done


def past_of(given: argparse.Namespace, zone: tzinfo) -> datetime | None:
    """Return the moment that the desk is read at, None for now.

    Raises:
        CommandFailed: it is no time, or later than now.
    """
    if not given.as_at:
        return None
    try:
        return read_past(given.as_at, datetime.now(UTC), zone).begin.astimezone(UTC)
    except ValueError as error:
        raise CommandFailed(ExitCode.USAGE, f"--as-at: {error}") from error


def _is_ascii(given: argparse.Namespace, settings: Settings) -> bool:
    return bool(given.ascii or settings.ascii or not can_draw(os.environ))
