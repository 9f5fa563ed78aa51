"""Somebody of the middle office at the blotter: keys of dealers say why they are not theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.blotter_app import Blotter, blotter
from tui.api.http import AsyncBaseTransport
from tui.oms.auth.tokens import Tokens
from tui.oms.auth.users import User, Users, digest
from tui.oms.http.app import ServerSettings
from tui.screens.dialogs.question_dialog import QuestionDialog


class LineOfOneUser(AsyncBaseTransport):
    """A line on which every request carries the token of one user."""

    def __init__(self, server: AsyncBaseTransport, token: str) -> None:
        self.server = server
        self.token = token

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["authorization"] = f"Bearer {self.token}"
        return await self.server.handle_async_request(request)


@asynccontextmanager
async def signed_on(role: str, size: tuple[int, int] = (160, 48)) -> AsyncIterator[Blotter]:
    users = Users({role: User(role, token=digest(role), role=role)})
    settings = ServerSettings(tokens=Tokens(users))
    async with blotter(size, settings=settings, wrap=lambda server: LineOfOneUser(server, role)) as user:
        desk = user.app.session.desk
        assert desk is not None
        await user.until(lambda: bool(desk.foretold))
        yield user


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_a_key_that_is_not_theirs_says_so_before_a_ticket_is_filled(size: tuple[int, int]) -> None:
    async with signed_on("mo", size) as user:
        for key, name in (("n", "CreateOrders"), ("p", "PlaceBlocks")):
            await user.press(key)
            assert user.app.screen is user.desk
            assert user.notices[-1] == (
                "You may not do this here, the access service says: "
                f"not permitted: {name} is not among the rights of mo. Choose it again to try all the same."
            )


async def test_help_shows_what_is_not_theirs() -> None:
    async with signed_on("mo") as user:
        await user.press("question_mark")
        await user.type("place")
        said = " ".join(user.text().split())
        assert (
            "Not now: You may not do this here, the access service says: not permitted: PlaceBlocks" in said
        )


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_who_chooses_it_again_gets_the_ticket_and_reads_there_what_was_said(
    size: tuple[int, int],
) -> None:
    async with signed_on("mo", size) as user:
        await user.go("blocks", "BLK-0008")
        await user.press("p", "p")
        said = "the access service says: not permitted: PlaceBlocks"
        await user.form()
        assert said in user.boxed()
        await user.fill("counterparty", "ALBN")
        await user.press("enter")
        assert said in await user.preview()
        await user.press("escape")


async def test_one_kind_of_row_may_be_theirs_and_another_not() -> None:
    async with signed_on("pm") as user:
        await user.go("placements", "PLC-00001")
        await user.press("u")
        assert "UpdatePlacements is not among the rights of pm" in user.notices[-1]
        await user.go("orders", "ORD-00017")
        await user.press("u")
        assert "400,000" in await user.form()


async def test_what_lowers_risk_is_tried_all_the_same() -> None:
    async with signed_on("pm") as user:
        await user.press("K")
        await user.until(lambda: isinstance(user.app.screen, QuestionDialog))
