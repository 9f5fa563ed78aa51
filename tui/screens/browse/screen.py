"""Browse blocks and orders of the whole tenant: a grid of one page, read from the server on demand.

It is called browsing, the databases' word for reading a large list page by page in one order: nothing was
moved away as into an archive, and *history* is what happened to one order. Rows found here never join the
desk: they open details and history, and nothing can be written on them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec.structs import replace
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from styles import sheet
from styles.themes import cell_styles
from tui.api.base import ResourceId
from tui.api.errors import ApiError
from tui.api.sanitize import clean
from tui.columns.browsed import browsed_columns
from tui.columns.filter_grammar import FilterError
from tui.columns.server_filter import server_filter
from tui.columns.shown_rows import ShownRows
from tui.screens.browse.heading import heading, notes, why_empty
from tui.screens.desk_frame import FramedHeading
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.grid_columns import grid_columns
from tui.screens.row_screens import history_screen, ticket_screen
from tui.screens.shows_rows import TAKES_ROWS, ShowsRows
from tui.screens.time_field import time_field, time_typed
from tui.service.browse import BROWSED, BrowsedPage, Search
from tui.service.environment import Update
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref
from tui.service.typed_times import NOW
from tui.session import DeskSession
from widgets.filterbar import FilterBar
from widgets.grid import Cell, Grid
from widgets.key_bar import key_for
from widgets.key_line import KeyLine
from widgets.text_line import TextLine

if TYPE_CHECKING:
    from tui.service.desk import Desk

ASKS: Final = key_for(FilterBar.BINDINGS, "submit")
PLACEHOLDER: Final = f"side:buy instrument:VOD scope:FundA, {ASKS} asks the server"
_FIRST_KEYS: Final = ("back", "filter", "following", "previous", "date")
"""The actions whose hints stay longest on a narrow screen."""


class BrowseScreen(ShowsRows[Ref]):
    """Shows what ``desk``'s server finds; returns the row of the desk to go to, or None on Esc."""

    CSS_PATH = sheet("history")
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="filter"),
        Binding("n", "following", "Older"),
        Binding("p", "previous", "Newer"),
        Binding("T", "date", "Date"),
        Binding("tab", "turn", "Blocks or orders"),
        Binding("enter", "detail", "Ticket"),
        Binding("h", "history", "History", id="history"),
        Binding("d", "go", "To the desk"),
        *TAKES_ROWS,
        Binding("r", "reload", "Reload", id="refresh"),
        Binding("escape,ctrl+c,q", "back", "Back"),
    ]

    def __init__(self, desk: Desk, session: DeskSession) -> None:
        super().__init__()
        self._desk = desk
        self.session = session
        self._browser = desk.browser()
        self._search = Search()
        self._typed = ""
        self._page: BrowsedPage | None = None
        self._columns = browsed_columns(self._search.kind)
        self._look = session.display_context
        self.grid = Grid(
            grid_columns(self._columns, self._look.zone_name), self._cells, ascii=self._look.ascii
        )
        self._heading = TextLine(id="heading")
        self._unsubscribe: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        yield FramedHeading(self._heading)
        yield FilterBar(placeholder=PLACEHOLDER)
        yield Static("", id="message", markup=False)
        with Vertical(classes="pane"):
            yield self.grid
        yield KeyLine(self.keys, _FIRST_KEYS, id="keys")

    def on_mount(self) -> None:
        """Read the newest page."""
        self._restyle()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self.grid.focus()
        self._unsubscribe = self._desk.subscribe(self._hear)
        self._look_for(self._search)

    def on_unmount(self) -> None:
        """Hear no more of the desk."""
        self._unsubscribe()
        self.app.theme_changed_signal.unsubscribe(self)

    def _restyle(self) -> None:
        self.grid.set_cell_styles(cell_styles(self.app.theme_variables))

    # --- reading --------------------------------------------------------------------------------

    def _look_for(self, search: Search) -> None:
        self._read(lambda: self._browser.first(search), search)

    @work(exclusive=True, group="browse", exit_on_error=False, description="a page")
    async def _read(self, read: Callable[[], Awaitable[BrowsedPage]], search: Search | None = None) -> None:
        """Read a page and show it; one that cannot be read leaves the page before."""
        self._say(f"Reading {(search or self._search).kind.value} …")
        try:
            page = await read()
        except ApiError as error:
            self._refused(error, search)
        else:
            await asyncio.sleep(0)  # to show the page takes a turn of its own
            self._show(page)

    def _refused(self, error: ApiError, search: Search | None) -> None:
        why = error.why if error.why.endswith((".", "!", "?")) else f"{error.why}."
        advice = self.session.with_keys(error.advice)
        if search is not None and search.filter != self._search.filter:
            self._say(f"Not found: {why} Change the filter, or {self._key('back')} clears it.", trouble=True)
            self.action_filter()
            return
        again = self._key("reload")
        shown = " Shown is what was read before." if self._page else ""
        self._say(f"Not read: {why} {advice} {again} tries again.{shown}", trouble=True)
        if self._page is None:
            self.grid.set_empty("Nothing could be read.")

    def _show(self, page: BrowsedPage) -> None:
        if not self.is_attached:
            return
        before, former = self._page, self._search
        self._page, self._search, self._look = page, page.search, self.session.display_context
        if page.search.kind is not former.kind:
            self.grid.show(())
            self._columns = browsed_columns(page.search.kind)
            self.grid.set_columns(grid_columns(self._columns, self._look.zone_name))
        self.grid.set_sort(*([] if page.way == "listed" else [(self._columns[1].id, True)]))
        self.grid.set_empty(why_empty(page, self._look, self._key))
        self.grid.show(page.ids)
        turned = before is not None and (page.search, page.number) != (former, before.number)
        if turned and page.ids:
            self.grid.move_to(page.ids[0])
        self._heading.show(heading(page.search, page, self._look))
        self._say(notes(page, self._look))
        self._read_names(page.luids)

    @work(exclusive=True, group="names", exit_on_error=False, description="names")
    async def _read_names(self, luids: frozenset[str]) -> None:
        """Let the desk read the names of instruments that it does not know yet."""
        await self._desk.beside.read_names(luids)

    def _hear(self, update: Update) -> None:
        """Show what reference data say of the rows by now."""
        if self._page is not None and update.new.records is not self._page.snapshot.records:
            self._page = self._browser.named(self._page)
            self.grid.refresh_cells()

    def _cells(self, key: Hashable) -> Sequence[Cell]:
        assert isinstance(key, ResourceId)
        snapshot = self._page.snapshot if self._page else EMPTY
        row = snapshot.row(Ref(self._search.kind, key))
        if row is None:
            return [Cell("") for _ in self._columns]
        return [
            Cell(column.cell(snapshot, row, self._look), column.role(snapshot, row) if column.role else "")
            for column in self._columns
        ]

    def _say(self, text: str, *, trouble: bool = False) -> None:
        message = self.query_one("#message", Static)
        message.set_class(trouble, "trouble")
        message.update(Content(clean(text)))

    def _key(self, action: str) -> str:
        return key_for(self.keys, action)

    # --- keys -----------------------------------------------------------------------------------

    @property
    def _cursor(self) -> Ref | None:
        key = self.grid.cursor_key
        return Ref(self._search.kind, key) if isinstance(key, ResourceId) else None

    def shown_rows(self) -> ShownRows:
        """Return the page, with the rows selected, else the one under the cursor."""
        kind, snapshot = self._search.kind, self._page.snapshot if self._page else EMPTY
        ids = [column.id for column in self._columns]
        return ShownRows(
            kind.value,
            kind.singular,
            self._columns,
            snapshot,
            self.grid.keys,
            self.grid.in_focus,
            snapshot.rows(kind).get,
            lambda id: Ref(kind, id),
            self.grid.clicked_column if self.grid.clicked_column in ids else ids[0],
        )

    def action_following(self) -> None:
        """Turn to older rows."""
        if self._page is None:
            self._look_for(self._search)
        elif self._page.more:
            self._read(self._browser.following)
        else:
            self._say("There is nothing older.")

    def action_previous(self) -> None:
        """Turn back to newer rows."""
        if self._page is None:
            self._look_for(self._search)
        elif self._page.number > 1:
            self._read(self._browser.previous)
        elif self._search.until is not None:
            date = self._key("date")
            self._say(f"Nothing newer until that time; {date} takes a later one, or '{NOW}'.")
        else:
            self._say("There is nothing newer.")

    def action_reload(self) -> None:
        """Read the same page again."""
        if self._page is None:
            self._look_for(self._search)
        else:
            self._read(self._browser.again)

    def action_turn(self) -> None:
        """Turn from blocks to orders, or back; a filter that both understand stays."""
        kind = next(kind for kind in BROWSED if kind is not self._search.kind)
        try:
            test = self._asked(self._typed, kind)
        except FilterError as error:
            self._say(f"{error} The filter is not used for {kind.value}.", trouble=True)
            self._typed = self.query_one(FilterBar).text = test = ""
        self._look_for(Search(kind, test, self._search.until))

    @work(group="dialog", description="date")
    async def action_date(self) -> None:
        """Ask for a time, and show the rows from then on back."""
        session, until = self.session, self._search.until
        zone = session.display_context.zone
        field = time_field("until", "Until", until, session, now_means="the newest")
        intro = "Shows what was made until then, newest first; a day without a time is the whole day."
        answered = await self.app.push_screen_wait(FormDialog("Go to a date", intro, (field,), None))
        if answered is None:
            return
        read = time_typed(answered["until"], session.now(), zone)
        moment = None if read is None else read.begin
        if read is not None and read.is_day:
            moment = min(read.end - timedelta(microseconds=1), session.now())
        self._look_for(replace(self._search, until=moment))

    @work(group="dialog", description="ticket")
    async def action_detail(self) -> None:
        """Show the ticket of the row under the cursor, and go to the row chosen there.

        Of a row that is on the desk it is the desk's, with the rows it belongs with.
        """
        cursor, page, desk = self._cursor, self._page, self._desk
        if page is None or cursor is None or cursor not in page.snapshot:
            return
        if cursor in desk.snapshot:
            screen = ticket_screen(desk, self.session, cursor, lambda: desk.snapshot)
        else:
            screen = ticket_screen(desk, self.session, cursor, lambda: page.snapshot, browsed_columns)
        jump = await self.app.push_screen_wait(screen)
        if jump is not None:
            self._go_to(jump)

    @on(Grid.Opened)
    def _opened(self, event: Grid.Opened) -> None:
        event.stop()
        self.action_detail()

    @work(group="dialog", description="history")
    async def action_history(self) -> None:
        """Show the history of the order behind the row under the cursor, of a block's one after the other."""
        cursor, page = self._cursor, self._page
        row = page.snapshot.row(cursor) if page and cursor else None
        if page is None or cursor is None or row is None:
            return
        orders = row.block.order_ids if cursor.kind is EntityKind.BLOCKS else (cursor.id,)
        if not orders:
            self.notify("No order stands behind this block, so there is no history to show.", markup=False)
            return
        screen = history_screen(self._desk, self.session, page.snapshot, orders)
        jump = await self.app.push_screen_wait(screen)
        if jump is not None:
            self._go_to(jump)

    def action_go(self) -> None:
        """Leave, and go to the row on the desk, where it is there too."""
        if self._cursor is not None:
            self._go_to(self._cursor)

    def _go_to(self, ref: Ref) -> None:
        if ref in self._desk.snapshot:
            self.dismiss(ref)
        else:
            self.notify(
                f"{str(ref).capitalize()} is not on the desk: it is outside its window.", markup=False
            )

    def action_filter(self) -> None:
        """Focus the filter."""
        self.query_one(FilterBar).focus()

    def action_back(self) -> None:
        """Clear the filter first, then leave; a screen that is not mounted yet is left once it is."""
        if not self.is_mounted:
            self.call_after_refresh(self.action_back)
        elif self._typed:
            self._clear()
        else:
            self.dismiss(None)

    # --- the filter -----------------------------------------------------------------------------

    def _asked(self, typed: str, kind: EntityKind) -> str:
        return server_filter(typed, kind, self._desk.snapshot, self.session.present)

    def _clear(self) -> None:
        self._typed = self.query_one(FilterBar).text = ""
        self._look_for(replace(self._search, filter=""))

    @on(FilterBar.Changed)
    def _filter_typed(self, event: FilterBar.Changed) -> None:
        """Say what would be asked; the server is asked on Enter only."""
        event.stop()
        try:
            self._say(f"{ASKS} asks the server: {asked}" if (asked := self._understood(event.text)) else "")
        except FilterError as error:
            self._say(str(error), trouble=True)

    def _understood(self, typed: str) -> str:
        return self._asked(typed, self._search.kind)

    @on(FilterBar.Submitted)
    def _filter_submitted(self, event: FilterBar.Submitted) -> None:
        event.stop()
        try:
            asked = self._understood(event.text)
        except FilterError as error:
            self._say(str(error), trouble=True)
            return
        self._typed = event.text
        self.grid.focus()
        self._look_for(replace(self._search, filter=asked))

    @on(FilterBar.Cancelled)
    def _filter_cancelled(self, event: FilterBar.Cancelled) -> None:
        event.stop()
        self.grid.focus()
        if self._search.filter or self._typed:
            self._clear()
        elif self._page is not None:
            self._say(notes(self._page, self._look))
