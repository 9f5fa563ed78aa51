"""The history of an order: a timeline, newest first, and the selected entry in full.

It reads through the loader it is given and writes nothing but an export. When reading fails, the entries read
before stay on the screen, with the reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from styles import sheet
from tui.api.base import ResourceId
from tui.api.errors import ApiError
from tui.api.sanitize import clean
from tui.columns.format import DisplayContext
from tui.screens.desk_frame import FramedHeading
from tui.screens.dismiss_once import DismissOnce
from tui.screens.history.entries import csv_of, fits, members, target, timeline_entry
from tui.service.history import HistoryEntry
from tui.service.snapshot.snapshot import Ref
from widgets.filterbar import FilterBar
from widgets.key_bar import hints_of, key_for, key_hints
from widgets.labelled_text import Flow, Lines, pairs
from widgets.text_line import TextLine
from widgets.timeline import Timeline

Loader = Callable[[], Awaitable[tuple[HistoryEntry, ...]]]
Story = tuple[ResourceId, Loader, str]
"""An order, what reads its history, and a title."""
Saver = Callable[[str, str], Path]

NEXT_ORDER: Final = "next_order(1)"
READING: Final = "Reading the history ..."
MARKS: Final = ("●", "│")
ASCII_MARKS: Final = ("*", "|")
SIDE_WIDTH: Final = 100
"""From this many columns on, the selected entry is shown beside the timeline."""


class HistoryScreen(DismissOnce[Ref]):
    """Shows what ``loader`` reads about the order; returns the row to go to, or None on Esc.

    ``others`` are further orders that stand behind the row it was opened on: Tab goes through them.
    ``loader`` raises :class:`~tui.api.errors.ApiError` when it cannot read; ``save`` writes a named export,
    returns its path, and raises ``OSError`` when it cannot. ``context`` returns zone, glyphs and today's
    date; ``with_keys`` puts the reader's keys into advice.
    """

    CSS_PATH = sheet("history")
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,g", "jump", "Jump"),
        Binding("slash", "filter", "Filter"),
        Binding("i", "side", "Detail"),
        Binding("e", "export", "Export"),
        Binding("r", "reload", "Reload"),
        Binding("tab", NEXT_ORDER, "Next order", priority=True),
        Binding("shift+tab", "next_order(-1)", "Previous order", show=False, priority=True),
        Binding("escape,ctrl+c,q", "back", "Back"),
    ]

    def __init__(
        self,
        order_id: ResourceId,
        loader: Loader,
        title: str,
        *,
        save: Saver,
        context: Callable[[], DisplayContext],
        with_keys: Callable[[str], str] = str,
        others: Sequence[Story] = (),
    ) -> None:
        super().__init__()
        self._stories: tuple[Story, ...] = ((order_id, loader, title), *others)
        self._story = 0
        self._save_export = save
        self._with_keys = with_keys
        self._context_now = context
        self._display_context = context()
        self._all: tuple[HistoryEntry, ...] = ()
        self._shown: tuple[HistoryEntry, ...] = ()
        self._read_at: datetime | None = None
        self._trouble = ""
        self._side_wanted: bool | None = None

    def compose(self) -> ComposeResult:
        yield FramedHeading(Static(self._heading, id="heading", markup=False))
        bar = FilterBar(placeholder="words of time, person, field, value, id")
        bar.display = False
        yield bar
        yield Static(READING, id="message", markup=False)
        with Horizontal(id="story"):
            yield Timeline(marks=ASCII_MARKS if self._display_context.ascii else MARKS)
            with VerticalScroll(id="side"):
                yield Flow(id="entry")
        hints = dict(hints_of(self.BINDINGS))
        if len(self._stories) == 1:
            del hints[key_for(self.BINDINGS, NEXT_ORDER)]
        yield TextLine(key_hints(hints.items()), id="keys")

    @property
    def _order_id(self) -> ResourceId:
        return self._stories[self._story][0]

    @property
    def _heading(self) -> str:
        """The heading: which of several orders, what it is about, and the zone of the times."""
        zone = self._display_context.zone_name
        several = f"{self._story + 1} of {len(self._stories)} orders · " if len(self._stories) > 1 else ""
        return clean(f"{several}{self._stories[self._story][2]}{f', times in {zone}' if zone else ''}")

    def action_next_order(self, by: int) -> None:
        """Tell the story of the next order that stands behind the row."""
        if len(self._stories) == 1:
            return
        self._story = (self._story + by) % len(self._stories)
        self._all, self._read_at, self._trouble = (), None, ""
        self.query_one("#heading", Static).update(Content(self._heading))
        self._list()
        self.action_reload()

    def on_mount(self) -> None:
        """Start reading."""
        self.query_one(Timeline).focus()
        self.set_interval(1.0, self._each_second)
        self._arrange(self.app.size.width)
        self._read()

    def on_resize(self, event: events.Resize) -> None:
        """Show the selected entry beside the timeline where there is room, below it only on demand."""
        self._arrange(event.size.width)

    def _each_second(self) -> None:
        """Show times with their date once another day has begun."""
        context = self._context_now()
        if context != self._display_context:
            self._display_context = context
            self._list()

    def action_reload(self) -> None:
        """Read again; the entries read before stay meanwhile."""
        self._say(READING)
        self._read()

    @work(exclusive=True, group="history", exit_on_error=False)
    async def _read(self) -> None:
        try:
            entries = await self._stories[self._story][1]()
        except ApiError as error:
            again = f"{key_for(self.BINDINGS, 'reload')} tries again."
            advice = self._with_keys(error.advice)
            self._trouble = f"The history was not read: {_sentence(error.why)} {advice} {again}"
        else:
            self._trouble = ""
            self._read_at = datetime.now(UTC)
            self._all = entries
        self._list()

    @on(FilterBar.Changed)
    @on(FilterBar.Submitted)
    @on(FilterBar.Cancelled)
    def _filter_typed(self, event: FilterBar.Changed | FilterBar.Submitted | FilterBar.Cancelled) -> None:
        event.stop()
        bar = event.bar
        if not isinstance(event, FilterBar.Changed):
            bar.display = bool(bar.text)
            self.query_one(Timeline).focus()
        self._list()

    @on(Timeline.Highlighted)
    def _entry_in_hand(self, event: Timeline.Highlighted) -> None:
        event.stop()
        self._describe()

    def action_back(self) -> None:
        """Clear the filter first, then leave; a screen that is not mounted yet is left once it is."""
        if not self.is_mounted:
            self.call_after_refresh(self.action_back)
            return
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.text = ""
            bar.display = False
            self._list()
        else:
            self.dismiss(None)

    def action_jump(self) -> None:
        """Leave and go to the row the entry is about."""
        entry = self._entry
        if entry is not None:
            self.dismiss(target(entry, self._order_id))

    def action_filter(self) -> None:
        """Focus the filter."""
        bar = self.query_one(FilterBar)
        bar.display = True
        bar.focus()

    def action_side(self) -> None:
        """Show or hide the selected entry in full."""
        self._side_wanted = not self.query_one("#side").display
        self._arrange(self.size.width)

    def action_export(self) -> None:
        """Write the entries shown as CSV."""
        code = "".join(char if char.isascii() and char.isalnum() else "-" for char in self._order_id.code)
        name = f"history-{code[:64]}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv"
        try:
            path = self._save_export(name, csv_of(self._shown))
        except OSError as error:
            why = _sentence(error.strerror or str(error))
            self._say(
                f"{name} was not written: {why} Choose another folder, or free some space.", trouble=True
            )
        else:
            self.notify(f"{len(self._shown)} entries written to {path}", markup=False)

    @property
    def _entry(self) -> HistoryEntry | None:
        at = self.query_one(Timeline).cursor
        return self._shown[at] if at < len(self._shown) else None

    def _list(self) -> None:
        """Show the entries that match the filter, with the cursor on the same entry as before."""
        if not self.query(Timeline):
            return  # left while it was read
        bar, timeline = self.query_one(FilterBar), self.query_one(Timeline)
        before = self._entry
        self._shown = tuple(entry for entry in self._all if fits(entry, bar.text))
        cursor = self._shown.index(before) if before in self._shown else 0
        timeline.show([timeline_entry(entry, self._display_context) for entry in self._shown], cursor)
        bar.say(f"{len(self._shown)} of {len(self._all)}", wrong=bool(self._all and not self._shown))
        self._describe()
        self._report()

    def _report(self) -> None:
        """Show why there are no entries, or why they are old."""
        if self._trouble and self._read_at is not None:
            as_read = f"{self._read_at:%H:%M:%S} UTC"
            self._say(f"{self._trouble} Shown is what was read at {as_read}.", trouble=True)
        elif self._trouble:
            self._say(self._trouble, trouble=True)
        elif not self._all:
            self._say("Nothing is recorded about this order.")
        elif not self._shown:
            key = key_for(self.BINDINGS, "back")
            self._say(
                f"No entry matches {self.query_one(FilterBar).text!r}. {key} shows all {len(self._all)}."
            )
        else:
            self._say("")

    def _say(self, text: str, *, trouble: bool = False) -> None:
        message = self.query_one("#message", Static)
        message.set_class(trouble, "trouble")
        message.display = bool(text)
        message.update(Content(clean(text)))

    def _describe(self) -> None:
        entry = self._entry
        rows = members(entry) if entry else []

        def lines(width: int) -> Lines:
            return pairs(rows, width)

        self.query_one("#entry", Flow).show(lines)
        self.query_one("#side").scroll_home(animate=False)

    def _arrange(self, width: int) -> None:
        beside = width >= SIDE_WIDTH
        self.query_one("#story").set_class(not beside, "narrow")
        self.query_one("#side").display = beside if self._side_wanted is None else self._side_wanted


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
