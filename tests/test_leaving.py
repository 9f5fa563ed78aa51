"""The program as a process in a terminal: however it is ended, the terminal is given back."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"


def started(places: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Return the program with its desk on screen, and the terminal: it is not the one that controls it."""
    kept = dict.fromkeys(("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), str(places))
    terminal, side = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "tui", "--db", ":memory:"],
        stdin=side,
        stdout=side,
        stderr=side,
        cwd=ROOT,
        env={**os.environ, **kept, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
        start_new_session=True,
    )
    os.close(side)
    said = b""
    while b"BLK-0001" not in said:
        said += os.read(terminal, 65536)
    return program, terminal


@pytest.mark.parametrize("end", ["q", "SIGTERM", "SIGHUP"])
def test_the_terminal_is_given_back(end: str, tmp_path: Path) -> None:
    program, terminal = started(tmp_path)
    if end == "q":
        os.write(terminal, b"q")
    else:
        program.send_signal(signal.Signals[end])
    rest = b""
    try:
        while chunk := os.read(terminal, 65536):
            rest += chunk
    except OSError:
        pass
    os.close(terminal)
    assert program.wait(30) == 0
    assert LEAVES_ALTERNATE_SCREEN in rest
    assert SHOWS_CURSOR in rest


def test_a_terminal_that_is_gone_ends_the_program_without_a_signal(tmp_path: Path) -> None:
    program, terminal = started(tmp_path)
    os.close(terminal)
    try:
        assert program.wait(30) == 0
    finally:
        program.kill()
