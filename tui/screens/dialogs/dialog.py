"""What every dialog has in common: one bordered box with its title above and its keys below.

A dialog covers only its own box: the desk behind it is not tinted, so that opening and closing cost no
more than the box on a slow line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Final, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from styles import sheet
from tui.api.sanitize import clean
from tui.screens.dismiss_once import DismissOnce
from widgets.key_bar import Hints, key_hints

T = TypeVar("T")

GUARD_S: Final = 0.25
"""How long after the first paint keys are thrown away, and after the last key thrown away."""

clock: Callable[[], float] = time.monotonic
"""Seconds that only go forward; a test may put its own here."""


class Dialog(ModalScreen[T], DismissOnce[T]):
    """A modal box; Esc and Ctrl-C close it without a result."""

    CSS_PATH = sheet("dialogs")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "back", "Back", priority=True),
    ]

    def box(self, title: str, hints: Hints) -> Vertical:
        """Give the box the content goes into."""
        box = Vertical(id="box")
        box.border_title = Content(clean(title))
        box.border_subtitle = key_hints(hints)
        return box

    def action_back(self) -> None:
        """Close without a result."""
        self.dismiss(None)


class GuardedDialog(Dialog[T]):
    """A dialog that takes no key which was on its way before a person could have read it, and no paste."""

    def __init__(self) -> None:
        super().__init__()
        self._open_from: float | None = None

    def on_mount(self) -> None:
        """Listen only once it can be read."""
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._open_from = clock() + GUARD_S

    def too_early(self, pressed: float) -> bool:
        """Tell whether a key of this moment was meant for something else, and begin to wait anew."""
        if self._open_from is None:
            return True
        if pressed < self._open_from:
            self._open_from = pressed + GUARD_S
            return True
        return False

    def on_key(self, event: events.Key) -> None:
        """Take a key, unless it was pressed before the dialog could be read."""
        event.stop()
        event.prevent_default()
        if not self.too_early(min(event.time, clock())):
            self.take(event.key, event.character or "")

    def on_paste(self, event: events.Paste) -> None:
        """Take no paste: it may hold a yes nobody meant."""
        event.stop()

    def take(self, key: str, character: str) -> None:
        """Do what a key asks for."""
        raise NotImplementedError
