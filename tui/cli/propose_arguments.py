"""``blotter propose`` and ``blotter proposals``: their arguments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from tui.cli.options import Parser, add_desk
from tui.cli.write_arguments import add_document, document_of
from tui.headless.write_commands import COMMANDS, WriteCommand

if TYPE_CHECKING:
    from datetime import timedelta

    from tui.cli.options import Commands

UNITS: Final = {"s": 1, "m": 60, "h": 3600}


def stands(text: str) -> timedelta:
    """Read for how long a proposal stands: ``90s``, ``30m`` or ``2h``."""
    from datetime import timedelta

    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isascii() or not number.isdigit() or len(number) > 6:
        raise argparse.ArgumentTypeError("write a time as 90s, 30m or 2h")
    return timedelta(seconds=int(number) * UNITS[unit])


def add_proposals(commands: Commands) -> None:
    """Add ``propose`` and ``proposals`` to the commands."""
    propose = commands.add_parser(
        "propose",
        help="put a write before the people at the blotter, who confirm, edit or refuse it; nothing is sent",
        description="Propose what a write command would do. Nothing is sent: it is shown in every open "
        "blotter of the environment, and a person confirms it, edits it or refuses it.",
        allow_abbrev=False,
    )
    propose.set_defaults(run=_follow, usage=propose.format_usage)
    propose.add_argument(
        "--follow", nargs="*", metavar="ID", help="tell what becomes of proposals, until all have ended"
    )
    propose.add_argument("--json", action="store_true", help="answer programs: JSON, a fate a line")
    add_desk(propose)
    proposed = propose.add_subparsers(dest="write", metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS.values():
        _add(proposed, command)
    listed = commands.add_parser("proposals", help="list what programs propose, and what became of it")
    listed.set_defaults(run=_list)
    listed.add_argument("--json", action="store_true", help="answer programs: JSON, a proposal a line")
    add_desk(listed)


def _add(commands: Commands, command: WriteCommand) -> None:
    parser = commands.add_parser(
        command.name, help=f"propose to {command.help}", allow_abbrev=False, add_help=True
    )
    parser.set_defaults(run=_propose, write=command.name, usage=parser.format_usage)
    add_document(parser, command)
    parser.add_argument(
        "--as", dest="program", default="", metavar="NAME", help="the name of the program that proposes"
    )
    parser.add_argument(
        "--expires", type=stands, metavar="TIME", help="how long it stands, such as 90s, 30m or 2h"
    )
    parser.add_argument("--follow", action="store_true", default=False, help="tell what becomes of it")
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="answer programs")
    add_desk(parser)


def _propose(given: argparse.Namespace) -> int:
    from tui.cli.propose_command import run_propose

    return run_propose(given, document_of(given))


def _follow(given: argparse.Namespace) -> int:
    """Tell fates.

    Raises:
        UsageError: neither a command nor --follow was given.
    """
    from tui.cli.options import UsageError
    from tui.cli.propose_command import run_follow

    if given.follow is None:
        raise UsageError("blotter propose: error: name a COMMAND to propose, or --follow.", given.usage())
    return run_follow(given, given.follow)


def _list(given: argparse.Namespace) -> int:
    from tui.cli.propose_command import run_list

    return run_list(given)
