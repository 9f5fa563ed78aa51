"""The sheet of the day on the screen: what a dealer reads before going home, and takes along."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.blotter_app import Blotter, blotter
from tui.screens.sheet_screen import SheetScreen

EVENING = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


async def opened(user: Blotter) -> SheetScreen:
    await user.press("D")
    screen = user.app.screen
    assert isinstance(screen, SheetScreen)
    await user.until(lambda: bool(screen.grid.keys))
    return screen


def exported(folder: Path) -> list[dict[str, str]]:
    [file] = folder.glob("sheet-of-the-day-20261120*.csv")
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def lines(user: Blotter, *words: str) -> list[str]:
    return [line for line in user.text().splitlines() if all(word in line for word in words)]


async def test_the_sheet_stands_in_80_columns_in_ascii_and_opens_a_sum_into_its_instruments() -> None:
    async with blotter((80, 24), start=EVENING, ascii=True) as user:
        await opened(user)
        assert user.text().isascii()
        assert "Sheet of Fri 20 Nov 2026 UTC" in user.text()
        [euros] = lines(user, "currency", "EUR", "buy")
        assert euros.split()[:6] == ["currency", "EUR", "all", "buy", "EUR", "4,085,244"]
        await user.press("down", "enter")
        assert [line.split()[1] for line in lines(user, "currency", "EUR", "buy")[1:4]] == [
            "MC",
            "SIE",
            "TTE",
        ]
        assert "EUR, buy all instruments: traded 4,085,243.50 EUR in 8 fills" in user.text()
        await user.press("enter")
        assert len(lines(user, "currency", "EUR", "buy")) == 1
        await user.press("escape")
        assert not isinstance(user.app.screen, SheetScreen)


async def test_the_sheet_is_filtered_and_exported_as_it_is_filtered(tmp_path: Path) -> None:
    async with blotter((160, 48), start=EVENING, exports=tmp_path) as user:
        await opened(user)
        await user.press("slash")
        await user.type("of:broker tte")
        await user.press("enter")
        await user.until(lambda: "hides" in user.text())
        await user.press("E")
        await user.press("enter")
        await user.until(lambda: any("written to" in notice for notice in user.notices))
        rows = exported(tmp_path)
        assert {row["Of"] for row in rows} == {"broker"}
        assert {row["What"] for row in rows} == {"TTE"}
        assert all(row["Ccy"] == "EUR" for row in rows)


async def test_the_sheet_follows_the_desk_and_in_the_past_is_of_that_day() -> None:
    async with blotter((160, 48), start=EVENING, zone=ZoneInfo("Asia/Tokyo")) as user:
        screen = await opened(user)
        assert "Sheet of Sat 21 Nov 2026 JST" in user.text(), "the zone of the desk says which day it is"
        traded = lines(user, "GBP", "sell", "currency")
        await user.press("escape")
        assert user.app.session.desk is not None
        await user.app.session.desk.travel(datetime(2026, 11, 20, 12, tzinfo=UTC))
        screen = await opened(user)
        assert "Sheet of Fri 20 Nov 2026 JST" in user.text()
        assert lines(user, "GBP", "sell", "currency") != traded
        assert screen.snapshot.as_at is not None
