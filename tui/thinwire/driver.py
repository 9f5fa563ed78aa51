"""Textual's own driver for terminals, with its output going through the thin wire.

It overrides ``write``, ``flush``, ``close``, ``process_message`` and starting and stopping, nothing else. It
relies on these details of ``LinuxDriver``: all output goes through ``self.write`` to ``sys.__stderr__``; the
handlers of SIGTSTP and SIGCONT are installed by the constructor, that of SIGWINCH on start. Tests compare
every byte of starting and stopping, and the effect of the signals.
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

from tui.thinwire.flow_control import FlowControl
from tui.thinwire.meter import Figures, Meter
from tui.thinwire.terminal_writer import TerminalWriter
from tui.thinwire.wire import ThinWire

_LAST_ANSWERS_S: Final = 1.5
"""Seconds to wait for each answer before leaving the terminal: the shell would read a late one as typing."""
_DEFAULT_SIZE: Final = (80, 24)
"""Columns and lines of a terminal that does not report its size."""


class WireHandle:
    """An app's view of its thin wire: the driver class to run on, its figures, and how to redraw."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.driver: ThinDriver | None = None

        class Bound(ThinDriver):
            """The driver that belongs to this handle."""

            wire = self

        self.driver_class: type[ThinDriver] = Bound
        self.asks = False
        """Whether the terminal is asked for its background when the program takes it over."""
        self.tell: Callable[[bool], None] = lambda dark: None
        """Is told in the event loop whether the terminal's background is dark, now and when that changes."""

    def ask_background(self) -> None:
        """Ask for the background from now on."""
        self.asks = True
        if self.driver is not None:
            self.driver.ask()

    def invalidate(self) -> None:
        """Treat all cells of the terminal as unknown, and have everything drawn again."""
        if self.driver is not None:
            self.driver.invalidate()

    def figures(self) -> Figures:
        """Return what was written and sent so far."""
        return self.meter.figures(monotonic())


class ThinDriver(LinuxDriver):
    """Sends what differs. :class:`WireHandle` makes it, and it registers itself there."""

    wire: ClassVar[WireHandle]

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
        self._call_soon = asyncio.get_running_loop().call_soon_threadsafe
        self._writer: TerminalWriter | None = None
        self._textual_knows = False
        self._trusts_answers = True
        self._known_size = self._current_size()
        for number in (signal.SIGTSTP, signal.SIGCONT):
            self._defer_signal(number)

    def write(self, data: str) -> None:
        """Send what the terminal does not show yet of Textual's output.

        No-op once the writer has ended: the terminal belongs to the shell by then.
        """
        if (writer := self._writer) is not None:
            writer.write(data)

    def flush(self) -> None:
        """No-op: write() already sent everything the terminal accepts."""

    def start_application_mode(self) -> None:
        """Take over the terminal."""
        self._stop_writer()
        file = _terminal()
        plain = not file.encoding.lower().startswith("utf")
        self._known_size = self._current_size()
        thin = ThinWire(*self._known_size, can_scroll=can_scroll(), can_erase=can_erase(), ascii_only=plain)
        self._textual_knows = False
        self._trusts_answers = "TMUX" not in os.environ  # tmux answers for itself, not for the line behind it
        self._writer = TerminalWriter(
            file.fileno(), file.encoding, thin, FlowControl(), self.wire.meter, self._redraw
        )
        start: Callable[[], None] = super().start_application_mode
        start()
        self._watch_size()
        if self.wire.driver is self:
            self._redraw()  # resumed: Textual would draw only what changed since, on a blank screen
        self.wire.driver = self

    def stop_application_mode(self) -> None:
        """Restore the terminal, once no answer can arrive that the shell would read as typing."""
        if self._writer is not None:
            self._writer.drop_pending(*self._known_size, _LAST_ANSWERS_S)
        super().stop_application_mode()

    def close(self) -> None:
        """Write all that is left and end the writer."""
        super().close()
        self._stop_writer()

    def process_message(self, message: Message) -> None:
        """Keep the answers to our own queries from Textual; invalidate the frame on a resize."""
        writer = self._writer
        if (
            isinstance(message, TerminalSupportsSynchronizedOutput)
            and writer is not None
            and self._trusts_answers
        ):
            writer.answered()
            if self._textual_knows:
                return
            self._textual_knows = True
        super().process_message(message)
        if isinstance(message, Resize):
            self._on_resize(*message.size)

    def ask(self) -> None:
        """No-op: only :class:`tui.thinwire.background.AskingDriver` asks."""

    def invalidate(self) -> None:
        """Treat all cells of the terminal as unknown, and have everything drawn again."""
        if (writer := self._writer) is not None:
            writer.invalidate(*self._known_size)
            self._redraw()

    def _on_resize(self, columns: int, lines: int) -> None:
        """Invalidate the frame; Textual draws all of it, unless the size changed back in the meantime."""
        self._known_size = columns, lines
        if (writer := self._writer) is not None:
            writer.invalidate(columns, lines)
            screens = self._own_app.screen_stack
            if screens and screens[-1].size == self._known_size:
                self._redraw()

    def _redraw(self) -> None:
        """Have Textual draw everything, after its own handling of a resize."""
        self._call_soon(self._call_soon, self._own_app.call_later, self._own_app.refresh)

    def _stop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.stop()

    def _watch_size(self) -> None:
        """Extend Textual's handler of SIGWINCH: invalidate the frame."""
        theirs = signal.getsignal(signal.SIGWINCH)

        def resized(number: int, frame: FrameType | None) -> None:
            if callable(theirs):
                theirs(number, frame)
            self._on_resize(*self._current_size())

        signal.signal(signal.SIGWINCH, resized)

    def _defer_signal(self, number: signal.Signals) -> None:
        """Run Textual's handler of a signal in the event loop: it must not interrupt a write."""
        theirs = signal.getsignal(number)
        if callable(theirs):

            def at(*given: Any) -> None:
                if self._writer is None:
                    theirs(*given)
                else:
                    self._call_soon(theirs, *given)

            signal.signal(number, at)

    @staticmethod
    def _current_size() -> tuple[int, int]:
        try:
            columns, lines = os.get_terminal_size(_terminal().fileno())
        except OSError:
            return _DEFAULT_SIZE
        return (columns, lines) if columns and lines else _DEFAULT_SIZE


def _terminal() -> TextIO:
    """Return the stream that Textual's driver writes to."""
    assert sys.__stderr__ is not None
    return sys.__stderr__


def can_scroll() -> bool:
    """Return whether terminfo says that the terminal scrolls between margins as xterm does."""
    return _strings("csr", "dl", "il") == (b"\x1b[%i%p1%d;%p2%dr", b"\x1b[%p1%dM", b"\x1b[%p1%dL")


def can_erase() -> bool:
    """Return whether terminfo says that erased cells take the background, and that cells are erased as xterm
    does."""
    if _strings("el", "ech") != (b"\x1b[K", b"\x1b[%p1%dX"):
        return False
    import curses

    return curses.tigetflag("bce") == 1


@cache
def _strings(*names: str) -> tuple[bytes | None, ...]:
    """Return capabilities of the terminal as terminfo has them; none where there is no terminfo."""
    try:
        import curses

        curses.setupterm(fd=_terminal().fileno())
    except (ImportError, curses.error):
        return ()
    return tuple(map(curses.tigetstr, names))
