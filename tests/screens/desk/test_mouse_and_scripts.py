"""A dealer with a mouse, or another keyboard script: hints and tabs are clicked, and no letter is lost."""

from __future__ import annotations

import pytest

from tests.blotter_app import blotter
from tui.screens.help import HelpScreen
from widgets.text_line import Pieces


async def test_rows_tabs_and_key_hints_are_for_the_mouse_too() -> None:
    async with blotter((80, 24)) as user:
        await user.pilot.click(user.pane("blocks").grid, offset=(5, 3))
        assert user.pane("blocks").grid.cursor_row == 2
        tabs = user.desk.query_one("#tabs", Pieces)
        at = str(tabs.render()).index("Orders")
        await user.pilot.click("#tabs", offset=(at, 0))
        await user.until(lambda: user.desk.active.kind.value == "orders")
        hints = user.desk.query_one("#keys", Pieces)
        at = str(hints.render()).index("Help")
        await user.pilot.click("#keys", offset=(at, 0))
        await user.until(lambda: isinstance(user.app.screen, HelpScreen))


@pytest.mark.parametrize("letter", ["\u043d", "\u03c0", "\u0634", "\u05e9", "\u0e01", "\u30ab"])
async def test_a_letter_of_another_script_says_once_that_keys_are_latin(letter: str) -> None:
    async with blotter((80, 24), wait=False) as user:
        await user.type(letter * 3)
        assert [each for each in user.notices if "Keys are Latin letters" in each] == [
            f"Keys are Latin letters, and {letter} is none: switch the keyboard to Latin."
        ]


@pytest.mark.parametrize("letter", ["\u043d", "\u0663"])
async def test_a_preview_says_that_keys_are_latin_and_sends_nothing(letter: str) -> None:
    told = f"Keys are Latin letters, and {letter} is none: switch the keyboard to Latin."
    async with blotter((80, 24)) as user:
        await user.go("placements", "PLC-00016")
        await user.press("c")
        await user.preview()
        await user.type(letter * 2)
        assert user.text().count(told) == 1
        assert not user.notices, "the app says it where the dialog does not"
        await user.press("down")
        assert "Send it? y sends; Enter does nothing." in user.boxed()
        assert user.row("placements", "PLC-00016")["state"] == "◐ partly filled"
