"""The line that shows a day of the past: its fills and rejects by time, and where the reader is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from textual.content import Content
from textual.widget import Widget

from tui.columns.format import DisplayContext
from tui.service.sync.past_day import DayMark
from tui.service.typed_times import local_time

SHORTEST: Final = timedelta(minutes=1)
HERE, FILL, REJECT, TIME = "●", "│", "x", "─"
ASCII_HERE, ASCII_FILL, ASCII_TIME = "O", "|", "-"


class DayShown(Struct, frozen=True):
    """What the line shows: fills and rejects, the moment shown, how fast it plays, and the keys.

    ``back`` is the key that leads back to now, which is named however narrow the screen is.
    """

    marks: Sequence[DayMark]
    as_at: datetime
    speed: int
    keys: str
    back: str
    context: DisplayContext


class DayLine(Widget):
    """A slider of one day in the zone shown; it is read, keys move it."""

    DEFAULT_CSS = """
    DayLine { height: 1; padding: 0 1; }
    """

    def __init__(self, day: DayShown, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._day = day

    def show_day(self, day: DayShown) -> None:
        """Show another day or moment; repaint only a change."""
        if day != self._day:
            self._day = day
            self.refresh()

    def render(self) -> Content:
        return day_line(self._day, self.content_size.width)


def day_line(day: DayShown, width: int) -> Content:
    """Return the line: when it begins, what happened, where the reader is, when it ends, and the keys."""
    zone = day.context.zone
    here = day.as_at.astimezone(zone)
    marks = [mark for mark in day.marks if local_time(mark.at, zone).date() == here.date()]
    first = min([here, *(mark.at for mark in marks[:1])])
    last = max([here, first + SHORTEST, *(mark.at for mark in marks[-1:])])
    begin, end = f"{first.astimezone(zone):%H:%M} ", f" {last.astimezone(zone):%H:%M}"
    said = f"  x{day.speed}" if day.speed else ""
    keys = f"  {day.keys if width >= len(day.keys) + 60 else day.back}"
    room = max(1, width - len(begin) - len(end) - len(said) - len(keys))

    def place(at: datetime) -> int:
        return min(room - 1, int((at - first) / (last - first) * room))

    plain = day.context.ascii
    cells = [(ASCII_TIME if plain else TIME, "$text-muted")] * room
    for mark in sorted(marks, key=lambda mark: mark.what == "reject"):
        if mark.what == "reject":
            cells[place(mark.at)] = (REJECT, "$bad")
        else:
            cells[place(mark.at)] = (ASCII_FILL if plain else FILL, "$live")
    cells[place(day.as_at)] = (ASCII_HERE if plain else HERE, "bold")
    return Content.assemble(begin, *cells, end, (said, "bold"), (keys, "$text-muted"))
