"""The writer on a real pty: it never blocks, sends the newest frame, and writes the last bytes."""

from __future__ import annotations

import fcntl
import os
import re
import threading
import tty
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from select import select
from time import monotonic
from typing import Final

import pytest

from tests.thinwire.emulators import Emulator
from tui.thinwire import flow_control as flow_control_module
from tui.thinwire import terminal_writer as writer_module
from tui.thinwire.flow_control import FlowControl
from tui.thinwire.meter import Meter
from tui.thinwire.terminal_writer import QUERY, TerminalWriter
from tui.thinwire.wire import SYNC_END, SYNC_START, ThinWire

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")

COLUMNS, LINES = 200, 50
LIMIT_S: Final = 30.0
"""An event that takes longer is considered not to happen."""
FEW: Final = 4 * COLUMNS * LINES
"""The size of a few frames."""


def screen(word: str) -> str:
    """Return a frame that fills the screen with cells that all differ."""
    rows = "\n".join(f"\x1b[{y};1H{f'{word}-{y:02}-{y * 7:03} ' * 14:{COLUMNS}}" for y in range(1, LINES + 1))
    return f"{rows}\x1b[1;1H"


def cell(text: str, y: int = 1) -> str:
    return f"\x1b[{y};1H{text}\x1b[1;1H"


class PtyReader:
    """A terminal whose program is this test: it reads only when the test tells it to."""

    def __init__(self, *, encoding: str = "utf-8", columns: int = COLUMNS, lines: int = LINES) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.flags = fcntl.fcntl(self.slave, fcntl.F_GETFL)
        self.received = b""
        self.screen = Emulator(columns, lines)
        self._decode = getincrementaldecoder(encoding)().decode
        self.redrawn = threading.Event()
        self.wire, self.line, self.meter = ThinWire(columns, lines), FlowControl(), Meter()
        self.writer = TerminalWriter(self.slave, encoding, self.wire, self.line, self.meter, self.redrawn.set)
        self.stopped = False

    def until(self, seen: Callable[[], bool]) -> None:
        """Read until ``seen`` is true."""
        end = monotonic() + LIMIT_S
        while not seen():
            assert monotonic() < end, f"in vain; the last that came is {self.received[-300:]!r}"
            self.read(0.1)

    def until_shown(self, word: str, y: int) -> None:
        """Read until row ``y`` starts with ``word`` and a frame has ended."""
        ends = (b"\x1b[H", SYNC_END.encode(), QUERY.encode())
        self.until(lambda: self.row(y).startswith(word) and self.received.endswith(ends))

    def until_came(self, word: str, times: int = 1) -> None:
        """Read until ``word`` has arrived so many times."""
        self.until(lambda: self.received.count(word.encode()) >= times)

    def read(self, seconds: float) -> bool:
        """Read what arrives within so many seconds; return whether anything did."""
        if self.master < 0 or not select([self.master], [], [], seconds)[0]:
            return False
        try:
            came = os.read(self.master, 65_536)
        except OSError:  # nobody has it open any more
            return False
        self.received += came
        self.screen.feed(self._decode(came))
        return True

    def row(self, y: int) -> str:
        return "".join(each.data for each in self.screen.row(y - 1)).rstrip()

    def all_rows_begin(self, word: str) -> bool:
        return all(self.row(y).startswith(f"{word}-{y:02}") for y in range(1, LINES + 1))

    def fill(self) -> None:
        """Let another program write until the terminal accepts nothing more."""
        other = os.open(os.ttyname(self.slave), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        with suppress(BlockingIOError):
            while True:
                os.write(other, b"\r" * 4_096)
        with suppress(BlockingIOError):
            while True:
                os.write(other, b"\r")
        os.close(other)

    def in_time(self, act: Callable[[], object]) -> None:
        """Do something that must not block on the terminal."""
        thread = threading.Thread(target=act, daemon=True)
        thread.start()
        thread.join(LIMIT_S)
        assert not thread.is_alive(), "it waits for the terminal"

    def writes_in_time(self, texts: Iterable[str]) -> None:
        """Write texts, which must not block on the terminal."""

        def write() -> None:
            for text in texts:
                self.writer.write(text)

        self.in_time(write)

    def stop(self) -> None:
        """Let the writer end, and read its last bytes."""
        self.stopped = True
        ending = threading.Thread(target=self.writer.stop, daemon=True)
        ending.start()
        end = monotonic() + LIMIT_S
        while ending.is_alive():
            assert monotonic() < end, "it does not end"
            self.read(0.01)
        while self.read(0.0):
            pass

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self.master)
        self.master = -1

    def leave(self) -> None:
        if not self.stopped:
            self.stop()
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def far() -> Iterator[PtyReader]:
    made = PtyReader()
    yield made
    made.leave()


