"""No secret leaves: the whole program at its most talkative, in a terminal, on a real server.

Whatever it wrote anywhere is searched for what it must not tell: the screen, the log, the journal, exports,
what is left on screen when it ends, and the command lines that every user of a machine can read.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from tests.bench.terminal import PtyTerminal
from tests.paths import ROOT

PASSWORD = "Sw0rdfish&%20 +/="
CLIENT_SECRET = "cl1ent:s3cret&x"
OWN_TOKEN = "pat-5f1e9c0d7b3a"
WRONG = "wr0ng-but-secret-t00"
SECRETS = (PASSWORD, CLIENT_SECRET, OWN_TOKEN, WRONG, "Sw0rdfish", "cl1ent")
GRANTED = re.compile(rb"(?<![\w-])[\w-]{43}(?![\w-])")
"""The pattern of a token that the server grants."""
REQUEST_ID = re.compile(r"0H[0-9A-V]{11}:[0-9A-F]{8}")

PROGRAM = [sys.executable, "-m", "tui", "--profile", "env"]
CRASHING = [
    sys.executable,
    "-c",
    """
from tui.api import auth
from tui.cli import main

def fault(answer):
    raise RuntimeError(f"a fault of our own over {len(answer)} bytes")

auth._read = fault
raise SystemExit(main(["--profile", "env"]))
""",
]


@dataclass
class ProgramHome:
    """A home of its own for the program, and how it signs on."""

    home: Path
    variables: dict[str, str]

    def written(self) -> bytes:
        """Return all that the program left behind."""
        files = [path for path in (self.home / "left").rglob("*") if path.is_file() and path != self.kept]
        return b"\n".join(path.read_bytes() for path in files)

    @property
    def kept(self) -> Path:
        """The one file that may hold a secret: the token that was kept by a login."""
        return self.home / "left" / "data" / "blotter" / "tokens" / "desk.json"

    @property
    def log(self) -> str:
        """What the program logged, the oldest first."""
        paths = sorted((self.home / "left").rglob("blotter*.log"), key=lambda path: path.stat().st_mtime)
        return "".join(path.read_text("ascii") for path in paths)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose tokens live a second."""
    users = tmp_path_factory.mktemp("serve") / "users.toml"
    users.write_text(
        f"token_lifetime = 1\n[users.okafor]\npassword = '{PASSWORD}'\ntoken = '{OWN_TOKEN}'\n"
        f"[clients]\nblotter = '{CLIENT_SECRET}'\n"
    )
    users.chmod(0o600)
    command = [sys.executable, "-m", "tui", "serve", "--port", "0", "--db", ":memory:", "--size", "demo"]
    process = subprocess.Popen(
        [*command, "--users", str(users)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1]
    finally:
        process.terminate()
        out, err = process.communicate(timeout=20)
    assert not told(f"{out}{err}".encode())


@pytest.fixture
def desk(tmp_path: Path, server: str) -> ProgramHome:
    config = tmp_path / "config.toml"
    config.write_text('refresh_seconds = 1\nlog_level = "debug"\n')
    left = tmp_path / "left"
    variables = {
        **{f"XDG_{kind}_HOME": str(left / kind.lower()) for kind in ("STATE", "DATA", "CONFIG", "CACHE")},
        "BLOTTER_CONFIG": str(config),
        "PYTHONPATH": str(ROOT),
        "FBN_LUSID_URL": server,
        "FBN_TOKEN_URL": f"{server.removesuffix('/api')}/oauth2/default/v1/token",
        "FBN_USERNAME": "okafor",
        "FBN_PASSWORD": PASSWORD,
        "FBN_CLIENT_ID": "blotter",
        "FBN_CLIENT_SECRET": CLIENT_SECRET,
        "FBN_ACCESS_TOKEN": "",
        "FBN_ACCESS_TOKEN_FILE": "",
        "FBN_APP_NAME": "the-app",
        "FBN_CORRELATION_ID": "the-correlation",
    }
    return ProgramHome(tmp_path, variables)


def told(output: bytes) -> list[str]:
    """Return the secrets that are in what was written."""
    found = [secret for secret in SECRETS if secret.encode() in output]
    return found + [token.decode() for token in GRANTED.findall(output)]


def command_lines() -> bytes:
    """Return what anybody on this machine can read of all processes."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            continue
    return b"\n".join(lines)


def look(
    desk: ProgramHome, command: list[str], until: bytes, keys: bytes = b"", *, logs: str = "", times: int = 0
) -> bytes:
    """Run the program until it shows ``until``, press ``keys`` and leave; return all it wrote.

    It leaves once the log says ``logs`` so many ``times``: a key need not change the screen.
    """
    with PtyTerminal(command, environment=desk.variables) as terminal:
        output = terminal.wait_for(until, limit=60).output
        for key in keys:
            output += terminal.press(bytes([key]), until=rb"\S", limit=0.5).output
        end = monotonic() + 60
        while desk.log.count(logs) < times:
            assert monotonic() < end, desk.log
            output += terminal.press(b"", until=rb"\S", limit=0.5).output
        seen = command_lines()
        output += terminal.press(b"q").output
    assert not [secret for secret in SECRETS if secret.encode() in seen]
    return output


def test_a_desk_that_signs_on_trades_on_through_renewals_and_exports_tells_nothing(desk: ProgramHome) -> None:
    output = look(desk, PROGRAM, rb"live \d\d:", b"E\r\r", logs="signed on for", times=4)
    assert b"okafor" in output
    assert list((desk.home / "left").rglob("*.csv"))
    assert "httpcore" in desk.log, "it is as talkative as can be"
    answered = [
        line for line in map(json.loads, desk.log.splitlines()) if "list_orders: 200" in line["message"]
    ]
    assert answered
    assert all(REQUEST_ID.fullmatch(line["request"]) for line in answered)
    assert {path.stat().st_mode & 0o777 for path in (desk.home / "left").rglob("*.log")} == {0o600}
    assert not told(output + desk.written())
    said, bundle = examined(desk)
    assert b"tui.api.http" in bundle, "the end of the log is in what can be sent"
    assert not told(said + bundle)
    assert not [word for word in (b"okafor", b"UKEQ", b"127.0.0.1", bytes(desk.home)) if word in bundle]


def examined(desk: ProgramHome) -> tuple[bytes, bytes]:
    """Let the doctor examine the desk; return what it said, and all documents that can be sent."""
    folder = desk.home / "sent"
    ended = subprocess.run(
        [*PROGRAM[:-2], "doctor", "--profile", "env", "--to", str(folder)],
        cwd=desk.home,
        env={**os.environ, **desk.variables, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    [path] = folder.glob("*.zip")
    with zipfile.ZipFile(path) as bundle:
        return ended.stdout + ended.stderr, b"\n".join(map(bundle.read, bundle.namelist()))


@pytest.mark.parametrize(
    ("wrong", "sign"),
    [
        ({"FBN_PASSWORD": WRONG}, rb"NOT SIGNED ON"),
        ({"FBN_CLIENT_SECRET": WRONG}, rb"NOT SIGNED ON"),
        ({"FBN_ACCESS_TOKEN": WRONG}, rb"NOT SIGNED ON"),
        ({"FBN_TOKEN_URL": "http://127.0.0.1:9/oauth2/default/v1/token"}, rb"NOT READ"),
    ],
)
def test_a_desk_that_cannot_sign_on_says_so_and_tells_nothing(
    desk: ProgramHome, wrong: dict[str, str], sign: bytes
) -> None:
    desk.variables.update(wrong)
    output = look(desk, PROGRAM, sign, b"r", logs="read failed", times=2)
    assert not told(output + desk.written())


def test_a_token_that_is_typed_at_login_is_in_its_own_file_and_nowhere_else(desk: ProgramHome) -> None:
    url = desk.variables["FBN_LUSID_URL"]
    login = [*PROGRAM[:-2], "login", "--profile", "desk", "--url", url]
    with PtyTerminal(login, environment=desk.variables) as terminal:
        output = terminal.wait_for(rb"not shown\): ", limit=60).output
        output += terminal.press(OWN_TOKEN.encode() + b"\r", until=b"opens the desk").output
    assert OWN_TOKEN in desk.kept.read_text()
    output += look(desk, [*PROGRAM[:-1], "desk"], rb"live \d\d:", b"E\r\r", logs="HTTP Request", times=3)
    assert b"okafor" in output
    desk.kept.write_text(desk.kept.read_text().replace(OWN_TOKEN, WRONG))
    output += look(desk, [*PROGRAM[:-1], "desk"], rb"NOT SIGNED ON.*blotter login --profile desk", b"r")
    assert not told(output + desk.written() + Path(desk.variables["BLOTTER_CONFIG"]).read_bytes())


def test_a_crash_with_secrets_at_hand_tells_nothing(desk: ProgramHome) -> None:
    output = look(desk, CRASHING, b"a fault of our own")
    assert "Traceback" in desk.log
    assert not told(output + desk.written())
