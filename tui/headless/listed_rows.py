"""The rows of a pane as a read command lists them, kept up from one snapshot of the desk to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.columns.column import Value
from tui.columns.filter import parse_filter
from tui.columns.shown_rows import ShownRows, of_view
from tui.columns.sorted_rows import SortedRows, changed_cells
from tui.columns.steps import finish
from tui.columns.totals import Totals
from tui.columns.view import View
from tui.headless.rows_request import RowsRequest, desk_view, ids_typed, pane_view
from tui.service.environment import Update
from tui.service.snapshot.diff import UNCHANGED
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.typed_times import Present

ROW_IDENTITY: Final = ("scope", "code")
"""What identifies a row, beside its columns; the scope of a transaction is its portfolio."""


class RowNews(Struct, frozen=True):
    """What happened to a row of a list: ``added``, ``changed`` or ``gone``; which columns changed.

    ``line`` is what identifies it, and its values unless it is gone.
    """

    event: str
    line: Sequence[Value]
    columns: tuple[str, ...] = ()


class ListedRows(Protocol):
    """What a read command lists."""

    identity: Sequence[str]
    """The names of what identifies a row."""
    missing: Sequence[str]
    """The ids that were asked for and are not there, as they were typed."""

    @property
    def shown(self) -> ShownRows:
        """The rows in their order, with the columns that are wanted."""
        ...

    @property
    def sums(self) -> Sequence[str]:
        """What the rows add up to, as texts."""
        ...

    def identified(self, key: Any) -> tuple[str, ...]:
        """Return what identifies a row."""
        ...

    def follow(self, update: Update) -> Iterable[RowNews]:
        """Return what an update of the desk means for the rows."""
        ...

    def tick(self) -> Iterable[RowNews]:
        """Return what time alone means for the rows."""
        ...


def lines_of(rows: ListedRows, shown: ShownRows, keys: Sequence[Any]) -> Iterator[Sequence[Value]]:
    """Yield what identifies each of these rows, then its values, column by column."""
    for key, line in zip(keys, shown.lines(keys), strict=True):
        yield (*rows.identified(key), *line)


class PaneRows:
    """The rows of a pane.

    Args:
        request: which of them, and how.
        desk: what a saved view says of them, by the records known now.
        snapshot: the desk.
        now: this machine's clock.

    Raises:
        CommandFailed: a name is not known, or the filter cannot be understood.
    """

    identity: Sequence[str] = ROW_IDENTITY

    def __init__(
        self, request: RowsRequest, stored: Any, snapshot: Snapshot, now: Callable[[], datetime]
    ) -> None:
        self._now, self._zone = now, snapshot.zone
        records = snapshot.records
        self._view = pane_view(request, desk_view(request, stored, records), self._present, records)
        self._kind = EntityKind(request.of)
        self._asked = request.ids
        self.missing: Sequence[str] = ()
        self._build(snapshot)

    @property
    def _present(self) -> Present:
        return Present(self._now(), self._zone)

    def _build(self, snapshot: Snapshot) -> None:
        scope = None
        if self._asked:
            found = ids_typed(self._asked, snapshot.rows(self._kind), self._kind.singular, snapshot.home)
            scope, self.missing = found.ids, found.missing
        self._view = replace(self._view, present=self._present)
        self._rows = finish(SortedRows.build(self._view, snapshot, scope))
        filter = self._view.filter
        read = parse_filter(filter, self._kind, self._view.properties, self._view.present) if filter else None
        self._until = read.until if read else None

    @property
    def view(self) -> View:
        """How they are shown."""
        return self._view

    @property
    def shown(self) -> ShownRows:
        """The rows in their order, with the columns that are wanted."""
        return of_view(self._view, self._rows.snapshot, self._rows.ids)

    @property
    def sums(self) -> Sequence[str]:
        """What the rows add up to, as the foot of the pane says it."""
        totals = Totals(self._view)
        totals.add(self._rows.snapshot, self._rows.ids)
        return totals.parts(self._rows.snapshot)

    def identified(self, key: ResourceId) -> tuple[str, ...]:
        """Return scope and code."""
        return key.scope, key.code

    # --- from one snapshot to the next ----------------------------------------------------------

    def follow(self, update: Update) -> Iterator[RowNews]:
        """Yield the rows that an update brings, takes away or changes."""
        if update.new is update.old:
            return
        old, new = update.old, update.new
        delta = update.deltas.get(self._kind, UNCHANGED)
        if delta.others or (self.missing and delta.added) or self._rows.snapshot is not old:
            yield from self._rebuild(new)
            return
        change = finish(self._rows.compare(new, delta))
        touched = (*delta.removed, *delta.changed, *delta.added)
        before = [id for id in touched if self._rows.find(id) is not None]
        self._rows.apply(change)
        cells = finish(changed_cells(self._view.columns, self._view, old, new, delta))
        yield from self._news(before, touched, cells.get)

    def tick(self) -> Iterator[RowNews]:
        """Yield the rows that a filter by time takes in or lets go by now."""
        if self._until is not None and self._now() >= self._until:
            yield from self._rebuild(self._rows.snapshot)

    def _rebuild(self, new: Snapshot) -> Iterator[RowNews]:
        former, old = self._rows, self._rows.snapshot
        self._build(new)
        was, now = old.rows(self._kind), new.rows(self._kind)
        columns = self._view.columns

        def changed(id: ResourceId) -> frozenset[str] | None:
            if old is new:
                return None
            return frozenset(each.id for each in columns if each.differs(old, was[id], new, now[id]))

        yield from self._news(former.ids, dict.fromkeys((*former.ids, *self._rows.ids)), changed)

    def _news(
        self,
        before: Iterable[ResourceId],
        touched: Iterable[ResourceId],
        changed: Callable[[ResourceId], frozenset[str] | None],
    ) -> Iterator[RowNews]:
        """Yield what happened to the rows touched; ``before`` are those that were listed."""
        former, shown = frozenset(before), self.shown
        for id in touched:
            if self._rows.find(id) is None:
                if id in former:
                    yield RowNews("gone", self.identified(id))
                continue
            (line,) = lines_of(self, shown, (id,))
            if id not in former:
                yield RowNews("added", line)
            elif names := changed(id):
                ordered = tuple(each.id for each in shown.columns if each.id in names)
                yield RowNews("changed", line, ordered)