@pytest.fixture
def answering(far: PtyReader) -> PtyReader:
    """A terminal that has answered a query."""
    far.writer.write(QUERY)
    far.until_came(QUERY)
    far.writer.answered()
    return far


# --- a terminal that reads everything -------------------------------------------------------------


def test_a_frame_is_shown_and_the_next_one_is_what_differs(far: PtyReader) -> None:
    far.writer.write(screen("ORD"))
    far.until_shown("ORD-50", 50)
    first = len(far.received)
    far.writer.write(screen("ORD").replace("ORD-50", "BLK-50", 1))
    far.until_shown("BLK-50-350 ORD-50-350", 50)
    assert far.received[first:] == b"\x1b[50HBLK\x1b[H"


def test_nothing_of_an_update_is_written_before_its_end(far: PtyReader) -> None:
    far.writer.write(SYNC_START)
    far.writer.write(cell("within"))
    far.writer.answered()  # what wakes the writer up does not make it write
    far.writer.write(cell("again", 2))
    assert not far.read(0.05)
    far.writer.write(SYNC_END)
    far.until_shown("again", 2)
    assert far.received.startswith(SYNC_START.encode())
    assert far.received.endswith(SYNC_END.encode())


def test_the_shells_side_of_the_terminal_still_waits(far: PtyReader) -> None:
    far.writer.write(screen("ORD"))
    far.until_shown("ORD-50", 50)
    assert fcntl.fcntl(far.slave, fcntl.F_GETFL) == far.flags
    assert os.get_blocking(far.slave)


def test_after_invalidating_everything_drawn_is_sent(far: PtyReader) -> None:
    far.writer.write(cell("ORD-00001"))
    far.until_came("ORD-00001")
    far.writer.invalidate(COLUMNS, LINES)
    far.writer.write(cell("ORD-00001"))
    far.until_came("ORD-00001", 2)


def test_what_is_drawn_and_what_is_sent_is_counted(far: PtyReader) -> None:
    frame = cell("株式")
    far.writer.write(frame)
    far.until_shown("株式", 1)
    far.writer.write(frame)
    figures = far.meter.figures(monotonic())
    assert figures.came == 2 * len(frame.encode())
    assert figures.sent == figures.last_frame == len(far.received)


# --- a terminal that reads nothing ---------------------------------------------------------------


def test_a_terminal_that_takes_nothing_is_not_waited_for_and_then_gets_the_newest(far: PtyReader) -> None:
    far.fill()
    far.writes_in_time(screen(f"{number:03}") for number in range(200))
    far.until(lambda: far.all_rows_begin("199"))
    written = far.received.lstrip(b"\r")
    assert len(written) < FEW, "frames were written that had been overtaken"
    assert not {int(word) for word in re.findall(rb"(\d{3})-\d\d-", written)} & set(range(1, 199))


def test_what_is_begun_is_ended_before_anything_else_is_written(far: PtyReader) -> None:
    def draw() -> None:
        for number in range(100):
            far.writer.write(SYNC_START)
            far.writer.write(screen(f"{number:03}"))
            far.writer.write(SYNC_END)
            far.writer.write(f"\x1b]0;title {number}\x07")

    far.in_time(draw)
    far.until(lambda: far.all_rows_begin("099"))
    titles = [event for event in far.screen.events if event.startswith("\x1b]0;")]
    assert titles == [f"\x1b]0;title {number}\x07" for number in range(100)], "all of them, in their order"
    assert far.screen.events == titles, "something was split"


