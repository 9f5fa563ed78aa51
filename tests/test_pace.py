"""The pace of polling follows the attention of the person at the terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from textual import events

from tests.blotter_app import Blotter, blotter
from tests.service.dealer import FaultyTransport, SteppedClock
from tui.api.http import AsyncBaseTransport
from tui.pace import IDLE_AFTER_S, Pace


@pytest.mark.parametrize(("focused_s", "waits"), [(2.0, (2, 10, 60)), (5.0, (5, 25, 150))])
def test_it_slows_down_when_nobody_looks_and_is_scaled_by_the_profile(
    focused_s: float, waits: tuple[int, int, int]
) -> None:
    clock = SteppedClock()
    pace = Pace(focused_s, clock)
    assert pace.seconds == waits[0], "a terminal that tells nothing of its focus has it"
    assert not pace.focus(False)
    assert pace.seconds == waits[1]
    assert pace.focus(True), "somebody looks again"
    clock.seconds += IDLE_AFTER_S
    assert pace.seconds == waits[2]
    assert pace.key()
    assert not pace.key()
    assert pace.seconds == waits[0]


def test_what_is_in_flight_is_followed_at_full_pace_whoever_looks() -> None:
    clock = SteppedClock()
    pace = Pace(2.0, clock)
    pace.focus(False)
    clock.seconds += IDLE_AFTER_S
    pace.busy = lambda: True
    assert pace.seconds == 2


def band(user: Blotter) -> str:
    return user.text().splitlines()[0].rstrip()


def be_idle(user: Blotter) -> None:
    """Let the last key have been long ago."""
    user.app.session.pace._touched -= IDLE_AFTER_S


async def test_the_status_bar_says_the_pace_and_who_comes_back_sees_the_newest_at_once() -> None:
    lines: list[FaultyTransport] = []

    def wrap(server: AsyncBaseTransport) -> AsyncBaseTransport:
        lines.append(FaultyTransport(server))
        return lines[0]

    async with blotter(wrap=wrap, refresh_s=120) as user:
        assert band(user).endswith("every 120 s")
        user.app.post_message(events.AppBlur())
        await user.until(lambda: band(user).endswith("every 10 min"))
        polls = lines[0].sent("/orders", "GET")
        user.app.post_message(events.AppFocus())
        await user.until(lambda: lines[0].sent("/orders", "GET") > polls)
        be_idle(user)
        await user.until(lambda: band(user).endswith("every 60 min"))
        polls = lines[0].sent("/orders", "GET")
        await user.press("down")
        await user.until(lambda: lines[0].sent("/orders", "GET") > polls)
        await user.until(lambda: band(user).endswith("every 120 s"))
        polls = lines[0].sent("/orders", "GET")
        await user.press("down", "up")
        assert lines[0].sent("/orders", "GET") == polls, "only the first key reads"


async def test_a_preview_keeps_the_full_pace_until_it_is_answered() -> None:
    async with blotter(refresh_s=120) as user:
        await user.go("orders", "ORD-00004")
        await user.press("c")
        await user.preview()
        be_idle(user)
        assert user.app.session.pace.seconds == 120
        await user.press("escape")
        be_idle(user)
        assert user.app.session.pace.seconds == 3600


async def test_a_server_that_asks_to_wait_is_not_polled_before() -> None:
    busy = False

    class Busy(AsyncBaseTransport):
        def __init__(self, server: AsyncBaseTransport) -> None:
            self.server = server
            self.asked = 0

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.asked += 1
            if busy:
                return httpx.Response(429, headers={"retry-after": "20"}, json={"name": "RateLimited"})
            return await self.server.handle_async_request(request)

    lines: list[Busy] = []

    def wrap(server: AsyncBaseTransport) -> AsyncBaseTransport:
        lines.append(Busy(server))
        return lines[0]

    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    async with blotter(wrap=wrap, refresh_s=2, start=noon) as user:
        busy = True
        desk = user.app.session.desk
        assert desk
        desk.client.http._rate_limit_retries = 0
        await user.until(lambda: "asked to wait 20 s" in band(user))
        assert desk.health.until == noon + timedelta(seconds=20)
        asked = lines[0].asked
        be_idle(user)
        await user.press("down")
        assert user.app._poller.asked_to_wait_s == 20
        assert lines[0].asked == asked, "a key does not override it"
