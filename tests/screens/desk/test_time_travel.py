"""Time travel by a typed time: read in the zone that is shown, and never in the future."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.blotter_app import blotter
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.typed_time import read_time

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


@pytest.mark.parametrize(
    ("typed", "hour"),
    [
        ("9:30", "2026-11-20T14:30"),
        ("09:30:00", "2026-11-20T14:30"),
        ("2026-11-20 09:30", "2026-11-20T14:30"),
        ("2026-11-20 09:30Z", "2026-11-20T09:30"),
        ("2026-07-20 09:30", "2026-07-20T13:30"),
    ],
)
def test_a_time_is_of_the_zone_shown_unless_it_names_its_own(typed: str, hour: str) -> None:
    assert read_time(typed, NOON, NEW_YORK) == datetime.fromisoformat(f"{hour}+00:00")


@pytest.mark.parametrize("typed", ["half past nine", "25:00", "2026-13-01 09:30"])
def test_what_is_no_time_is_said(typed: str) -> None:
    with pytest.raises(ValueError, match="is not a time; write it as 09:30 or 2026-11-20 09:30"):
        read_time(typed, NOON, NEW_YORK)
