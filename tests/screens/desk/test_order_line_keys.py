"""The order line as a dealer types it: words for sides, Tab completes, Up brings earlier lines back.

What the line takes the form takes, and the other way round.
"""

from __future__ import annotations

from tests.blotter_app import Blotter, blotter
from tests.screens.desk.test_tickets import open_form


async def line_of(user: Blotter) -> str:
    return open_form(user).values["line"]


async def test_tab_completes_the_side_the_ticker_the_words_and_the_portfolio() -> None:
    async with blotter() as user:
        await user.press("N")
        await user.form()
        for typed in ("sell s", " 5k VO", " lm", " 0.82 gt", " @UKEQ-G"):
            await user.type(typed)
            await user.press("tab")
        assert await line_of(user) == "sell short 5k VOD lmt 0.82 gtc @UKEQ-GROW"
        assert "Sell short 5,000 VOD (Vodafone) limit 0.82 GBP, good till cancelled" in user.text()


async def test_up_brings_back_the_lines_of_this_session_and_down_what_was_being_typed() -> None:
    async with blotter() as user:
        lines = ("b 500 JNJ lmt 156 @GLB-CORE", "s 100 AAPL @GLB-CORE")
        for line in lines:
            await user.press("N")
            await user.fill("line", line)
            await user.press("enter")
            await user.preview()
            await user.press("escape", "escape")
            await user.until(lambda: user.app.screen is user.desk)
        await user.press("N")
        await user.form()
        assert "Up earlier" in user.text()
        await user.type("b 7")
        await user.press("up")
        assert await line_of(user) == lines[1]
        await user.press("up")
        assert await line_of(user) == lines[0]
        await user.press("up")
        assert await line_of(user) == lines[0], "there is none before it"
        await user.press("down", "down")
        assert await line_of(user) == "b 7"


async def test_a_line_that_was_never_right_is_not_kept() -> None:
    async with blotter() as user:
        await user.press("N")
        await user.fill("line", "b 500 JNJ lmt cheap @GLB-CORE")
        await user.press("enter", "escape")
        assert user.app.session.order_lines.texts == []


SIZED = (
    ("UKEQ-GROW 30k, UKEQ-INC 20k", "30,000 for UKEQ-GROW, 20,000 for UKEQ-INC"),
    ("50k @UKEQ-GROW 60% @UKEQ-INC 40%", "30,000 for UKEQ-GROW, 20,000 for UKEQ-INC"),
    ("@UKEQ-GROW 30k @UKEQ-INC 20k", "30,000 for UKEQ-GROW, 20,000 for UKEQ-INC"),
    ("50k GBP @UKEQ-GROW 60% @UKEQ-INC", "30,000 GBP for UKEQ-GROW, 20,000 GBP for UKEQ-INC"),
    ("50k @UKEQ-GROW 60%", "The portfolio takes 30,000 of 50,000: 20,000 too few."),
    ("@UKEQ-GROW 60% @UKEQ-INC 40%", "Give @UKEQ-GROW a size, like 50k, or write the size of the whole"),
)
"""Portfolios with their sizes as they are typed, and what the form says of them."""


async def test_the_form_takes_portfolios_as_the_line_does() -> None:
    async with blotter() as user:
        await user.press("n")
        await user.fill("instrument", "VOD")
        for orders, said in SIZED:
            await user.fill("orders", "")
            assert said not in user.text(), orders
            await user.fill("orders", orders)
            assert said in user.text(), orders


async def test_the_form_takes_a_day_that_an_order_is_good_till() -> None:
    async with blotter() as user:
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "UKEQ-GROW 30k")
        await user.fill("tif", "")
        await user.press("left", "enter")
        assert "Type the day that it is good till." in user.text()
        await user.fill("till", "2020-01-02")
        await user.press("enter")
        assert "2020-01-02 is in the past: in its market it is " in user.text()
        await user.fill("till", "2099-12-24")
        await user.press("enter")
        assert "at market, good till 24 Dec 2099, for UKEQ-GROW" in await user.preview()
