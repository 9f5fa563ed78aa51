"""A timeline, newest first: an entry takes one line where it fits, and as many more as its texts need.

It draws only the visible lines (line API) and does not know what the entries mean: they arrive as cleaned
texts, with the name of a style for the mark in front.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from typing import ClassVar, Final, Literal

from rich.cells import chop_cells
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.grid.text import fit, width_of

Role = Literal["", "live", "waiting", "good", "attention", "bad", "idle"]

ONE_LINE_WIDTH: Final = 130
"""From this many columns on, an entry fits one line."""
MOST_WHO: Final = 14
MOST_REQUEST: Final = 20
GAP: Final = "  "
RAIL: Final = 5
"""The cells before what stands beneath an entry."""


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
    wide: bool
    when: int
    who: int
    what: int
    change: int
    related: int
    request: int


Parts = list[tuple[str, str]]
"""A line: texts, and the names of their styles."""


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
        self._lines: dict[int, list[Parts]] = {}
        """The lines of the entries that were drawn, as they are laid out for the width."""
        self._starts: list[int] = [0]
        """The line at which every entry begins, and behind them the number of lines."""
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
        if self._moments:
            page = max(1, self.scrollable_content_region.height - self._height(self.cursor))
            there = self._entry_at(max(0, self._starts[self.cursor] + by * page))
            self.cursor = there if there != self.cursor else self.cursor + by

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
        self.cursor = self._entry_at(event.y + self.scroll_offset.y)

    def notify_style_update(self) -> None:
        """Drop the styles of the previous theme."""
        self._drawn_styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width, at = self._widths.width, y + self.scroll_offset.y
        if at >= self._starts[-1]:
            return Strip.blank(width, self.rich_style)
        index = self._entry_at(at)
        lines = self._lines.get(index) or self._lines.setdefault(index, self._laid_out(index, self._widths))
        base = self.rich_style
        if index == self.cursor and self.has_focus:
            base += self._style("cursor")
        segments = [
            Segment(text, base + self._style(style) if style else base)
            for text, style in lines[at - self._starts[index]]
            if text
        ]
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _entry_at(self, line: int) -> int:
        """Return the entry that a line belongs to, the last one beyond the end."""
        return min(bisect_right(self._starts, line), len(self._moments)) - 1

    def _height(self, index: int) -> int:
        """Return how many lines an entry has."""
        return self._starts[index + 1] - self._starts[index]

    def _texts(self, moment: TimelineEntry, layout: _Layout) -> tuple[list[str], list[str], list[str]]:
        """Return the lines of what happened, of what was changed, and of what it is about."""
        change = _wrapped(moment.change, layout.change)
        if not layout.wide and not (moment.change or moment.related or moment.request):
            change = []
        about = _wrapped(moment.about, layout.width - RAIL) if moment.about else []
        return _wrapped(moment.what, layout.what), change, about

    def _count_lines(self, layout: _Layout) -> None:
        """Find where every entry begins, in so many cells."""
        heights = []
        for moment in self._moments:
            what, change, about = self._texts(moment, layout)
            beside = max(len(what), len(change)) if layout.wide else len(what) + len(change)
            heights.append(beside + len(about))
        self._lines = {}
        self._starts = [0, *accumulate(heights)]

    def _laid_out(self, index: int, layout: _Layout) -> list[Parts]:
        """Return the lines of an entry: what happened, wrapped, and beside or beneath it what it names."""
        moment = self._moments[index]
        same = index > 0 and self._moments[index - 1].when == moment.when
        head: Parts = [
            (f" {self._mark} ", moment.role),
            (fit(moment.when, layout.when) + GAP, "rail" if same else "when"),
            (fit(moment.who, layout.who) + GAP, "who"),
        ]
        rail = f" {' ' if index == len(self._moments) - 1 else self._rail} "
        indent = " " * (sum(width_of(text) for text, _ in head) - len(rail))
        what, change, about = self._texts(moment, layout)
        if layout.wide:
            lines = [
                [
                    *(head if at == 0 else [(rail, "rail"), (indent, "")]),
                    (fit(said, layout.what) + GAP, "what"),
                    (fit(changed, layout.change) + GAP, "change"),
                ]
                for at, (said, changed) in enumerate(zip_longest(what, change, fillvalue=""))
            ]
            lines[0] += self._named(moment, layout)
        else:
            lines = [[*head, (what[0], "what")]]
            lines += [[(rail, "rail"), (indent, ""), (each, "what")] for each in what[1:]]
            rows = [[(f"{rail}  ", "rail"), (fit(each, layout.change) + GAP, "change")] for each in change]
            if rows:
                rows[0] += self._named(moment, layout)
            lines += rows
        return [*lines, *([(f"{rail}  ", "rail"), (each, "related")] for each in about)]

    def _named(self, moment: TimelineEntry, layout: _Layout) -> Parts:
        return [
            (fit(moment.related, layout.related) + GAP, "related"),
            (fit(moment.request, layout.request), "rail"),
        ]

    @property
    def _widths(self) -> _Layout:
        width = self.scrollable_content_region.width
        if self._measured is None or self._measured.width != width:
            self._measured = self._lay_out(width)
            self._count_lines(self._measured)
        return self._measured

    def _lay_out(self, width: int) -> _Layout:
        def widest(texts: list[str], most: int) -> int:
            return min(max(map(width_of, texts), default=0), most)

        shown = self._moments
        when = widest([moment.when for moment in shown], 24)
        who = widest([moment.who for moment in shown], MOST_WHO)
        request = widest([moment.request for moment in shown], MOST_REQUEST)
        most = width // 4 if any(moment.change for moment in shown) else width // 2
        related = widest([moment.related for moment in shown], max(12, most))
        head = 3 + when + who + 2 * len(GAP)
        if width >= ONE_LINE_WIDTH:
            rest = max(0, width - head - 3 * len(GAP) - request - related)
            what = widest([moment.what for moment in shown], rest)
            change = widest([moment.change for moment in shown], max(rest - what, rest * 2 // 5))
            return _Layout(width, True, when, who, min(what, rest - change), change, related, request)
        change = max(0, width - 5 - 2 * len(GAP) - related - request)
        return _Layout(width, False, when, who, max(0, width - head), change, related, request)

    def _resized(self) -> None:
        self.virtual_size = Size(self._widths.width, self._starts[-1])
        self.refresh()

    def _refresh_entry(self, index: int) -> None:
        if index < len(self._moments):
            top = self._starts[index] - self.scroll_offset.y
            self.refresh(Region(0, top, self.size.width, self._height(index)))

    def _reveal(self) -> None:
        height = self.scrollable_content_region.height
        if not self._moments:
            return
        top = self._starts[self.cursor]
        bottom = top + self._height(self.cursor)
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
        elif height and bottom > self.scroll_offset.y + height:
            self.scroll_to(y=bottom - height, animate=False, immediate=True, force=True)

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


def _wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most ``width`` cells, at least one.

    >>> _wrapped("limit 10.7 GBP, day", 10), _wrapped("0123456789", 4), _wrapped("", 9)
    (['limit 10.7', 'GBP, day'], ['0123', '4567', '89'], [''])
    """
    width = max(1, width)
    if width_of(text) <= width:
        return [text]
    lines: list[str] = []
    line, taken = "", 0
    for word in text.split(" "):
        wide = width_of(word)
        if line and taken + 1 + wide > width:
            lines.append(line)
            line, taken = "", 0
        if wide > width:
            *whole, word = chop_cells(word, width)
            lines += whole
            wide = width_of(word)
        line, taken = (f"{line} {word}", taken + 1 + wide) if line else (word, wide)
    return [*lines, line]
