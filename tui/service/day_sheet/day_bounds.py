"""One calendar day of a desk, in the zone of who reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from msgspec import Struct


class CalendarDay(Struct, frozen=True):
    """A calendar day: all moments from ``begin`` until before ``end``, aware UTC.

    It has 23 or 25 hours where the clocks of the zone change.
    """

    date: date
    begin: datetime
    end: datetime

    def __contains__(self, moment: datetime | None) -> bool:
        return moment is not None and self.begin <= moment < self.end


def day_of(date: date, zone: tzinfo) -> CalendarDay:
    """Return the day that is called ``date`` in ``zone``.

    >>> from zoneinfo import ZoneInfo
    >>> day = day_of(date(2026, 10, 25), ZoneInfo("Europe/London"))
    >>> f"{day.begin:%d %H:%M} to {day.end:%d %H:%M}"
    '24 23:00 to 26 00:00'
    """
    begin, end = (
        datetime.combine(each, time(), zone).astimezone(UTC) for each in (date, date + timedelta(days=1))
    )
    return CalendarDay(date, begin, end)


def day_at(moment: datetime, zone: tzinfo) -> CalendarDay:
    """Return the day that ``moment`` is part of in ``zone``."""
    return day_of(moment.astimezone(zone).date(), zone)
