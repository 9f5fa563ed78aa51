"""The first moments: what comes before the first key, and what a key finds that comes too early."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import httpx
import pytest
from textual import events

from styles import sheet
from tests.blotter_app import Blotter, blotter
from tui.actions.action import NO_ROW
from tui.api.http import AsyncBaseTransport
from tui.app import BlotterApp
from tui.connection import Connection
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


async def test_a_key_that_writes_acts_on_nothing_before_there_is_a_row_to_see() -> None:
    answers = asyncio.Event()

    class Waiting(AsyncBaseTransport):
        """A line on which nothing comes back yet."""

        def __init__(self, server: AsyncBaseTransport) -> None:
            self._server = server

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await answers.wait()
            return await self._server.handle_async_request(request)

    async with blotter(wait=False, wrap=Waiting) as user:
        for key in ("c", "y"):
            user.app.post_message(events.Key(key, key))
        await user.until(lambda: NO_ROW in user.notices)
        answers.set()
        await user.until(lambda: user.desk.snapshot.complete and bool(user.codes("blocks")))
        assert user.app.screen is user.desk
        assert "Cancelled" not in "".join(user.notices)


async def test_a_key_before_the_desk_is_read_finds_its_dialog_dressed() -> None:
    async with blotter(wait=False) as user:
        await user.press("n")
        await user.form()
        assert user.app.screen.query_one("#box").styles.border_top[0] == "round"
