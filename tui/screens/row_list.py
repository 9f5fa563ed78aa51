"""A list of lines about rows of the desk: the line under the cursor in full, and the way to its row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ClassVar, Final

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from styles import sheet
from styles.themes import cell_styles
from tui.columns.format import DisplayContext
from tui.screens.dismiss_once import DismissOnce
from tui.service.snapshot.snapshot import Ref
from tui.session import DeskSession
from widgets.grid import Cell, Grid, GridColumn
from widgets.key_bar import hints_of
from widgets.labelled_text import Flow, Lines
from widgets.text_line import Pieces, TextLine

MOST_LINES: Final = 4
"""The lines that the line under the cursor may take, written out."""


class RowLine(Struct, frozen=True):
    """One line: its cells, the row it is about if any, and all it says."""

    cells: tuple[Cell, ...]
    ref: Ref | None
    words: str


class RowListScreen(DismissOnce[Ref]):
    """Shows lines; returns the row to go to, or None on Esc.

    Args:
        session: the desk, and how this reader likes times and keys.
        title: what is listed.
        columns: the columns of the lines.
        rows: returns what is listed as it is now, under a key each.
        line: makes the line of one of them; it is asked for those in sight.
        empty: the sentence shown while there are none.
    """

    CSS_PATH = sheet("history")
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "jump", "To the row"),
        Binding("escape,ctrl+c,q,t,d", "back", "Back"),
    ]

    def __init__(
        self,
        session: DeskSession,
        title: str,
        columns: Sequence[GridColumn],
        rows: Callable[[], Mapping[Hashable, Any]],
        line: Callable[[Any, DisplayContext], RowLine],
        empty: str,
    ) -> None:
        super().__init__()
        self.session = session
        self._title = title
        self._rows_now, self._line_of = rows, line
        self._rows: Mapping[Hashable, Any] = {}
        self._look = session.display_context
        self.grid = Grid(columns, self._cells, empty=empty, ascii=self._look.ascii, frozen=0)
        self._heading = TextLine(id="heading")

    def compose(self) -> ComposeResult:
        yield self._heading
        yield Static("", id="message", markup=False)
        yield self.grid
        yield Flow(id="whole")
        yield Pieces(id="keys", more="…")

    def on_mount(self) -> None:
        """Show the lines, and keep them current."""
        self._restyle()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self.grid.focus()
        hints = [Content.assemble((key, "bold"), f" {does}") for key, does in hints_of(self.BINDINGS)]
        self.query_one("#keys", Pieces).show(hints)
        self.query_one("#message").display = False
        self.list()
        self.set_interval(1.0, self.list)

    def _restyle(self) -> None:
        self.grid.set_cell_styles(cell_styles(self.app.theme_variables))

    def _cells(self, key: Hashable) -> Sequence[Cell]:
        row = self._rows.get(key)
        return () if row is None else self._line_of(row, self._look).cells

    def list(self) -> None:
        """Show what there is now, as after a new day or news; repaint only what differs."""
        context, rows = self.session.display_context, self._rows_now()
        if rows is self._rows and context == self._look:
            return
        self._look, self._rows = context, rows
        self.grid.show(tuple(rows), on_top=True)
        zone = f", times in {context.zone_name}" if context.zone_name else ""
        self._heading.show(f"{self._title}{zone}", f"{len(rows):,}")
        self._write_out()

    @on(Grid.CursorMoved)
    def _moved(self, event: Grid.CursorMoved) -> None:
        event.stop()
        self._write_out()

    @on(Grid.Opened)
    def _opened(self, event: Grid.Opened) -> None:
        event.stop()
        self.action_jump()

    @property
    def _line(self) -> RowLine | None:
        row = self._rows.get(self.grid.cursor_key)
        return None if row is None else self._line_of(row, self._look)

    def _write_out(self) -> None:
        words = self._line.words if self._line else ""

        def lines(width: int) -> Lines:
            wrapped = Content(words).wrap(width)
            shown = wrapped[:MOST_LINES]
            return [*shown, *[Content("")] * (MOST_LINES - len(shown))]

        self.query_one("#whole", Flow).show(lines)

    def action_jump(self) -> None:
        """Leave, and go to the row of the line under the cursor."""
        line = self._line
        if line is None:
            return
        if line.ref is None:
            self.notify("This line is about no single row.", markup=False)
        elif line.ref not in self.session.snapshot:
            self.notify(f"{str(line.ref).capitalize()} is not on the desk any more.", markup=False)
        else:
            self.dismiss(line.ref)

    def action_back(self) -> None:
        """Leave."""
        self.dismiss(None)
