"""An id that a server made of an escape sequence: no screen sends it to the terminal as it came."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.blotter_app import Blotter, blotter
from tests.screens.dialogs.test_foreign_characters import FOREIGN, hostile, with_code
from tui.api.sanitize import clean
from tui.screens.detail.screen import DetailScreen
from tui.screens.history.screen import HistoryScreen
from tui.screens.ticket.screen import TicketScreen

CODE = hostile(FOREIGN["escape"] + FOREIGN["C1"] + FOREIGN["clipboard"])


@pytest.fixture
async def user() -> AsyncIterator[Blotter]:
    """A dealer on an order whose code holds escape sequences."""
    wrap, _ = with_code(CODE, instead_of="ORD-00004")
    async with blotter(wrap=wrap) as made:
        await made.go("orders", CODE)
        yield made


def all_is_plain(user: Blotter) -> bool:
    drawn = user.text().replace("\n", "")
    return drawn == clean(drawn)


def is_open(user: Blotter, kind: type[object]) -> Callable[[], bool]:
    return lambda: isinstance(user.app.screen, kind)


async def test_the_desk_details_and_history_show_it_as_plain_text(user: Blotter) -> None:
    assert all_is_plain(user)
    for key, opened in (("enter", TicketScreen), ("i", DetailScreen)):
        await user.press(key)
        await user.until(is_open(user, opened))
        await user.pilot.pause()
        assert all_is_plain(user)
        await user.press("escape")
    await user.press("h")
    await user.until(is_open(user, HistoryScreen))
    await user.until(lambda: "Reading" not in user.text())
    assert all_is_plain(user)


async def test_what_came_of_a_write_is_told_in_plain_text(user: Blotter) -> None:
    await user.press("u")
    await user.fill("quantity", "61k")
    await user.press("enter")
    await user.confirm("y")
    await user.report()
    await user.until(lambda: "Updated: " in user.text())
    assert all_is_plain(user)
