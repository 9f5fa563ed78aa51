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
        assert "No: BLK-0011 is not placed: compliance failed for ORD-00024" in said
        assert "No: BLK-0011 is not placed: approval rejected for ORD-00024" in said
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
