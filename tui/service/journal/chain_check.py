"""Checks a journal from end to end: lines that cannot be read, lines that were changed or are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from tui.service.journal.append_log import START, LoggedLine
from tui.service.journal.hash_chain import ChainHead, advance, computed
from tui.service.journal.lines import UnreadLine, read_line

if TYPE_CHECKING:
    from tui.service.journal.journal import Journal


class JournalFault(Struct, frozen=True):
    """What is wrong with a line of a journal, and where it stands."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line:,}: {self.what}"


def find_faults(journal: Journal) -> tuple[JournalFault, ...]:
    """Return what is wrong with a journal, from its first line to its last; empty when it is whole."""
    lines = [LoggedLine(journal.name, 0, b"", START)]
    faults = [*faults_of(_watched(journal.log_lines(), lines))]
    if journal.missing_bytes:
        last = lines[-1]
        faults.append(
            JournalFault(last.file, last.number, f"{journal.missing_bytes:,} bytes are missing after it")
        )
    return tuple(faults)


def faults_of(lines: Iterable[LoggedLine]) -> Iterator[JournalFault]:
    """Yield what is wrong with lines that follow each other from the beginning of a chain."""
    head = mended = ChainHead()
    unread = 0
    """The lines right before that cannot be read."""
    for line in lines:
        if not line.text:
            continue
        found = read_line(line.text)
        if isinstance(found, UnreadLine) and found.envelope is None:
            yield JournalFault(line.file, line.number, "it cannot be read")
            unread += 1
            head = mended = advance(line.text, head)
            continue
        hashed = computed(line.text, head)
        after = advance(line.text, head)
        if hashed is None and head.number:
            yield JournalFault(
                line.file, line.number, "it carries no hash: an older version wrote it, or nobody of us"
            )
        elif hashed is not None and after.hash not in (hashed, computed(line.text, mended)):
            missing = after.number - head.number - 1
            if not 0 < missing <= unread:
                yield JournalFault(line.file, line.number, _what(missing))
        head, mended = after, ChainHead(after.number, hashed or after.hash)
        unread = 0


def _watched(lines: Iterable[LoggedLine], last: list[LoggedLine]) -> Iterator[LoggedLine]:
    """Yield lines, and keep the latest of them in ``last``."""
    for line in lines:
        last[:] = [line]
        yield line


def _what(missing: int) -> str:
    if missing > 0:
        return f"{missing:,} {'line is' if missing == 1 else 'lines are'} missing before it"
    return "it was changed, or the line before it"
