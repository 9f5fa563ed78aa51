"""``serve`` as a process: its output, its end, and its sentences when it cannot start."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.oms.request_bodies import NINE, an_order, put
from tests.paths import ROOT
from tui.cli import main
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.run.embedded import Embedded
from tui.oms.run.uvicorn_server import UvicornServer, listen
from tui.oms.store import StoreError

Start = Callable[..., "subprocess.Popen[str]"]

HEADLESS = "textual.drivers.headless_driver:HeadlessDriver"
"""A driver that needs no terminal."""
CODE = "import sys; from tui.oms.run.serve import run; from pathlib import Path; sys.exit(run({arguments}))"


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a server with arguments of ``run``; all end with the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(arguments: str) -> subprocess.Popen[str]:
        made = subprocess.Popen(
            [sys.executable, "-c", CODE.format(arguments=arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        running.append(made)
        return made

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def greeting(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Read the first two lines: the address and the token."""
    assert process.stdout is not None
    url, token = process.stdout.readline().split(), process.stdout.readline().split()
    assert [url[0], token[0]] == ["url", "token"]
    return url[1], token[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_cleanly(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "desk.db"
    process = start(f"port=0, db=Path({str(file)!r}), size='demo', market=True")
    url, token = greeting(process)
    headers = {"authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}/blocks", headers=headers).json()["values"]
    assert httpx.get(f"{url}/blocks").status_code == 401
    assert httpx.get(f"{url.removesuffix('/api')}/market", headers=headers).json()["running"] is True
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir() if path.name != "desk.db"] == ["desk.db.lock"]


def test_stopped_while_the_demo_data_is_made_it_says_so_and_leaves_an_empty_desk(
    start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "desk.db"
    process = start(f"port=0, db=Path({str(file)!r}), size='busy'")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("blotter serve: Making the demo data 'busy': ")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert "Traceback" not in err
    assert err.splitlines()[-1] == (
        "blotter serve: The demo data was not made: it was broken off. The next start begins anew."
    )
    desk = Engine.open(file, instrument_table)
    assert desk.store.is_empty()
    desk.close()


def test_told_to_stop_as_soon_as_it_has_said_its_address_it_ends_cleanly() -> None:
    stop_at_once = (
        "import os, signal, sys; from tui.oms.run import serve; said = serve.write_out\n"
        "serve.write_out = lambda text: (said(text), os.kill(os.getpid(), signal.SIGTERM))\n"
        "sys.exit(serve.run(port=0))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", stop_at_once], capture_output=True, text=True, cwd=ROOT, timeout=20
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("url http://127.0.0.1:")


def test_a_port_in_use_is_reported_in_a_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(f"port={port}")
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert (
        err == f"blotter serve: Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another.\n"
    )


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("serve --port 0 --db :memory: > /dev/full", "No space left on device"),
        ("serve --port 0 --db :memory: >&-", "closed"),
        ("serve --port 0 --db :memory: | true", "Broken pipe"),
        ("config schema | true", "Broken pipe"),
    ],
)
def test_an_output_that_nobody_can_read_is_reported_in_a_sentence(command: str, reason: str) -> None:
    """As in ``blotter serve | head -1`` when head has gone before it is told."""
    program, _, rest = command.partition("|")
    shell = f"{sys.executable} -m tui {program} | sleep 0" if rest else f"{sys.executable} -m tui {program}"
    ended = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shell}"], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert ended.returncode != 0
    assert "standard output" in ended.stderr
    assert reason in ended.stderr
    assert len(ended.stderr.splitlines()) == 1, "a sentence, no traceback"


def test_a_database_in_use_is_reported_in_a_sentence(start: Start, tmp_path: Path) -> None:
    database = f"port=0, db=Path({str(tmp_path / 'desk.db')!r})"
    greeting(start(database))
    second = start(database)
    out, err = second.communicate(timeout=20)
    assert (second.returncode, out) == (1, "")
    assert "is in use by another blotter" in err
    assert err.count("\n") == 1


def test_a_database_can_be_opened_again_after_kill_9(start: Start, tmp_path: Path) -> None:
    database = f"port=0, db=Path({str(tmp_path / 'desk.db')!r}), size='demo'"
    first = start(database)
    url, token = greeting(first)
    headers = {"authorization": f"Bearer {token}"}
    before = httpx.get(f"{url}/orders", headers=headers).json()["values"]
    first.kill()
    first.wait()
    url, token = greeting(start(database))
    headers = {"authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}/orders", headers=headers).json()["values"] == before


