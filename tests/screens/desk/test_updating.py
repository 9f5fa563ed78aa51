"""Orders and placements changed: sizes relatively, prices cleared, type and time in force."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import new_block, place
from tui.api import operations
from tui.api.models import Order, Placement
from tui.api.requests import OrderUpdateRequest
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.report_dialog import ReportDialog


@pytest.fixture
async def user() -> AsyncIterator[Blotter]:
    async with blotter() as made:
        yield made


async def limit_order(user: Blotter, orders: str = "UKEQ-GROW 4001") -> list[str]:
    """Create orders of one block with a limit of 0.82 pounds, and return their codes."""
    before = set(user.desk.snapshot.orders)
    await user.press("n")
    await user.fill("instrument", "VOD")
    await user.fill("orders", orders)
    await choose(user, "type", "l")
    await user.fill("limit", "0.82")
    await user.press("enter")
    await user.confirm("enter")
    await user.report()
    await user.until(lambda: len(user.desk.snapshot.orders) > len(before))
    return sorted(id.code for id in set(user.desk.snapshot.orders) - before)


async def choose(user: Blotter, field: str, letters: str) -> None:
    """Choose the option of a field that begins with ``letters``."""
    await user.fill(field, "")
    await user.press(*letters)


async def order(user: Blotter, code: str) -> Order:
    return await user.client.orders.get(demo(code))


async def placement(user: Blotter, code: str) -> Placement:
    return await user.client.placements.get(demo(code))


async def preview_of(user: Blotter) -> str:
    """Go on from the form, and return what the preview says."""
    await user.press("enter")
    await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
    return said(user)


def said(user: Blotter) -> str:
    """Return what the dialog that is open says, its lines joined."""
    boxed = (line.split("│")[1] for line in user.text().splitlines() if line.count("│") >= 2)
    return " ".join(" ".join(boxed).split())


async def test_a_size_is_changed_relatively_and_old_and_new_are_shown(user: Blotter) -> None:
    sizes = {"-50%": "2000", "+1k": "5001", "-1": "4000", "25%": "1000", "7k": "7000"}
    for typed, becomes in sizes.items():
        (code,) = await limit_order(user)
        await user.go("orders", code)
        await user.press("u")
        await user.form()
        await user.press("end", "ctrl+u", *(("plus" if letter == "+" else letter) for letter in typed))
        new = f"{Decimal(becomes):,}"
        assert f"4,001 → {new}" in await user.form(), "said while it is typed"
        assert f"quantity 4,001 → {new}" in await preview_of(user)
        await user.confirm("enter")
        await user.report()
        assert (await order(user, code)).quantity == Decimal(becomes), typed


async def test_several_orders_shrink_by_a_percentage_each(user: Blotter) -> None:
    codes = await limit_order(user, "UKEQ-GROW 4000, UKEQ-INC 100")
    sizes = {code: (await order(user, code)).quantity or Decimal(0) for code in codes}
    for code in codes:
        await user.go("orders", code)
        await user.press("space")
    await user.press("u")
    await user.fill("quantity", "-50%")
    assert "4,000 → 2,000" in await user.form()
    assert "100 → 50" in user.text()
    await user.press("enter")
    await user.confirm("enter", "y")
    await user.report()
    assert {code: (await order(user, code)).quantity for code in codes} == {
        code: size / 2 for code, size in sizes.items()
    }


async def test_a_limit_order_goes_to_market_and_its_limit_is_gone(user: Blotter) -> None:
    (code,) = await limit_order(user)
    before = await order(user, code)
    await user.go("orders", code)
    await user.press("u")
    await choose(user, "type", "m")
    text = await preview_of(user)
    assert "type Limit → Market" in text
    assert "limit price 0.82 GBP → none" in text
    await user.confirm("enter")
    await user.report()
    after = await order(user, code)
    assert (after.type, after.limit_price, after.quantity) == ("Market", None, before.quantity)
    assert (after.portfolio_id, after.properties) == (before.portfolio_id, before.properties)
    block = user.desk.snapshot.block_of_order(demo(code))
    assert block is not None
    assert (await user.client.blocks.get(block)).type == "Market", "its block follows"


async def test_a_price_is_cleared_by_the_word_and_never_by_an_empty_field(user: Blotter) -> None:
    (code,) = await limit_order(user)
    await user.go("orders", code)
    await user.press("u")
    await user.fill("limit", "")
    await user.press("enter")
    await user.until(lambda: "The limit was 0.82 GBP: write 'none' to clear it." in user.text())
    await user.fill("limit", "none")
    assert "no price" in await user.form()
    await user.press("enter")
    await user.until(lambda: "A limit order needs a limit price." in user.text())
    assert isinstance(user.app.screen, FormDialog)
    assert str((await order(user, code)).limit_price) == "0.82 GBP"


async def test_time_in_force_changes_and_size_is_a_step_of_its_own(user: Blotter) -> None:
    (code,) = await limit_order(user)
    await user.go("orders", code)
    await user.press("u")
    await choose(user, "tif", "g")
    await user.fill("quantity", "-50%")
    await user.press("enter")
    await user.until(lambda: "change the size in a step of its own" in said(user))
    await user.fill("quantity", "4001")
    assert "time in force Day → Good till cancelled" in await preview_of(user)
    await user.confirm("enter")
    await user.report()
    after = await order(user, code)
    assert (after.time_in_force, after.quantity) == ("GoodTilCancel", Decimal(4001))


async def test_a_placement_changes_its_time_in_force_its_size_and_its_type(user: Blotter) -> None:
    block = await new_block(user, "UKEQ-GROW 10k")
    code = await place(user, block, "10k")
    await user.go("placements", code)
    await user.press("u")
    await choose(user, "tif", "i")
    assert "time in force Day → Immediate or cancel" in await preview_of(user)
    await user.confirm("y")
    await user.report()
    assert (await placement(user, code)).time_in_force == "ImmediateOrCancel"
    await user.until(lambda: user.desk.snapshot.placements[demo(code)].time_in_force == "ImmediateOrCancel")
    await user.press("u")
    await user.fill("quantity", "-50%")
    await choose(user, "type", "l")
    await user.fill("limit", "0.81")
    assert "quantity 10,000 → 5,000" in await preview_of(user)
    await user.confirm("y")
    await user.report()
    row = await placement(user, code)
    assert (row.quantity, row.type, str(row.limit_price)) == (Decimal(5000), "Limit", "0.81 GBP")
    await user.until(lambda: user.desk.snapshot.placements[demo(code)].type == "Limit")
    await user.press("u")
    await choose(user, "type", "m")
    await user.press("enter")
    await user.confirm("y")
    await user.report()
    row = await placement(user, code)
    assert (row.type, row.limit_price, row.counterparty) == ("Market", None, "ALBN")


async def test_a_price_at_market_is_refused_in_the_form(user: Blotter) -> None:
    before = set(user.desk.snapshot.orders)
    await new_block(user, "UKEQ-GROW 10k")
    (order,) = set(user.desk.snapshot.orders) - before
    await user.go("orders", order.code)
    await user.press("u")
    await user.fill("limit", "0.82")
    await user.press("enter")
    await user.until(lambda: "At market there is no limit" in user.text())


async def test_a_new_order_at_market_takes_no_limit_and_a_limit_order_no_stop(user: Blotter) -> None:
    before = set(user.desk.snapshot.orders)
    await user.press("n")
    await user.fill("instrument", "VOD")
    await user.fill("orders", "UKEQ-GROW 100")
    await user.fill("limit", "0.82")
    await user.press("enter")
    await user.until(lambda: "At market there is no limit: change the type" in user.text())
    await choose(user, "type", "l")
    await user.fill("stop", "0.81")
    await user.press("enter")
    await user.until(lambda: "With type Limit there is no stop" in user.text())
    assert isinstance(user.app.screen, FormDialog)
    assert set(user.desk.snapshot.orders) == before


async def test_what_a_colleague_changed_right_before_is_not_overwritten_but_asked_again(
    user: Blotter,
) -> None:
    codes = [*await limit_order(user, "UKEQ-GROW 4000"), *await limit_order(user, "UKEQ-INC 100")]
    for code in codes:
        await user.go("orders", code)
        await user.press("space")
    await user.press("u")
    await choose(user, "tif", "g")
    assert "if somebody else changes it meanwhile, it is not sent" in await preview_of(user)
    theirs = OrderUpdateRequest(id=demo(codes[0]), quantity=Decimal(3900))
    await user.client.call(operations.UPDATE_ORDERS, {"1": theirs})
    await user.confirm("enter")
    await user.until(lambda: isinstance(user.app.screen, ReportDialog))
    report = said(user)
    assert "1 done 0 refused 0 unknown 1 not sent" in report
    assert "meanwhile: quantity 4,000 → 3,900" in report
    assert (await order(user, codes[0])).time_in_force == "Day"
    assert (await order(user, codes[1])).time_in_force == "GoodTilCancel"
    await user.press("p")
    again = await user.preview()
    assert "buy 3,900 VOD" in again
    assert "time in force Day → Good till cancelled" in again.replace("> ", ""), "a mark begins each line"
    await user.confirm("enter")
    await user.report()
    after = await order(user, codes[0])
    assert (after.quantity, after.time_in_force) == (Decimal(3900), "GoodTilCancel")


async def test_an_update_says_what_is_done_what_is_left_and_the_last_price() -> None:
    async with blotter() as user:
        await user.go("placements", "PLC-00016")
        await user.press("u")
        said = " ".join((await user.form()).split())
        assert "6,800 executed, 8,200 open · last price 174.20 USD, last fill " in said
        await user.fill("quantity", "50%")
        assert "15,000 → 7,500 units, 700 left open" in user.boxed()
        await user.fill("quantity", "6k")
        assert "15,000 → 6,000 units" in user.boxed()
        assert "! 6,000 is less than what is executed." in user.boxed()
        await user.press("escape")
        await user.go("orders", "ORD-00069")
        await user.press("u")
        said = " ".join((await user.form()).split())
        assert "0 allocated · its block has 0 of 60,000 unplaced · last price 10.70 GBP, last fill " in said
