"""Runs a command on the desk that the command line names, without a screen."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui.chosen_server import ChosenServer
    from tui.config.settings import Settings
    from tui.headless.command_output import CommandOutput
    from tui.headless.exit_codes import ExitCode
    from tui.headless.opened_desk import DeskNeed
    from tui.service.desk import Desk

    Work = Callable[[Desk, CommandOutput], Awaitable[ExitCode]]
    Prepare = Callable[[Settings, ChosenServer, tzinfo], "PreparedWork"]
    Beside = Callable[[ChosenServer, CommandOutput], Awaitable[ExitCode]]


def run_on_desk(
    given: argparse.Namespace,
    work: Work,
    *,
    output: CommandOutput,
    as_at: datetime | None = None,
    market: bool = False,
    in_use: Beside | None = None,
) -> int:
    """Open the desk that ``given`` names, read it, do the ``work`` on it, and return the exit code.

    With ``as_at`` it is read as it was then; ``market`` lets the simulated market of the embedded server run
    meanwhile. Where a blotter has the database open, ``in_use`` is done in its place. Whatever keeps it from
    being done is told.
    """

    def prepare(settings: Settings, server: ChosenServer, zone: tzinfo) -> PreparedWork:
        return PreparedWork(work, as_at, in_use=in_use)

    return run_prepared(given, prepare, output=output, market=market)


class PreparedWork(NamedTuple):
    """What is done on a desk, of which moment it is, and what it ``needs`` beside its rows; None: all."""

    work: Work
    as_at: datetime | None = None
    needs: Collection[DeskNeed] | None = None
    in_use: Beside | None = None


def run_prepared(
    given: argparse.Namespace, prepare: Prepare, *, output: CommandOutput, market: bool = False
) -> int:
    """Open the desk that ``given`` names, do what ``prepare`` returns on it, and return the exit code.

    ``prepare`` is called with the settings, the server and the desk's zone before the server is asked. The
    names of themes and keys in the settings are not checked: nothing of a screen is loaded.
    """

    async def run(settings: Settings, server: ChosenServer, zone: tzinfo) -> ExitCode:
        import gc

        from tui.headless.command_failed import DatabaseInUse
        from tui.headless.opened_desk import DeskNeed, opened_desk

        work, as_at, needs, in_use = prepare(settings, server, zone)
        output.about(server.environment, server.environment.user, as_at)
        try:
            needs = frozenset(DeskNeed) if needs is None else needs
            async with opened_desk(server, as_at=as_at, needs=needs, say=output.say) as desk:
                gc.enable()
                output.about(desk.environment, desk.user, desk.snapshot.as_at)
                return await work(desk, output)
        except DatabaseInUse:
            if in_use is None:
                raise
        return await in_use(server, output)

    return _run(given, run, output=output, market=market)


def run_beside_desk(given: argparse.Namespace, work: Beside, *, output: CommandOutput) -> int:
    """Do ``work`` for the server that ``given`` names, without opening its desk; return the exit code."""

    async def run(settings: Settings, server: ChosenServer, zone: tzinfo) -> ExitCode:
        return await work(server, output)

    return _run(given, run, output=output)


def _run(
    given: argparse.Namespace,
    work: Callable[[Settings, ChosenServer, tzinfo], Awaitable[ExitCode]],
    *,
    output: CommandOutput,
    market: bool = False,
) -> int:
    import asyncio

    from tui.chosen_server import choose_server
    from tui.config import paths
    from tui.config.load import load_settings
    from tui.headless.told_failures import told
    from tui.start import opened_log, zone_of

    def carry_out() -> ExitCode:
        settings = load_settings(paths.config_file())
        opened_log(settings.log_level)
        return asyncio.run(run(settings))

    async def run(settings: Settings) -> ExitCode:
        zone = zone_of(settings)
        server = choose_server(given, settings, zone, market=market)
        output.about(server.environment, server.environment.user, None)
        return await work(settings, server, zone)

    return told(carry_out, output)
