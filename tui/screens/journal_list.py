"""The journal: every decision that was made here, newest first, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.api.sanitize import clean
from tui.columns.format import clock_and_age
from tui.columns.journal_columns import JOURNAL_COLUMNS, ROLES
from tui.screens.filters_rows import LIST_KEYS
from tui.screens.line_about_row import LineAboutRowScreen
from tui.screens.row_screens import history_screen
from tui.service.desk import Desk
from tui.service.journal.journal_entries import JournalEntry
from tui.service.numbers import counted
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.session import DeskSession
from widgets.labelled_text import Lines

EMPTY: Final = "Nothing was decided here yet."
CUT: Final = " newest, all in: blotter journal list"
A_PART: Final = 400
"""Lines that are read at once, in a thread: it takes about 5 ms."""


class JournalScreen(LineAboutRowScreen):
    """Lists the decisions of ``desk``, of other programs on its server too; returns the row to go to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "To the row"),
        *LIST_KEYS,
        Binding("escape,ctrl+c,q", "back", "Back"),
        Binding("at", "back", "Back", show=False, id="journal"),
    ]
    of = "journal"
    singular = "decision"

    def __init__(self, desk: Desk, session: DeskSession) -> None:
        super().__init__(session, JOURNAL_COLUMNS)
        self._desk = desk
        self._entries = desk.journal_entries()
        self._listed: Mapping[Hashable, JournalEntry] = {}
        self._stamp: object = None
        self._reading = False

    def rows(self) -> Mapping[Hashable, JournalEntry]:
        """Return the decisions that were read so far, newest first."""
        return self._listed

    def ref_of(self, row: Any) -> Ref | None:
        """Return the first row of a decision that is on the desk, else its first."""
        refs: tuple[Ref, ...] = row.refs
        here = (ref for ref in refs if ref in self.session.snapshot)
        return next(here, refs[0] if refs else None)

    def when(self, row: Any) -> datetime | None:
        """Return when it was decided."""
        at: datetime = row.at
        return at

    def heading(self, rows: Collection[Any]) -> str:
        """Return how many decisions there are; of many, the newest are listed."""
        return f"Journal  {len(rows):,}{CUT if self._entries.is_cut else ''}"

    def empty(self) -> str:
        """Return that nothing was decided, or that it is being read."""
        return "Reading the journal." if self._reading else EMPTY

    def open_line(self, row: Any) -> None:
        """Go to the row, or open the history of an order that is not on the desk any more."""
        ref = self.ref_of(row)
        if ref is not None and ref not in self.session.snapshot and ref.kind is EntityKind.ORDERS:
            self.app.push_screen(history_screen(self._desk, self.session, self.snapshot, [ref.id]))
        else:
            super().open_line(row)

    def said(self, row: Any, width: int) -> Lines:
        """Return a decision in full: what, when, by whom, what came of it and why, and its request ids."""
        entry: JournalEntry = row
        at = clock_and_age(entry.at, self.look, self.session.now())
        by = f" by {entry.who}" if entry.who else ""
        on = f" on {entry.environment}" if entry.environment else ""
        calls = f", in {counted(entry.calls, 'call')}" if entry.calls > 1 else ""
        said = "; ".join(each.rstrip(".") for each in (*entry.why, *entry.differences))
        outcome = f"{entry.outcome[:1].upper()}{entry.outcome[1:]}{calls}{f': {said}' if said else ''}."
        requests = f" Request {', '.join(entry.requests)}." if entry.requests else ""
        return [
            *Content(clean(entry.what)).wrap(width),
            *Content.styled(clean(outcome), f"${ROLES[entry.worst]}").wrap(width),
            *Content.styled(clean(f"{at}{by}{on}.{requests}"), "dim").wrap(width),
        ]

    def on_mount(self) -> None:
        """Read the journal, part by part."""
        super().on_mount()
        self._follow()

    def _each_second(self) -> None:
        """Read what was written since, by this program or another."""
        if not self._reading and self._desk.journal_stamp() != self._stamp:
            self._follow()
        super()._each_second()

    @work(group="read", exclusive=True, exit_on_error=False, description="the journal")
    async def _follow(self) -> None:
        self._reading, self._stamp = True, self._desk.journal_stamp()
        try:
            while await asyncio.to_thread(self._entries.read, A_PART):
                self.say(f"Reading the journal: {self._entries.read_lines:,} lines …")
            found = await asyncio.to_thread(self._entries.newest_first)
            self._listed = dict(found.items())
            self.say("")
        except OSError as error:
            self.say(f"The journal was not read: {error.strerror or error}.", trouble=True)
        finally:
            self._reading = False
        self.list()
