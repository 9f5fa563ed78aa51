"""Orders and blocks of so much money: seen, placed, filled, changed and cancelled in money."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import allocate, fill, new_block, place
from tui.api import operations
from tui.api.base import CurrencyAndAmount
from tui.api.requests import BlockAndOrdersCreateRequest, BlockAndOrdersRequest, BlockedOrderRequest
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.service.snapshot.naming import short

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
        assert "50,000 USD unplaced of 50,000 USD" in form
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
        await fill(user, placement, "100", "100", odd=True)
        await user.until(lambda: user.row("blocks", "CASH")["executed"] == "10,000 USD")
        assert measured(user, "CASH") == ["50,000 USD", "20,000 USD", "10,000 USD", "30,000 USD"]
        assert user.row("blocks", "CASH")["bar"] == "▒▒░░"
        row = user.row("placements", placement)
        assert [row[name] for name in ("quantity", "executed", "open", "state")] == [
            "20,000 USD",
            "10,000 USD",
            "10,000 USD",
            "◐ partly filled",
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


async def previewed(user: Blotter) -> str:
    """Wait for the preview and return its text in one line."""
    await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
    await user.pilot.pause()
    boxed = (line.split("│")[1] for line in user.text().splitlines() if line.count("│") >= 2)
    return " ".join(" ".join(boxed).split())


async def test_amounts_are_changed_and_cancelled_in_money() -> None:
    async with blotter() as user:
        await block_of(user, "CASH", "50000")
        placement = await place(user, "CASH", "20k")
        await fill(user, placement, "100", "100", odd=True)
        await user.until(lambda: user.row("blocks", "CASH")["executed"] == "10,000 USD")

        await user.go("orders", "CASH-1")
        await user.press("u")
        await user.fill("quantity", "60k")
        await user.press("enter")
        assert "amount 50,000 USD → 60,000 USD" in await previewed(user)
        await user.confirm("y")
        await user.report()
        await user.until(lambda: user.row("blocks", "CASH")["ordered"] == "60,000 USD")

        await user.go("placements", placement)
        await user.press("u")
        await user.fill("quantity", "25k")
        await user.press("enter")
        assert "25,000.00 USD" in await previewed(user)
        await user.confirm("y")
        await user.report()
        held = await user.client.placements.get(demo(placement))
        assert (held.quantity, held.amount) == (None, usd("25000"))
        await user.until(lambda: user.row("placements", placement)["open"] == "15,000 USD")

        await user.press("c")
        said = await previewed(user)
        assert "15,000" in said, "what is freed"
        assert "10,000 USD executed stay" in said
        await user.confirm("y")
        await user.report()
        await user.until(lambda: user.row("blocks", "CASH")["placed"] == "10,000 USD")
        assert user.row("placements", placement)["open"] == "0 USD"


async def test_an_unplaced_order_of_money_is_cancelled_as_money() -> None:
    async with blotter() as user:
        await block_of(user, "CASH", "50000")
        await user.go("orders", "CASH-1")
        await user.press("c")
        assert "buy 50,000 USD of AAPL" in await previewed(user)
        await user.confirm("y")
        await user.report()
        await user.until(lambda: user.row("blocks", "CASH")["state"].endswith("cancelled"))
        assert user.row("orders", "CASH-1")["left"] == "0 USD"


async def test_blocks_of_units_and_of_money_are_placed_together() -> None:
    async with blotter() as user:
        await block_of(user, "CASH", "50000")
        units = await new_block(user, orders="UKEQ-GROW 4001")
        for code in ("CASH", units):
            await user.go("blocks", code)
            await user.press("space")
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.fill("quantity", "1k")
        await user.press("enter")
        assert "'1k' is of units and of USD here: select rows of one of them only." in await user.form()
        await user.fill("quantity", "50%")
        assert "25,000 USD of " in user.text()
        assert f"2,000 VOD ({short(units)})" in user.text()
        await user.press("enter")
        await user.confirm("y")
        await user.report()
        assert measured(user, "CASH")[1] == "25,000 USD"
        assert measured(user, units)[1] == "2,000"


async def test_one_size_or_price_does_not_change_orders_of_units_money_and_other_currencies() -> None:
    async with blotter() as user:
        await block_of(user, "CASH", "50000")
        units = await new_block(user, orders="UKEQ-GROW 4001")
        in_units = user.app.session.snapshot.blocks[demo(units)].block.order_ids[0].code
        for code in ("CASH-1", in_units):
            await user.go("orders", code)
            await user.press("space")
        await user.press("u")
        await user.fill("quantity", "1k")
        await user.fill("limit", "0.82")
        await user.press("enter")
        form = await user.form()
        assert "'1k' is of units and of USD here: select rows of one of them only." in form
        assert "'0.82' is of GBP and of USD here: select rows of one of them only." in form
        await user.fill("limit", "")
        await user.fill("quantity", "-50%")
        await user.press("enter")
        said = await previewed(user)
        assert "50,000 USD → 25,000 USD" in said
        assert "4,001 → 2,000" in said


@pytest.mark.parametrize("by_line", [False, True], ids=["in the form", "by the order line"])
async def test_orders_for_so_much_money_are_created(by_line: bool) -> None:
    async with blotter() as user:
        before = set(user.desk.snapshot.orders)
        await user.press("N" if by_line else "n")
        if by_line:
            await user.fill("line", "b 50k USD AAPL @demo/US-TECH 60% @GLB-CORE")
            assert "Buy 50,000 USD of AAPL" in " ".join((await user.form()).split())
        else:
            await user.fill("instrument", "AAPL")
            await user.fill("orders", "demo/US-TECH 30k USD, GLB-CORE 20k USD")
            form = " ".join((await user.form()).split())
            assert "50,000 USD in 2 orders" in form
            assert "buys about 217 units" in form
        await user.press("enter")
        assert "50,000 USD of AAPL" in await previewed(user)
        await user.confirm("enter")
        assert "50,000 USD of AAPL" in await user.report()
        await user.until(lambda: len(user.desk.snapshot.orders) == len(before) + 2)
        made = sorted(set(user.desk.snapshot.orders) - before)
        rows = [await user.client.orders.get(id) for id in made]
        asked = {str(row.portfolio_id): (row.quantity, row.amount) for row in rows}
        assert asked == {"demo/US-TECH": (None, usd("30000")), "demo/GLB-CORE": (None, usd("20000"))}
        block = user.desk.snapshot.block_of_order(made[0])
        assert block is not None
        assert measured(user, block.code) == ["50,000 USD", "0 USD", "0 USD", "50,000 USD"]


async def test_money_in_another_currency_than_the_instruments_is_warned_of() -> None:
    async with blotter() as user:
        await user.press("n")
        await user.fill("instrument", "AAPL")
        await user.fill("orders", "demo/US-TECH 30k, GLB-CORE 20k USD")
        await user.press("enter")
        await user.until(lambda: "all in units, or all in money of one currency" in user.text())
        await user.fill("orders", "GLB-CORE 30k GBP")
        assert "The amount is in GBP, prices" in " ".join(user.text().split())
        await user.press("enter")
        assert "30,000 GBP of AAPL, which trades in USD" in await previewed(user)
