"""Writes to the terminal and never blocks.

The thread that draws also writes, at once, as much as the terminal and the flow control accept. A thread of
the writer sends the rest when they accept it. The writer opens the terminal anew, so that non-blocking mode
applies to this file description and not to the shell's. While nothing is accepted, new output is still drawn
into the wanted frame: at most one frame waits, and the few bytes that were begun.
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

from tui.thinwire.flow_control import UNPROBED_BYTES, FlowControl
from tui.thinwire.meter import Meter
from tui.thinwire.wire import SYNC_END, SYNC_START, ThinWire

QUERY: Final = "\x1b[?2026$p"
"""Queries the state of synchronised updates: short, without effect, answered by terminals that have them."""
_BRIEF_WAIT_S: Final = 0.002
"""Seconds to wait for a terminal that accepted all bytes so far: its buffer may be full for a moment."""
_LAST_WRITE_S: Final = 2.0
"""Seconds a terminal may accept nothing before the last bytes to it are dropped."""


class TerminalWriter:
    """Writes what ``wire`` returns to the terminal behind ``fileno``, as far as ``flow`` has room.

    ``redraw`` is called when Textual has to draw everything again.

    A signal handler may call only :meth:`invalidate` and :meth:`answered`.
    """

    def __init__(
        self,
        fileno: int,
        encoding: str,
        wire: ThinWire,
        flow: FlowControl,
        meter: Meter,
        redraw: Callable[[], None],
    ) -> None:
        self._terminal = _opened(fileno)
        self._encoding = encoding
        self._wire, self._flow, self._meter = wire, flow, meter
        self._redraw = redraw
        self._inbox: deque[str | Callable[[], None]] = deque()
        self._out = b""
        self._in_update = self._closing = self._ending = self._gone = False
        self._accepts = True
        self._ended = False
        self._blocks = os.get_blocking(self._terminal)
        self._work_lock = threading.Lock()
        self._wake_lock = threading.RLock()
        self._all_answered = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._thread = threading.Thread(target=self._run, name="thin-wire", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Accept output of Textual; it is sent when a frame is complete."""
        self._inbox.append(text)
        if text == SYNC_START:
            self._in_update = True
        elif text == SYNC_END:
            self._in_update = False
        if not self._in_update:
            self._work_or_wake()

    def invalidate(self, columns: int, lines: int) -> None:
        """Treat all cells of the terminal, which has this size, as unknown."""
        self._inbox.append(lambda: self._wire.invalidate(columns, lines))
        self._wake_thread()

    def answered(self) -> None:
        """Record that the terminal answered a query."""
        at = monotonic()
        self._inbox.append(lambda: self._flow.answered(at))
        self._wake_thread()

    def drop_pending(self, columns: int, lines: int, timeout_s: float) -> None:
        """Drop what is drawn and not sent, send no more queries, and wait for the answers to earlier ones.

        Each answer may take ``timeout_s``. Later output, such as giving the terminal back, is sent at once.
        """
        self._closing = True
        self.invalidate(columns, lines)
        before = -1
        while not self._all_answered.wait(timeout_s) and (now := self._unanswered()) != before:
            before = now

    def _unanswered(self) -> int:
        return self._flow.unanswered(monotonic())

    def stop(self) -> None:
        """Write all output so far and end; give up a terminal that accepts nothing for two seconds."""
        self._ending = True
        self._wake_thread()
        self._thread.join(_LAST_WRITE_S if self._blocks else None)
        if self._thread.is_alive():
            return  # it is blocked by a terminal that could not be made non-blocking
        with self._work_lock, self._wake_lock:
            self._finish()
            self._ended = self._gone = True
            for each in (self._terminal, self._wake_read, self._wake_write):
                os.close(each)

    def _wake_thread(self) -> None:
        with self._wake_lock, suppress(BlockingIOError):  # a full pipe wakes it already
            if not self._ended:
                os.write(self._wake_write, b"\0")

    # --- called by the thread that draws and by the writer's own ---------------------------------

    def _work_or_wake(self) -> None:
        if not self._blocks and self._work_lock.acquire(blocking=False):
            try:
                self._work()
                left = bool(self._out or self._inbox or self._wire.pending)
            finally:
                self._work_lock.release()
            if not left:
                return
        self._wake_thread()

    def _work(self) -> None:
        """Process new output; write what is begun, then what is newest, as far as the flow has room."""
        while self._inbox:
            item = self._inbox.popleft()
            if isinstance(item, str):
                self._meter.came(len(item.encode(self._encoding, "backslashreplace")))
                self._wire.feed(item)
            else:
                item()
        if self._wire.lost:
            self._wire.lost = False
            self._redraw()
        while self._flush():
            room = UNPROBED_BYTES if self._closing else self._flow.room(monotonic())
            text = self._wire.take(room) if room else ""
            if not text:
                break
            self._begin(text)
        if self._closing and not self._unanswered():
            self._all_answered.set()

    def _begin(self, text: str) -> None:
        out = text.encode(self._encoding, "backslashreplace")
        now = monotonic()
        if not self._closing and self._flow.sent(len(out), now):
            out += QUERY.encode()
        elif QUERY in text:
            self._flow.asked(now)
        self._meter.went(len(out), now, whole=not self._wire.pending)
        self._out = out

    def _flush(self) -> bool:
        """Write what is begun, as much as the terminal accepts; return whether that was all."""
        while self._out and not self._gone:
            try:
                self._out = self._out[os.write(self._terminal, self._out) :]
            except BlockingIOError:
                if not self._accepts or not select([], [self._terminal], [], _BRIEF_WAIT_S)[1]:
                    self._accepts = False
                    return False
            except OSError:
                self._gone = True
        if self._gone:
            self._out = b""
        self._accepts = True
        return True

    # --- the writer's thread -------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ending:
            writable = [self._terminal] if self._out else []
            patience = self._flow.seconds_left(monotonic()) if self._wire.pending else None
            heard, _, _ = select([self._wake_read], writable, [], patience)
            if heard:
                with suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
            with self._work_lock:
                self._work()

    def _finish(self) -> None:
        """Write all that is left."""
        self._work()
        self._out += self._wire.take_all().encode(self._encoding, "backslashreplace")
        while not self._flush():
            if not select([], [self._terminal], [], _LAST_WRITE_S)[1]:
                break


def _opened(fileno: int) -> int:
    """Open the terminal behind ``fileno`` anew in non-blocking mode; duplicate ``fileno`` if that fails."""
    how = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
    with suppress(OSError):
        os.tcgetpgrp(fileno)  # succeeds for the controlling terminal alone, which anybody may open
        return os.open("/dev/tty", how)
    with suppress(OSError):
        return os.open(os.ttyname(fileno), how)
    return os.dup(fileno)
