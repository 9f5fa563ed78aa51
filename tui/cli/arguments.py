"""The arguments of the command line, and which command they are for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from tui import __version__
from tui.service.numbers import parse_number

if TYPE_CHECKING:
    from datetime import datetime

USAGE_ERROR = 2
SIZES = ("demo", "busy", "stress")
REMOTE_OPTIONS = ("token_file", "secrets_file", "ca_file", "proxy", "show")


def _speed(text: str) -> Decimal:
    try:
        speed = parse_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not Decimal("0.01") <= speed <= 100:
        raise argparse.ArgumentTypeError("a speed is from 0.01 to 100")
    return speed


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: 0 to 65535")
    return int(text)


def _length(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of characters: 1 to 1000000")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = parse_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError("a time is above 0 and at most 600 seconds")
    return float(seconds)


def _moment(text: str) -> datetime:
    from datetime import UTC, datetime

    from tui.service.typed_times import read_time

    try:
        return read_time(text, datetime.now(UTC), UTC).begin
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands and options."""
    main = argparse.ArgumentParser(
        prog="blotter",
        description="A trading blotter for LUSID's order management, with its own server inside.",
        parents=[_shared(again=False)],
    )
    main.add_argument("--version", action="version", version=f"blotter {__version__}")
    _reached(main)
    commands = main.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser(
        "demo", parents=[_shared(again=True)], help="the blotter on the embedded server (the default)"
    )
    _offered(commands.add_parser("serve", help="offer the embedded server to anybody, over HTTP"))
    _kept(commands.add_parser("login", help="keep a personal access token for a LUSID environment"))
    _listed(commands.add_parser("profiles", help="list the LUSID environments and check each"))
    _settings(commands.add_parser("config", help="check, begin or change the settings file"))
    return main


def _shared(*, again: bool) -> argparse.ArgumentParser:
    """Return the options of the blotter and its embedded server.

    They may stand before a command as well as behind it: said ``again``, what is not given leaves what was.
    """

    def otherwise(value: object) -> object:
        return argparse.SUPPRESS if again else value

    options = argparse.ArgumentParser(add_help=False)
    _add_screen_options(options.add_argument, otherwise)
    _add_embedded_options(options.add_argument, otherwise)
    return options


def _add_screen_options(add: Callable[..., object], otherwise: Callable[[object], object]) -> None:
    add("--read-only", action="store_true", default=otherwise(False), help="look, never write")
    add(
        "--theme",
        default=otherwise(None),
        help="blotter, classic, east, high-contrast, light, mono, or auto: as the terminal's background is",
    )
    add("--ascii", action="store_true", default=otherwise(None), help="draw with ASCII characters only")
    add(
        "--plain-output",
        action="store_true",
        default=otherwise(False),
        help="send the terminal all that is drawn, not what differs",
    )
    add(
        "--no-restore",
        action="store_true",
        default=otherwise(False),
        help="show the desk as it is made, not as it was left",
    )


def _add_embedded_options(add: Callable[..., object], otherwise: Callable[[object], object]) -> None:
    add(
        "--db",
        metavar="FILE",
        default=otherwise(None),
        help="database of the embedded server; ':memory:' keeps nothing",
    )
    add(
        "--size",
        choices=SIZES,
        default=otherwise(None),
        help="how much demo data a new database gets: demo if not said",
    )
    add("--seed", type=int, default=otherwise(7), help="what the demo data and the market derive from")
    add("--speed", type=_speed, default=otherwise(Decimal(1)), help="how fast the market's clock runs")
    add(
        "--fresh",
        action="store_true",
        default=otherwise(False),
        help="throw the demo database away and start over",
    )


def _reached(program: argparse.ArgumentParser) -> None:
    """Add how a server over the network is reached."""
    server = program.add_mutually_exclusive_group()
    server.add_argument(
        "--profile",
        metavar="NAME",
        help="a LUSID environment of the configuration; 'env' is FBN_* and secrets.json",
    )
    server.add_argument("--url", help="any server that speaks the API, such as http://127.0.0.1:8011/api")
    program.add_argument(
        "--token-file", type=Path, metavar="FILE", help="the access token, in a file of yours"
    )
    program.add_argument(
        "--secrets-file", type=Path, metavar="FILE", help="a secrets.json as LUSID's SDK has it"
    )
    program.add_argument("--ca-file", type=Path, metavar="FILE", help="certificates to trust as well, as PEM")
    program.add_argument("--proxy", metavar="URL", help="reach the server through this proxy")
    program.add_argument(
        "--show", action="store_true", help="tell how the server would be reached, and where that was said"
    )


