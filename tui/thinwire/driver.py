"""Textual's own driver for terminals, with the thin wire in place of its writing.

It overrides what a driver is made of, nothing else: ``write``, ``flush``, ``close``, ``process_message``,
and starting and stopping. What it leans on inside ``LinuxDriver``: that all output goes through
``self.write`` to ``sys.__stderr__``, and that its handlers of SIGTSTP and SIGCONT are installed when it is
made, that of SIGWINCH when it starts. Tests compare every byte of starting and stopping, and what the
signals do.
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

from tui.thinwire.flow_control import Line
from tui.thinwire.meter import Figures, Meter
from tui.thinwire.terminal_writer import TerminalWriter
from tui.thinwire.wire import ThinWire

_LAST_ANSWERS: Final = 1.5
"""Seconds that answers may take to come in when the program leaves the terminal to the shell."""
_ELSEWHERE: Final = (80, 24)
"""The size of a terminal that does not tell."""


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
        self._own_app = app
        self._soon = asyncio.get_running_loop().call_soon_threadsafe
        self._writer: TerminalWriter | None = None
        self._answered = False
        self._believed = True
        self._size_seen = self._size_now()
        for number in (signal.SIGTSTP, signal.SIGCONT):
            self._put_off(number)

    def write(self, data: str) -> None:
        """Take what Textual writes, and send it as far as the terminal does not show it.

        After the last words nothing is written any more: the terminal is the shell's by then.
        """
        if (writer := self._writer) is not None:
            writer.write(data)

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
        self._believed = (
            "TMUX" not in os.environ
        )  # tmux answers itself: it knows nothing of the line behind it
        self._writer = TerminalWriter(
            file.fileno(), file.encoding, thin, Line(), self.wire.meter, self._redraw
        )
        start: Callable[[], None] = super().start_application_mode
        start()
        self._watch_size()
        if self.wire.driver is self:
            self._redraw()  # taken up again: Textual draws what it takes for changed, and all of it is gone
        self.wire.driver = self

    def stop_application_mode(self) -> None:
        """Leave the terminal as it was, once no answer can come that the shell would take for typing."""
        if self._writer is not None:
            self._writer.hush(*self._size_seen, _LAST_ANSWERS)
        super().stop_application_mode()

    def close(self) -> None:
        """Write the last words."""
        super().close()
        self._end_writer()

    def process_message(self, message: Message) -> None:
        """Keep the answers to our own queries; forget what is shown when the terminal says it was resized."""
        writer = self._writer
        if isinstance(message, TerminalSupportsSynchronizedOutput) and writer is not None and self._believed:
            writer.answered()
            if self._answered:
                return
            self._answered = True
        super().process_message(message)
        if isinstance(message, Resize):
            self._resized(*message.size)

    def forget(self) -> None:
        """Take nothing on the terminal for known, and ask for all of it."""
        if (writer := self._writer) is not None:
            writer.forget(*self._size_seen)
            self._redraw()

    def _resized(self, columns: int, lines: int) -> None:
        """Forget what is shown; Textual draws all of it, unless the size went there and back meanwhile."""
        self._size_seen = columns, lines
        if (writer := self._writer) is not None:
            writer.forget(columns, lines)
            screens = self._own_app.screen_stack
            if screens and screens[-1].size == self._size_seen:
                self._redraw()

    def _redraw(self) -> None:
        """Have Textual draw everything, after what it does itself at a change of size."""
        self._soon(self._soon, self._own_app.call_later, self._own_app.refresh)

    def _end_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.stop()

    def _watch_size(self) -> None:
        """Do what Textual does at a change of size, and forget what is shown."""
        theirs = signal.getsignal(signal.SIGWINCH)

        def resized(number: int, frame: FrameType | None) -> None:
            if callable(theirs):
                theirs(number, frame)
            self._resized(*self._size_now())

        signal.signal(signal.SIGWINCH, resized)

    def _put_off(self, number: signal.Signals) -> None:
        """Have the loop do what Textual does at a signal: it must not come in the middle of writing."""
        theirs = signal.getsignal(number)
        if callable(theirs):

            def at(*given: Any) -> None:
                if self._writer is None:
                    theirs(*given)
                else:
                    self._soon(theirs, *given)

            signal.signal(number, at)

    @staticmethod
    def _size_now() -> tuple[int, int]:
        try:
            columns, lines = os.get_terminal_size(_terminal().fileno())
        except OSError:
            return _ELSEWHERE
        return (columns, lines) if columns and lines else _ELSEWHERE


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
