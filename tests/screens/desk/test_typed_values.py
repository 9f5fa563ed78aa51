"""What is typed into a ticket is judged as it is typed, by the rules of the preview."""

from __future__ import annotations

import pytest

from tests.blotter_app import Blotter, blotter
from tui.screens.dialogs.form_dialog import FormDialog


async def said(user: Blotter, text: str) -> None:
    """Wait until the open form says a text."""
    await user.until(lambda: text in " ".join(user.boxed().split()))
    assert isinstance(user.app.screen, FormDialog)


async def unsaid(user: Blotter, text: str) -> None:
    """Wait until the open form does not say a text, or no longer."""
    await user.until(lambda: text not in " ".join(user.boxed().split()))


JUDGED = (
    ("b 30k VOD lmt 82 @UKEQ-GROW", "! VOD for UKEQ-GROW: limit 82 is 100 times the last "),
    ("b 30k VOD lmt 0.95 @UKEQ-GROW", "! VOD for UKEQ-GROW: limit 0.95 is 15"),
    ("b 20m VOD lmt 0.82 @UKEQ-GROW", "is above the soft limit of 5m USD (notional_soft, default)."),
    ("b 30k VOD lmt 82p @UKEQ-GROW", "'82p' is a price in hundredths: write 0.82."),
    ("b 30k VOD lmt 82 GBX @UKEQ-GROW", "'82 GBX' is a price in hundredths: write 0.82."),
    ("b 30k VOD lmt 0.82 GBP @UKEQ-GROW", "limit 0.82 GBP, day, for UKEQ-GROW."),
    (
        "b 30k VOD lmt 1.02 USD @UKEQ-GROW",
        "! VOD trades in GBP, not in USD: write the price in GBP. Buy 30,000 VOD",
    ),
    (
        "b 30k VOD stp 0.8 GBP lmt 1.02 USD @UKEQ-GROW",
        "The limit and the stop are in one currency, not in GBP and in USD.",
    ),
    ("b 150 7203 @GLB-CORE", "! 7203 for GLB-CORE: 150 is no whole number of lots of 100."),
    ("b 150 7203 @GLB-CORE 100 @BAL-60 50", "! 7203 for BAL-60: 50 is no whole number of lots of 100."),
    ("b 50 US91282CJZ59 @UST-LAD", ": 50 is below the least that trades, 100."),
    ("b 50% VOD @UKEQ-GROW", "50% of what? Begin with the whole, like 50k"),
)
"""Order lines, and what the form says of each."""


async def test_an_order_line_is_judged_before_its_preview() -> None:
    async with blotter() as user:
        await user.press("N")
        for line, text in JUDGED:
            await user.fill("line", "")
            await unsaid(user, text)
            await user.fill("line", line)
            await said(user, text)


@pytest.mark.parametrize("typed", ["GBX", "gbx", "GBp"])
async def test_a_price_in_pence_is_said_in_pounds_and_never_taken_for_pounds(typed: str) -> None:
    async with blotter() as user:
        await user.press("N")
        await user.fill("line", "b 30k VOD lmt 82 @UKEQ-GROW")
        await user.fill("currency", typed)
        assert "hundredths: 100 are 1 GBP" in user.text()
        await said(user, "which is 0.82 GBP; it trades in GBP.")
        await user.press("enter")
        assert "which is 0.82 GBP; it trades in GBP." in await user.preview()


async def test_a_price_in_another_currency_than_the_instruments_is_said() -> None:
    async with blotter() as user:
        await user.press("N")
        await user.fill("line", "b 30k VOD lmt 1.02 @UKEQ-GROW")
        box = user.app.screen.query_one("#box")
        before = box.region
        await user.fill("currency", "USD")
        await said(user, "! VOD: limit 1.02 USD; it trades in GBP.")
        assert box.region == before, "the form does not jump under who types"
        await user.fill("currency", "GBP")
        await user.until(lambda: "it trades in GBP" not in user.text())
        assert box.region == before


