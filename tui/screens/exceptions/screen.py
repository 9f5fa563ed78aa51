"""The list of exceptions: what needs somebody on the whole desk, the most urgent first.

It shows what the desk keeps up, whatever the panes are filtered by, and returns the exception to mend.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from styles import sheet
from styles.themes import cell_styles
from tui.api.sanitize import clean
from tui.columns.exception_columns import exception_columns, trade_text
from tui.screens.dismiss_once import DismissOnce
from tui.screens.exceptions.exceptions_feed import ExceptionsFeed
from tui.screens.exceptions.mending import Mending
from tui.screens.grid_columns import grid_columns
from tui.service.exceptions.exception_kind import Urgency
from tui.service.exceptions.open_exceptions import OpenException
from tui.service.numbers import counted
from tui.service.row_phrases import phrase_of, short_id
from tui.service.snapshot.snapshot import Snapshot
from tui.session import DeskSession
from widgets.grid import Cell, Grid
from widgets.key_bar import hints_of
from widgets.labelled_text import Flow, Lines
from widgets.text_line import Pieces, TextLine
from widgets.whole_numbers import shortened

LEAST: Final = {"reason": 24, "trade": 17, "press": 10}
"""The least width of columns that give way on a narrow screen."""
SAID_LINES: Final = 3
"""The lines beneath the list that say the exception under the cursor in full."""
NOTHING: Final = "Nothing needs you."
NOT_READ: Final = "Reading the desk."


class ExceptionsScreen(DismissOnce[OpenException]):
    """Shows the exceptions that ``feed`` keeps up; returns the one to mend, or None on Esc.

    ``at`` is the place at which the list was left, and the exception that stood there.
    """

    CSS_PATH = sheet("history")
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "Go and mend it"),
        Binding("escape,ctrl+c,q,0", "back", "Back"),
    ]

    def __init__(
        self, feed: ExceptionsFeed, session: DeskSession, at: tuple[int, OpenException] | None = None
    ) -> None:
        super().__init__()
        self._feed = feed
        self._mending = Mending(session)
        self._at = at
        self._look = session.display_context
        self._columns = exception_columns(self._mending.key_and_label, lambda: feed.now)
        drawn = [
            column._replace(least=LEAST.get(column.id, column.least))
            for column in grid_columns(self._columns, self._look.zone_name)
        ]
        self.grid = Grid(drawn, self._cells, frozen=0, ascii=self._look.ascii)
        self._heading = TextLine(id="title")
        self._by_key: dict[Hashable, OpenException] = {}
        self._ages: tuple[str, ...] = ()
        self._stop: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        with Vertical(classes="pane"):
            yield self._heading
            yield self.grid
        yield Flow(self._said, id="said")
        yield Pieces(id="keys", more="…")

    def on_mount(self) -> None:
        """Show the list, and the exception at which it was left."""
        self._restyle()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        hints = [Content.assemble((key, "bold"), f" {does}") for key, does in hints_of(self.BINDINGS)]
        self.query_one("#keys", Pieces).show(hints)
        self.grid.focus()
        self._stop = self._feed.listen(self._show)
        self.set_interval(1.0, self._grow_older)
        self._show()
        if self._at is not None and self._feed.open:
            place, left = self._at
            if not self.grid.move_to(left.key):
                self.grid.move_to(self._feed.open[min(place, len(self._feed.open) - 1)].key)

    def on_unmount(self) -> None:
        """Hear no more of the desk."""
        self._stop()

    def _restyle(self) -> None:
        self.grid.set_cell_styles(cell_styles(self.app.theme_variables))

    # --- what is shown --------------------------------------------------------------------------

    def _show(self) -> None:
        found = self._feed.open
        before, self._by_key = self._by_key, {each.key: each for each in found}
        changed = [key for key, each in self._by_key.items() if before.get(key) is not each]
        ready = self._feed.snapshot.complete
        self.grid.set_empty(NOTHING if ready else NOT_READ)
        self.grid.show(tuple(self._by_key), changed=changed)
        self._ages = self._ages_in_sight()
        self._heading.show(f" {self._counted()}")
        self._say()

    def _counted(self) -> str:
        """Return how many exceptions there are: ``12 exceptions: 3 wrong, 9 due``."""
        counts = Counter(each.kind.urgency for each in self._feed.open)
        parts = ", ".join(f"{counts[urgency]:,} {urgency.words}" for urgency in Urgency if counts[urgency])
        return f"{counted(counts.total(), 'exception')}: {parts}" if parts else "Exceptions"

    def _cells(self, key: Hashable) -> Sequence[Cell]:
        found = self._by_key.get(key)
        if found is None:
            return [Cell("") for _ in self._columns]
        snapshot = self._feed.snapshot
        return [
            Cell(
                clean(column.cell(snapshot, found, self._look)),
                column.role(snapshot, found) if column.role else "",
            )
            for column in self._columns
        ]

    def _grow_older(self) -> None:
        """Draw the ages anew that are another text by now."""
        ages = self._ages_in_sight()
        if ages != self._ages:
            self._ages = ages
            self.grid.refresh_cells()

    def _ages_in_sight(self) -> tuple[str, ...]:
        column = next(each for each in self._columns if each.id == "age")
        shown = (self._by_key.get(key) for key in self.grid.in_sight)
        return tuple(column.cell(self._feed.snapshot, each, self._look) for each in shown if each)

    @property
    def _cursor(self) -> OpenException | None:
        return self._by_key.get(self.grid.cursor_key)

    @on(Grid.CursorMoved)
    def _say(self) -> None:
        self.query_one("#said", Flow).show(self._said)

    def _said(self, width: int) -> Lines:
        """Return the exception under the cursor in full, always in as many lines."""
        found = self._cursor
        lines: Lines = []
        if found is not None:
            snapshot = self._feed.snapshot
            reason = found.trouble.reason
            row = clean(phrase_of(snapshot, found.ref) or _asked_for(snapshot, found))
            who = f" · {clean(found.trouble.who)}" if found.trouble.who else ""
            said = Content.assemble(
                (clean(f"{reason[:1].upper()}{reason[1:]}"), f"${found.kind.urgency.role}"), f" · {row}{who}"
            )
            lines = said.wrap(width)[: SAID_LINES - 1]
            lines.append(shortened(Content(clean(self._mending.advice(snapshot, found))), width))
        return [*lines, *[Content("")] * (SAID_LINES - len(lines))]

    # --- keys -----------------------------------------------------------------------------------

    @on(Grid.Opened)
    def _opened(self, event: Grid.Opened) -> None:
        event.stop()
        self.action_go()

    def action_go(self) -> None:
        """Leave for the row on which the exception under the cursor is mended."""
        if self._cursor is not None:
            self.dismiss(self._cursor)

    def action_back(self) -> None:
        """Leave for the desk as it was."""
        self.dismiss(None)


def _asked_for(snapshot: Snapshot, found: OpenException) -> str:
    """Return a row that is not on the desk by what was asked for, its id last."""
    row = f"{found.ref.kind.singular} {short_id(snapshot, found.ref)}"
    return " · ".join(filter(None, (trade_text(snapshot, found), row)))
