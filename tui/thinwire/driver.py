"""Textual's own driver for terminals, with the thin wire in place of its writing.

It overrides what a driver is made of, nothing else: ``write``, ``flush``, ``close``, ``process_message``,
and starting and stopping. The one inside of Textual it leans on is that ``LinuxDriver`` does all its output
through ``self.write``; a test compares every byte of it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from functools import cache
from time import monotonic
from types import FrameType
from typing import Any, ClassVar, Final, TextIO

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

from tui.thinwire.line import Line
from tui.thinwire.meter import Figures, Meter
from tui.thinwire.wire import ThinWire
from tui.thinwire.writer import Writer

_LAST_ANSWERS: Final = 1.5
"""Seconds that answers may take to come in when the program leaves the terminal to the shell."""
_ELSEWHERE: Final = (80, 24)


class Wire:
    """What an app holds of its thin wire: the driver to run on, and what there is to ask and to say."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.driver: ThinDriver | None = None

        class Bound(ThinDriver):
            """The driver of this wire."""

            wire = self

        self.driver_class: type[ThinDriver] = Bound

    def forget(self) -> None:
        """Take nothing on the terminal for known: all that is drawn from now on is sent."""
        if self.driver is not None:
            self.driver.forget()

    def figures(self) -> Figures:
        """Give what the line carries."""
        return self.meter.figures(monotonic())


class ThinDriver(LinuxDriver):
    """Sends what differs. Made by :class:`Wire`, which it tells of itself."""

    wire: ClassVar[Wire]

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._soon = asyncio.get_running_loop().call_soon_threadsafe
        self._writer: Writer | None = None
        self._answered = False
        self._size_seen = self._size_now()
        for number in (signal.SIGTSTP, signal.SIGCONT):
            self._put_off(number)

    def write(self, data: str) -> None:
        """Take what Textual writes, and send it as far as the terminal does not show it.

        After the last words nothing is written any more: the terminal is the shell's by then.
        """
        if self._writer is not None:
            self._writer.write(data)

    def flush(self) -> None:
        """Do nothing: what can be written is."""

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._end_writer()
        file = _terminal()
        plain = not file.encoding.lower().startswith("utf")
        self._size_seen = self._size_now()
        thin = ThinWire(*self._size_seen, can_scroll=can_scroll(), ascii_only=plain)
        self._answered = False
        self._writer = Writer(file.fileno(), file.encoding, thin, Line(), self.wire.meter, self._redraw)
        start: Callable[[], None] = super().start_application_mode
        start()
        self._watch_size()
        if self.wire.driver is self:
            self._redraw()  # taken up again: Textual draws what it takes for changed, and all of it is gone
        self.wire.driver = self

    def stop_application_mode(self) -> None:
        """Leave the terminal as it was, once no answer can come that the shell would take for typing."""
        if self._writer is not None:
            self._writer.hush(_LAST_ANSWERS)
        super().stop_application_mode()

    def close(self) -> None:
        """Write the last words."""
        super().close()
        self._end_writer()

    def process_message(self, message: Message) -> None:
        """Keep the answers to our own queries; forget what is shown when the terminal says it was resized."""
        if isinstance(message, TerminalSupportsSynchronizedOutput) and self._writer is not None:
            self._writer.answered()
            if self._answered:
                return
            self._answered = True
        elif isinstance(message, Resize) and tuple(message.size) != self._size_seen:
            self._resized(*message.size)
        super().process_message(message)

    def forget(self) -> None:
        """Take nothing on the terminal for known, and ask for all of it."""
        if self._writer is not None:
            self._writer.forget(*self._size_seen)
            self._redraw()

    def _resized(self, columns: int, lines: int) -> None:
        """Forget what is shown; Textual draws all of it, but where it sees the size it knew before."""
        before, self._size_seen = self._size_seen, (columns, lines)
        if self._writer is not None:
            self._writer.forget(columns, lines)
            if self._size_seen == before:
                self._redraw()

    def _redraw(self) -> None:
        self._soon(self._app.call_later, self._app.refresh)

    def _end_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.stop()

    def _watch_size(self) -> None:
        """Forget what is shown whenever the terminal changes its size, then do what Textual does."""
        theirs = signal.getsignal(signal.SIGWINCH)

        def resized(number: int, frame: FrameType | None) -> None:
            self._resized(*self._size_now())
            if callable(theirs):
                theirs(number, frame)

        signal.signal(signal.SIGWINCH, resized)

    def _put_off(self, number: signal.Signals) -> None:
        """Have the loop do what Textual does at a signal: it must not come in the middle of writing."""
        theirs = signal.getsignal(number)
        if callable(theirs):
            signal.signal(number, lambda *given: self._soon(theirs, *given))

    @staticmethod
    def _size_now() -> tuple[int, int]:
        try:
            return os.get_terminal_size(_terminal().fileno())
        except OSError:
            return _ELSEWHERE


def _terminal() -> TextIO:
    """Give the stream that Textual's driver writes to."""
    assert sys.__stderr__ is not None
    return sys.__stderr__


@cache
def can_scroll() -> bool:
    """Tell whether the terminal moves rows between margins as xterm does, by what terminfo says of it."""
    try:
        import curses

        curses.setupterm(fd=_terminal().fileno())
        margins, out, into = (curses.tigetstr(name) for name in ("csr", "dl", "il"))
    except (ImportError, curses.error):
        return False
    return (margins, out, into) == (b"\x1b[%i%p1%d;%p2%dr", b"\x1b[%p1%dM", b"\x1b[%p1%dL")
