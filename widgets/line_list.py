"""Items of one or more lines each, of which some can be gone to: the cursor stands on one of these.

It draws only the lines in sight (line API). The keys are the owner's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

CURSOR: Final = "line-list--cursor"


class LineItem(NamedTuple):
    """One item: its lines, as they are laid out for some width, and whether the cursor may stand on it."""

    lines: Sequence[Content]
    is_target: bool


class LineList(ScrollView, can_focus=False):
    """Shows items, and tells which one is chosen."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {CURSOR}
    DEFAULT_CSS = "LineList { height: auto; overflow-x: hidden; }"

    class Chosen(Message):
        """Item ``index`` was chosen."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, items: Sequence[LineItem] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._take(items)
        self.cursor = next(iter(self._targets), None)
        """The item under the cursor; None where there is none to go to."""

    def show(self, items: Sequence[LineItem]) -> None:
        """Show other items, or the same for another width; the cursor stays, or goes to the one before."""
        self._take(items)
        if self.cursor not in self._targets:
            there = self.cursor or 0
            before = [index for index in self._targets if index <= there]
            self.cursor = before[-1] if before else next(iter(self._targets), None)
        self.refresh(layout=True)
        self._reveal()

    def _take(self, items: Sequence[LineItem]) -> None:
        self._lines = [(index, line) for index, item in enumerate(items) for line in item.lines]
        self._targets = [index for index, item in enumerate(items) if item.is_target]
        self._tops: dict[int, int] = {}
        for at, (index, _) in enumerate(self._lines):
            self._tops.setdefault(index, at)
        self.set_reactive(Widget.virtual_size, Size(self.size.width, len(self._lines)))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines)

    def on_resize(self) -> None:
        """Keep the extent at the new width."""
        self.virtual_size = Size(self.size.width, len(self._lines))

    # --- the cursor ----------------------------------------------------------------------------

    def move(self, by: int) -> None:
        """Move the cursor by items that it may stand on."""
        if self.cursor is not None:
            self._go(self._targets.index(self.cursor) + by)

    def page(self, by: int) -> None:
        """Move the cursor by pages."""
        if self.cursor is not None:
            there = self._tops[self.cursor] + by * max(1, self.size.height - 1)
            passed = sum(self._tops[index] <= there for index in self._targets)
            at = self._targets.index(self.cursor)
            self._go(max(passed - 1, at + 1) if by > 0 else min(passed - 1, at - 1))

    def to_end(self, *, last: bool) -> None:
        """Go to the first or the last item that the cursor may stand on."""
        self._go(len(self._targets) - 1 if last else 0)

    def choose(self) -> None:
        """Choose the item under the cursor."""
        if self.cursor is not None:
            self.post_message(self.Chosen(self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Choose the item that is clicked."""
        at = event.y + self.scroll_offset.y
        if at < len(self._lines) and self._lines[at][0] in self._targets:
            self._go(self._targets.index(self._lines[at][0]))
            self.choose()

    def _go(self, target: int) -> None:
        if self._targets:
            before, self.cursor = self.cursor, self._targets[max(0, min(target, len(self._targets) - 1))]
            for index in {before, self.cursor} - {None}:
                assert index is not None
                self.refresh(self._region(index))
            self._reveal()

    def _region(self, index: int) -> Region:
        top = self._tops[index]
        height = sum(index == of for of, _ in self._lines[top : top + self.size.height])
        return Region(0, top - self.scroll_offset.y, self.size.width, height)

    def _reveal(self) -> None:
        """Scroll as little as brings the cursor in sight; with the first target, all that is above it."""
        if self.cursor is None or not self.size.height:
            return
        top = 0 if self.cursor == self._targets[0] else self._tops[self.cursor]
        bottom = self._tops[self.cursor] + self._region(self.cursor).height
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, immediate=True)
        elif bottom > self.scroll_offset.y + self.size.height:
            self.scroll_to(y=bottom - self.size.height, animate=False, immediate=True)

    # --- drawing -------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is in sight."""
        at, width = y + self.scroll_offset.y, self.size.width
        if at >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        index, line = self._lines[at]
        style = self.get_visual_style(CURSOR) if index == self.cursor else self.visual_style
        return Strip(line.render_segments(style)).adjust_cell_length(width, style.rich_style)
