"""Certificates and proxies over real sockets: whom we believe, what goes through, and what a proxy learns."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import traceback
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.api.faults import Pauses, ScriptedTokens, send
from tests.api.test_http import Word
from tui.api import operations
from tui.api.errors import NotSent
from tui.api.http import Http, Proxy

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate of the test's server")

ANSWER = b'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 13\r\n\r\n{"values":[]}'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate no public authority knows, with its key in the file beside it."""
    folder = tmp_path_factory.mktemp("tls")
    made = folder / "ca.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        [
            str(OPENSSL),
            *options.split(),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "key.pem")),
            *("-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    return made


class TlsServer:
    """Answers every request alike over TLS, and keeps the requests."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(ANSWER)
            await writer.drain()
        writer.close()


@pytest.fixture
async def server(authority: Path) -> AsyncIterator[TlsServer]:
    made = TlsServer()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority, authority.with_name("key.pem"))
    listening = await asyncio.start_server(made.answer, "localhost", 0, ssl=context)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


class Tunnel:
    """A proxy that asks for a password, and keeps the heads of requests."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.port = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.told.append(head)
        if b"proxy-authorization: basic chu6cha=" not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            writer.close()
            return
        port = int(head.split()[1].rpartition(b":")[2])
        there, back = await asyncio.open_connection("localhost", port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_pipe(reader, back), _pipe(there, writer))


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await source.read(65536):
            sink.write(some)
            await sink.drain()
    sink.close()


@pytest.fixture
async def tunnel() -> AsyncIterator[Tunnel]:
    made = Tunnel()
    listening = await asyncio.start_server(made.carry, "localhost", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


def connect(server: TlsServer, **given: Any) -> Http:
    url = f"https://localhost:{server.port}/api"
    return Http(url, token=ScriptedTokens("very-secret-token"), pause=Pauses(), **given)


async def test_a_certificate_nobody_vouches_for_is_refused_before_the_token_is_sent(
    server: TlsServer,
) -> None:
    http = connect(server)
    with pytest.raises(NotSent, match="certificate verify failed"):
        await send(http, operations.BLOCKS.list)
    assert server.asked == []
    await http.close()


async def test_an_authority_of_ones_own_is_believed(server: TlsServer, authority: Path) -> None:
    http = connect(server, ca_file=authority)
    assert (await send(http, operations.BLOCKS.list)).body == b'{"values":[]}'
    await http.close()


async def test_a_proxy_carries_what_it_cannot_read(
    server: TlsServer, authority: Path, tunnel: Tunnel
) -> None:
    proxy = Proxy(f"http://localhost:{tunnel.port}", "pu", Word("pp"))
    http = connect(server, ca_file=authority, proxy=proxy)
    await send(http, operations.BLOCKS.list)
    [head] = tunnel.told
    assert head.startswith(b"CONNECT localhost:")
    assert b"very-secret-token" not in head
    [asked] = server.asked
    assert b"very-secret-token" in asked
    assert b"roxy-" not in asked, "the server learns nothing of the proxy"
    await http.close()


async def test_a_proxy_that_refuses_us_means_that_nothing_was_sent(
    server: TlsServer, authority: Path, tunnel: Tunnel
) -> None:
    proxy = Proxy(f"http://localhost:{tunnel.port}", "pu", Word("wrong-secret"))
    http = connect(server, ca_file=authority, proxy=proxy)
    with pytest.raises(NotSent, match="407 Proxy Authentication Required") as caught:
        await send(http, operations.CANCEL_ORDERS, body={})
    assert "wrong-secret" not in "".join(traceback.format_exception(caught.value))
    assert server.asked == []
    await http.close()


async def test_plain_http_to_this_machine_goes_past_a_proxy(tunnel: Tunnel) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    http = Http(f"http://127.0.0.1:{port}/api", proxy=Proxy(f"http://localhost:{tunnel.port}"))
    assert (await send(http, operations.BLOCKS.list)).body == b'{"values":[]}'
    assert tunnel.told == []
    await http.close()
    listening.close()
