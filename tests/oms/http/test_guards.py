"""The checks before a request is read: sizes, speed, methods, host names, and bytes that are not HTTP."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, body_of
from tests.oms.request_bodies import an_order, put
from tests.paths import ROOT
from tui.api import codec
from tui.api.base import ProblemDetails
from tui.api.http import asgi_transport
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.http import write_endpoints
from tui.oms.http.app import Server, ServerSettings
from tui.oms.store import reader_pool

JSON = {"content-type": "application/json"}
CREATE = f"{MANAGE}/createorders"


def problem(answer: httpx.Response) -> ProblemDetails:
    assert answer.headers["content-type"] == "application/problem+json"
    found = codec.decode(ProblemDetails, answer.content)
    assert found.status == answer.status_code
    return found


# -- methods, addresses, headers -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "BREW"])
async def test_an_unserved_method_is_refused(raw: httpx.AsyncClient, method: str) -> None:
    answer = await raw.request(method, "/api/orders")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert "access-control-allow-origin" not in answer.headers


async def test_an_address_that_is_too_long_is_refused(raw: httpx.AsyncClient) -> None:
    head = "http://embedded/api/api/orders?filter="
    fits = "state eq 'x'".replace(" ", "%20")
    fits += "%20" * ((2048 - len(head) - len(fits)) // 3)
    assert (await raw.get(head + fits)).status_code == 200
    refused = await raw.get(head + fits + "%20")
    assert (refused.status_code, refused.headers["lusid-meta-success"]) == (414, "False")


async def test_headers_that_are_too_long_are_refused(raw: httpx.AsyncClient) -> None:
    assert (await raw.get("/api/orders", headers={"x-more": "x" * 15_000})).status_code == 200
    assert problem(await raw.get("/api/orders", headers={"x-more": "x" * 16_384})).status == 431


@pytest.mark.parametrize("path", ["a.b/c", "a/c%20d", "a/" + "c" * 65, "%C3%A9/c", "a/c%2Fd"])
@pytest.mark.parametrize("plural", ["blocks", "orders", "placements", "executions", "allocations"])
async def test_an_impossible_id_is_reported(raw: httpx.AsyncClient, plural: str, path: str) -> None:
    found = problem(await raw.get(f"/api/{plural}/{path}"))
    assert (found.status, found.code) == (400, 157)
    assert found.errors is not None
    assert found.errors.keys() <= {"Scope", "Code"}
    assert problem(await raw.delete(f"/api/{plural}/{path}")).status == 400


@pytest.mark.parametrize("fraction", ["", ".1", ".12", ".123", ".123456", ".1234561"])
async def test_times_have_up_to_seven_digits_of_a_second(raw: httpx.AsyncClient, fraction: str) -> None:
    body = json.loads(body_of("01_create_orders"))
    body["requests"][0]["date"] = f"2026-11-20T09:00:00{fraction}Z"
    made = await raw.post(CREATE, json=body)
    created = made.json()["values"][0]["block"]["createdDate"]
    assert created == f"2026-11-20T09:00:00.{fraction[1:7].ljust(7, '0')}+00:00"
    listed = await raw.get("/api/blocks", params={"asAt": f"2100-01-01T00:00:00{fraction}Z"})
    assert len(listed.json()["values"]) == 2


# -- property keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["orders", "orders/Desk/ORD-1", "ordergraph/blocks", "allocations"])
async def test_property_keys_of_both_spellings_add_nothing(raw: httpx.AsyncClient, path: str) -> None:
    await raw.post(CREATE, content=body_of("01_create_orders"), headers=JSON)
    plain = (await raw.get(f"/api/{path}")).json()
    keys = ["Order/Desk/Strategy", "Orders/Desk/Strategy", "Instrument/default/Name"]
    asked = (await raw.get(f"/api/{path}", params={"propertyKeys": keys})).json()
    assert asked | {"href": None} == plain | {"href": None}


@pytest.mark.parametrize("key", ["Colour/Desk/Red", "Order/Desk", "Order//Red", "Order", "Order/a/b/c"])
async def test_a_malformed_property_key_is_refused(raw: httpx.AsyncClient, key: str) -> None:
    found = problem(await raw.get("/api/orders", params={"propertyKeys": ["Order/a/b", key]}))
    assert (found.status, found.code) == (400, 151)
    assert found.errors is not None
    assert key in found.errors["propertyKeys"][0]


# -- time ---------------------------------------------------------------------------------------------------


class Held:
    """Blocks the threads of an engine until it is released."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._go = threading.Event()

    async def writes(self) -> asyncio.Future[Any]:
        held = asyncio.ensure_future(self.engine.run(self._go.wait))
        await asyncio.sleep(0)
        return held

    def reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        view = self.engine.run_view

        async def slow(work: Any, *args: Any) -> Any:
            await asyncio.to_thread(self._go.wait)
            return await view(work, *args)

        monkeypatch.setattr(self.engine, "run_view", slow)

    def release(self) -> None:
        self._go.set()


@pytest.fixture
def held(engine: Engine) -> Iterator[Held]:
    made = Held(engine)
    yield made
    made.release()


