"""The thin wire beside Textual's own driver: bytes, key to paint, and end to end over slow lines.

Both run the real program at 200x50 in the default theme, in turns: the same keys on the same demo desk, with
a market that stands still. ``--plain-output`` is the program on Textual's own driver.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Final

from tests.bench.report import heading, note, report
from tests.bench.terminal import ProgramOutput, PtyTerminal
from tests.pty_program import COLUMNS, LINES
from tests.thinwire.slowline import FarEnd, SlowLine

THIN, PLAIN = "thin wire", "Textual"
DRIVERS: Final = {THIN: (), PLAIN: ("--plain-output",)}
DOWN, UP, PAGE_DOWN, ESCAPE = b"\x1b[B", b"\x1b[A", b"\x1b[6~", b"\x1b"
STILL_S: Final = 0.3
"""A frame may come in two parts: the panes beneath follow the cursor a tenth of a second later."""
BLOCK: Final = b"BLK-[0-9]"
MOVES: Final = 40
RATES: Final = {"115,200 baud": (115_200, 1), "1 Mbit/s": (1_000_000, 3), "10 Mbit/s": (10_000_000, 3)}
"""Bits per second, and how often each frame is drawn: what the line takes varies less where it takes long."""


def main() -> None:
    """Measure bytes, then local terminals, then lines."""
    note("200x50, xterm-256color, theme blotter; both drivers in the same run, in turns")
    with tempfile.TemporaryDirectory() as folder:
        desk_bytes(Path(folder))
        grid_bytes()
        local(Path(folder))
        lines(Path(folder))


def command(*options: str) -> list[str]:
    """Return the command of a desk that nothing changes by itself."""
    return [sys.executable, "-m", "tui", "--db", ":memory:", "--speed", "0.01", *options]


def places(folder: Path, driver: str) -> dict[str, str]:
    """Make directories for one program."""
    own = folder / driver.replace(" ", "")
    own.mkdir(exist_ok=True)
    return dict.fromkeys(("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), str(own))


def beside(name: str, sizes: dict[str, float], target: float | None, unit: str = "bytes") -> None:
    """Print our figure, and Textual's own beneath it."""
    report(name, sizes[THIN], target, unit)
    report(f"  {PLAIN}", sizes[PLAIN], None, unit)


# --- bytes ---------------------------------------------------------------------------------------


@dataclass
class Screen:
    """A program, and what its terminal shows by now."""

    terminal: PtyTerminal
    far: FarEnd = field(default_factory=lambda: FarEnd(COLUMNS, LINES))

    def press(self, keys: bytes) -> ProgramOutput:
        """Send keys and draw the answer."""
        answer = self.terminal.press(keys, quiet=STILL_S)
        self.far.take(answer.output)
        return answer

    def box(self) -> int:
        """Return the area of the dialog that is open, in cells; the whole screen's when it has no border."""
        rows = [self.far.row(y) for y in range(LINES)]
        top = next((y for y, row in enumerate(rows) if "╭" in row), None)
        bottom = next((y for y, row in enumerate(rows) if "╰" in row), None)
        if top is None or bottom is None:
            return COLUMNS * LINES
        return (bottom - top + 1) * (rows[top].rindex("╮") - rows[top].index("╭") + 1)


Screens = dict[str, Screen]


@contextmanager
def screens(folder: Path, *options: str) -> Iterator[Screens]:
    """Start a desk on each driver, wait until it rests, and print what that took."""
    with ExitStack() as stack:
        made: Screens = {}
        painted: dict[str, float] = {}
        for driver, choice in DRIVERS.items():
            program = PtyTerminal(command(*options, *choice), environment=places(folder, driver))
            made[driver] = Screen(stack.enter_context(program))
            first = made[driver].terminal.wait_for(BLOCK).output
            rest = made[driver].press(b"").output
            made[driver].far.take(first)
            painted[driver] = len(first) + len(rest)
        beside("start to the desk at rest", painted, None)
        yield made


def pressed(both: Screens, keys: bytes, times: int = 1) -> dict[str, float]:
    """Press keys on each in turns and return the median of bytes."""
    sizes: dict[str, list[int]] = {driver: [] for driver in both}
    for _ in range(times):
        for driver, screen in both.items():
            sizes[driver].append(len(screen.press(keys).output))
    return {driver: float(median(each)) for driver, each in sizes.items()}


def desk_bytes(folder: Path) -> None:
    """Count what each thing a dealer does sends."""
    heading("bytes, the demo desk")
    with screens(folder) as both:
        beside("idle for 5 s", idle(both), 0)
        beside("cursor move in blocks, panes following", pressed(both, DOWN, 10), 500)
        pressed(both, b"l")
        beside("cursor move in blocks, panes unlinked", pressed(both, DOWN, 10), 500)
        beside("to another pane", pressed(both, b"2"), None)
        pressed(both, b"gg")
        beside("cursor move in orders", pressed(both, DOWN, 10), 500)
        for name, keys in (
            ("help", b"?"),
            ("history", b"h"),
            ("details", b"\r"),
            ("form of an update", b"u"),
            ("form of a new order", b"n"),
        ):
            dialog(both, name, keys)
        pressed(both, b"u")
        pressed(both, b"1")
        dialog(both, "preview of the update", b"\r")
        pressed(both, ESCAPE)
        beside("draw everything (Ctrl-L)", pressed(both, b"\x0c"), None)
        pressed(both, b":")
        pressed(both, b"theme classic")
        beside("another theme", pressed(both, b"\r"), None)
        for columns, lines in ((160, 40), (COLUMNS, LINES)):
            beside(f"resized to {columns}x{lines}", resized(both, columns, lines), None)
    heading("bytes, a desk of 1,000 blocks")
    with screens(folder, "--size", "busy") as both:
        pressed(both, b"l")
        beside("page of blocks", pressed(both, PAGE_DOWN, 6), 8000)
        to_the_end(both)
        beside("one line scrolled in blocks", pressed(both, DOWN, 10), 900)
        pressed(both, b"1")
        beside("page of blocks, full screen", pressed(both, PAGE_DOWN, 6), 8000)
        pressed(both, 60 * DOWN)
        beside("one line scrolled in blocks, full screen", pressed(both, DOWN, 10), 900)