@pytest.mark.parametrize("by", ["serve", "demo"])
def test_the_program_and_the_server_do_not_share_a_desk(start: Start, tmp_path: Path, by: str) -> None:
    file = tmp_path / "desk.db"
    holder = start(f"port=0, db=Path({str(file)!r})")
    greeting(holder)
    command = {"serve": ["serve", "--port", "0", "--db", str(file)], "demo": ["demo", "--db", str(file)]}[by]
    other = subprocess.run(
        [sys.executable, "-m", "tui", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "HOME": str(tmp_path), "TERM": "xterm", "TEXTUAL_DRIVER": HEADLESS},
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert other.returncode != 0
    said = f"{file} is in use by another blotter (process {holder.pid})."
    assert "".join(said.split()) in "".join((other.stderr + other.stdout).split()), "wrapped or not"
    assert "Traceback" not in other.stderr


def test_other_machines_need_a_token(start: Start) -> None:
    process = start("port=0, host='0.0.0.0'")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err.startswith("blotter serve: 0.0.0.0 is open to other machines, so a token is needed")
    url, token = greeting(start("port=0, host='0.0.0.0', token='s3cret'"))
    assert token == "s3cret"
    there = url.replace("0.0.0.0", "127.0.0.1")
    assert httpx.get(f"{there}/orders", headers={"authorization": "Bearer s3cret"}).status_code == 200


USERS = """
[users."dlr.okafor"]
password = "sesame"
[users.auditor]
token = "look"
read_only = true
"""


def run_serve(*options: str, variable: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tui", "serve", "--port", "0", "--db", ":memory:", *options]
    environment = {name: value for name, value in os.environ.items() if name != "BLOTTER_TOKEN"}
    if variable:
        environment["BLOTTER_TOKEN"] = variable
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    )


def test_a_file_of_users_says_who_may_sign_on(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    file.touch(mode=0o600)
    file.write_text(USERS, encoding="utf-8")
    process = run_serve("--users", str(file), "--host", "0.0.0.0")
    try:
        url, token = greeting(process)
        assert token == "-"
        url = url.replace("0.0.0.0", "127.0.0.1")
        form = {"grant_type": "password", "username": "dlr.okafor", "password": "sesame"}
        granted = httpx.post(url.replace("/api", "/oauth2/x/v1/token"), data=form).json()
        headers = {"authorization": f"Bearer {granted['access_token']}"}
        me = httpx.get(url.replace("/api", "/identity/api/me"), headers=headers).json()
        assert me["id"] == "dlr.okafor"
        assert httpx.get(f"{url}/orders", headers={"authorization": "Bearer -"}).status_code == 401
        look = {"authorization": "Bearer look"}
        assert httpx.get(f"{url}/orders", headers=look).status_code == 200
        assert httpx.delete(f"{url}/orders/a/b", headers=look).status_code == 403
    finally:
        process.terminate()
        _, err = process.communicate(timeout=20)
    (line,) = err.splitlines()
    assert line.endswith(" A wrong token came from 127.0.0.1.")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--users", "none.toml"), "The file of users none.toml cannot be read: No such file or directory."),
        (
            ("--users", "x", "--token", "t"),
            "--token goes without --users: the file says who has which token.",
        ),
        (("--token", "t", "--token-file", "f"), "--token and --token-file both say the token. Give one of"),
        (("--users", "x", "--token-file", "f"), "--token-file goes without --users: that file says who"),
        (("--token-file", "none"), "The token file none cannot be read: No such file or directory."),
        (("--verify",), "There is nothing to verify: ':memory:' keeps nothing."),
        (("--token", "two words"), "The token must be printable ASCII without spaces."),
        (("--inject", "explode"), "--inject 'explode': fault: there is no fault \"explode\"; there are "),
        (("--scenario", "nowhere.toml"), "nowhere.toml cannot be read: No such file or directory."),
        (("--host", "no.such.host.invalid", "--token", "t"), "Cannot listen on no.such.host.invalid:0: "),
    ],
)
def test_wrong_options_are_reported_in_a_sentence(
    options: tuple[str, ...],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("BLOTTER_TOKEN", raising=False)
    code = main(["serve", "--port", "0", "--db", ":memory:", *options])
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"blotter serve: {sentence}")
    assert code == (1 if "listen" in sentence else 2)


def test_a_token_of_the_environment_is_not_written_into_the_log_of_a_service() -> None:
    process = run_serve(variable="s3cret")
    try:
        url, token = greeting(process)
        assert token == "$BLOTTER_TOKEN"
        assert httpx.get(f"{url}/orders", headers={"authorization": "Bearer s3cret"}).status_code == 200
        assert httpx.get(f"{url}/orders", headers={"authorization": f"Bearer {token}"}).status_code == 401
    finally:
        process.terminate()
        out, err = process.communicate(timeout=20)
    assert "s3cret" not in out + err


