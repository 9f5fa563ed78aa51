"""A list of lines about rows of the desk: filtered, the line under the cursor in full, the way to its row."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ScreenResultType
from textual.widgets import Static

from styles import sheet
from styles.themes import cell_styles
from tui.api.sanitize import clean
from tui.columns.column import Column
from tui.columns.shown_rows import ShownRows
from tui.columns.steps import Steps
from tui.screens.desk_frame import FramedHeading
from tui.screens.filters_rows import FiltersRows
from tui.screens.grid_columns import grid_columns
from tui.screens.turns import Turns
from tui.service.snapshot.snapshot import EMPTY, Ref, Snapshot
from tui.session import DeskSession
from widgets.grid import Cell, Grid, GridColumn
from widgets.key_line import KeyLine
from widgets.key_names import key_words
from widgets.labelled_text import Flow, Lines
from widgets.text_line import TextLine, same
from widgets.whole_numbers import shortened

if TYPE_CHECKING:
    from tui.columns.filter import Filter, Filterable

STAY: Final = ("open", "filter", "back")
"""The actions whose hints stay longest on a narrow screen."""
LEAVES: Final = key_words("escape")
SAID_LINES: Final = (4, 6)
"""The lines in which the line under the cursor is written out, on a low terminal and on a high one."""
HIGH: Final = 34
A_STEP: Final = 50
"""Lines that are tested in one step of a filter."""


class RowListScreen(FiltersRows[ScreenResultType]):
    """Shows lines in columns; what the line under the cursor says stands in full beneath them.

    A list says what it lists, and what Enter does. It is looked at every second: what grows older is drawn
    anew. Its filter takes what the filters of panes take; the heading says how many lines it hides.

    Args:
        session: the desk, and how this reader likes times and keys.
        columns: the columns of the lines.
    """

    CSS_PATH = sheet("history")
    AUTO_FOCUS = None
    of: ClassVar[str]
    """What is listed, as the title and the name of an export say it."""
    singular: ClassVar[str]

    def __init__(self, session: DeskSession, columns: Sequence[Column]) -> None:
        super().__init__(session)
        self.columns = columns
        self.look = session.display_context
        self.grid = Grid(self.drawn_columns(), self._cells, ascii=self.look.ascii, frozen=0)
        self._heading = TextLine(id="heading")
        self._all: Mapping[Hashable, Any] = {}
        self._shown: Mapping[Hashable, Any] = {}
        self._tested: Snapshot = EMPTY
        """The desk that the filter was applied to."""
        self.turns = Turns()

    # --- what a list says -----------------------------------------------------------------------

    def rows(self) -> Mapping[Hashable, Any]:
        """Return what is listed as it is now, under a key each; the same object until something changed."""
        raise NotImplementedError

    def ref_of(self, row: Any) -> Ref | None:
        """Return the row of the desk that a line is about."""
        raise NotImplementedError

    def when(self, row: Any) -> datetime | None:
        """Return the moment that a time without a column is compared with."""
        raise NotImplementedError

    def said(self, row: Any, width: int) -> Lines:
        """Return a line written out, for ``width`` cells."""
        raise NotImplementedError

    def advice(self, row: Any) -> str:
        """Return what stands in the last line beneath a line that is written out."""
        return ""

    def empty(self) -> str:
        """Return the sentence shown while there are no lines."""
        raise NotImplementedError

    def heading(self, rows: Collection[Any]) -> str:
        """Return what the list is called, with what it counts."""
        return f"{self.of.capitalize()}  {len(rows):,}"

    def open_line(self, row: Any) -> None:
        """Do what Enter does on a line."""
        raise NotImplementedError

    @property
    def is_filtered(self) -> bool:
        """Whether a filter is in force."""
        return self.filter is not None

    # --- what is shown --------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield FramedHeading(self._heading)
        with Vertical(classes="pane"):
            yield Static("", id="message", markup=False)
            yield self.filter_bar
            yield self.grid
        yield Flow(self._written_out, id="whole")
        yield KeyLine(self.keys, STAY, id="keys")

    def on_mount(self) -> None:
        """Show the lines, and keep them current."""
        self._restyle()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self.grid.focus()
        self.query_one("#message").display = False
        self.list()
        self.set_interval(1.0, self._each_second)

    def on_unmount(self) -> None:
        """Hear of themes no more: the signal would keep the screen, and all that it lists, for good."""
        self.app.theme_changed_signal.unsubscribe(self)

    def _restyle(self) -> None:
        self.grid.set_cell_styles(cell_styles(self.app.theme_variables))

    def drawn_columns(self) -> list[GridColumn]:
        """Return the columns as the grid draws them."""
        return grid_columns(self.columns, self.look.zone_name)

    def _cells(self, key: Hashable) -> Sequence[Cell]:
        row = self._all.get(key)
        if row is None:
            return [Cell("") for _ in self.columns]
        snapshot = self.snapshot
        return [
            Cell(
                clean(column.cell(snapshot, row, self.look)),
                column.role(snapshot, row) if column.role else "",
            )
            for column in self.columns
        ]

    def _each_second(self) -> None:
        """Show what there is now, as after news or on a new day, and ages that are another text by now."""
        self.look = self.session.display_context
        if not self.keep_time():
            self.list()
        self.grid.refresh_cells(tuple(self.grid.in_sight))
        self._write_out()

    def list(self, *, anew: bool = False) -> None:
        """Show what there is now, where that changed, or ``anew``."""
        rows, snapshot = self.rows(), self.snapshot
        anew = anew or (self.is_filtered and snapshot is not self._tested)
        if rows is self._all and not anew:
            return
        before, self._all, self._tested = self._all, rows, snapshot
        changed = [key for key, row in rows.items() if before.get(key) is not row]
        if self.filter is None:
            self._show(rows, changed)
        else:
            self._show_matching(self.filter, rows, changed)

    @work(exclusive=True, group="filter", description="a filter")
    async def _show_matching(
        self, filter: Filter, rows: Mapping[Hashable, Any], changed: Sequence[Hashable]
    ) -> None:
        found = await self.turns.work(self._matching(filter, rows))
        if rows is self._all and filter is self.filter:
            self._show(found, changed)

    def _matching(self, filter: Filter, rows: Mapping[Hashable, Any]) -> Steps[dict[Hashable, Any]]:
        found: dict[Hashable, Any] = {}
        snapshot = self.snapshot
        for number, (key, row) in enumerate(rows.items(), start=1):
            if filter.test(snapshot, row):
                found[key] = row
            if number % A_STEP == 0:
                yield
        return found

    def _show(self, rows: Mapping[Hashable, Any], changed: Sequence[Hashable] | None) -> None:
        self._shown = rows
        hides = len(self._all) - len(rows)
        self.grid.set_empty(f"Nothing matches. {LEAVES} shows all." if hides else self.empty())
        self.grid.show(tuple(rows), changed=changed, on_top=True)
        self.label()
        self._write_out()

    def say(self, sentence: str, trouble: bool = False) -> None:
        """Say something of the list above it; nothing when the sentence is empty."""
        message = self.query_one("#message", Static)
        message.set_class(trouble, "trouble")
        message.display = bool(sentence)
        message.update(clean(sentence))

    def label(self) -> None:
        """Say in the heading what is listed, and what the filter hides of it."""
        parts = [self.heading(self._all.values())]
        if self.filter_text:
            hidden = len(self._all) - len(self._shown)
            parts = [self.of.capitalize(), f"{len(self._shown):,} of {len(self._all):,}"]
            parts += [f"/{clean(self.filter_text)}"]
            parts += [f"hides {hidden:,}{self.hidden_words()}"] if hidden else []
        chosen = len(self.grid.selected)
        self._heading.show("  ".join(parts), f"{chosen} selected" if chosen else "")

    def hidden_words(self) -> str:
        """Return what is said of the lines that the filter hides, behind their number."""
        return ""

    @property
    def hidden(self) -> Iterable[Any]:
        """The lines that the filter hides."""
        return (row for key, row in self._all.items() if key not in self._shown)

    @on(Grid.CursorMoved)
    def _moved(self, event: Grid.CursorMoved) -> None:
        event.stop()
        self._write_out()

    @on(Grid.Selected)
    def _selected(self, event: Grid.Selected) -> None:
        event.stop()
        self.label()

    @property
    def cursor(self) -> Any:
        """What the line under the cursor is made of, None without one."""
        return self._shown.get(self.grid.cursor_key)

    def _write_out(self) -> None:
        whole = self.query_one("#whole", Flow)
        width = max(1, whole.size.width)
        if any(not same(*each) for each in zip(self._written_out(width), whole.lines(width), strict=True)):
            whole.show(self._written_out)

    def _written_out(self, width: int) -> Lines:
        """Return the line under the cursor in full, always in as many lines; what is cut ends in dots."""
        row, most = self.cursor, SAID_LINES[self.app.size.height >= HIGH]
        if row is None:
            return [Content("")] * most
        said = self.said(row, width)
        advice = Content(clean(self.advice(row))).wrap(width) if self.advice(row) else []
        advice = _at_most(min(len(advice), max(1, most - len(said))), advice, width)
        lines = [*_at_most(most - len(advice), said, width), *advice]
        return [*lines, *[Content("")] * (most - len(lines))]

    # --- what is taken out ----------------------------------------------------------------------

    def shown_rows(self) -> ShownRows:
        """Return the lines shown, with those selected, else the one under the cursor."""
        ids = [column.id for column in self.columns]
        widest = max(self.columns, key=lambda column: column.width).id
        return ShownRows(
            self.of,
            self.singular,
            self.columns,
            self.snapshot,
            self.grid.keys,
            self.grid.in_focus,
            self._all.get,
            lambda key: self.ref_of(row) if (row := self._all.get(key)) is not None else None,
            self.grid.clicked_column if self.grid.clicked_column in ids else widest,
        )

    # --- the filter -----------------------------------------------------------------------------

    def filterable(self) -> Filterable:
        """Return what a filter may ask of the lines, and of the rows they are about."""
        from tui.columns.line_filter import of_lines

        return of_lines(self.columns, self.ref_of, self.when)

    def all_rows(self) -> Iterable[Any]:
        """Return the lines there are."""
        return self._all.values()

    def show_filtered(self) -> None:
        """Show the lines that the filter matches."""
        self.list(anew=True)

    def focus_rows(self) -> None:
        """Let keys go to the lines again."""
        self.grid.focus()

    # --- keys -----------------------------------------------------------------------------------

    @on(Grid.Opened)
    def _opened(self, event: Grid.Opened) -> None:
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """Do what Enter does on the line under the cursor."""
        row = self.cursor
        if row is not None:
            self.open_line(row)

    def action_back(self) -> None:
        """Clear the selection, then the filter, then leave; one not mounted yet is left once it is."""
        if not self.is_mounted:
            self.call_after_refresh(self.action_back)
        elif self.grid.selected:
            self.grid.clear_selection()
        elif self.filter_text:
            self.drop_filter()
        else:
            self.dismiss(None)


def _at_most(most: int, lines: Lines, width: int) -> Lines:
    """Return at most so many of the lines; where there are more, the last ends in dots."""
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], shortened(Content(f"{lines[most - 1].plain} {lines[most].plain}"), width)]
