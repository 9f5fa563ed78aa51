"""A dealer finds rows by what they are called, and shows properties beside the columns there are."""

from __future__ import annotations

from decimal import Decimal

from tests.blotter_app import Blotter, blotter
from tui.screens.dialogs.columns_dialog import ColumnChoice, ColumnsDialog
from tui.service.snapshot.instruments import luid_of


async def filtered(user: Blotter, text: str) -> list[str]:
    """Type a filter of the blocks and return the instruments it leaves."""
    await user.press("slash")
    await user.type(text)
    await user.press("enter")
    found = sorted({user.row("blocks", code)["instrument"] for code in user.codes("blocks")})
    await user.press("escape")
    return found


async def test_rows_are_found_by_name_isin_and_luid() -> None:
    async with blotter() as user:
        known = next(each for each in user.app.session.snapshot.instruments.values() if each.ticker == "BARC")
        for text in ("barclays", "name:barclays", "name=Barclays", known.luid, known.identifier("Isin")):
            assert await filtered(user, text) == ["BARC"], text
        assert await filtered(user, "!name:barclays") != ["BARC"]
        await user.go("orders")
        await user.press("slash")
        await user.type("barclays")
        await user.press("enter")
        orders = user.app.session.snapshot.orders
        shown = [each for id, each in orders.items() if id.code in user.codes("orders")]
        assert shown
        assert {luid_of(each) for each in shown} == {known.luid}


async def test_the_name_is_in_sight_on_a_wide_terminal_and_takes_nothing_from_a_narrow_one() -> None:
    async with blotter((160, 48)) as user:
        names = {user.row("blocks", code)["name"] for code in user.codes("blocks")[:10]}
        assert any(name in user.text() for name in names)
    async with blotter((80, 24)) as user:
        lines = user.text().splitlines()
        assert any("Life cycle" in line and "State" in line for line in lines)


async def test_a_property_is_chosen_by_its_name_sorted_filtered_and_taken_away() -> None:
    async with blotter((200, 60)) as user:
        await user.press("o")
        await user.until(lambda: "Average daily volume" in user.text())
        keys = [choice.id for choice in columns_of(user)]
        volume = next(key for key in keys if key.endswith("/AverageDailyVolume"))
        assert "[ ] Average daily volume" in user.text()
        await turn(user, volume)
        code = user.codes("blocks")[0]
        assert user.row("blocks", code)[volume]
        assert user.pane("blocks").view.column(volume).title == "Average daily volume"

        pane = user.pane("blocks")
        pane.set_view(pane.view.sorted_by(volume))
        await user.press()
        assert "by Average daily volume up" in user.text()
        shown = [user.row("blocks", code)[volume] for code in user.codes("blocks")]
        numbers = [Decimal(each.split()[0]) for each in shown if each]
        assert numbers == sorted(numbers)
        assert len(set(map(len, shown))) > 1, "as numbers, not as texts"
        await user.press("slash")
        await user.type("averagedailyvolume>1m")
        await user.press("enter")
        assert "There is no column" not in user.text()
        await user.press("escape", "o")
        await turn(user, volume)
        assert volume not in user.row("blocks", user.codes("blocks")[0])
        assert "newest first" in user.text(), "what is not shown does not sort"
        await user.press("o")
        await turn(user, volume)
        await user.press("slash")
        await user.type("average daily volume>1m")
        await user.press("enter")
        await user.until(lambda: "/average daily volume>1m" in user.text())
        await user.press("o")
        await turn(user, volume)
        assert "/average" not in user.text(), "nor does it filter"
        assert user.notices[-1].startswith("Blocks are shown without the filter average daily volume>1m: ")


def columns_of(user: Blotter) -> tuple[ColumnChoice, ...]:
    """Return the columns that the dialog lists, in their order."""
    assert isinstance(user.app.screen, ColumnsDialog)
    return tuple(user.app.screen._choices)


async def turn(user: Blotter, id: str) -> None:
    """Turn a column of the dialog over, and leave the dialog."""
    await user.until(lambda: isinstance(user.app.screen, ColumnsDialog))
    at = next(at for at, choice in enumerate(columns_of(user)) if choice.id == id)
    await user.press("g", *["down"] * at, "space", "enter")
