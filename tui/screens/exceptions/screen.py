"""The list of exceptions: what needs somebody on the whole desk, the most urgent first.

It shows what the desk keeps up, whatever the panes are filtered by, and returns the exception to mend.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.content import Content

from tui.actions.action import Scope
from tui.api.sanitize import clean
from tui.columns.exception_columns import exception_columns, trade_text
from tui.columns.format import clock_and_age
from tui.screens.exceptions.exceptions_feed import ExceptionsFeed
from tui.screens.exceptions.mending import Mending
from tui.screens.filters_rows import LIST_KEYS
from tui.screens.row_list import RowListScreen
from tui.service.exceptions.exception_kind import Urgency
from tui.service.exceptions.open_exceptions import OpenException
from tui.service.numbers import counted
from tui.service.row_phrases import phrase_of, short_id
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.session import DeskSession
from widgets.grid import GridColumn
from widgets.labelled_text import Lines

LEAST: Final = {"reason": 24, "trade": 17, "press": 10}
"""The least width of columns that give way on a narrow screen."""
NOTHING: Final = "Nothing needs you."
NOT_READ: Final = "Reading the desk."


class ExceptionsScreen(RowListScreen[OpenException]):
    """Shows the exceptions that ``feed`` keeps up; returns the one to mend, or None on Esc.

    ``scope`` returns what actions act on now; ``at`` is the place at which the list was left, and the
    exception that stood there.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Go and mend it"),
        *LIST_KEYS,
        Binding("escape,ctrl+c,q", "back", "Back"),
        Binding("0", "back", "Back", show=False, id="exceptions"),
    ]
    of = "exceptions"
    singular = "exception"

    def __init__(
        self,
        feed: ExceptionsFeed,
        session: DeskSession,
        scope: Callable[[], Scope],
        at: tuple[int, OpenException] | None = None,
    ) -> None:
        self._feed = feed
        self._mending = Mending(session, scope)
        self._at = at
        self._by_key: Mapping[Hashable, OpenException] = {}
        self._stop: Callable[[], None] = lambda: None
        super().__init__(session, exception_columns(self._mending.key_and_label, lambda: feed.now))

    def on_mount(self) -> None:
        """Show the list, and the exception at which it was left."""
        self._heard()
        super().on_mount()
        self._stop = self._feed.listen(self._heard)
        if self._at is not None and self._feed.open:
            place, left = self._at
            if not self.grid.move_to(left.key):
                self.grid.move_to(self._feed.open[min(place, len(self._feed.open) - 1)].key)

    def on_unmount(self) -> None:
        """Hear no more of the desk."""
        self._stop()

    def drawn_columns(self) -> list[GridColumn]:
        """Return the columns, some of which give way."""
        columns = super().drawn_columns()
        return [column._replace(least=LEAST.get(column.id, column.least)) for column in columns]

    # --- what is shown --------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The desk that was judged."""
        return self._feed.snapshot

    def rows(self) -> Mapping[Hashable, OpenException]:
        """Return the exceptions, the most urgent first."""
        return self._by_key

    def _heard(self) -> None:
        """Show the exceptions as they are by now."""
        self._by_key = {each.key: each for each in self._feed.open}
        if self.is_mounted:
            self.list()

    def ref_of(self, row: Any) -> Ref | None:
        """Return the row that is an exception."""
        ref: Ref = row.ref
        return ref

    def when(self, row: Any) -> datetime | None:
        """Return since when it is one."""
        since: datetime | None = row.trouble.since
        return since

    def empty(self) -> str:
        """Return that nothing needs anybody, or is not known yet."""
        return NOTHING if self.snapshot.complete else NOT_READ

    def heading(self, rows: Collection[OpenException]) -> str:
        """Return how many exceptions there are: ``12 exceptions: 3 wrong, 9 due``."""
        counts = Counter(each.kind.urgency for each in rows)
        return f"{counted(counts.total(), 'exception')}: {_parts(counts)}" if counts else "Exceptions"

    def hidden_words(self) -> str:
        """Return how urgent those are that the filter hides."""
        parts = _parts(Counter(each.kind.urgency for each in self.hidden))
        return f": {parts}" if parts else ""

    def said(self, row: Any, width: int) -> Lines:
        """Return an exception in full: the reason, the row, who, and since when."""
        reason = row.trouble.reason
        phrase = clean(phrase_of(self.snapshot, row.ref) or _asked_for(self.snapshot, row))
        since = clock_and_age(row.trouble.since, self.look, self._feed.now)
        rest = (phrase, clean(row.trouble.who), f"since {since}" if since else "")
        said = Content.assemble(
            (clean(f"{reason[:1].upper()}{reason[1:]}"), f"${row.kind.urgency.role}"),
            "".join(f" · {part}" for part in rest if part),
        )
        return said.wrap(width)

    def advice(self, row: Any) -> str:
        """Return where to go and what to press there."""
        return self._mending.advice(self.snapshot, row)

    def open_line(self, row: Any) -> None:
        """Leave for the row on which an exception is mended."""
        self.dismiss(row)


def _asked_for(snapshot: Snapshot, found: OpenException) -> str:
    """Return a row that is not on the desk by what was asked for, its id last."""
    row = f"{found.ref.kind.singular} {short_id(snapshot, found.ref)}"
    return " · ".join(filter(None, (trade_text(snapshot, found), row)))


def _parts(counts: Mapping[Urgency, int]) -> str:
    return ", ".join(f"{counts[urgency]:,} {urgency.words}" for urgency in Urgency if counts[urgency])
