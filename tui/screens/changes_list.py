"""What changed since a time: the value before beside the value now, row by row. Nothing is written here."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.api.errors import ApiError
from tui.api.sanitize import clean
from tui.columns.format import DisplayContext, clock
from tui.columns.row_changes import RowChange, row_changes
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.row_list import RowLine, RowListScreen
from tui.screens.turns import Turns
from tui.service.numbers import counted
from tui.service.row_phrases import phrase_of
from tui.service.snapshot.snapshot import EMPTY, Snapshot
from tui.service.typed_times import EXAMPLES, as_typed, read_past, time_in_full
from tui.session import DeskSession
from widgets.grid import Cell, GridColumn

if TYPE_CHECKING:
    from tui.service.desk import Desk
    from widgets.fields import Field

COLUMNS: Final = (
    GridColumn("at", "Changed", 12, cut="never"),
    GridColumn("row", "Row", 24, flexible=True),
    GridColumn("field", "What", 12),
    GridColumn("before", "Before", 18),
    GridColumn("now", "Now", 18),
    GridColumn("by", "By", 11),
)
EMPTY_WORDS: Final = "Nothing changed since then."


class ChangesScreen(RowListScreen):
    """Lists what changed on ``desk`` since a time; returns the row to go to, or None on Esc.

    Args:
        desk: the desk, which is read as it was.
        session: the reader's preferences, and when they were here last.
        since: the time.
        called: what that time is, such as the last visit.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *RowListScreen.BINDINGS,
        Binding("T", "time", "Since another time"),
        Binding("r", "reload", "Read again"),
    ]

    def __init__(self, desk: Desk, session: DeskSession, since: datetime, called: str = "") -> None:
        super().__init__(
            session, "Changes", COLUMNS, lambda: self._changes, self._line_of_change, EMPTY_WORDS
        )
        self._desk = desk
        self._since, self._called = since, called
        self._changes: Mapping[Hashable, RowChange] = {}
        self._now: Snapshot = EMPTY
        self._turns = Turns()

    def on_mount(self) -> None:
        """Read what changed."""
        super().on_mount()
        self.action_reload()

    def action_reload(self) -> None:
        """Read again what changed."""
        self._read_changes(self._since)

    @work(group="dialog", description="since when")
    async def action_time(self) -> None:
        """Ask for a time, and show what changed since."""
        answered = await self.app.push_screen_wait(
            FormDialog("Changes", "See what changed since a time.", (self._time_field(),), None)
        )
        if answered is not None:
            zone = self.session.display_context.zone
            self._since = read_past(answered["since"], self.session.now(), zone).begin
            self._called = ""
            self.action_reload()

    def _time_field(self) -> Field:
        from tui.actions.form_fields import text

        zone = self.session.display_context.zone

        def problem(typed: str) -> str | None:
            try:
                read_past(typed, self.session.now(), zone)
            except ValueError as error:
                return str(error)
            return None

        def echo(typed: str) -> str:
            return time_in_full(read_past(typed, self.session.now(), zone).begin, zone)

        value = as_typed(self._since, zone)
        help = f"{self.session.display_context.zone_name} time, such as {EXAMPLES}"
        return text("since", "Since", value, required=True, help=help, check=problem, echo=echo)

    @work(group="read", exclusive=True, exit_on_error=False, description="changes")
    async def _read_changes(self, since: datetime) -> None:
        context = self.session.display_context
        when = time_in_full(since, context.zone)
        said = f"since {when}{f', {self._called}' if self._called else ''}"
        self._say(f"Reading what changed {said} …")
        try:
            earlier = await self._desk.earlier(since)
        except ApiError as error:
            self._say(f"What changed was not read: {error.why} {self.session.with_keys(error.advice)}", True)
            return
        found = await self._turns.work(row_changes(earlier.before, earlier.now, context))
        rows = len({change.ref for change in found})
        self._now = earlier.now
        self._changes = {(change.ref, change.field): change for change in found}
        more = f" {counted(earlier.left_out, 'older changed row')} are left out." if earlier.left_out else ""
        self._say(f"{counted(rows, 'row')} changed {said}.{more}")
        self.list()

    def _say(self, sentence: str, trouble: bool = False) -> None:
        message = self.query_one("#message", Static)
        message.set_class(trouble, "trouble")
        message.display = True
        message.update(clean(sentence))

    def _line_of_change(self, change: RowChange, context: DisplayContext) -> RowLine:
        named = clean(phrase_of(self._now, change.ref) or str(change.ref))
        at = clock(change.at, context)
        cells = (
            Cell(at if change.first else ""),
            Cell(f"{change.ref.kind.singular}: {named}" if change.first else ""),
            Cell(clean(change.field)),
            Cell(clean(change.before), "dim"),
            Cell(clean(change.now), "" if change.field else "good"),
            Cell(clean(change.by) if change.first else "", "dim"),
        )
        by = f" by {change.by}" if change.by else ""
        what = (
            f"{change.field}: {change.before or 'empty'} → {change.now or 'empty'}" if change.field else "new"
        )
        return RowLine(cells, change.ref, f"{at}{by}  {change.ref.kind.singular}: {named}\n{clean(what)}")
