"""Options that several commands have, declared once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tui.service.numbers import parse_number

if TYPE_CHECKING:
    from datetime import datetime

USAGE_ERROR = 2
SIZES = ("demo", "busy", "stress")
REMOTE_OPTIONS = ("token_file", "secrets_file", "ca_file", "proxy", "show")


class UsageError(SystemExit):
    """The arguments are wrong; ``why`` says what is, ``usage`` how the command is called."""

    def __init__(self, why: str, usage: str) -> None:
        super().__init__(USAGE_ERROR)
        self.why = why
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """A parser that raises what is wrong: a program that asked for JSON is told in JSON."""

    values_with_minus: tuple[str, ...] = ()
    """Options whose value may begin with a minus, which argparse takes for another option."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        return super().parse_known_args(_joined(args, self.values_with_minus), namespace)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: error: {message}", self.format_usage())


def _joined(args: Sequence[str] | None, options: Sequence[str]) -> Sequence[str] | None:
    """Return arguments in which each of ``options`` is one word with its value."""
    if not options or args is None:
        return args
    joined: list[str] = []
    left = iter(args)
    for word in left:
        value = next(left, None) if word in options else None
        joined.append(word if value is None else f"{word}={value}")
        if word == "--":
            joined += left
    return joined


if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Parser]


def speed(text: str) -> Decimal:
    """Read how fast the market runs."""
    try:
        speed = parse_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not Decimal("0.01") <= speed <= 100:
        raise argparse.ArgumentTypeError("a speed is from 0.01 to 100")
    return speed


def port(text: str) -> int:
    """Read a port of this machine."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: 0 to 65535")
    return int(text)


def length(text: str) -> int:
    """Read a number of characters."""
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of characters: 1 to 1000000")
    return int(text)


def seconds(text: str) -> float:
    """Read a time in seconds."""
    try:
        seconds = parse_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError("a time is above 0 and at most 600 seconds")
    return float(seconds)


def waiting(text: str) -> float:
    """Read how long to wait in seconds; 0 is not at all."""
    return 0.0 if text.strip() == "0" else seconds(text)


def moment(text: str) -> datetime:
    """Read a moment, in UTC where it names no zone."""
    from datetime import UTC, datetime

    from tui.service.typed_times import read_time

    try:
        return read_time(text, datetime.now(UTC), UTC).begin
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def blotter_options(*, again: bool) -> Parser:
    """Return the options of the blotter and its embedded server.

    They may stand before a command as well as behind it: said ``again``, what is not given leaves what was.
    """

    def otherwise(value: object) -> object:
        return argparse.SUPPRESS if again else value

    options = Parser(add_help=False)
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
    add("--speed", type=speed, default=otherwise(Decimal(1)), help="how fast the market's clock runs")
    add(
        "--fresh",
        action="store_true",
        default=otherwise(False),
        help="throw the demo database away and start over",
    )


def add_reached(program: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Add how a server over the network is reached; said ``again``, what is not given leaves what was."""
    otherwise = argparse.SUPPRESS if again else None
    server = program.add_mutually_exclusive_group()
    server.add_argument(
        "--profile",
        metavar="NAME",
        default=otherwise,
        help="a LUSID environment of the configuration; 'env' is FBN_* and secrets.json",
    )
    server.add_argument(
        "--url",
        default=otherwise,
        help="any server that speaks the API, such as http://127.0.0.1:8011/api",
    )
    program.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        default=otherwise,
        help="the access token, in a file of yours",
    )
    program.add_argument(
        "--secrets-file",
        type=Path,
        metavar="FILE",
        default=otherwise,
        help="a secrets.json as LUSID's SDK has it",
    )
    program.add_argument(
        "--ca-file",
        type=Path,
        metavar="FILE",
        default=otherwise,
        help="certificates to trust as well, as PEM",
    )
    program.add_argument(
        "--proxy", metavar="URL", default=otherwise, help="reach the server through this proxy"
    )


def add_database(program: argparse.ArgumentParser) -> None:
    """Add, to a command, which database of the server inside this program is meant."""
    program.add_argument(
        "--db",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="database of the server inside this program; ':memory:' keeps nothing",
    )


def add_desk(program: argparse.ArgumentParser) -> None:
    """Add which desk a command without a screen works on."""
    add_reached(program, again=True)
    add_database(program)
