"""Textual alone against the thin wire: the same recording into two terminals, compared after every frame."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from tests.thinwire.cells import EmulatedCell
from tests.thinwire.emulators import ComparableTerminal, Emulator
from tests.thinwire.recording import BEGIN, Did, Recording, Resized, unfinished
from tui.thinwire.wire import ThinWire

MOST_SHOWN: Final = 12
"""So many differing cells are spelt out."""
MOST_BYTES: Final = 3_000
"""So much of a frame's bytes is shown where it went wrong."""
DRAINED_AFTER: Final = 25
"""A slow line has sent everything at least once in so many frames."""
CLIPBOARD: Final = re.compile(r"\x1b\]52;[^\x07\x1b]*(?:\x07|\x1b\\)")
A_ROW: Final = 8_192
"""The longest that a row may make a piece longer than it was to be, in characters."""
CLEARED: Final = "\x1b[H\x1b[2J"
FOREIGN: Final = "\x1b[H\x1b[Jforeign \x1b[31mwords\x1b[0m\x1b[3;3Hfrom elsewhere\r\n"


@dataclass
class ComparedTerminals:
    """Two terminals of a kind: one for Textual alone, one for the thin wire."""

    alone: ComparableTerminal
    thin: ComparableTerminal
    whole: bool = field(default=True)
    """Whether every row is compared next, not only those that were drawn since."""

    def differences(self) -> str:
        """Say how the two screens differ; nothing when they do not."""
        states = zip(self.alone.state().items(), self.thin.state().items(), strict=True)
        said = [
            f"{name}: {one!r} alone, {other!r} by the thin wire"
            for (name, one), (_, other) in states
            if one != other
        ]
        rows = range(self.alone.lines) if self.whole else sorted(self.alone.dirty | self.thin.dirty)
        for y in (y for y in rows if y < self.alone.lines):
            said += apart(y, self.alone.row(y), self.thin.row(y))
        if len(said) > MOST_SHOWN:
            said[MOST_SHOWN:] = [f"and {len(said) - MOST_SHOWN} more"]
        for terminal in (self.alone, self.thin):
            terminal.dirty.clear()
            terminal.events.clear()
        self.whole = False
        return "\n".join(said)

    def feed(self, data: str) -> None:
        """Let both show the same."""
        self.alone.feed(data)
        self.thin.feed(data)

    def resize(self, columns: int, lines: int) -> None:
        """Make both another size."""
        for terminal in (self.alone, self.thin):
            terminal.resize(lines, columns)
        self.whole = True


def apart(y: int, alone: Sequence[object], thin: Sequence[object]) -> Iterator[str]:
    """Say which cells of a row differ."""
    if alone != thin:
        for x, (one, other) in enumerate(zip_longest(alone, thin)):
            if one != other:
                yield f"row {y}, column {x}: {_words(one)} alone, {_words(other)} by the thin wire"


def _words(cell: object) -> str:
    """Give a cell in few words: what it shows, and what of its pen is not plain."""
    if not isinstance(cell, EmulatedCell):
        return repr(cell)
    pen = {name: value for name, value in cell._asdict().items() if value and name != "data"}
    return f"{cell.data!r} {pen}" if pen else repr(cell.data)


@dataclass
class Differential:
    """Plays a recording through both, and counts.

    ``every`` takes only each so many frames what is to be sent, ``limit`` takes it in pieces, one a frame;
    ``forgets`` lets somebody else write to the terminal now and then, after which nothing is known of it.
    With ``drops``, a terminal of another size is a clear one, and what was not sent before is not missed.
    """

    recording: Recording
    make: Callable[[int, int], ComparableTerminal] = Emulator
    can_scroll: bool = True
    ascii_only: bool = False
    every: int = 1
    limit: int | None = None
    forgets: random.Random | None = None
    drops: bool = False
    frames: int = 0
    compared: int = 0
    came: int = 0
    sent: int = 0
    """Bytes, as ``came``."""

    def __post_init__(self) -> None:
        size = self.recording.columns, self.recording.lines
        self.pair = ComparedTerminals(self.make(*size), self.make(*size))
        self.wire = ThinWire(*size, can_scroll=self.can_scroll, ascii_only=self.ascii_only)
        self._did = ""
        self._came = self._sent = ""
        self._fault = ""
        """The first thing wrong that leaves the screen as it should be: told when nothing worse was found."""

    def play(self) -> Differential:
        """Play all of it.

        Raises:
            AssertionError: a cell differed, a frame grew, a sequence was split.
        """
        for event in self.recording.events:
            if isinstance(event, Did):
                self._did = event.what
            elif isinstance(event, Resized):
                self._resize(event.columns, event.lines)
            else:
                self._write(event.text)
        self._drain()
        self._compare()
        assert not self._fault, self._fault
        return self

    def _resize(self, columns: int, lines: int) -> None:
        if not self.drops:
            self._drain()
            self._compare()
        self.pair.resize(columns, lines)
        self.wire.invalidate(columns, lines)
        if self.drops:
            self._take()
            self.pair.feed(CLEARED)

    def _write(self, text: str) -> None:
        self.pair.alone.feed(text)
        self.wire.feed(text)
        self._came += text
        self.came += len(text.encode())
        if unfinished(self._came):
            if text != BEGIN and self.every == 1 and self.limit is None:
                self._take()
                self._fault = self._fault or (self._sent and self._told("some was given within an update"))
        elif self.pair.alone.state().get("half said"):
            self._take()
        else:
            self._frame()

    def _frame(self) -> None:
        """A frame is whole: send what is to be sent now."""
        self.frames += 1
        if self.limit is not None and self.frames % DRAINED_AFTER == 0:
            self._drain()
        elif self.frames % self.every == 0:
            self._take()
        if not self.wire.pending:
            assert not self.wire.take(), self._told("something was given though nothing was pending")
            self._compare()
            if self.every == 1 and self.limit is None:
                came, sent = len(self._came.encode()), len(self._sent.encode())
                if sent > came:
                    self._fault = self._fault or self._told(f"{sent} bytes were sent where {came} came")
            self._came = self._sent = ""
        if self.forgets and self.forgets.random() < 0.02 and not self.wire.pending:
            self.pair.feed(FOREIGN)
            self.pair.whole = True
            self.wire.invalidate(self.pair.alone.columns, self.pair.alone.lines)

    def _take(self) -> None:
        piece = self.wire.take(self.limit)
        self.pair.thin.feed(piece)
        self.sent += len(piece.encode())
        self._sent += piece
        split = self.pair.thin.state().get("half said")
        assert not split, self._told(f"the sequence {split!r} was split")
        drawn = CLIPBOARD.sub("", piece)  # what is copied goes out whole, however long
        if self.limit is not None and self.wire.pending and len(drawn) > self.limit + A_ROW:
            self._fault = self._fault or self._told(f"a piece of {len(piece)} characters")

    def _drain(self) -> None:
        """Send until nothing is left."""
        for _ in range(2 * self.pair.alone.lines):
            if not self.wire.pending:
                return
            self._take()
        raise AssertionError(self._told("there is always something left to send"))

    def _compare(self) -> None:
        self.compared += 1
        differences = self.pair.differences()
        assert not differences, self._told(differences)

    def _told(self, what: str) -> str:
        """Say what went wrong, where, and with which bytes."""
        return (
            f"frame {self.frames}, {self.pair.alone.columns}x{self.pair.alone.lines}, after {self._did}:\n"
            f"{what}\n"
            f"came {self._came[:MOST_BYTES]!r}\nsent {self._sent[:MOST_BYTES]!r}"
        )
