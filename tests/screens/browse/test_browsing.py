"""Browsing blocks and orders outside the window: found, looked at, and left where they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.blotter_app import Blotter, blotter
from tests.service.dealer import FaultyTransport
from tui.api.http import AsyncBaseTransport
from tui.screens.browse.screen import BrowseScreen
from tui.screens.history.screen import HistoryScreen
from tui.screens.ticket.screen import TicketScreen
from widgets.filterbar import FilterBar


@asynccontextmanager
async def browsing(size: tuple[int, int] = (160, 48), **options: Any) -> AsyncIterator[Blotter]:
    """Return a user who has just read the newest blocks."""
    async with blotter(size, **options) as user:
        await user.press("B")
        await user.until(lambda: "Blocks · page 1 · newest first" in user.text())
        yield user


async def look_for(user: Blotter, typed: str) -> None:
    """Type a filter and ask the server."""
    await user.press("slash")
    await user.type(typed)
    await user.press("enter")


def codes(user: Blotter) -> list[str]:
    """Return the ids in sight, from the top."""
    lines = user.text().splitlines()
    heads = next(at for at, line in enumerate(lines) if "▼" in line)
    return [
        line[2:].split()[0] for line in lines[heads + 1 :] if line[:2] in ("> ", "  ") and line[2:].split()
    ]


async def test_swept_blocks_are_found_newest_first_and_never_join_the_desk() -> None:
    async with browsing() as user:
        before = user.desk.snapshot
        assert "BLK-0036" in codes(user)
        assert "■ swept" in user.text()
        assert "details and history, no trading" in user.text()
        await user.press("escape")
        await user.until(lambda: user.app.screen is user.desk)
        assert "BLK-0036" not in user.codes("blocks")
        assert user.desk.snapshot is before


async def test_a_row_found_opens_its_details_and_its_history() -> None:
    async with browsing() as user:
        await look_for(user, "id=BLK-0036")
        await user.until(lambda: codes(user) == ["BLK-0036"])
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, TicketScreen))
        assert "256,500" in user.text()
        await user.press("escape", "h")
        await user.until(lambda: isinstance(user.app.screen, HistoryScreen))
        await user.until(lambda: "booked" in user.text())
        await user.press("escape")
        await user.until(lambda: isinstance(user.app.screen, BrowseScreen))


async def test_a_filter_is_asked_of_the_server_on_enter_and_esc_clears_it() -> None:
    async with browsing() as user:
        await user.press("tab")
        await user.until(lambda: "Orders · page 1 · newest first" in user.text())
        await user.press("slash")
        await user.type("portfolio:UKEQ-GROW quantity>=400k")
        await user.until(lambda: "Enter asks the server: portfolioId.code eq 'UKEQ-GROW'" in user.text())
        assert len(codes(user)) > 30, "nothing is asked while it is typed"
        await user.press("enter")
        await user.until(lambda: "Asked of the server: portfolioId.code eq 'UKEQ-GROW'" in user.text())
        await user.until(lambda: codes(user)[-2:] == ["ORD-00017", "ORD-00013"])
        assert len(codes(user)) < 10
        await user.press("escape")
        await user.until(lambda: len(codes(user)) > 30)
        await user.press("escape")
        await user.until(lambda: user.app.screen is user.desk)


async def test_what_the_server_refuses_is_told_in_its_words_and_the_filter_stays_to_be_mended() -> None:
    async with browsing() as user:
        shown = codes(user)
        await look_for(user, "colour eq 'red'")
        await user.until(lambda: "There is no field 'colour' to filter or sort by." in user.text())
        assert isinstance(user.app.focused, FilterBar)
        assert "colour eq 'red'" in user.text()
        assert codes(user) == shown
        await user.press("ctrl+u")
        await user.type("side:cover")
        await user.press("enter")
        await user.until(lambda: "Asked of the server: side eq 'CoverShort'" in user.text())


async def test_a_word_the_server_cannot_be_asked_is_told_while_it_is_typed() -> None:
    async with browsing() as user:
        await look_for(user, "unplaced>5")
        await user.until(lambda: "Unplaced cannot be asked of the server; id, side," in user.text())
        assert isinstance(user.app.focused, FilterBar)


async def test_a_date_is_gone_to_and_what_is_newer_is_left_out() -> None:
    async with browsing() as user:
        page = codes(user)
        made = next(line for line in user.text().splitlines() if page[10] in line).split()[1]
        await user.press("T")
        await user.fill("until", made)
        await user.press("enter")
        await user.until(lambda: f"until {made}" in user.text())
        assert codes(user)[0] == page[11], "rows have fractions of a second"
        await user.press("p")
        await user.until(lambda: "Nothing newer until that time; T takes a later one" in user.text())
        await user.press("T")
        await user.fill("until", "now")
        await user.press("enter")
        await user.until(lambda: codes(user) == page)


async def test_a_row_of_the_desk_is_gone_to_and_another_is_not_there() -> None:
    async with browsing() as user:
        await look_for(user, "id=BLK-0008")
        await user.until(lambda: codes(user) == ["BLK-0008"])
        await user.press("d")
        await user.until(lambda: user.app.screen is user.desk)
        cursor = user.pane("blocks").cursor
        assert cursor
        assert cursor.id.code == "BLK-0008"


async def test_the_ticket_of_a_row_of_the_desk_names_the_rows_it_belongs_with() -> None:
    async with browsing() as user:
        await look_for(user, "id=BLK-0037")
        await user.until(lambda: codes(user) == ["BLK-0037"])
        await user.press("enter")
        await user.until(lambda: "Orders (2)" in user.text())
        assert "30,000 for UKEQ-GROW" in user.text()


async def test_without_a_connection_it_says_so_and_reads_later() -> None:
    lines: list[FaultyTransport] = []

    def wrap(server: AsyncBaseTransport) -> AsyncBaseTransport:
        lines.append(FaultyTransport(server))
        return lines[0]

    async with blotter((160, 48), wrap=wrap) as user:
        lines[0].fail("broken", "ordergraph", 20)
        desk = user.app.session.desk
        assert desk
        desk.client.http._pause = _at_once
        await user.press("B")
        await user.until(lambda: "Not read: " in user.text())
        assert "Nothing could be read." in user.text()
        lines[0].mend()
        desk.client.http.try_now()
        await user.press("r")
        await user.until(lambda: "Blocks · page 1 · newest first" in user.text())


async def _at_once(seconds: float) -> None:
    return None


@pytest.mark.parametrize("state", ["read-only", "frozen"])
async def test_it_works_on_a_small_screen_that_is_read_only_or_frozen(state: str) -> None:
    async with blotter((80, 24), read_only=state == "read-only") as user:
        if state == "frozen":
            await user.press("z")
        await user.press("B")
        await user.until(lambda: "Blocks · page 1 · newest first" in user.text())
        assert len(codes(user)) == 19
        assert "Esc back" in user.text()
        await user.press("tab")
        await user.until(lambda: "Orders · page 1 · newest first" in user.text())


async def test_what_orders_ask_for_by_weight_is_not_known_here_and_never_zero() -> None:
    async with browsing() as user:
        lines = {line[2:].split()[0]: line.split() for line in user.text().splitlines() if "BLK-" in line}
        assert "?" in lines["BLK-0024"]
        assert "?" not in lines["BLK-0039"], "all of it is cancelled"
