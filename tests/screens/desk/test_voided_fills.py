"""A fill that is voided or busted: its units are taken out of what may be booked."""

from __future__ import annotations

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import (
    allocate,
    allocated_block,
    as_proposed,
    fill,
    new_block,
    place,
)
from tui.screens.dialogs.form_dialog import FormDialog


async def allocated(user: Blotter) -> tuple[str, str]:
    """Fill 150 in two trades, allocate 100 and 50, and return block and placement."""
    block = await new_block(user, "UKEQ-GROW 100, UKEQ-INC 50")
    placement = await place(user, block, "150")
    await fill(user, placement, "90", "0.82")
    await fill(user, placement, "60", "0.82")
    await allocate(user, placement)
    await user.until(lambda: user.row("blocks", block)["allocated"] == "150")
    return block, placement


async def correct(user: Blotter, placement: str, quantity: str, size: str) -> None:
    """Type another size for the fill of ``quantity`` of a placement."""
    await user.go("executions")
    snapshot = user.desk.snapshot
    found = (snapshot.executions[id] for id in snapshot.executions_of_placement(demo(placement)))
    code = next(row.id.code for row in found if str(row.quantity) == quantity)
    await user.go("executions", code)
    await user.press("f")
    assert "a quantity of 0 voids it" in await user.form()
    await user.fill("quantity", size)


async def test_a_fill_is_voided_with_size_0_and_nothing_of_it_is_booked() -> None:
    async with blotter() as user:
        block, placement = await allocated(user)
        await correct(user, placement, "60", "0")
        assert "Voids 60 at 0.82 GBP" in user.text()
        await user.press("enter")
        await user.until(lambda: "Void fill: buy 60 VOD" in user.text())
        await user.confirm("enter")
        await user.report()
        await user.until(lambda: user.row("blocks", block)["executed"] == "90")
        assert user.row("blocks", block)["state"] == "▲ over-allocated"
        row = user.row("placements", placement)
        assert (row["executed"], row["allocated"]) == ("90", "150")

        await user.go("blocks", block)
        await user.press("b")
        await user.form()
        await user.press("enter")
        assert "150 units are allocated of fills that have 90 now" in await user.preview()
        await user.press("escape")
        await user.form()
        await user.press("escape")
        assert user.row("blocks", block)["booked"] == "0"

        await allocate(user, placement)
        await user.until(lambda: user.row("blocks", block)["allocated"] == "90")
        assert user.row("blocks", block)["state"] == "◐ partly filled"
        await as_proposed(user, "blocks", block, "b")
        await user.until(lambda: user.row("blocks", block)["booked"] == "90")


async def test_the_shares_of_fills_that_are_all_void_are_taken_back_by_allocating_again() -> None:
    async with blotter() as user:
        block, placement = await allocated_block(user)
        await correct(user, placement, "10000", "0")
        await user.press("enter")
        await user.confirm("enter")
        await user.report()
        await user.until(lambda: user.row("blocks", block)["state"] == "▲ over-allocated")
        await allocate(user, placement)
        await user.until(lambda: user.row("blocks", block)["allocated"] == "0")
        await user.go("placements", placement)
        await user.press("a")
        assert "Nothing is executed here yet" in user.notices[-1]


async def test_a_new_fill_of_nothing_and_one_below_zero_are_not_taken() -> None:
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 100")
        placement = await place(user, block, "100")
        await user.go("placements", placement)
        await user.press("f")
        for typed in ("0", "-5"):
            await user.fill("quantity", typed)
            await user.fill("price", "0.82")
            await user.press("enter")
            await user.until(lambda: "must be greater than zero" in user.text())
            assert isinstance(user.app.screen, FormDialog)


async def test_a_correction_keeps_when_and_how_the_fill_was_made() -> None:
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 100")
        placement = await place(user, block, "100")
        await fill(user, placement, "60", "0.82")
        (before,) = (await user.client.executions.list(filter=f"placementId.code eq '{placement}'")).values
        await correct(user, placement, "60", "50")
        await user.press("enter")
        await user.confirm("enter")
        await user.report()
        (after,) = (await user.client.executions.list(filter=f"placementId.code eq '{placement}'")).values
        assert after.quantity == 50
        for name in ("id", "created_date", "settlement_date", "settlement_currency", "counterparty", "price"):
            assert getattr(after, name) == getattr(before, name), name
