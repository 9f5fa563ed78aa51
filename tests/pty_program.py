"""Programs in a pseudo-terminal: how one is started, and the query that the terminal answers."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from tests.paths import ROOT

COLUMNS: Final = 200
LINES: Final = 50
SYNC_QUERY: Final = b"\x1b[?2026$p"
"""Asks whether the terminal takes synchronised updates."""
SYNC_REPLY: Final = b"\x1b[?2026;2$y"
"""The answer that it does, as most terminals of today give it."""


class PtyProgram(NamedTuple):
    """A program that runs in a pty, and both ends of the pty."""

    pid: int
    master: int
    slave: int


def start(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    columns: int = COLUMNS,
    lines: int = LINES,
) -> PtyProgram:
    """Run ``command`` from the repository's root in a pty: xterm-256color with true colour and glyphs."""
    known = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    variables = {**os.environ, **known, **(environment or {})}
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        variables.pop(name, None)
    master, slave = os.openpty()
    resize(slave, columns, lines)
    pid = os.fork()
    if pid == 0:
        try:
            os.login_tty(slave)
            os.chdir(ROOT)
            os.execvpe(command[0], list(command), variables)
        finally:
            os._exit(127)
    return PtyProgram(pid, master, slave)


def resize(fileno: int, columns: int, lines: int) -> None:
    """Resize a pty; the kernel signals it to the program."""
    fcntl.ioctl(fileno, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
