"""The base of every dialog: one bordered box, its title above and its keys below.

A dialog covers only its own box: the desk behind it is not tinted, so that opening and closing repaint no
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
from tui.screens.above_screen import AboveScreen
from tui.screens.dismiss_once import DismissOnce
from widgets.key_bar import Hints, key_hints
from widgets.latin_keys import not_latin

T = TypeVar("T")

WIDEST: Final = 104
"""The most columns of a box."""
EDGES: Final = 4
"""The columns of its border and padding."""

GUARD_S: Final = 0.25
"""Seconds after the first paint during which keys are ignored, and again after each ignored key."""

clock: Callable[[], float] = time.monotonic
"""A monotonic clock in seconds; tests replace it."""


def content_width(columns: int) -> int:
    """Return the cells of a line in the box of a dialog, in a terminal of so many columns."""
    return min(columns, WIDEST) - EDGES


class Dialog(AboveScreen[T], ModalScreen[T], DismissOnce[T]):
    """A modal box; Esc and Ctrl-C close it without a result."""

    CSS_PATH = sheet("dialogs")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "back", "Back", priority=True),
    ]

    def box(self, title: str, hints: Hints) -> Vertical:
        """Return the box that holds the content."""
        box = Vertical(id="box")
        box.styles.max_width = WIDEST
        box.border_title = Content(clean(title))
        box.border_subtitle = key_hints(hints)
        return box

    async def on_event(self, event: events.Event) -> None:
        """Do not apply styles anew when it is shown, if they were when it was mounted.

        Of the first dialog of all they were not, where it opens before its style sheet was read.
        """
        if isinstance(event, events.ScreenResume):
            event.refresh_styles = self.styles.align_vertical != "middle"
        await super().on_event(event)

    def action_back(self) -> None:
        """Close without a result."""
        self.dismiss(None)


class GuardedDialog(Dialog[T]):
    """A dialog that ignores pastes, and keys that were on their way before a person could read it."""

    def __init__(self) -> None:
        super().__init__()
        self._open_from: float | None = None

    def on_mount(self) -> None:
        """Accept keys from the first paint on."""
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._open_from = clock() + GUARD_S

    def too_early(self, pressed: float) -> bool:
        """Return whether a key came before the dialog could be read; if so, wait anew."""
        if self._open_from is None:
            return True
        if pressed < self._open_from:
            self._open_from = pressed + GUARD_S
            return True
        return False

    def guard_again(self) -> None:
        """Ignore keys until what is shown now could be read too."""
        if self._open_from is not None:
            self._open_from = clock() + GUARD_S

    def on_key(self, event: events.Key) -> None:
        """Act on a key, unless it was pressed before the dialog could be read."""
        foreign = not_latin(event.character)
        if not self.tell_not_latin(foreign) and foreign:
            return  # the app says it
        event.stop()
        event.prevent_default()
        if not foreign and not self.too_early(min(event.time, clock())):
            self.act_on_key(event.key, event.character or "")

    def tell_not_latin(self, said: str) -> bool:
        """Return whether the dialog says itself that a key is of another script; empty of any other key."""
        return False

    def on_paste(self, event: events.Paste) -> None:
        """Ignore a paste: it may hold a confirmation nobody meant."""
        event.stop()

    def act_on_key(self, key: str, character: str) -> None:
        """Do what a key means in this dialog; it was pressed after the dialog could be read."""
        raise NotImplementedError
