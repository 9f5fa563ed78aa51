"""What Textual gives the driver of a terminal, write by write, while somebody uses an app.

:class:`Recorder` stands where Textual's driver for Linux stands and is told the same; it answers nothing.
What the terminal would have been sent is a :class:`Recording`.
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
from typing import Any, Final

from textual import events, messages
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from textual.pilot import Pilot

PATIENCE: Final = 400
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"


@dataclass(frozen=True, slots=True)
class Wrote:
    """The app wrote ``text`` in one go."""

    text: str


@dataclass(frozen=True, slots=True)
class Resized:
    """The terminal has another size from here on."""

    columns: int
    lines: int


@dataclass(frozen=True, slots=True)
class Did:
    """What the user did next."""

    what: str


Event = Wrote | Resized | Did


@dataclass
class Recording:
    """What happened in a terminal that was ``columns`` by ``lines`` in the beginning."""

    columns: int
    lines: int
    events: list[Event] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    """How often each screen was on top, by its name, and whatever else is worth counting."""

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
    """Tell whether an update begins in ``text`` that does not end in it."""
    return text.rfind(BEGIN) > text.rfind(END)


class RecordingDriver(Driver):
    """Keeps all that is written, and says of the terminal only its size."""

    recording: Recording
    frames = 0
    """How many frames were begun so far, more or less."""

    def write(self, data: str) -> None:
        self.recording.events.append(Wrote(data))
        self.frames += data not in (BEGIN, END)

    def start_application_mode(self) -> None:
        """Write what Textual's driver for Linux begins with, and tell the app its size."""
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
        """There is none."""

    def stop_application_mode(self) -> None:
        """Write what Textual's driver for Linux ends with."""
        for sequence in ("\x1b[?2004l", "\x1b[?7h", "\x1b[<u", "\x1b[?1049l", "\x1b[?25h", "\x1b[?1004l"):
            self.write(sequence)

    # --- the terminal's side -------------------------------------------------------------------

    def resize(self, columns: int, lines: int) -> None:
        """Make the terminal another size."""
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
    """A user's hands on an app whose driver is a :class:`Recorder`."""

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
        """Press keys, each painted before the next."""
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
        """Make the terminal another size."""
        self.note(f"resize to {columns}x{lines}")
        self.driver.resize(columns, lines)
        await self.turn()

    async def until(self, true: Callable[[], bool]) -> None:
        """Let the app work until ``true``; fail when it never becomes so."""
        for _ in range(PATIENCE):
            if true():
                return
            await asyncio.sleep(0.005)
            await self.turn()
        raise AssertionError(f"waited in vain; on top is {self.app.screen}")

    async def turn(self) -> None:
        """Let the app do what it has been told, paint, and count what is on top."""
        assert self.app._exception is None, "the app ended"
        await self.pilot.pause(0)
        self.recording.seen[type(self.app.screen).__name__] += 1

    def note(self, what: str) -> None:
        """Write down what is done next."""
        self.recording.events.append(Did(what))


@asynccontextmanager
async def hands_on(
    app: App[Any], size: tuple[int, int], *, synchronised: bool = True
) -> AsyncIterator[RecordedUser]:
    """Give hands on ``app`` in a terminal of this size, that takes updates kept together or does not."""
    app.driver_class = RecordingDriver
    async with app.run_test(headless=False, size=size, notifications=True, tooltips=True) as pilot:
        hands = RecordedUser(pilot)
        if synchronised:
            app.post_message(messages.TerminalSupportsSynchronizedOutput())
        await hands.turn()
        yield hands
        await pilot.pause()
