"""The first moments: what comes before the first key, and what a key finds that comes too early."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from styles import sheet
from tests.blotter_app import blotter


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
