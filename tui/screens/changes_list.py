"""What changed since a time: the value before beside the value now, row by row. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.api.errors import ApiError
from tui.api.sanitize import clean
from tui.columns.column import Column
from tui.columns.factories import plain
from tui.columns.format import DisplayContext, clock, clock_and_age
from tui.columns.row_changes import RowChange, row_changes
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.filters_rows import LIST_KEYS
from tui.screens.line_about_row import LineAboutRowScreen
from tui.service.numbers import counted
from tui.service.row_phrases import phrase_of
from tui.service.snapshot.snapshot import EMPTY, Ref, Snapshot
from tui.service.typed_times import EXAMPLES, as_typed, read_past, time_in_full
from tui.session import DeskSession
from widgets.labelled_text import Lines

if TYPE_CHECKING:
    from tui.service.desk import Desk
    from widgets.fields import Field

EMPTY_WORDS: Final = "Nothing changed since then."


class ChangesScreen(LineAboutRowScreen):
    """Lists what changed on ``desk`` since a time; returns the row to go to, or None on Esc.

    Args:
        desk: the desk, which is read as it was.
        session: the reader's preferences, and when they were here last.
        since: the time.
        called: what that time is, such as the last visit.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "To the row"),
        *LIST_KEYS,
        Binding("T", "time", "Since another time"),
        Binding("r", "reload", "Read again", id="refresh"),
        Binding("escape,ctrl+c,q", "back", "Back"),
        Binding("d", "back", "Back", show=False, id="changes"),
    ]
    of = "changes"
    singular = "change"

    def __init__(self, desk: Desk, session: DeskSession, since: datetime, called: str = "") -> None:
        super().__init__(session, _columns(lambda change: change.first or self.is_filtered))
        self._desk = desk
        self._since, self._called = since, called
        self._changes: Mapping[Hashable, RowChange] = {}
        self._now: Snapshot = EMPTY

    @property
    def snapshot(self) -> Snapshot:
        """The desk as it was read for the comparison."""
        return self._now

    def rows(self) -> Mapping[Hashable, RowChange]:
        """Return the changes, those of one row behind each other."""
        return self._changes

    def ref_of(self, row: Any) -> Ref | None:
        """Return the row that changed."""
        ref: Ref = row.ref
        return ref

    def when(self, row: Any) -> datetime | None:
        """Return when its row was changed last."""
        at: datetime | None = row.at
        return at

    def empty(self) -> str:
        """Return that nothing changed."""
        return EMPTY_WORDS

    def said(self, row: Any, width: int) -> Lines:
        """Return a change in full: when, by whom, and the value before and now."""
        at = clock_and_age(row.at, self.look, self.session.now())
        by = f", by {row.by}" if row.by else ""
        what = f"{row.field}: {row.before or 'empty'} → {row.now or 'empty'}" if row.field else "new"
        return [*Content(clean(what)).wrap(width), *Content.styled(clean(f"{at}{by}"), "dim").wrap(width)]

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
        self.say(f"Reading what changed {said} …")
        try:
            earlier = await self._desk.earlier(since)
        except ApiError as error:
            self.say(f"What changed was not read: {error.why} {self.session.with_keys(error.advice)}", True)
            return
        found = await self.turns.work(row_changes(earlier.before, earlier.now, context))
        rows = len({change.ref for change in found})
        self._now = earlier.now
        self._changes = {(change.ref, change.field): change for change in found}
        more = f" {counted(earlier.left_out, 'older changed row')} are left out." if earlier.left_out else ""
        self.say(f"{counted(rows, 'row')} changed {said}.{more}")
        self.list()


def _columns(names_row: Callable[[RowChange], bool]) -> tuple[Column, ...]:
    """Return the columns of changes; a line that does not name its row leaves that to the one above it."""

    def row(snapshot: Snapshot, change: RowChange) -> str:
        named = phrase_of(snapshot, change.ref) or str(change.ref)
        return f"{change.ref.kind.singular}: {named}"

    def drawn(
        text: Callable[[Snapshot, RowChange, DisplayContext], str],
    ) -> Callable[[Snapshot, RowChange, DisplayContext], str]:
        return lambda snapshot, change, context: text(snapshot, change, context) if names_row(change) else ""

    return (
        Column(
            "at",
            "Changed",
            "When the row was changed last",
            lambda snapshot, change: change.at,
            clock,
            12,
            cut="never",
            times="moment",
            drawn=drawn(lambda snapshot, change, context: clock(change.at, context)),
            rank=1,
        ),
        Column(
            "row",
            "Row",
            "What was changed",
            row,
            _text,
            76,
            flexible=True,
            drawn=drawn(lambda snapshot, change, context: row(snapshot, change)),
            rank=1,
        ),
        plain("field", "What", "The value that differs", 12, lambda s, change: change.field).ranked(1),
        plain("before", "Before", "What it was", 8, _before, cut="last", role=_dim).ranked(1),
        plain("now", "Now", "What it is", 8, _now, cut="last", role=_new).ranked(1),
        Column(
            "by",
            "By",
            "Who changed the row last",
            lambda snapshot, change: change.by,
            _text,
            11,
            role=_dim,
            drawn=drawn(lambda snapshot, change, context: change.by),
            rank=2,
        ),
    )


def _before(snapshot: Snapshot, change: RowChange) -> str:
    return change.before


def _now(snapshot: Snapshot, change: RowChange) -> str:
    return change.now


def _dim(snapshot: Snapshot, change: RowChange) -> str:
    return "dim"


def _new(snapshot: Snapshot, change: RowChange) -> str:
    return "" if change.field else "good"


def _text(value: Any, context: DisplayContext) -> str:
    return "" if value is None else str(value)
