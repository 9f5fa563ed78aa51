"""The server of this start: chosen by the command line, reached when it is needed.

What starts the screen and what runs without one both open their desk here.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tui.config import paths
from tui.config.limit_settings import LimitTable
from tui.config.proposal_settings import ProposalSettings
from tui.config.settings import Settings

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.api.http import Http
    from tui.connection import Connect, Connection
    from tui.service.desk_profile import DeskProfile
    from tui.service.environment import Environment
    from tui.service.rehearsal.rehearse import OpenSandbox

MEMORY: Final = ":memory:"
"""The name of a database that keeps nothing."""


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
    journal: Path | None = None
    """The file of its journal; None where nothing is kept."""
    proposals: ProposalSettings = ProposalSettings()


class DeskChoices(Struct, frozen=True):
    """The choices that a desk is opened with, whatever the server."""

    read_only: bool
    profile: DeskProfile
    limits: tuple[LimitTable, ...]
    open_sandbox: OpenSandbox
    zone: tzinfo
    proposals: ProposalSettings
    cache: Path | None = None
    keep_days: int = 365


def choose_server(
    given: argparse.Namespace, settings: Settings, zone: tzinfo, *, market: bool = True
) -> ChosenServer:
    """Return the server that the command line names, else the one inside this program.

    ``market`` lets the market of the latter fill placements for as long as it is open.

    Raises:
        CheckError: what names it is wrong.
        SecretError: what signs on cannot be read.
    """
    if given.url or given.profile:
        return _remote(given, settings, zone)
    return _embedded(given, settings, zone, market=market)


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
        journal = journal_of(server.environment.url)
        sandboxes = sandboxes_for(server.environment.generation)
        choices = DeskChoices(
            read_only,
            server.profile,
            server.limits,
            sandboxes,
            zone,
            settings.proposals,
            _cache(server.environment.url),
            settings.journal.keep_days,
        )
        return _connection(http, server.environment, journal, choices, then=sign_off)

    visits = _visits(server.environment.url)
    left = _session(f"{server.environment.name} {server.environment.url}")
    return ChosenServer(
        server.environment,
        connect,
        server.profile,
        read_only,
        visits=visits,
        session=left,
        journal=journal_of(server.environment.url),
        proposals=settings.proposals,
    )


def _embedded(given: argparse.Namespace, settings: Settings, zone: tzinfo, *, market: bool) -> ChosenServer:
    """Run the embedded server in this process and reach it over its own HTTP, without a socket."""
    from msgspec.structs import replace

    from tui.service.environment import Environment, EnvironmentKind
    from tui.signon import desk_profile

    file = database_file(given.db or str(paths.demo_database()))
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
            market=market,
            tell=tell,
        )
        http = Http(IN_PROCESS, transport=asgi_transport(embedded.app))
        journal = journal_of(str(file.resolve()), fresh=given.fresh) if file else None
        signed_on = replace(environment, user=ServerSettings().user)
        sandboxes = sandboxes_of(embedded.engine)
        choices = DeskChoices(
            given.read_only,
            profile,
            settings.limits,
            sandboxes,
            zone,
            settings.proposals,
            keep_days=settings.journal.keep_days,
        )
        return _connection(http, signed_on, journal, choices, then=embedded.close)

    visits = _visits(str(file.resolve())) if file else None
    left = _session(str(file.resolve())) if file else None
    kept = journal_of(str(file.resolve())) if file else None
    return ChosenServer(
        environment, connect, profile, given.read_only, opening, visits, left, kept, settings.proposals
    )


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
    from tui.connection import Connection
    from tui.service.desk import Desk
    from tui.service.journal.unwritable_journal import open_journal
    from tui.service.writes.limits import Limits

    client = Client(http, environment.generation)
    book = open_journal(journal, keep_days=choices.keep_days)
    desk = Desk(
        client,
        environment,
        journal=book,
        limits=Limits(choices.limits),
        read_only=choices.read_only,
        open_sandbox=choices.open_sandbox,
        profile=choices.profile,
        cache=choices.cache,
        zone=choices.zone,
        proposals=choices.proposals,
    )

    async def close() -> None:
        await desk.close()
        await client.close()
        book.close()
        await then()

    return Connection(desk, close)


def journal_of(server: str, *, fresh: bool = False) -> Path:
    """Return the journal of writes to one server: a write of one server is never looked for on another."""
    path = paths.state_dir() / f"journal-{_digest(server)}.jsonl"
    if fresh:
        from tui.service.journal.file_log import remove_log

        remove_log(path)
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


def database_file(named: str) -> Path | None:
    """Return the database file, or None for one that keeps nothing."""
    return None if named == MEMORY else Path(named).expanduser()
