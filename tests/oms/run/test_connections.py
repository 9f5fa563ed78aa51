"""Connections of ``serve``: who keeps the server waiting is closed, and there is a most of them."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.paths import ROOT
from tui.oms.auth.tokens import Tokens
from tui.oms.auth.users import one_user
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.oms.run import serve_log, uvicorn_protocol
from tui.oms.run.uvicorn_protocol import ConnectionLimits, ServeProtocol
from tui.oms.run.uvicorn_server import UvicornServer, listen

GOOD = b"GET /api/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer T\r\n\r\n"
LARGE = 30_000_000
"""The bytes of a response that no system keeps for a client that does not read."""


class ServerOnSocket:
    """A server on a socket, as its clients see it."""

    def __init__(self, server: UvicornServer, address: tuple[str, int]) -> None:
        self.server = server
        self._address = address

    async def knock(self, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect and send something."""
        reader, writer = await asyncio.open_connection(*self._address, limit=2 * LARGE)
        writer.write(sent)
        return reader, writer

    async def connection(self, there: Callable[[ServeProtocol], object]) -> ServeProtocol:
        """Return the only connection, once ``there`` holds of it."""
        while not any(there(each) for each in self.server.connections):  # noqa: ASYNC110, nothing tells of it
            await asyncio.sleep(0.001)
        (connection,) = self.server.connections
        return connection


@asynccontextmanager
async def opened(app: Any, limits: ConnectionLimits = ConnectionLimits()) -> AsyncIterator[ServerOnSocket]:  # noqa: B008
    with listen("127.0.0.1", 0) as listening:
        server = UvicornServer(app, limits)
        serving = asyncio.create_task(server.serve(listening))
        yield ServerOnSocket(server, listening.getsockname())
        for each in server.connections:
            each.transport.abort()
        server.stop()
        await serving


@pytest.fixture
async def door(engine: Engine) -> AsyncIterator[ServerOnSocket]:
    async with opened(Server(engine, ServerSettings(tokens=Tokens(one_user("dealer", "T"))))) as made:
        yield made


def wait(connection: ServeProtocol, seconds: float) -> bool:
    """Let time pass for a connection, and return whether it is still open."""
    connection.close_if_overdue(time.monotonic())
    connection.close_if_overdue(time.monotonic() + seconds)
    return not connection.transport.is_closing()


async def answered(reader: asyncio.StreamReader) -> bytes:
    """Read one response."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


@pytest.mark.parametrize("sent", [b"", b"GET /api/orders HTTP/1.1\r\nHost: x"])
async def test_a_head_that_does_not_arrive_is_refused_in_seconds(door: ServerOnSocket, sent: bytes) -> None:
    reader, _ = await door.knock(sent)
    connection = await door.connection(lambda each: not sent or each.conn.trailing_data[0])
    assert wait(connection, 9)
    assert not wait(connection, 11)
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"The request did not arrive in time." in answer


async def test_half_a_second_request_is_refused_as_half_a_first(door: ServerOnSocket) -> None:
    reader, writer = await door.knock(GOOD)
    assert (await answered(reader)).startswith(b"HTTP/1.1 200 ")
    connection = await door.connection(lambda each: each.cycle.response_complete)
    assert wait(connection, 60), "between two requests it may wait"
    for sent in (b"GET /api/ord", b"ers HTTP/1.1\r\nHost: "):
        writer.write(sent)
        await door.connection(lambda each, sent=sent: each.conn.trailing_data[0].endswith(sent))  # type: ignore[misc]
        assert wait(connection, 9), "the rest may still come"
    assert not wait(connection, 11)
    assert (await reader.read()).startswith(b"HTTP/1.1 408 ")


async def test_the_rest_of_a_body_that_nobody_reads_is_not_waited_for(door: ServerOnSocket) -> None:
    reader, _ = await door.knock(b"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n[")
    assert (await answered(reader)).startswith(b"HTTP/1.1 401 ")
    connection = await door.connection(lambda each: each.cycle.response_complete)
    assert wait(connection, 9)
    assert not wait(connection, 11)


async def test_a_client_that_does_not_read_its_response_is_closed() -> None:
    async def large(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(LARGE)})

    async with opened(large) as door:
        with socket.create_connection(door._address) as line:
            line.sendall(GOOD)
            connection = await door.connection(lambda each: each.transport.get_write_buffer_size())
            assert wait(connection, 29)
            connection.close_if_overdue(time.monotonic())
            left = connection.transport.get_write_buffer_size()
            while connection.transport.get_write_buffer_size() > left - 1_000_000:
                line.recv(100_000)
                await asyncio.sleep(0)
            connection.close_if_overdue(time.monotonic() + 31)
            assert not connection.transport.is_closing(), "it reads, if slowly"
            assert not wait(connection, 62)


async def test_no_more_connections_than_the_most_are_served(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    minute = [0.0]
    seldom = serve_log.SeldomLine(logging.getLogger("tui.oms.run"), lambda: minute[0])
    monkeypatch.setattr(uvicorn_protocol, "_refused", seldom)
    async with opened(Server(engine), ConnectionLimits(most=2)) as door:
        kept = [await door.knock(GOOD) for _ in range(2)]
        for reader, _ in kept:
            assert (await answered(reader)).startswith(b"HTTP/1.1 200 ")
        for minute[0] in (0, 1, 2, 61):
            reader, _ = await door.knock()
            refused = await reader.read()
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"as many connections as it can serve. Nothing was done. Try again." in refused
        kept[0][1].write(GOOD)
        assert (await answered(kept[0][0])).startswith(b"HTTP/1.1 200 ")
    said = "2 connections are served; one more was refused."
    assert [each.message for each in caplog.records if each.levelno > logging.INFO] == [
        said,
        f"{said} (2 more since the last such line)",
    ]


def test_with_few_file_descriptors_it_refuses_and_goes_on() -> None:
    command = f"ulimit -n 128; exec {sys.executable} -m tui serve --port 0 --db :memory:"
    process = subprocess.Popen(
        ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        url, token = (process.stdout.readline().split()[1] for _ in range(2))
        port = int(url.rsplit(":", 1)[1].removesuffix("/api"))
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(headers=headers) as client, ExitStack() as lines:
            assert client.get(f"{url}/orders").status_code == 200
            crowd = [lines.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(300)]
            assert crowd[-1].recv(100).startswith(b"HTTP/1.1 503 ")
            assert client.get(f"{url}/orders").status_code == 200
        assert httpx.get(f"{url}/orders", headers=headers).status_code == 200, "when they are gone"
    finally:
        process.terminate()
        _, said = process.communicate(timeout=20)
    print(said)
    (line,) = said.splitlines()

    assert line.endswith(" 48 connections are served; one more was refused.")


async def test_a_failure_is_one_line_without_what_the_client_sent(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError((await receive())["body"])

    async with opened(fails) as door:
        reader, _ = await door.knock(GOOD.replace(b"\r\n\r\n", b"\r\nContent-Length: 6\r\n\r\nsecret"))
        assert (await reader.read()).startswith(b"HTTP/1.1 500 ")
    (record,) = (each for each in caplog.records if each.name.startswith("uvicorn"))
    assert record.getMessage().startswith("Exception in ASGI application: ValueError at ")
    assert record.exc_info is None
    assert "secret" not in caplog.text
