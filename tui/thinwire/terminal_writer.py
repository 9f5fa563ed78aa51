"""Writes to the terminal, and never waits for it.

Whoever draws also writes, at once, as much as the terminal and the line take without waiting; a thread does
what is left when they take it. The terminal is opened anew for this, so that "do not wait" is said of this
one opening and not of the shell's. While nothing is taken, what comes is still drawn into the wanted frame:
what waits is never more than one frame and the few bytes that are begun.
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

from tui.thinwire.flow_control import UNASKED, Line
from tui.thinwire.meter import Meter
from tui.thinwire.wire import SYNC_END, SYNC_START, ThinWire

QUERY: Final = "\x1b[?2026$p"
"""Asks for the state of synchronised updates: harmless, short, and answered by whoever has them."""
_MOMENT: Final = 0.002
"""Seconds that a terminal which took all so far may need for the next bytes: its buffer is soon full."""
_PATIENCE: Final = 2.0
"""Seconds a terminal may take nothing before the last words to it are given up."""


class TerminalWriter:
    """Writes to the terminal behind ``fileno`` what ``wire`` gives and ``line`` has room for.

    ``redraw`` is called when Textual has to draw everything once more.

    Nothing here may be called from a signal handler but :meth:`forget` and :meth:`answered`.
    """

    def __init__(
        self,
        fileno: int,
        encoding: str,
        wire: ThinWire,
        line: Line,
        meter: Meter,
        redraw: Callable[[], None],
    ) -> None:
        self._terminal = _opened(fileno)
        self._encoding = encoding
        self._wire, self._line, self._meter = wire, line, meter
        self._redraw = redraw
        self._came: deque[str | Callable[[], None]] = deque()
        self._out = b""
        self._within = self._hushed = self._ending = self._gone = False
        self._takes = True
        self._ended = False
        self._waits = os.get_blocking(self._terminal)
        self._working = threading.Lock()
        self._ringing = threading.RLock()
        self._quiet = threading.Event()
        self._bell, self._wake = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._wake, False)
        self._thread = threading.Thread(target=self._run, name="thin-wire", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Take what Textual writes; it goes out when a frame is complete."""
        self._came.append(text)
        if text == SYNC_START:
            self._within = True
        elif text == SYNC_END:
            self._within = False
        if not self._within:
            self._work_or_ring()

    def forget(self, columns: int, lines: int) -> None:
        """Take the terminal for one of that size of which nothing is known."""
        self._came.append(lambda: self._wire.forget(columns, lines))
        self._ring()

    def answered(self) -> None:
        """Take the terminal's answer to a query."""
        at = monotonic()
        self._came.append(lambda: self._line.answered(at))
        self._ring()

    def hush(self, columns: int, lines: int, seconds: float) -> None:
        """Drop what is drawn, ask nothing more, and wait for the answers under way, each ``seconds`` at most.

        What is said from now on, as to give the terminal back, goes out at once.
        """
        self._hushed = True
        self.forget(columns, lines)
        still = -1
        while not self._quiet.wait(seconds) and self._line.under_way != still:
            still = self._line.under_way

    def stop(self) -> None:
        """Write what was said so far and end; a terminal that takes nothing is given up after two seconds."""
        self._ending = True
        self._ring()
        self._thread.join(_PATIENCE if self._waits else None)
        if self._thread.is_alive():
            return  # it waits for a terminal that cannot be asked not to make it wait
        with self._working, self._ringing:
            self._finish()
            self._ended = self._gone = True
            for each in (self._terminal, self._bell, self._wake):
                os.close(each)

    def _ring(self) -> None:
        with self._ringing, suppress(BlockingIOError):  # when full, it is ringing already
            if not self._ended:
                os.write(self._wake, b"\0")

    # --- whoever works: the one who draws, or the thread ----------------------------------------

    def _work_or_ring(self) -> None:
        if not self._waits and self._working.acquire(blocking=False):
            try:
                self._work()
                left = bool(self._out or self._came or self._wire.pending)
            finally:
                self._working.release()
            if not left:
                return
        self._ring()

    def _work(self) -> None:
        """Draw what came; write what is begun, then what is newest as far as the line has room."""
        while self._came:
            item = self._came.popleft()
            if isinstance(item, str):
                self._meter.came(len(item.encode(self._encoding, "backslashreplace")))
                self._wire.feed(item)
            else:
                item()
        if self._wire.lost:
            self._wire.lost = False
            self._redraw()
        while self._flushed():
            room = UNASKED if self._hushed else self._line.room(monotonic())
            text = self._wire.take(room) if room else ""
            if not text:
                break
            self._begin(text)
        if self._hushed and not self._line.under_way:
            self._quiet.set()

    def _begin(self, text: str) -> None:
        out = text.encode(self._encoding, "backslashreplace")
        now = monotonic()
        if not self._hushed and self._line.sent(len(out), now):
            out += QUERY.encode()
        elif QUERY in text:
            self._line.asked(now)
        self._meter.went(len(out), now, whole=not self._wire.pending)
        self._out = out

    def _flushed(self) -> bool:
        """Write what is begun, as much as the terminal takes, and tell whether that was all."""
        while self._out and not self._gone:
            try:
                self._out = self._out[os.write(self._terminal, self._out) :]
            except BlockingIOError:
                if not self._takes or not select([], [self._terminal], [], _MOMENT)[1]:
                    self._takes = False
                    return False
            except OSError:
                self._gone = True
        if self._gone:
            self._out = b""
        self._takes = True
        return True

    # --- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ending:
            writable = [self._terminal] if self._out else []
            patience = self._line.wait(monotonic()) if self._wire.pending else None
            heard, _, _ = select([self._bell], writable, [], patience)
            if heard:
                with suppress(BlockingIOError):
                    os.read(self._bell, 4096)
            with self._working:
                self._work()

    def _finish(self) -> None:
        """Write what is left, the last words of all included."""
        self._work()
        self._out += self._wire.rest().encode(self._encoding, "backslashreplace")
        while not self._flushed():
            if not select([], [self._terminal], [], _PATIENCE)[1]:
                break


def _opened(fileno: int) -> int:
    """Open the terminal behind ``fileno`` anew, not waiting for it; the same one where that cannot be."""
    how = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
    with suppress(OSError):
        os.tcgetpgrp(fileno)  # known of the controlling terminal alone, and that anybody may open
        return os.open("/dev/tty", how)
    with suppress(OSError):
        return os.open(os.ttyname(fileno), how)
    return os.dup(fileno)
