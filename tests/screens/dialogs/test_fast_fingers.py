"""Keys that come faster than screens go: a held Enter, an Escape on the heels of the key that opened."""

from __future__ import annotations

from textual import events

from tests.blotter_app import Blotter, blotter
from tui.thinwire.driver import WireHandle


def strike(user: Blotter, *keys: str) -> None:
    """Hand over keys all at once, as one packet of a slow line brings them."""
    for key in keys:
        user.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_a_held_enter_runs_a_command_once_and_ends_nothing() -> None:
    redrawn: list[bool] = []

    class Redrawing(WireHandle):
        def invalidate(self) -> None:
            redrawn.append(True)

    async with blotter() as user:
        user.app.session.wire = Redrawing()
        await user.press("ctrl+p")
        await user.type("redraw")
        await user.until(lambda: "Repaint the whole screen" in user.text())
        await user.press("down")
        strike(user, "enter", "enter", "enter", "enter")
        await user.until(lambda: bool(redrawn) and user.app.screen is user.desk)
        await user.press("down")
        assert redrawn == [True]
        assert user.app.is_running


async def test_whatever_a_key_opens_may_be_left_before_it_stands() -> None:
    async with blotter() as user:
        for key in ("h", "n", "?", ":", "enter", "/", "o", "s"):
            for _ in range(3):
                strike(user, key, "escape")
                await user.press("escape")
                await user.press("escape")
            await user.until(lambda: user.app.screen is user.desk)
            assert user.app.is_running, key
            assert "BLK-0039" in user.text(), key
