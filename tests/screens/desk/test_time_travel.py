"""Time travel by a typed time: read in the zone that is shown, and never in the future."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from tests.blotter_app import blotter
from tui.screens.dialogs.form_dialog import FormDialog

NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
"""Noon in New York."""
NEW_YORK = ZoneInfo("America/New_York")


async def test_a_dealer_in_new_york_types_the_time_of_the_clock_on_the_wall() -> None:
    async with blotter(start=NOON) as user:
        session = user.app.session
        session.preferences = replace(session.preferences, zone=NEW_YORK)
        await user.press("T")
        assert "Times are in EST." in await user.form()
        await user.fill("as_at", "13:00")
        await user.press("enter")
        await user.until(lambda: "is in the future" in user.text())
        assert isinstance(user.app.screen, FormDialog), "an hour ahead is refused"
        await user.fill("as_at", "11:30")
        assert "20 Nov 2026 11:30:00 EST, 20 Nov 16:30:00 UTC" in user.text()
        await user.press("enter")
        half_past_eleven = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
        await user.until(lambda: user.desk.snapshot.as_at == half_past_eleven)
        await user.press("T")
        assert "2026-11-20 11:30:00" in await user.form()
        await user.fill("as_at", "now")
        await user.press("enter")
        await user.until(lambda: user.desk.snapshot.as_at is None)


async def test_an_offset_that_was_typed_is_shown_and_stands_there_again() -> None:
    async with blotter(start=NOON) as user:
        await user.press("T")
        await user.fill("as_at", "20 Nov 21:30+09:00")
        assert "20 Nov 2026 21:30:00 UTC+09:00, 20 Nov 12:30:00 UTC" in user.text()
        await user.press("enter")
        await user.until(lambda: user.desk.snapshot.as_at == NOON.replace(hour=12, minute=30))
        await user.press("T")
        assert "2026-11-20 21:30:00+09:00" in await user.form()


async def test_minutes_ago_is_a_time_and_an_hour_ahead_says_how_to_mean_yesterday() -> None:
    async with blotter(start=NOON) as user:
        await user.press("T")
        await user.fill("as_at", "18:00")
        assert "For the day before, write yesterday 18:00." in " ".join(user.boxed().split())
        await user.fill("as_at", "90m ago")
        assert "20 Nov 2026 15:30:00 UTC" in user.text()


async def test_a_moment_from_before_the_clocks_went_back_is_called_as_it_was_then() -> None:
    async with blotter(start=NOON, zone=ZoneInfo("Europe/London")) as user:
        await user.press("T")
        await user.fill("as_at", "24 Oct 10:30")
        await user.press("enter")
        await user.until(lambda: "as at 24 Oct 10:30:00 BST, " in user.text().splitlines()[0])
