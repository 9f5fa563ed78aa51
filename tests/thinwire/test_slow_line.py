"""The desk over a slow line: every key is answered, nothing old queues, the terminal is restored.

The tests assert the line's time, not the clock's: the bytes that crossed between a key and its answer.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Final

import pytest

from styles.themes import THEMES
from tests.thinwire.slowline import FarEnd, SlowLine

pytestmark = pytest.mark.long

MODEM: Final = 9_600
SERIAL: Final = 115_200
NETWORK: Final = 10_000_000
PROMISED_S: Final = 0.3
DAYS: Final = 3
"""A key is late when it is late on most of so many days: what the market draws beside one is chance."""
HELD_KEY_S: Final = 1 / 30
"""Seconds between repeats of a held key."""
DOWN, UP, PAGE_DOWN, ESCAPE, REDRAW = b"\x1b[B", b"\x1b[A", b"\x1b[6~", b"\x1b", b"\x0c"
CURSOR_ROW: Final = THEMES[0].variables["cursor-row"].removeprefix("#").lower()
ALTERNATE_SCREEN: Final = 1049 << 5
DESK: Final = (200, 50)
LAPTOP: Final = (120, 30)
TELETYPE: Final = (80, 24)
HELD: Final = ("--speed", "0.01")
"""A market that is still for minutes."""
BUSY: Final = ("--speed", "20")
"""A market that trades many times a second."""
Size = tuple[int, int]
Seen = Callable[[FarEnd], bool]


@contextmanager
def desk(
    folder: Path, *options: str, baud: float = SERIAL, size: Size = DESK, latency: float = 0.0
) -> Iterator[SlowLine]:
    """Yield the blotter at the end of a line, with its first blocks on screen."""
    with started(folder, *options, baud=baud, size=size, latency=latency) as line:
        shown(line)
        yield line


def started(
    folder: Path, *options: str, baud: float = SERIAL, size: Size = DESK, latency: float = 0.0
) -> SlowLine:
    """Start the blotter at the end of a line, with its own directories."""
    places = {name: str(folder) for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    (folder / "blotter").mkdir(parents=True, exist_ok=True)
    (folder / "blotter" / "config.toml").write_text("refresh_seconds = 1\n")
    command = [sys.executable, "-m", "tui", "--db", ":memory:", *options]
    columns, lines = size
    return SlowLine(command, baud=baud, latency=latency, environment=places, columns=columns, lines=lines)


def shown(line: SlowLine) -> None:
    """Wait until the desk is drawn, sort its blocks by their ids, and wait until nothing more arrives."""
    line.until(lambda far: cursor(far).startswith("BLK-") and "newest first" in far.text())
    line.until(lambda far: "reading" not in far.row(0))
    line.rest()
    line.press(b"s", until=says("Largest first"))
    line.press(b"b\r", until=says("by Block up"))
    line.type(b"gg")
    line.until(at("BLK-0001"))
    line.rest()


def cursor(far: FarEnd) -> str:
    """Return the row under the cursor from its id on; empty when no pane has the focus."""
    rows = far.on(CURSOR_ROW)
    return rows[0][1].removeprefix("> ") if len(rows) == 1 else ""


def at(code: str) -> Seen:
    """Return a check that the cursor is on the row of this id and on no other."""
    return lambda far: cursor(far).startswith(code)


def elsewhere(far: FarEnd) -> bool:
    """Return whether the cursor is on the second page of blocks."""
    return cursor(far).startswith("BLK-") and cursor(far) > "BLK-0020"


def helped(far: FarEnd) -> bool:
    """Return whether help covers the cursor."""
    return "/ type to find a key or a command" in far.text() and not cursor(far)


def beyond(code: str) -> Seen:
    """Return a check that the cursor is on another row than the one of this id."""
    return lambda far: bool(cursor(far)) and not at(code)(far)


def says(words: str) -> Seen:
    """Return a check that this text is on screen."""
    return lambda far: words in far.text()


def quantity(typed: str) -> Seen:
    """Return a check that the form's quantity is this."""
    return lambda far: re.search(rf"│ Quantity +{typed} ", far.text()) is not None


