"""What a dealer reads in forms and previews: what it is about first, ids last, nothing twice."""

from __future__ import annotations

from tests.blotter_app import Blotter, blotter


async def placing(user: Blotter, block: str) -> str:
    """Return the preview of placing a block with a broker."""
    await user.go("blocks", block)
    await user.press("p")
    await user.fill("counterparty", "ALBN")
    await user.press("enter")
    return await user.preview()


async def test_a_refusal_of_compliance_is_said_once_and_without_new_ids() -> None:
    async with blotter((80, 24)) as user:
        said = await placing(user, "BLK-0011")
        assert "No: TSLA (BLK-0011) is not placed: compliance failed for ORD-00024" in said
        assert "No: TSLA (BLK-0011) is not placed: approval rejected for ORD-00024" in said
        assert said.count("No: ") == 2
        assert "This cannot be sent." in said


async def test_the_state_after_begins_with_the_instrument_and_ends_with_the_id() -> None:
    async with blotter((80, 24)) as user:
        assert "VOD: 650,000 of 650,000 units placed · BLK-0008" in await placing(user, "BLK-0008")
        await user.press("escape", "escape")
        await user.go("placements", "PLC-00037")
        await user.press("c")
        said = await user.preview()
        assert "META with PCRC: 1,100 units freed, 200 executed stay · PLC-00037" in said


async def select(user: Blotter, kind: str, *codes: str) -> None:
    """Select rows of a pane."""
    for code in codes:
        await user.go(kind, code)
        await user.press("space")


async def test_a_form_says_the_trade_it_is_about() -> None:
    async with blotter((80, 24)) as user:
        for kind, code, key, said in (
            ("blocks", "BLK-0008", "p", "Buy 650,000 VOD (Vodafone) limit 0.82 GBP, day · BLK-0008"),
            ("orders", "ORD-00006", "u", "Buy 362,000 VOD (Vodafone) limit 0.819 GBP, day, for UKEQ-GROW ·"),
            ("orders", "ORD-00006", "m", "Buy 362,000 VOD (Vodafone) limit 0.819 GBP, day, for UKEQ-GROW ·"),
            ("placements", "PLC-00037", "f", "Buy 1,300 META (Meta Platforms A) limit 582.32 USD, good"),
            ("placements", "PLC-00037", "a", "200 units executed."),
            ("executions", "EXE-000001", "f", "Buy 24,000 7203"),
        ):
            await user.go(kind, code)
            await user.press(key)
            assert said in await user.form(), key
            await user.press("escape")


async def test_units_of_several_instruments_are_not_added_in_a_form() -> None:
    async with blotter((80, 24)) as user:
        await select(user, "blocks", "BLK-0003", "BLK-0004")
        await user.press("p")
        assert "30,000 NVDA (BLK-0004), 1,510,000 VOD (BLK-0003)" in await user.form()
        await user.press("escape", "escape")
        await select(user, "placements", "PLC-00037", "PLC-00041")
        await user.press("a")
        assert "Units of 2 instruments executed." in await user.form()


async def test_several_orders_are_updated_with_old_and_new_said_once() -> None:
    async with blotter((80, 24)) as user:
        await select(user, "orders", "ORD-00006", "ORD-00007")
        await user.press("u")
        assert "< (unchanged) >" in await user.form()
        await user.fill("quantity", "-50%")
        assert "362,000 → 181,000 units (ORD-00006)" in user.text()
        await user.press("enter")
        assert (await user.preview()).count("362,000 → 181,000") == 1


async def test_a_state_is_said_in_one_spelling_whatever_the_servers() -> None:
    async with blotter((80, 24)) as user:
        await user.go("placements", "PLC-00029")
        assert user.row("placements", "PLC-00029")["state"] == "✕ cancelled"
        await select(user, "placements", "PLC-00029", "PLC-00037", "PLC-00030")
        await user.press("c")
        said = await user.preview()
        assert "Left out: 1 of 3 placements is filled, 1 is cancelled." in said
        assert "canceled" not in said.lower()
