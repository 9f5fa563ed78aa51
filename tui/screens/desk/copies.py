"""What of the rows in focus can be copied, each in a form that another program takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from tui.api import codec
from tui.api.base import ResourceId
from tui.api.sanitize import clean
from tui.columns.column import exported
from tui.columns.row_texts import MARKDOWN, TSV, inert, written
from tui.columns.view import View
from tui.service.desk import Desk
from tui.service.snapshot.snapshot import Ref, Snapshot


class CopiedRows(Struct, frozen=True):
    """The rows that are copied: their ids, the view and the snapshot that show them, and one column."""

    ids: Sequence[ResourceId]
    view: View
    snapshot: Snapshot
    column: str


class CopyForm(Struct, frozen=True):
    """One thing that can be copied: its name, what it is in a sentence, and the text made of rows."""

    name: str
    help: str
    make: Callable[[CopiedRows, Desk], str]
    all_shown: bool = False


def _cells(copied: CopiedRows, desk: Desk) -> str:
    column = copied.view.column(copied.column)
    rows = copied.snapshot.rows(copied.view.kind)
    values = (column.value(copied.snapshot, rows[id]) for id in copied.ids if id in rows)
    return "\n".join(clean(exported(value)) for value in values)


def _rows(copied: CopiedRows, desk: Desk) -> str:
    rows = copied.snapshot.rows(copied.view.kind)
    lines = []
    for row in (rows[id] for id in copied.ids if id in rows):
        lines.append("\t".join(inert(each.value(copied.snapshot, row)) for each in copied.view.columns))
    return "\n".join(lines)


def _json(copied: CopiedRows, desk: Desk) -> str:
    rows = copied.snapshot.rows(copied.view.kind)
    return "\n".join(clean(codec.encode(rows[id]).decode()) for id in copied.ids if id in rows)


def _curl(copied: CopiedRows, desk: Desk) -> str:
    return desk.curl_of_rows([Ref(copied.view.kind, id) for id in copied.ids])


def _as_tsv(copied: CopiedRows, desk: Desk) -> str:
    return written(TSV, copied.view, copied.snapshot, copied.ids)


COPIES: Final = (
    CopyForm("id", "scope and code", lambda copied, desk: "\n".join(clean(str(id)) for id in copied.ids)),
    CopyForm("cell", "one cell of the column below, in full", _cells),
    CopyForm("row", "its cells, without titles", _rows),
    CopyForm("TSV", "titles and cells: a spreadsheet pastes them as cells", _as_tsv),
    CopyForm(
        "Markdown",
        "a table",
        lambda copied, desk: written(MARKDOWN, copied.view, copied.snapshot, copied.ids),
    ),
    CopyForm("JSON", "as the server sent it", _json),
    CopyForm("curl", "the request that reads it, the token in $BLOTTER_TOKEN", _curl),
    CopyForm("shown rows as TSV", "all rows that the filter shows", _as_tsv, all_shown=True),
)
"""All that can be copied, in the order in which it is offered."""
