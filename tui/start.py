"""Chooses the server and starts the program on it: the one place where all rooms meet.

Modules that are slow to import are imported where they are needed and not before: the screen comes first.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tui.config import paths
from tui.config.limit_settings import LimitTable
from tui.config.load import load_settings
from tui.config.logs import start_log
from tui.config.settings import Settings, Vocabulary
from tui.input_files.mistakes import CheckError, print_mistakes
from tui.secret import SecretError
from tui.standard_output import write_out

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.api.http import Http
    from tui.app import Connect, Connection
    from tui.service.desk import Environment
    from tui.service.desk_profile import DeskProfile
    from tui.service.rehearsal.rehearse import OpenSandbox

FAILED: Final = 1
USAGE_ERROR: Final = 2
MEMORY: Final = ":memory:"
TOKEN_VARIABLE: Final = "BLOTTER_TOKEN"
"""The variable that holds the token of a server to be offered."""


DEMO_PROFILE: Final = {
    "quotes": {"scope": "demo"},
    "broker_list": {"scope": "demo", "code": "BROKERS"},
    "compliance_run": {
        "run_scope": "demo",
        "rule_scope": "Rules",
        "recipe": {"scope": "demo", "code": "default"},
    },
}
"""What a profile would say of the demo."""


class ChosenServer(Struct, frozen=True):
    """The server of this start, how it is reached, and what its profile says."""

    environment: Environment
    connect: Connect
    profile: DeskProfile
    read_only: bool
    opening: Callable[[], str] = lambda: ""
    """Returns what is done before the server can be asked, as a sentence; empty when nothing is."""
    visits: Path | None = None
    """The file that says when this user was on it last; None where nothing is kept."""
    session: Path | None = None
    """The file that says how the desk was left; None where nothing is kept."""


class DeskChoices(Struct, frozen=True):
    """The choices that a desk is opened with, whatever the server."""

    read_only: bool
    profile: DeskProfile
    limits: tuple[LimitTable, ...]
    open_sandbox: OpenSandbox
    zone: tzinfo
    cache: Path | None = None


def run_server(given: argparse.Namespace) -> int:
    """Offer the embedded server over HTTP until it is told to stop."""
    from tui.oms.http.call import Dialect
    from tui.oms.run.serve import run

    gc.enable()
    of_variable = None if given.users or given.token else os.environ.get(TOKEN_VARIABLE)
    return run(
        host=given.host,
        port=given.port,
        db=_database(given.db or str(paths.data_dir() / "serve.db")),
        token=given.token or of_variable,
        token_from=TOKEN_VARIABLE if of_variable else "",
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


def run_blotter(given: argparse.Namespace) -> int:
    """Start the blotter and return its exit code."""
    try:
        settings = load_settings(paths.config_file(), vocabulary)
        log_file = start_log(paths.log_file(), settings.log_level)
        zone = _zone(settings.zone)
        server = _server(given, settings, zone)
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


def _zone(named: str) -> tzinfo:
    """Return the zone of the settings, else this machine's; UTC where that is none."""
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from tui.machine_zone import machine_zone

    if named:
        return ZoneInfo(named)
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


def _server(given: argparse.Namespace, settings: Settings, zone: tzinfo) -> ChosenServer:
    if given.url or given.profile:
        return _remote(given, settings, zone)
    return _embedded(given, settings, zone)


def _remote(given: argparse.Namespace, settings: Settings, zone: tzinfo) -> ChosenServer:
    """Reach a server over the network."""
    from tui.signon import resolve_remote

    server = resolve_remote(given, settings)
    read_only = given.read_only or server.read_only

    async def connect() -> Connection:
        from asyncio import to_thread

        from tui.api.transport import load_network
        from tui.sandbox import sandboxes_for

        http, sign_off = await to_thread(server.reach)  # which reads the certificates
        await to_thread(load_network)
        journal = _journal(server.environment.url)
        sandboxes = sandboxes_for(server.environment.generation)
        choices = DeskChoices(
            read_only, server.profile, server.limits, sandboxes, zone, _cache(server.environment.url)
        )
        return _connection(http, server.environment, journal, choices, then=sign_off)

    visits = _visits(server.environment.url)
    left = _session(f"{server.environment.name} {server.environment.url}")
    return ChosenServer(server.environment, connect, server.profile, read_only, visits=visits, session=left)