@pytest.fixture
async def hurried(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    """A server whose requests have a very short deadline."""
    transport = asgi_transport(Server(engine, ServerSettings(request_s=0)))
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded/api") as made:
        yield made


async def test_a_read_that_takes_too_long_is_abandoned(
    hurried: httpx.AsyncClient, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.reads(monkeypatch)
    found = problem(await hurried.get("/api/orders"))
    assert (found.status, found.name) == (504, "RequestTimeout")


async def test_an_abandoned_read_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would block one of the few readers."""
    engine = Engine.open(tmp_path / "desk.db", instrument_table)
    engine.write(put, [an_order(f"ORD-{number}") for number in range(500)], user="u")
    transport = asgi_transport(Server(engine))
    monkeypatch.setattr(reader_pool, "STEPS_PER_CHECK", 1_000)
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded/api") as server:
        slow = "/api/orders?filter=instrumentIdentifiers['Instrument/default/Figi'] startswith 'nothing'"
        monkeypatch.setattr(reader_pool, "MAX_READ_S", 0)
        found = problem(await server.get(slow))
        assert (found.status, found.name) == (503, "StoreFailure")
        monkeypatch.undo()
        for _ in range(2 * reader_pool.MAX_READERS):
            assert (await server.get(slow)).json()["values"] == []
    engine.close()


async def test_a_write_that_waits_too_long_never_starts(
    engine: Engine, hurried: httpx.AsyncClient, held: Held, raw: httpx.AsyncClient
) -> None:
    waiting = await held.writes()
    found = problem(await hurried.delete("/api/orders/Desk/ORD-1", headers={"Idempotency-Key": "k"}))
    assert (found.status, found.name) == (503, "ServerBusy")
    assert found.detail is not None
    assert "Nothing was done" in found.detail
    held.release()
    await waiting
    answer = await raw.delete("/api/orders/Desk/ORD-1", headers={"Idempotency-Key": "k"})
    assert problem(answer).status == 404, "its key is free, and it was not done meanwhile"


async def test_a_started_write_is_finished_and_answered_with_its_result(
    engine: Engine, hurried: httpx.AsyncClient, raw: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()
    run, write = engine.run, engine.write_encoded

    def slow(*args: Any, **more: Any) -> bytes:
        begun.set()
        go.wait()
        return write(*args, **more)

    async def at_once(work: Any) -> Any:
        running = asyncio.ensure_future(run(work))
        await asyncio.sleep(0)
        begun.wait()
        return await running

    monkeypatch.setattr(engine, "write_encoded", slow)
    monkeypatch.setattr(engine, "run", at_once)
    posting = asyncio.ensure_future(hurried.post(CREATE, content=body_of("01_create_orders"), headers=JSON))
    for _ in range(100):
        await asyncio.sleep(0)
    assert begun.is_set()
    assert not posting.done(), "its time is over, and nobody answers for it"
    go.set()
    assert (await posting).status_code == 201
    assert len((await raw.get("/api/orders")).json()["values"]) == 5


async def test_a_body_that_does_not_arrive_is_refused(hurried: httpx.AsyncClient) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    found = problem(await hurried.post(CREATE, content=trickle(), headers=JSON))
    assert (found.status, found.detail) == (408, "The body did not arrive in time.")


# -- over a socket ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    command = [sys.executable, "-m", "tui", "serve", "--port", "0", "--db", ":memory:"]
    variables = {**os.environ, "BLOTTER_TOKEN": "T"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=variables
    )
    assert process.stdout is not None
    yield int(process.stdout.readline().split()[1].rsplit(":", 1)[1].removesuffix("/api"))
    process.terminate()
    assert process.communicate(timeout=20)[1] == ""


def response_bytes(port: int, raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes and return the response, read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(raw)
        answer = b""
        while chunk := line.recv(65_536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    return int(first.split()[1]), dict(part.lower().split(": ", 1) for part in rest), body


LENGTHS = b"POST /api/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer T\r\n"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET /api/orders\r\n\r\n", 400),
        (b"GET /api/orders HTTP/1.1\r\n\r\n", 400),
        (b"GET /api/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 20_000, 431),
        (b"GET /api/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: many\r\n\r\n", 400),
        (LENGTHS + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (LENGTHS + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\nGET /api/", 400),
    ],
)
def test_bytes_that_are_not_http_are_answered_with_a_problem(port: int, raw: bytes, status: int) -> None:
    answer, headers, body = response_bytes(port, raw)
    assert (answer, headers["content-type"]) == (status, "application/problem+json")
    assert headers["lusid-meta-success"] == "false"
    assert headers["lusid-meta-requestid"] == headers["lusid-meta-correlationid"]
    assert headers["idempotency-key-supported"] == "true"
    found = codec.decode(ProblemDetails, body)
    assert (found.status, found.name, found.code) == (status, "InvalidRequest", 157)


def test_head_has_no_body_and_keeps_the_connection_usable(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"authorization": "Bearer T"}) as client:
        head = client.head("/api/orders")
        assert (head.status_code, head.content) == (405, b"")
        assert client.get("/api/orders").status_code == 200
        large = client.post(
            f"/api{MANAGE[4:]}/createorders", content=b" " * (10 * 1024 * 1024 + 1), headers=JSON
        )
        assert large.status_code == 413
        assert client.get("/api/orders").status_code == 200


async def test_a_failure_is_one_line_in_the_log_without_what_the_client_sent(
    raw: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*given: Any) -> bytes:
        raise KeyError(given[-1])

    monkeypatch.setattr(write_endpoints, "write", fails)
    answer = await raw.post(CREATE, content=b'{"requests": ["hush"]}', headers=JSON)
    found = problem(answer)
    assert (found.status, found.name) == (500, "ServerError")
    (record,) = (each for each in caplog.records if each.name.startswith("tui.oms"))
    assert record.getMessage().startswith("A request failed: KeyError at http/test_guards.py:")
    assert record.__dict__["request"] == answer.headers["lusid-meta-requestid"]
    assert "hush" not in caplog.text + answer.text


async def test_a_compressed_body_is_refused(raw: httpx.AsyncClient) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    found = problem(await raw.post(CREATE, content=bomb, headers={**JSON, "content-encoding": "gzip"}))
    assert (found.status, found.detail) == (
        415,
        "The body must be sent as it is; its Content-Encoding is 'gzip'.",
    )
