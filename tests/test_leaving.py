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


@pytest.mark.parametrize("end", ["q", "SIGTERM", "SIGHUP"])
def test_the_terminal_is_given_back(end: str, tmp_path: Path) -> None:
    places = dict.fromkeys(("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), str(tmp_path))
    terminal, side = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "tui", "--db", ":memory:"],
        stdin=side,
        stdout=side,
        stderr=side,
        cwd=ROOT,
        env={**os.environ, **places, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
        start_new_session=True,
    )
    os.close(side)
    said = b""
    while b"BLK-0001" not in said:
        said += os.read(terminal, 65536)
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
