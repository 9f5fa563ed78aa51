"""Records Textual's output, write by write, while a user works with an app.

:class:`RecordingDriver` takes the place of Textual's driver for Linux and answers nothing. The output is a
:class:`Recording`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

from textual import events, messages
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from textual.pilot import Pilot

PATIENCE_S: Final = 60.0
"""Seconds a user waits for what is expected before the recording fails."""
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"


@dataclass(frozen=True, slots=True)
class Wrote:
    """The app wrote ``text`` in one call."""

    text: str


@dataclass(frozen=True, slots=True)
class Resized:
    """The terminal was resized."""

    columns: int
    lines: int


@dataclass(frozen=True, slots=True)
class Did:
    """The next action of the user."""

    what: str


Event = Wrote | Resized | Did


@dataclass
class Recording:
    """The events of a terminal that was ``columns`` by ``lines`` at the start."""

    columns: int
    lines: int
    events: list[Event] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    """The number of times that each screen was on top, by its name, and that each theme was in use."""

    def save(self, file: Path) -> None:
        """Write the recording to a gzip file."""
        told = [[type(event).__name__, *dataclasses.astuple(event)] for event in self.events]
        file.write_bytes(gzip.compress(json.dumps([self.columns, self.lines, told]).encode(), mtime=0))

    @classmethod
    def load(cls, file: Path) -> Recording:
        """Read a recording from a gzip file."""
        kinds: dict[str, Callable[..., Event]] = {kind.__name__: kind for kind in (Wrote, Resized, Did)}
        columns, lines, told = json.loads(gzip.decompress(file.read_bytes()))
        return cls(columns, lines, [kinds[kind](*members) for kind, *members in told])


def unfinished(text: str) -> bool:
    """Return whether a synchronised update starts in ``text`` and does not end there."""
    return text.rfind(BEGIN) > text.rfind(END)


class RecordingDriver(Driver):
    """Keeps all output, and reports nothing of the terminal but its size."""

    recording: Recording
    frames = 0
    """About how many frames were started so far."""

    def write(self, data: str) -> None:
        self.recording.events.append(Wrote(data))
        self.frames += data not in (BEGIN, END)

    def start_application_mode(self) -> None:
        """Write the sequences that Textual's driver for Linux starts with, and report the size."""
        width, height = self._size or (80, 24)
        self.recording = Recording(width, height)
        for sequence in (
            *("\x1b[?1049h", "\x1b[?1000h", "\x1b[?1003h", "\x1b[?1015h", "\x1b[?1006h", "\x1b[?25l"),
            *("\x1b[?1004h", "\x1b[>25u", "\x1b[?2026$p", "\x1b[?2048$p", "\x1b[?2004h", "\x1b[?7l"),
        ):
            self.write(sequence)
        self._tell_size(width, height)

    def _tell_size(self, width: int, height: int) -> None:
        size = Size(width, height)
        self.send_message(events.Resize(size, size))

    def disable_input(self) -> None:
        """No-op: there is no input."""

    def stop_application_mode(self) -> None:
        """Write the sequences that Textual's driver for Linux ends with."""
        for sequence in ("\x1b[?2004l", "\x1b[?7h", "\x1b[<u", "\x1b[?1049l", "\x1b[?25h", "\x1b[?1004l"):
            self.write(sequence)

    # --- the terminal's side -------------------------------------------------------------------

    def resize(self, columns: int, lines: int) -> None:
        """Resize the terminal."""
        self.recording.events.append(Resized(columns, lines))
        self._tell_size(columns, lines)

    def press(self, key: str, character: str | None) -> None:
        """Send a key to the app."""
        event = events.Key(key, character)
        event.set_sender(self._app)
        self.send_message(event)

    def point(self, kind: type[events.MouseEvent], x: int, y: int) -> None:
        """Move, click or turn the mouse at a place of the screen."""
        self.process_message(kind(None, x, y, 0, 0, 0, False, False, False, x, y))


_SPELT: Final = {" ": "space", "-": "minus", ".": "full_stop", "/": "slash", ",": "comma", ":": "colon"} | {
    "@": "at",
    "?": "question_mark",
    ">": "greater_than_sign",
    "!": "exclamation_mark",
}
_CHARACTERS: Final = {name: character for character, name in _SPELT.items()}


@dataclass
class RecordedUser:
    """A user of an app whose driver is a :class:`RecordingDriver`."""

    pilot: Pilot[Any]

    @property
    def app(self) -> App[Any]:
        return self.pilot.app

    @property
    def driver(self) -> RecordingDriver:
        driver = self.app._driver
        assert isinstance(driver, RecordingDriver)
        return driver

    @property
    def recording(self) -> Recording:
        return self.driver.recording

    async def press(self, *keys: str) -> None:
        """Press keys; let the app paint after each."""
        for key in keys:
            self.note(f"press {key}")
            self.driver.press(key, _CHARACTERS.get(key, key if len(key) == 1 else None))
            await self.turn()

    async def type_text(self, text: str) -> None:
        """Type a text."""
        await self.press(*(_SPELT.get(letter, letter) for letter in text))

    async def point(self, kind: type[events.MouseEvent], x: int, y: int) -> None:
        """Use the mouse."""
        self.note(f"{kind.__name__} at {x}, {y}")
        self.driver.point(kind, x, y)
        await self.turn()

    async def resize(self, columns: int, lines: int) -> None:
        """Resize the terminal."""
        self.note(f"resize to {columns}x{lines}")
        self.driver.resize(columns, lines)
        await self.turn()

    async def until(self, true: Callable[[], bool]) -> None:
        """Let the app work until ``true`` holds; fail if it never does."""
        end = monotonic() + PATIENCE_S
        while not true():
            assert monotonic() < end, f"waited in vain; on top is {self.app.screen}"
            await asyncio.sleep(0.005)
            await self.turn()

    async def turn(self) -> None:
        """Let the app process its messages and paint; count the screen on top."""
        assert self.app._exception is None, "the app ended"
        await self.pilot.pause(0)
        self.recording.seen[type(self.app.screen).__name__] += 1

    def note(self, what: str) -> None:
        """Record the next action."""
        self.recording.events.append(Did(what))


@asynccontextmanager
async def hands_on(
    app: App[Any], size: tuple[int, int], *, synchronised: bool = True
) -> AsyncIterator[RecordedUser]:
    """Yield a recorded user of ``app`` in a terminal of this size, with synchronised updates or without."""
    app.driver_class = RecordingDriver
    async with app.run_test(headless=False, size=size, notifications=True, tooltips=True) as pilot:
        hands = RecordedUser(pilot)
        if synchronised:
            app.post_message(messages.TerminalSupportsSynchronizedOutput())
        await hands.turn()
        yield hands
        await pilot.pause()
