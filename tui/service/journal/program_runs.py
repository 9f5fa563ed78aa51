"""The runs of programs that write to one journal: each holds a lock on a file of its own while it lives.

So whether a run is over is known for certain, also after a kill, and when its process id is used again.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui.service.ids import new_id

_MODE: Final = 0o600
_of_this_process: Final[set[str]] = set()


class ProgramRuns:
    """The runs that write to the journal whose folder of runs is ``folder``; None when it is in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._name = ""
        self._file: int | None = None

    def begin(self) -> str:
        """Return the name of this run; the first call holds its lock, and removes the files of ended ones.

        Call it while the journal is locked: a run without a lock is over.

        Raises:
            OSError: its file cannot be made.
        """
        if self._folder is not None and not self._name:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            for each in self._folder.iterdir():
                if not _is_held(each):
                    each.unlink(missing_ok=True)
            name = new_id()
            self._file = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            _of_this_process.add(name)
            self._name = name
        return self._name

    def is_running(self, name: str) -> bool:
        """Return whether the program of a run is running, this one included."""
        return bool(name) and self._folder is not None and _is_held(self._folder / name)

    def is_another(self, name: str) -> bool:
        """Return whether the program of a run is running and is not this one."""
        return name not in _of_this_process and self.is_running(name)

    def close(self) -> None:
        """End this run."""
        if self._file is not None and self._folder is not None:
            with suppress(OSError):
                (self._folder / self._name).unlink(missing_ok=True)
            os.close(self._file)
            self._file = None


def _is_held(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(file)


def is_process(process: int) -> bool:
    """Return whether ``process`` is another program of this user that is running."""
    if process in (0, os.getpid()):
        return False
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True
