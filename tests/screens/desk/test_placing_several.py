"""Several blocks placed at once: the quantity typed is each block's, or the form says why not."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import new_block, place
from tui.actions.place import share_of
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.service.snapshot.naming import short


async def two_blocks(user: Blotter) -> tuple[str, str]:
    """Create a block of 100,000 units and one of 4,001, and select both."""
    large = await new_block(user, orders="UKEQ-GROW 60k, UKEQ-INC 40k")
    small = await new_block(user, orders="UKEQ-GROW 4001")
    for code in (large, small):
        await user.go("blocks", code)
        await user.press("space")
    return large, small


async def placed(user: Blotter, block: str) -> list[Decimal | None]:
    """Return what the server holds placed of a block."""
    page = await user.client.placements.list(filter=f"blockIds.code eq '{demo(block).code}'")
    return [row.quantity for row in page.values]


@pytest.mark.parametrize(
    ("typed", "of_large", "of_small"),
    [
        ("1k", 1_000, 1_000),
        ("50%", 50_000, 2_000),
        ("", 100_000, 4_001),
        ("-50%", 50_000, 2_000),
        ("100%", 100_000, 4_001),
    ],
)
async def test_what_is_typed_is_placed_of_each_block(typed: str, of_large: int, of_small: int) -> None:
    async with blotter() as user:
        large, small = await two_blocks(user)
        await user.press("p")
        await user.fill("quantity", typed)
        await user.fill("counterparty", "ALBN")
        shares = f"{of_small:,} VOD ({short(small)}), {of_large:,} VOD ({short(large)})"
        assert f"{of_large + of_small:,} VOD: {shares}" in user.text()
        await user.press("enter")
        await user.confirm("y", "2", "enter")
        await user.report()
        assert await placed(user, large) == [of_large]
        assert await placed(user, small) == [of_small]


def shows(user: Blotter, said: str) -> bool:
    return said in user.text()


async def refused(user: Blotter, field: str, typed: str, said: str) -> None:
    """Open the ticket of a placement, type what the ticket refuses, read why, and leave."""
    await user.press("p")
    assert said not in await user.form(), typed
    await user.fill(field, typed)
    await user.press("enter")
    await user.until(partial(shows, user, said))
    assert isinstance(user.app.screen, FormDialog), typed
    await user.press("escape")
    await user.until(lambda: user.app.screen is user.desk)


NOT_PLACED = (
    ("abc", "'abc' is not a quantity"),
    ("0", "must be greater than zero"),
    ("150%", "'150%' is more than the whole."),
    ("5k", " has only 4,001 units unplaced."),
)
"""Sizes as they are typed, and what is said of them."""


async def test_what_cannot_be_placed_of_each_block_is_said_and_nothing_is_sent() -> None:
    async with blotter() as user:
        large, small = await two_blocks(user)
        for typed, said in NOT_PLACED:
            await refused(user, "quantity", typed, said)
            assert await placed(user, large) == await placed(user, small) == [], typed


def test_a_share_of_parts_of_units_keeps_its_parts_and_less_than_one_whole_unit_is_refused() -> None:
    assert share_of("50%", Decimal("0.5")) == Decimal("0.25")
    with pytest.raises(ValueError, match="'10%' leaves nothing of 4"):
        share_of("10%", Decimal(4))


async def test_a_block_of_which_nothing_would_be_placed_is_named() -> None:
    async with blotter() as user:
        await two_blocks(user)
        await user.press("p")
        await user.fill("quantity", "0.01%")
        await user.press("enter")
        await user.until(lambda: "'0.01%' leaves nothing of 4,001." in user.text())


async def test_a_block_the_selection_leaves_out_is_said_in_the_form_and_in_the_preview() -> None:
    async with blotter() as user:
        large, small = await two_blocks(user)
        full = await new_block(user, orders="UKEQ-GROW 500")
        await user.press("escape")
        await place(user, full, "500")
        for code in (large, small, full):
            await user.go("blocks", code)
            await user.press("space")
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.fill("quantity", "1k")
        assert "Left out: 1 of 3 blocks is fully placed." in await user.form()
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
        assert "Left out: 1 of 3 blocks is fully placed." in user.text()
        await user.confirm("y")
        await user.report()
        assert await placed(user, large) == await placed(user, small) == [1_000]
        assert await placed(user, full) == [500]
