"""The driver is Textual's own but for its output, whatever happens to the terminal."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import FunctionType
from typing import Final

import pytest
from textual.app import App
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.drivers.linux_driver import LinuxDriver

from tests.pty_program import resize
from tests.thinwire.slowline import FarEnd, SlowLine
from tui.thinwire.driver import ThinDriver, WireHandle
from tui.thinwire.terminal_writer import QUERY

BAUD: Final = 1e8
COLUMNS, LINES = 80, 24
ALTERNATE_SCREEN: Final = 1049 << 5
LIMIT_S: Final = 30.0


class FarEndLog(FarEnd):
    """Keeps every byte that arrived."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.raw = b""

    def take(self, arrived: bytes, *, drawn: bool = True) -> int:
        self.raw += arrived
        return super().take(arrived, drawn=drawn)


class HostTerminal(SlowLine):
    """A fast line, whose far end other programs resize and write to."""

    far: FarEndLog

    def __init__(
        self, *arguments: str, environment: dict[str, str] | None = None, latency: float = 0.0
    ) -> None:
        command = [sys.executable, *arguments]
        super().__init__(
            command, baud=BAUD, latency=latency, environment=environment, columns=COLUMNS, lines=LINES
        )
        self.far = FarEndLog(COLUMNS, LINES)

    def resize(self, columns: int, lines: int, *, told: bool = True) -> None:
        """Resize as a window does; with ``told`` the kernel signals the program."""
        if told:
            resize(self._shell, columns, lines)
        self.far.screen.resize(lines, columns)
        self.scribble()

    def scribble(self) -> None:
        """Let another program write all over the screen."""
        self.far.take(b"\x1b[H" + b"somebody else was here " * 300 + b"\x1b[H")

    def says(self, word: str) -> Callable[[FarEnd], bool]:
        """Return a check that every row shows ``word`` and the size of the screen."""

        def seen(far: FarEnd) -> bool:
            width, height = far.screen.columns, far.screen.lines
            return all(
                far.row(y) == f"row {y:02} of {width}x{height} {word} ".ljust(width, ".")
                for y in range(height)
            )

        return seen

    @property
    def state(self) -> str:
        """Return the program's state in the kernel's words: ``T`` when it is stopped."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def stop(self) -> None:
        """Stop the program as a shell does; wait until it has stopped and its output has arrived."""
        os.kill(self.pid, signal.SIGTSTP)
        end = monotonic() + LIMIT_S
        while self.state != "T":
            assert monotonic() < end, "it does not stop"
            self.run(0.02)
        self.rest(0.05)


@contextmanager
def signals_kept() -> Iterator[None]:
    """Restore the handlers of signals."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def host_app_running(
    kind: str = "thin", *options: str, environment: dict[str, str] | None = None
) -> Iterator[HostTerminal]:
    """Yield a terminal in which the host app runs and is drawn."""
    with HostTerminal("-m", "tests.thinwire.host_app", kind, *options, environment=environment) as terminal:
        terminal.until(terminal.says("ready"), LIMIT_S)
        yield terminal


# --- what it relies on in Textual ----------------------------------------------------------------

STARTS_AND_STOPS: Final = """
import asyncio, sys
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.messages import InBandWindowResize, TerminalSupportsSynchronizedOutput
from tui.thinwire.driver import WireHandle

class Ear(App):
    async def _post_message(self, message):  # what drivers send messages by
        heard.put_nowait(type(message))

async def main(kind):
    global heard
    heard, told = asyncio.Queue(), []
    driver = (WireHandle().driver_class if kind == "thin" else LinuxDriver)(Ear())
    for _ in range(2):
        driver._mouse_pixels = False
        driver.start_application_mode()
        driver.write("\\x1b]2;started\\x07")
        awaited = {InBandWindowResize, TerminalSupportsSynchronizedOutput}
        while awaited:
            told.append(await heard.get())
            awaited.discard(told[-1])
        while not driver._mouse_pixels:  # which the thread that reads turns on after it has told of it
            await asyncio.sleep(0)
        for words in ("\\x07", f"\\x1b]52;c;{'T1JE' * 99}\\x07", "\\x1b]22;text\\x1b\\\\"):
            driver.write(words)
        driver.disable_input()
        driver.stop_application_mode()
        driver.close()
    while not heard.empty():
        told.append(heard.get_nowait())
    assert told.count(TerminalSupportsSynchronizedOutput) == 2, "answers to queries of ours were passed on"

asyncio.run(main(sys.argv[1]))
"""


class Answering(HostTerminal):
    """Also says, after the start sequences, that it reports resizes by itself."""

    def _deliver(self) -> None:
        started = self.far.raw.count(b"started")
        super()._deliver()
        for _ in range(self.far.raw.count(b"started") - started):
            self.type(b"\x1b[?2048;2$y")


