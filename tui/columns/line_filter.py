"""What a filter may ask of lines that are about rows of the desk, such as exceptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from tui.columns.column import Column
from tui.columns.filter import Filterable
from tui.service.row_phrases import phrase_of
from tui.service.snapshot.snapshot import Ref, Snapshot


def of_lines(
    columns: Sequence[Column], ref_of: Callable[[Any], Ref | None], when: Callable[[Any], datetime | None]
) -> Filterable:
    """Return what may be asked: the columns, words of the rows that lines are about, and times.

    ``ref_of`` returns the row that a line is about, ``when`` what a time without a column is compared with.
    """

    def about(snapshot: Snapshot, line: Any) -> Any:
        ref = ref_of(line)
        return None if ref is None else snapshot.row(ref)

    def said(snapshot: Snapshot, line: Any) -> str:
        ref = ref_of(line)
        return "" if ref is None else phrase_of(snapshot, ref)

    named = tuple(((column.id, column.title), column) for column in columns)
    return Filterable(named, lambda snapshot, line: when(line), about, said)
