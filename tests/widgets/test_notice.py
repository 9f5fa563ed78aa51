"""Notices that expire while a screen is about to show them."""

from __future__ import annotations

from time import time

from textual.notifications import Notification

from tests.blotter_app import blotter
from widgets.notice import LEAST_S, Notice


def test_a_notice_that_has_expired_still_gives_a_timer_an_interval() -> None:
    raised = time() - 3600
    late = Notice("Order sent", timeout=1, raised_at=raised)
    assert late.has_expired
    assert late.time_left == LEAST_S
    assert Notification("Order sent", timeout=1, raised_at=raised).time_left < 0, "Textual's own is mended"


async def test_a_notice_that_expires_before_its_toast_is_shown_holds_up_nothing() -> None:
    async with blotter() as user:
        user.app.notify("Order sent", timeout=60)
        await user.pilot.pause()
        [notice] = user.app._notifications
        assert isinstance(notice, Notice)
        assert not notice.has_expired
        notice.raised_at -= 3600
        assert notice.has_expired
        assert notice.time_left > 0
        await user.press("down")
        assert user.app.is_running
