"""One pane of the desk: a grid of one kind's rows, its filter line, its title and its totals.

A pane shows what it is told to show. It holds the reader's view (filter, sort, columns) and knows which
rows are in focus; it reads nothing from a server and sends nothing. Filtering, sorting and adding up is
done by :mod:`tui.screens.desk.arranger`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tui.api.base import ResourceId
from tui.api.sanitize import clean
from tui.columns.format import DisplayContext
from tui.columns.hatching import hatch
from tui.columns.panes import PaneSpec
from tui.columns.shown_rows import ShownRows, is_contradicted, marked, of_view
from tui.columns.view import NEWEST, View
from tui.screens.desk.arranger import Arranger
from tui.screens.desk.news import News
from tui.screens.desk.pane_title import pane_title
from tui.screens.desk.proposed_rows import ProposedRows
from tui.screens.grid_columns import grid_columns
from tui.screens.turns import Turns
from tui.service.numbers import counted
from tui.service.snapshot.diff import UNCHANGED
from tui.service.snapshot.instruments import Instrument, luid_of
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot
from tui.service.typed_times import Present
from widgets.grid import Cell, Grid
from widgets.text_line import Pieces

if TYPE_CHECKING:
    from widgets.filterbar import FilterBar

# The filter line and its grammar are loaded when a filter is first typed: a start needs neither.

NOTHING_MATCHES: Final = "Nothing matches the filter. {back} clears it, {browse} looks beyond the desk."
SHOWS_ALL: Final = "{back} shows all"
NONE_THEN: Final = "None at that time."
"""Shown in the past, where no key makes the first row."""


class Pane(Vertical):
    """The pane of one :class:`~tui.service.snapshot.snapshot.EntityKind`."""

    class CursorMoved(Message):
        """The cursor stands on another row."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    class TotalsChanged(Message):
        """The rows shown or selected may add up to something else."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

        def can_replace(self, message: Message) -> bool:
            """Replace an older one of the same pane that nobody has read yet."""
            return isinstance(message, Pane.TotalsChanged) and message.pane is self.pane

    class ViewChanged(Message):
        """The pane is shown by another view: filter, sort, columns or pinned rows."""

    class Opened(Message):
        """The reader asked for the details of the row under the cursor."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(
        self,
        spec: PaneSpec,
        context: DisplayContext,
        with_keys: Callable[[str], str],
        *,
        turns: Turns | None = None,
        present: Callable[[], Present] = lambda: Present(datetime.now(UTC)),
        needing: Callable[[EntityKind], Collection[ResourceId]] = lambda kind: (),
    ) -> None:
        super().__init__(id=spec.kind.value, classes=f"pane {spec.place}")
        self.view = View(spec.kind).newest_first()
        self.display_context = context
        self._called = with_keys(spec.name)
        self._empty_words = with_keys(spec.empty_words)
        self._nothing_matches = with_keys(NOTHING_MATCHES)
        self._shows_all = with_keys(SHOWS_ALL)
        self._needing = needing
        self._snapshot: Snapshot = EMPTY
        self._turns = turns or Turns()
        self._arranger = Arranger(spec.kind, self._turns, self)
        self._instruments: Mapping[str, Instrument] = {}
        """The instruments as the cells in sight show them."""
        self._in_flight: Mapping[Ref, str] = {}
        self._drawn_intents: dict[ResourceId, str | None] = {}
        """What was asked of rows in sight as they are drawn."""
        self._shows_intents = False
        self._proposed: frozenset[ResourceId] = frozenset()
        """The rows that a program proposes to change."""
        self._proposed_new: Sequence[str] = ()
        self._proposed_rows: ProposedRows | None = None
        self._scope: Sequence[ResourceId] | None = None
        self._why_empty = ""
        self._loaded = False
        """Whether everything was read once: until then newer rows come above the cursor."""
        self._of = ""
        self._columns = self.view.columns
        self._filter_bar: FilterBar | None = None
        self._filter_before = ""
        self._present = present
        self._filter_until: datetime | None = None
        """When times in the filter, such as ``2m ago``, are other ones."""
        self.grid = Grid(
            grid_columns(self._columns, context.zone_name),
            self._cells,
            empty=self._empty_words,
            ascii=context.ascii,
        )
        self._title, self._footer = Pieces(id="title"), Pieces(id="totals", gap=" · ", more="…")

    @property
    def kind(self) -> EntityKind:
        return self.view.kind

    @property
    def shown(self) -> tuple[ResourceId, ...]:
        """The rows shown, in order."""
        return self._arranger.rows.ids

    @property
    def listed(self) -> int:
        """How many rows there are to show before the filter: a filter that is typed moves no pane."""
        return self._arranger.rows.total

    @property
    def hidden(self) -> int:
        """How many rows the filter hides."""
        return self._arranger.rows.hidden if self.view.filter else 0

    @property
    def hidden_needing(self) -> int:
        """How many of these need somebody."""
        return self._arranger.hidden_needing

    @property
    def matching(self) -> tuple[ResourceId, ...]:
        """The rows shown that filter and scope let through, in order: those and pinned ones are shown."""
        return self._arranger.rows.matching

    @property
    def rows_snapshot(self) -> Snapshot:
        """The snapshot of the rows shown; while those of a newer one are worked out, an older one."""
        return self._arranger.rows.snapshot

    @property
    def arranging(self) -> bool:
        """Return whether rows, marks or totals are still being worked out."""
        return self._arranger.busy

    @property
    def cursor(self) -> Ref | None:
        """The row under the cursor."""
        key = self.grid.cursor_key
        return Ref(self.kind, key) if isinstance(key, ResourceId) else None

    @property
    def column_in_focus(self) -> str:
        """The column that was clicked last, else the first that rows are sorted by, else the first one."""
        ids = [column.id for column in self._columns]
        wanted = (self.grid.clicked_column, *(each.id for each in self.view.sorts), ids[0])
        return next(id for id in wanted if id in ids)

    @property
    def in_sight(self) -> tuple[Ref, ...]:
        """The rows that can be read on the screen."""
        return tuple(Ref(self.kind, key) for key in self.grid.in_sight if isinstance(key, ResourceId))

    @property
    def in_focus(self) -> tuple[ResourceId, ...]:
        """The selected rows in the order shown, else the row under the cursor."""
        chosen, rows = self.grid.selected, self._arranger.rows
        if not chosen:
            return (self.cursor.id,) if self.cursor else ()
        if len(chosen) == len(rows.ids):
            return rows.ids
        if len(chosen) * 16 > len(rows.ids):
            return tuple(filter(chosen.__contains__, rows.ids))
        few = [id for id in chosen if isinstance(id, ResourceId)]
        return tuple(sorted(few, key=lambda id: rows.find(id) or 0))

    def shown_rows(self) -> ShownRows:
        """Return what is shown, with the rows in focus."""
        return of_view(self.view, self.rows_snapshot, self.matching, self.in_focus, self.column_in_focus)

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.grid
        yield self._footer

    def on_mount(self) -> None:
        self._label()

    def _cells(self, key: Hashable) -> Sequence[Cell]:
        assert isinstance(key, ResourceId)
        snapshot = self.rows_snapshot
        row = snapshot.rows(self.kind).get(key)
        if row is None:
            return [Cell("") for _ in self._columns]
        ref = Ref(self.kind, key)
        intent = self._drawn_intents[key] = self._in_flight.get(ref)
        self._shows_intents = self._shows_intents or intent is not None
        cells = []
        for column in self._columns:
            if intent and column.id == "state":
                cells.append(Cell(f"{intent} sent", "intent"))
                continue
            role = column.role(snapshot, row) if column.role else ""
            text = column.cell(snapshot, row, self.display_context)
            if is_contradicted(column, snapshot, ref):
                text, role = marked(text, self.display_context), "bad"
            cells.append(Cell(text, role))
        if key in self._proposed:
            first = cells[0]
            cells[0] = Cell(f"{hatch(ascii=self.display_context.ascii)} {first.text}", first.style)
        return cells

    @property
    def proposed_lines(self) -> int:
        """The lines that rows take which are only proposed."""
        return len(self._proposed_rows.lines) if self._proposed_rows is not None else 0

    def show_proposed(self, rows: Sequence[str]) -> None:
        """Show what a program proposes to be new here, a row each in words."""
        if rows == self._proposed_new:
            return
        self._proposed_new = rows
        if self._proposed_rows is None and rows:
            self._proposed_rows = ProposedRows(ascii=self.display_context.ascii)
            self.mount(self._proposed_rows, before=self._footer)
        if self._proposed_rows is not None:
            self._proposed_rows.display = bool(rows)
            self._proposed_rows.show(rows)

    def mark_proposed(self, rows: frozenset[ResourceId]) -> None:
        """Mark the rows that a program proposes to change, and no others."""
        changed = self._proposed ^ rows
        if changed:
            self._proposed = rows
            self.grid.refresh_cells([id for id in self.grid.in_sight if id in changed])

    def show(
        self,
        snapshot: Snapshot,
        scope: Sequence[ResourceId] | None,
        in_flight: Mapping[Ref, str],
        of: str = "",
        *,
        news: News | None = None,
    ) -> None:
        """Show ``snapshot``; only the rows of ``scope``, those ``of`` a block, when given, else all.

        ``news`` are what differs from an earlier snapshot; where that is the one shown, only the rows
        that are named take work.
        """
        delta = None if news is None else news.delta(self.kind, self._snapshot, snapshot)
        if snapshot.as_at != self._snapshot.as_at:
            self.grid.clear_marks()
            self.grid.takes_arrows = snapshot.as_at is None
        self._snapshot, self._scope = snapshot, scope
        self._show_in_flight(in_flight)
        if of != self._of:
            self._of = of
            self._label()
        self._arranger.arrange(self.view, snapshot, scope, delta)

    def _show_in_flight(self, in_flight: Mapping[Ref, str]) -> None:
        """Show in the cells what was asked of rows, and no longer once that is done.

        Only rows in sight are looked at: an emergency asks something of many thousands. What was asked before
        cannot be told from ``in_flight``, which changes by itself, only from what is drawn.
        """
        if not in_flight and not self._shows_intents:
            return
        self._in_flight = in_flight
        drawn = self._drawn_intents
        in_sight = {id: drawn[id] for id in self.grid.in_sight if isinstance(id, ResourceId) and id in drawn}
        self._drawn_intents, self._shows_intents = in_sight, any(in_sight.values())
        changed = [id for id, said in in_sight.items() if said != in_flight.get(Ref(self.kind, id))]
        self.grid.refresh_cells(changed)

    # --- what the arranger tells ---------------------------------------------------------------

    def rows_ready(self, changed: Collection[ResourceId] | None) -> None:
        """Show the rows as they are now; ``changed`` are those with other cells, None when any may have.

        Rows in sight whose instrument has another last price now are drawn anew too: no row says it.
        """
        rows = self._arranger.rows
        instruments, self._instruments = self._instruments, rows.snapshot.instruments
        if changed is not None and instruments is not self._instruments:
            changed = {*changed, *self._repriced(instruments)}
        self._say_empty()
        self.grid.set_pinned(rows.view.pins, frozenset(rows.guests))
        self.grid.show(rows.ids, index=rows, changed=changed, on_top=not self._loaded)
        self._loaded = self._loaded or rows.snapshot.complete
        self._label()

    def _repriced(self, before: Mapping[str, Instrument]) -> Iterator[ResourceId]:
        """Yield the rows in sight whose instrument has another last price than ``before``."""
        rows = self.rows_snapshot.rows(self.kind)
        for ref in self.in_sight:
            luid = luid_of(rows.get(ref.id))
            was, now = before.get(luid), self._instruments.get(luid)
            if was is not now and now is not None and (was is None or was.last != now.last):
                yield ref.id

    def rows_slow(self) -> None:
        """Show in the title that filtering or sorting is under way."""
        self._label()

    def cells_changed(
        self,
        cells: Mapping[ResourceId, Collection[str]],
        added: Collection[ResourceId],
        removed: Collection[ResourceId],
    ) -> None:
        """Mark the cells and rows that are news, and forget the marks of rows that are gone."""
        self.grid.unmark(removed)
        self.grid.mark(cells, added)

    def totals_ready(self) -> None:
        """Show what the rows add up to."""
        arranger = self._arranger
        parts = arranger.totals.parts(arranger.rows.snapshot)
        if arranger.totals is not arranger.rows.totals:
            parts.insert(0, f"{arranger.totals.rows:,} of {len(arranger.rows.ids):,} selected")
        self._footer.show(parts)
        self.post_message(self.TotalsChanged(self))

    @property
    def open_money(self) -> Sequence[str]:
        """What is open of the rows shown or selected, per side and currency."""
        return self._arranger.totals.money("open_value", self._arranger.rows.snapshot)

    def go_on(self, work: Callable[[], bool]) -> None:
        """Go on with long work in the next turns: one worker for all panes, for each costs messages."""
        if self._turns.add(work):
            self.run_worker(self._turns.finish(), group="rows")

    def say_why_empty(self, sentence: str) -> None:
        """Show ``sentence`` while the pane is empty; an empty one restores the pane's own words."""
        self._why_empty = sentence
        self._say_empty()

    def _say_empty(self) -> None:
        filtered = self._nothing_matches if self._arranger.rows.total and self.view.filter else ""
        words = NONE_THEN if self._snapshot.as_at is not None else self._empty_words
        self.grid.set_empty(clean(self._why_empty) or filtered or self._not_read() or words)

    def _not_read(self) -> str:
        """Return why rows of this pane may be missing, in the server's words; empty when none is."""
        due = self.rows_snapshot.bookings_due if self.kind is EntityKind.TRANSACTIONS else ()
        if due:
            return f"What is booked into {counted(len(due), 'portfolio')} is still being read."
        unread = self.rows_snapshot.unread.get(self.kind)
        return clean(f"{self.kind.value.capitalize()} {unread}") if unread else ""

    def set_display_context(self, context: DisplayContext) -> None:
        """Show the same rows under another look, such as a new day."""
        other_zone = context.zone_name != self.display_context.zone_name
        self.display_context = context
        if other_zone:
            self._set_columns()
        self.grid.refresh_cells()

    def _set_columns(self) -> None:
        view, zone = self.view, self.display_context.zone_name
        self._columns = view.columns
        self.grid.set_columns(grid_columns(view.columns, zone, view.widths), frozen=max(1, view.pinned_count))

    def _label(self) -> None:
        arranger, chosen = self._arranger, len(self.grid.selected)
        title = pane_title(
            self._called,
            self.view,
            arranger.rows,
            needing=arranger.hidden_needing,
            shows_all=self._shows_all if self.has_focus_within else "",
            of=self._of,
            slow=arranger.slow,
            chosen=chosen,
        )
        self._title.show(title.pieces, title.ranks, spread=bool(chosen), cut=title.cut)

    def on_descendant_focus(self) -> None:
        """Name the key that shows all rows in the pane in which it does."""
        self._label()

    def on_descendant_blur(self) -> None:
        """Name the key no longer."""
        self._label()

    def rows_needing(self) -> Collection[ResourceId]:
        """Return the rows that need somebody."""
        return self._needing(self.kind)

    def count_needing(self) -> None:
        """Count again those of the rows hidden by the filter that need somebody."""
        self._arranger.count_needing()

    def needing_counted(self) -> None:
        """Show how many of the hidden rows need somebody."""
        self._label()

    def set_view(self, view: View) -> None:
        """Show another view: filter, sort or columns.

        Raises:
            FilterError: its filter cannot be understood.
        """
        self._filter_until = None
        if view.filter:
            from tui.columns.filter import parse_filter

            view = replace(view, present=self._present())
            self._filter_until = parse_filter(view.filter, view.kind, view.properties, view.present).until
        widths, pinned = self.view.widths, self.view.pinned_count
        self.view = view
        columns = view.columns
        if (columns, view.widths, view.pinned_count) != (self._columns, widths, pinned):
            self._set_columns()
        self.grid.set_sort(*((each.id, each.descending) for each in view.sorts if each.id != NEWEST))
        self._label()
        self._arranger.arrange(view, self._snapshot, self._scope, UNCHANGED)
        self.post_message(self.ViewChanged())

    def keep_time(self) -> None:
        """Filter anew once times in the filter are other ones."""
        if self._filter_until is not None and self._present().now >= self._filter_until:
            self.set_view(self.view)

    def start_filter(self) -> None:
        """Open the filter line and type into it."""
        from tui.columns.filter_completion import pane_completer
        from widgets.filterbar import FilterBar

        bar = self._filter_bar
        if bar is None:
            completer = pane_completer(self.kind, self.rows_snapshot, self.view.properties)
            bar = self._filter_bar = FilterBar(
                placeholder="vod or azn, side:buy, ordered>50k, created:today, !not",
                complete=completer.complete,
            )
            self.mount(bar, before=self._footer)
            self._filter_before = self.view.filter
        bar.text = self.view.filter
        bar.focus()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self._filter(event.text, typing=True)

    def on_filter_bar_submitted(self, event: FilterBar.Submitted) -> None:
        event.stop()
        if self._filter(event.text):
            self._close_filter()

    def on_filter_bar_cancelled(self, event: FilterBar.Cancelled) -> None:
        event.stop()
        self.drop_filter()

    def drop_filter(self) -> bool:
        """Show all rows again; return whether there was a filter."""
        if not self.view.filter and self._filter_bar is None:
            return False
        self._filter("")
        self._close_filter()
        return True

    def _filter(self, text: str, *, typing: bool = False) -> bool:
        """Apply a filter, while ``typing`` without what is unfinished at its end.

        One that cannot be understood restores the filter from before, and says why.
        """
        from tui.columns.filter import columns_by_name, headers_of, parse_filter
        from tui.columns.filter_grammar import FilterError, complete_part

        is_header = headers_of(tuple(columns_by_name(self.kind, self.view.properties)))
        wrong, text = "", complete_part(text, is_header) if typing else text.strip()
        try:
            parse_filter(text, self.kind, self.view.properties, self._present())
        except FilterError as error:
            wrong, text = str(error), self._filter_before
        if text != self.view.filter:
            self.set_view(self.view.filtered(text))
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
        self._arranger.choose(event.keys)

    @on(Grid.Opened)
    def _opened(self, event: Grid.Opened) -> None:
        event.stop()
        self.post_message(self.Opened(self))

    @on(Grid.ColumnPressed)
    def _column_pressed(self, event: Grid.ColumnPressed) -> None:
        event.stop()
        sorted_by = self.view.further_sorted_by if event.further else self.view.sorted_by
        self.set_view(sorted_by(event.column_id))
