"""The activity list: everything that was ever told on the tape or in a message, newest first."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.content import Content

from tui.api.sanitize import clean
from tui.columns.column import Column, exported
from tui.columns.factories import plain
from tui.columns.format import DisplayContext, clock, clock_and_age
from tui.screens.filters_rows import LIST_KEYS
from tui.screens.line_about_row import LineAboutRowScreen
from tui.service.row_phrases import short_id
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.tape.tape import TapeEntry
from tui.session import DeskSession
from widgets.labelled_text import Lines, hanging_indent

EMPTY: Final = "Nothing has happened yet."


def _at(snapshot: Snapshot, entry: TapeEntry) -> datetime:
    return entry.at


def _words(snapshot: Snapshot, entry: TapeEntry, context: DisplayContext) -> str:
    return entry.words(lambda moment: clock(moment, context))


def _row(snapshot: Snapshot, entry: TapeEntry) -> str:
    ref = entry.ref
    return f"{ref.kind.singular} {short_id(snapshot, ref)}" if ref is not None else ""


COLUMNS: Final = (
    Column("at", "Time", "When it happened", _at, clock, 8, cut="never", times="moment", rank=1),
    plain("kind", "Kind", "What it is", 8, lambda snapshot, entry: entry.kind).ranked(1),
    Column(
        "what",
        "What",
        "What happened",
        lambda snapshot, entry: entry.words(exported),
        lambda text, context: str(text),
        56,
        flexible=True,
        role=lambda snapshot, entry: entry.role,
        drawn=_words,
        rank=1,
    ),
    plain("row", "Row", "The row it is about", 24, _row, cut="middle").ranked(2),
)


class ActivityScreen(LineAboutRowScreen):
    """Lists what happened on a desk; returns the row to go to, or None on Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "To the row"),
        *LIST_KEYS,
        Binding("escape,ctrl+c,q", "back", "Back"),
        Binding("t", "back", "Back", show=False, id="tape"),
    ]
    of = "activity"
    singular = "line"

    def __init__(self, session: DeskSession) -> None:
        super().__init__(session, COLUMNS)
        self._listed: Mapping[Hashable, TapeEntry] = {}
        self._changes = -1

    def rows(self) -> Mapping[Hashable, TapeEntry]:
        """Return all lines, newest first."""
        tape = self.session.tape
        if self._changes != tape.changes:
            self._changes = tape.changes
            self._listed = {entry.serial: entry for entry in reversed(tape.entries)}
        return self._listed

    def ref_of(self, row: Any) -> Ref | None:
        """Return the row that a line tells of."""
        ref: Ref | None = row.ref
        return ref

    def when(self, row: Any) -> datetime | None:
        """Return when it happened."""
        return _at(self.snapshot, row)

    def empty(self) -> str:
        """Return that nothing has happened."""
        return EMPTY

    def said(self, row: Any, width: int) -> Lines:
        """Return all that a line says, and when."""
        at = clock_and_age(row.at, self.look, self.session.now())
        words = Content.styled(
            clean(_words(self.snapshot, row, self.look)), f"${row.role}" if row.role else ""
        )
        return hanging_indent(Content.styled(at, "dim"), words, len(at) + 2, width)