def written(kind: str) -> bytes:
    """Return every byte that a driver writes when it starts and stops twice."""
    with Answering("-c", STARTS_AND_STOPS, kind) as terminal:
        assert terminal.wait(LIMIT_S) == 0, terminal.text()
        return terminal.far.raw


def test_every_byte_of_taking_the_terminal_and_giving_it_back_is_textuals_own() -> None:
    query = QUERY.encode()
    textual, ours = written("plain"), written("thin")
    assert b"\x1b[?1049h" in textual
    assert b"\x1b[?2048h" in textual, "the terminal's answer was not heard"
    assert textual.endswith(b"\x1b[?1004l")
    assert textual.count(query) == 2
    assert ours.count(query) > 2, "no query of ours was there to be told from Textual's"
    assert ours.replace(query, b"") == textual.replace(query, b"")


def test_only_what_a_driver_is_made_of_is_overridden() -> None:
    ours = {name for name, value in vars(ThinDriver).items() if isinstance(value, FunctionType)}
    overridden = {name for name in ours if hasattr(LinuxDriver, name)}
    assert overridden == {
        *("__init__", "write", "flush", "close", "process_message"),
        *("start_application_mode", "stop_application_mode"),
    }
    assert overridden <= vars(LinuxDriver).keys() | vars(Driver).keys()
    for name in overridden - {"__init__"}:
        theirs = inspect.signature(getattr(LinuxDriver, name)).parameters
        assert list(inspect.signature(getattr(ThinDriver, name)).parameters) == list(theirs), name


async def test_nothing_of_textuals_drivers_own_is_written_over() -> None:
    with signals_kept():
        app: App[None] = App()
        theirs, ours = vars(LinuxDriver(app)), vars(WireHandle().driver_class(app))
    changed = {name for name in theirs if type(ours[name]) is not type(theirs[name])}
    assert changed == set()
    own = ours.keys() - theirs.keys()
    assert own
    assert not own & {name for kind in LinuxDriver.__mro__ for name in vars(kind)}


async def test_a_signal_does_not_stop_in_the_middle_of_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    resumed: list[bool] = []
    with signals_kept():
        driver = WireHandle().driver_class(App())
        monkeypatch.setattr(driver, "resume_application_mode", lambda: resumed.append(True))
        monkeypatch.setattr(driver, "_writer", object())
        os.kill(os.getpid(), signal.SIGCONT)
        assert resumed == [], "it was done at once, whatever was being done"
        for _ in range(10):
            await asyncio.sleep(0)
        assert resumed == [True]


async def test_a_signal_that_finds_the_terminal_given_back_is_heeded_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resumed: list[bool] = []
    with signals_kept():
        driver = WireHandle().driver_class(App())
        monkeypatch.setattr(driver, "resume_application_mode", lambda: resumed.append(True))
        os.kill(os.getpid(), signal.SIGCONT)
        assert resumed == [True], "the loop may be waiting for the program that stopped it"


# --- on the terminal -----------------------------------------------------------------------------


def test_what_is_drawn_is_shown_and_the_terminal_is_given_back_as_it_was() -> None:
    with HostTerminal("-m", "tests.thinwire.host_app", "thin", latency=0.1) as terminal:
        before = terminal.shell_mode()
        terminal.until(terminal.says("ready"), LIMIT_S)
        assert ALTERNATE_SCREEN in terminal.far.screen.mode
        terminal.press(b"nrnrq", until=lambda far: ALTERNATE_SCREEN not in far.screen.mode)
        assert terminal.wait(LIMIT_S) == 0
        assert terminal.shell_mode() == before
        assert not terminal.far.screen.cursor.hidden
        assert terminal.left_over() == b""


def test_a_terminal_of_another_size_is_drawn_anew_whatever_became_of_its_rows() -> None:
    with host_app_running() as terminal:
        for columns, lines in ((60, 12), (100, 30), (60, 40), (80, 24)):
            terminal.resize(columns, lines)
            terminal.until(terminal.says("ready"), LIMIT_S)


def test_a_size_that_the_terminal_reports_by_itself_is_drawn_anew() -> None:
    with host_app_running() as terminal:
        terminal.type(b"\x1b[?2048;1$y")  # it reports sizes, and signals are not listened to any more
        terminal.press(b"n", until=lambda far: "Zürich" in far.row(LINES - 1), limit=LIMIT_S)
        for columns, lines in ((60, 12), (100, 30)):
            terminal.resize(columns, lines, told=False)
            terminal.type(b"\x1b[48;%d;%d;600;1000tr" % (lines, columns))
            terminal.until(terminal.says("ready"), LIMIT_S)
        terminal.scribble()
        terminal.press(b"l", until=terminal.says("ready"), limit=LIMIT_S)
        terminal.rest(0.05)
        before = terminal.bytes_received
        terminal.press(b"d", until=terminal.says("Bound"), limit=LIMIT_S)
        assert terminal.bytes_received - before < columns * lines, "it is taken for another size"


