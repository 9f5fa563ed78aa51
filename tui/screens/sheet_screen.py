"""The sheet of the day: what was traded, what is left of it and who did what, kept up while it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any, ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.api.sanitize import clean
from tui.columns.day_columns import DAY_COLUMNS
from tui.screens.filters_rows import LIST_KEYS
from tui.screens.row_list import RowListScreen
from tui.service.day_sheet.day_bounds import day_at
from tui.service.day_sheet.day_report import DaySheet, Dimension, Figure, LineKey, SheetLine, day_sheet
from tui.service.journal.journal_entries import JournalEntries, JournalEntry
from tui.service.numbers import average, counted, money, number
from tui.service.snapshot.snapshot import EMPTY, Ref, Snapshot
from tui.session import DeskSession
from widgets.labelled_text import Lines

REST_S: Final = 2.0
"""The least time between the end of one computation and the begin of the next, in seconds."""
A_PART: Final = 2_000
"""Lines of the journal that are read at once."""
REST_SHARE: Final = 9
"""At most a tenth of the time is spent on computing: a large desk is added up less often."""
NOT_READ: Final = "Reading the desk."
NOTHING: Final = "Nothing was traded, and nothing is open."
_WORDS: Final = {
    Figure.TRADED: "traded",
    Figure.LEFT: "left open",
    Figure.UNALLOCATED: "not allocated",
    Figure.UNBOOKED: "not booked",
    Figure.REJECTED: "rejected",
}


class SheetScreen(RowListScreen[None]):
    """Shows the sheet of the day that the desk shows: today, or in the past the day of that."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Its instruments"),
        *LIST_KEYS,
        Binding("i", "all_parts", "All instruments"),
        Binding("r", "reload", "Add up again", id="refresh"),
        Binding("escape,ctrl+c,q", "back", "Back"),
        Binding("D", "back", "Back", show=False, id="day_sheet"),
    ]
    of = "sheet of the day"
    singular = "line"

    def __init__(self, session: DeskSession) -> None:
        super().__init__(session, DAY_COLUMNS)
        self._sheet: DaySheet | None = None
        self._of: Snapshot = EMPTY
        """The snapshot that was added up."""
        self._listed: Mapping[Hashable, SheetLine] = {}
        self._unfolded: set[LineKey] = set()
        """The sums whose instruments are shown."""
        self._all_parts = False
        self._rests_until = 0.0
        self._adding = False
        self._journal: JournalEntries | None = None

    # --- what a list says -----------------------------------------------------------------------

    def rows(self) -> Mapping[Hashable, SheetLine]:
        """Return the lines, and add them up again when the desk has changed since."""
        due = self.snapshot is not self._of or not self._is_of_today()
        if due and not self._adding and perf_counter() >= self._rests_until and self.snapshot.complete:
            self._add_up()
        return self._listed

    def _is_of_today(self) -> bool:
        return self._sheet is not None and self._moment() in self._sheet.day

    def _moment(self) -> datetime:
        return self.snapshot.as_at or self.session.now()

    @work(exclusive=True, group="sheet", description="the sheet of the day")
    async def _add_up(self) -> None:
        self._adding = True
        began = perf_counter()
        try:
            snapshot, day = self.snapshot, day_at(self._moment(), self.look.zone)
            desk = self.session.desk
            user = desk.user if desk is not None else ""
            decisions = await asyncio.to_thread(self._decisions)
            self._sheet = await self.turns.work(day_sheet(snapshot, day, user, decisions))
            self._of = snapshot
        finally:
            self._adding = False
        took = perf_counter() - began
        self._rests_until = perf_counter() + max(REST_S, REST_SHARE * took)
        self.say(" ".join(self._sheet.notes))
        self._list_lines()

    def _decisions(self) -> tuple[JournalEntry, ...]:
        """Read what the journal has by now; another thread does, for a journal may be long."""
        desk = self.session.desk
        if self._journal is None and desk is not None:
            self._journal = desk.journal_entries()
        if self._journal is None:
            return ()
        try:
            while self._journal.read(A_PART):
                pass
        except OSError:
            return ()  # the desk tells of a journal that cannot be read
        return tuple(self._journal.newest_first().values())

    def _list_lines(self) -> None:
        """List the sums, and the instruments that are asked for; those that are as before stay the same."""
        before, group = self._listed, None
        listed: dict[Hashable, SheetLine] = {}
        for line in self._sheet.lines if self._sheet else ():
            if not line.is_part:
                group = line.key
            elif not (self._all_parts or self.is_filtered or group in self._unfolded):
                continue
            was = before.get(line.key)
            listed[line.key] = was if was == line else line
        self._listed = listed
        self.list()

    def show_filtered(self) -> None:
        """Show what the filter matches, instruments too."""
        self._list_lines()
        super().show_filtered()

    def ref_of(self, row: Any) -> Ref | None:
        """Return None: a line is about many rows."""
        return None

    def when(self, row: Any) -> datetime | None:
        """Return None: a line is about a whole day."""
        return None

    def empty(self) -> str:
        """Return that nothing happened, or is not known yet."""
        return NOTHING if self._sheet is not None else NOT_READ

    def heading(self, rows: Collection[Any]) -> str:
        """Return which day it is, in which zone."""
        if self._sheet is None:
            return self.of.capitalize()
        day = self._sheet.day
        return f"Sheet of {day.date:%a} {day.date.day} {day.date:%b %Y} {self.look.zone_name}".rstrip()

    def said(self, row: Any, width: int) -> Lines:
        """Return all that a line says as a sentence."""
        return Content(clean(said_of(row))).wrap(width)

    def advice(self, row: Any) -> str:
        """Return what the figures of the line are."""
        return _MEANS[row.key.dimension]

    # --- keys -----------------------------------------------------------------------------------

    def open_line(self, row: Any) -> None:
        """Show the instruments of a sum, or hide them again."""
        key = LineKey(row.key.dimension, row.key.name, row.key.currency, row.key.side)
        self._unfolded ^= {key}
        self._list_lines()

    def action_all_parts(self) -> None:
        """Show the instruments of all sums, or hide them again."""
        self._all_parts = not self._all_parts
        self._unfolded.clear()
        self._list_lines()

    def action_reload(self) -> None:
        """Add everything up again."""
        self._rests_until = 0.0
        self._of = EMPTY
        self.rows()


