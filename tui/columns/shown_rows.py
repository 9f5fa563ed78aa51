"""Rows as a pane or a list shows them, for those who take them out of it: copies and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tui.api.base import ResourceId
from tui.columns.column import Column, Value
from tui.columns.format import DisplayContext
from tui.columns.view import View
from tui.service.snapshot.contradictions import ASCII_MARK, MARK, contradictions
from tui.service.snapshot.snapshot import Ref, Snapshot

if TYPE_CHECKING:
    from tui.columns.row_texts import RowFormat


class ShownRows(Struct, frozen=True):
    """What is shown: the keys of its rows in their order, those ``chosen``, and the columns.

    ``of`` is what is listed and ``singular`` one of it, in words. ``row`` returns the row of a key, None for
    one that is gone, and ``ref`` the row of the desk that it is about, None where it is about none.
    ``column`` is the id of the column in focus.
    """

    of: str
    singular: str
    columns: Sequence[Column]
    snapshot: Snapshot
    keys: Sequence[Any]
    chosen: Sequence[Any]
    row: Callable[[Any], Any]
    ref: Callable[[Any], Ref | None]
    column: str = ""

    @property
    def refs(self) -> list[Ref]:
        """The rows of the desk that those chosen are about, each once; some may be gone by now."""
        return list(dict.fromkeys(ref for key in self.chosen if (ref := self.ref(key)) is not None))

    def lines(self, keys: Sequence[Any]) -> Iterator[list[Value]]:
        """Yield the values of rows, column by column."""
        for key in keys:
            if (row := self.row(key)) is not None:
                yield [column.value(self.snapshot, row) for column in self.columns]

    def cells(self, keys: Sequence[Any], context: DisplayContext) -> Iterator[list[str]]:
        """Yield the cells of rows as they are drawn, column by column."""
        for key in keys:
            if (row := self.row(key)) is not None:
                yield [self._cell(column, row, key, context) for column in self.columns]

    def _cell(self, column: Column, row: Any, key: Any, context: DisplayContext) -> str:
        text = column.cell(self.snapshot, row, context)
        return marked(text, context) if is_contradicted(column, self.snapshot, self.ref(key)) else text

    def written(self, format: RowFormat) -> str:
        """Return all rows in a format."""
        return format.write(self.columns, self.lines(self.keys))


def is_contradicted(column: Column, snapshot: Snapshot, ref: Ref | None) -> bool:
    """Return whether a cell is the id of a row that others contradict."""
    return column.id == "id" and ref is not None and bool(contradictions(snapshot, ref))


def marked(id: str, context: DisplayContext) -> str:
    """Return the id of a row that others contradict as it is drawn."""
    return f"{ASCII_MARK if context.ascii else MARK} {id}"


def one_row(ref: Ref, snapshot: Snapshot, columns: Sequence[Column]) -> ShownRows:
    """Return a row of the desk by itself."""
    kind, keys = ref.kind, (ref.id,)
    return ShownRows(
        kind.value,
        kind.singular,
        columns,
        snapshot,
        keys,
        keys,
        snapshot.rows(kind).get,
        lambda id: ref,
        columns[0].id,
    )


def of_view(
    view: View,
    snapshot: Snapshot,
    ids: Sequence[ResourceId],
    chosen: Sequence[ResourceId] = (),
    column: str = "",
) -> ShownRows:
    """Return the rows of ``snapshot`` that a view shows."""
    kind = view.kind
    return ShownRows(
        kind.value,
        kind.singular,
        view.columns,
        snapshot,
        ids,
        chosen,
        snapshot.rows(kind).get,
        lambda id: Ref(kind, id),
        column,
    )
