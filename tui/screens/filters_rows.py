"""The base of screens whose rows a filter line narrows down, by the grammar of the panes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from textual import on
from textual.binding import Binding
from textual.screen import ScreenResultType

from tui.screens.shows_rows import TAKES_ROWS, ShowsRows
from tui.service.snapshot.snapshot import Snapshot
from tui.session import DeskSession
from widgets.filterbar import FilterBar

if TYPE_CHECKING:
    from tui.columns.filter import Filter, Filterable
    from tui.columns.filter_completion import Completion

LIST_KEYS: Final = (Binding("slash", "filter", "Filter", id="filter"), *TAKES_ROWS)
"""The keys of every list."""


class FiltersRows(ShowsRows[ScreenResultType]):
    """A screen with a filter line, which stands there while it is typed into."""

    def __init__(self, session: DeskSession) -> None:
        super().__init__()
        self.session = session
        self.filter_bar = FilterBar(placeholder="vod or azn, >09:30, !not", complete=self._complete)
        self.filter_bar.display = False
        self.filter: Filter | None = None
        self.filter_text = ""

    # --- what a screen says ---------------------------------------------------------------------

    def filterable(self) -> Filterable:
        """Return what a filter may ask of the rows."""
        raise NotImplementedError

    def all_rows(self) -> Iterable[Any]:
        """Return the rows there are, of which completion takes values."""
        raise NotImplementedError

    def show_filtered(self) -> None:
        """Show the rows that the filter matches, all without one."""
        raise NotImplementedError

    def focus_rows(self) -> None:
        """Let keys go to the rows again."""
        raise NotImplementedError

    @property
    def snapshot(self) -> Snapshot:
        """The desk that the rows are about."""
        return self.session.snapshot

    # --- the line -------------------------------------------------------------------------------

    def _complete(self, text: str, cursor: int) -> Completion:
        from tui.columns.filter_completion import FilterCompleter

        return FilterCompleter(self.filterable(), self.snapshot, self.all_rows).complete(text, cursor)

    def action_filter(self) -> None:
        """Open the filter line and type into it."""
        self.filter_bar.display = True
        self.filter_bar.text = self.filter_text
        self.filter_bar.focus()

    @on(FilterBar.Changed)
    def _filter_typed(self, event: FilterBar.Changed) -> None:
        event.stop()
        from tui.columns.filter import headers_of
        from tui.columns.filter_grammar import complete_part

        self.apply(complete_part(event.text, headers_of(self.filterable().columns)))

    @on(FilterBar.Submitted)
    def _filter_submitted(self, event: FilterBar.Submitted) -> None:
        event.stop()
        if self.apply(event.text.strip()):
            self._close_filter()

    @on(FilterBar.Cancelled)
    def _filter_cancelled(self, event: FilterBar.Cancelled) -> None:
        event.stop()
        self.drop_filter()

    def apply(self, text: str) -> bool:
        """Show what matches; a filter that cannot be understood changes nothing, and is said to be wrong."""
        from tui.columns.filter import read_filter
        from tui.columns.filter_grammar import FilterError

        try:
            found = read_filter(text, self.filterable(), self.session.present) if text else None
        except FilterError as error:
            self.filter_bar.say(str(error), wrong=True)
            return False
        self.filter_bar.say("")
        self.filter, self.filter_text = found, text
        self.show_filtered()
        return True

    def keep_time(self) -> bool:
        """Filter anew once times in the filter are other ones; return whether they are."""
        due = self.filter is not None and self.filter.until and self.session.now() >= self.filter.until
        return bool(due) and self.apply(self.filter_text)

    def _close_filter(self) -> None:
        self.filter_bar.display = False
        self.focus_rows()

    def drop_filter(self) -> None:
        """Show all rows again."""
        self.apply("")
        self._close_filter()
