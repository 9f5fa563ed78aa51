"""An append-only log of lines, and one that is kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NamedTuple, Protocol

from tui.service.journal.hash_chain import ChainHead, seal


class LogPosition(NamedTuple):
    """A place between two lines: so many bytes into a segment of the log, after so many lines of it.

    ``segment`` is the number of its first line; -1 is before all of them.
    """

    segment: int = -1
    offset: int = 0
    lines: int = 0


START: Final = LogPosition()
BeginSegment = Callable[[bytes], bytes]
"""Returns the first line of a new segment, a JSON object, from the hash of the last line before it."""


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

    def ended_holding(self, sought: Collection[bytes]) -> Iterator[bytes]:
        """Yield the lines of segments that ended which hold one of some texts, oldest first, fast."""

    def latest_segment(self) -> LogPosition:
        """Return the beginning of the segment that is appended to: all that is open stands in it."""

    @property
    def size(self) -> int:
        """The bytes of the segment that is appended to; 0 where there are no segments."""

    @property
    def number(self) -> int:
        """The number of the last line."""

    def begin_segment(self, begin: BeginSegment, carried: Sequence[bytes]) -> None:
        """Begin a new segment with a line, and with ``carried`` lines of the one before.

        Raises:
            OSError: the disk does not take it; the log is as it was.
        """

    def tend(self) -> None:
        """Compress the segments that ended, and remove those that are too old.

        Raises:
            OSError: the disk does not take it; nothing is lost.
        """

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
            yield LoggedLine("", index + 1, self._lines[index], LogPosition(0, 0, index + 1))

    def ended_holding(self, sought: Collection[bytes]) -> Iterator[bytes]:
        return iter(())

    def latest_segment(self) -> LogPosition:
        return START

    @property
    def size(self) -> int:
        return 0

    @property
    def number(self) -> int:
        return self._head.number

    def begin_segment(self, begin: BeginSegment, carried: Sequence[bytes]) -> None:
        pass

    def tend(self) -> None:
        pass

    def stamp(self) -> object:
        return len(self._lines)

    def close(self) -> None:
        pass
