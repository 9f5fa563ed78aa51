"""An append-only log of lines that several programs append to: locked, chained and flushed, a line at a time.

Beside ``NAME.jsonl`` stands ``NAME.head``. It is the lock of the log, and holds where its chain ends: the
number and hash of the last line, and how many bytes the file had then. It is only a note: where the file is
longer, its lines count. A file that is shorter than its head says was cut, and the chain goes on behind what
is missing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from tui.service.journal.hash_chain import ChainHead, advance, seal

MODE: Final = 0o600
PATIENCE_S: Final = 10.0
"""Seconds an append waits for other programs: each holds the lock for milliseconds."""
_HEAD_BYTES: Final = 128
"""Bytes of a head, padded: it is written over in place."""
_HEAD: Final = re.compile(rb"(\d+) ([0-9a-f]{64}) (\d+) *\n")


class LogPosition(NamedTuple):
    """A place between two lines: so many bytes into the log, after so many lines."""

    offset: int = 0
    lines: int = 0


START: Final = LogPosition()


class LoggedLine(NamedTuple):
    """A line without its end, and where it stands: the name of the file, and which line of it, from 1.

    ``after`` is the position behind it.
    """

    file: str
    number: int
    text: bytes
    after: LogPosition


class AppendLog(Protocol):
    """A log that is only appended to."""

    @property
    def missing(self) -> int:
        """The number of bytes that it was longer once than it is now."""

    def locked(self) -> AbstractContextManager[None]:
        """Return a context in which nobody else appends; it may be entered within itself."""

    def append(self, body: bytes) -> None:
        """Append a JSON object as a line; when this returns it is on disk.

        Raises:
            OSError: it is not, and nothing of it stays in the log.
        """

    def read(self, start: LogPosition = START) -> Iterator[LoggedLine]:
        """Yield the lines from ``start`` on."""

    def stamp(self) -> object:
        """Return what differs once something was appended; it costs a look at the file, no lock."""

    def close(self) -> None:
        """Append nothing any more."""


class MemoryLog:
    """A log that is kept in memory only."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._head = ChainHead()
        self._lines: list[bytes] = []

    @property
    def missing(self) -> int:
        return 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._lock:
            yield

    def append(self, body: bytes) -> None:
        with self._lock:
            line, self._head = seal(body, self._head)
            self._lines.append(line)

    def read(self, start: LogPosition = START) -> Iterator[LoggedLine]:
        for index in range(start.lines, len(self._lines)):
            yield LoggedLine("", index + 1, self._lines[index], LogPosition(0, index + 1))

    def stamp(self) -> object:
        return len(self._lines)

    def close(self) -> None:
        pass


class FileLog:
    """A log in a file only its owner can read.

    Raises:
        OSError: the file cannot be made, read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._depth = 0
        self._closed = False
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._head_path = path.with_suffix(".head")
        self._head_file = _open(self._head_path, os.O_RDWR)
        self._file = _open(path, os.O_RDWR | os.O_APPEND)

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._guard:
            if self._closed:
                raise OSError(errno.EBADF, "it is closed")
            if self._depth == 0:
                self._lock()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    fcntl.flock(self._head_file, fcntl.LOCK_UN)

    def append(self, body: bytes) -> None:
        with self.locked():
            head = self._end_of_chain()
            line, after = seal(body, head)
            size = self._write(line + b"\n")
            with suppress(OSError):  # a head that is behind is caught up with
                note = b"%d %b %d" % (*after, size)
                os.pwrite(self._head_file, note.ljust(_HEAD_BYTES - 1) + b"\n", 0)

    def read(self, start: LogPosition = START) -> Iterator[LoggedLine]:
        with self.locked():
            size = os.fstat(self._file).st_size
            file = self.path.open("rb")
        with file:
            file.seek(start.offset)
            offset, number = start
            while offset < size:
                line = file.readline(size - offset)
                offset += len(line)
                number += 1
                yield LoggedLine(self.path.name, number, line.rstrip(b"\r\n"), LogPosition(offset, number))

    def stamp(self) -> object:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def close(self) -> None:
        with self._guard:
            if not self._closed:
                self._closed = True
                os.close(self._file)
                os.close(self._head_file)

    @property
    def missing(self) -> int:
        with self.locked():
            noted = self._noted()
            return max(noted[1] - os.fstat(self._file).st_size, 0) if noted else 0

    def is_used_by_older_version(self) -> bool:
        """Return whether a program of a version without a head has the file open: it holds a lock on it."""
        with self.locked():
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
            fcntl.flock(self._file, fcntl.LOCK_UN)
            return False

    def _lock(self) -> None:
        """Wait for the lock, and use the files that bear the names now.

        Raises:
            OSError: another program held it all the time.
        """
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(self._head_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    said = f"another program has held it for {PATIENCE_S:.0f} s"
                    raise OSError(errno.EAGAIN, said, str(self.path)) from None
                time.sleep(0.001)
                continue
            if _is_same(self._head_file, self._head_path):
                break
            os.close(self._head_file)
            self._head_file = _open(self._head_path, os.O_RDWR)
        if not _is_same(self._file, self.path):
            os.close(self._file)
            self._file = _open(self.path, os.O_RDWR | os.O_APPEND)

    def _write(self, text: bytes) -> int:
        """Write ``text`` at the end and flush it to disk; return the size of the file then.

        Raises:
            OSError: the disk does not take it; what it took of it is cut back.
        """
        size = os.fstat(self._file).st_size
        try:
            if os.write(self._file, text) < len(text):
                raise OSError(errno.ENOSPC, "the disk is full", str(self.path))
            os.fsync(self._file)
        except OSError:
            with suppress(OSError):  # the next line begins anew then
                os.ftruncate(self._file, size)
            raise
        return size + len(text)

    def _end_of_chain(self) -> ChainHead:
        """Return the head of the chain, after ending a line that a crash cut off."""
        size = os.fstat(self._file).st_size
        noted = self._noted()
        if noted is not None and noted[1] == size:
            return noted[0]
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            size = self._write(b"\n")
        head, read = noted or (ChainHead(), 0)
        if read < size:
            with self.path.open("rb") as file:
                file.seek(read)
                for line in file:
                    head = advance(line.rstrip(b"\r\n"), head)
        return head

    def _noted(self) -> tuple[ChainHead, int] | None:
        """Return the head as it was noted, and the size of the file then; None when there is no note."""
        found = _HEAD.match(os.pread(self._head_file, _HEAD_BYTES, 0))
        return (ChainHead(int(found[1]), found[2]), int(found[3])) if found else None


def remove_log(path: Path) -> None:
    """Remove a log that nobody has open, and its head."""
    for each in (path, path.with_suffix(".head")):
        each.unlink(missing_ok=True)


def _open(path: Path, flags: int) -> int:
    file = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, MODE)
    os.fchmod(file, MODE)
    return file


def _is_same(file: int, path: Path) -> bool:
    """Return whether a file that is open still bears its name."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