def test_invalidating_draws_over_what_another_program_wrote() -> None:
    with host_app_running() as terminal:
        terminal.scribble()
        terminal.press(b"l", until=terminal.says("ready"), limit=LIMIT_S)


def test_a_program_that_was_stopped_gives_the_terminal_back_and_takes_it_again() -> None:
    with host_app_running() as terminal:
        running = terminal.shell_mode()
        for _ in range(2):
            terminal.stop()
            assert ALTERNATE_SCREEN not in terminal.far.screen.mode
            assert not terminal.far.screen.cursor.hidden
            assert terminal.shell_mode() != running
            terminal.scribble()
            os.kill(terminal.pid, signal.SIGCONT)
            terminal.until(terminal.says("ready"), LIMIT_S)
            assert ALTERNATE_SCREEN in terminal.far.screen.mode
            assert terminal.shell_mode() == running
        terminal.press(b"d", until=terminal.says("Bound"), limit=LIMIT_S)


def test_a_program_resized_while_it_was_stopped_draws_what_fits() -> None:
    with host_app_running() as terminal:
        terminal.stop()
        terminal.resize(100, 30)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.until(terminal.says("ready"), LIMIT_S)


def test_an_app_that_goes_to_the_shell_and_comes_back_is_drawn_anew() -> None:
    with host_app_running() as terminal:
        terminal.press(b"s", until=terminal.says("back"), limit=LIMIT_S)
        assert b"in the shell" in terminal.far.raw
        terminal.press(b"d", until=terminal.says("Bound"), limit=LIMIT_S)


def test_an_app_that_fails_says_so_to_the_shell() -> None:
    with host_app_running() as terminal:
        terminal.type(b"e")
        assert terminal.wait(LIMIT_S) == 1
        assert "ZeroDivisionError: a mistake in the app" in terminal.text()
        assert ALTERNATE_SCREEN not in terminal.far.screen.mode
        assert not terminal.far.screen.cursor.hidden


def test_in_an_encoding_that_is_not_unicode_the_terminal_gets_what_textual_alone_would_send() -> None:
    latin = {"PYTHONIOENCODING": "latin-1:backslashreplace"}
    for kind in ("plain", "thin"):
        with host_app_running(kind, environment=latin) as terminal:
            terminal.type(b"n")
            terminal.until(lambda _: b"\xfcrich \\u682a" in terminal.far.raw, LIMIT_S)
            terminal.press(b"r", until=terminal.says("ready"), limit=LIMIT_S)


FOREIGN: Final = """
import fcntl, os, sys

def ttyname(fileno):
    raise PermissionError("it is somebody else's")

os.ttyname = ttyname
from tui.thinwire.flow_control import FlowControl
from tui.thinwire.meter import Meter
from tui.thinwire.wire import ThinWire
from tui.thinwire.terminal_writer import TerminalWriter

writer = TerminalWriter(2, "utf-8", ThinWire(80, 24), FlowControl(), Meter(), lambda: None)
for number in range(400):
    writer.write("".join(f"\\x1b[{y};1H{number + y:080}" for y in range(1, 25)) + "\\x1b[1;1H")
os._exit(os.get_blocking(2))
"""


def test_the_terminal_of_another_user_is_not_waited_for_either() -> None:
    with HostTerminal("-c", FOREIGN) as terminal:
        terminal.stopped = True
        assert terminal.wait(LIMIT_S) == 1, "the shell's side of it does not wait any more"


# --- where it is not used ------------------------------------------------------------------------


def test_an_inline_app_has_textuals_own_driver() -> None:
    with HostTerminal("-m", "tests.thinwire.host_app", "thin", "inline") as terminal:
        terminal.until(lambda far: "ready" in far.text(), LIMIT_S)
        terminal.press(b"d", until=lambda far: "LinuxInlineDriver" in far.text(), limit=LIMIT_S)


async def test_without_a_terminal_the_driver_is_textuals_own_and_the_figures_are_zero() -> None:
    wire = WireHandle()
    app: App[None] = App(driver_class=wire.driver_class)
    async with app.run_test():
        assert isinstance(app._driver, HeadlessDriver)
        wire.invalidate()
        assert wire.driver is None
        assert wire.figures().came == 0
