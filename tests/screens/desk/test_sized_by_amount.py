"""Orders and blocks of so much money: seen, placed, filled, changed and cancelled in money."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import allocate, fill, place
from tui.api import operations
from tui.api.base import CurrencyAndAmount
from tui.api.requests import BlockAndOrdersCreateRequest, BlockAndOrdersRequest, BlockedOrderRequest

APPLE = {"Instrument/default/Ticker": "AAPL"}
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def usd(amount: str) -> CurrencyAndAmount:
    return CurrencyAndAmount(amount=Decimal(amount), currency="USD")


async def block_of(user: Blotter, code: str, *amounts: str) -> None:
    """Create a market block of Apple, with an order for each amount of dollars."""
    orders = tuple(
        BlockedOrderRequest(
            id=demo(f"{code}-{number}"), portfolio_id=demo("US-TECH"), amount=usd(amount), date=NOW
        )
        for number, amount in enumerate(amounts, 1)
    )
    request = BlockAndOrdersRequest(
        block_id=demo(code),
        orders=orders,
        instrument_identifiers=APPLE,
        side="Buy",
        type="Market",
        time_in_force="Day",
        date=NOW,
    )
    await user.client.call(operations.CREATE_ORDERS, BlockAndOrdersCreateRequest(requests=(request,)))
    await user.press("r")
    await user.until(lambda: code in user.codes("blocks"))


def measured(user: Blotter, code: str) -> list[str]:
    row = user.row("blocks", code)
    return [row[name] for name in ("ordered", "placed", "executed", "unplaced")]


async def test_a_block_of_money_is_placed_and_filled_in_money() -> None:
    async with blotter() as user:
        await block_of(user, "CASH", "30000", "20000")
        assert measured(user, "CASH") == ["50,000 USD", "0 USD", "0 USD", "50,000 USD"]
        await user.go("blocks", "CASH")
        await user.press("p")
        form = await user.form()
        assert "50,000 USD unplaced in CASH." in form
        assert "Amount USD" in form
        await user.press("escape")
        placement = await place(user, "CASH", "20k")
        held = await user.client.placements.get(demo(placement))
        assert (held.quantity, held.amount) == (None, usd("20000"))
        await user.go("placements", placement)
        await user.press("f")
        await user.fill("price", "100")
        assert "20,000 USD open" in user.text()
        await user.fill("quantity", "100")
        assert "100 units = 10,000.00 USD, 10,000 USD left" in user.text()
        await user.press("escape")
        await fill(user, placement, "100", "100")
        await user.until(lambda: user.row("blocks", "CASH")["executed"] == "10,000 USD")
        assert measured(user, "CASH") == ["50,000 USD", "20,000 USD", "10,000 USD", "30,000 USD"]
        assert user.row("blocks", "CASH")["bar"] == "▒▒░░"
        row = user.row("placements", placement)
        assert [row[name] for name in ("quantity", "executed", "open", "state")] == [
            "20,000 USD",
            "10,000 USD",
            "10,000 USD",
            "◐ 1 PartiallyFilled",
        ]
        await allocate(user, placement)
        await user.until(lambda: user.row("blocks", "CASH")["allocated"] == "10,000 USD")
        order = user.row("orders", "CASH-1")
        assert [order[name] for name in ("quantity", "allocated", "left", "basis")] == [
            "30,000 USD",
            "6,000 USD",
            "24,000 USD",
            "USD",
        ]
