"""A block placed over several brokers at once: who gets what is said live, adds up, and is one decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.test_placing_several import refused, two_blocks
from tests.screens.desk.trading_steps import new_block
from tui.screens.dialogs.form_dialog import FormDialog


async def placed_with(user: Blotter, block: str) -> dict[str, Decimal | None]:
    """Return what the server holds placed of a block, in units or money, by broker."""
    page = await user.client.placements.list(filter=f"blockIds.code eq '{demo(block).code}'")
    return {
        row.counterparty or "": row.quantity if row.amount is None else row.amount.amount
        for row in page.values
    }


async def test_a_ticket_says_what_is_placed_and_half_of_it_goes_to_two_brokers_in_one_decision() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0029")
        await user.press("p")
        ticket = await user.form()
        assert "Buy 17,000 AAPL (Apple) limit 229.5 USD, day · BLK-0029" in ticket
        assert "17,000 units unplaced of 17,000 · last price 230.00 USD, last limit " in ticket
        await user.fill("quantity", "50%")
        await user.press("tab")
        assert "Who works it; several as ALBN 60% KEYS 40%: " in user.text()
        await user.fill("counterparty", "albn 60% KEYS 40%")
        ticket = user.text()
        assert "50% = 8,500 of 17,000 unplaced" in ticket
        assert "8,500 units = 1,950,750.00 USD · 0.02 % of the daily volume of 50,000,000" in ticket
        assert "ALBN 5,100 · KEYS 3,400 · nothing left" in ticket
        await user.press("enter")
        asked = await user.preview()
        assert "Place 1 block in 2 placements: buy 8,500 AAPL (Apple) limit 229.5 USD, day, " in asked
        assert "with ALBN and KEYS" in asked
        assert "AAPL: 8,500 of 17,000 units placed" in asked
        await user.confirm("y")
        assert (await user.report()).startswith("Placed 1 block in 2 placements: buy 8,500 AAPL ")
        assert await placed_with(user, "BLK-0029") == {"ALBN": 5_100, "KEYS": 3_400}


async def test_what_the_brokers_leave_is_said_while_it_is_typed_and_is_not_sent() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0029")
        await user.press("p")
        await user.fill("counterparty", "ALBN 60% KEYS 30%")
        left = "The brokers add up to 15,300 of 17,000: 1,700 too few."
        assert f"! {left}" in user.text()
        await user.press("enter")
        assert isinstance(user.app.screen, FormDialog)
        assert left in user.text()
        await user.fill("counterparty", "ALBN 60% KEYS 30% ME")
        await user.press("tab")
        assert "ALBN 10,200 · KEYS 5,100 · MERI 1,700 · nothing left" in user.text()


async def test_odd_units_go_to_the_largest_remainder_so_that_shares_add_up() -> None:
    async with blotter() as user:
        block = await new_block(user, orders="UKEQ-GROW 40")
        await user.go("blocks", block)
        await user.press("p")
        await user.fill("counterparty", "ALBN 30% KEYS 33% MERI 37%")
        assert "ALBN 12 · KEYS 13 · MERI 15 · nothing left" in user.text()
        await user.press("enter")
        await user.confirm("y")
        await user.report()
        assert await placed_with(user, block) == {"ALBN": 12, "KEYS": 13, "MERI": 15}


async def test_money_is_split_in_its_own_decimals() -> None:
    async with blotter() as user:
        block = await new_block(user, orders="GLB-CORE 100 USD", instrument="META")
        await user.go("blocks", block)
        await user.press("p")
        await user.fill("counterparty", "ALBN 33.3% KEYS 20 USD MERI")
        assert "ALBN 33.30 USD · KEYS 20 USD · MERI 46.70 USD · nothing left" in user.text()
        await user.press("enter")
        await user.confirm("y")
        await user.report()
        split = {"ALBN": Decimal("33.3"), "KEYS": Decimal(20), "MERI": Decimal("46.7")}
        assert await placed_with(user, block) == split


async def test_each_of_several_blocks_is_split_alike() -> None:
    async with blotter() as user:
        large, small = await two_blocks(user)
        await user.press("p")
        await user.fill("counterparty", "ALBN 50% KEYS")
        assert "ALBN 52,001 · KEYS 52,000" in user.text() or "ALBN 52,000 · KEYS 52,001" in user.text()
        await user.press("enter")
        await user.confirm("y", "4", "enter")
        await user.report()
        assert await placed_with(user, large) == {"ALBN": 50_000, "KEYS": 50_000}
        assert sum(filter(None, (await placed_with(user, small)).values())) == 4_001


MEANINGLESS = (
    ("ALBN KEYS", "Give KEYS a size or a share in %."),
    ("ALBN, KEYS", "Give KEYS a size or a share in %."),
    ("60% ALBN", "Say who gets 60%: write the broker before it."),
    ("ALBN 60% albn 40%", "ALBN is named more than once."),
    ("ALBN 120%", "120% is more than the whole."),
    ("ALBN 20k KEYS", "Nothing is left for KEYS."),
)
"""Splits as they are typed, and what is said of them."""


async def test_a_split_that_means_nothing_is_said() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0029")
        for typed, said in MEANINGLESS:
            await refused(user, "counterparty", typed, said)


async def test_a_limit_of_size_sees_all_that_goes_to_the_brokers_together() -> None:
    async with blotter() as user:
        block = await new_block(user, orders="GLB-CORE 15k, BAL-60 15k", instrument="AAPL", limit="230")
        await user.go("blocks", block)
        await user.press("p")
        await user.fill("counterparty", "ALBN 50% KEYS 50%")
        await user.press("enter")
        asked = await user.preview()
        assert "AAPL: 6.9m USD is above the soft limit of 5m USD (notional_soft, default)." in asked
        await user.press("escape")


async def test_a_broker_of_several_words_stands_as_it_is_typed() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0029")
        await user.press("p")
        await user.fill("counterparty", 'Acme & Sons 60% "Broker 7"')
        assert "Acme & Sons 10,200 · Broker 7 6,800 · nothing left" in user.text()
        await user.fill("counterparty", "Acme & Sons")
        await user.press("enter")
        assert "with Acme & Sons" in await user.preview()


async def test_a_placement_is_dated_when_it_is_asked_for_however_long_its_ticket_was_open() -> None:
    shown = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
    async with blotter(clock=lambda: shown) as user:
        await user.go("blocks", "BLK-0029")
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.press("tab", "tab", "right", "right")
        assert "< EMS >" in user.text()
        shown += timedelta(minutes=3)
        await user.press("enter")
        await user.confirm("y")
        await user.report()
        page = await user.client.placements.list(filter="blockIds.code eq 'BLK-0029'")
        assert [(row.created_date, row.entry_type) for row in page.values] == [(shown, "Ems")]
