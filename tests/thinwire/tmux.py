"""A second opinion: two panes of tmux, if it is installed, one for each stream of bytes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.thinwire.cells import EmulatedCell
from tests.thinwire.emulators import Emulator

MISSING: Final = "" if shutil.which("tmux") else "tmux is not installed"
PATIENCE_S: Final = 60.0
SETTINGS: Final = """
set -g status off
set -g default-terminal tmux-256color
set -s escape-time 0
"""
CODE: Final = re.compile(r"(?<=[\[;])(?:4:2|5:3)(?=[;m])")
CODES: Final = {"4:2": "21", "5:3": "53"}
"""How tmux writes a double underline and an overline into what it captures, and their codes."""
PANES: Final = ("alone", "thin")


class TmuxPanes:
    """Two panes of ``columns`` by ``lines`` in a tmux server of their own."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self._marks = 0
        self._pipes: dict[str, int] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="tmux")  # a socket's name may not be long
        folder = Path(self._folder.name)
        self._socket = folder / "socket"
        settings = folder / "tmux.conf"
        settings.write_text(SETTINGS)
        for pane in PANES:
            os.mkfifo(folder / pane)
            command = f"stty raw -echo; exec cat {folder / pane}"
            size = ["-x", str(columns), "-y", str(lines)]
            self._tmux("-f", str(settings), "new-session", "-d", "-s", pane, *size, command)
            self._pipes[pane] = os.open(folder / pane, os.O_WRONLY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in self._pipes.values():
            os.close(pipe)
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], capture_output=True, check=False)
        self._folder.cleanup()

    def _tmux(self, *words: str) -> str:
        said = subprocess.run(
            ["tmux", "-S", str(self._socket), *words], capture_output=True, text=True, check=True
        )
        return said.stdout

    def feed(self, pane: str, data: str) -> None:
        """Send ``data`` to a pane."""
        left = data.encode()
        while left:
            left = left[os.write(self._pipes[pane], left) :]

    def resize(self, columns: int, lines: int) -> None:
        """Resize and clear both panes: tmux would bring back what it cut off, halves of characters too."""
        self._clear()
        self.columns, self.lines = columns, lines
        for pane in PANES:
            self._tmux("resize-window", "-t", pane, "-x", str(columns), "-y", str(lines))
        self._clear()

    def _clear(self) -> None:
        for pane in PANES:
            self.feed(pane, "\x1b[H\x1b[2J")
        self.shown()

    def shown(self) -> Sequence[tuple[str, Sequence[Sequence[EmulatedCell]]]]:
        """Return what each pane shows when all input was read: the cursor in words, and the rows."""
        self._marks += 1
        for pane in PANES:
            self.feed(pane, f"\x1b]2;mark {self._marks}\x07")
        return [self._shown(pane) for pane in PANES]

    def _shown(self, pane: str) -> tuple[str, Sequence[Sequence[EmulatedCell]]]:
        until = time.monotonic() + PATIENCE_S
        words = "#{pane_title}: #{cursor_x},#{cursor_y} #{cursor_flag} #{alternate_on}"
        asked = (
            "display-message",
            "-p",
            "-t",
            pane,
            words,
            ";",
            "capture-pane",
            "-p",
            "-e",
            "-N",
            "-t",
            pane,
        )
        mark = f"mark {self._marks}: "
        while time.monotonic() < until:
            cursor, *lines = self._tmux(*asked).split("\n")
            if cursor.startswith(mark):
                return cursor.removeprefix(mark), self._rows(lines)
        raise TimeoutError(f"tmux did not take what was sent to the pane {pane}")

    def _rows(self, lines: Sequence[str]) -> Sequence[Sequence[EmulatedCell]]:
        """Parse tmux's text: a row that was never written is a row of spaces."""
        screen = Emulator(self.columns, self.lines)
        screen.feed("\x1b[?7l")
        for y, line in enumerate(lines[: self.lines]):
            screen.feed(f"\x1b[{y + 1}H{CODE.sub(lambda code: CODES[code[0]], line)}")
        return [screen.row(y) for y in range(self.lines)]
