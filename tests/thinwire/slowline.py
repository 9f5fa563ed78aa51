"""A terminal at the far end of a slow line, with a program in a real pty at the near end.

:class:`SlowLine` is what stands between: it reads the program's pty no faster than the line carries, in
slices of a few milliseconds, so that what does not fit queues in the kernel as it does behind a real slow
reader. A terminal emulator draws the bytes at the moment they arrive, and a question of the
program is answered from there, with the line's delay on the way back, as keys have it on theirs.

A promise about time is checked by what the line carried: the bytes that came down between a key and its
answer, divided by the rate, are the time a person waited for the line, however busy the machine is.
"""

from __future__ import annotations

import array
import fcntl
import heapq
import os
import select
import signal
import termios
import tty
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Final, Self

import pyte

from tests.pty_program import COLUMNS, LINES, SYNC_QUERY, SYNC_REPLY, start

BITS_PER_BYTE: Final = 10
"""A byte on a serial line: eight bits, a start bit and a stop bit."""
_SLICE_S: Final = 0.004
_READ_MOST: Final = 1 << 16
_SYNC_END: Final = b"\x1b[?2026l"
_KEYBOARD_POP: Final = b"\x1b[<u"
"""Ends the use of the keyboard protocol; pyte does not know it and would print its ``u``."""
_SYNCHRONISED: Final = 2026 << 5
"""The mode as pyte keeps it."""


class FarEnd:
    """The terminal that a person sees: emulated, with synchronised updates."""

    def __init__(self, columns: int, lines: int) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._rows: dict[int, str] = {}
        self._grounds: dict[int, dict[str, str]] = {}
        self._tail = self._held = b""
        self.updates = 0
        """The number of slices that ended a synchronised update."""

    def take(self, arrived: bytes, *, drawn: bool = True) -> int:
        """Draw what arrived; return how many queries about synchronised updates ended in it."""
        if drawn:
            self._stream.feed(self._known(arrived))
        for y in self.screen.dirty:
            self._rows.pop(y, None)
            self._grounds.pop(y, None)
        self.screen.dirty.clear()
        heard = self._tail + arrived
        self.updates += heard.rfind(_SYNC_END) + len(_SYNC_END) > len(self._tail)
        self._tail = heard[-len(SYNC_QUERY) + 1 :]
        return heard.count(SYNC_QUERY)

    def _known(self, arrived: bytes) -> bytes:
        """Return the bytes that pyte knows how to draw; the start of a sequence waits for its end."""
        arrived, self._held = self._held + arrived, b""
        start = arrived.rfind(b"\x1b")
        if (
            start >= 0
            and len(arrived) - start < len(_KEYBOARD_POP)
            and _KEYBOARD_POP.startswith(arrived[start:])
        ):
            arrived, self._held = arrived[:start], arrived[start:]
        return arrived.replace(_KEYBOARD_POP, b"")

    @property
    def settled(self) -> bool:
        """Return whether no update is half drawn: a terminal shows an update when it has ended."""
        return _SYNCHRONISED not in self.screen.mode

    @property
    def lines(self) -> int:
        """Return how many rows there are."""
        return int(self.screen.lines)

    def row(self, y: int) -> str:
        """Return the text of a row."""
        if y not in self._rows:
            cells = self.screen.buffer[y]
            self._rows[y] = "".join(cells[x].data for x in range(self.screen.columns))
        return self._rows[y]

    def text(self) -> str:
        """Return the text of the whole screen."""
        return "\n".join(self.row(y) for y in range(self.lines))

    def shown(self) -> str:
        """Return the text of the screen without blank rows and trailing spaces, for messages."""
        return "\n".join(text for y in range(self.lines) if (text := self.row(y).rstrip()))

    def on(self, background: str) -> list[tuple[int, str]]:
        """Return the rows with cells on this background (six hex digits), and the text of these cells."""
        return [(y, texts[background]) for y in range(self.lines) if background in (texts := self._ground(y))]

    def _ground(self, y: int) -> dict[str, str]:
        """Return the text of a row by background."""
        if y not in self._grounds:
            texts: dict[str, str] = {}
            cells = self.screen.buffer[y]
            for cell in (cells[x] for x in range(self.screen.columns)):
                texts[cell.bg] = texts.get(cell.bg, "") + cell.data
            self._grounds[y] = texts
        return self._grounds[y]


