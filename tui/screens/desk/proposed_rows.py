"""The rows of a pane that a program only proposes: hatched lines under its real rows, counted nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.api.sanitize import clean
from tui.columns.hatching import hatch
from widgets.whole_numbers import shortened

MOST: Final = 3
"""The lines that they may take: they take them from the rows."""


class ProposedRows(Widget):
    """Shows what would be new in a pane, a line each; with many, how many more there are."""

    DEFAULT_CSS = "ProposedRows { height: auto; padding: 0 1; }"

    class Pressed(Message):
        """Somebody clicked it."""

    def __init__(self, *, ascii: bool) -> None:
        super().__init__(classes="proposed")
        self._hatch = hatch(ascii=ascii)
        self._rows: Sequence[str] = ()

    def show(self, rows: Sequence[str]) -> None:
        """Show these rows, in words."""
        self._rows = rows
        self.refresh(layout=True)

    @property
    def lines(self) -> Sequence[str]:
        """What is shown, line by line."""
        more = len(self._rows) - MOST
        if more <= 0:
            return self._rows
        return [*self._rows[: MOST - 1], f"and {more + 1:,} more are proposed"]

    def render(self) -> Content:
        width = self.content_size.width
        lines = (
            Content.assemble((f"{self._hatch} ", "$waiting"), (clean(line), "italic dim"))
            for line in self.lines
        )
        return Content("\n").join(shortened(line, width) for line in lines)

    def on_click(self) -> None:
        """Tell that somebody wants to see more of them."""
        self.post_message(self.Pressed())