def not_says(words: str) -> Seen:
    """Return a check that this text is not on screen."""
    return lambda far: words not in far.text()


def open_money(line: SlowLine) -> str:
    """Return the money of the blocks not filled yet, as the status bar has it: the market moves it."""
    return line.row(0).partition(" open ")[2].partition("  ")[0]


A_DAY_AT_THE_DESK: Final[tuple[tuple[str, bytes, Seen], ...]] = (
    ("cursor down", DOWN, at("BLK-0002")),
    ("again", b"j", at("BLK-0003")),
    ("cursor up", UP, at("BLK-0002")),
    ("page down", PAGE_DOWN, elsewhere),
    ("first row", b"gg", at("BLK-0001")),
    ("next pane", b"\t", at("ORD-")),
    ("cursor down in orders", DOWN, at("ORD-00002")),
    ("filter", b"/", lambda far: not far.on(CURSOR_ROW)),
    ("a letter for the filter", b"G", says("/G")),
    ("another", b"L", says("/GL")),
    ("close the filter", ESCAPE, at("ORD-00002")),
    ("help", b"?", says("/ type to find a key or a command")),
    ("close help", ESCAPE, says(" LOCAL  demo ")),
    ("history", b"h", says("History UTC: ")),
    ("close history", ESCAPE, says(" LOCAL  demo ")),
    ("update", b"u", quantity("6,000")),
    ("a digit for the field", b"5", quantity("5")),
    ("another digit", b"7", quantity("57")),
    ("close the form", ESCAPE, not_says("│ Quantity")),
    ("new by line", b"N", says("New orders")),
    ("close it", ESCAPE, not_says("New orders")),
    ("palette", b":", says("Search for commands")),
    ("a letter for the palette", b"m", says(" : m ")),
    ("close the palette", ESCAPE, says("  BLK-0")),
    ("previous pane", b"\x1b[Z", at("BLK-0001")),
    ("last row", b"G", at("BLK-IM")),
)


def test_every_key_is_answered_within_its_promise_while_the_market_runs(tmp_path: Path) -> None:
    with desk(tmp_path, *BUSY) as line:
        before = open_money(line)
        assert before
        days = [a_day(line)]
        assert open_money(line) not in ("", before), "the market stood still"
        while len(days) < DAYS and any(taken > PROMISED_S for taken in days[0].values()):
            line.press(b"gg", until=at("BLK-0001"))
            line.rest(quiet=0.15)
            days.append(a_day(line))
    usual = {name: median(day[name] for day in days) for name in days[0]}
    assert {name: taken for name, taken in usual.items() if taken > PROMISED_S} == {}


def a_day(line: SlowLine) -> dict[str, float]:
    """Press each key of a day; return the seconds of the line that each took."""
    taken: dict[str, float] = {}
    for name, keys, seen in A_DAY_AT_THE_DESK:
        taken[name] = line.line_seconds(line.press(keys, until=seen))
        line.rest(quiet=0.15)
    return taken


def test_a_key_does_not_wait_for_the_picture_it_overtakes(tmp_path: Path) -> None:
    """The best of several counts: the old picture keeps arriving while the program is kept from answering."""
    with desk(tmp_path, *BUSY) as line:
        for first, half_there, second, seen in (
            (PAGE_DOWN, elsewhere, b"gg", at("BLK-0001")),
            (b"?", helped, ESCAPE, at("BLK-0001")),
        ):
            taken: list[float] = []
            for _ in range(3):
                line.press(first, until=half_there)
                taken.append(line.line_seconds(line.press(second, until=seen)))
                line.rest(quiet=0.15)
            assert min(taken) <= PROMISED_S


def test_pages_turned_faster_than_the_line_do_not_queue(tmp_path: Path) -> None:
    busy = ("--size", "busy", *HELD)
    with (
        desk(tmp_path / "plain", *busy, "--plain-output", baud=NETWORK, size=LAPTOP) as plain,
        started(tmp_path / "thin", *busy, size=LAPTOP) as line,
    ):
        last = at(after_pages(plain, 31))
        page = turned(plain)
        sent_by_textual = hold(plain, PAGE_DOWN, 30) + plain.until(last).bytes + plain.rest()
        shown(line)
        assert turned(line) == page
        screenful = redrawn(line)
        line.baud = MODEM
        sent = hold(line, PAGE_DOWN, 30)
        newest = line.until(last).bytes
        assert newest <= screenful
        assert (sent + newest + line.rest()) * 10 < sent_by_textual


