"""The activity list: everything that was ever told on the tape or in a message, newest first."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final

from tui.api.sanitize import clean
from tui.columns.format import DisplayContext, clock
from tui.screens.row_list import RowLine, RowListScreen
from tui.service.tape.tape import TapeEntry
from tui.session import DeskSession
from widgets.grid import Cell, GridColumn

COLUMNS: Final = (
    GridColumn("at", "Time", 8, cut="never"),
    GridColumn("kind", "Kind", 8),
    GridColumn("what", "What", 40, flexible=True),
)
TITLE: Final = "Activity"
EMPTY: Final = "Nothing has happened yet."


def activity_screen(session: DeskSession) -> RowListScreen:
    """Return the screen that lists what happened on a desk."""

    listed: dict[Hashable, TapeEntry] = {}
    counted = -1

    def rows() -> Mapping[Hashable, TapeEntry]:
        nonlocal listed, counted
        if counted != session.tape.changes:
            counted = session.tape.changes
            listed = {entry.serial: entry for entry in reversed(session.tape.entries)}
        return listed

    return RowListScreen(session, TITLE, COLUMNS, rows, _line, EMPTY)


def _line(entry: TapeEntry, context: DisplayContext) -> RowLine:
    at, words = clock(entry.at, context), clean(entry.words(lambda moment: clock(moment, context)))
    cells = (Cell(at), Cell(entry.kind), Cell(words, entry.role))
    return RowLine(cells, entry.ref, f"{at} {words}")
