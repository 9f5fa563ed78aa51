"""Runs a command on the desk that the command line names, without a screen."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.headless.command_output import CommandOutput
    from tui.headless.exit_codes import ExitCode
    from tui.service.desk import Desk

    Work = Callable[[Desk, CommandOutput], Awaitable[ExitCode]]


def run_on_desk(
    given: argparse.Namespace,
    work: Work,
    *,
    output: CommandOutput,
    as_at: datetime | None = None,
    named_too: bool = True,
    market: bool = False,
) -> int:
    """Open the desk that ``given`` names, read it, do the ``work`` on it, and return the exit code.

    ``as_at`` and ``named_too`` are those of :func:`tui.headless.opened_desk.opened_desk`; ``market`` lets the
    simulated market of the embedded server run meanwhile. Whatever keeps it from being done is told.
    """
    import asyncio
    import gc

    from tui.chosen_server import choose_server
    from tui.config import paths
    from tui.config.load import load_settings
    from tui.headless.command_failed import CommandFailed
    from tui.headless.exit_codes import ExitCode
    from tui.headless.opened_desk import opened_desk
    from tui.input_files.mistakes import CheckError
    from tui.secret import SecretError
    from tui.start import opened_log, vocabulary, zone_of

    async def run() -> ExitCode:
        server = choose_server(given, settings, zone_of(settings), market=market)
        output.about(server.environment, server.environment.user, as_at)
        async with opened_desk(server, as_at=as_at, named_too=named_too, say=output.say) as desk:
            gc.enable()
            output.about(desk.environment, desk.user, desk.snapshot.as_at)
            return await work(desk, output)

    try:
        settings = load_settings(paths.config_file(), vocabulary)
        opened_log(settings.log_level)
        return asyncio.run(run())
    except CommandFailed as error:
        return output.fail(error)
    except (CheckError, SecretError) as error:
        return output.fail(CommandFailed(ExitCode.USAGE, str(error)))
    except OSError as error:
        why = f"{error.filename or 'A file'} cannot be used: {error.strerror or error}."
        return output.fail(CommandFailed(ExitCode.FAILED, why))
    except KeyboardInterrupt:
        return output.fail(CommandFailed(ExitCode.FAILED, "It was stopped.", retry=True))
