"""Chooses the server and starts the program on it: the one place where all rooms meet.

Modules that are slow to import are imported where they are needed and not before: the screen comes first.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.chosen_server import choose_server, database_file
from tui.config import paths
from tui.config.load import load_settings
from tui.config.logs import start_log, start_no_log, start_words_log
from tui.config.settings import Settings, Vocabulary
from tui.input_files.mistakes import CheckError, print_mistakes
from tui.secret import SecretError
from tui.standard_output import write_out

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.actions.understood import ReadDocuments


FAILED: Final = 1
USAGE_ERROR: Final = 2
TOKEN_VARIABLE: Final = "BLOTTER_TOKEN"
"""The variable that holds the token of a server to be offered."""
TOKEN_IS_SEEN: Final = (
    "The token of --token is seen by everybody on this machine, in the list of processes. "
    "Give it in a file of yours (--token-file FILE) or in BLOTTER_TOKEN."
)


def run_server(given: argparse.Namespace) -> int:
    """Offer the embedded server over HTTP until it is told to stop."""
    from tui.oms.http.call import Dialect
    from tui.oms.run.serve import run, verify

    gc.enable()
    start_words_log("warning")
    database = database_file(given.db or str(paths.data_dir() / "serve.db"))
    if given.verify:
        return verify(database)
    try:
        token, token_from = _served_token(given)
    except (CheckError, SecretError) as error:
        return print_mistakes("blotter serve", str(error), USAGE_ERROR)
    return run(
        host=given.host,
        port=given.port,
        db=database,
        token=token,
        token_from=token_from,
        warning=TOKEN_IS_SEEN if given.token else "",
        generation=given.generation,
        size=given.size or "empty",
        seed=given.seed,
        market=given.market,
        clock=given.clock,
        users=given.users,
        inject=given.inject,
        scenario=given.scenario,
        fees=given.fees,
        dialect=Dialect(
            graph_filters=given.filter_dialect,
            max_filter=given.max_filter,
            max_url=given.max_url,
            ignored=tuple(given.ignore),
            quotes_scope=given.quotes_scope,
        ),
    )


def _served_token(given: argparse.Namespace) -> tuple[str | None, str]:
    """Return the token that clients must send, None for a generated one, and where it is from if not printed.

    Raises:
        CheckError: it is given twice, or beside a file of users.
        SecretError: its file cannot be read.
    """
    if given.token_file is None:
        of_variable = None if given.users or given.token else os.environ.get(TOKEN_VARIABLE)
        return given.token or of_variable, f"${TOKEN_VARIABLE}" if of_variable else ""
    if given.token:
        raise CheckError("--token and --token-file both say the token. Give one of them.")
    if given.users:
        raise CheckError("--token-file goes without --users: that file says who has which token.")
    from tui.config.token_files import read_token

    return read_token(given.token_file.expanduser()).reveal(), f"@{given.token_file}"


def show_access(given: argparse.Namespace) -> int:
    """Print the settings of the server the command line names and where each was found; send nothing."""
    from tui.signon import collect_settings, validate
    from tui.signon import describe as shown

    try:
        access = collect_settings(given, load_settings(paths.config_file()))
        write_out(shown(access))
        validate(access)
    except (CheckError, SecretError) as error:
        return print_mistakes("blotter", str(error), USAGE_ERROR)
    return 0


def run_blotter(given: argparse.Namespace, read_documents: ReadDocuments) -> int:
    """Start the blotter and return its exit code; ``read_documents`` understands what programs propose."""
    try:
        settings = load_settings(paths.config_file(), vocabulary)
        log_file = opened_log(settings.log_level)
        zone = zone_of(settings)
        server = choose_server(given, settings, zone)
    except (CheckError, SecretError) as error:
        return print_mistakes("blotter", str(error), USAGE_ERROR)
    except OSError as error:
        return print_mistakes(
            "blotter", f"{error.filename or 'A file'} cannot be used: {error.strerror}.", FAILED
        )
    from styles.themes import AUTO, THEMES
    from tui.app import BlotterApp
    from tui.clipboard import Clipboard
    from tui.session import Preferences
    from tui.started_files import StartedSession, StartedViews
    from tui.thinwire import says_dark, wire_to_terminal

    theme = given.theme or settings.theme
    names = [*(known.name for known in THEMES), AUTO]
    if theme not in names:
        return print_mistakes(
            "blotter",
            f"There is no theme '{theme}'; there are {', '.join(names)}.",
            USAGE_ERROR,
        )
    if missing := _no_terminal():
        return print_mistakes("blotter", missing, USAGE_ERROR)
    app = BlotterApp(
        server.environment,
        server.connect,
        Preferences(
            theme=theme,
            dark=says_dark(os.environ),
            transparent=settings.transparent,
            ascii=bool(given.ascii or settings.ascii or not can_draw(os.environ)),
            read_only=server.read_only,
            home=server.profile.home,
            refresh_s=server.profile.refresh_s,
            colour=server.profile.colour,
            keys=settings.keys,
            exceptions=settings.exceptions,
            first_screen=settings.first_screen,
            exports=paths.data_dir() / "exports",
            log_file=log_file,
            zone=zone,
            tape=settings.tape,
            visits=server.visits,
            views=StartedViews(server.profile.shared_views),
            last_session=(
                StartedSession(server.session, names, begins_anew=given.no_restore or given.fresh)
                if server.session and settings.restore
                else None
            ),
        ),
        wire=None if given.plain_output or settings.plain_output else wire_to_terminal(os.environ),
        clipboard=Clipboard(os.environ),
        opening=server.opening,
        read_documents=read_documents,
    )
    app.run()
    return app.return_code or 0


def vocabulary() -> Vocabulary:
    """Return the names that a settings file may use and the rooms above it declare."""
    from styles.themes import AUTO, PROFILE_COLOURS, THEMES
    from tui.screens.desk.keymap import key_mistakes
    from tui.screens.desk.registry import BY_ID

    themes = (*(theme.name for theme in THEMES), AUTO)
    return Vocabulary(themes, tuple(BY_ID), tuple(PROFILE_COLOURS), key_mistakes)


def _no_terminal() -> str:
    """Return why there is no terminal: Textual reads keys from standard input and draws on standard error.

    A driver that ``TEXTUAL_DRIVER`` names brings its own.
    """
    if os.environ.get("TEXTUAL_DRIVER"):
        return ""
    if not all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__)):
        return "There is no terminal to draw on and to read keys from."
    kind = os.environ.get("TERM", "")
    if kind in ("dumb", "unknown"):
        return (
            f"The terminal cannot be drawn on: it is called {kind} (TERM). Use another, or name what it is."
        )
    return ""


def opened_log(level: str) -> Path | None:
    """Start the log and return its file; None where it cannot be written, which is said and stops nothing."""
    try:
        return start_log(paths.log_file(), level)
    except OSError as error:
        said = f"There is no log: {error.filename or 'its file'} cannot be written: {error.strerror}."
        print_mistakes("blotter", said, 0)
        start_no_log()
        return None


def zone_of(settings: Settings) -> tzinfo:
    """Return the zone of the settings, else this machine's; UTC where that is none."""
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from tui.machine_zone import machine_zone

    if settings.zone:
        return ZoneInfo(settings.zone)
    try:
        return machine_zone()
    except ValueError:
        print_mistakes(
            "blotter",
            f"The time zone {os.environ.get('TZ', 'of this machine')!r} is none; times are in UTC. "
            "zone in the settings file names one, such as Europe/London.",
            0,
        )
        return UTC


def can_draw(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal surely draws the glyphs, each one cell wide; else ASCII is drawn.

    Under the locale C Python writes UTF-8 all the same, and says so in LC_CTYPE. The fonts of the Linux
    console lack most glyphs. Where people write Chinese, Japanese or Korean, many terminals draw them two
    cells wide.
    """
    every, ctype, usual = (environment.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = every or ("" if ctype.startswith("C.") else ctype) or usual
    language = locale.partition(".")[0].partition("_")[0]
    if language in ("C", "POSIX") and "." not in locale:
        return False
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    unsure = environment.get("TERM") == "linux" or language in ("ja", "ko", "zh")
    return not unsure and encoding in ("utf8", "utf16", "utf32")