def _offered(serve: argparse.ArgumentParser) -> None:
    """Add how the embedded server is offered."""
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; beyond this machine needs a token"
    )
    serve.add_argument("--port", type=_port, default=8011, help="port to listen on; 0 picks a free one")
    serve.add_argument(
        "--db", metavar="FILE", default=argparse.SUPPRESS, help="database file; ':memory:' keeps nothing"
    )
    serve.add_argument("--token", help="the access token clients must send; better in BLOTTER_TOKEN")
    serve.add_argument(
        "--users",
        type=Path,
        metavar="FILE",
        help="who may sign on, with which password or token (TOML, 0600)",
    )
    serve.add_argument(
        "--generation", choices=("latest", "2.1"), default="latest", help="which shapes to answer in"
    )
    serve.add_argument(
        "--size",
        choices=("empty", *SIZES),
        default=argparse.SUPPRESS,
        help="what a new database gets: nothing if not said",
    )
    serve.add_argument(
        "--seed", type=int, default=argparse.SUPPRESS, help="what demo data and market derive from"
    )
    _answering(serve)


def _answering(serve: argparse.ArgumentParser) -> None:
    """Add how the embedded server answers: its faults, fees, filters and market."""
    serve.add_argument(
        "--inject",
        metavar="FAULT",
        action="append",
        default=[],
        help="a fault to test clients with, such as 'rate-limited list_* every=3'; the manual lists them",
    )
    serve.add_argument("--scenario", type=Path, metavar="FILE", help="the faults of a TOML file")
    serve.add_argument(
        "--fees", type=Path, metavar="FILE", help="what bookings cost, by broker and currency (TOML)"
    )
    serve.add_argument(
        "--filter-dialect",
        choices=("inner", "nested", "both"),
        default="inner",
        help="how filters of the order graph spell fields: id.code, block.id.code, or either",
    )
    serve.add_argument(
        "--max-filter", type=_length, default=16_384, help="the longest filter taken, in characters"
    )
    serve.add_argument(
        "--max-url", type=_length, default=2048, help="the longest address taken, in characters"
    )
    serve.add_argument(
        "--ignore",
        metavar="PARAMETER",
        action="append",
        default=[],
        help="a query parameter to ignore in silence, such as includeSwept, as a server older than it does",
    )
    serve.add_argument(
        "--quotes-scope", metavar="SCOPE", help="one more scope that has the quotes of the demo"
    )
    serve.add_argument("--market", action="store_true", help="let the simulated market fill placements")
    serve.add_argument(
        "--clock",
        type=_moment,
        metavar="TIME",
        help="let time begin there, in UTC, and go on by market steps only",
    )


def _kept(login: argparse.ArgumentParser) -> None:
    """Add how a token is kept for a profile."""
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


def _listed(profiles: argparse.ArgumentParser) -> None:
    """Add how the profiles are checked."""
    profiles.add_argument("--offline", action="store_true", help="list them, and send nothing")
    profiles.add_argument(
        "--timeout",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long a server may take: 10 if not said",
    )


def _settings(config: argparse.ArgumentParser) -> None:
    """Add what can be done with the settings file."""
    verbs = config.add_subparsers(dest="verb", metavar="VERB", required=True)
    check = verbs.add_parser("check", help="say all that is wrong in it")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="another settings file")
    verbs.add_parser("path", help="say which file it is")
    verbs.add_parser("init", help="write one that says nothing: every setting as a comment")
    change = verbs.add_parser("set", help="change one setting and keep all other lines and comments")
    change.add_argument("name", metavar="NAME", help="such as theme, keys.history or profiles.uat.url")
    change.add_argument("value", metavar="VALUE")
    verbs.add_parser("schema", help="print its JSON schema, for editors")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``blotter`` and return its exit code: 0 all well, 1 failed, 2 wrong usage."""
    given = parser().parse_args(arguments)
    if given.command == "serve":
        from tui.start import run_server

        return run_server(given)
    if given.command == "config":
        from tui.cli.config_commands import run_config

        return run_config(given)
    if given.command == "login":
        from tui.cli.login_command import run_login

        return run_login(given)
    if given.command == "profiles":
        from tui.cli.profiles_command import run_profiles

        return run_profiles(given)
    if not given.url and not given.profile:
        for option in REMOTE_OPTIONS:
            if getattr(given, option):
                named = option.replace("_", "-")
                print(f"blotter: --{named} goes with --profile or --url.", file=sys.stderr)
                return USAGE_ERROR
    from tui import start

    return start.show_access(given) if given.show else start.run_blotter(given)
