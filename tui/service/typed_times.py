"""Times as people type and read them, in the zone that their screen shows.

``09:30``, ``09:30:15``, ``yesterday 16:00``, ``monday``, ``19 Nov 09:30``, ``2026-11-20T09:30:00Z``,
``2m ago`` and ``now`` are understood. A time without a day is today's. An offset that is typed is kept: the
time read stands in it. A local time that the clocks skip, or show twice, is an error that says what to write.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final

from msgspec import Struct

EXAMPLES: Final = "09:30, yesterday 16:00, 19 Nov 09:30, 2026-11-20 09:30Z or 2m ago"
NOW: Final = "now"

# Patterns are kept as texts: they are compiled when a time is first typed.
_OFFSET: Final = r"z|utc|gmt|[+-]\d\d(?::?\d\d)?"
_CLOCK: Final = (
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<part>\d{1,6}))?)?"
    rf"\s*(?P<offset>{_OFFSET})?"
)
_DAY_AND_CLOCK: Final = rf"(?a)(?:(?P<day>.+?)(?:(?<=\d)t|\s*,\s*|\s+))?{_CLOCK}"
_AGO: Final = r"(?a)(?P<spans>(?:\d{1,6}\s*[a-z]+\s*)+)\bago"
_SPAN: Final = r"(?a)(\d+)\s*([a-z]+)"
_DATE: Final = r"(?a)(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
_NAMED_DATE: Final = (
    r"(?a)(?:(?P<day>\d\d?)\s*(?P<month>[a-z]{3,})|(?P<month2>[a-z]{3,})\s*(?P<day2>\d\d?))"
    r",?(?:\s*(?P<year>\d{4}))?"
)

_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_UNIT_WORDS: Final = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "week", "weeks"),
}
_UNIT_OF: Final = {word: _UNITS[unit] for unit, words in _UNIT_WORDS.items() for word in words}
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_NEAR_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}
_FEWEST_LETTERS: Final = 3
_A_DAY: Final = timedelta(days=1)


class NoTime(ValueError):
    """A text that is no time at all; the message is a sentence for who typed it."""


class TypedTime(Struct, frozen=True):
    """A time as it was typed: all moments from ``begin`` until before ``end``.

    A day, a minute or a second lasts as long as that; ``now`` and ``2m ago`` are moments, which end as they
    begin.
    Both are aware, in the offset that was typed, else in the zone shown.
    """

    begin: datetime
    end: datetime
    is_day: bool = False
    moves: bool = False
    """Whether it names another moment a little later: it counts from now, or from today."""

    is_now: bool = False

    @property
    def is_moment(self) -> bool:
        """Return whether it lasts no time."""
        return self.begin == self.end


class Present(Struct, frozen=True):
    """The moment and the zone in which typed times are read."""

    now: datetime
    zone: tzinfo = UTC

    def read(self, typed: str) -> TypedTime:
        """Return the time that is typed now; see :func:`read_time`."""
        return read_time(typed, self.now, self.zone)

    def is_time(self, typed: str) -> bool:
        """Return whether a text can be read as a time, be it one that is refused."""
        try:
            self.read(typed)
        except NoTime:
            return False
        except ValueError:
            pass
        return True

    @property
    def midnight(self) -> datetime:
        """The next one of the zone."""
        local = self.now.astimezone(self.zone)
        return datetime.combine(local.date() + _A_DAY, time(), self.zone)


def read_time(typed: str, now: datetime, zone: tzinfo, *, ahead: bool = False) -> TypedTime:
    """Read a time, in ``zone`` unless it names its own offset; without a day it is of today.

    A weekday or a date without a year is the last such day, today included; with ``ahead`` the next weekday,
    and the nearest such date.

    Raises:
        NoTime: it is no time.
        ValueError: it is none that the clocks of ``zone`` show once; the message is a sentence.
    """
    try:
        read = _read(typed, now, zone, ahead=ahead)
        for each in (read.begin, read.end):
            each.astimezone(UTC)
    except OverflowError:  # at the ends of the calendar
        raise _no_time(typed) from None
    return read


def _read(typed: str, now: datetime, zone: tzinfo, *, ahead: bool) -> TypedTime:
    text = _folded(typed)
    if text == NOW:
        return TypedTime(now.astimezone(zone), now.astimezone(zone), moves=True, is_now=True)
    try:
        if (found := re.fullmatch(_AGO, text)) is not None:
            moment = _ago(found["spans"], now, zone)
            return TypedTime(moment, moment, moves=True)
        found = re.fullmatch(_DAY_AND_CLOCK, text)
        if found is None:
            return _whole_day(text, now, zone, ahead)
        if found["offset"]:
            zone = _offset(found["offset"])
        clock = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
        clock = clock.replace(microsecond=int((found["part"] or "").ljust(6, "0")))
        today = now.astimezone(zone).date()
        day = _day(found["day"], today, ahead) if found["day"] else today
    except ValueError:
        raise _no_time(typed) from None
    begin = _local(datetime.combine(day, clock), zone)
    length = timedelta(minutes=1)
    if found["second"]:
        length = timedelta(microseconds=10 ** (6 - len(found["part"] or "")))
    moves = not found["day"] or not re.search(r"\d", found["day"])
    return TypedTime(begin, (begin.astimezone(UTC) + length).astimezone(zone), moves=moves)


def _no_time(typed: str) -> NoTime:
    return NoTime(f"'{typed.strip()}' is not a time; write it as {EXAMPLES}.")


def read_past(typed: str, now: datetime, zone: tzinfo) -> TypedTime:
    """Read a time that has been; see :func:`read_time`.

    Raises:
        ValueError: it is no time, or later than ``now``; the message is a sentence for who typed it.
    """
    read = read_time(typed, now, zone)
    if read.begin > now:
        sooner = (
            ""
            if ":" not in typed or " " in typed.strip()
            else f" For the day before, write yesterday {typed.strip()}."
        )
        said = time_in_full(read.begin, zone)
        raise ValueError(f"{said} is in the future: only what was is to be seen.{sooner}")
    return read


def read_day(typed: str, today: date, *, ahead: bool = True) -> date:
    """Read a calendar day, such as one of settlement: ``today``, ``friday``, ``19 Nov``, ``2026-11-19``.

    Raises:
        ValueError: it is no day; the message is a sentence for who typed it.
    """
    try:
        return _day(_folded(typed), today, ahead)
    except (ValueError, OverflowError):
        raise ValueError(
            f"'{typed.strip()}' is not a day; write it as today, friday, 19 Nov or {today:%Y-%m-%d}."
        ) from None


def time_in_full(moment: datetime, zone: tzinfo) -> str:
    """Return a time with its day, in its own offset, in ``zone`` and in UTC where these differ.

    An offset that ``zone`` has then is called by its name there.
    """
    said: dict[timedelta | None, str] = {}
    is_of_zone = local_time(moment, zone).utcoffset() == moment.utcoffset()
    for stands_in in (zone if is_of_zone else moment.tzinfo or UTC, zone, UTC):
        offset = local_time(moment, stands_in).utcoffset()
        said.setdefault(offset, time_in_words(moment, stands_in, moment if said else None))
    return ", ".join(said.values())


def time_in_words(moment: datetime, zone: tzinfo, now: datetime | None = None) -> str:
    """Return a time with its day in ``zone``, which it names; the year is left out where ``now`` has it too.

    >>> time_in_words(datetime(2026, 11, 20, 12, tzinfo=UTC), timezone(-timedelta(hours=5), "EST"))
    '20 Nov 2026 07:00:00 EST'
    """
    return f"{day_in_words(moment, zone, now)} {local_time(moment, zone):%H:%M:%S %Z}"


def day_in_words(moment: datetime, zone: tzinfo, now: datetime | None = None) -> str:
    """Return the day that it is then in ``zone``; the year is left out where ``now`` has it too."""
    local = local_time(moment, zone)
    is_this_year = now is not None and local_time(now, zone).year == local.year
    return f"{local:%d %b}" if is_this_year else f"{local:%d %b %Y}"


def local_time(moment: datetime, zone: tzinfo) -> datetime:
    """Return a time as the clocks of ``zone`` show it; at the ends of the calendar as it came."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def as_typed(moment: datetime, zone: tzinfo) -> str:
    """Return what is read as ``moment``, to the second; with an offset of its own, or where clocks change."""
    local = local_time(moment, zone)
    own = local if moment.utcoffset() == local.utcoffset() else moment
    needed = own is moment or local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{own:%Y-%m-%d %H:%M:%S}{_offset_text(own) if needed else ''}"


