"""Names of a tenant: there after the first screen, never in the way, and what tickets are filled in by."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.blotter_app import Blotter, blotter
from tui.api.http import AsyncBaseTransport
from tui.oms.demo.universe import instruments
from tui.screens.desk import pane_commands, view_shown
from tui.screens.dialogs.columns_dialog import ColumnsDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog

REFERENCE = re.compile(r"/instruments|/api/api/portfolios|/transactionconfiguration|/propertydefinitions")


class NotedLine(AsyncBaseTransport):
    """Notes what is asked in its order; with ``silent`` reference data are never answered."""

    def __init__(self, server: AsyncBaseTransport, *, silent: bool = False) -> None:
        self.server = server
        self.silent = silent
        self.paths: list[str] = []
        self.hold: asyncio.Event | None = None
        """What instruments wait for, if anything."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        if self.silent and REFERENCE.search(request.url.path):
            await asyncio.Event().wait()
        if self.hold is not None and "/instruments" in request.url.path:
            await self.hold.wait()
        return await self.server.handle_async_request(request)


@asynccontextmanager
async def noted_desk() -> AsyncIterator[tuple[Blotter, NotedLine]]:
    """Open a desk; yield its user and the line on which is noted what it asks."""
    lines: list[NotedLine] = []

    def noted(server: AsyncBaseTransport) -> AsyncBaseTransport:
        lines.append(NotedLine(server))
        return lines[0]

    async with blotter(wrap=noted) as user:
        yield user, lines[0]


async def named(user: Blotter) -> None:
    """Wait until portfolios and sides are known."""
    await user.until(lambda: bool(user.app.session.snapshot.records.sides))


async def test_the_first_screen_comes_before_any_name_is_asked_for() -> None:
    async with noted_desk() as (user, line):
        await named(user)
        paths = line.paths
        asked = [at for at, path in enumerate(paths) if REFERENCE.search(path)]
        rows = [
            at
            for at, path in enumerate(paths)
            if re.search(r"/(orders|executions|allocations|blocks)$", path)
        ]
        assert len(asked) == 3
        assert min(asked) > max(rows)


async def test_a_master_that_never_answers_holds_up_no_key_and_no_leaving(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pane_commands, "NAMES_S", view_shown.NAMES_S)  # as long as the program waits
    async with blotter(wrap=lambda server: NotedLine(server, silent=True)) as user:
        await user.press("j", "slash", *"barclays", "enter")
        assert {user.row("blocks", code)["instrument"] for code in user.codes("blocks")} == {"BARC"}
        assert "no answer" not in user.text()
        await user.press("escape", "o")
        await user.until(lambda: isinstance(user.app.screen, ColumnsDialog))
        assert "AverageDailyVolume" in user.text(), "the dialog of columns opens without names"
        await user.press("escape")


async def test_orders_and_allocations_show_the_name_of_their_portfolio_and_are_found_by_it() -> None:
    async with blotter() as user:
        await named(user)
        await user.go("orders")
        await user.press("slash")
        await user.type('fund:"no gambling"')
        await user.press("enter")
        found = [user.row("orders", code) for code in user.codes("orders")]
        assert found
        assert {(row["portfolio"], row["fund"]) for row in found} == {("CHAR-NG", "Charities, no gambling")}


async def test_the_details_of_a_row_say_what_its_ids_are_called() -> None:
    async with blotter() as user:
        await named(user)
        await user.go("orders")
        await user.press("slash")
        await user.type("ukt fund:charities")
        await user.press("enter", "escape")
        await user.go("orders", next(c for c in user.codes("orders") if user.row("orders", c)["fund"]))
        await user.press("enter")
        await user.until(lambda: "Instrument  " in user.text())
        order = user.pane("orders").cursor
        assert order is not None
        row = user.app.session.snapshot.row(order)
        known = user.app.session.snapshot.instruments[row.lusid_instrument_id]
        assert known.name in user.text()
        assert user.app.session.snapshot.records.portfolio_name(row.portfolio_id) in user.text()


async def new_order(user: Blotter, instrument: str, **fields: str) -> None:
    """Fill the form of a new order in."""
    await user.press("n")
    await user.form()
    values: Mapping[str, str] = {"instrument": instrument, "orders": "CHAR-NG 100", **fields}
    for name, text in values.items():
        await user.fill(name, text)


async def test_a_name_is_completed_to_its_ticker() -> None:
    async with blotter() as user:
        await named(user)
        await new_order(user, "barclays")
        await user.fill("instrument", "barclays")
        assert "→ BARC" in user.text()
        await user.press("tab")
        assert "Barclays, " in user.text()
        await user.press("enter")
        assert "100 BARC (Barclays)" in await user.preview()


