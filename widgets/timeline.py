"""A timeline, newest first: an entry takes one line where it fits, else two, and one for what it is about.

It draws only the visible lines (line API) and does not know what the entries mean: they arrive as cleaned
texts, with the name of a style for the mark in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.grid.text import fit

Role = Literal["", "live", "waiting", "good", "attention", "bad", "idle"]

ONE_LINE_WIDTH: Final = 130
"""From this many columns on, an entry fits one line."""
MOST_WHO: Final = 14
MOST_REQUEST: Final = 20
GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry of a timeline, as texts; ``about`` has a line of its own. ``role`` names its mark's style."""

    when: str
    who: str
    what: str
    change: str = ""
    related: str = ""
    request: str = ""
    about: str = ""
    role: Role = ""


@dataclass(frozen=True, slots=True)
class _Layout:
    """The widths of one entry's parts at one ``width`` of the widget."""

    width: int
    lines: int
    wide: bool
    when: int
    who: int
    what: int
    change: int
    related: int
    request: int


class Timeline(ScrollView, can_focus=True):
    """Entries newest first, with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "timeline--cursor",
        "timeline--when",
        "timeline--who",
        "timeline--what",
        "timeline--change",
        "timeline--related",
        "timeline--rail",
        *(f"timeline--{role}" for role in ("live", "waiting", "good", "attention", "bad", "idle")),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Newer", show=False),
        Binding("down,j", "move(1)", "Older", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False),
        Binding("home", "to_newest", "Newest", show=False),
        Binding("end,G", "to_oldest", "Oldest", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    class Highlighted(Message):
        """The cursor moved to entry ``index``."""

        def __init__(self, timeline: Timeline, index: int) -> None:
            super().__init__()
            self.timeline = timeline
            self.index = index

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Timeline.Highlighted)

    def __init__(self, *, marks: tuple[str, str] = ("●", "│"), id: str | None = None) -> None:
        super().__init__(id=id)
        self._moments: tuple[TimelineEntry, ...] = ()
        self._mark, self._rail = marks
        self._measured: _Layout | None = None
        self._drawn_styles: dict[str, Style] = {}

    @property
    def moments(self) -> tuple[TimelineEntry, ...]:
        """The entries shown."""
        return self._moments

    def show(self, moments: Sequence[TimelineEntry], cursor: int = 0) -> None:
        """Show ``moments`` with the cursor on entry ``cursor``."""
        self._moments = tuple(moments)
        self._measured = None
        self.set_reactive(Timeline.cursor, max(0, min(cursor, len(self._moments) - 1)))
        self._resized()
        self._reveal()
        if self._moments:
            self.post_message(self.Highlighted(self, self.cursor))

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on an entry."""
        return max(0, min(cursor, len(self._moments) - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        """Repaint both entries, and report the move."""
        if before == now or not self._moments:
            return
        for index in (before, now):
            self._refresh_entry(index)
        self._reveal()
        self.post_message(self.Highlighted(self, now))

    def action_move(self, by: int) -> None:
        """Move the cursor by entries."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.cursor += by * max(1, self.scrollable_content_region.height // self._widths.lines - 1)

    def action_to_newest(self) -> None:
        """Go to the first entry."""
        self.cursor = 0

    def action_to_oldest(self) -> None:
        """Go to the last entry."""
        self.cursor = len(self._moments) - 1

    def on_resize(self) -> None:
        """Lay out again, and keep the cursor in sight."""
        self._measured = None
        self._resized()
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse points."""
        self.cursor = (event.y + self.scroll_offset.y) // self._widths.lines

    def notify_style_update(self) -> None:
        """Drop the styles of the previous theme."""
        self._drawn_styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self._widths.width
        index, line = divmod(y + self.scroll_offset.y, self._widths.lines)
        if index >= len(self._moments):
            return Strip.blank(width, self.rich_style)
        base = self.rich_style
        if index == self.cursor and self.has_focus:
            base += self._style("cursor")
        parts = self._first(index) if line == 0 else self._further(index, line)
        segments = [Segment(text, base + style if style else base) for text, style in parts if text]
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _first(self, index: int) -> list[tuple[str, Style | None]]:
        moment, layout = self._moments[index], self._widths
        role = self._style(moment.role) if moment.role else None
        same = index > 0 and self._moments[index - 1].when == moment.when
        parts = [
            (" " + self._mark + " ", role),
            (fit(moment.when, layout.when) + GAP, self._style("rail" if same else "when")),
            (fit(moment.who, layout.who) + GAP, self._style("who")),
            (fit(moment.what, layout.what), self._style("what")),
        ]
        return [*parts, (GAP, None), *self._tail(moment)] if layout.wide else parts

    def _further(self, index: int, line: int) -> list[tuple[str, Style | None]]:
        moment, layout = self._moments[index], self._widths
        last = index == len(self._moments) - 1
        rail = (f" {' ' if last else self._rail}   ", self._style("rail"))
        if line == layout.lines - 1 and not layout.wide:
            return [rail, *self._tail(moment)]
        return [rail, (fit(moment.about, layout.width - len(rail[0])), self._style("related"))]

    def _tail(self, moment: TimelineEntry) -> list[tuple[str, Style | None]]:
        layout = self._widths
        return [
            (fit(moment.change, layout.change) + GAP, self._style("change")),
            (fit(moment.related, layout.related) + GAP, self._style("related")),
            (fit(moment.request, layout.request), self._style("rail")),
        ]

    @property
    def _widths(self) -> _Layout:
        width = self.scrollable_content_region.width
        if self._measured is None or self._measured.width != width:
            self._measured = self._lay_out(width)
        return self._measured

    def _lay_out(self, width: int) -> _Layout:
        def widest(texts: list[str], most: int) -> int:
            return min(max(map(cell_len, texts), default=0), most)

        shown = self._moments
        when = widest([moment.when for moment in shown], 24)
        who = widest([moment.who for moment in shown], MOST_WHO)
        request = widest([moment.request for moment in shown], MOST_REQUEST)
        related = widest([moment.related for moment in shown], max(12, width // 4))
        more = any(moment.about for moment in shown)
        head = 3 + when + who + 2 * len(GAP)
        if width >= ONE_LINE_WIDTH:
            rest = max(0, width - head - 3 * len(GAP) - request - related)
            what = widest([moment.what for moment in shown], rest)
            change = widest([moment.change for moment in shown], max(rest - what, rest * 2 // 5))
            return _Layout(
                width, 1 + more, True, when, who, min(what, rest - change), change, related, request
            )
        change = max(0, width - 5 - 2 * len(GAP) - related - request)
        return _Layout(width, 2 + more, False, when, who, max(0, width - head), change, related, request)

    def _resized(self) -> None:
        self.virtual_size = Size(self._widths.width, len(self._moments) * self._widths.lines)
        self.refresh()

    def _refresh_entry(self, index: int) -> None:
        lines = self._widths.lines
        self.refresh(Region(0, index * lines - self.scroll_offset.y, self.size.width, lines))

    def _reveal(self) -> None:
        lines, height = self._widths.lines, self.scrollable_content_region.height
        top, bottom = self.cursor * lines, (self.cursor + 1) * lines
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, immediate=True)
        elif height and bottom > self.scroll_offset.y + height:
            self.scroll_to(y=bottom - height, animate=False, immediate=True)

    def on_focus(self) -> None:
        """Show the cursor."""
        self._refresh_entry(self.cursor)

    def on_blur(self) -> None:
        """Hide the cursor."""
        self._refresh_entry(self.cursor)

    def _style(self, name: str) -> Style:
        style = self._drawn_styles.get(name)
        if style is None:
            style = self._drawn_styles[name] = self.get_component_rich_style(
                f"timeline--{name}", partial=True
            )
        return style
