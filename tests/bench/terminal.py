"""A terminal for programs under measurement: a real pty, keys in, bytes counted and timed."""

from __future__ import annotations

import os
import re
import select
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from tests.pty_program import SYNC_QUERY, SYNC_REPLY, resize, start

QUIET_S = 0.06
"""A program that has written nothing for so long has finished its answer."""


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """The bytes a program wrote after a key, and the seconds until the last of them came."""

    output: bytes
    seconds: float


class PtyTerminal:
    """Runs ``command`` in a pty of the usual size, see :mod:`tests.pty_program`.

    Like most terminals of today it says that it takes synchronised updates, each time it is asked.
    """

    def __init__(self, command: Sequence[str], *, environment: dict[str, str] | None = None) -> None:
        self.started = monotonic()
        self.pid, self._fd, slave = start(command, environment)
        os.close(slave)
        self._ended = False
        self._tail = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    def read(self, seconds: float) -> bytes:
        """Return what comes within ``seconds``, nothing when nothing does or the program ended."""
        ready, _, _ = select.select([self._fd], [], [], max(0.0, seconds))
        if not ready:
            return b""
        try:
            chunk = os.read(self._fd, 1 << 20)
        except OSError:
            self._ended = True
            return b""
        heard = self._tail + chunk
        self._tail = heard[-len(SYNC_QUERY) + 1 :]
        if asked := heard.count(SYNC_QUERY):
            os.write(self._fd, SYNC_REPLY * asked)
        return chunk

    def send(self, keys: bytes) -> None:
        """Send keys, and wait for nothing."""
        os.write(self._fd, keys)

    def resize(self, columns: int, lines: int) -> None:
        """Resize the terminal; the program is told."""
        resize(self._fd, columns, lines)

    def press(
        self, keys: bytes, *, until: bytes = b"", limit: float = 60.0, quiet: float = QUIET_S
    ) -> ProgramOutput:
        """Send ``keys`` and collect the answer.

        The answer is complete when it contains the pattern ``until`` and then nothing more comes for
        ``quiet`` seconds. Without a pattern there may be none at all: two seconds are given to a program
        that has nothing to say.
        """
        self.drain(0.0)
        return self._collect(keys, re.compile(until, re.DOTALL), limit if until else 2.0, quiet)

    def wait_for(self, until: bytes, limit: float = 120.0) -> ProgramOutput:
        """Collect what the program writes from its start until the pattern ``until`` is there.

        ``seconds`` counts from the start to the byte that completed the pattern.
        """
        wanted, output = re.compile(until, re.DOTALL), b""
        while not self._ended and monotonic() < self.started + limit:
            output += self.read(0.05)
            if wanted.search(output):
                return ProgramOutput(output, monotonic() - self.started)
        raise TimeoutError(f"{until!r} was not painted; the last bytes are {output[-300:]!r}")

    def _collect(self, keys: bytes, wanted: re.Pattern[bytes], limit: float, quiet: float) -> ProgramOutput:
        begun = last = monotonic()
        os.write(self._fd, keys)
        output = b""
        while not self._ended:
            chunk = self.read(quiet if wanted.search(output) and output else 0.5)
            if chunk:
                output, last = output + chunk, monotonic()
            elif (output and wanted.search(output)) or monotonic() > begun + limit:
                break
        return ProgramOutput(output, last - begun)

    def drain(self, quiet: float = QUIET_S) -> None:
        """Let the program come to rest."""
        while not self._ended and self.read(quiet):
            pass

    def worked(self) -> float:
        """Return the seconds of processor that all threads of the program have taken."""
        times = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in times) / 1e9

    def resident(self) -> float:
        """Return the most memory the program has held, in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0
