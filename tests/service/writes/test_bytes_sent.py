"""The dealer is shown, the journal keeps and the server receives the same bytes."""

from __future__ import annotations

import asyncio
import json
import shlex
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.service.dealer import Dealer
from tests.service.writes.verb_examples import EXAMPLES
from tui.api.auth import FixedToken
from tui.api.client import Client
from tui.api.http import Http, asgi_transport
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.oms.http.call import Generation
from tui.oms.run.uvicorn_server import UvicornServer
from tui.secret import Secret
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.service.journal.journal import Journal
from tui.service.verbs import VERBS, Verb


class Received(Struct, frozen=True):
    """A request as the server got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class RequestRecorder:
    """Passes calls on to the server and keeps every write as it came off the connection."""

    def __init__(self, server: ASGIApp) -> None:
        self._server = server
        self.received: list[Received] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "GET":
            await self._server(scope, receive, send)
            return
        body = bytearray()

        async def heard() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await self._server(scope, heard, send)
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.received.append(
            Received(scope["method"], scope["raw_path"].decode() + query, headers, bytes(body))
        )


async def prepare(engine: Engine) -> None:
    """Trade on the server, so that most of the examples meet rows that are there."""
    dealer = Dealer.at(asgi_transport(Server(engine)))
    await dealer.desk.load()
    await dealer.trade()
    await dealer.desk.client.close()


@asynccontextmanager
async def served(app: Any, generation: Generation) -> AsyncIterator[Client]:
    """Serve on a socket, as ``blotter serve`` does, and connect a client to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = UvicornServer(app)
        task = asyncio.create_task(server.serve(listening))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        http = Http(url, token=FixedToken(Secret("very-secret")), correlation_id="desk 7")
        client = Client(http, generation)
        yield client
        await client.close()
        server.stop()
        await task


def test_every_verb_is_tried() -> None:
    assert {type(verb) for verb in EXAMPLES} == set(VERBS.values())


@pytest.mark.parametrize(
    ("generation", "verb"),
    [(each, verb) for each in ("latest", "2.1") for verb in EXAMPLES if verb.operation.is_in(each)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
async def test_curl_and_journal_show_the_bytes_the_server_receives(
    engine: Engine, tmp_path: Path, generation: Generation, verb: Verb
) -> None:
    await prepare(engine)
    recorder = RequestRecorder(Server(engine, ServerSettings(generation=generation)))
    path = tmp_path / "journal.jsonl"
    async with served(recorder, generation) as client:
        desk = Desk(client, Environment("demo", EnvironmentKind.LOCAL, ""), journal=Journal(path))
        await desk.load()
        verb = verb.renewed(desk.snapshot)
        shown = desk.curl(verb)
        await desk.act(verb)
        address = client.http.base_url

    [received] = recorder.received
    target = received.target.removeprefix("/api")
    curl, method, url, *options = shlex.split(shown.replace("curl -X", "curl"))
    assert (curl, method, url) == ("curl", received.method, address + target)
    pairs = list(zip(options[::2], options[1::2], strict=True))
    body = next((value for option, value in pairs if option == "--data-raw"), "")
    assert body.encode() == received.body
    headers = dict(value.lower().split(": ", 1) for option, value in pairs if option == "-H")
    assert headers.pop("authorization") == "bearer ***"
    typed = {"content-type"} if body else set()
    assert headers.keys() == {"accept", *typed, "correlationid", "x-lusid-application"}
    assert headers.items() <= {name: value.lower() for name, value in received.headers.items()}.items()

    line = path.read_bytes().splitlines()[0]
    assert json.loads(line)["endpoint"] == f"{received.method} {target}"
    assert json.loads(line)["id"] == received.headers["idempotency-key"]
    assert b'"body":' + (received.body or b"null") + b',"fields":' in line
