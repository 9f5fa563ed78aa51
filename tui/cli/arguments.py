"""The arguments of the command line: every command is added here, and says itself what runs it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from tui import __version__
from tui.cli.doctor_arguments import add_doctor
from tui.cli.journal_arguments import add_journal
from tui.cli.options import REMOTE_OPTIONS, USAGE_ERROR, Parser, UsageError, add_reached, blotter_options
from tui.cli.propose_arguments import add_proposals
from tui.cli.read_arguments import add_mcp, add_reads
from tui.cli.report_arguments import add_report
from tui.cli.serve_arguments import add_serve
from tui.cli.setup_arguments import add_config, add_login, add_profiles
from tui.cli.write_arguments import add_writes

if TYPE_CHECKING:
    from tui.actions.understood import Understood
    from tui.service.desk import Desk


def parser() -> Parser:
    """Return the parser of all commands and options."""
    main = Parser(
        prog="blotter",
        description="A trading blotter for LUSID's order management, with its own server inside.",
        parents=[blotter_options(again=False)],
    )
    main.add_argument("--version", action="version", version=f"blotter {__version__}")
    add_reached(main)
    main.add_argument(
        "--show", action="store_true", help="tell how the server would be reached, and where that was said"
    )
    main.set_defaults(run=_run_blotter)
    commands = main.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser(
        "demo", parents=[blotter_options(again=True)], help="the blotter on the embedded server (the default)"
    ).set_defaults(run=_run_blotter)
    add_serve(commands)
    add_login(commands)
    add_profiles(commands)
    add_config(commands)
    add_reads(commands)
    add_mcp(commands)
    add_writes(commands)
    add_proposals(commands)
    add_report(commands)
    add_journal(commands)
    add_doctor(commands)
    return main


def command_helps() -> Iterator[tuple[str, str]]:
    """Yield the name of each command, and what it does, in a line."""
    (commands,) = (each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    yield from ((each.dest, each.help or "") for each in commands._choices_actions)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``blotter`` and return its exit code (:mod:`tui.headless.exit_codes`).

    Raises:
        UsageError: the arguments are wrong, and that was told.
    """
    typed = tuple(sys.argv[1:] if arguments is None else arguments)
    try:
        given = parser().parse_args(arguments, argparse.Namespace(typed=typed))
        code: int = given.run(given)
    except UsageError as error:
        _tell_usage(error, typed)
        raise
    return code


def _tell_usage(error: UsageError, arguments: Sequence[str]) -> None:
    """Tell what is wrong with the arguments; on standard output too where a program asked for JSON."""
    if "--json" in arguments:
        from tui.headless.command_failed import CommandFailed
        from tui.headless.command_output import CommandOutput
        from tui.headless.exit_codes import ExitCode
        from tui.standard_output import OutputError

        output = CommandOutput("json")
        with suppress(OutputError):
            output.line(output.failure(CommandFailed(ExitCode.USAGE, error.why)))
    print(f"{error.usage}{error.why}", file=sys.stderr)


def _run_blotter(given: argparse.Namespace) -> int:
    if not given.url and not given.profile:
        for option in REMOTE_OPTIONS:
            if getattr(given, option):
                named = option.replace("_", "-")
                print(f"blotter: --{named} goes with --profile or --url.", file=sys.stderr)
                return USAGE_ERROR
    from tui import start

    return start.show_access(given) if given.show else start.run_blotter(given, _read_documents)


async def _read_documents(documents: Sequence[bytes], desk: Desk) -> Sequence[Understood | str]:
    """Understand what programs propose; what that takes is loaded with the first proposal."""
    import asyncio
    from importlib import import_module

    reader = await asyncio.to_thread(import_module, "tui.headless.proposed_documents")
    read: Sequence[Understood | str] = await reader.read_proposed(documents, desk)
    return read
