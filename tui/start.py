"""Chooses the server and starts the program on it: the one place where all rooms meet.

What is slow to import is imported where it is needed and not before: the screen comes first.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.config import paths
from tui.config.secrets import Secret, SecretError, read_token
from tui.config.settings import Profile, Settings, SettingsError, load

if TYPE_CHECKING:
    from tui.api.http import Http
    from tui.app import Connect, Session
    from tui.service.desk import Environment

FAILED: Final = 1
USAGE_ERROR: Final = 2
MEMORY: Final = ":memory:"
LOG_BYTES: Final = 1_000_000


def serve(given: argparse.Namespace) -> int:
    """Offer the embedded server over HTTP until it is told to stop."""
    from tui.oms.serve import run

    gc.enable()
    token = given.token or os.environ.get("BLOTTER_TOKEN")
    return run(
        host=given.host,
        port=given.port,
        db=_database(given.db or str(paths.data_dir() / "serve.db")),
        token=token,
        generation=given.generation,
        size=given.size,
        seed=given.seed,
        market=given.market,
    )


def blotter(given: argparse.Namespace) -> int:
    """Start the blotter and give its exit code."""
    try:
        settings = load(paths.config_file())
        log_file = _start_log()
        environment, connect = _server(given, settings)
    except (SettingsError, SecretError) as error:
        return _say(str(error), USAGE_ERROR)
    except OSError as error:
        return _say(f"{error.filename or 'A file'} cannot be used: {error.strerror}.", FAILED)
    from styles.themes import THEMES
    from tui.actions.registry import KeymapError, check_keys
    from tui.app import BlotterApp, Preferences

    theme = given.theme or settings.theme
    if theme not in {known.name for known in THEMES}:
        return _say(
            f"There is no theme '{theme}'; there are {', '.join(t.name for t in THEMES)}.", USAGE_ERROR
        )
    try:
        check_keys(settings.keys)
    except KeymapError as error:
        return _say(f"{paths.config_file()}: {error}", USAGE_ERROR)
    app = BlotterApp(
        environment,
        connect,
        Preferences(
            theme=theme,
            ascii=bool(given.ascii or settings.ascii or not _can_draw()),
            read_only=given.read_only,
            home=settings.home,
            refresh_s=settings.refresh_seconds,
            keys=settings.keys,
            exports=paths.data_dir() / "exports",
            log_file=log_file,
        ),
    )
    app.run()
    return app.return_code or 0


def _can_draw() -> bool:
    """Tell whether the terminal's encoding has the glyphs; when it has not, ASCII is drawn."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return encoding in ("utf8", "utf16", "utf32")


def _server(given: argparse.Namespace, settings: Settings) -> tuple[Environment, Connect]:
    if given.url:
        token = read_token(given.token_file) if given.token_file else None
        return _remote(Profile("", given.url, "TEST"), token, given.read_only)
    if given.profile:
        profile = _profile(given.profile, settings)
        token = read_token(profile.token_file) if profile.token_file else _environment_token()
        return _remote(profile, token, given.read_only)
    return _embedded(given)


def _profile(name: str, settings: Settings) -> Profile:
    if name in settings.profiles:
        return settings.profiles[name]
    if name == "env":
        url = os.environ.get("FBN_LUSID_URL") or os.environ.get("FBN_LUSID_API_URL")
        if not url:
            raise SettingsError("--profile env needs FBN_LUSID_URL and FBN_ACCESS_TOKEN in the environment.")
        return Profile("env", url)
    known = ", ".join(sorted(settings.profiles)) or "none"
    raise SettingsError(f"There is no profile '{name}' in {paths.config_file()}; there are: {known}.")


def _environment_token() -> Secret | None:
    value = os.environ.get("FBN_ACCESS_TOKEN")
    return Secret(value) if value else None


def _remote(profile: Profile, token: Secret | None, read_only: bool) -> tuple[Environment, Connect]:
    """Reach a server over the network."""
    from tui.service.environment import Environment, Kind

    _check_url(profile.url)
    environment = Environment(profile.name or "server", Kind(profile.kind), profile.url)

    async def connect() -> Session:
        from tui.api.http import Http

        http = Http(profile.url, token=_FixedToken(token) if token else None)
        return _session(http, environment, _journal(profile.url), read_only)

    return environment, connect


class _FixedToken:
    """A token that somebody made and nobody can renew."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    async def token(self) -> str | None:
        return self._token.reveal()

    async def renewed(self, refused: str) -> str | None:
        return None


def _check_url(url: str) -> None:
    """Refuse an address that is none, and one that would send the token in the clear."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"{url} is not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise SettingsError(f"'{url}' is not an address of a server; write it as https://HOST/api.")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise SettingsError(f"Plain http is only for this machine; use https for {parts.hostname}.")
    if parts.username or parts.password:
        raise SettingsError("An address carries no user or password; use a token file.")


def _embedded(given: argparse.Namespace) -> tuple[Environment, Connect]:
    """Run the embedded server in this process and reach it over its own HTTP, without a socket."""
    from tui.service.environment import Environment, Kind

    file = _database(given.db or str(paths.demo_database()))
    environment = Environment("demo", Kind.LOCAL)

    async def connect() -> Session:
        from tui.api.http import Http, asgi_transport
        from tui.oms.app import Settings
        from tui.oms.embedded import Embedded

        embedded = await Embedded.open(
            file, size=given.size, seed=given.seed, fresh=given.fresh, speed=given.speed, market=True
        )
        http = Http("http://embedded/api", transport=asgi_transport(embedded.app))
        journal = _journal(str(file.resolve()), fresh=given.fresh) if file else None
        signed_on = Environment(environment.name, environment.kind, user=Settings().user)
        session = _session(http, signed_on, journal, given.read_only)

        async def close() -> None:
            await session.close()
            await embedded.close()

        return type(session)(session.desk, close)

    return environment, connect


def _session(http: Http, environment: Environment, journal: Path | None, read_only: bool) -> Session:
    from tui.api.client import Client
    from tui.app import Session
    from tui.service.desk import Desk
    from tui.service.journal import Journal

    client = Client(http)
    desk = Desk(client, environment, journal=Journal(journal), read_only=read_only)

    async def close() -> None:
        await desk.close()
        await client.close()

    return Session(desk, close)


def _journal(server: str, *, fresh: bool = False) -> Path:
    """Give the journal of writes to one server: what one does not know is never asked of another."""
    path = paths.state_dir() / f"journal-{sha256(server.encode()).hexdigest()[:12]}.jsonl"
    if fresh:
        path.unlink(missing_ok=True)
    return path


def _database(named: str) -> Path | None:
    """Give the database file, or None for one that keeps nothing."""
    return None if named == MEMORY else Path(named).expanduser()


def _start_log() -> Path:
    """Log to a private file: never to the screen, never a body, never a secret. A full one makes room."""
    path = paths.log_file()
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".old.log"))
    handler = logging.FileHandler(path, encoding="utf-8")
    path.chmod(0o600)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return path


def _say(sentence: str, code: int) -> int:
    print(f"blotter: {sentence}", file=sys.stderr)
    return code