_MEANS: Final = {
    Dimension.CURRENCY: "Fills of the day; what blocks have not filled; what is to be allocated, booked.",
    Dimension.BROKER: "Its fills of the day; what it may still fill; what is to be allocated, booked.",
    Dimension.PORTFOLIO: "What was allocated to it that day; what of its orders is not; what is not booked.",
    Dimension.USER: "As the versions of the rows say; of a row that changed often, its last change.",
}


def said_of(line: SheetLine) -> str:
    """Return all that a line says: ``ALBN, buy VOD: traded 1,640.00 GBP in 2 fills, 2,000 units ...``."""
    key = line.key
    if key.dimension is Dimension.USER:
        return f"{key.name}{' (you)' if line.is_own else ''}: {number(line.count)} {key.side}."
    parts = []
    for figure, words in _WORDS.items():
        if (worth := line.money.get(figure)) is not None:
            parts.append(f"{words} {money(worth, key.currency)}{_of_figure(line, figure)}")
    if line.unknown:
        parts.append(f"{counted(line.unknown, 'row')} whose money nobody can tell")
    what = f"{key.side} {key.instrument or 'all instruments'}"
    return f"{key.name}, {what}: {', '.join(parts) or 'nothing'}."


def _of_figure(line: SheetLine, figure: Figure) -> str:
    if figure is Figure.REJECTED:
        return f" in {counted(line.rejects, 'placement')}"
    if figure is not Figure.TRADED or not line.count:
        return ""
    noun = "allocation" if line.key.dimension is Dimension.PORTFOLIO else "fill"
    said = f" in {counted(line.count, noun)}"
    if line.units is not None and line.average is not None:
        said += f" ({counted(line.units, 'unit')} at {average(line.average, line.key.currency)})"
    return said