def test_a_held_cursor_key_leaves_no_history_behind(tmp_path: Path) -> None:
    with desk(tmp_path, *BUSY, size=LAPTOP) as line:
        screenful = redrawn(line)
        line.baud = MODEM
        hold(line, DOWN, 35)
        hold(line, UP, 20)
        assert line.until(at("BLK-0016")).bytes <= screenful


def test_a_terminal_that_takes_nothing_holds_up_nothing_but_the_picture(tmp_path: Path) -> None:
    with desk(tmp_path, *BUSY) as line:
        screenful = redrawn(line)
        line.stopped = True
        hold(line, PAGE_DOWN + UP, 30)
        hold(line, UP + UP, 20)
        line.type(b"gg" + 6 * DOWN + b"E")
        line.run(1.0)
        line.type(b"\r")
        exported = wait_for(line, lambda: list((tmp_path / "blotter" / "exports").glob("*.csv")))
        assert "BLK-0001" in exported[0].read_text()
        assert not at("BLK-0007")(line.far)
        line.stopped = False
        assert line.until(at("BLK-0007")).bytes <= screenful


@pytest.mark.parametrize(("end", "baud"), [("q", MODEM), ("SIGTERM", SERIAL)])
def test_the_shell_gets_its_terminal_back_and_no_late_answer(end: str, baud: int, tmp_path: Path) -> None:
    with started(tmp_path, *BUSY, baud=baud, size=TELETYPE, latency=0.25) as line:
        typed = line.shell_mode()
        shown(line)
        assert line.shell_mode() != typed
        line.type(PAGE_DOWN)
        line.run(0.7)
        if end == "q":
            line.type(b"q")
        else:
            os.kill(line.pid, signal.SIGTERM)
        assert line.wait() == 0
        assert line.shell_mode() == typed
        assert line.left_over() == b""
        assert "2026" not in line.text(), "an answer was echoed by the shell's terminal"
        assert ALTERNATE_SCREEN not in line.far.screen.mode
        assert not line.far.screen.cursor.hidden


@pytest.mark.parametrize("stopped", [False, True], ids=["reading", "stopped"])
def test_a_terminal_that_is_closed_ends_the_program(stopped: bool, tmp_path: Path) -> None:
    with desk(tmp_path, *BUSY) as line:
        line.stopped = stopped
        hold(line, DOWN, 10)
        assert not line.ended
        line.hang_up()
        assert line.wait() == 0


def redrawn(line: SlowLine) -> int:
    """Return how many bytes a full redraw takes."""
    line.type(REDRAW)
    return line.rest()


def turned(line: SlowLine) -> str:
    """Turn the first page; return the id of the block it leads to."""
    line.press(PAGE_DOWN, until=lambda far: cursor(far) > "BLK-0002")
    line.rest()
    return cursor(line.far).split()[0]


def after_pages(line: SlowLine, count: int) -> str:
    """Turn so many pages one by one and go back; return the id of the block they lead to."""
    code = "BLK-0001"
    for _ in range(count):
        line.press(PAGE_DOWN, until=beyond(code))
        code = cursor(line.far).split()[0]
    line.press(b"gg", until=at("BLK-0001"))
    line.rest()
    return code


def hold(line: SlowLine, key: bytes, times: int) -> int:
    """Hold a key for so many repeats; return how many bytes arrived meanwhile."""
    for number in range(times):
        line.type(key, after=number * HELD_KEY_S)
    return line.run(times * HELD_KEY_S)


def wait_for(line: SlowLine, there: Callable[[], list[Path]], limit: float = 30.0) -> list[Path]:
    """Run until ``there`` finds files; return them."""
    end = monotonic() + limit
    while not (found := there()):
        assert monotonic() < end, "the program did not do it"
        line.run(0.05)
    return found