def to_the_end(both: Screens) -> None:
    """Put the cursor on the last row shown, with more rows beneath."""
    pressed(both, b"gg")
    pressed(both, 30 * DOWN)


def idle(both: Screens) -> dict[str, float]:
    """Return what each sends in five seconds while nothing happens."""
    sizes: dict[str, float] = {}
    for driver, screen in both.items():
        end, came = monotonic() + 5, 0
        while (left := end - monotonic()) > 0:
            came += len(screen.terminal.read(left))
        sizes[driver] = came
    return sizes


def resized(both: Screens, columns: int, lines: int) -> dict[str, float]:
    """Resize each terminal and return what is sent for it."""
    sizes: dict[str, float] = {}
    for driver, screen in both.items():
        screen.terminal.resize(columns, lines)
        sizes[driver] = len(screen.terminal.press(b"", quiet=STILL_S).output)
    return sizes


def dialog(both: Screens, name: str, keys: bytes) -> None:
    """Open a dialog and close it; what each sends is to be no more than its area."""
    opened = pressed(both, keys)
    area = both[THIN].box()
    closed = pressed(both, ESCAPE)
    beside(f"{name} opened, of {area:,} cells", opened, area)
    beside(f"{name} closed", closed, area)


def grid_bytes() -> None:
    """Count what a grid of 1,000 rows sends when ten cells tick, and when nothing has changed."""
    heading("bytes, a grid of 1,000 rows")
    stage = [sys.executable, "-m", "tests.bench.pty_app", "grid", "1000"]
    with PtyTerminal([*stage, "thin"]) as thin, PtyTerminal(stage) as plain:
        both = {THIN: Screen(thin), PLAIN: Screen(plain)}
        for screen in both.values():
            screen.terminal.wait_for(b"ready")
        pressed(both, b"l")
        beside("ten cells tick", pressed(both, b"c", 12), 250)
        beside("ten cells and their bars tick", pressed(both, b"t", 12), None)
        beside("drawn again, nothing changed", pressed(both, b"r", 5), None)
        beside("cursor move", pressed(both, DOWN, 10), 500)
        beside("page", pressed(both, PAGE_DOWN, 6), 8000)


# --- time ----------------------------------------------------------------------------------------


def local(folder: Path) -> None:
    """Time keys on a terminal that takes everything at once, in turns."""
    heading("key to the last byte of its paint, local terminal")
    with screens(folder) as both:
        pressed(both, b"l")
        pressed(both, b"2")
        for name, keys in (
            ("cursor down in orders", (DOWN, UP)),
            ("help opened or closed", (b"?", ESCAPE)),
            ("another pane", (b"1", b"2")),
        ):
            compared(both, name, keys)


def compared(both: Screens, name: str, keys: tuple[bytes, bytes]) -> None:
    """Print the medians of two keys pressed one after the other, and how much ours is above Textual's."""
    seconds: dict[str, list[float]] = {driver: [] for driver in both}
    for _ in range(MOVES // 2):
        for key in keys:
            for driver, screen in both.items():
                seconds[driver].append(screen.terminal.press(key).seconds)
    medians = {driver: median(each) * 1000 for driver, each in seconds.items()}
    beside(f"{name}, median", medians, None, "ms")
    report("  longer by", medians[THIN] - medians[PLAIN], 2, "ms")


FRAMES: Final = (
    ("cursor down, panes following", DOWN, "cursor up", UP),
    ("page of blocks, panes following", PAGE_DOWN, "page back", b"\x1b[5~"),
    ("help opened", b"?", "help closed", ESCAPE),
    ("form opened", b"n", "form closed", ESCAPE),
    ("another pane", b"2", "and back", b"1"),
    ("draw everything (Ctrl-L)", b"\x0c", "once more", b"\x0c"),
)
"""Frames and the keys that draw them, two by two: there and back."""


def lines(folder: Path) -> None:
    """Time each kind of frame from the key until it stands at the far end of a simulated line."""
    heading("end to end over a simulated line: key to the last byte of the frame at the far end")
    note("measured, the program's own time included, on a pty that is read at the line's pace")
    note("target: what Textual's own driver takes")
    for rate, (baud, times) in RATES.items():
        with ExitStack() as stack:
            both: dict[str, SlowLine] = {}
            for driver, choice in DRIVERS.items():
                line = SlowLine(command(*choice), baud=baud, environment=places(folder, driver), drawn=False)
                both[driver] = stack.enter_context(line)
                line.rest(quiet=2.0)
            for there, key, back, other in FRAMES:
                ways: dict[str, dict[str, list[float]]] = {there: {}, back: {}}
                for driver, line in times * tuple(both.items()):
                    ways[there].setdefault(driver, []).append(frame(line, key))
                    ways[back].setdefault(driver, []).append(frame(line, other))
                for name, taken in ways.items():
                    medians = {driver: median(each) * 1000 for driver, each in taken.items()}
                    report(f"{rate}, {name}", medians[THIN], medians[PLAIN], "ms")


def frame(line: SlowLine, key: bytes) -> float:
    """Return the seconds from a key until all it changes stands at the far end."""
    begun = monotonic()
    line.type(key)
    line.rest(quiet=STILL_S)
    return line.last_update - begun


if __name__ == "__main__":
    main()
