"""What needs a dealer: the list of it, the way to the row that mends it and back, the strip and the count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import fill, new_block, place
from tests.service.dealer import FaultyTransport
from tui.api.http import AsyncBaseTransport
from tui.screens.desk.screen import DeskScreen
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.exceptions.screen import ExceptionsScreen
from tui.service.exceptions.open_exceptions import OpenException

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def open_list(user: Blotter) -> ExceptionsScreen:
    """Press the key of the list and wait for it."""
    await user.press("0")
    await user.until(lambda: isinstance(user.app.screen, ExceptionsScreen))
    screen = user.app.screen
    assert isinstance(screen, ExceptionsScreen)
    return screen


def listed(user: Blotter) -> list[OpenException]:
    """Return what the desk knows to need somebody."""
    feed = user.desk.exceptions._feed
    return list(feed.open) if feed else []


def lines(user: Blotter) -> list[str]:
    return user.text().splitlines()


async def test_the_list_names_what_is_wrong_the_trade_the_money_who_and_the_key() -> None:
    async with blotter((160, 48), start=NOON) as user:
        await open_list(user)
        await user.until(lambda: "wrong" in lines(user)[0])
        rejected = next(line for line in lines(user) if "rejected by ALBN" in line)
        assert "▲  rejected by ALBN: the limit 4.20 is away from the market" in rejected
        assert "Buy 30,000 BP/" in rejected
        assert "126,000 GBP" in rejected
        assert "c cancel" in rejected
        assert "dlr.okafor" in rejected
        busted = next(line for line in lines(user) if "fill busted" in line)
        assert "by TMSB" in busted
        urgencies = [each.kind.urgency for each in listed(user)]
        assert urgencies == sorted(urgencies)
        assert {"compliance_failed", "over_executed", "over_allocated", "fills_unallocated"} <= {
            each.kind.id for each in listed(user)
        }


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_enter_goes_to_the_row_that_mends_it_and_escape_comes_back_to_the_list(
    size: tuple[int, int],
) -> None:
    async with blotter(size) as user:
        screen = await open_list(user)
        over = next(each for each in listed(user) if each.kind.id == "over_allocated")
        while screen.grid.cursor_key != over.key:
            await user.press("j")
        assert "10,100 allocated of 10,000 filled" in user.text()
        assert "press a (allocate)" in " ".join(user.text().split())
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, DeskScreen))
        await user.until(lambda: user.desk.active.cursor == over.mended_on)
        assert user.desk.exceptions.text.startswith("Press a (allocate): 10,100 allocated")
        await user.press("a")
        await user.until(lambda: isinstance(user.app.screen, FormDialog))
        await user.press("escape")
        await user.until(lambda: isinstance(user.app.screen, DeskScreen))
        await user.press("escape")
        await user.until(lambda: isinstance(user.app.screen, ExceptionsScreen))
        again = user.app.screen
        assert isinstance(again, ExceptionsScreen)
        await user.until(lambda: again.grid.cursor_key == over.key)
        await user.press("escape")
        await user.until(lambda: isinstance(user.app.screen, DeskScreen))
        assert "goes back to the list" not in user.desk.exceptions.text


async def test_what_is_mended_leaves_the_list_and_the_strip_says_so() -> None:
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 100")
        placement = await place(user, block, "100")
        before = user.desk.exceptions.count
        await fill(user, placement, "120", "0.82", odd=True)
        await user.until(lambda: user.desk.exceptions.count == before + 1)
        screen = await open_list(user)
        over = next(each for each in listed(user) if each.ref.id.code == block)
        assert over.trouble.reason == "120 filled of 100 placed"
        screen.grid.move_to(over.key)
        await user.press("enter")
        await user.until(lambda: user.desk.active.cursor == over.mended_on)
        await user.press("f")
        await user.fill("quantity", "100")
        await user.press("enter")
        await user.confirm("enter")
        await user.until(lambda: user.desk.exceptions.text.startswith("Mended."))
        assert user.desk.exceptions.count == before


async def test_no_filter_hides_an_exception_and_the_way_to_its_row_clears_the_one_that_would() -> None:
    async with blotter() as user:
        count = user.desk.exceptions.count
        await user.press("slash")
        await user.type("vod")
        await user.press("enter")
        await user.until(lambda: len(user.codes("blocks")) < 5)
        assert user.desk.exceptions.count == count
        assert f"{count} NEED YOU" in lines(user)[0]
        screen = await open_list(user)
        rejected = next(each for each in listed(user) if each.kind.id == "rejected")
        screen.grid.move_to(rejected.key)
        await user.press("enter")
        await user.until(lambda: user.desk.active.cursor == rejected.mended_on)
        assert "The filter of blocks hid this row: it is cleared." in user.notices


@pytest.mark.parametrize(("size", "height"), [((80, 24), 1), ((120, 34), 1), ((160, 48), 3)])
async def test_the_strip_shows_the_three_most_urgent_above_the_panes(
    size: tuple[int, int], height: int
) -> None:
    async with blotter(size) as user:
        assert user.desk.exceptions.region.y == 1
        assert user.desk.exceptions.region.height == height
        shown = " ".join(lines(user)[1 : 1 + height])
        for word in ("compliance failed", "approval rejected", "rejected"):
            assert word in shown
        await user.press("n")
        await user.press("escape")
        assert user.desk.exceptions.region.height == height
        await user.pilot.click("#exceptions")
        await user.until(lambda: isinstance(user.app.screen, ExceptionsScreen))


async def test_a_broker_of_many_words_hides_neither_the_trade_nor_the_key() -> None:
    async with blotter((110, 48), start=NOON) as user:
        said = next(line for line in lines(user)[1:4] if "rejected by ALBN" in line)
        assert "rejected by ALBN: the limit " in said
        assert "… · Buy 30,000 BP/ " in said
        assert said.rstrip().endswith("c cancel")


async def test_a_placement_that_nothing_happens_to_becomes_one_as_time_goes_on() -> None:
    passed = timedelta(0)
    async with blotter(clock=lambda: NOON + passed, start=NOON) as user:
        block = await new_block(user, "UKEQ-GROW 100")
        placement = await place(user, block, "100")
        passed = timedelta(0)

        def stale() -> bool:
            return any(each.ref.id == demo(placement) for each in listed(user))

        assert not stale()
        row = user.desk.snapshot.placements[demo(placement)]
        made = row.version.as_at_modified if row.version else None
        assert made is not None
        passed = made - NOON + timedelta(minutes=61)
        user.desk._each_second()
        assert stale()
        assert "quiet at ALBN: 100 left" in {each.trouble.reason for each in listed(user)}


async def test_an_outcome_that_nobody_knows_comes_before_all_else() -> None:
    lines_between: list[FaultyTransport] = []

    def between(transport: AsyncBaseTransport) -> AsyncBaseTransport:
        lines_between.append(FaultyTransport(transport))
        return lines_between[-1]

    async with blotter(wrap=between) as user:
        await user.go("blocks", "BLK-0029")
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.press("enter")
        lines_between[0].fail("cut", "placeblocks")
        await user.confirm("y")
        await user.until(lambda: any(each.kind.id == "unknown_outcome" for each in listed(user)))
        first = listed(user)[0]
        assert first.trouble.reason == "outcome not known: place"
        assert user.desk.exceptions.text.startswith("▲▲ outcome not known: place · Buy 17,000 AAPL ")
        await open_list(user)
        said = " ".join(user.text().split())
        assert "Outcome not known: place · Buy 17,000 AAPL · placement P-" in said
        assert "3,901,500 USD" in said
        assert "Enter goes to block BLK-0029: press : and choose 'unknown: check again'" in said
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, DeskScreen))
        assert user.desk.active.cursor is not None
        assert user.desk.active.cursor.id.code == "BLK-0029"


async def test_the_list_may_be_the_first_screen() -> None:
    async with blotter(wait=False, first_screen="exceptions") as user:
        await user.until(lambda: isinstance(user.app.screen, ExceptionsScreen) and bool(listed(user)))
        await user.until(lambda: "rejected by ALBN" in user.text())
        await user.press("escape")
        await user.until(lambda: isinstance(user.app.screen, DeskScreen))


async def test_thresholds_of_the_settings_hold() -> None:
    off = {"rejected": None, "working_stale": None, "fills_unallocated": 24 * 60}
    async with blotter(exceptions=off) as user:
        kinds = {each.kind.id for each in listed(user)}
        assert not kinds & off.keys()
        assert "compliance_failed" in kinds


async def test_only_keys_that_do_something_now_are_named() -> None:
    async with blotter() as user:
        assert user.desk.exceptions.text.splitlines()[0].endswith(" · u update")
    async with blotter(read_only=True) as user:
        assert "1,572,000 USD" in user.desk.exceptions.text
        assert "update" not in user.desk.exceptions.text
        await open_list(user)
        assert "u update" not in user.text()
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, DeskScreen))
        assert user.desk.exceptions.text.startswith(
            "Nothing can be done about it now (This desk is read-only"
        )


async def test_why_nothing_can_be_done_is_said_to_its_end_on_a_narrow_screen() -> None:
    async with blotter((120, 34), read_only=True) as user:
        await open_list(user)
        said = " ".join(user.text().split())
        assert "(This desk is read-only: nothing can be written from it)." in said
