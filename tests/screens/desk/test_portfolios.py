"""A portfolio is a scope and a code: what a dealer types for it, what is said, and what the server holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tui.api import operations
from tui.api.base import ResourceId
from tui.api.requests import BlockAndOrdersCreateRequest, BlockAndOrdersRequest, BlockedOrderRequest
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog

ELSEWHERE = (
    ResourceId("funds_uk", "us_long"),
    ResourceId("FundA", "GROWTH"),
    ResourceId("FundB", "GROWTH"),
)


@pytest.fixture
async def user() -> AsyncIterator[Blotter]:
    """A dealer of the demo, whose desk also has orders of funds in other scopes."""
    async with blotter() as made:
        now = datetime.now(UTC)
        (vodafone,) = made.desk.snapshot.find_instruments("VOD")
        orders = tuple(
            BlockedOrderRequest(id=demo(f"ELSEWHERE-{n}"), portfolio_id=id, quantity=Decimal(10), date=now)
            for n, id in enumerate(ELSEWHERE)
        )
        request = BlockAndOrdersRequest(
            block_id=ResourceId("FundA", "BLK-FUND"),
            orders=orders,
            instrument_identifiers=vodafone.identifiers,
            side="Buy",
            type="Market",
            time_in_force="Day",
            date=now,
        )
        await made.client.call(operations.CREATE_ORDERS, BlockAndOrdersCreateRequest(requests=(request,)))
        await refresh(made)
        await made.until(lambda: demo("ELSEWHERE-2") in made.desk.snapshot.orders)
        yield made


async def refresh(user: Blotter) -> None:
    assert user.app.session.desk is not None
    assert await user.app.session.desk.refresh()


def said(user: Blotter) -> str:
    """Return what the dialog that is open says, its lines joined."""
    boxed = (line.split("│")[1] for line in user.text().splitlines() if line.count("│") >= 2)
    return " ".join(" ".join(boxed).split())


async def held(user: Blotter, before: set[ResourceId]) -> list[str]:
    """Return the portfolios of the orders the server has now and had not before."""
    page = await user.client.orders.list(limit=1000)
    return sorted(str(row.portfolio_id) for row in page.values if row.id not in before)


async def orders_of_the_server(user: Blotter) -> set[ResourceId]:
    return {row.id for row in (await user.client.orders.list(limit=1000)).values}


def previewed(user: Blotter) -> bool:
    return isinstance(user.app.screen, PreviewDialog)


async def send(user: Blotter, *confirming: str) -> str:
    """Go from the form to the server, and return the text of the preview."""
    await user.press("enter")
    await user.until(lambda: previewed(user))
    text = said(user)
    await user.confirm(*confirming or ("enter",))
    await user.report()
    return text


NAMED = (
    ("us_long", "funds_uk/us_long", "for funds_uk/us_long"),
    ("funds_uk/us_long", "funds_uk/us_long", "for funds_uk/us_long"),
    ("FundB/GROWTH", "FundB/GROWTH", "for FundB/GROWTH"),
    ("UKEQ-GROW", "demo/UKEQ-GROW", "for UKEQ-GROW"),
    ("UKEQ-GRWO", "demo/UKEQ-GRWO", "for demo/UKEQ-GRWO (unknown to this desk)"),
)
"""A portfolio as it is typed, the one that is meant, and what the form says of it."""


@pytest.mark.parametrize("by", ["line", "form"])
async def test_an_order_is_for_the_portfolio_its_preview_names(user: Blotter, by: str) -> None:
    for typed, meant, echo in NAMED:
        before = await orders_of_the_server(user)
        if by == "line":
            await user.press("N")
            await user.fill("line", f"b 100 VOD mkt @{typed}")
        else:
            await user.press("n")
            await user.fill("instrument", "VOD")
            await user.fill("orders", f"{typed} 100")
        await user.form()
        assert echo in said(user), typed
        unknown = "unknown" in echo
        text = await send(user, *(("1", "enter") if unknown else ()))
        assert f"for {meant.removeprefix('demo/')}" in text, typed
        assert (f"{meant} is a portfolio nobody on this desk knows" in text) == unknown, typed
        assert (f"For {meant}, outside demo" in text) == (not meant.startswith("demo/")), typed
        assert await held(user, before) == [meant], typed


@pytest.mark.parametrize("by", ["line", "form"])
async def test_a_code_of_two_portfolios_is_asked_about_and_nothing_is_sent(user: Blotter, by: str) -> None:
    before = await orders_of_the_server(user)
    if by == "line":
        await user.press("N")
        await user.fill("line", "b 100 VOD mkt @GROWTH")
    else:
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "GROWTH 100")
    await user.press("enter")
    await user.form()
    assert "GROWTH is a portfolio in several scopes: write FundA/GROWTH or FundB/GROWTH." in said(user)
    assert isinstance(user.app.screen, FormDialog), "it stays open"
    assert await held(user, before) == []


async def test_an_order_changes_to_the_portfolio_that_is_meant(user: Blotter) -> None:
    await user.go("orders", "ELSEWHERE-1")
    assert user.row("orders", "ELSEWHERE-1")["portfolio"] == "FundA/GROWTH", "two funds have a GROWTH"
    await user.press("u")
    await user.fill("portfolio", "GROWTH")
    await user.press("enter")
    await user.form()
    assert "write FundA/GROWTH or FundB/GROWTH" in said(user)
    await user.fill("portfolio", "us_long")
    assert "funds_uk/us_long" in await user.form()
    await send(user)
    row = await user.client.orders.get(demo("ELSEWHERE-1"))
    assert str(row.portfolio_id) == "funds_uk/us_long"


async def test_orders_move_to_the_block_that_is_known_by_its_code_alone(user: Blotter) -> None:
    before = await orders_of_the_server(user)
    await user.press("N")
    await user.fill("line", "b 7 VOD mkt @us_long")
    await send(user)
    await refresh(user)
    (made,) = set(user.desk.snapshot.orders) - before
    await user.go("orders", made.code)
    await user.press("m")
    await user.fill("block", "BLK-FUND")
    assert "FundA/BLK-FUND" in await user.form()
    text = await send(user)
    assert " to FundA/BLK-FUND · O-" in text
    block = await user.client.blocks.get(ResourceId("FundA", "BLK-FUND"))
    assert made in block.order_ids


async def test_what_is_of_another_scope_is_shown_with_it_in_rows_reports_and_history(user: Blotter) -> None:
    assert user.row("blocks", "BLK-FUND")["id"] == "FundA/BLK-FUND"
    await user.go("orders", "ELSEWHERE-0")
    assert user.row("orders", "ELSEWHERE-0")["block"] == "FundA/BLK-FUND"
    assert user.row("orders", "ELSEWHERE-0")["portfolio"] == "funds_uk/us_long", "its code is known once"
    await user.go("blocks", "BLK-FUND")
    await user.press("p")
    await user.fill("counterparty", "ALBN")
    await user.press("enter")
    await user.confirm("y")
    await user.report()
    (placement,) = user.desk.snapshot.placements_of_block(ResourceId("FundA", "BLK-FUND"))
    assert user.row("placements", placement.code)["id"] == f"FundA/{placement.code}"
    await user.go("placements", placement.code)
    await user.press("c")
    await user.confirm("y")
    assert " · FundA/P-" in await user.report()
    await user.go("orders", "ELSEWHERE-0")
    await user.press("h")
    await user.until(lambda: f"FundA/{placement.code}" in user.text())


async def test_a_filter_by_scope_shows_what_is_of_it_or_for_its_portfolios(user: Blotter) -> None:
    await user.go("orders")
    await user.press("slash", *"scope", "colon", *"fundb", "enter")
    await user.until(lambda: user.codes("orders") == ["ELSEWHERE-2"])
    await user.go("blocks")
    await user.press("slash", *"scope", "equals_sign", *"funds", "underscore", *"uk", "enter")
    await user.until(lambda: user.codes("blocks") == ["BLK-FUND"])


@pytest.mark.parametrize("by", ["line", "form"])
async def test_an_order_for_names_nobody_knows_names_them_and_is_not_sent(user: Blotter, by: str) -> None:
    before = await orders_of_the_server(user)
    if by == "line":
        await user.press("N")
        await user.fill("line", "b 100 VODD mkt @UKEQ-GRWO")
    else:
        await user.press("n")
        await user.fill("instrument", "VODD")
        assert "unknown here; it will be looked up" in await user.form()
        await user.fill("orders", "UKEQ-GRWO 100")
    await user.press("enter")
    await user.until(lambda: "Neither this desk nor the server knows the instrument 'VODD'" in said(user))
    if by == "line":
        await user.fill("line", "b 100 VOD mkt @UKEQ-GRWO")
    else:
        await user.fill("instrument", "VOD")
    await user.press("enter")
    await user.until(lambda: previewed(user))
    text = said(user)
    assert "demo/UKEQ-GRWO is a portfolio nobody on this desk knows" in text
    assert "Buy 100 VOD" in text
    await user.confirm("enter", "y", "enter")
    assert previewed(user)
    assert await held(user, before) == []


async def test_a_mistyped_isin_is_found_by_its_check_digit(user: Blotter) -> None:
    await user.press("n")
    await user.fill("instrument", "US0378331006")
    await user.form()
    assert "US0378331006 is not an ISIN: its last digit should be 5." in user.text()
    await user.press("escape", "N")
    await user.fill("line", "b 100 BBG000B9XRY5 mkt @UKEQ-GROW")
    await user.form()
    assert "BBG000B9XRY5 is not a FIGI: its last digit should be 4." in user.text()
