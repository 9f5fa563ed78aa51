"""Idempotency keys: a write that is sent again gets the first reply and is not carried out twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, body_of, play
from tui.api.http import asgi_transport
from tui.oms.auth.tokens import Tokens
from tui.oms.auth.users import User, Users, digest
from tui.oms.demo.universe import instrument_table
from tui.oms.domain.clock import VirtualClock
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings

KEYED = {"content-type": "application/json", "Idempotency-Key": "basket-1"}
CREATE = f"{MANAGE}/createorders"
BASKET = body_of("01_create_orders")


@asynccontextmanager
async def serving(engine: Engine, settings: ServerSettings | None = None) -> AsyncIterator[httpx.AsyncClient]:
    transport = asgi_transport(Server(engine, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded/api") as made:
        yield made


async def versions(server: httpx.AsyncClient) -> list[int]:
    orders = (await server.get("/api/orders")).json()["values"]
    return [order["version"]["asAtVersionNumber"] for order in orders]


async def test_every_response_says_that_keys_are_supported(raw: httpx.AsyncClient) -> None:
    for path in ("/api/orders", "/api/nowhere", "http://embedded/", "/api/orders?asAt=x"):
        assert (await raw.get(path)).headers["idempotency-key-supported"] == "true"


async def test_a_repeated_key_returns_the_first_reply_and_its_status(raw: httpx.AsyncClient) -> None:
    first = await raw.post(CREATE, content=BASKET, headers=KEYED)
    await raw.post(
        f"{MANAGE}/updateorders",
        content=body_of("03_update_orders"),
        headers=KEYED | {"Idempotency-Key": "u"},
    )
    again = await raw.post(CREATE, content=BASKET, headers=KEYED)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert sorted(await versions(raw)) == [1, 1, 1, 1, 2]


async def test_a_partial_reply_is_replayed_with_its_failures(raw: httpx.AsyncClient) -> None:
    await play(raw, "06_cancel_placements")
    body = body_of("07_cancel_orders")
    first = await raw.post(f"{MANAGE}/cancelorders", content=body, headers=KEYED)
    again = await raw.post(f"{MANAGE}/cancelorders", content=body, headers=KEYED)
    assert first.json()["values"].keys() | first.json()["failed"].keys() == {"c1", "c2"}
    assert again.content == first.content
    other = await raw.post(f"{MANAGE}/cancelorders", content=body, headers=KEYED | {"Idempotency-Key": "b"})
    assert other.json()["failed"].keys() == {"c1", "c2"}, "without the key it is done, and refused, anew"


async def test_a_deletion_is_replayed_too(raw: httpx.AsyncClient) -> None:
    await raw.post(CREATE, content=BASKET, headers={"content-type": "application/json"})
    first = await raw.delete("/api/orders/Desk/ORD-5", headers=KEYED)
    again = await raw.delete("/api/orders/Desk/ORD-5", headers=KEYED)
    assert (first.status_code, again.content) == (200, first.content)
    assert (await raw.delete("/api/orders/Desk/ORD-5")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [(CREATE, BASKET + b" "), (f"{MANAGE}/moveorders", body_of("02_move_orders")), (CREATE + "?x=1", BASKET)],
)
async def test_a_key_for_another_request_is_refused(raw: httpx.AsyncClient, path: str, body: bytes) -> None:
    await raw.post(CREATE, content=BASKET, headers=KEYED)
    answer = await raw.post(path, content=body, headers=KEYED)
    assert (answer.status_code, answer.json()["name"]) == (422, "IdempotencyKeyReused")


async def test_a_refused_call_does_not_use_up_its_key(raw: httpx.AsyncClient) -> None:
    """It changed nothing, and it may succeed the next time."""
    place = body_of("04_place_blocks")
    refused = await raw.post(f"{MANAGE}/placeblocks", content=place, headers=KEYED)
    assert (refused.status_code, refused.json()["code"]) == (400, 727)
    await raw.post(CREATE, content=BASKET, headers={"content-type": "application/json"})
    await raw.post(
        f"{MANAGE}/moveorders",
        content=body_of("02_move_orders"),
        headers={"content-type": "application/json"},
    )
    assert (await raw.post(f"{MANAGE}/placeblocks", content=place, headers=KEYED)).status_code == 200


async def test_a_key_in_flight_is_refused(engine: Engine) -> None:
    async with serving(engine) as server:
        calls = [server.post(CREATE, content=BASKET, headers=KEYED) for _ in range(3)]
        answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, 156}


async def test_each_user_has_keys_of_its_own(engine: Engine) -> None:
    """Also when a user name ends with the start of another user's key."""
    users = {name: User(name, token=digest(name[-1])) for name in ("a", "a b")}
    async with serving(engine, ServerSettings(tokens=Tokens(Users(users)))) as server:
        for token, key in (("b", "c"), ("a", "b c")):
            headers = KEYED | {"authorization": f"Bearer {token}", "Idempotency-Key": key}
            body = BASKET.replace(b"ORD-", f"O{token}-".encode()).replace(b"BLK-", f"B{token}-".encode())
            assert (await server.post(CREATE, content=body, headers=headers)).status_code == 201


async def test_a_key_that_is_too_long_is_refused(raw: httpx.AsyncClient) -> None:
    answer = await raw.post(CREATE, content=BASKET, headers=KEYED | {"Idempotency-Key": "k" * 256})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])


async def test_a_reply_is_kept_for_a_day_even_across_a_restart(tmp_path: Path) -> None:
    clock = VirtualClock(datetime(2026, 11, 20, 9, tzinfo=UTC))
    answers: list[bytes] = []
    for _ in range(2):
        engine = Engine.open(tmp_path / "desk.db", instrument_table, clock=clock)
        async with serving(engine) as server:
            answers.append((await server.post(CREATE, content=BASKET, headers=KEYED)).content)
        engine.close()
        clock.advance(timedelta(hours=23))
    assert answers[0] == answers[1]
    clock.advance(timedelta(hours=2))
    engine = Engine.open(tmp_path / "desk.db", instrument_table, clock=clock)
    async with serving(engine) as server:
        other = json.dumps({"o": {"id": {"scope": "Desk", "code": "ORD-2"}, "quantity": 50}}).encode()
        assert (await server.post(f"{MANAGE}/updateorders", content=other, headers=KEYED)).status_code == 200
        assert sorted(await versions(server)) == [1, 1, 1, 1, 2]
    kept = engine.store.connection.execute("SELECT count(*) FROM reply").fetchone()
    engine.close()
    assert kept == (1,)
