"""Trouble on the screen: the line breaks, the server is gone, the terminal is tiny, we are at fault."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from textual import events

from styles.themes import THEMES
from tests.blotter_app import blotter
from tests.screens.desk.trading_steps import (
    allocated_block,
    book,
    new_block,
    place,
    times_booked,
)
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http
from tui.api.requests import MarketStatus
from tui.app import BlotterApp
from tui.connection import Connection
from tui.screens.desk.screen import DeskScreen
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.session import Preferences


class Line(AsyncBaseTransport):
    """The line to the server, which a test can break."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self.server = server
        self.cut = False
        self.lose_reply_of = ""
        self.lost = 0
        self.deny = ""
        self.busy = 0
        self.tried = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.tried += 1
        if self.busy:
            self.busy -= 1
            return httpx.Response(429, headers={"retry-after": "20"})
        if self.cut:
            raise httpx.ConnectError("Connection refused", request=request)
        if self.deny and self.deny in request.url.path:
            return httpx.Response(403, json={"name": "AccessDenied", "detail": "This token may only read."})
        response = await self.server.handle_async_request(request)
        if self.lose_reply_of and self.lose_reply_of in request.url.path:
            self.lost += 1
            raise httpx.ReadTimeout("timed out", request=request)
        return response


class Lines:
    """Makes the line of the blotter under test, and keeps hold of it."""

    made: Line

    def __call__(self, server: AsyncBaseTransport) -> AsyncBaseTransport:
        self.made = Line(server)
        return self.made


async def test_a_booking_whose_answer_is_lost_is_read_back_and_never_sent_twice() -> None:
    lines = Lines()
    async with blotter(wrap=lines) as user:
        block, placement = await allocated_block(user)
        lines.made.lose_reply_of = "booktransactions"
        report = await book(user, block)
        assert "confirmed by reading back: transaction " in report
        assert lines.made.lost == 1
        await user.until(lambda: user.row("blocks", block)["booked"] == "10,000")
        assert await times_booked(user, placement) == 1


async def test_when_the_line_is_cut_nothing_is_sent_and_the_last_desk_stays_with_its_age() -> None:
    lines = Lines()
    async with blotter(wrap=lines) as user:
        shown = user.codes("blocks")
        lines.made.cut = True
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "UKEQ-GROW 10k")
        await user.press("enter")
        await user.confirm("enter")
        report = await user.report()
        assert "No connection" in report
        assert user.codes("blocks") == shown
        lines.made.cut = False
        ticket = await user.form()
        assert "UKEQ-GROW 10k" in ticket, "nothing was sent, so the ticket is there again"
        assert "No connection" in ticket
        await user.press("escape", "r")
        await user.until(lambda: "live" in user.text().splitlines()[0])
        assert user.codes("blocks") == shown


async def test_a_row_of_which_nothing_was_sent_shows_its_own_state_again() -> None:
    lines = Lines()
    async with blotter(wrap=lines) as user:
        placement = await place(user, await new_block(user))
        lines.made.cut = True
        await user.go("placements", placement)
        await user.press("c")
        await user.confirm("y")
        assert "1 not sent" in await user.report()
        [drawn] = (line for line in user.text().splitlines() if "100,000 ALBN" in line)
        assert "○ new" in drawn.partition("ALBN")[2]
        assert "6? sent" not in user.text()


async def test_while_the_server_is_gone_the_band_counts_down_and_r_tries_at_once() -> None:
    lines = Lines()
    async with blotter(wrap=lines) as user:
        lines.made.cut = True
        for _ in range(5):
            await user.press("r")
            await user.app.workers.wait_for_complete()
        await user.until(lambda: "next try in" in user.text().splitlines()[0])
        lines.made.cut = False
        before = lines.made.tried
        assert user.app.session.desk is not None
        assert not await user.app.session.desk.refresh()
        assert lines.made.tried == before, "nothing is sent to a server that is left in peace"
        await user.press("r")
        await user.until(lambda: "live" in user.text().splitlines()[0])


async def test_a_market_that_does_not_do_as_it_is_told_says_so() -> None:
    lines = Lines()
    async with blotter(wrap=lines) as user:
        lines.made.deny = "market"
        user.app.session.market = MarketStatus(running=True, speed=Decimal(1), fills=0)
        await user.press("colon")
        await user.type("market step")
        await user.until(lambda: "Advance the market by one step" in user.text())
        await user.press("enter")
        await user.until(lambda: bool(user.notices))
        assert user.notices[-1].startswith("The market could not be changed: This token may only read. ")


async def test_what_one_may_not_do_is_told_and_not_offered_until_the_desk_is_refreshed() -> None:
    lines = Lines()
    async with blotter(wrap=lines) as user:
        lines.made.deny = "placeblocks"
        await user.go("blocks", "BLK-0003")
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.press("enter")
        await user.confirm("y")
        report = await user.report()
        assert "This token may only read. Ask for the entitlement, or sign on as somebody" in report
        await user.press("p")
        assert user.notices[-1].startswith("You may not do this here: This token may only read.")
        lines.made.deny = ""
        await user.press("r")
        await user.app.workers.wait_for_complete()
        await user.press("p")
        assert "Place 1 block" in await user.form()


