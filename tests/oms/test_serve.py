"""``serve`` as a process: what it prints, how it ends, and what it says when it cannot start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

Start = Callable[..., "subprocess.Popen[str]"]

ROOT = Path(__file__).parents[2]
CODE = "import sys; from tui.oms.serve import run; from pathlib import Path; sys.exit(run({arguments}))"


@pytest.fixture
def start() -> Iterator[Start]:
    """Give what starts a server with arguments of ``run``; all of them end with the test."""
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
def test_it_greets_serves_and_ends_cleanly(start: Start, tmp_path: Path, number: signal.Signals) -> None:
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


def test_a_port_that_is_taken_is_told_in_a_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(f"port={port}")
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert (
        err == f"blotter serve: Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another.\n"
    )


def test_a_database_in_use_is_told_in_a_sentence(start: Start, tmp_path: Path) -> None:
    database = f"port=0, db=Path({str(tmp_path / 'desk.db')!r})"
    greeting(start(database))
    second = start(database)
    out, err = second.communicate(timeout=20)
    assert (second.returncode, out) == (1, "")
    assert "is in use by another blotter" in err
    assert err.count("\n") == 1


def test_other_machines_need_a_token(start: Start) -> None:
    process = start("port=0, host='0.0.0.0'")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err.startswith("blotter serve: 0.0.0.0 is open to other machines, so a token is needed")
    url, token = greeting(start("port=0, host='0.0.0.0', token='s3cret'"))
    assert token == "s3cret"
    there = url.replace("0.0.0.0", "127.0.0.1")
    assert httpx.get(f"{there}/orders", headers={"authorization": "Bearer s3cret"}).status_code == 200
