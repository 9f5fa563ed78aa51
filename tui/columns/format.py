"""Times and states as text: the house rules for a cell, stated once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.api.placing_states import Guard
from tui.service.state_words import StateWord, known_state, state_in_words
from tui.service.typed_times import local_time

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


class DisplayContext(Struct, frozen=True):
    """The facts of terminal and place that text depends on: glyphs, time zone, today's date."""

    ascii: bool = False
    zone: tzinfo = UTC
    today: date = date(1970, 1, 1)
    minute: datetime | None = None
    """The time to the minute, by which ages are told; they are empty without it."""

    @property
    def zone_name(self) -> str:
        """The short name of the zone times are shown in."""
        return self.zone.tzname(self._noon) or ""

    @property
    def offset(self) -> timedelta | None:
        """The distance of the zone from UTC that its name stands for."""
        return self.zone.utcoffset(self._noon)

    @property
    def _noon(self) -> datetime:
        return datetime.combine(self.today, time(12))


def age_text(since: datetime | None, now: datetime) -> str:
    """Return an age in a few letters; empty where it is not known.

    >>> from datetime import UTC
    >>> now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    >>> [age_text(now - timedelta(minutes=each), now) for each in (0, 7, 65, 60 * 50)]
    ['now', '7m', '1h05', '2d']
    """
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < _DAY:
        return f"{seconds // _HOUR}h{seconds % _HOUR // _MINUTE:02}"
    return f"{seconds // _DAY}d"


def clock(moment: datetime | None, context: DisplayContext) -> str:
    """Return the time of day in the desk's zone.

    The date stands before it when it is not today, and the offset behind it when clocks were changed since:
    the zone that the header names is not that of this time.

    >>> from zoneinfo import ZoneInfo
    >>> london = DisplayContext(zone=ZoneInfo("Europe/London"), today=date(2026, 10, 25))
    >>> times = (datetime(2026, 10, day, hour, 30, tzinfo=UTC) for day, hour in ((25, 1), (25, 0), (24, 9)))
    >>> [clock(each, london) for each in times]
    ['01:30:00', '01:30:00 +01:00', '24 Oct 10:30:00 +01:00']
    """
    if moment is None or moment.year <= 1:
        return ""
    local = local_time(moment, context.zone)
    offset = f"{local:%z}"
    behind = "" if local.utcoffset() == context.offset else f" {offset[:3]}:{offset[3:5]}"
    return f"{_day_before(local, context)}{local:%H:%M:%S}{behind}"


def clock_and_zone(moment: datetime | None, context: DisplayContext) -> str:
    """Return the time of day in the desk's zone, as that was called then; with the date if not today.

    >>> from zoneinfo import ZoneInfo
    >>> london = DisplayContext(zone=ZoneInfo("Europe/London"), today=date(2026, 11, 20))
    >>> [clock_and_zone(datetime(2026, month, 20, 9, tzinfo=UTC), london) for month in (11, 7)]
    ['09:00:00 GMT', '20 Jul 10:00:00 BST']
    """
    if moment is None or moment.year <= 1:
        return ""
    local = local_time(moment, context.zone)
    return f"{_day_before(local, context)}{local:%H:%M:%S %Z}".rstrip()


def clock_and_age(moment: datetime | None, context: DisplayContext, now: datetime) -> str:
    """Return the time of day in the desk's zone, and how long ago that is.

    >>> now = datetime(1970, 1, 1, 12, tzinfo=UTC)
    >>> [clock_and_age(now - timedelta(seconds=each), DisplayContext(), now) for each in (5, 150)]
    ['11:59:55, just now', '11:57:30, 2m ago']
    """
    at = clock(moment, context)
    if not at or moment is None or moment > now:
        return at
    return f"{at}, just now" if now - moment < timedelta(minutes=1) else f"{at}, {age_text(moment, now)} ago"


def _day_before(local: datetime, context: DisplayContext) -> str:
    """Return the day to stand before a time that is not of today."""
    return "" if local.date() == context.today else f"{day(local, context)} "


def minute(moment: datetime | None, context: DisplayContext) -> str:
    """Return the time of day without seconds, or the day when it is not today."""
    if moment is None or moment.year <= 1:
        return ""
    local = local_time(moment, context.zone)
    return f"{local:%H:%M}" if local.date() == context.today else day(local, context)


def day(moment: datetime | None, context: DisplayContext) -> str:
    """Return a settlement or trade date: a calendar day, which has no zone."""
    if moment is None or moment.year <= 1:
        return ""
    return f"{moment:%d %b}" if moment.year == context.today.year else f"{moment:%d %b %Y}"


_NEUTRAL: Final = StateWord("", "", (), "·", ".", "")
"""How a state that nobody declared is drawn."""
GUARD_ROLES: Final[Mapping[Guard, str]] = {
    Guard.REFUSED: "bad",
    Guard.TYPED: "waiting",
    Guard.WARN: "attention",
    Guard.FREE: "good",
}
"""The colour role of a state of compliance or approval."""


def state_look(state: str | None) -> StateWord:
    """Return how ``state`` is drawn; an unknown one gets a neutral mark and keeps its text."""
    return known_state(state) or _NEUTRAL


def state_text(state: str | None, context: DisplayContext) -> str:
    """Return a state as its glyph and the word of the desk; one that is not known as it came.

    >>> state_text("PartiallyFilled", DisplayContext()), state_text("On fire", DisplayContext(ascii=True))
    ('◐ partly filled', '. On fire')
    """
    if not state:
        return ""
    drawn = state_look(state)
    return f"{drawn.ascii if context.ascii else drawn.glyph} {state_in_words(state)}"


def side_role(direction: int | None) -> str:
    """Return the colour role of a side by the direction it moves a position in."""
    return {1: "buy", -1: "sell"}.get(direction or 0, "")


Formatter = Callable[[Decimal | None], str]
