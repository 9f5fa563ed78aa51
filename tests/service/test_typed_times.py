"""Times as dealers type them, on a wall clock in New York and one in London."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from tui.columns.column import exported
from tui.columns.format import DisplayContext, clock, clock_and_zone
from tui.service.typed_times import NoTime, as_typed, read_day, read_past, read_time, time_in_full

NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
"""Noon in New York, a Friday."""
NEW_YORK, LONDON, TOKYO = map(ZoneInfo, ("America/New_York", "Europe/London", "Asia/Tokyo"))


@pytest.mark.parametrize(
    ("typed", "begin", "seconds"),
    [
        ("9:30", "2026-11-20T14:30", 60),
        ("\uff10\uff19:30", "2026-11-20T14:30", 60),
        ("09:30:15", "2026-11-20T14:30:15", 1),
        ("09:30:15.25", "2026-11-20T14:30:15.25", 0.01),
        ("09:30Z", "2026-11-20T09:30", 60),
        ("09:30 +02:00", "2026-11-20T07:30", 60),
        ("yesterday 16:00", "2026-11-19T21:00", 60),
        ("Today", "2026-11-20T05:00", 86400),
        ("yesterday", "2026-11-19T05:00", 86400),
        ("Monday", "2026-11-16T05:00", 86400),
        ("fri 09:30", "2026-11-20T14:30", 60),
        ("sat", "2026-11-14T05:00", 86400),
        ("19 Nov", "2026-11-19T05:00", 86400),
        ("19 nov 09:30", "2026-11-19T14:30", 60),
        ("Nov 19, 09:30", "2026-11-19T14:30", 60),
        ("24 dec", "2025-12-24T05:00", 86400),
        ("29 feb", "2024-02-29T05:00", 86400),
        ("19 november 2025", "2025-11-19T05:00", 86400),
        ("1 nov", "2026-11-01T04:00", 90000),
        ("2026-11-20", "2026-11-20T05:00", 86400),
        ("2026-11-20 09:30", "2026-11-20T14:30", 60),
        ("2026-11-20T09:30:00.123456Z", "2026-11-20T09:30:00.123456", 0.000001),
        ("2026-11-20 09:30-0800", "2026-11-20T17:30", 60),
        ("2026-07-20 09:30", "2026-07-20T13:30", 60),
        ("now", "2026-11-20T17:00", 0),
        ("2m ago", "2026-11-20T16:58", 0),
        ("90s ago", "2026-11-20T16:58:30", 0),
        ("1h30m ago", "2026-11-20T15:30", 0),
        ("2 hours 5 minutes ago", "2026-11-20T14:55", 0),
        ("1 week ago", "2026-11-13T17:00", 0),
        ("20d ago", "2026-10-31T16:00", 0),
    ],
)
def test_a_time_is_of_the_zone_shown_unless_it_names_its_own(typed: str, begin: str, seconds: float) -> None:
    read = read_time(typed, NOON, NEW_YORK)
    assert read.begin == datetime.fromisoformat(f"{begin}+00:00")
    assert (read.end.astimezone(UTC) - read.begin.astimezone(UTC)).total_seconds() == seconds


@pytest.mark.parametrize(
    "typed",
    [
        *("half past nine", "25:00", "9:60", "2026-13-01 09:30", "30 feb", "mo", "31 nov 2026", "2x ago"),
        *("ago", "0930", "yesturday 16:00", "999999w ago", "", "09:30+99:00"),
    ],
)
def test_what_is_no_time_is_said(typed: str) -> None:
    with pytest.raises(ValueError, match="is not a time; write it as 09:30, yesterday 16:00"):
        read_time(typed, NOON, NEW_YORK)


def test_a_time_the_clocks_show_twice_asks_which_and_takes_the_answer() -> None:
    with pytest.raises(ValueError, match="write 01:30-04:00 for the first, 01:30-05:00 for the second"):
        read_time("2026-11-01 01:30", NOON, NEW_YORK)
    second = read_time("2026-11-01 01:30-05:00", NOON, NEW_YORK).begin
    assert second == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert as_typed(second, NEW_YORK) == "2026-11-01 01:30:00-05:00"


def test_a_time_the_clocks_skip_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="08 Mar 2026 02:30 never was: clocks went forward"):
        read_time("8 mar 02:30", NOON, NEW_YORK)


def test_the_future_is_refused_where_only_the_past_can_be_meant() -> None:
    assert read_time("12:01", NOON, NEW_YORK).begin > NOON
    with pytest.raises(ValueError, match=r"is in the future.* For the day before, write yesterday 12:01\."):
        read_past("12:01", NOON, NEW_YORK)
    with pytest.raises(ValueError, match=r"is in the future: only what was is to be seen\.$"):
        read_past("tomorrow", NOON, NEW_YORK)
    assert read_past("12:00", NOON, NEW_YORK).begin == NOON


def test_a_time_counted_from_now_moves_and_a_written_one_stands() -> None:
    typed = ("now", "2m ago", "today", "09:30", "mon 09:30", "19 Nov", "2026-11-20")
    moves = [each for each in typed if read_time(each, NOON, NEW_YORK).moves]
    assert moves == ["now", "2m ago", "today", "09:30", "mon 09:30"]


def test_what_is_shown_of_a_time_is_read_as_the_same_again() -> None:
    tokyo = read_time("20 Nov 21:30+09:00", NOON, NEW_YORK).begin
    assert (
        time_in_full(tokyo, NEW_YORK)
        == "20 Nov 2026 21:30:00 UTC+09:00, 20 Nov 07:30:00 EST, 20 Nov 12:30:00 UTC"
    )
    summer = read_time("25 Oct 01:30+01:00", NOON, LONDON).begin
    assert time_in_full(summer, LONDON) == "25 Oct 2026 01:30:00 BST, 25 Oct 00:30:00 UTC"
    for moment in (tokyo, NOON, NOON.astimezone(NEW_YORK)):
        assert read_time(as_typed(moment, NEW_YORK), NOON, NEW_YORK).begin == moment


def test_a_day_ahead_is_the_next_one() -> None:
    friday = date(2026, 11, 20)
    assert read_day("monday", friday) == date(2026, 11, 23)
    assert read_day("fri", friday) == friday
    assert read_day("tomorrow", friday) == date(2026, 11, 21)
    assert read_day("2 jan", friday) == date(2027, 1, 2)
    with pytest.raises(
        ValueError, match="'soon' is not a day; write it as today, friday, 19 Nov or 2026-11-20"
    ):
        read_day("soon", friday)


@pytest.mark.parametrize("zone", [NEW_YORK, TOKYO, UTC])
@pytest.mark.parametrize("typed", ["9999-12-31 23:59", "0001-01-01", "0001-01-01 00:00+09:00"])
def test_what_the_calendar_cannot_hold_is_said_or_read_and_never_breaks(typed: str, zone: tzinfo) -> None:
    with suppress(NoTime):
        read = read_time(typed, NOON, zone)
        assert time_in_full(read.begin, zone)
        assert read.begin.astimezone(UTC) < read.end.astimezone(UTC)


def test_the_last_moment_there_is_stands_as_it_came_where_clocks_are_ahead() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    look = DisplayContext(zone=TOKYO, today=NOON.date())
    assert clock(last, look) == "31 Dec 9999 23:59:59 +00:00"
    assert clock_and_zone(last, look) == "31 Dec 9999 23:59:59 UTC"
    assert exported(last.replace(tzinfo=timezone(-timedelta(hours=5)))).endswith("-05:00")
