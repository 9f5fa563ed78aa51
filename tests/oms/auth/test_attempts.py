"""Guessing of passwords and tokens is slowed, and nobody who has a right to sign on is kept out for long."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tui.api import codec
from tui.api.base import ProblemDetails
from tui.oms.auth import attempts
from tui.oms.auth.attempts import Attempts, TooManyAttempts
from tui.oms.auth.tokens import NANOSECONDS_PER_S, Tokens
from tui.oms.auth.users import User, Users, digest
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings

OKAFOR = User("dlr.okafor", password=digest("sesame"), token=digest("okafors-own"))
AUDITOR = User("auditor", password=digest("look"), token=digest("auditors-own"))
USERS = Users({user.name: user for user in (OKAFOR, AUDITOR)})


class Office:
    """A server with clients at several addresses, on a clock that is moved by hand."""

    def __init__(self, engine: Engine) -> None:
        self.seconds = 0.0
        self._app = Server(engine, ServerSettings(tokens=Tokens(USERS, self.nanoseconds)))

    def nanoseconds(self) -> int:
        return int(self.seconds * NANOSECONDS_PER_S)

    @asynccontextmanager
    async def _at(self, address: str) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self._app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as made:
            yield made

    async def read(self, token: str, address: str = "127.0.0.1") -> httpx.Response:
        async with self._at(address) as client:
            return await client.get("/api/orders", headers={"authorization": f"Bearer {token}"})

    async def sign_on(
        self, password: str, user: str = "dlr.okafor", address: str = "127.0.0.1"
    ) -> httpx.Response:
        form = {"grant_type": "password", "username": user, "password": password}
        async with self._at(address) as client:
            return await client.post("/oauth2/x/v1/token", data=form)

    async def guess(self, count: int, address: str = "127.0.0.1") -> list[int]:
        return [
            (await self.sign_on(f"guess-{number}", address=address)).status_code for number in range(count)
        ]


@pytest.fixture
def office(engine: Engine) -> Office:
    return Office(engine)


async def test_guesses_of_a_password_are_slowed_even_the_right_one(office: Office) -> None:
    assert await office.guess(10) == [400] * 10
    refused = await office.sign_on("sesame")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert refused.json() == {
        "error": "slow_down",
        "error_description": "Too many wrong passwords or tokens were sent. Try again in 2 s.",
    }
    office.seconds = 2
    assert (await office.sign_on("sesame")).status_code == 200, "as soon as the guessing has ended"
    looked_at = 0
    for office.seconds in range(10, 1010):
        looked_at += (await office.sign_on(f"later-{office.seconds}")).status_code == 400
    assert looked_at == pytest.approx(500, abs=10), "one in two seconds"


async def test_guesses_of_a_token_are_slowed_in_lusids_shape(office: Office) -> None:
    assert {(await office.read(f"guess-{number}")).status_code for number in range(10)} == {401}
    refused = await office.read("okafors-own")
    problem = codec.decode(ProblemDetails, refused.content)
    assert (refused.status_code, problem.status, problem.name) == (429, 429, "ApiRateLimitViolation")
    assert refused.headers["retry-after"] == "2"
    office.seconds = 2
    assert (await office.read("okafors-own")).status_code == 200


async def test_who_is_signed_on_goes_on_while_others_guess_from_the_same_address(office: Office) -> None:
    granted = (await office.sign_on("sesame")).json()["access_token"]
    assert (await office.read("auditors-own")).status_code == 200
    await office.guess(20)
    assert [(await office.read(token)).status_code for token in (granted, "auditors-own")] == [200, 200]
    office.seconds = 3601
    assert (await office.read(granted)).status_code == 401, "an expired token is no guess"


async def test_another_address_signs_on_while_one_guesses(office: Office) -> None:
    for office.seconds in range(600):
        await office.sign_on(f"guess-{office.seconds}", address="10.0.0.9")
    assert (await office.sign_on("guess", address="10.0.0.9")).status_code == 429
    assert (await office.sign_on("sesame", address="10.0.0.1")).status_code == 200


async def test_many_addresses_are_slowed_by_the_name_they_guess_for(office: Office) -> None:
    statuses = []
    for number in range(110):
        answer = await office.sign_on(f"guess-{number}", address=f"10.0.1.{number // 10}")
        statuses.append(answer.status_code)
    assert statuses == [400] * 100 + [429] * 10
    assert (await office.sign_on("look", "auditor", "10.0.0.1")).status_code == 200


async def test_an_old_secret_sent_again_and_again_keeps_nobody_out(office: Office) -> None:
    for _ in range(50):
        assert (await office.read("of-yesterday")).status_code == 401
        assert (await office.sign_on("of-yesterday")).status_code == 400
    assert (await office.sign_on("sesame")).status_code == 200


async def test_the_log_says_who_guesses_and_no_secret(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await office.sign_on("hush-1")
        await office.sign_on("hush-2", user="hush-3")
        await office.guess(30)
        office.seconds = 61
        await office.read("hush-4", address="10.0.0.9")
    assert [each.message for each in caplog.records if each.name.startswith("tui.oms")] == [
        "A wrong password came from 127.0.0.1 for dlr.okafor.",
        "Guesses of passwords or tokens from 127.0.0.1 are slowed.",
        "A wrong token came from 10.0.0.9. Since the last such line: 9 more, 22 not looked at.",
    ]
    assert "hush" not in caplog.text


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_REMEMBERED", 50)
    kept = Attempts(lambda: 0)
    for number in range(500):
        kept.failed("password", f"10.0.{number // 250}.{number % 250}", str(number), name=str(number))
    assert {len(kept._clear_at), len(kept._wrong)} == {50}


def test_one_network_of_ipv6_is_one_client() -> None:
    kept = Attempts(lambda: 0)
    for number in range(10):
        kept.failed("token", f"2001:db8::{number}", str(number))
    with pytest.raises(TooManyAttempts):
        kept.check("2001:db8::ffff")
    kept.check("2001:db8:0:1::1")
