"""The history of an order: a timeline, newest first, and the selected entry in full.

It reads through the loader it is given and writes nothing but an export. When reading fails, the entries read
before stay on the screen, with the reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

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
from tui.columns.format import clock_and_zone
from tui.columns.history_columns import HISTORY, of_history, target
from tui.columns.shown_rows import ShownRows
from tui.columns.steps import Steps
from tui.screens.desk_frame import FramedHeading
from tui.screens.filters_rows import LIST_KEYS, FiltersRows
from tui.screens.history.entries import members, said_of, timeline_entry
from tui.screens.turns import Turns
from tui.service.history import HistoryEntry
from tui.service.snapshot.snapshot import Ref
from tui.session import DeskSession
from widgets.key_bar import key_for
from widgets.key_line import KeyLine
from widgets.labelled_text import Flow, Lines, pairs
from widgets.timeline import Timeline, TimelineEntry

if TYPE_CHECKING:
    from tui.columns.filter import Filterable

Loader = Callable[[], Awaitable[tuple[HistoryEntry, ...]]]
Story = tuple[ResourceId, Loader, str]
"""An order, what reads its history, and a title."""

NEXT_ORDER: Final = "next_order(1)"
READING: Final = "Reading the history ..."
MARKS: Final = ("●", "│")
ASCII_MARKS: Final = ("*", "|")
A_STEP: Final = 32
"""The entries that are looked at before the time is."""
SIDE_WIDTH: Final = 100
"""From this many columns on, the selected entry is shown beside the timeline."""


class HistoryScreen(FiltersRows[Ref]):
    """Shows what ``loader`` reads about the order; returns the row to go to, or None on Esc.

    ``others`` are further orders that stand behind the row it was opened on: Tab goes through them.
    ``loader`` raises :class:`~tui.api.errors.ApiError` when it cannot read. ``session`` has zone, glyphs,
    keys and where exports go.
    """

    CSS_PATH = sheet("history")
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,g", "jump", "Jump"),
        *LIST_KEYS,
        Binding("i", "side", "Detail"),
        Binding("r", "reload", "Reload", id="refresh"),
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
        session: DeskSession,
        others: Sequence[Story] = (),
    ) -> None:
        super().__init__(session)
        self._stories: tuple[Story, ...] = ((order_id, loader, title), *others)
        self._story = 0
        self._display_context = session.display_context
        self._all: tuple[HistoryEntry, ...] = ()
        self._shown: tuple[HistoryEntry, ...] = ()
        self._read_at: datetime | None = None
        self._trouble = ""
        self._turns = Turns()
        self._side_wanted: bool | None = None

    def compose(self) -> ComposeResult:
        yield FramedHeading(Static(self._heading, id="heading", markup=False))
        yield self.filter_bar
        yield Static(READING, id="message", markup=False)
        with Horizontal(id="story"):
            yield Timeline(marks=ASCII_MARKS if self._display_context.ascii else MARKS)
            with VerticalScroll(id="side"):
                yield Flow(id="entry")
        keys = KeyLine(self.keys, ("jump", "filter", "side", NEXT_ORDER, "back"), id="keys")
        keys.say({}, without=(NEXT_ORDER,) if len(self._stories) == 1 else ())
        yield keys

    @property
    def _order_id(self) -> ResourceId:
        return self._stories[self._story][0]

    @property
    def _heading(self) -> str:
        """The heading: which of several orders, what it is about, and the zone of the times."""
        zone = self._display_context.zone_name
        several = f"{self._story + 1} of {len(self._stories)} orders · " if len(self._stories) > 1 else ""
        return clean(f"{several}{f'History {zone}'.rstrip()}: {self._stories[self._story][2]}")

    def _label(self) -> None:
        hidden = len(self._all) - len(self._shown)
        filtered = f"{len(self._shown)} of {len(self._all)}  /{self.filter_text}  hides {hidden}  "
        said = f"{filtered if self.filter_text else ''}{self._heading}"
        self.query_one("#heading", Static).update(Content(clean(said)))

    def action_next_order(self, by: int) -> None:
        """Tell the story of the next order that stands behind the row."""
        if len(self._stories) == 1:
            return
        self._story = (self._story + by) % len(self._stories)
        self._all, self._read_at, self._trouble = (), None, ""
        self._show((), ())
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
        context = self.session.display_context
        if context != self._display_context:
            self._display_context = context
            self._list()
        self.keep_time()

    def action_reload(self) -> None:
        """Read again; the entries read before stay meanwhile."""
        self._say(READING)
        self._read()

    @work(exclusive=True, group="history", exit_on_error=False)
    async def _read(self) -> None:
        try:
            entries = await self._stories[self._story][1]()
        except ApiError as error:
            again = f"{key_for(self.keys, 'reload')} tries again."
            advice = self.session.with_keys(error.advice)
            self._trouble = f"The history was not read: {_sentence(error.why)} {advice} {again}"
        else:
            self._trouble = ""
            self._read_at = self.session.now()
            self._all = entries
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
        if self.filter_text:
            self.drop_filter()
        else:
            self.dismiss(None)

    def action_jump(self) -> None:
        """Leave and go to the row the entry is about."""
        entry = self._entry
        if entry is not None:
            self.dismiss(target(entry, self._order_id))

    # --- what is taken out and filtered ---------------------------------------------------------

    def shown_rows(self) -> ShownRows:
        """Return the entries shown, with the one under the cursor."""
        at, order = self.query_one(Timeline).cursor, self._order_id
        return of_history(order, self._shown, self.snapshot, (at,) if at < len(self._shown) else ())

    def filterable(self) -> Filterable:
        """Return what a filter may ask of entries: their columns, and words of all they say."""
        from tui.columns.filter import Filterable

        named = tuple(((column.id, column.title), column) for column in HISTORY)
        return Filterable(
            named,
            lambda snapshot, entry: entry.when,
            lambda snapshot, entry: None,
            lambda snapshot, entry: said_of(entry),
        )

    def all_rows(self) -> Sequence[HistoryEntry]:
        """Return the entries there are."""
        return self._all

    def show_filtered(self) -> None:
        """Show the entries that the filter matches."""
        self._list()

    def focus_rows(self) -> None:
        """Let keys go to the entries again."""
        self.query_one(Timeline).focus()

    def action_side(self) -> None:
        """Show or hide the selected entry in full."""
        self._side_wanted = not self.query_one("#side").display
        self._arrange(self.size.width)

    @property
    def _entry(self) -> HistoryEntry | None:
        at = self.query_one(Timeline).cursor
        return self._shown[at] if at < len(self._shown) else None

    @work(exclusive=True, group="list")
    async def _list(self) -> None:
        """Show the entries that match the filter, with the cursor on the same entry as before."""
        entries = self._all
        shown, lines = await self._turns.work(self._matching(entries))
        if entries is self._all and self.query(Timeline):  # else another order is read, or it was left
            self._show(shown, lines)

    def _matching(
        self, entries: Sequence[HistoryEntry]
    ) -> Steps[tuple[list[HistoryEntry], list[TimelineEntry]]]:
        """Return the entries that match the filter, and what the timeline shows of them."""
        filter, snapshot, context = self.filter, self.snapshot, self._display_context
        shown: list[HistoryEntry] = []
        lines: list[TimelineEntry] = []
        for number, entry in enumerate(entries, start=1):
            if filter is None or filter.test(snapshot, entry):
                shown.append(entry)
                lines.append(timeline_entry(entry, context))
            if number % A_STEP == 0:
                yield
        yield from self._turns.begin_next()
        return shown, lines

    def _show(self, shown: Sequence[HistoryEntry], lines: Sequence[TimelineEntry]) -> None:
        before, self._shown = self._entry, tuple(shown)
        cursor = self._shown.index(before) if before in self._shown else 0
        self.query_one(Timeline).show(lines, cursor)
        self._label()
        self._describe()
        self._report()

    def _report(self) -> None:
        """Show why there are no entries, or why they are old."""
        if self._trouble and self._read_at is not None:
            look = self._display_context
            as_read = clock_and_zone(self._read_at, look)
            self._say(f"{self._trouble} Shown is what was read at {as_read}.", trouble=True)
        elif self._trouble:
            self._say(self._trouble, trouble=True)
        elif not self._all:
            self._say("Nothing is recorded about this order.")
        elif not self._shown:
            key = key_for(self.keys, "back")
            self._say(f"No entry matches {self.filter_text!r}. {key} shows all {len(self._all)}.")
        else:
            self._say("")

    def _say(self, text: str, *, trouble: bool = False) -> None:
        message = self.query_one("#message", Static)
        message.set_class(trouble, "trouble")
        message.display = bool(text)
        message.update(Content(clean(text)))

    def _describe(self) -> None:
        entry = self._entry
        rows = members(entry, self._display_context, self.session.now()) if entry else []

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
