"""``blotter serve``: its arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.options import SIZES, length, moment, port

if TYPE_CHECKING:
    from tui.cli.options import Commands


def add_serve(commands: Commands) -> None:
    """Add ``serve`` to the commands."""
    serve = commands.add_parser("serve", help="offer the embedded server to anybody, over HTTP")
    serve.set_defaults(run=_run)
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; beyond this machine needs a token"
    )
    serve.add_argument("--port", type=port, default=8011, help="port to listen on; 0 picks a free one")
    serve.add_argument(
        "--db", metavar="FILE", default=argparse.SUPPRESS, help="database file; ':memory:' keeps nothing"
    )
    serve.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        default=None,
        help="the access token clients must send, in a file of yours; or in BLOTTER_TOKEN",
    )
    serve.add_argument("--token", help="the same for all on this machine to see, in the list of processes")
    serve.add_argument(
        "--users",
        type=Path,
        metavar="FILE",
        help="who may sign on, with which password or token (TOML, 0600)",
    )
    serve.add_argument(
        "--verify",
        action="store_true",
        help="check all of the database, say what is damaged and since when, and end",
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
        "--max-filter", type=length, default=16_384, help="the longest filter taken, in characters"
    )
    serve.add_argument(
        "--max-url", type=length, default=2048, help="the longest address taken, in characters"
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
        type=moment,
        metavar="TIME",
        help="let time begin there, in UTC, and go on by market steps only",
    )


def _run(given: argparse.Namespace) -> int:
    from tui.start import run_server

    return run_server(given)
