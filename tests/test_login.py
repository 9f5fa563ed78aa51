"""A person signs on with a personal access token: it is asked for, checked, kept, used and forgotten."""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from types import ModuleType

import pytest

from tests.bench.terminal import PtyTerminal
from tests.paths import ROOT
from tui.api.errors import Unauthenticated
from tui.cli import main
from tui.config import kept_tokens
from tui.config.kept_tokens import KEYRING, find_token, keep_token
from tui.config.load import load_settings
from tui.config.profiles import resolve_access
from tui.secret import Secret
from tui.signon import open_client, resolve_remote

TOKEN = "pat-5f1e9c0d7b3a"
READERS = "pat-77aa31c0beef"
DEALERS = "pat-0dea1e2ffab1"
WRONG = "wr0ng-but-secret-t00"


SERVE = (sys.executable, "-m", "tui", "serve", "--port", "0", "--db", ":memory:")


@contextmanager
def served(command: Sequence[str], token: str = "") -> Iterator[str]:
    """Run a server; return its address. ``token`` is the one that its only user has."""
    variables = {**os.environ, **({"BLOTTER_TOKEN": token} if token else {})}
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1]
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that knows a dealer and a reader."""
    users = tmp_path_factory.mktemp("serve") / "users.toml"
    users.write_text(
        f"[users.'okafor@example.com']\ntoken = '{TOKEN}'\n"
        f"[users.reader]\ntoken = '{READERS}'\nread_only = true\n"
        f"[users.chen]\ntoken = '{DEALERS}'\nrole = 'dealer'\n"
    )
    users.chmod(0o600)
    with served([*SERVE, "--users", str(users)]) as url:
        yield url


class Person:
    """Somebody at a shell, with a home of their own."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.config = home / "blotter" / "config.toml"
        self.tokens = home / "blotter" / "tokens"
        self._patch = patch
        self._capture = capture

    def runs(self, *arguments: str, piped: str = "") -> tuple[int, str]:
        """Return the exit code of a command and all it says; no secret is ever in it."""
        self._patch.setattr(sys, "stdin", io.StringIO(f"{piped}\n"))
        code = main(arguments)
        said = self._capture.readouterr()
        assert not [each for each in (TOKEN, READERS, DEALERS, WRONG) if each in said.out + said.err]
        return code, said.out + said.err

    def logs_in(self, name: str, url: str, token: str = TOKEN) -> str:
        code, said = self.runs("login", "--profile", name, "--url", url, "--token-stdin", piped=token)
        assert code == 0, said
        return said

    def shown(self, name: str) -> str:
        return self.runs("--profile", name, "--show")[1]


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Person:
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("BLOTTER_CONFIG", raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    return Person(tmp_path, monkeypatch, capsys)


# --- login -----------------------------------------------------------------------------------------


def test_a_new_profile_is_made_and_its_token_is_kept_for_its_owner_alone(person: Person, server: str) -> None:
    said = person.logs_in("uat", server.removesuffix("/api"))
    assert f"Signed on at {server} as okafor@example.com." in said
    assert "May trade: yes." in said
    file = person.tokens / "uat.json"
    assert f"The token is kept in {file}, yours alone." in said
    assert "blotter --profile uat opens the desk, marked TEST." in said
    assert load_settings(person.config).profiles["uat"].entries["url"] == server
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "access_token" in person.shown("uat")
    assert f"(kept by blotter login, {file})" in person.shown("uat")


def test_somebody_who_may_only_read_is_told_so(person: Person, server: str) -> None:
    assert "May trade: no, not permitted" in person.logs_in("uat", server, READERS)


def test_somebody_who_may_do_a_part_is_told_which(person: Person, server: str) -> None:
    said = person.logs_in("uat", server, DEALERS)
    assert "May trade: yes, but not book (not permitted" in said


def test_an_address_without_a_scheme_is_completed(person: Person, server: str) -> None:
    person.logs_in("uat", server.removeprefix("http://").removesuffix("/api"))
    assert load_settings(person.config).profiles["uat"].entries["url"] == server


def test_a_refused_token_is_not_kept_and_makes_no_profile(person: Person, server: str) -> None:
    code, said = person.runs("login", "--profile", "uat", "--url", server, piped=WRONG)
    assert code == 1
    assert "The access token is missing or not valid" in said
    assert said.endswith("Nothing is kept.\n")
    assert not person.config.exists()
    assert not person.tokens.exists()


def test_a_server_that_is_not_reached_is_told_and_nothing_is_kept(person: Person) -> None:
    code, said = person.runs("login", "--profile", "uat", "--url", "http://127.0.0.1:9", piped=TOKEN)
    assert code == 1
    assert "No connection to http://127.0.0.1:9/api" in said
    assert not person.tokens.exists()


@pytest.mark.parametrize(
    ("arguments", "piped", "said"),
    [
        (["--profile", "uat"], TOKEN, "There is no profile uat yet: name its address by --url."),
        (["--profile", "env"], TOKEN, "signs on by variables and secrets.json; name another one."),
        ([], TOKEN, "--profile NAME says for which environment; a new name makes a new profile."),
        (["--profile", "uat", "--url", "http://x.lusid.com"], TOKEN, "plain http is only for this machine"),
        (["--profile", "uat", "--url", "https://u:p@x.lusid.com"], TOKEN, "no user and no password"),
        (["--profile", "uat", "--url", "https://x.lusid.com"], f"{TOKEN} {TOKEN}", "more than one word"),
    ],
)
def test_what_cannot_be_kept_is_told_before_anything_is_sent(
    person: Person, arguments: list[str], piped: str, said: str
) -> None:
    code, told = person.runs("login", *arguments, piped=piped)
    assert code == 2
    assert said in told
    assert not person.config.exists()


def test_nothing_typed_keeps_nothing(person: Person, server: str) -> None:
    assert person.runs("login", "--profile", "uat", "--url", server) == (
        1,
        "blotter login: Stopped. Nothing is kept.\n",
    )


def test_another_address_for_a_profile_is_not_guessed_at(person: Person, server: str) -> None:
    person.logs_in("uat", server)
    code, said = person.runs("login", "--profile", "uat", "--url", "https://x.lusid.com", piped=TOKEN)
    assert code == 2
    assert f"Profile uat is for {server}, not for https://x.lusid.com/api." in said
    assert "blotter config set profiles.uat.url https://x.lusid.com/api" in said


def test_a_token_is_never_sent_to_another_address_than_the_one_it_is_kept_for(
    person: Person, server: str
) -> None:
    person.logs_in("uat", server)
    person.runs("config", "set", "profiles.uat.url", "https://x.lusid.com")
    code, said = person.runs("--profile", "uat", "--show")
    assert code == 2
    assert f"is for {server} and is not sent to https://x.lusid.com/api" in said


def test_what_a_profile_says_itself_goes_before_the_token_that_is_kept(person: Person, server: str) -> None:
    person.logs_in("uat", server)
    own = person.home / "own"
    own.write_text(TOKEN)
    own.chmod(0o600)
    person.runs("config", "set", "profiles.uat.token_file", str(own))
    assert "kept by" not in person.shown("uat")
    assert "is used once profile uat: token_file is taken away" in person.logs_in("uat", server)


def test_a_token_others_can_read_is_refused_and_one_is_forgotten_when_it_is_asked_for(
    person: Person, server: str
) -> None:
    person.logs_in("uat", server)
    file = person.tokens / "uat.json"
    file.chmod(0o644)
    code, said = person.runs("--profile", "uat", "--show")
    assert code == 2
    assert "Others can read" in said
    assert "is forgotten" in person.runs("login", "--profile", "uat", "--forget")[1]
    assert not file.exists()
    assert person.runs("login", "--profile", "uat", "--forget") == (0, "No token is kept for profile uat.\n")
    assert "blotter login --profile uat asks for one" in person.shown("uat")


def test_what_is_typed_is_not_shown(person: Person, server: str) -> None:
    variables = {"XDG_DATA_HOME": str(person.home), "XDG_CONFIG_HOME": str(person.home)}
    with PtyTerminal([sys.executable, "-m", "tui", "login", "--profile", "uat"], environment=variables) as at:
        seen = at.wait_for(rb"lusid\.com: ").output
        seen += at.press(server.encode() + b"\r", until=rb"not shown\): ").output
        seen += at.press(TOKEN.encode() + b"\r", until=b"opens the desk").output
    assert b"okafor@example.com" in seen
    assert TOKEN.encode() not in seen


class OwnKeyring(ModuleType):
    """The package ``keyring`` with a keyring that works, or one that is locked."""

    priority = 5

    def __init__(self, *, locked: bool) -> None:
        super().__init__("keyring")
        self.held: dict[tuple[str, str], str] = {}
        self._locked = locked
        self.errors = ModuleType("keyring.errors")
        self.failure = type("KeyringError", (Exception,), {})
        self.errors.__dict__["KeyringError"] = self.failure

    def get_keyring(self) -> OwnKeyring:
        return self

    def get_password(self, service: str, user: str) -> str | None:
        return self.held.get((service, user))

    def set_password(self, service: str, user: str, password: str) -> None:
        if self._locked:
            raise self.failure("locked")
        self.held[service, user] = password

    def delete_password(self, service: str, user: str) -> None:
        del self.held[service, user]


@pytest.mark.parametrize("locked", [False, True])
def test_with_the_extra_the_keyring_keeps_it_and_a_file_where_that_is_locked(
    person: Person, server: str, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    keyring = OwnKeyring(locked=locked)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", keyring.errors)
    place = str(person.tokens / "uat.json") if locked else KEYRING
    assert f"The token is kept in {place}" in person.logs_in("uat", server)
    assert bool(keyring.held) != locked
    assert (person.tokens / "uat.json").exists() == locked
    kept = find_token("uat")
    assert kept is not None
    assert (kept.url, kept.token.reveal(), kept.place) == (server, TOKEN, place)
    assert f"{place} is forgotten" in person.runs("login", "--profile", "uat", "--forget")[1]
    assert find_token("uat") is None


# --- a desk with the token that is kept ------------------------------------------------------------


def test_a_token_that_expires_is_replaced_by_another_login_while_the_desk_is_open(
    person: Person, server: str
) -> None:
    person.logs_in("uat", server)
    options = ("url", "token_file", "secrets_file", "ca_file", "proxy")
    given = argparse.Namespace(profile="uat", **dict.fromkeys(options))
    settings = load_settings(person.config)
    environment = resolve_remote(given, settings).environment
    assert environment.sign_on_again == (
        "Run blotter login --profile uat in another terminal, then press {refresh}."
    )

    async def read_before_and_after() -> None:
        keep_token("uat", server, Secret(WRONG))
        client, close = open_client(resolve_access(settings.profiles["uat"], flags={}, environment={}))
        with pytest.raises(Unauthenticated):
            await client.blocks.list(limit=1)
        keep_token("uat", server, Secret(READERS))
        await client.blocks.list(limit=1)
        await close()

    asyncio.run(read_before_and_after())


# --- profiles --------------------------------------------------------------------------------------


def accepted(silent: socket.socket) -> tuple[float, socket.socket]:
    """Return when somebody connected, by the monotonic clock in seconds, and the connection."""
    connection, _ = silent.accept()
    return monotonic(), connection


def test_profiles_are_checked_side_by_side_within_the_time_that_is_given(person: Person, server: str) -> None:
    person.logs_in("uat", server)
    person.logs_in("reader", server, READERS)
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(2))
        taken = []
        for name in ("silent", "silent-too"):
            silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            silent.settimeout(60)
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
            person.runs("config", "set", f"profiles.{name}.url", url)
            keep_token(name, url, Secret(TOKEN))
            taken.append(threads.submit(accepted, silent))
        keep_token("refused", server, Secret(WRONG))
        person.runs("config", "set", "profiles.refused.url", server)
        person.runs("config", "set", "profiles.nothing.url", server)
        code, said = person.runs("profiles", "--timeout", "5")
        (one, _), (other, _) = connections = [each.result() for each in taken]
        for _, connection in connections:
            connection.close()
    assert abs(one - other) < 5, "neither waits until the other has had its time"
    assert code == 1
    rows = {line.split()[0]: line for line in said.splitlines()[1:]}
    assert rows["uat"].split()[:6] == ["uat", "TEST", server, "login", "yes", "okafor@example.com"]
    assert rows["uat"].split()[6:8] == ["yes", "agrees"]
    assert rows["reader"].split()[6] == "no"
    assert " ms" in rows["uat"]
    assert rows["reader"].split()[5] == "reader"
    assert rows["refused"].split()[4:7] == ["not", "signed", "on"]
    assert "refused: The access token is missing or not valid." in said
    assert "A new token: blotter login --profile refused" in said
    assert "silent: It did not answer in 5 s." in said
    assert "nothing: --profile nothing needs a token: blotter login --profile nothing" in said


def test_an_older_server_than_the_profile_says_is_noticed(person: Person) -> None:
    with served([*SERVE, "--generation", "2.1"], token=TOKEN) as url:
        person.logs_in("old", url)
        assert "before latest, profile says latest" in person.runs("profiles")[1]
        person.runs("config", "set", "profiles.old.generation", "2.1")
        assert person.runs("profiles")[1].splitlines()[1].endswith(" 2.1")


def test_all_well_is_exit_code_0_and_offline_sends_nothing(person: Person, server: str) -> None:
    person.logs_in("uat", server)
    assert person.runs("profiles")[0] == 0
    person.runs("config", "set", "profiles.gone.url", "http://127.0.0.1:9/api")
    code, said = person.runs("profiles", "--offline")
    assert code == 0
    assert [line.split() for line in said.splitlines()[:3]] == [
        ["profile", "kind", "address", "signs", "on", "by"],
        ["uat", "TEST", server, "login"],
        ["gone", "TEST", "http://127.0.0.1:9/api", "nothing"],
    ]


def test_without_profiles_it_is_said_how_one_is_made(person: Person) -> None:
    code, said = person.runs("profiles")
    assert code == 0
    assert said == f"{person.config} has no profiles: blotter login --profile NAME makes one.\n"
    assert kept_tokens.find_token("any") is None
