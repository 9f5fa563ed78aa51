"""What every dialog has in common: one bordered box with its title above and its keys below.

A dialog is answered exactly once, however often a key repeats, and covers only its own box: the desk
behind it is not tinted, so that opening and closing cost no more than the box on a slow line.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from styles import sheet
from tui.api.gate import clean
from widgets.keyhints import Hints, key_hints

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A modal box; Esc and Ctrl-C close it without a result."""

    CSS_PATH = sheet("dialogs")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "back", "Back", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._answered = False

    def box(self, title: str, hints: Hints) -> Vertical:
        """Give the box the content goes into."""
        box = Vertical(id="box")
        box.border_title = Content(clean(title))
        box.border_subtitle = key_hints(hints)
        return box

    def answer(self, result: T | None) -> None:
        """Close with ``result``; only the first answer counts."""
        if not self._answered:
            self._answered = True
            self.dismiss(result)

    def action_back(self) -> None:
        """Close without a result."""
        self.answer(None)
