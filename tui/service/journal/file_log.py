"""A log in files: locked, chained and flushed, a line at a time, whichever of several programs appends.

``NAME.jsonl`` is the segment that is appended to; those before are :mod:`tui.service.journal.segments`.
``NAME.head`` is the lock of the log, and holds where its chain ends: the number and hash of the last line,
and how many bytes the segment had then. It is only a note: where the segment is longer, its lines count. One
that is shorter than its head says was cut, and the chain goes on behind what is missing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from tui.service.journal.append_log import START, BeginSegment, LoggedLine, LogPosition
from tui.service.journal.hash_chain import ChainHead, advance, resealed, seal
from tui.service.journal.segments import (
    EVERY,
    Segments,
    first_number,
    lines_holding,
    lines_of,
    open_segment,
    write_whole,
)

MODE: Final = 0o600
PATIENCE_S: Final = 10.0
"""Seconds an append waits for other programs: each holds the lock for milliseconds."""
_HEAD_BYTES: Final = 128
"""Bytes of a head, padded: it is written over in place."""
_OLDER: Final = b'{"kind":'
"""How lines of versions begin that did not number them."""
_HEAD: Final = re.compile(rb"(\d+) ([0-9a-f]{64}) (\d+) (\d+) *\n")


class _Note(NamedTuple):
    """What the head of a log says: where the chain ends, and the segment and its size then."""

    head: ChainHead
    size: int
    segment: int


class FileLog:
    """A log in files only its owner can read. Segments that ended are kept for ``keep_days``.

    Raises:
        OSError: the file cannot be made, read or written.
    """

    def __init__(self, path: Path, keep_days: int) -> None:
        self.path = path
        self._segments = Segments(path, keep_days)
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
            self._put_note(after, size)

    def read(self, start: LogPosition = START) -> Iterator[LoggedLine]:
        with self.locked():
            segment, size = self._segment, self.size
            ended = self._segments.before(segment)
            file = self.path.open("rb")
        with file:
            for number, path in ended:
                if number >= start.segment:
                    begin = start if number == start.segment else LogPosition(number)
                    with suppress(FileNotFoundError):  # removed meanwhile: it was too old
                        yield from lines_of(open_segment(path), path.name, begin)
            begin = start if segment == start.segment else LogPosition(segment)
            yield from lines_of(file, self.path.name, begin, size)

    def ended_holding(self, sought: Collection[bytes]) -> Iterator[bytes]:
        with self.locked():
            ended = self._segments.before(self._segment)
        for _, path in ended:
            yield from lines_holding(path, sought)

    def stamp(self) -> object:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def latest_segment(self) -> LogPosition:
        with self.locked():
            return LogPosition(self._segment)

    @property
    def size(self) -> int:
        return os.fstat(self._file).st_size

    @property
    def number(self) -> int:
        with self.locked():
            return self._end_of_chain().number

    def begin_segment(self, begin: BeginSegment, carried: Sequence[bytes]) -> None:
        with self.locked():
            before, segment = self._end_of_chain(), self._segment
            line, head = seal(begin(before.hash), before)
            lines = [line]
            for each in carried:
                line, head = resealed(each, head)
                lines.append(line)
            fresh = self.path.with_suffix(".next")
            write_whole(fresh, b"".join(b"%b\n" % line for line in lines))
            self._segments.close(segment, fresh)
            self._use_named()
            self._put_note(head, self.size)

    def tend(self) -> None:
        with self.locked():
            segment = self._segment
        self._segments.tend(segment)

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
            return max(noted.size - self.size, 0) if noted else 0

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
        self._use_named()

    def _use_named(self) -> None:
        """Use the file that bears the name now: another program may have begun a new segment."""
        if not _is_same(self._file, self.path):
            os.close(self._file)
            self._file = _open(self.path, os.O_RDWR | os.O_APPEND)

    @property
    def _segment(self) -> int:
        """The number of the first line of the segment that is appended to.

        Lines of older versions have none, which is 0. Where it cannot be read, it comes after all others.
        """
        number = first_number(self._file)
        if number or os.pread(self._file, len(_OLDER), 0) == _OLDER:
            return number
        noted = _HEAD.match(os.pread(self._head_file, _HEAD_BYTES, 0))
        return int(noted[4]) if noted else EVERY

    def _write(self, text: bytes) -> int:
        """Write ``text`` at the end and flush it to disk; return the size of the file then.

        Raises:
            OSError: the disk does not take it; what it took of it is cut back.
        """
        size = self.size
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
        size = self.size
        noted = self._noted()
        if noted is not None and noted.size == size:
            return noted.head
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            size = self._write(b"\n")
        head, read = (noted.head, noted.size) if noted else (ChainHead(), 0)
        if read < size:
            with self.path.open("rb") as file:
                file.seek(read)
                for line in file:
                    head = advance(line.rstrip(b"\r\n"), head)
        return head

    def _noted(self) -> _Note | None:
        """Return what was noted of this segment; None when there is nothing."""
        found = _HEAD.match(os.pread(self._head_file, _HEAD_BYTES, 0))
        if found is None or int(found[4]) != self._segment:
            return None
        return _Note(ChainHead(int(found[1]), found[2]), int(found[3]), int(found[4]))

    def _put_note(self, head: ChainHead, size: int) -> None:
        note = b"%d %b %d %d" % (*head, size, self._segment)
        with suppress(OSError):  # a head that is behind is caught up with
            os.pwrite(self._head_file, note.ljust(_HEAD_BYTES - 1) + b"\n", 0)


def remove_log(path: Path) -> None:
    """Remove a log that nobody has open."""
    Segments(path, 0).remove()
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