def _embedded(given: argparse.Namespace, settings: Settings, zone: tzinfo) -> ChosenServer:
    """Run the embedded server in this process and reach it over its own HTTP, without a socket."""
    from msgspec.structs import replace

    from tui.service.environment import Environment, EnvironmentKind
    from tui.signon import desk_profile

    file = _database(given.db or str(paths.demo_database()))
    environment = Environment("demo", EnvironmentKind.LOCAL, database=str(file or ":memory:"))
    profile = desk_profile(settings, DEMO_PROFILE)
    made = 0

    def tell(per_cent: int) -> None:
        nonlocal made
        made = per_cent

    def opening() -> str:
        return f"Making the demo data: {made} %." if made else ""

    async def connect() -> Connection:
        from tui.api.http import Http, asgi_transport
        from tui.api.urls import IN_PROCESS
        from tui.oms.http.app import ServerSettings
        from tui.oms.run.embedded import Embedded
        from tui.sandbox import sandboxes_of

        embedded = await Embedded.open(
            file,
            size=given.size or "demo",
            seed=given.seed,
            fresh=given.fresh,
            speed=given.speed,
            market=True,
            tell=tell,
        )
        http = Http(IN_PROCESS, transport=asgi_transport(embedded.app))
        journal = _journal(str(file.resolve()), fresh=given.fresh) if file else None
        signed_on = replace(environment, user=ServerSettings().user)
        choices = DeskChoices(given.read_only, profile, settings.limits, sandboxes_of(embedded.engine), zone)
        return _connection(http, signed_on, journal, choices, then=embedded.close)

    visits = _visits(str(file.resolve())) if file else None
    left = _session(str(file.resolve())) if file else None
    return ChosenServer(environment, connect, profile, given.read_only, opening, visits, left)


def _connection(
    http: Http,
    environment: Environment,
    journal: Path | None,
    choices: DeskChoices,
    *,
    then: Callable[[], Awaitable[None]],
) -> Connection:
    """Return the desk at the end of ``http``; ``then`` is done when it is closed."""
    from tui.api.client import Client
    from tui.app import Connection
    from tui.service.desk import Desk
    from tui.service.writes.journal import Journal
    from tui.service.writes.limits import Limits

    client = Client(http, environment.generation)
    desk = Desk(
        client,
        environment,
        journal=Journal(journal),
        limits=Limits(choices.limits),
        read_only=choices.read_only,
        open_sandbox=choices.open_sandbox,
        profile=choices.profile,
        cache=choices.cache,
        zone=choices.zone,
    )

    async def close() -> None:
        await desk.close()
        await client.close()
        await then()

    return Connection(desk, close)


def _journal(server: str, *, fresh: bool = False) -> Path:
    """Return the journal of writes to one server: a write of one server is never looked for on another."""
    path = paths.state_dir() / f"journal-{_digest(server)}.jsonl"
    if fresh:
        path.unlink(missing_ok=True)
    return path


def _visits(server: str) -> Path:
    """Return the file that says when this user was on one server last."""
    return paths.state_dir() / f"visit-{_digest(server)}.txt"


def _session(desk: str) -> Path:
    """Return the file that says how one desk was left: each profile is a desk of its own."""
    return paths.state_dir() / f"session-{_digest(desk)}.toml"


def _cache(server: str) -> Path:
    """Return the folder for what is remembered of one server."""
    return paths.cache_dir(_digest(server))


def _digest(server: str) -> str:
    return sha256(server.encode()).hexdigest()[:12]


def _database(named: str) -> Path | None:
    """Return the database file, or None for one that keeps nothing."""
    return None if named == MEMORY else Path(named).expanduser()
