"""Differential test: one recording is played into two terminals, with the thin wire and without."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from tests.thinwire.cells import EmulatedCell, seen
from tests.thinwire.emulators import ComparableTerminal, Emulator
from tests.thinwire.recording import BEGIN, Did, Recording, Resized, unfinished
from tui.thinwire.wire import ThinWire

MOST_SHOWN: Final = 12
"""At most so many differing cells are listed."""
MOST_BYTES: Final = 3_000
"""At most so many bytes of the frame at fault are shown."""
DRAINED_AFTER: Final = 25
"""A slow line is drained every so many frames."""
CLIPBOARD: Final = re.compile(r"\x1b\]52;[^\x07\x1b]*(?:\x07|\x1b\\)")
A_ROW: Final = 8_192
"""A piece may exceed its limit by the characters of one row."""
CLEARED: Final = "\x1b[H\x1b[2J"
FOREIGN: Final = "\x1b[H\x1b[Jforeign \x1b[31mwords\x1b[0m\x1b[3;3Hfrom elsewhere\r\n"


@dataclass
class ComparedTerminals:
    """Two terminals of one kind: one for Textual alone, one for the thin wire."""

    alone: ComparableTerminal
    thin: ComparableTerminal
    whole: bool = field(default=True)
    """Whether the next comparison covers every row, not only the rows drawn since the last."""

    def differences(self) -> str:
        """Return how the two screens differ; empty when they are equal."""
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
        """Feed the same output to both."""
        self.alone.feed(data)
        self.thin.feed(data)

    def resize(self, columns: int, lines: int) -> None:
        """Resize both."""
        for terminal in (self.alone, self.thin):
            terminal.resize(lines, columns)
        self.whole = True


def apart(y: int, alone: Sequence[EmulatedCell], thin: Sequence[EmulatedCell]) -> Iterator[str]:
    """Yield each cell of a row that looks different, in words."""
    if alone != thin:
        for x, (one, other) in enumerate(zip_longest(alone, thin)):
            if one != other and (one is None or other is None or seen(one) != seen(other)):
                yield f"row {y}, column {x}: {_words(one)} alone, {_words(other)} by the thin wire"


def _words(cell: EmulatedCell | None) -> str:
    """Return a cell in few words: its text, and the members of its style that are set."""
    if cell is None:
        return "nothing"
    style = {name: value for name, value in cell._asdict().items() if value and name != "data"}
    return f"{cell.data!r} {style}" if style else repr(cell.data)


@dataclass
class Differential:
    """Plays a recording through both terminals and counts frames and bytes.

    ``every`` takes output only every so many frames; ``limit`` takes it in pieces, one a frame; ``forgets``
    lets another program write to the terminal now and then, after which the wire is invalidated. With
    ``drops`` a resize clears the terminal, and output that was not sent before is not missed.
    """

    recording: Recording
    make: Callable[[int, int], ComparableTerminal] = Emulator
    can_scroll: bool = True
    can_erase: bool = False
    ascii_only: bool = False
    every: int = 1
    limit: int | None = None
    forgets: random.Random | None = None
    drops: bool = False
    frames: int = 0
    compared: int = 0
    came: int = 0
    sent: int = 0
    """In bytes, as ``came``."""

    def __post_init__(self) -> None:
        size = self.recording.columns, self.recording.lines
        self.pair = ComparedTerminals(self.make(*size), self.make(*size))
        self.wire = ThinWire(
            *size, can_scroll=self.can_scroll, can_erase=self.can_erase, ascii_only=self.ascii_only
        )
        self._did = ""
        self._came = self._sent = ""
        self._fault = ""
        """The first fault that leaves the screen correct: reported when no worse one is found."""

    def play(self) -> Differential:
        """Play the whole recording.

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
        """Handle a complete frame: take output, or not yet."""
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
        """Take output until none is left."""
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
        """Return a description of a fault, its place and its bytes."""
        return (
            f"frame {self.frames}, {self.pair.alone.columns}x{self.pair.alone.lines}, after {self._did}:\n"
            f"{what}\n"
            f"came {self._came[:MOST_BYTES]!r}\nsent {self._sent[:MOST_BYTES]!r}"
        )