@pytest.mark.parametrize(("typed", "offered"), [("barcl", "BARC (Barclays)"), ("uk tre", "UKT 4.5 09/07/34")])
async def test_a_name_that_is_sent_as_it_is_is_asked_about(typed: str, offered: str) -> None:
    async with blotter() as user:
        await named(user)
        await new_order(user, typed)
        await user.press("enter")
        await user.until(lambda: f"'{typed}' is no identifier" in " ".join(user.text().split()))
        assert offered in user.text()


async def test_what_nobody_here_has_traded_is_looked_up_before_the_orders_are_shown() -> None:
    async with blotter() as user:
        await named(user)
        met = {each.ticker for each in user.app.session.snapshot.instruments.values()}
        other = next(each for each in instruments() if each.ticker not in met and not each.is_bond)
        await new_order(user, other.ticker.lower(), limit=f"{other.price}", type="l")
        await user.press("enter")
        preview = await user.preview()
        assert f"100 {other.ticker} ({other.name}) limit" in preview
        assert "nobody on this desk" not in preview


async def test_a_price_in_another_currency_than_that_of_what_was_looked_up_is_asked_about() -> None:
    async with blotter() as user:
        await named(user)
        met = {each.ticker for each in user.app.session.snapshot.instruments.values()}
        other = next(each for each in instruments() if each.ticker not in met and not each.is_bond)
        await new_order(user, other.ticker.lower(), limit=f"{other.price} SEK", type="l")
        await user.press("enter")
        said = f"{other.ticker} trades in {other.currency}, not in SEK"
        await user.until(lambda: said in " ".join(user.text().split()))
        await user.fill("limit", f"{other.price} {other.currency}")
        await user.press("enter")
        assert f"100 {other.ticker} ({other.name}) limit" in await user.preview()


async def test_a_look_up_that_takes_its_time_is_said_and_awaited() -> None:
    async with noted_desk() as (user, line):
        await named(user)
        line.hold = asyncio.Event()
        await new_order(user, "EQ-default-OTW")
        await user.press("enter")
        await user.until(lambda: "Looking EQ-default-OTW up." in user.notices)
        line.hold.set()
        assert "OTW is inactive in the instrument master" in await user.preview()


async def test_a_portfolio_of_its_own_instrument_scope_means_its_own_instrument() -> None:
    """R30: the ticker alone would buy the share, not the loan."""
    async with blotter() as user:
        await named(user)
        await new_order(user, "VOD", orders="sleeves/PRIV-CRED 100")
        await user.press("enter")
        await user.until(lambda: "the instrument 'VOD' is LUID_" in " ".join(user.text().split()))
        found = re.search(r"is (LUID_\w+) \(Vodafone private loan\)", " ".join(user.text().split()))
        assert found
        await user.fill("instrument", found[1])
        await user.press("enter")
        assert "VOD (Vodafone private loan)" in await user.preview()


async def test_an_inactive_instrument_is_not_offered_and_is_warned_of_when_it_is_typed() -> None:
    async with blotter() as user:
        await named(user)
        desk = user.app.session.desk
        assert desk is not None
        await new_order(user, "EQ-default-OTW")
        await user.press("enter")
        assert "OTW is inactive in the instrument master" in await user.preview()
        await user.press("escape")
        await user.fill("instrument", "old thames")
        assert "OTW" not in user.text()


async def test_what_neither_desk_nor_server_knows_is_not_shown_to_be_sent() -> None:
    async with blotter() as user:
        await named(user)
        await new_order(user, "NOSUCH")
        await user.press("enter")
        await user.until(lambda: "Neither this desk nor the server knows" in user.text())
        assert not isinstance(user.app.screen, PreviewDialog)


async def test_an_order_line_takes_a_name_too() -> None:
    async with blotter() as user:
        await named(user)
        await user.press("N")
        await user.form()
        await user.fill("line", "ss 100 barclays")
        await user.press("tab")
        await user.type(" lmt 3.6 @charit")
        await user.press("tab")
        assert "@CHAR-NG" in user.text()
        await user.press("enter")
        assert "Sell short 100 BARC (Barclays) limit 3.6 GBP" in await user.preview()


async def test_the_form_says_which_portfolios_are_meant() -> None:
    async with blotter() as user:
        await named(user)
        await new_order(user, "BARC")
        await user.fill("orders", "CHAR-NG 100")
        assert "100 units in 1 order for Charities, no gambling" in user.text()
        await user.fill("orders", "Charities 100")
        assert "Charities is unknown: CHAR-NG (Charities, no gambling)?" in user.text()


async def test_sides_are_those_of_the_server() -> None:
    async with blotter() as user:
        await named(user)
        await user.press("n")
        text = await user.form()
        for side in ("Buy", "Sell", "Sell short", "Buy to cover", "StockIn", "StockOut"):
            assert side in text
