"""A price below zero, as of power or oil: taken everywhere, and said to be odd."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import allocate, book
from tui.api import operations
from tui.api.base import CurrencyAndAmount
from tui.api.requests import BlockAndOrdersCreateRequest, BlockAndOrdersRequest, BlockedOrderRequest
from tui.screens.dialogs.preview_dialog import PreviewDialog

WARNED = "the price -37.63 is below zero."


async def oil_below_zero(user: Blotter) -> None:
    """Let somebody ask for an instrument at a price below zero, so that the desk knows it there."""
    price = CurrencyAndAmount(amount=Decimal("-37.6"), currency="GBP")
    request = BlockAndOrdersRequest(
        block_id=demo("OIL-1"),
        orders=(BlockedOrderRequest(id=demo("OIL-1-1"), quantity=Decimal(1)),),
        instrument_identifiers={"Instrument/default/Ticker": "LGEN"},
        side="Buy",
        type="Limit",
        time_in_force="Day",
        date=datetime(2026, 11, 20, 12, tzinfo=UTC),
        limit_price=price,
    )
    await user.client.call(operations.CREATE_ORDERS, BlockAndOrdersCreateRequest(requests=(request,)))
    await user.press("r")
    await user.until(lambda: "OIL-1" in user.codes("blocks"))


async def warned(user: Blotter, key: str) -> None:
    """Send what the form says, once the preview has warned."""
    await user.press("enter")
    await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
    await user.until(lambda: WARNED in user.text())
    await user.confirm(key)
    await user.report()


async def test_an_order_a_placement_and_a_fill_below_zero_are_taken_with_a_warning() -> None:
    async with blotter() as user:
        await oil_below_zero(user)
        await user.go("blocks")
        before = set(user.codes("blocks"))
        await user.press("n")
        await user.fill("instrument", "LGEN")
        await user.fill("orders", "UKEQ-GROW 400")
        await user.fill("type", "")
        await user.press("l")
        await user.fill("limit", "-37.63")
        assert "below zero" in user.text()
        await warned(user, "enter")
        await user.until(lambda: len(user.codes("blocks")) > len(before))
        block = (set(user.codes("blocks")) - before).pop()
        assert user.row("blocks", block)["limit"] == "-37.63"

        await user.go("blocks", block)
        placed_before = set(user.codes("placements"))
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await warned(user, "y")
        await user.until(lambda: len(user.codes("placements")) > len(placed_before))
        placement = (set(user.codes("placements")) - placed_before).pop()

        await user.go("placements", placement)
        await user.press("f")
        await user.fill("price", "-37.63")
        assert "400 units = -15,052.00 GBP" in user.text()
        await warned(user, "enter")
        await user.until(lambda: user.row("placements", placement)["average"] == "-37.6300")

        await allocate(user, placement)
        await book(user, block)
        await user.until(lambda: user.row("blocks", block)["booked"] == "400")
        await user.go("transactions")
        booked = next(id.code for id in user.pane("transactions").shown if placement in id.code)
        assert user.row("transactions", booked)["consideration"] == "-15,052.00"
