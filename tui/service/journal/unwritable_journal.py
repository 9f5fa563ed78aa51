"""A journal whose file cannot be written: what it holds is read, and nothing can be sent."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from tui.service.journal.append_log import START, LoggedLine, LogPosition, MemoryLog
from tui.service.journal.journal import KEEP_DAYS, Journal
from tui.service.journal.opening import JournalOpening
from tui.service.journal.segments import lines_of

_NOT_OURS: Final = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR)


def journal_advice(error: OSError) -> str:
    """Return what to do about a journal that cannot be written."""
    return "Let this user write it." if error.errno in _NOT_OURS else "Free the disk."


def open_journal(path: Path | None, *, keep_days: int = KEEP_DAYS) -> Journal:
    """Return the journal of a file, in memory without one; an unwritable one where it cannot be."""
    try:
        return Journal(path, keep_days=keep_days)
    except OSError as error:
        if path is None:
            raise
        return UnwritableJournal(path, error)


class UnwritableLog(MemoryLog):
    """The lines of a file that nothing can be appended to, for the reason ``error``."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__()
        self._path = path
        self._error = error

    def append(self, body: bytes) -> None:
        raise OSError(self._error.errno, self._error.strerror, self._error.filename)

    def read(self, start: LogPosition = START) -> Iterator[LoggedLine]:
        try:
            file = self._path.open("rb")
        except OSError:
            return
        yield from lines_of(file, self._path.name, start)


class UnwritableJournal(Journal):
    """A journal that is read as far as its file can be, and refuses all that is written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(None)
        self._log = UnwritableLog(path, error)
        self._why = f"{error.filename or path}: {error.strerror or error}"

    def opening(self, server: str | None = None) -> JournalOpening:
        return replace(super().opening(server), unwritable=self._why)
