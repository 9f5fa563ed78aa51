"""The view of a pane: filter, sort and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.columns.column import Column, Getter
from tui.columns.panes import COLUMNS, PANES
from tui.columns.property_columns import PropertyColumn
from tui.service.snapshot.snapshot import EntityKind
from tui.service.typed_times import Present

NEWEST: Final = "newest"
"""The sort by when rows were last active or made, as the pane declares it."""


MOST_SORTS: Final = 3
"""Columns that rows are sorted by at once: nobody reads a fourth."""


class SortColumn(Struct, frozen=True):
    """A column that rows are sorted by, by its id or :data:`NEWEST`."""

    id: str
    descending: bool = False


class View(Struct, frozen=True):
    """The part of its rows that one pane shows, and how.

    Rows are sorted by the first of ``sorts``, equal ones by the next; without any they stay in the order in
    which they were read.
    ``chosen`` are the columns shown, by id, in the reader's order; when empty they are the declared ones, and
    ``properties`` behind them. ``pinned`` stand at the left while the others scroll, and ``widths`` are the
    reader's own, in cells. Times in the filter are read as of ``present``. ``pins`` are rows that stand on
    top whatever sort, filter and scope.
    """

    kind: EntityKind
    filter: str = ""
    sorts: tuple[SortColumn, ...] = ()
    chosen: tuple[str, ...] = ()
    properties: tuple[PropertyColumn, ...] = ()
    pinned: tuple[str, ...] = ()
    widths: Mapping[str, int] = {}
    present: Present | None = None
    pins: frozenset[ResourceId] = frozenset()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns shown, the pinned ones first; in an order of the reader's own all are equal."""
        known = self.known_columns
        shown = [known[id] for id in self.chosen or known if id in known]
        if self.chosen and shown != [each for each in known.values() if each.id in self.chosen]:
            shown = [replace(column, rank=0, brief_of=()) for column in shown]
        return tuple(sorted(shown, key=lambda column: column.id not in self.pinned))

    @property
    def known_columns(self) -> dict[str, Column]:
        """The columns there are, by id: the declared ones in their order, then properties."""
        declared = {column.id: column for column in COLUMNS[self.kind]}
        return declared | {each.key: each.column() for each in self.properties}

    @property
    def pinned_count(self) -> int:
        """How many of the columns shown are pinned."""
        return sum(column.id in self.pinned for column in self.columns)

    def column(self, id: str) -> Column:
        """Return a column of the pane, shown or not, or that of a property shown."""
        found = next((each for each in self.properties if each.key == id), None)
        return column_of(self.kind, id) if found is None else found.column()

    @property
    def is_newest_first(self) -> bool:
        """Whether the newest rows are on top, as it is until the reader sorts."""
        return self.sorts == (SortColumn(NEWEST, descending=True),)

    def sorted_by(self, column: str) -> View:
        """Return the view sorted by ``column``: ascending, then descending, then the newest first again."""
        match self.sorts:
            case (SortColumn(id=id, descending=descending),) if id == column:
                return self.newest_first() if descending else self.with_sorts(SortColumn(column, True))
        return self.with_sorts(SortColumn(column))

    def further_sorted_by(self, column: str) -> View:
        """Return the view in which ``column`` sorts equal rows: ascending, then descending, then no more.

        With :data:`MOST_SORTS` columns a further one takes the place of the last.
        """
        if self.is_newest_first:
            return self.sorted_by(column)
        turned = [each for each in self.sorts if each != SortColumn(column, True)]
        turned = [SortColumn(column, True) if each.id == column else each for each in turned]
        if turned == list(self.sorts):
            turned = [*turned[: MOST_SORTS - 1], SortColumn(column)]
        return self.with_sorts(*turned)

    def with_sorts(self, *sorts: SortColumn) -> View:
        """Return the view sorted by these columns, the first of them first; the newest first by none."""
        return replace(self, sorts=sorts) if sorts else self.newest_first()

    def newest_first(self) -> View:
        """Return the view with the newest rows on top, as it is until the reader sorts."""
        return replace(self, sorts=(SortColumn(NEWEST, descending=True),))

    def filtered(self, text: str) -> View:
        """Return the view with another filter."""
        return replace(self, filter=text)


def column_of(kind: EntityKind, id: str) -> Column:
    """Return the declared column ``id`` of a pane; a KeyError means the code and the registry differ."""
    return {column.id: column for column in COLUMNS[kind]}[id]


def newest_of(kind: EntityKind) -> Getter:
    """Return what says how new a row of a pane is."""
    return next(spec.newest for spec in PANES if spec.kind is kind)
