"""Finding a key in the help, and why it does not work now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import Screen

from tui.screens.help import HelpScreen

Opened = Callable[[Screen[Any]], Any]


def groups() -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    trade = [
        ("n", "New orders", "A block with its orders.", ""),
        ("p", "Place", "Send blocks to a broker.", "No block is under the cursor."),
    ]
    return [("Trade", trade), ("Rows", [(f"f{n}", f"Row key {n}", "Moves.", "") for n in range(40)])]


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (200, 50)])
async def test_typing_finds_a_key_and_says_why_it_does_not_work(stage: Opened, size: tuple[int, int]) -> None:
    app = stage(HelpScreen(groups()))
    async with app.run_test(size=size) as pilot:
        assert "42 keys" in app.text
        await pilot.press(*"broker", "enter")
        assert "1 of 42" in app.text
        assert "Not now: No block is under the cursor." in app.text
        assert "Row key" not in app.text
        await pilot.press("escape")
        await pilot.pause()
        assert "New orders" in app.text
        assert app.answers == []
        await pilot.press("escape")
        await pilot.pause()
    assert app.answers == [None]


async def test_nothing_found_is_said(stage: Opened) -> None:
    app = stage(HelpScreen(groups()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("[", "b", "enter")
        assert "No key or command matches '[b'." in app.text


async def test_it_scrolls_while_the_filter_has_the_cursor(stage: Opened) -> None:
    app = stage(HelpScreen(groups()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert "Row key 39" in app.text
        await pilot.press("pageup", "pageup", "pageup", "up")
        assert "New orders" in app.text
