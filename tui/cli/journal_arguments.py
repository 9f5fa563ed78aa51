"""``blotter journal``: its arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.cli.options import SIZES, add_desk
from tui.cli.read_arguments import add_form

if TYPE_CHECKING:
    from tui.cli.options import Commands

HELPS: Final = {
    "list": "list what was decided here, newest first, with what came of it",
    "verify": "check every line and the chain of hashes; exit code 1 names file, line and what is wrong",
    "export": "write every line as it stands, chain included, to a private file",
    "replay": "send it again to a fresh embedded server, and tell what comes out otherwise",
}
"""What each command does."""


def add_journal(commands: Commands) -> None:
    """Add the commands on the journal of a desk; none of them asks its server."""
    family = commands.add_parser(
        "journal",
        help="what was decided here: list, verify, export, replay",
        description="The journal of what was decided and sent from this machine to one server.",
    )
    inner = family.add_subparsers(dest="journal_command", metavar="COMMAND", required=True)
    for name, help in HELPS.items():
        program = inner.add_parser(name, help=help, description=f"{help[:1].upper()}{help[1:]}.")
        program.set_defaults(run=_run)
        add_desk(program)
        if name == "list":
            _add_list(program)
        else:
            program.set_defaults(form="table")
            program.add_argument(
                "--json",
                dest="form",
                action="store_const",
                const="json",
                default="table",
                help="one document",
            )
        if name == "export":
            program.add_argument("file", type=Path, metavar="FILE", help="the file, which must not exist")
        if name == "replay":
            _add_replay(program)


def _add_list(program: argparse.ArgumentParser) -> None:
    program.add_argument("--since", default="", metavar="TIME", help="such as 'yesterday 16:00' or '2h ago'")
    program.add_argument("--filter", default="", metavar="EXPR", help="as behind / in the app's journal")
    program.add_argument("--limit", type=int, metavar="N", help="the newest N of them")
    add_form(program)


def _add_replay(program: argparse.ArgumentParser) -> None:
    program.add_argument("--into", type=Path, metavar="FILE", help="a new database; else in memory")
    program.add_argument(
        "--size", choices=(*SIZES, "empty"), default=argparse.SUPPRESS, help="the data it begins with (demo)"
    )
    program.add_argument("--seed", type=int, default=argparse.SUPPRESS, help="the seed of these data")


def _run(given: argparse.Namespace) -> int:
    from tui.cli.journal_commands import run_journal

    return run_journal(given)
