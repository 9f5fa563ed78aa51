"""The simulated market from the palette: it is stepped, and the instrument of the row is halted."""

from __future__ import annotations

from tests.blotter_app import Blotter, blotter


async def chosen(user: Blotter, words: str) -> str:
    """Choose a command of the palette and return what it says once it is done."""
    user.heard = {notice.identity for notice in user.app._notifications}
    await user.press("ctrl+p")
    await user.type(words)
    await user.pilot.pause(0.2)
    await user.press("down", "enter")
    await user.until(lambda: bool(user._news()))
    return user._news()[-1]


async def test_the_market_is_stepped_and_the_instrument_of_the_row_is_halted() -> None:
    async with blotter(market=True) as user:
        working = next(
            placement
            for placement in user.desk.snapshot.placements.values()
            if placement.state == "PartiallyFilled" and placement.instrument_identifiers
        )
        ticker = working.instrument_identifiers["Instrument/default/Ticker"]
        await user.go("placements", working.id.code)
        assert f"Halted: {ticker}." in await chosen(user, "Market: halt this")
        assert "The market is paused" in await chosen(user, "Market: step")
        assert user.row("placements", working.id.code)["state"].endswith("suspended")
        await user.go("blocks", working.block_ids[0].code)
        assert "Halted" not in await chosen(user, "Market: lift its")
        await chosen(user, "Market: step")
        assert user.row("placements", working.id.code)["state"].endswith("partly filled")
