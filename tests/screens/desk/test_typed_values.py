"""What is typed into a ticket is judged as it is typed, by the rules of the preview."""

from __future__ import annotations

import pytest

from tests.blotter_app import Blotter, blotter
from tui.screens.dialogs.form_dialog import FormDialog


async def said(user: Blotter, text: str) -> None:
    """Wait until the open form says a text."""
    await user.until(lambda: text in " ".join(user.boxed().split()))
    assert isinstance(user.app.screen, FormDialog)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("b 30k VOD lmt 82 @UKEQ-GROW", "! VOD for UKEQ-GROW: limit 82 is 100 times the last "),
        ("b 30k VOD lmt 0.95 @UKEQ-GROW", "! VOD for UKEQ-GROW: limit 0.95 is 15"),
        ("b 20m VOD lmt 0.82 @UKEQ-GROW", "is above the soft limit of 5m USD (notional_soft, default)."),
        ("b 30k VOD lmt 82p @UKEQ-GROW", "'82p' is a price in hundredths: write 0.82."),
        ("b 30k VOD lmt 82 GBX @UKEQ-GROW", "'GBX' is not understood here"),
    ],
)
async def test_an_order_line_is_judged_before_its_preview(line: str, text: str) -> None:
    async with blotter() as user:
        await user.press("N")
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
        await user.fill("currency", "USD")
        await said(user, "! VOD: limit 1.02 USD; it trades in GBP.")
        await user.fill("currency", "GBP")
        await user.until(lambda: "it trades in GBP" not in user.text())


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