@dataclass(frozen=True, slots=True)
class KeyResponse:
    """The cost of a response: bytes received until it was complete, and seconds by the clock."""

    bytes: int
    seconds: float


class SlowLine:
    """Runs ``command`` in a pty and shows it at the far end of a line of ``baud`` bits per second.

    ``latency`` is what each way takes, in seconds. ``baud`` may be changed at any time. With ``drawn=False``
    nothing is emulated, for figures of fast lines.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        baud: float,
        latency: float = 0.0,
        environment: dict[str, str] | None = None,
        columns: int = COLUMNS,
        lines: int = LINES,
        drawn: bool = True,
    ) -> None:
        self.baud, self.latency = baud, latency
        self.stopped = False
        """Whether the terminal has stopped reading."""
        self.bytes_received = 0
        """Bytes that have arrived at the far end since the start."""
        self.last_arrival = self.last_update = monotonic()
        """The times when bytes last arrived and when a synchronised update was last complete."""
        self.far = FarEnd(columns, lines)
        self._drawn = drawn
        self._down: list[tuple[float, bytes]] = []
        self._up: list[tuple[float, int, bytes]] = []
        self._sent = 0
        self._unwritten = b""
        self._free_at = 0.0
        program = start(command, environment, columns=columns, lines=lines)
        self.pid, self._master, self._shell = program
        os.set_blocking(self._master, False)
        self._process = os.pidfd_open(self.pid)
        self._status: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
            self._status = os.waitpid(self.pid, 0)[1]
        self.hang_up()
        os.close(self._process)

    # --- keys and screen -----------------------------------------------------------------------

    def type(self, keys: bytes, *, after: float = 0.0) -> None:
        """Send keys up the line, ``after`` so many seconds."""
        heapq.heappush(self._up, (monotonic() + after + self.latency, self._sent, keys))
        self._sent += 1

    def until(self, seen: Callable[[FarEnd], bool], limit: float = 60.0) -> KeyResponse:
        """Run until ``seen`` is true of the far end.

        Raises:
            TimeoutError: it is not within ``limit`` seconds, or the program ended first; the message says
                what is shown instead.
        """
        begun, before, looked = monotonic(), self.bytes_received, -1
        while True:
            ended = self.ended and not self._turn(0.0)  # asked first: the last bytes may arrive meanwhile
            if looked != self.bytes_received and self.far.settled:
                looked = self.bytes_received
                if seen(self.far):
                    return KeyResponse(looked - before, monotonic() - begun)
            if ended or monotonic() > begun + limit:
                why = "before the program ended" if ended else f"within {limit} s"
                raise TimeoutError(f"not seen {why}; the far end shows\n{self.far.shown()}")
            self._turn(begun + limit)

    def press(self, keys: bytes, *, until: Callable[[FarEnd], bool], limit: float = 60.0) -> KeyResponse:
        """Send ``keys`` and run until the far end shows the response.

        Raises:
            ValueError: it stands there already, so it would be no answer to the keys.
            TimeoutError: it is not there within ``limit`` seconds.
        """
        if self.far.settled and until(self.far):
            raise ValueError(f"what {keys!r} is to show is there before the key")
        self.type(keys)
        return self.until(until, limit)

    def run(self, seconds: float) -> int:
        """Run for ``seconds``; return how many bytes arrived."""
        before, end = self.bytes_received, monotonic() + seconds
        while monotonic() < end and not (self.ended and not self._turn(0.0)):
            self._turn(end)
        return self.bytes_received - before

    def rest(self, quiet: float = 0.3, limit: float = 60.0) -> int:
        """Run until nothing has arrived for ``quiet`` seconds; return how many bytes arrived."""
        begun, before = monotonic(), self.bytes_received
        while monotonic() < max(begun, self.last_arrival) + quiet:
            if monotonic() > begun + limit:
                raise TimeoutError(f"not at rest within {limit} s")
            self._turn(max(begun, self.last_arrival) + quiet)
        return self.bytes_received - before

    def text(self) -> str:
        """Return what the far end shows."""
        return self.far.text()

    def row(self, y: int) -> str:
        """Return a row of what the far end shows."""
        return self.far.row(y)

    def line_seconds(self, answer: KeyResponse) -> float:
        """Return the seconds that the line itself needs for a response: the key up, the bytes down."""
        return answer.bytes * BITS_PER_BYTE / self.baud + 2 * self.latency

    # --- the program and its end ---------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Return whether the program has ended."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = status
        return self._status is not None

    def wait(self, limit: float = 30.0) -> int:
        """Run until the program has ended and all it wrote has arrived; return its exit code.

        Negative is the signal that ended it, as :mod:`subprocess` has it.
        """
        end = monotonic() + limit
        while not self.ended or self._turn(0.0):
            if monotonic() > end:
                raise TimeoutError(f"not ended within {limit} s; the far end shows\n{self.far.shown()}")
            self._turn(end)
        assert self._status is not None
        return os.waitstatus_to_exitcode(self._status)

    def left_over(self) -> bytes:
        """Return the input that the program left unread: its shell would take it for typing."""
        tty.setraw(self._shell, termios.TCSANOW)
        waiting = array.array("i", [0])
        fcntl.ioctl(self._shell, termios.FIONREAD, waiting)
        return os.read(self._shell, waiting[0]) if waiting[0] else b""

    def shell_mode(self) -> list[int | list[bytes | int]]:
        """Return the modes of the pty, as :func:`termios.tcgetattr` has them."""
        return termios.tcgetattr(self._shell)

    def hang_up(self) -> None:
        """Close the terminal, as a closed window or a broken connection does."""
        for descriptor in (self._shell, self._master):
            if descriptor >= 0:
                os.close(descriptor)
        self._shell = self._master = -1

    # --- the line ------------------------------------------------------------------------------

    def _turn(self, until: float) -> bool:
        """Handle the next event, if it comes before ``until``; return whether anything is in flight."""
        if self._master < 0:
            select.select([self._process], [], [], max(0.0, until - monotonic()))
            return False
        now = monotonic()
        may_read = not self.stopped and now >= self._free_at
        moments = [until]
        moments += [self._down[0][0]] if self._down else []
        moments += [self._up[0][0]] if self._up else []
        moments += [] if self.stopped or may_read else [self._free_at]
        reads = [self._master] if may_read else []
        watched = [] if self.ended else [self._process]
        writes = [self._master] if self._unwritten else []
        ready = select.select([*reads, *watched], writes, [], max(0.0, min(moments) - now))
        came = self._master in ready[0] and self._carry()
        self._deliver()
        self._send_up()
        return came or bool(self._down or self._up or self._unwritten)

    def _carry(self) -> bool:
        """Put one slice of the program's output on the line; return whether there was any."""
        rate = self.baud / BITS_PER_BYTE
        try:
            taken = os.read(self._master, max(1, min(_READ_MOST, int(rate * _SLICE_S))))
        except BlockingIOError:
            return False
        self._free_at = monotonic() + len(taken) / rate
        self._down.append((self._free_at + self.latency, taken))
        return True

    def _deliver(self) -> None:
        """Deliver what has crossed the line to the far end, and answer its queries."""
        while self._down and self._down[0][0] <= monotonic():
            _, arrived = self._down.pop(0)
            self.bytes_received += len(arrived)
            self.last_arrival = monotonic()
            updates, asked = self.far.updates, self.far.take(arrived, drawn=self._drawn)
            if self.far.updates > updates:
                self.last_update = self.last_arrival
            for _ in range(asked):
                self.type(SYNC_REPLY)

    def _send_up(self) -> None:
        """Pass the keys and answers that have arrived to the program."""
        while self._up and self._up[0][0] <= monotonic():
            self._unwritten += heapq.heappop(self._up)[2]
        if self._unwritten:
            try:
                self._unwritten = self._unwritten[os.write(self._master, self._unwritten) :]
            except BlockingIOError:
                return
