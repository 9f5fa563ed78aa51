"""The first moments: what comes before the first key, and what a key finds that comes too early."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from styles import sheet
from tests.blotter_app import Blotter, blotter
from tui.app import BlotterApp, Connection
from tui.service.environment import Environment, EnvironmentKind


async def test_while_the_demo_is_made_the_desk_says_how_far_it_is() -> None:
    made = ["Making the demo data: 45 %."]

    async def connect() -> Connection:
        return await asyncio.Future()

    app = BlotterApp(Environment("demo", EnvironmentKind.LOCAL), connect, opening=lambda: made[-1])
    async with app.run_test(size=(80, 24)) as pilot:
        user = Blotter(app, pilot)
        await user.until(lambda: "Making the demo data: 45 %." in user.text())
        made.append("Making the demo data: 99 %.")
        await user.until(lambda: "Making the demo data: 99 %." in user.text())


@pytest.fixture
def resting_collector() -> Iterator[None]:
    """Start as the program does, with the collector at rest."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("resting_collector")
async def test_once_the_desk_is_shown_everything_is_at_hand_and_the_collector_works_again() -> None:
    async with blotter() as user:
        sources = [str(sheet(name)) for name in ("dialogs", "history")]
        await user.until(lambda: all(user.app.stylesheet.has_source(each, "") for each in sources))
        assert gc.isenabled()


async def test_a_key_before_the_desk_is_read_finds_its_dialog_dressed() -> None:
    async with blotter(wait=False) as user:
        await user.press("n")
        await user.form()
        assert user.app.screen.query_one("#box").styles.border_top[0] == "round"