def test_bells_and_the_clipboard_are_kept_for_a_terminal_that_takes_nothing(far: PtyReader) -> None:
    far.fill()

    def draw() -> None:
        for number in range(500):
            far.writer.write("\x07")
            far.writer.write(f"\x1b]52;c;{number:04}\x07")
            far.writer.write(cell(f"{number:04}"))

    far.in_time(draw)
    far.until_shown("0499", 1)
    kept = [found[0] for found in re.finditer(rb"\x1b]52;c;\d+\x07|\x07", far.received)]
    asked = [(b"\x07", b"\x1b]52;c;%04d\x07" % number) for number in range(500)]
    assert kept == [each for pair in asked for each in pair], "all of them in their order, frames in between"


def test_what_is_dropped_because_too_much_of_it_waits_is_asked_for_again(far: PtyReader) -> None:
    far.fill()

    far.writes_in_time(cell(f"e\u0301{number}" * 20) for number in range(900))
    assert far.redrawn.wait(LIMIT_S)
    far.writer.write(screen("new"))
    far.until(lambda: far.all_rows_begin("new"))


# --- the end -------------------------------------------------------------------------------------


def test_a_terminal_that_was_closed_is_written_to_without_a_word(far: PtyReader) -> None:
    far.writer.write(screen("ORD"))
    far.hang_up()
    far.writes_in_time(screen(f"{number:03}") for number in range(10))
    far.stop()


def test_a_terminal_that_is_closed_while_it_takes_nothing_ends_the_writing(far: PtyReader) -> None:
    far.fill()
    far.writes_in_time(screen(f"{number:03}") for number in range(10))
    far.hang_up()
    far.stop()


