"""Checks a journal from end to end: lines that cannot be read, lines that were changed or are missing."""

from __future__ import annotations

from msgspec import Struct

from tui.service.journal.append_log import START, LoggedLine
from tui.service.journal.hash_chain import ChainHead, advance, computed
from tui.service.journal.lines import JournalLine, SegmentLine, UnreadLine


class JournalFault(Struct, frozen=True):
    """What is wrong with a line of a journal, and where it stands."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line:,}: {self.what}"


class ChainCheck:
    """Checks lines one after the other, from the beginning of a chain or of a segment."""

    def __init__(self) -> None:
        self._head = self._mended = ChainHead()
        self._unread = 0
        """The lines right before that cannot be read."""
        self._last = LoggedLine("", 0, b"", START)
        self._begun = False

    def next(self, line: LoggedLine, found: JournalLine | UnreadLine) -> JournalFault | None:
        """Return what is wrong with the next line, which says what was ``found``; None when it is right."""
        self._last = line
        if not self._begun and isinstance(found, SegmentLine):
            self._head = self._mended = ChainHead(found.n - 1, found.previous.encode())
        self._begun = True
        if isinstance(found, UnreadLine) and found.envelope is None:
            self._unread += 1
            self._head = self._mended = advance(line.text, self._head)
            return JournalFault(line.file, line.number, "it cannot be read")
        head, after = self._head, advance(line.text, self._head)
        hashed = computed(line.text, head)
        what = ""
        if hashed is None and head.number:
            what = "it carries no hash: an older version wrote it, or another program"
        elif hashed is not None and after.hash != hashed and after.hash != computed(line.text, self._mended):
            missing = after.number - head.number - 1
            what = "" if 0 < missing <= self._unread else _what(missing)
        self._head, self._mended = after, ChainHead(after.number, hashed or after.hash)
        self._unread = 0
        return JournalFault(line.file, line.number, what) if what else None

    def end(self, missing_bytes: int) -> JournalFault | None:
        """Return what is wrong with the end, of which so many bytes are missing."""
        if not missing_bytes:
            return None
        return JournalFault(
            self._last.file, self._last.number, f"{missing_bytes:,} bytes are missing after it"
        )


def _what(missing: int) -> str:
    if missing > 0:
        return f"{missing:,} {'line is' if missing == 1 else 'lines are'} missing before it"
    return "it was changed, or the line before it"
