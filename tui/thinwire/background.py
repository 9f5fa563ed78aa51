"""The terminal's background: asked for, and followed while the program runs.

The terminal answers among what is typed, so its reports are taken out of that before Textual reads keys:
they would be taken for letters. Nothing typed is lost, however late an answer comes.
"""

from __future__ import annotations

import os
import re
import selectors
from codecs import getincrementaldecoder
from collections.abc import Callable
from threading import Event
from typing import Any, Final

from textual._xterm_parser import XTermParser

from tui.thinwire.driver import ThinDriver, WireHandle
from tui.thinwire.pasted_text import PastedText

ASK: Final = "\x1b]11;?\x1b\\"
"""OSC 11: the terminal reports the colour of its background."""
FOLLOW: Final = "\x1b[?2031h"
"""The terminal reports when its colours turn light or dark."""
UNFOLLOW: Final = "\x1b[?2031l"
ANSWER_S: Final = 0.1
"""Seconds that the first frame waits for the answer: a later one is heeded when it comes."""
_REPORT: Final = re.compile(r"\x1b\]11;([^\x07\x1b]*)(?:\x07|\x1b\\)|\x1b\[\?997;([12])n")
_BEGUN: Final = re.compile(
    r"\x1b(?:\](?:1(?:1(?:;[^\x07\x1b]{0,40}\x1b?)?)?)?|\[\?(?:9(?:9(?:7(?:;[12]?)?)?)?)?)\Z"
)
"""The start of a report whose end has not arrived. Escape and ``Escape [`` are most often keys."""
_COLOUR: Final = re.compile(r"rgba?:([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})")
_BRIGHTNESS: Final = (0.299, 0.587, 0.114)


def is_dark(colour: str) -> bool | None:
    """Return whether a colour in X11's notation is dark; None when it is no colour.

    >>> is_dark("rgb:1e1e/1e1e/2e2e"), is_dark("rgb:ff/ff/f0"), is_dark("?")
    (True, False, None)
    """
    found = _COLOUR.match(colour)
    if found is None:
        return None
    parts = (int(part, 16) / int("F" * len(part), 16) for part in found.groups())
    return sum(weight * part for weight, part in zip(_BRIGHTNESS, parts, strict=True)) < 0.5


class ReportReader:
    """Takes reports of the background out of what arrives from the terminal."""

    def __init__(self, tell: Callable[[bool], None]) -> None:
        self._tell = tell
        self._held = ""

    def keys(self, arrived: str) -> str:
        """Return what is not part of a report; what may begin one is kept until its end arrives."""
        text, self._held = self._held + arrived, ""
        kept = _REPORT.sub(self._heard, text)
        if (begun := _BEGUN.search(kept)) is not None:
            kept, self._held = kept[: begun.start()], begun[0]
        return kept

    def rest(self) -> str:
        """Return what was kept, when nothing more arrives: it was typed."""
        held, self._held = self._held, ""
        return held

    def _heard(self, report: re.Match[str]) -> str:
        dark = report[2] == "1" if report[2] else is_dark(report[1])
        if dark is not None:
            self._tell(dark)
        return ""


class AskingDriver(ThinDriver):
    """Asks the terminal for its background when it starts, and tells ``wire.tell`` of each report.

    It overrides Textual's thread that reads, to read reports before Textual does.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._reports_heard = Event()

    def start_application_mode(self) -> None:
        """Take over the terminal; wait a moment for its answer, so that the first frame has its colours."""
        super().start_application_mode()
        if self.wire.asks:
            self.ask()
            self._reports_heard.wait(ANSWER_S)

    def stop_application_mode(self) -> None:
        """Have the terminal report nothing more, and restore it."""
        try:
            if self.wire.asks:
                self.write(UNFOLLOW)
        finally:
            super().stop_application_mode()

    def ask(self) -> None:
        """Ask for the background now, and for reports when it changes."""
        self.write(ASK + FOLLOW)

    def _heard(self, dark: bool) -> None:
        self._call_soon(self.wire.tell, dark)
        self._reports_heard.set()

    def run_input_thread(self) -> None:
        """Read keys as Textual's own driver does, without the reports among them.

        A terminal that is gone ends the app, as its signal does; that is not sent where it controls nothing.
        """
        reports, pasted = ReportReader(self._heard), PastedText()
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")().decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            ended = False
            while not ended:
                ended = self.exit_event.is_set()
                if selector.select(0.1):
                    read = self._read()
                    ended = ended or not read  # a terminal that is gone can be read for ever
                    arrived = decode(read, final=ended)
                    keys = reports.keys(arrived) if arrived else ""
                else:
                    keys = reports.rest()
                keys = pasted.harmless(keys)
                for message in (*(parser.feed(keys) if keys else ()), *parser.tick()):
                    self.process_message(message)
        if not self.exit_event.is_set():
            self._call_soon(self._own_app.exit)

    def _read(self) -> bytes:
        """Return what arrived from the terminal, nothing once that is gone."""
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""


def hear_background(handle: WireHandle, tell: Callable[[bool], None], *, asks: bool) -> None:
    """Have ``handle`` tell whether the background is dark; with ``asks`` the terminal is asked at once."""

    class Bound(AskingDriver):
        """The driver that belongs to the handle."""

        wire = handle

    handle.driver_class, handle.tell, handle.asks = Bound, tell, asks