def _folded(typed: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", typed).casefold().split())


def _ago(spans: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the moment so long before ``now``; days and weeks keep the time of day."""
    days, rest = timedelta(), timedelta()
    for count, word in re.findall(_SPAN, spans):
        unit = _unit(word)
        if unit >= _A_DAY:
            days += int(count) * unit
        else:
            rest += int(count) * unit
    local = now.astimezone(zone)
    if days:
        local = (local.replace(tzinfo=None) - days).replace(tzinfo=zone, fold=local.fold)
    return (local.astimezone(UTC) - rest).astimezone(zone)


def _unit(word: str) -> timedelta:
    if word not in _UNIT_OF:
        raise ValueError(word)
    return _UNIT_OF[word]


def _offset(text: str) -> tzinfo:
    if text in ("z", "utc", "gmt"):
        return UTC
    digits = text[1:].replace(":", "")
    apart = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-apart if text[0] == "-" else apart)


def _offset_text(moment: datetime) -> str:
    text = f"{moment:%z}"
    return f"{text[:3]}:{text[3:5]}"


def _whole_day(text: str, now: datetime, zone: tzinfo, ahead: bool) -> TypedTime:
    day = _day(text, now.astimezone(zone).date(), ahead)
    begin, end = (datetime.combine(each, time(), zone) for each in (day, day + _A_DAY))
    return TypedTime(begin, end, is_day=True, moves=not re.search(r"\d", text))


def _day(text: str, today: date, ahead: bool) -> date:
    """Return the day that ``text`` names; raises ValueError where it names none."""
    if text in _NEAR_DAYS:
        return today + _NEAR_DAYS[text] * _A_DAY
    if (weekday := _begun(text, _WEEKDAYS)) is not None:
        return today + timedelta(
            ((weekday - today.weekday()) % 7) - (0 if ahead or weekday == today.weekday() else 7)
        )
    if (found := re.fullmatch(_DATE, text)) is not None:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    found = re.fullmatch(_NAMED_DATE, text)
    month = _begun(found["month"] or found["month2"], _MONTHS) if found else None
    if found is None or month is None:
        raise ValueError(text)
    number = int(found["day"] or found["day2"])
    if found["year"]:
        return date(int(found["year"]), month + 1, number)
    near = [
        date(year, month + 1, number)
        for year in range(today.year - 8, today.year + 9)
        if _is_date(year, month + 1, number)
    ]
    if ahead:
        return min(near, key=lambda day: abs(day - today))
    return max(day for day in near if day <= today)


def _is_date(year: int, month: int, day: int) -> bool:
    return 1 <= day <= monthrange(year, month)[1]


def _begun(text: str, names: tuple[str, ...]) -> int | None:
    """Return which of ``names`` begins with ``text``, three letters or more; None when none does."""
    if len(text) < _FEWEST_LETTERS:
        return None
    return next((at for at, name in enumerate(names) if name.startswith(text)), None)


def _local(naive: datetime, zone: tzinfo) -> datetime:
    """Return the moment at which the clocks of ``zone`` show ``naive``.

    Raises:
        ValueError: they never do, or do twice; the message says what to write.
    """
    first, second = naive.replace(tzinfo=zone), naive.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    if before is None or after is None or before == after:
        return first
    clock = f"{naive:%d %b %Y %H:%M}"
    if before < after:
        later = first.astimezone(UTC).astimezone(zone)
        raise ValueError(
            f"{clock} never was: clocks went forward then. {later:%H:%M} is as long after the change."
        )
    raise ValueError(
        f"{clock} was twice, for clocks went back: write {naive:%H:%M}{_offset_text(first)} for the first, "
        f"{naive:%H:%M}{_offset_text(second)} for the second."
    )
