"""A screen that was left is freed, with all that it listed: a desk stays open for weeks."""

from __future__ import annotations

import gc
from collections import Counter

import pytest
from textual._styles_cache import StylesCache
from textual.screen import Screen

from tests.blotter_app import blotter
from tui.screens.desk.screen import DeskScreen

OPENING = ("enter", "question_mark", "colon", "at", "D", "T", "Z", "C", "N")
"""Keys that open a screen or a dialog. What asks the server is held besides until its deadline has passed."""

MOST_DRAWN = 110
"""Widgets of the desk and of the screen that was left last, with room for another one."""


async def test_every_screen_that_was_left_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "freeze", lambda: None)
    gc.collect()
    before = {id(each) for each in gc.get_objects() if isinstance(each, Screen | StylesCache)}
    async with blotter() as user:
        opened = 0
        for key in 3 * OPENING:
            await user.press(key)
            opened += len(user.app.screen_stack) > 1
            while len(user.app.screen_stack) > 1:
                await user.press("escape")
        assert opened > 2 * len(OPENING)
        gc.collect()
        drawn = [each for each in gc.get_objects() if isinstance(each, StylesCache)]
        assert len({*map(id, drawn)} - before) < MOST_DRAWN, (
            "what a widget drew is kept no longer than the widget"
        )
        alive = [each for each in gc.get_objects() if isinstance(each, Screen)]
        kept = Counter(type(each).__name__ for each in alive if id(each) not in before)
    last = {name: count for name, count in kept.items() if name != DeskScreen.__name__ and count > 1}
    assert last == {}, "only the last of a kind may still be at hand"
