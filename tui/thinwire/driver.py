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
from time import monotonic
from types import FrameType
from typing import ClassVar, Final

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
    _writer: Writer | None = None
    _line: Line
    _soon: Callable[..., object]

    def write(self, data: str) -> None:
        """Take what Textual writes; it is sent by a thread, as far as the terminal does not show it."""
        assert self._writer is not None, "written to before it was started"
        self._writer.write(data)

    def flush(self) -> None:
        """Do nothing: the thread writes whenever it can."""

    def start_application_mode(self) -> None:
        """Take the terminal."""
        file = sys.__stderr__
        assert file is not None
        self._line = Line()
        encoding = file.encoding
        thin = ThinWire(
            *self._size_now(), can_scroll=can_scroll(), ascii_only=not encoding.lower().startswith("utf")
        )
        self._writer = Writer(file.fileno(), encoding, thin, self._line, self.wire.meter)
        self._writer.start()
        self.wire.driver = self
        self._soon = asyncio.get_running_loop().call_soon_threadsafe
        start: Callable[[], None] = super().start_application_mode
        start()
        self._watch_size()

    def stop_application_mode(self) -> None:
        """Leave the terminal as it was, once no answer can come that the shell would take for typing."""
        if self._writer is not None:
            self._writer.hush(_LAST_ANSWERS)
        super().stop_application_mode()

    def close(self) -> None:
        """Write the last words."""
        super().close()
        if self._writer is not None:
            self._writer.stop()

    def process_message(self, message: Message) -> None:
        """Keep the answers to our own queries; forget what is shown when the terminal says it was resized."""
        if isinstance(message, TerminalSupportsSynchronizedOutput) and self._writer is not None:
            if self._line.answers:
                self._writer.answered()
                return
            self._line.answers = True
        elif isinstance(message, Resize):
            self.forget()
        super().process_message(message)

    def forget(self) -> None:
        """Take nothing on the terminal for known, and ask for all of it."""
        if self._writer is not None:
            self._writer.forget(*self._size_now())
            self._soon(self._app.call_later, self._app.refresh)

    def _watch_size(self) -> None:
        """Forget what is shown whenever the terminal changes its size, then do what Textual does."""
        theirs = signal.getsignal(signal.SIGWINCH)

        def resized(number: int, frame: FrameType | None) -> None:
            self.forget()
            if callable(theirs):
                theirs(number, frame)

        signal.signal(signal.SIGWINCH, resized)

    @staticmethod
    def _size_now() -> tuple[int, int]:
        file = sys.__stderr__
        assert file is not None
        try:
            return os.get_terminal_size(file.fileno())
        except OSError:
            return _ELSEWHERE


def can_scroll() -> bool:
    """Tell whether the terminal moves rows between margins as xterm does, by what terminfo says of it."""
    try:
        import curses

        curses.setupterm()
        margins, out, into = (curses.tigetstr(name) for name in ("csr", "dl", "il"))
    except (ImportError, curses.error):
        return False
    return (margins, out, into) == (b"\x1b[%i%p1%d;%p2%dr", b"\x1b[%p1%dM", b"\x1b[%p1%dL")
