"""One pane of the desk: a grid of one family's rows, its filter line, its title and its totals.

A pane shows what it is told to show. It holds the reader's view (filter, sort, columns) and knows which
rows are in focus; it reads nothing from a server and sends nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tui.api.base import ResourceId
from tui.api.sanitize import clean
from tui.columns.format import DisplayContext
from tui.columns.panes import PaneSpec
from tui.columns.view import FilterError, Totals, View, column_of, keys, parse_filter
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot
from widgets.filterbar import FilterBar
from widgets.grid import Cell, Grid, GridColumn
from widgets.text_line import Pieces, TextLine

SLICE: Final = 500
"""How many rows are added up between two keys."""
NOTHING_MATCHES: Final = "Nothing matches the filter. Esc clears it."


class Pane(Vertical):
    """The pane of one :class:`~tui.service.snapshot.snapshot.Family`."""

    class CursorMoved(Message):
        """The cursor stands on another row."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    class Opened(Message):
        """The reader asked for the details of the row under the cursor."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, spec: PaneSpec, context: DisplayContext, *, key: str, empty_words: str) -> None:
        super().__init__(id=spec.kind.value, classes=f"pane {spec.place}")
        self.view = View(spec.kind)
        self.display_context = context
        self._heading = f" {key} {spec.title}"
        self._empty_words = empty_words
        self._snapshot: Snapshot = EMPTY
        self._flights: Mapping[Ref, str] = {}
        self._scope: Sequence[ResourceId] | None = None
        self._shown: list[ResourceId] = []
        self._total = 0
        self._why_empty = ""
        self._of = ""
        self._columns = self.view.columns
        self._filter_bar: FilterBar | None = None
        self._filter_before = ""
        self.grid = Grid(self._grid_columns(), self._cells, empty=empty_words, ascii=context.ascii)
        self._title, self._footer = TextLine(id="title"), Pieces(id="totals", gap=" · ", more="…")

    @property
    def family(self) -> EntityKind:
        return self.view.family

    @property
    def shown(self) -> tuple[ResourceId, ...]:
        """The rows shown, in order."""
        return tuple(self._shown)

    @property
    def cursor(self) -> Ref | None:
        """The row under the cursor."""
        key = self.grid.cursor_key
        return Ref(self.family, key) if isinstance(key, ResourceId) else None

    @property
    def in_focus(self) -> tuple[ResourceId, ...]:
        """The selected rows in the order shown, else the row under the cursor."""
        chosen = self.grid.selected
        if chosen:
            return tuple(id for id in self._shown if id in chosen)
        return (self.cursor.id,) if self.cursor else ()

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.grid
        yield self._footer

    def on_mount(self) -> None:
        self._label()

    def _grid_columns(self) -> list[GridColumn]:
        return [
            GridColumn(
                column.id,
                column.title,
                column.width,
                align=column.align,
                flexible=column.flexible,
                cut=column.cut,
            )
            for column in self._columns
        ]

    def _cells(self, key: Hashable) -> Sequence[Cell]:
        assert isinstance(key, ResourceId)
        row = self._snapshot.rows(self.family).get(key)
        if row is None:
            return [Cell("") for _ in self._columns]
        intent = self._flights.get(Ref(self.family, key))
        cells = []
        for column in self._columns:
            if intent and column.id == "state":
                cells.append(Cell(f"{intent} sent", "intent"))
                continue
            role = column.role(self._snapshot, row) if column.role else ""
            cells.append(Cell(column.cell(self._snapshot, row, self.display_context), role))
        return cells

    def show(
        self,
        snapshot: Snapshot,
        scope: Sequence[ResourceId] | None,
        flights: Mapping[Ref, str],
        of: str = "",
    ) -> None:
        """Show ``snapshot``; only the rows of ``scope``, those ``of`` a block, when given, else all."""
        same = (
            snapshot.rows(self.family) is self._snapshot.rows(self.family)
            and scope == self._scope
            and not self.view.filter
            and not self.view.sort
        )
        self._snapshot, self._scope, self._flights, self._of = snapshot, scope, flights, of
        if same:
            self.grid.refresh_cells()
            self._label()
        else:
            self._arrange()

    def say_why_empty(self, sentence: str) -> None:
        """Say in an empty pane why it is; an empty sentence says what it says by itself."""
        self._why_empty = sentence
        self._say_empty()

    def _say_empty(self) -> None:
        filtered = NOTHING_MATCHES if self._total and self.view.filter else ""
        self.grid.set_empty(clean(self._why_empty) or filtered or self._empty_words)

    def set_display_context(self, context: DisplayContext) -> None:
        """Show the same rows under another look, such as a new day."""
        self.display_context = context
        self.grid.refresh_cells()

    def _arrange(self) -> None:
        rows = self._snapshot.rows(self.family)
        ids = rows.keys() if self._scope is None else [id for id in self._scope if id in rows]
        found = keys(self.view, self._snapshot, ids)
        self._total, self._shown = len(ids), found
        self._say_empty()
        self.grid.show(found)
        self.grid.refresh_cells()
        self._label()

    def _label(self) -> None:
        view = self.view
        count = f"{len(self._shown):,} of {self._total:,}" if view.filter else f"{self._total:,}"
        parts = [self._heading, count]
        if self._of:
            parts.append(f"of {clean(self._of)}")
        if view.filter:
            parts.append(f"/{clean(view.filter)}")
        if view.needs_first:
            parts.append("needs me first")
        elif view.sort:
            arrow = "down" if view.descending else "up"
            parts.append(f"by {column_of(self.family, view.sort).title} {arrow}")
        chosen = len(self.grid.selected)
        self._title.show("  ".join(parts), f"{chosen} selected " if chosen else "")
        self._add_up()

    @work(exclusive=True, group="totals")
    async def _add_up(self) -> None:
        """Show the totals; many rows are added up in slices, so that no key waits for them."""
        sums = Totals(self.view, self._snapshot)
        shown = self._shown
        for start in range(0, len(shown), SLICE):
            if start:
                await asyncio.sleep(0)
            sums.add(shown[start : start + SLICE])
        self._footer.show(sums.parts())

    def look_at(self, view: View) -> None:
        """Take another view: filter, sort or columns."""
        self.view = view
        columns = view.columns
        if columns != self._columns:
            self._columns = columns
            self.grid.set_columns(self._grid_columns())
        self.grid.set_sort(view.sort or None, descending=view.descending)
        self._arrange()

    def start_filter(self) -> None:
        """Open the filter line and type into it."""
        bar = self._filter_bar
        if bar is None:
            bar = self._filter_bar = FilterBar(placeholder="words, side:buy, ordered>50k, !not")
            self.mount(bar, before=self._footer)
            self._filter_before = self.view.filter
        bar.text = self.view.filter
        bar.focus()

    @on(FilterBar.Changed)
    def _filter_typed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self._filter(event.text)

    @on(FilterBar.Submitted)
    def _filter_kept(self, event: FilterBar.Submitted) -> None:
        event.stop()
        if self._filter(event.text):
            self._close_filter()

    @on(FilterBar.Cancelled)
    def _filter_dropped(self, event: FilterBar.Cancelled) -> None:
        event.stop()
        self.drop_filter()

    def drop_filter(self) -> bool:
        """Show all rows again; tell whether there was a filter."""
        if not self.view.filter and self._filter_bar is None:
            return False
        self._filter("")
        self._close_filter()
        return True

    def _filter(self, text: str) -> bool:
        """Take another filter; one nobody understands shows what the line was opened on, and says why."""
        wrong = ""
        try:
            parse_filter(text, self.family)
        except FilterError as error:
            wrong = str(error)
        self.look_at(self.view.filtered(self._filter_before if wrong else text))
        if self._filter_bar is not None:
            self._filter_bar.say(wrong, wrong=True)
        return not wrong

    def _close_filter(self) -> None:
        if self._filter_bar is not None:
            self._filter_bar.remove()
            self._filter_bar = None
        self.grid.focus()

    @on(Grid.CursorMoved)
    def _moved(self, event: Grid.CursorMoved) -> None:
        event.stop()
        self.post_message(self.CursorMoved(self))

    @on(Grid.Selected)
    def _selected(self, event: Grid.Selected) -> None:
        event.stop()
        self._label()

    @on(Grid.Opened)
    def _opened(self, event: Grid.Opened) -> None:
        event.stop()
        self.post_message(self.Opened(self))

    @on(Grid.ColumnPressed)
    def _column_pressed(self, event: Grid.ColumnPressed) -> None:
        event.stop()
        self.look_at(self.view.sorted_by(event.column_id))