def test_a_token_is_read_from_a_file_of_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text("s3cret\n", encoding="utf-8")
    process = run_serve("--token-file", str(file))
    try:
        url, token = greeting(process)
        assert token == f"@{file}"
        assert httpx.get(f"{url}/orders", headers={"authorization": "Bearer s3cret"}).status_code == 200
    finally:
        process.terminate()
        out, err = process.communicate(timeout=20)
    assert (out, err) == ("", "")


def test_a_token_that_others_can_read_in_its_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret", encoding="utf-8")
    file.chmod(0o644)
    assert main(["serve", "--port", "0", "--db", ":memory:", "--token-file", str(file)]) == 2
    assert capsys.readouterr().err == (
        f"blotter serve: Others can read {file}. Make it yours alone: chmod 600 {file}\n"
    )


def test_a_database_is_verified_without_serving_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "desk.db"
    verify = ["serve", "--verify", "--db", str(file)]
    assert main(verify) == 1
    assert capsys.readouterr().err == f"blotter serve: There is no database {file}.\n"
    desk = Engine.open(file, instrument_table)
    desk.write(put, [an_order("ORD-1"), an_order("ORD-2")], user="hart", now=NINE)
    desk.close()
    assert main(verify) == 0
    said = f"{file} is whole: 2 changes, the last at 2026-11-20 09:00:00 UTC.\n"
    assert capsys.readouterr() == (said, "")
    raw = file.read_bytes()
    file.write_bytes(raw.replace(b'"quantity":100,', b'"quantity":101,', 1))
    assert main(verify) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"blotter serve: {file} is damaged: change ")
    with pytest.raises(StoreError, match="is damaged: change "):
        Engine.open(file, instrument_table)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine speaks no IPv6")
def test_it_listens_on_ipv6_as_well() -> None:
    process = run_serve("--host", "::1", "--token", "t")
    try:
        url, _ = greeting(process)
        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/orders", headers={"authorization": "Bearer t"}).status_code == 200
    finally:
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert err == (
        "blotter serve: The token of --token is seen by everybody on this machine, in the list of processes. "
        "Give it in a file of yours (--token-file FILE) or in BLOTTER_TOKEN.\n"
    )


def test_a_demo_on_the_same_file_is_refused_with_a_sentence(start: Start, tmp_path: Path) -> None:
    database = tmp_path / "desk.db"
    greeting(start(f"port=0, db=Path({str(database)!r})"))
    with pytest.raises(StoreError, match=r"is in use by another blotter \(process \d+\)\. Close that one"):
        asyncio.run(Embedded.open(database))


def test_a_system_without_file_locks_opens_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    code = main(["serve", "--port", "0", "--token", "t", "--db", str(tmp_path / "desk.db")])
    assert code == 1
    assert "this system has no file locks. Use --db :memory: instead." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


HOSTS = (
    "127.0.0.1",
    pytest.param("::1", marks=pytest.mark.skipif(not socket.has_ipv6, reason="this machine speaks no IPv6")),
)


@pytest.mark.parametrize("host", HOSTS)
async def test_a_response_does_not_wait_for_the_acknowledgement_of_its_head(host: str) -> None:
    with listen(host, 0) as listening:
        embedded = await Embedded.open(None, size="empty", market=False)
        server = UvicornServer(embedded.app)
        serving = asyncio.create_task(server.serve(listening))
        reader, writer = await asyncio.open_connection(*listening.getsockname()[:2])
        writer.write(b"GET /api/orders HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        (connection,) = server.connections
        accepted = connection.transport.get_extra_info("socket")
        no_delay = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        server.stop()
        await serving
        await embedded.close()
    assert no_delay, "head and body are two writes: the second one would wait for the client, 40 ms on Linux"


def test_with_a_virtual_clock_time_moves_only_with_the_markets_steps(start: Start) -> None:
    nine = "__import__('datetime').datetime.fromisoformat('2026-11-20T09:00:00+00:00')"
    url, token = greeting(start(f"port=0, size='demo', market=True, clock={nine}"))
    market, headers = f"{url.removesuffix('/api')}/market", {"authorization": f"Bearer {token}"}
    first = httpx.get(market, headers=headers).json()
    assert (first["running"], first["time"]) == (False, "2026-11-20T09:00:00.0000000+00:00")
    stepped = httpx.post(market, headers=headers, json={"steps": 30}).json()
    assert stepped["time"] == "2026-11-20T09:01:00.0000000+00:00"


def test_a_clock_that_cannot_be_read_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--clock", "noon"])
    assert "'noon' is not a time; write it as 09:30," in capsys.readouterr().err
