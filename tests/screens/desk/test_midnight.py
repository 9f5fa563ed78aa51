"""A desk left open over midnight or a change of clocks: its times get their date, or their own offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from tests.blotter_app import blotter
from tui.screens.history.screen import HistoryScreen

EVENING = datetime(2026, 11, 20, 23, 59, 30, tzinfo=UTC)


class StandingClock:
    """The app's clock, which a test moves."""

    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> datetime:
        return self.now


async def test_times_get_their_date_when_the_day_is_over() -> None:
    clock = StandingClock()
    async with blotter(start=EVENING, clock=clock) as user:
        await user.go("executions")
        code = user.codes("executions")[0]
        before = user.row("executions", code)["created"]
        assert ":" in before
        assert "20 Nov" not in before
        clock.now += timedelta(minutes=1)
        await user.until(lambda: "20 Nov" in user.row("executions", code)["created"])


async def test_the_new_day_is_painted() -> None:
    clock = StandingClock()
    async with blotter(start=EVENING, clock=clock) as user:
        await user.go("orders")
        await user.press("2", *["right"] * 20)
        assert "20 Nov" not in user.text()
        clock.now += timedelta(minutes=1)
        await user.until(lambda: "20 Nov" in user.text())


async def test_the_header_of_times_names_the_zone_they_are_shown_in() -> None:
    async with blotter(start=EVENING) as user:
        await user.go("executions")
        grid = user.pane("executions").grid
        assert "Time UTC" in grid.render_line(0).text
        zone = timezone(timedelta(hours=9), "JST")
        user.app.session.preferences = replace(user.app.session.preferences, zone=zone)
        await user.until(lambda: "Time JST" in grid.render_line(0).text)


async def test_panes_that_are_not_on_the_screen_show_the_new_day_when_they_come() -> None:
    clock = StandingClock()
    async with blotter(start=EVENING, clock=clock) as user:
        clock.now += timedelta(minutes=1)
        await user.until(lambda: user.pane("blocks").display_context.today == clock.now.date())
        await user.go("executions")
        assert "20 Nov" in user.row("executions", user.codes("executions")[0])["created"]


async def test_an_open_history_shows_the_new_day() -> None:
    clock = StandingClock()
    async with blotter(start=EVENING, clock=clock) as user:
        await user.press("h")
        await user.until(lambda: isinstance(user.app.screen, HistoryScreen) and "ORD-" in user.text())
        assert "20 Nov" not in user.text()
        clock.now += timedelta(minutes=1)
        await user.until(lambda: "20 Nov" in user.text())


async def test_in_london_fills_from_before_the_clocks_went_back_carry_their_own_offset() -> None:
    after, changed = (datetime(2026, 10, 25, *at, tzinfo=UTC) for at in ((2, 40), (1, 0)))
    async with blotter(start=after, zone=ZoneInfo("Europe/London")) as user:
        await user.go("executions")
        summer: set[str] = set()
        winter: set[str] = set()
        for id in user.pane("executions").shown:
            made = user.desk.snapshot.executions[id].created_date
            shown = user.row("executions", id.code)["created"]
            assert shown.startswith(f"{made.astimezone(ZoneInfo('Europe/London')):%H:%M:%S}")
            (summer if made < changed else winter).add(shown[8:])
        assert summer == {" +01:00"}
        assert winter == {""}
        await user.press("B")
        await user.until(lambda: " BST" in user.text().splitlines()[0])
        assert " GMT back to " in user.text().splitlines()[0]
