"""What a dealer may do is known at sign-on where the server tells, and learned from refusals where not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api.faults import json_answer
from tests.service.dealer import OPENING, Dealer
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.oms.auth.tokens import Tokens
from tui.oms.auth.users import User, Users, digest
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.service.verbs import VERBS


class SignedOn(AsyncBaseTransport):
    """A line on which every request is made by one user."""

    def __init__(self, engine: Engine, role: str) -> None:
        users = Users({role: User(role, token=digest(role), role=role)})
        self.server = asgi_transport(Server(engine, ServerSettings(tokens=Tokens(users))))
        self.role = role

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["authorization"] = f"Bearer {self.role}"
        return await self.server.handle_async_request(request)


class AccessService(AsyncBaseTransport):
    """A server whose access service gives the same answer to every question, or none."""

    def __init__(self, server: AsyncBaseTransport, status: int = 200, result: str = "Denied") -> None:
        self.server = server
        self.status = status
        self.result = result
        self.licensed = "book_transactions"
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/access/api/me":
            return await self.server.handle_async_request(request)
        self.asked += 1
        if self.status != 200:
            return json_answer(self.status, {"name": "AccessDenied", "detail": "Not for you."})
        names = {verb.operation.name for verb in VERBS.values()}
        said = {name: {"result": self.result} for name in names}
        if self.result != "Denied":
            licence = {
                "result": "DeniedAsLicenceRequired",
                "detailedMessage": "A licence is required for this action.",
            }
            said[self.licensed] = licence
        return json_answer(200, said)


async def signed_on(server: AsyncBaseTransport) -> Dealer:
    dealer = Dealer.at(server)
    await dealer.desk.load()
    await dealer.desk.beside.read_permissions()
    return dealer


async def test_what_a_role_may_not_do_is_known_before_anything_is_tried(engine: Engine) -> None:
    dealer = await signed_on(SignedOn(engine, "mo"))
    foretold = dealer.desk.foretold
    assert foretold["place_blocks"] == "not permitted: PlaceBlocks is not among the rights of mo."
    assert "book_transactions" not in foretold
    report = await dealer.place("PLC-1", "BLK-1", 1)
    assert "PlaceBlocks is not among the rights of mo" in report.refused[0].reason


async def test_a_reader_is_told_by_refusals_since_everything_is_denied(engine: Engine) -> None:
    dealer = await signed_on(SignedOn(engine, "reader"))
    assert not dealer.desk.foretold
    await dealer.create("BLK_1", ORD_1=10)
    assert dealer.desk.denied["create_orders"] == "This token may only read."


async def test_not_licensed_is_another_thing_than_not_permitted(server: AsyncBaseTransport) -> None:
    dealer = await signed_on(AccessService(server, result="Granted"))
    assert dealer.desk.foretold == {
        "book_transactions": "not licensed: A licence is required for this action."
    }


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_server_that_does_not_tell_is_asked_once(server: AsyncBaseTransport, status: int) -> None:
    line = AccessService(server, status)
    dealer = await signed_on(line)
    await dealer.desk.beside.read_permissions()
    assert (line.asked, dict(dealer.desk.foretold)) == (1, {})


async def test_an_answer_that_denies_everything_is_not_believed(server: AsyncBaseTransport) -> None:
    line = AccessService(server)
    dealer = await signed_on(line)
    assert not dealer.desk.foretold
    assert (await dealer.create("BLK_1", ORD_1=10)).done
    await dealer.desk.reload()
    await dealer.desk.beside.read_permissions()
    assert line.asked == 2, "asked again when somebody refreshes"


async def test_it_is_asked_again_every_hour_and_after_a_refusal(server: AsyncBaseTransport) -> None:
    line, clock = AccessService(server, result="Granted"), [OPENING]
    dealer = Dealer.at(line, now=lambda: clock[0])
    await dealer.desk.load()
    for minutes, times in ((0, 1), (30, 1), (61, 2)):
        clock[0] = OPENING + timedelta(minutes=minutes)
        await dealer.desk.beside.read_permissions()
        assert line.asked == times
    dealer.desk.client.denied["place_blocks"] = "Not you."
    await dealer.desk.beside.read_permissions()
    await dealer.desk.beside.read_permissions()
    assert line.asked == 3


async def test_a_right_that_was_given_meanwhile_is_heard_of(server: AsyncBaseTransport) -> None:
    line, clock = AccessService(server, result="Granted"), [datetime.now(UTC)]
    dealer = Dealer.at(line, now=lambda: clock[0])
    await dealer.desk.load()
    await dealer.desk.beside.read_permissions()
    line.licensed = "sweep_blocks"
    dealer.updates.clear()
    clock[0] += timedelta(hours=2)
    await dealer.desk.beside.read_permissions()
    assert dealer.desk.foretold.keys() == {"sweep_blocks"}
    assert dealer.updates, "the footer is shown anew"


async def test_what_the_server_carried_out_is_not_believed_to_be_denied(server: AsyncBaseTransport) -> None:
    line, clock = AccessService(server, result="Granted"), [datetime.now(UTC)]
    line.licensed = "create_orders"
    dealer = Dealer.at(line, now=lambda: clock[0])
    await dealer.desk.load()
    await dealer.desk.beside.read_permissions()
    assert "create_orders" in dealer.desk.foretold
    assert (await dealer.create("BLK_1", ORD_1=10)).done, "a dealer who insists is not held up"
    assert not dealer.desk.foretold
    clock[0] += timedelta(hours=2)
    await dealer.desk.beside.read_permissions()
    assert (line.asked, dict(dealer.desk.foretold)) == (2, {}), "it is not believed again"


@pytest.mark.parametrize("status", [403, 503])
async def test_a_denial_is_forgotten_when_a_later_question_fails(
    server: AsyncBaseTransport, status: int
) -> None:
    line, clock = AccessService(server, result="Granted"), [datetime.now(UTC)]
    dealer = Dealer.at(line, now=lambda: clock[0])
    await dealer.desk.load()
    await dealer.desk.beside.read_permissions()
    line.status = status
    clock[0] += timedelta(hours=2)
    dealer.updates.clear()
    await dealer.desk.beside.read_permissions()
    assert not dealer.desk.foretold
    assert dealer.updates, "the footer is shown anew"
