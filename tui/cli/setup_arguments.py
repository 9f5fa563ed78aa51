"""``blotter login``, ``profiles`` and ``config``: their arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.options import seconds

if TYPE_CHECKING:
    from tui.cli.options import Commands


def add_login(commands: Commands) -> None:
    """Add ``login`` to the commands."""

    def run(given: argparse.Namespace) -> int:
        from tui.cli.login_command import run_login

        return run_login(given)

    login = commands.add_parser("login", help="keep a personal access token for a LUSID environment")
    login.set_defaults(run=run)
    login.add_argument(
        "--profile",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="the environment of the configuration; a new name is added to it",
    )
    login.add_argument(
        "--url", default=argparse.SUPPRESS, help="the address of a new one, such as https://x.lusid.com"
    )
    login.add_argument(
        "--token-stdin", action="store_true", help="read the token from standard input, not from the keyboard"
    )
    login.add_argument("--forget", action="store_true", help="forget the token that is kept")


def add_profiles(commands: Commands) -> None:
    """Add ``profiles`` to the commands."""

    def run(given: argparse.Namespace) -> int:
        from tui.cli.profiles_command import run_profiles

        return run_profiles(given)

    profiles = commands.add_parser("profiles", help="list the LUSID environments and check each")
    profiles.set_defaults(run=run)
    profiles.add_argument("--offline", action="store_true", help="list them, and send nothing")
    profiles.add_argument(
        "--timeout",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long a server may take: 10 if not said",
    )


def add_config(commands: Commands) -> None:
    """Add ``config`` to the commands."""

    def run(given: argparse.Namespace) -> int:
        from tui.cli.config_commands import run_config

        return run_config(given)

    config = commands.add_parser("config", help="check, begin or change the settings file")
    config.set_defaults(run=run)
    verbs = config.add_subparsers(dest="verb", metavar="VERB", required=True)
    check = verbs.add_parser("check", help="say all that is wrong in it")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="another settings file")
    verbs.add_parser("path", help="say which file it is")
    verbs.add_parser("init", help="write one that says nothing: every setting as a comment")
    change = verbs.add_parser("set", help="change one setting and keep all other lines and comments")
    change.add_argument("name", metavar="NAME", help="such as theme, keys.history or profiles.uat.url")
    change.add_argument("value", metavar="VALUE")
    verbs.add_parser("schema", help="print its JSON schema, for editors")
