"""A real server refuses what the rehearsal passed: its words are told, and the ticket comes back as typed."""

from __future__ import annotations

from decimal import Decimal

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import new_block
from tui.api import operations
from tui.api.base import CurrencyAndAmount
from tui.api.requests import (
    OrderUpdateRequest,
    PlaceBlocksRequest,
    PlacementRequest,
)
from tui.oms.faults.scenario import read_faults
from tui.oms.http.app import ServerSettings
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from widgets.form import FormFields


async def colleague_places(user: Blotter, code: str, quantity: int) -> None:
    """Place a part of a block from another desk; this one does not hear of it."""
    row = await user.client.blocks.get(demo(code))
    request = PlacementRequest(
        id=demo(f"THEIRS-{code}"),
        block_ids=(row.id,),
        instrument_identifiers=row.instrument_identifiers,
        quantity=Decimal(quantity),
        side=row.side,
        type=row.type or "Market",
        time_in_force=row.time_in_force or "Day",
        created_date=row.created_date,
        limit_price=row.limit_price,
        counterparty="ALBN",
    )
    await user.client.call(operations.PLACE_BLOCKS, PlaceBlocksRequest(requests=(request,)))


async def previewed(user: Blotter) -> str:
    """Go on from the form; return the preview, which knows of no refusal."""
    await user.press("enter")
    said = await user.preview()
    assert "refused" not in said
    return said


async def refusal(user: Blotter) -> str:
    """Return the report of a refusal, and leave it by Esc."""
    await user.until(lambda: isinstance(user.app.screen, ReportDialog))
    return await user.report()


async def ticket(user: Blotter) -> FormFields:
    """Wait for the form that opens again, and return its fields."""
    await user.form()
    assert isinstance(user.app.screen, FormDialog)
    return user.app.screen.query_one(FormFields)


def order_of(user: Blotter, block: str) -> str:
    return user.desk.snapshot.blocks[demo(block)].block.order_ids[0].code


def in_one_line(user: Blotter) -> str:
    boxed = (line.split("│")[1] for line in user.text().splitlines() if line.count("│") >= 2)
    return " ".join(" ".join(boxed).split())


async def test_a_change_refused_because_of_a_colleague_comes_back_at_the_size_with_all_that_was_typed() -> (
    None
):
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 10k")
        await user.go("orders", order_of(user, block))
        await user.press("u")
        await user.fill("quantity", "4k")
        await user.fill("note", "by noon")
        await previewed(user)
        await colleague_places(user, block, 9000)
        await user.confirm("enter")
        words = "with 4000 ordered, below the 9000 placed"
        assert words in await refusal(user)
        form = await ticket(user)
        assert (form.values["quantity"], form.values["note"]) == ("4k", "by noon")
        assert form.current == "quantity"
        assert words in in_one_line(user), "the form says why it is back, in the server's words"
        await user.fill("quantity", "9,500")
        await user.press("enter")
        assert "quantity 10,000 → 9,500" in await user.preview()
        await user.confirm("y")
        await user.report()
        assert (await user.client.orders.get(demo(order_of(user, block)))).quantity == Decimal(9500)


async def test_a_placement_refused_because_of_a_colleague_keeps_its_broker_and_asks_for_the_size() -> None:
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 10k")
        await user.go("blocks", block)
        await user.press("p")
        await user.fill("quantity", "10k")
        await user.fill("counterparty", "ALBN")
        await previewed(user)
        await colleague_places(user, block, 9000)
        await user.confirm("y")
        assert "of 10000 would exceed the 1000 still unplaced" in await refusal(user)
        form = await ticket(user)
        assert (form.values["quantity"], form.values["counterparty"]) == ("10k", "ALBN")
        assert form.current == "quantity"
        assert len(user.desk.snapshot.placements_of_block(demo(block))) == 1, "theirs, and no second one"


async def test_an_order_that_no_longer_fits_its_block_comes_back_at_the_limit() -> None:
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 10k", limit="0.82")
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "UKEQ-INC 5k")
        await user.fill("type", "")
        await user.press("l")
        await user.fill("limit", "0.82")
        await user.fill("block", block)
        await previewed(user)
        limit = CurrencyAndAmount(amount=Decimal("0.83"), currency="GBP")
        theirs = OrderUpdateRequest(id=demo(order_of(user, block)), limit_price=limit)
        await user.client.call(operations.UPDATE_ORDERS, {"1": theirs})
        await user.confirm("enter")
        assert "limitPrice 0.82 GBP, not 0.83 GBP" in await refusal(user)
        form = await ticket(user)
        assert (form.values["orders"], form.values["block"]) == ("UKEQ-INC 5k", block)
        assert form.current == "limit"


async def test_of_two_changes_one_refused_comes_back_alone_and_the_other_is_not_asked_for_twice() -> None:
    async with blotter() as user:
        first, second = await new_block(user, "UKEQ-GROW 10k"), await new_block(user, "UKEQ-INC 8k")
        orders = [order_of(user, block) for block in (first, second)]
        for code in orders:
            await user.go("orders", code)
            await user.press("space")
        await user.press("u")
        await user.fill("quantity", "-50%")
        await user.fill("note", "by noon")
        await previewed(user)
        await colleague_places(user, first, 9000)
        await user.confirm("enter")
        said = await refusal(user)
        assert "1 done 1 refused" in said
        assert "below the 9000 placed" in said
        form = await ticket(user)
        shown = await user.form()
        assert "Update 1 order" in shown, "the other one is left out"
        assert "Buy 10,000 VOD (Vodafone) at market, day, for UKEQ-GROW" in shown
        assert "was empty" not in shown, "nothing of the order itself has changed"
        assert (form.values["quantity"], form.values["note"]) == ("-50%", "by noon")
        assert form.current == "quantity"
        await user.fill("quantity", "9k")
        await user.press("enter")
        said = await user.preview()
        assert "quantity 10,000 → 9,000" in said
        assert "4,000" not in said, "the other one is done"
        await user.confirm("y")
        await user.report()
        quantities = [(await user.client.orders.get(demo(code))).quantity for code in orders]
        assert quantities == [Decimal(9000), Decimal(4000)]


async def test_what_the_server_denies_this_user_is_told_and_not_asked_for_again() -> None:
    faults = read_faults(["denied place_blocks first=1"], None)
    async with blotter(settings=ServerSettings(faults=faults)) as user:
        block = await new_block(user, "UKEQ-GROW 10k")
        await user.go("blocks", block)
        await user.press("p")
        await user.fill("quantity", "5k")
        await user.fill("counterparty", "ALBN")
        await previewed(user)
        await user.confirm("y")
        told = await refusal(user)
        assert "This fault was injected on request" in told
        assert "Ask for the entitlement" in told
        await user.until(lambda: user.app.screen is user.desk)
        assert "denied place_blocks" in user.notices[-1], "why a placement cannot be asked for again"
        assert not user.desk.snapshot.placements_of_block(demo(block))