def test_the_last_sequences_are_sent_and_the_screen_they_leave_is_not(far: PtyReader) -> None:
    far.writer.write("\x1b[?1049h")
    far.fill()
    far.writes_in_time(screen(f"{number:03}") for number in range(10))
    for word in ("\x1b[<u", "\x1b[?1049l", "\x1b[?25h", "\x1b[?1004l"):
        far.writer.write(word)
    far.stop()
    assert far.received.endswith(b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l")


def test_the_last_bytes_are_sent_even_within_an_update_that_never_ended(far: PtyReader) -> None:
    for word in (SYNC_START, cell("unfinished"), "\x1b[?1049l", "\x1b[?25h"):
        far.writer.write(word)
    far.stop()
    assert b"\x1b[?1049l" in far.received
    assert b"\x1b[?25h" in far.received
    assert far.received.count(SYNC_START.encode()) == far.received.count(SYNC_END.encode())


def test_a_terminal_that_takes_nothing_does_not_keep_the_program_from_ending(
    far: PtyReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_LAST_WRITE_S", 0.05)
    far.fill()
    far.writer.write(screen("ORD"))
    far.in_time(far.writer.stop)
    far.stopped = True


def test_the_thread_and_what_it_had_open_are_gone_after_the_end() -> None:
    threads, files = set(threading.enumerate()), set(os.listdir("/proc/self/fd"))
    far = PtyReader()
    far.writer.write(cell("ORD-00001"))
    assert set(threading.enumerate()) != threads
    far.leave()
    assert set(threading.enumerate()) == threads
    assert set(os.listdir("/proc/self/fd")) == files


# --- queries -------------------------------------------------------------------------------------


def test_a_terminal_that_never_answered_is_not_asked(far: PtyReader) -> None:
    for number in range(20):
        far.writer.write(screen(f"{number:03}"))
        far.until_shown(f"{number:03}-50", 50)
    assert QUERY.encode() not in far.received


def test_a_terminal_that_answers_is_asked_and_sent_no_more_than_it_has_answered_for(
    answering: PtyReader,
) -> None:
    far = answering
    far.writer.write(screen("new"))
    far.until_came(QUERY, 2)
    while far.read(0.1):
        pass
    assert not far.all_rows_begin("new"), "all was sent at once"
    assert far.line.in_flight > 0
    answered = 1
    while far.wire.pending:
        far.until_came(QUERY, answered + 1)
        far.writer.answered()
        answered += 1
        far.read(0.01)
    far.until(lambda: far.all_rows_begin("new"))


def test_drop_pending_waits_for_the_answers_in_flight_and_sends_no_more_queries(answering: PtyReader) -> None:
    far = answering
    far.writer.write(screen("new"))
    far.until_came(QUERY, 2)
    dropping = threading.Thread(target=far.writer.drop_pending, args=(80, 24, LIMIT_S), daemon=True)
    dropping.start()
    while dropping.is_alive():
        assert far.line.in_flight >= 0
        far.writer.answered()
        far.read(0.01)
    asked = far.received.count(QUERY.encode())
    far.writer.write(screen("not any more"))
    far.writer.write("\x1b[?1049l")
    far.stop()
    assert far.received.count(QUERY.encode()) == asked
    assert far.received.endswith(b"\x1b[?1049l")


def test_drop_pending_waits_for_answers_that_a_program_which_stood_still_reads_late(
    answering: PtyReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = answering
    far.writer.write(screen("new"))
    far.until_came(QUERY, 3)
    late = far.line.in_flight
    monkeypatch.setattr(flow_control_module, "_ANSWER_TIMEOUT_S", 0.0)
    assert far.line.room(monotonic())
    monkeypatch.undo()
    dropping = threading.Thread(target=far.writer.drop_pending, args=(80, 24, LIMIT_S), daemon=True)
    dropping.start()
    dropping.join(0.05)
    unanswered = far.line.unanswered(monotonic())
    assert unanswered >= late
    for _ in range(unanswered):
        dropping.join(0.02)
        assert dropping.is_alive(), "the shell would read an answer as typing"
        far.writer.answered()
    dropping.join(LIMIT_S)
    assert not dropping.is_alive()


def test_drop_pending_drops_what_was_drawn_and_not_sent_and_later_output_is_sent(
    far: PtyReader,
) -> None:
    far.fill()
    far.writer.write(screen("old"))
    far.writer.write(screen("new"))
    far.in_time(lambda: far.writer.drop_pending(COLUMNS, LINES, LIMIT_S))
    far.writer.write("\x1b[?1049l")
    far.stop()
    assert b"new" not in far.received
    assert far.received.endswith(b"\x1b[?1049l")


def test_drop_pending_does_not_wait_forever_for_a_terminal_that_answers_no_more(answering: PtyReader) -> None:
    far = answering
    far.writer.write(screen("new"))
    far.until_came(QUERY, 2)
    far.in_time(lambda: far.writer.drop_pending(80, 24, 0.02))


def test_answers_may_come_from_elsewhere_at_any_time(answering: PtyReader) -> None:
    far = answering
    over = threading.Event()

    def elsewhere() -> None:
        while not over.is_set():
            far.writer.answered()
            over.wait(0.0005)

    other = threading.Thread(target=elsewhere, daemon=True)
    other.start()
    for number in range(50):
        far.writer.write(screen(f"{number:03}"))
        far.read(0.0)
    far.until(lambda: far.all_rows_begin("049"))
    over.set()
    other.join(LIMIT_S)


# --- encodings -----------------------------------------------------------------------------------


def test_what_an_encoding_does_not_have_is_spelt_out() -> None:
    far = PtyReader(encoding="latin-1")
    far.writer.write(cell("Zürich 株"))
    far.until_came("\x1b[H")
    far.leave()
    assert b"Z\xfcrich \\u682a" in far.received


def test_half_a_character_does_not_end_the_program(far: PtyReader) -> None:
    far.writer.write(cell("\ud83d half"))
    far.until_came("\\ud83d half")


def test_what_is_no_terminal_is_written_to_all_the_same() -> None:
    read, write = os.pipe()
    writer = TerminalWriter(write, "utf-8", ThinWire(COLUMNS, LINES), FlowControl(), Meter(), lambda: None)
    writer.write(cell("ORD-00001"))
    writer.stop()
    os.close(write)
    assert os.read(read, 4_096) == b"\x1b[HORD-00001\x1b[H"
    os.close(read)
