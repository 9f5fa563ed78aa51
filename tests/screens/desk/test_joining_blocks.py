"""Orders join open blocks that they fit: picked from a list to move, proposed for a new order."""

from __future__ import annotations

from tests.blotter_app import blotter, demo
from tui.api.base import ResourceId


async def test_a_block_to_move_to_is_picked_from_a_list_of_those_that_fit() -> None:
    async with blotter((80, 24)) as user:
        await user.go("orders", "ORD-00022")
        await user.press("m")
        form = await user.form()
        assert "> new       a new block is created" in form
        assert "  BLK-0010  Buy 7,500 JNJ limit 156 USD, day · 7,500 left" in form
        assert "BLK-0012" not in form, "the block it is in"
        assert "BLK-0029" not in form, "another instrument"
        await user.press("down")
        assert "> BLK-0010  Buy 7,500 JNJ" in user.text()
        await user.press("enter")
        assert "from BLK-0012 to BLK-0010" in await user.preview()
        await user.confirm("enter")
        await user.report()
        assert ResourceId("demo", "ORD-00022") in (await user.client.blocks.get(demo("BLK-0010"))).order_ids


async def test_typing_narrows_the_list_and_tab_takes_the_one_that_is_left() -> None:
    async with blotter((80, 24)) as user:
        await user.go("orders", "ORD-00072")
        await user.press("m")
        await user.fill("block", "mc 562")
        form = user.text()
        assert "BLK-0028  Buy 2,000 MC limit 562 EUR, day · 200 left" in form
        assert "a new block is created" not in form
        await user.press("tab")
        assert "> BLK-0028  Buy 2,000 MC" in user.text()
        await user.fill("block", "nothing of that name")
        assert "Nothing in the list matches." in user.text()


async def test_a_block_that_does_not_fit_is_said_to_not_fit_before_the_preview() -> None:
    async with blotter((80, 24)) as user:
        await user.go("orders", "ORD-00017")
        await user.press("m")
        await user.fill("block", "BLK-0003")
        assert "! It does not fit: limit 0.82 GBP, not 0.819 GBP." in user.text()
        await user.fill("block", "BLK-0029")
        assert "! It does not fit: it trades AAPL." in user.text()


async def test_what_an_allocation_algorithm_does_stands_under_the_form() -> None:
    async with blotter((160, 48)) as user:
        await user.go("placements", "PLC-00016")
        await user.press("a")
        assert "units left over go one by one, to the oldest order first." in await user.form()
        await user.press("right")
        assert "Units are dealt out one by one, to the oldest order first, and round again." in user.text()


async def test_a_new_order_says_which_open_block_it_fits_and_joins_it_when_that_is_chosen() -> None:
    async with blotter() as user:
        await user.press("N")
        await user.fill("line", "b 500 JNJ lmt 156 @GLB-CORE")
        fits = "Fits BLK-0012 (2,500 left), BLK-0010 (7,500 left): write it under Block to join it."
        assert fits in user.text()
        await user.fill("line", "b 500 JNJ lmt 157 @GLB-CORE")
        assert "Fits" not in user.text()
        await user.fill("block", "BLK-0010")
        assert "! It does not fit BLK-0010: limit 157 USD, not 156 USD." in user.text()
        await user.fill("line", "b 500 JNJ lmt 156 @GLB-CORE")
        await user.press("enter")
        assert "in BLK-0010" in await user.preview()
        await user.confirm("enter")
        await user.report()
        assert len((await user.client.blocks.get(demo("BLK-0010"))).order_ids) == 3


async def test_a_new_block_stays_what_an_order_gets_that_fits_another() -> None:
    async with blotter() as user:
        before = set(user.codes("blocks"))
        await user.press("n")
        await user.fill("instrument", "JNJ")
        await user.fill("orders", "GLB-CORE 500")
        await user.fill("type", "")
        await user.press("l")
        await user.fill("limit", "156")
        assert "Fits BLK-0012 (2,500 left), BLK-0010 (7,500 left)" in user.text()
        await user.press("enter")
        await user.confirm("enter")
        await user.report()
        await user.until(lambda: len(set(user.codes("blocks")) - before) == 1)
