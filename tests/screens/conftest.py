"""A bare app with the style sheets of ours, to open one screen in: screens bring their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from styles.themes import THEMES, frame_colours
from tui.app import BlotterApp


class DialogHost(App[Any]):
    """Shows one screen over a plain desk and keeps what it answered."""

    CSS_PATH = BlotterApp.CSS_PATH

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self.shown = screen
        self.answers: list[Any] = []
        self.copied: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        variables = THEMES[0].variables
        return {**variables, **frame_colours("LOCAL", {}, variables)}

    def compose(self) -> Any:
        yield Static("the desk\n" * 60, id="desk")

    def on_mount(self) -> None:
        self.push_screen(self.shown, self.answers.append)

    @asynccontextmanager
    async def run_test(self, *args: Any, **options: Any) -> AsyncIterator[Pilot[Any]]:
        """Open the app, and wait until the screen is painted: it opens over several turns of the loop."""
        async with super().run_test(*args, **options) as pilot:
            await pilot.pause()
            yield pilot

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)

    @property
    def text(self) -> str:
        """The screen as plain text, as a reader sees it."""
        screen = self.screen
        update = screen._compositor.render_full_update()
        return "\n".join("".join(s.text for s in strip) for strip in update.strips)


@pytest.fixture
def stage() -> Callable[[Screen[Any]], DialogHost]:
    """Return the app that shows a screen."""
    return DialogHost
