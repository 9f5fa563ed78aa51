"""The thread between Textual and the terminal: it alone writes, and nobody ever waits for it to.

The terminal is opened anew for it, so that "do not block" is said of this one opening and not of the shell's.
While the terminal takes nothing, what comes is still drawn into the wanted frame: what waits is one frame.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from select import select
from time import monotonic
from typing import Final

from tui.thinwire.line import Line
from tui.thinwire.meter import Meter
from tui.thinwire.wire import SYNC_END, SYNC_START, ThinWire

QUERY: Final = "\x1b[?2026$p"
"""Asks for the state of synchronised updates: harmless, short, and answered by whoever has them."""
_PATIENCE: Final = 2.0
"""Seconds a terminal may take nothing before the last words to it are given up."""


class Writer(threading.Thread):
    """Writes to the terminal behind ``fileno`` what ``wire`` gives and ``line`` has room for."""

    def __init__(self, fileno: int, encoding: str, wire: ThinWire, line: Line, meter: Meter) -> None:
        super().__init__(name="thin-wire", daemon=True)
        self._terminal = _opened(fileno)
        self._encoding = encoding
        self._wire, self._line, self._meter = wire, line, meter
        self._came: deque[str | Callable[[], None]] = deque()
        self._out = b""
        self._within = False
        self._ending = False
        self._hushed = False
        self._gone = False
        self._ended = False
        self._open = threading.Lock()
        self._quiet = threading.Event()
        self._bell, self._wake = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._wake, False)

    # --- called from any thread ----------------------------------------------------------------

    def write(self, text: str) -> None:
        """Take what Textual writes; the thread is woken when a frame is complete."""
        self._came.append(text)
        if text == SYNC_START:
            self._within = True
        elif text == SYNC_END:
            self._within = False
        if not self._within:
            self._ring()

    def forget(self, columns: int, lines: int) -> None:
        """Take the terminal for one of that size of which nothing is known."""
        self._do(lambda: self._wire.forget(columns, lines))

    def answered(self) -> None:
        """Take the terminal's answer to a query."""
        at = monotonic()
        self._do(lambda: self._line.answered(at))

    def hush(self, seconds: float) -> None:
        """Ask the terminal nothing more, and wait for its answers under way, ``seconds`` at most."""
        self._hushed = True
        self._ring()
        self._quiet.wait(seconds)

    def stop(self) -> None:
        """Write what was said so far and end; a terminal that takes nothing is given up after two seconds."""
        self._ending = True
        self._ring()
        self.join()

    def _do(self, step: Callable[[], None]) -> None:
        self._came.append(step)
        self._ring()

    def _ring(self) -> None:
        with self._open, suppress(BlockingIOError):  # when full, it is ringing already
            if not self._ended:
                os.write(self._wake, b"\0")

    # --- the thread ----------------------------------------------------------------------------

    def run(self) -> None:
        """Draw what comes and write what may be written, until it is told to stop."""
        try:
            while not self._ending or self._came:
                self._listen()
                self._draw()
                self._send()
                if self._hushed and self._line.quiet:
                    self._quiet.set()
            self._finish()
        finally:
            with self._open:
                self._ended = True
                for each in (self._terminal, self._bell, self._wake):
                    os.close(each)

    def _listen(self) -> None:
        """Wait until something comes, or the terminal takes what waits for it."""
        writable = [self._terminal] if self._out else []
        patience = self._line.wait(monotonic()) if self._wire.pending else None
        heard, _, _ = select([self._bell], writable, [], patience)
        if heard:
            os.read(self._bell, 4096)

    def _draw(self) -> None:
        while self._came:
            item = self._came.popleft()
            if isinstance(item, str):
                self._meter.came(len(item.encode(self._encoding, "backslashreplace")))
                self._wire.feed(item)
            else:
                item()

    def _send(self) -> None:
        """Write what is begun, then what is newest as far as the line has room."""
        while self._flushed() and not self._hushed:
            room = self._line.room(monotonic())
            text = self._wire.take(room) if room else ""
            if not text:
                break
            self._begin(text)

    def _begin(self, text: str) -> None:
        out = text.encode(self._encoding, "backslashreplace")
        now = monotonic()
        if not self._hushed and self._line.sent(len(out) + len(QUERY), now):
            out += QUERY.encode()
        self._meter.went(len(out), now)
        self._out = out

    def _flushed(self) -> bool:
        """Write what waits, as much as the terminal takes, and tell whether that was all."""
        while self._out and not self._gone:
            try:
                self._out = self._out[os.write(self._terminal, self._out) :]
            except BlockingIOError:
                return False
            except OSError:
                self._gone = True
        if self._gone:
            self._out = b""
        return True

    def _finish(self) -> None:
        """Write what is left, the last words of all included."""
        last = self._out + (self._wire.take() + self._wire.rest()).encode(self._encoding, "backslashreplace")
        self._out = last
        while not self._flushed():
            if not select([], [self._terminal], [], _PATIENCE)[1]:
                break


def _opened(fileno: int) -> int:
    """Open the terminal behind ``fileno`` anew, not blocking; the same one where that cannot be."""
    try:
        return os.open(os.ttyname(fileno), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return os.dup(fileno)
