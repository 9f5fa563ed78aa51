"""The segments of a log: files of lines that follow each other, of which only the last is appended to.

A segment that ended is ``NAME.N.jsonl``, N the number of its first line, and ``NAME.N.jsonl.gz`` once it is
compressed. A new one begins with a line that holds the hash of the last line before it, so that the chain is
checked also when that was removed, and then what of it is still open.

It begins in three steps: it is written beside under another name, the old one gets its second name, and the
new one takes the old one's first name. After a crash between them both names are the same lines: a segment
that is not older than the one appended to is left out.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from tui.service.journal.append_log import LoggedLine, LogPosition

_MODE: Final = 0o600
_DAY_S: Final = 86_400
_FIRST: Final = re.compile(rb'\{"v":\d+,"n":(\d{1,18}),')
EVERY: Final = 10**18
"""A number that comes after those of all lines."""
DAMAGED: Final = b"(what follows cannot be decompressed)"
"""The line that stands for the rest of a compressed segment that is damaged."""
_BEGIN: Final = 64
"""The bytes in which the number of a line stands."""


class Segments:
    """The segments before the one at ``path``. ``keep_days`` is for how long they are kept."""

    def __init__(self, path: Path, keep_days: int) -> None:
        self._path = path
        self._keep_days = keep_days
        self._named = re.compile(rf"{re.escape(path.stem)}\.(\d+){re.escape(path.suffix)}(\.gz)?")

    def before(self, number: int) -> list[tuple[int, Path]]:
        """Return those whose first line comes before ``number``, oldest first, each with that number."""
        found = {int(named[1]): path for named, path in self._files() if int(named[1]) < number}
        return sorted(found.items())

    def path_of(self, number: int) -> Path:
        """Return the file of a segment before it is compressed."""
        return self._path.with_name(f"{self._path.stem}.{number:012}{self._path.suffix}")

    def close(self, number: int, fresh: Path) -> None:
        """Give the segment that is appended to its second name, and its first name to ``fresh``.

        Raises:
            OSError: the disk does not take it; the segment is as it was.
        """
        closed = self.path_of(number)
        closed.unlink(missing_ok=True)
        try:
            os.link(self._path, closed)
        except OSError:  # a file system without links
            beside = closed.with_suffix(".copy")
            shutil.copy2(self._path, beside)
            _flush(beside)
            beside.replace(closed)
        fresh.replace(self._path)
        _flush(self._path.parent)

    def tend(self, number: int) -> None:
        """Compress those before the segment that begins with ``number``, and remove those that are too old.

        Raises:
            OSError: the disk does not take it; nothing is lost.
        """
        for named, path in self._files():
            if int(named[1]) < number and not named[2]:
                _compress(path)
        for left in self._path.parent.glob(f"{self._path.stem}.*.part"):
            if left.stat().st_mtime < time.time() - _DAY_S:
                left.unlink(missing_ok=True)
        oldest = time.time() - self._keep_days * _DAY_S
        for _, path in self.before(number):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove them all."""
        for _, path in self._files():
            path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[re.Match[str], Path]]:
        """Yield the files of ended segments; one that is not compressed comes after its compressed copy."""
        for path in sorted(self._path.parent.iterdir(), key=lambda path: path.suffix != ".gz"):
            named = self._named.fullmatch(path.name)
            if named is not None:
                yield named, path


def first_number(file: int) -> int:
    """Return the number of the first line of an open file; 0 when it has none."""
    found = _FIRST.match(os.pread(file, _BEGIN, 0))
    return int(found[1]) if found else 0


def lines_of(file: IO[bytes], name: str, start: LogPosition, size: int | None = None) -> Iterator[LoggedLine]:
    """Yield the lines of an open segment from ``start`` on, at most ``size`` bytes of it, and close it."""
    with file:
        file.seek(start.offset)
        segment, offset, number = start
        while size is None or offset < size:
            try:
                line = file.readline(-1 if size is None else size - offset)
            except (EOFError, zlib.error, gzip_damage()):
                yield LoggedLine(name, number + 1, DAMAGED, LogPosition(segment, offset, number + 1))
                break
            if not line:
                break
            offset += len(line)
            number += 1
            yield LoggedLine(name, number, line.rstrip(b"\r\n"), LogPosition(segment, offset, number))


def open_segment(path: Path) -> IO[bytes]:
    """Open a segment that ended; it may be compressed meanwhile.

    Raises:
        FileNotFoundError: it was removed.
    """
    if path.suffix != ".gz":
        try:
            return path.open("rb")
        except FileNotFoundError:
            path = path.with_name(f"{path.name}.gz")
    from gzip import GzipFile

    opened: Any = GzipFile(path)
    found: IO[bytes] = opened
    return found


def gzip_damage() -> type[OSError]:
    """Return what reading raises where a file is no gzip file, or its sum does not fit."""
    from gzip import BadGzipFile

    return BadGzipFile


def lines_holding(path: Path, sought: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a segment that ended which hold one of some texts, as fast as it can be read."""
    with suppress(FileNotFoundError), open_segment(path) as file:
        text = _read_all(file)
        begins = set()
        for each in sought:
            place = text.find(each)
            while place >= 0:
                begins.add(text.rfind(b"\n", 0, place) + 1)
                end = text.find(b"\n", place)
                place = text.find(each, end) if end >= 0 else -1
        for begin in sorted(begins):
            end = text.find(b"\n", begin)
            yield text[begin:] if end < 0 else text[begin:end]


def _read_all(file: IO[bytes]) -> bytes:
    """Return a segment as far as it can be decompressed."""
    parts = []
    with suppress(EOFError, zlib.error, gzip_damage()):
        while part := file.read(1 << 20):
            parts.append(part)
    return b"".join(parts)


def write_whole(path: Path, text: bytes) -> None:
    """Write a new private file and flush it to disk."""
    with os.fdopen(_private(path), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _compress(path: Path) -> None:
    """Compress a segment; it is removed once its compressed copy is on disk."""
    from gzip import GzipFile

    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with path.open("rb") as source, os.fdopen(_private(beside), "wb") as target:
            with GzipFile(fileobj=target, mode="wb", filename="", mtime=0) as packed:
                shutil.copyfileobj(source, packed, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        beside.replace(path.with_name(f"{path.name}.gz"))
    except FileNotFoundError:  # another program did
        return
    finally:
        beside.unlink(missing_ok=True)
    _flush(path.parent)
    path.unlink(missing_ok=True)


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)


def _flush(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