async def test_the_form_takes_and_refuses_a_currency_behind_a_price_as_the_line_does() -> None:
    async with blotter() as user:
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "UKEQ-GROW 30k")
        await user.fill("type", "")
        await user.press("l")
        await user.fill("limit", "1.02 USD")
        await said(user, "! VOD trades in GBP, not in USD: write the price in GBP.")
        await user.press("enter")
        await said(user, "VOD trades in GBP, not in USD")
        assert user.boxed().count("trades in GBP") == 1
        await user.fill("limit", "0.82 gbp")
        await said(user, "Buy 30,000 VOD (Vodafone) limit 0.82 GBP, day")
        await user.press("enter")
        assert "limit 0.82 GBP" in await user.preview()


@pytest.mark.parametrize(
    ("kind", "code", "key", "field"),
    [("orders", "ORD-00069", "u", "limit"), ("placements", "PLC-00016", "u", "stop")],
)
async def test_a_price_of_a_row_is_in_the_currency_of_the_row(
    kind: str, code: str, key: str, field: str
) -> None:
    async with blotter() as user:
        await user.go(kind, code)
        await user.press(key)
        await user.fill(field, "10.5 JPY")
        await said(user, "'10.5 JPY' is in JPY: prices here are in ")
        await user.press("enter")
        await said(user, "'10.5 JPY' is in JPY: prices here are in ")


async def test_a_block_is_found_by_what_it_trades() -> None:
    async with blotter() as user:
        await user.press("N")
        await user.fill("line", "b 50k VOD lmt 0.82 @UKEQ-GROW")
        await user.fill("block", "blk-002")
        await said(user, "completes: BLK-0020 (Sell 10,000,000 UKT 4.25 06/07/32 at market, day")
        await user.fill("block", "vodaf")
        await said(user, "'vodaf' is no block: there is BLK-0023 (Buy 250,000 VOD ")
        await user.fill("block", "vod 0.82")
        await user.press("enter")
        await said(user, "'vod 0.82' is no block: there is BLK-0008 (Buy 650,000 VOD ")
        await user.press("tab")
        await user.press("enter")
        assert "in BLK-0008" in await user.preview()


async def test_portfolios_are_completed_where_orders_are_sized() -> None:
    async with blotter() as user:
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "UKEQ-GROW 30k, ukeq-i")
        await user.press("tab")
        assert "UKEQ-GROW 30k, UKEQ-INC" in user.text()
        await user.type(" 60%")
        await said(user, "60% of what? Write the whole before it: 50k @UKEQ-INC 60% ...")
        await user.fill("orders", "UKEQ-INC 6x%")
        await said(user, "'6x%' is not a percentage")


async def test_a_placement_and_a_fill_are_judged_too() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0025")
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.fill("type", "")
        await user.press("l")
        await user.fill("limit", "15")
        await said(user, "! HSBA: limit 15 is 5")
        await user.press("escape")
        await user.go("placements", "PLC-00016")
        await user.press("f")
        await user.fill("price", "17500")
        await said(user, "17,500 is 100 times the last ")


async def test_a_fill_takes_a_percentage_of_what_is_open_and_says_what_it_leaves() -> None:
    async with blotter() as user:
        await user.go("placements", "PLC-00016")
        await user.press("f")
        await user.fill("quantity", "25%")
        await said(user, "25% = 2,050 of 8,200 open")
        await said(user, "2,050 units = 360,800.00 USD, 6,150 left")
        await user.fill("quantity", "9k")
        await said(user, "! 800 more than open.")
        await user.fill("quantity", "25%")
        await user.fill("counterparty", "mer")
        await user.press("tab")
        await said(user, "MERI")
        await user.fill("price", "176 GBP")
        await said(user, "! The price is in GBP, and Currency says USD: change one of them.")
        await user.fill("price", "174.2 USD")
        await user.press("enter")
        assert "2,050" in await user.preview()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 34)])
async def test_a_new_order_fits_the_screen_with_all_that_is_said_of_it(width: int, height: int) -> None:
    async with blotter(size=(width, height)) as user:
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "50k @UKEQ-GROW 60% @UKEQ-INC 40%")
        await user.fill("type", "")
        await user.press("l")
        await user.fill("limit", "0.95")
        await said(user, "above the hard limit of 10")
        shown = user.boxed()
        for text in ("Side", "Instrument", "Orders", "Type", "Limit", "Stop", "Currency", "Block"):
            assert text in shown
        assert "UKEQ-INC holds" in shown
        assert "Enter continue" in user.text()
