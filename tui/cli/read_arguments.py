"""``blotter blocks``, ``orders`` and so on, and ``history``: their arguments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tui.cli.options import add_desk
from tui.headless.desk_lists import DESK_LISTS

if TYPE_CHECKING:
    from tui.cli.options import Commands


def add_reads(commands: Commands) -> None:
    """Add the read commands."""
    for name, help in DESK_LISTS.items():
        listed = commands.add_parser(name, help=help, description=f"{help[:1].upper()}{help[1:]}.")
        listed.set_defaults(run=_run_list)
        listed.values_with_minus = ("--sort", "--filter")
        add_desk(listed)
        add_read_options(listed)
    history = commands.add_parser(
        "history",
        help="tell the whole story of an order",
        description="Tell the whole story of an order, or of the orders behind another row, newest first.",
    )
    history.set_defaults(run=_run_history)
    history.add_argument("ids", nargs="+", metavar="ID", help="an order, or a block, placement, fill ...")
    add_desk(history)
    add_as_at(history)
    add_form(history)


def add_mcp(commands: Commands) -> None:
    """Add ``mcp`` to the commands."""

    def run(given: argparse.Namespace) -> int:
        from tui.cli.mcp_command import run_mcp

        return run_mcp(given)

    tools = commands.add_parser(
        "mcp",
        help="offer reading and proposing as tools of the Model Context Protocol",
        description="Offer reading and proposing as tools of the Model Context Protocol, over stdio.",
    )
    tools.set_defaults(run=run)
    add_desk(tools)


def add_read_options(listed: argparse.ArgumentParser) -> None:
    """Add which rows are listed, and how they are written."""
    listed.add_argument("ids", nargs="*", metavar="ID", help="only these: CODE or SCOPE/CODE")
    _add_view(listed)
    add_as_at(listed)
    add_form(listed).add_argument(
        "--watch", action="store_true", help="write changes as lines of JSON until it is stopped"
    )


def _add_view(listed: argparse.ArgumentParser) -> None:
    """Add which rows are listed, in which order and with which columns."""
    listed.add_argument(
        "--filter", metavar="EXPR", help="as behind / on the desk, such as 'side:buy state:new'"
    )
    listed.add_argument(
        "--columns", type=_names, default=(), metavar="A,B", help="the columns, by their names or titles"
    )
    listed.add_argument(
        "--sort", type=_names, default=(), metavar="-A,B", help="columns to sort by; - in front descends"
    )
    listed.add_argument("--view", default="", metavar="NAME", help="as this saved view shows them")
    listed.add_argument("--limit", type=_count, metavar="N", help="the first N of them")


def add_as_at(program: argparse.ArgumentParser) -> None:
    """Add a moment of the past at which the desk is read."""
    program.add_argument(
        "--as-at", default="", metavar="TIME", help="as it was then, such as 'yesterday 16:00' or '2h ago'"
    )


def add_form(program: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Add how the answer is written; return the group of the options, of which one is taken."""
    forms = program.add_mutually_exclusive_group()
    forms.add_argument("--table", dest="form", action="store_const", const="table", help="for people")
    forms.add_argument("--csv", dest="form", action="store_const", const="csv", help="as it is exported")
    forms.add_argument("--json", dest="form", action="store_const", const="json", help="one document")
    program.set_defaults(form="table")
    return forms


def _names(text: str) -> tuple[str, ...]:
    """Read names between commas."""
    return tuple(name for each in text.split(",") if (name := each.strip()))


def _count(text: str) -> int:
    """Read how many rows are wanted."""
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of rows: 1 or more")
    return int(text)


def _run_list(given: argparse.Namespace) -> int:
    from tui.cli.read_commands import run_list

    return run_list(given)


def _run_history(given: argparse.Namespace) -> int:
    from tui.cli.read_commands import run_history

    return run_history(given)
