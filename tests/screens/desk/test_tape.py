"""What happens is told above the keys, rings for who looks elsewhere, and can be looked up again."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from textual import events

from tests.blotter_app import Blotter, blotter, demo
from tui.api import operations
from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.requests import ExecutionRequest, ExecutionSetRequest
from tui.config.tape_settings import TapeSettings
from tui.service.snapshot.snapshot import EntityKind, Ref


def working(user: Blotter) -> ResourceId:
    """Return a placement of which most is left."""
    snapshot = user.desk.snapshot
    return max(
        (each for each in snapshot.placements.values() if each.state == "New" and each.quantity),
        key=lambda each: each.quantity or 0,
    ).id


async def fill(user: Blotter, code: str, quantity: int, price: str = "100", placement: Any = None) -> None:
    """Fill a placement as its broker would, and poll."""
    row = user.desk.snapshot.placements[placement or working(user)]
    request = ExecutionRequest(
        id=demo(code),
        placement_id=row.id,
        instrument_identifiers=row.instrument_identifiers,
        quantity=Decimal(quantity),
        state="Filled",
        side=row.side,
        type=row.type or "Limit",
        created_date=datetime.now(UTC),
        price=CurrencyAndAmount(amount=Decimal(price), currency="USD"),
        settlement_currency="USD",
        settlement_currency_fx_rate=Decimal(1),
        counterparty="ALBN",
    )
    await user.client.call(operations.EXECUTIONS.upsert, ExecutionSetRequest(requests=(request,)))
    assert user.app.session.desk is not None
    assert await user.app.session.desk.refresh()
    await user.until(lambda: demo(code) in user.desk.snapshot.executions or user.desk.frozen)
    await user.press()


def told(user: Blotter) -> str:
    """Return the line above the keys."""
    return user.text().splitlines()[-2].strip()


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_fills_stand_above_the_keys_and_merge(size: tuple[int, int]) -> None:
    async with blotter(size=size) as user:
        placement = working(user)
        height = len(user.text().splitlines())
        await fill(user, "FILL-1", 10, "100", placement)
        await user.until(lambda: "Filled: " in told(user))
        assert " 10 " in told(user)
        await fill(user, "FILL-2", 30, "104", placement)
        await user.until(lambda: " 40 " in told(user))
        assert "at 103.0000 USD average" in told(user)
        assert told(user).count("Filled") == 1
        assert len(user.text().splitlines()) == height


async def test_a_line_too_long_says_that_it_goes_on() -> None:
    async with blotter(size=(80, 24)) as user:
        placement = working(user)
        for number in range(3):
            await fill(user, f"FILL-{number}", 1_234, "100.37", placement)
        await user.until(lambda: "in 3 fills" in told(user))
        assert "in 3 fills" in told(user)
        assert told(user).endswith("…")


async def test_a_message_hides_neither_the_row_just_made_nor_totals_nor_keys() -> None:
    for size in ((80, 24), (160, 48)):
        async with blotter(size=size) as user:
            before = user.text().splitlines()
            user.desk.notify("Placed: buy 1,000 VOD (Vodafone) at market, day, with ALBN. " * 5, markup=False)
            await user.until(lambda: "Placed: buy" in told(user))
            assert user.text().splitlines()[:-2] == before[:-2]
            assert user.text().splitlines()[-1] == before[-1]


async def test_an_error_stays_until_it_is_dismissed_and_is_kept_in_the_list() -> None:
    async with blotter(size=(160, 48)) as user:
        user.desk.notify("Nothing was written: the disk is full.", severity="error", markup=False)
        user.desk.notify("3 rows copied.", markup=False)
        await user.until(lambda: "the disk is full" in told(user))
        await user.press("escape")
        await user.until(lambda: "the disk is full" not in told(user))
        await user.press("t")
        await user.until(lambda: "Activity" in user.text())
        assert "Nothing was written: the disk is full." in user.text()
        assert "3 rows copied." in user.text()


async def test_the_activity_list_leads_to_the_row() -> None:
    async with blotter(size=(160, 48)) as user:
        placement = working(user)
        await fill(user, "FILL-1", 10, "100", placement)
        await user.press("t")
        await user.until(lambda: "Activity" in user.text())
        assert "fills" in user.text()
        await user.press("enter")
        await user.until(lambda: user.app.screen is user.desk)
        await user.until(lambda: user.pane("placements").cursor is not None)
        await user.until(lambda: user.desk.active.kind is EntityKind.PLACEMENTS)
        await user.until(lambda: getattr(user.pane("placements").cursor, "id", None) == placement)


async def test_what_came_while_the_screen_was_frozen_is_one_line() -> None:
    async with blotter(size=(160, 48)) as user:
        placement = working(user)
        await user.press("z")
        await fill(user, "FILL-1", 10, "100", placement)
        await fill(user, "FILL-2", 10, "100", placement)
        assert "Filled" not in told(user)
        await user.press("z")
        await user.until(lambda: "2 fills" in told(user))
        assert "While away since" in told(user)


async def test_news_rings_only_while_nobody_looks_and_harmlessly(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    settings = TapeSettings(notification="osc9")
    async with blotter(size=(160, 48), tape=settings) as user:
        driver = user.app._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", sent.append)
        placement = working(user)
        await fill(user, "FILL-1", 10, "100", placement)
        assert not sent
        user.app.post_message(events.AppBlur())
        await user.until(lambda: not user.app.app_focus)
        await fill(user, "FILL-2", 10, "100", placement)
        await user.until(lambda: len(sent) > 1)
        bell, notification = sent[:2]
        assert bell == "\a"
        assert notification.startswith("\x1b]9;Filled: ")
        assert notification.endswith("\x1b\\")
        assert notification[4:-2].isprintable()


async def test_a_message_that_is_too_long_for_its_line_ends_with_a_sign() -> None:
    async with blotter((80, 24)) as user:
        await user.press("P")
        await user.until(lambda: " 1 block pinned" in user.text())
        (said,) = (line for line in user.text().splitlines() if line.startswith(" 1 block pinned"))
        assert said.rstrip().endswith("…")


async def test_a_line_whose_row_is_not_on_the_frozen_screen_leads_to_no_other_row() -> None:
    async with blotter((120, 34)) as user:
        before = user.desk.active.cursor
        await user.press("z", "N")
        await user.fill("line", "b 5k VOD lmt 0.82 @UKEQ-GROW")
        await user.press("enter")
        await user.confirm("enter")
        await user.report()
        await user.press("t", "enter")
        await user.until(lambda: "came after the screen was frozen: z shows it." in user.text())
        assert (user.desk.active.cursor, user.desk.linked) == (before, True)
        await user.press("z", "t", "slash", *"created", "enter", "enter")
        await user.until(lambda: user.desk.active.kind is EntityKind.ORDERS)
        [created] = [id for id in user.desk.snapshot.orders if id.code.startswith("O-")]
        await user.until(lambda: user.desk.active.cursor == Ref(EntityKind.ORDERS, created))