@pytest.mark.parametrize("kind", [EnvironmentKind.TEST, EnvironmentKind.PROD])
async def test_what_is_wrong_can_be_read_on_the_band_of_every_environment(kind: EnvironmentKind) -> None:
    async def nowhere() -> Connection:
        client = Client(Http("http://desk/api", transport=httpx.MockTransport(_refuse)))
        return Connection(Desk(client, environment), client.close)

    environment = Environment("desk", kind, "http://desk/api")
    app = BlotterApp(environment, nowhere, Preferences(zone=UTC))
    async with app.run_test(size=(80, 24)) as pilot:
        while "NOT READ" not in _band(app):
            await pilot.pause(0.01)
        for theme in THEMES:
            app.theme = theme.name
            await pilot.pause()
            [said] = [part for part in app.screen._compositor.render_strips()[0] if "NOT READ" in part.text]
            assert said.style is not None, theme.name
            assert said.style.color != said.style.bgcolor, theme.name


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused", request=request)


def _band(app: BlotterApp) -> str:
    return "".join(part.text for part in app.screen._compositor.render_strips()[0])


async def test_a_server_that_asks_for_patience_is_given_it_in_sight_and_no_key_waits() -> None:
    lines = Lines()
    async with blotter((80, 24), wrap=lines) as user:
        lines.made.busy = 1
        await user.press("r")
        await user.until(lambda: re.search(r"asked to wait \d+ s", user.text().splitlines()[0]) is not None)
        here = user.pane("blocks").cursor
        await user.press("j")
        assert user.pane("blocks").cursor != here


async def test_a_server_that_is_not_there_is_said_and_found_again() -> None:
    lines = Lines()

    def broken(server: AsyncBaseTransport) -> AsyncBaseTransport:
        line = lines(server)
        lines.made.cut = True
        return line

    async with blotter((80, 24), wrap=broken, wait=False) as user:
        await user.until(lambda: "NOT READ" in user.text())
        assert user.text().startswith(" LOCAL NOT READ  demo")
        assert "Nothing could be read yet." in user.text()
        whole = (
            "No connection to http://embedded/api: Connection refused. Check that the server runs and that "
            "the address is right, then try again."
        )
        await user.until(lambda: whole in " ".join(" ".join(user.text().splitlines()[1:4]).split()))
        lines.made.cut = False
        await user.press("r")
        await user.until(lambda: len(user.codes("blocks")) == 38)
        await user.until(lambda: "No connection" not in user.text())


async def test_keys_typed_ahead_of_a_dialog_act_on_nothing_beneath_it() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0003")
        for key in ("c", "a", "p", "s", "n", "enter", "h"):
            user.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await user.confirm()
        await user.pilot.pause()
        assert [type(screen) for screen in user.app.screen_stack[1:]] == [PreviewDialog]
        await user.press("escape", "p")
        assert "Place 1 block" in await user.form()


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (80, 24), (250, 70)])
async def test_any_terminal_will_do(size: tuple[int, int]) -> None:
    async with blotter(size=size) as user:
        await user.press(
            "j", "2", "3", "4", "5", "6", "1", "tab", "slash", "escape", "question_mark", "escape"
        )
        await user.press("n", "escape", "h")
        await user.press("escape")
        await user.until(lambda: isinstance(user.app.screen, DeskScreen))


async def test_resizing_keeps_cursor_and_selection() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0007")
        await user.press("space")
        await user.pilot.resize_terminal(80, 24)
        await user.until(lambda: "Transactions" in user.text())
        await user.pilot.resize_terminal(200, 60)
        await user.pilot.pause()
        cursor = user.pane("blocks").cursor
        assert cursor is not None
        assert cursor.id.code == "BLK-0007"
        assert {id.code for id in user.pane("blocks").in_focus} == {"BLK-0007"}


async def test_a_fault_of_our_own_ends_with_a_sentence_and_a_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def never() -> Connection:
        await asyncio.Event().wait()
        raise AssertionError

    def fault() -> None:
        raise RuntimeError("secret-in-a-local")

    async def use(app: BlotterApp) -> None:
        async with app.run_test() as pilot:
            app.call_next(fault)
            await pilot.pause()

    app = BlotterApp(
        Environment("demo", EnvironmentKind.LOCAL),
        never,
        Preferences(zone=UTC, log_file=tmp_path / "blotter.log"),
    )
    with pytest.raises(RuntimeError):
        await use(app)
    said = capsys.readouterr().err
    assert "blotter.log" in said.replace("\n", "")
    assert "secret-in-a-local" not in said
    assert app.return_code == 1


async def test_ctrl_c_on_the_desk_says_how_to_leave_and_ctrl_q_waits_for_what_is_being_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with blotter() as user:
        await user.press("ctrl+c")
        assert user.notices == ["Nothing to cancel here; q quits."]
        monkeypatch.setattr(Desk, "sending", 1)
        await user.press("ctrl+q")
        assert "1 row is being sent" in user.notices[-1]
        assert user.app.is_running


async def test_esc_steps_back_from_the_past_and_then_says_there_is_nothing_left() -> None:
    async with blotter() as user:
        await user.press("T")
        await user.fill("as_at", f"{user.app.session.now():%Y-%m-%d %H:%M:%S}")
        await user.press("enter")
        await user.until(lambda: "PAST" in user.text())
        await user.press("escape")
        await user.until(lambda: "PAST" not in user.text())
        await user.press("escape")
        assert user.notices[-1] == "Nothing to go back from; q quits."
