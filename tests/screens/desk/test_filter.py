"""The filter line of a pane, typed into as fast as fingers go."""

from __future__ import annotations

from textual import events

from tests.blotter_app import blotter
from tui.screens.desk.screen import DeskScreen


async def test_what_is_typed_after_the_slash_filters_and_acts_on_nothing() -> None:
    async with blotter() as user:
        await user.press("slash", "s", "i", "d", "e", "colon", "s", "e", "l", "l")
        assert isinstance(user.app.screen, DeskScreen)
        await user.until(lambda: "/side:sell" in user.text())
        sides = {user.row("blocks", code)["side"] for code in user.codes("blocks")}
        assert sides <= {"Sell", "Short"}
        await user.press("enter", "j")
        assert user.pane("blocks").grid.has_focus


async def test_keys_that_arrive_together_are_not_taken_for_actions() -> None:
    async with blotter() as user:
        for letter in ("/", "s", "k"):
            name = "slash" if letter == "/" else letter
            user.app.post_message(events.Key(name, letter))
        await user.until(lambda: "/sk" in user.text())
        assert isinstance(user.app.screen, DeskScreen)


async def test_a_filter_that_cannot_be_understood_stays_open_and_says_why() -> None:
    async with blotter() as user:
        shown = user.codes("blocks")
        await user.press("slash", *"nosuch", "colon", "1", "enter")
        await user.until(lambda: "There is no column 'nosuch'" in user.text())
        assert user.codes("blocks") == shown
        await user.press("escape")
        assert "nosuch" not in user.text()
        assert user.pane("blocks").grid.has_focus


async def test_a_pane_the_filter_empties_says_so() -> None:
    async with blotter() as user:
        await user.press("slash", *"zzzz", "enter")
        await user.until(lambda: user.codes("blocks") == [])
        assert "Nothing matches" in user.text()
        assert "Press n for the first order" not in user.text()
        await user.press("escape")
        assert len(user.codes("blocks")) == 38
