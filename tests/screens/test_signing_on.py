"""A desk on a server that wants to know who one is: short tokens, and being signed off in the middle."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.blotter_app import Blotter
from tests.screens.desk.trading_steps import allocated_block, book, times_booked
from tests.seeded_server import seeded_server
from tui.api.auth import Credentials, FixedToken, PasswordGrant, TokenFile
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http, TokenSource, asgi_transport, post_form
from tui.app import BlotterApp
from tui.config.token_files import read_token
from tui.connection import Connection
from tui.oms.auth.tokens import NANOSECONDS_PER_S, Tokens
from tui.oms.auth.users import User, Users, digest
from tui.oms.http.app import ServerSettings
from tui.oms.run.embedded import Embedded
from tui.screens.dialogs import dialog
from tui.secret import Secret
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.service.journal.journal import Journal
from tui.session import Preferences

LIFETIME = 2
OKAFOR = User("okafor@example.com", password=digest("p"), token=digest("todays"))
USERS = Users({OKAFOR.name: OKAFOR}, token_lifetime=LIFETIME)
CREDENTIALS = Credentials(
    "http://desk/oauth2/x/v1/token", OKAFOR.name, Secret("p"), "blotter", Secret("anything")
)


class Door(AsyncBaseTransport):
    """The line to a server, which may forget everybody at one request.

    A request takes half a second; those that are under way at once share it.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.under_way = 0
        self.forget_at = ""
        self.forgotten = 0
        self.grants: list[str] = []
        self.refused = 0
        self.embedded: Embedded | None = None

    def users(self) -> Tokens:
        return Tokens(USERS, lambda: int(self.seconds * NANOSECONDS_PER_S))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert self.embedded is not None
        await request.aread()
        self.seconds += 0 if self.under_way else 0.5
        if request.url.path.startswith("/oauth2/"):
            self.grants.append(httpx.QueryParams(request.content.decode())["grant_type"])
        if self.forget_at and self.forget_at in request.url.path:
            self.forget_at, self.forgotten = "", self.forgotten + 1
            return httpx.Response(401, json={"name": "InvalidIdentityToken", "code": 187})
        self.under_way += 1
        try:
            response = await asgi_transport(self.embedded.app).handle_async_request(request)
        finally:
            self.under_way -= 1
        self.refused += response.status_code == 401
        return response


@asynccontextmanager
async def signed_on(
    source: Callable[[Door], TokenSource | None], again: str = "Press {refresh} to sign on again."
) -> AsyncIterator[tuple[Blotter, Door]]:
    """Return a user at a desk on a server with users, signed on by ``source``."""
    door = Door()
    door.embedded = await seeded_server(settings=ServerSettings(tokens=door.users()))
    environment = Environment("uat", EnvironmentKind.TEST, "http://desk/api", sign_on_again=again)

    async def connect() -> Connection:
        client = Client(Http("http://desk/api", token=source(door), transport=door))
        return Connection(Desk(client, environment, journal=Journal(None)), client.close)

    app = BlotterApp(environment, connect, Preferences(zone=UTC, refresh_s=3600))
    ticks = itertools.count(step=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialog, "clock", lambda: next(ticks))
        async with app.run_test(size=(200, 60), notifications=True) as pilot:
            yield Blotter(app, pilot), door
    await door.embedded.close()


def by_password(door: Door) -> PasswordGrant:
    return PasswordGrant(CREDENTIALS, partial(post_form, transport=door), now=lambda: door.seconds)


def band(user: Blotter) -> str:
    return user.text().splitlines()[0]


async def test_the_band_says_who_the_server_says_is_signed_on() -> None:
    async with signed_on(by_password) as (user, _):
        await user.until(lambda: "okafor@example.com" in band(user))
        assert band(user).startswith(" TEST  uat  desk  okafor@example.com")


async def test_a_desk_whose_tokens_live_two_seconds_trades_on_and_books_once() -> None:
    async with signed_on(by_password) as (user, door):
        await user.until(lambda: user.app.session.snapshot.complete)
        block, placement = await allocated_block(user)
        door.forget_at = "booktransactions"
        assert "1 done 0 refused 0 unknown" in await book(user, block)
        await user.until(lambda: user.row("blocks", block)["booked"] == "10,000")
        assert await times_booked(user, placement) == 1
        assert door.forgotten == 1
        assert door.grants.count("refresh_token") > 10
        assert door.grants.count("password") == 1
        assert door.refused == 0, "every token was renewed before it ended"


async def test_a_token_that_ends_in_the_middle_leaves_the_desk_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("todays")
    path.chmod(0o600)
    again = f"Put a new token into {path}, then press r."
    advice = again.replace("press r", "press {refresh}")
    async with signed_on(lambda _: TokenFile(partial(read_token, path)), advice) as (user, door):
        await user.until(lambda: user.app.session.snapshot.complete)
        shown = user.codes("blocks")
        assert shown
        path.write_text("tomorrows")
        door.forget_at = "/blocks"
        await user.press("r")
        await user.until(lambda: "NOT SIGNED ON" in band(user))
        assert user.codes("blocks") == shown
        assert again in user.text().splitlines()[1], "beneath the band, for as long as it is so"
        await user.press("j", "2", "1")
        await user.press("r")
        await user.until(lambda: "NOT SIGNED ON" in band(user))
        assert again in user.text().splitlines()[1]
        path.write_text("todays")
        await user.press("r")
        await user.until(lambda: "live" in band(user))
        assert again not in user.text()


async def test_what_is_written_while_signed_off_is_refused_and_said_to_be_refused() -> None:
    async with signed_on(lambda _: FixedToken(Secret("yesterdays")), "Put it into X.") as (user, _):
        await user.until(lambda: "NOT SIGNED ON" in band(user))
        told = user.text().splitlines()[1]
        assert "The access token is missing or not valid" in told
        assert "Put it into X." in told
        await user.press("n")
        await user.fill("instrument", "BBG000C6K6G9")
        await user.fill("orders", "UKEQ-GROW 10k")
        await user.press("enter")
        await user.confirm("1", "enter")
        report = await user.report()
        assert "Sign on again. Put it into X." in report
        assert "NOT SIGNED ON" in band(user)
