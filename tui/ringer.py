"""Rings for news while nobody looks at the terminal: the bell, and a notification of the desktop.

Both go through the driver, as everything that reaches the terminal does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tui.api.sanitize import clean
from tui.service.numbers import counted
from tui.service.tape.tape import TapeEntry, TapeSettings

if TYPE_CHECKING:
    from textual.app import App
    from textual.timer import Timer

APART_S: Final = 5.0
"""The least seconds between two rings: news meanwhile is told by the second."""
LONGEST: Final = 200
"""Characters of a notification; terminals cut longer ones."""
SEQUENCES: Final = {"osc9": "\x1b]9;{words}\x1b\\", "osc777": "\x1b]777;notify;Blotter;{words}\x1b\\"}
"""What asks a terminal for a notification of the desktop."""


class Ringer:
    """Rings on the terminal of an app, as its settings say, and not too often."""

    def __init__(self, app: App[None], settings: TapeSettings) -> None:
        self._app = app
        self._settings = settings
        self._waiting: list[TapeEntry] = []
        self._resting: Timer | None = None

    def ring(self, news: Sequence[TapeEntry]) -> None:
        """Ring for news at once, or together with what comes soon after the last time it rang."""
        self._waiting += (each for each in news if each not in self._waiting)
        if self._resting is None:
            self._ring()

    def _ring(self) -> None:
        self._resting = None
        news, self._waiting = self._waiting, []
        if not news or self._app.app_focus:
            return
        driver = self._app._driver
        if driver is None:
            return
        if self._settings.bell:
            driver.write("\a")
        if sequence := SEQUENCES.get(self._settings.notification):
            driver.write(sequence.format(words=_in_short(news)))
        driver.flush()
        self._resting = self._app.set_timer(APART_S, self._ring)


def _in_short(news: Sequence[TapeEntry]) -> str:
    """Return news as one harmless text: the worst of it, and how much more there is."""
    first = next((each for each in news if each.role == "bad"), news[-1])
    more = f" (and {counted(len(news) - 1, 'more line')})" if len(news) > 1 else ""
    return clean(f"{first.text[:LONGEST]}{more}").replace(";", ",")
