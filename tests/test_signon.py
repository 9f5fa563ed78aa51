"""A profile's effect on the wire: headers, proxy, authorities and timeouts, on real sockets."""

from __future__ import annotations

import argparse
import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tui.api import operations
from tui.api.client import Client
from tui.api.connection_settings import Timeouts
from tui.api.errors import ApiError, NoAnswer, NotSent
from tui.config.settings import Profile, Settings
from tui.service.environment import EnvironmentKind
from tui.signon import collect_settings, resolve_remote, timeouts, token_url

CERTIFICATES = Path(__file__).parent / "api" / "certificates"
GRANT = b'{"access_token": "granted", "expires_in": 600, "refresh_token": "again"}'
ME = b'{"id": "u-1", "emailAddress": "okafor@example.com"}'


class FixedReplyServer:
    """Answers everything with the same body and keeps what was sent to it."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[str] = []

    @property
    def authority(self) -> str:
        return f"localhost:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                text = head.decode()
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in text.splitlines()
                        if line.lower().startswith("content-l")
                    ),
                    0,
                )
                self.heard.append(text + (await reader.readexactly(length)).decode())
                body = GRANT if "/oauth2/" in text else ME
                status = "407 No" if text.startswith("CONNECT") else "200 OK"
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(*, tls: bool = False) -> AsyncIterator[FixedReplyServer]:
    server, context = FixedReplyServer(), None
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATES / "server.pem")
    socket = await asyncio.start_server(server.answer, "127.0.0.1", 0, ssl=context)
    server.port = socket.sockets[0].getsockname()[1]
    async with socket:
        yield server


def arguments(**given: Any) -> argparse.Namespace:
    options = ("url", "profile", "token_file", "secrets_file", "ca_file", "proxy")
    return argparse.Namespace(**{**dict.fromkeys(options), **given})


@asynccontextmanager
async def client_of(**given: Any) -> AsyncIterator[Client]:
    http, let_go = resolve_remote(arguments(**given), Settings()).reach()
    yield Client(http)
    await http.close()
    await let_go()


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("the-token")
    path.chmod(0o600)
    return path


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("FBN_LUSID_URL", "FBN_ACCESS_TOKEN", "FBN_ACCESS_TOKEN_FILE", "FBN_PROXY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)


async def test_application_and_correlation_id_go_with_every_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening() as server:
        monkeypatch.setenv("FBN_LUSID_URL", f"http://{server.authority}/api")
        monkeypatch.setenv("FBN_TOKEN_URL", f"http://{server.authority}/oauth2/x/v1/token")
        monkeypatch.setenv("FBN_USERNAME", "u")
        monkeypatch.setenv("FBN_PASSWORD", "p&q")
        monkeypatch.setenv("FBN_CLIENT_ID", "c")
        monkeypatch.setenv("FBN_CLIENT_SECRET", "s")
        monkeypatch.setenv("FBN_APP_NAME", "our-app")
        monkeypatch.setenv("FBN_CORRELATION_ID", "corr-1")
        async with client_of(profile="env") as client:
            assert (await client.call(operations.WHO_AM_I)).email_address == "okafor@example.com"
        grant, call = server.heard
        assert grant.startswith("POST /oauth2/x/v1/token HTTP/1.1")
        assert "grant_type=password" in grant
        assert "password=p%26q" in grant
        assert "uthorization" not in grant
        assert call.startswith("GET /identity/api/me HTTP/1.1")
        assert "Authorization: Bearer granted\r\n" in call
        assert "X-LUSID-Application: our-app\r\n" in call
        assert "CorrelationId: corr-1\r\n" in call


async def test_a_certificate_of_an_own_authority_is_trusted_only_when_it_is_named(token: Path) -> None:
    async with listening(tls=True) as server:
        url = f"https://{server.authority}/api"
        async with client_of(url=url, token_file=token, ca_file=CERTIFICATES / "ca.pem") as client:
            assert (await client.call(operations.WHO_AM_I)).id == "u-1"
        heard = len(server.heard)
        async with client_of(url=url, token_file=token) as client:
            with pytest.raises(NotSent, match=r"(?i)certificate"):
                await client.call(operations.WHO_AM_I)
        assert len(server.heard) == heard, "the token was not sent"


async def test_a_certificate_of_another_name_is_refused_whatever_authority_it_is_of(token: Path) -> None:
    async with listening(tls=True) as server:
        url = f"https://127.0.0.1:{server.port}/api"
        async with client_of(url=url, token_file=token, ca_file=CERTIFICATES / "ca.pem") as client:
            with pytest.raises(ApiError, match=r"(?i)certificate|connection"):
                await client.call(operations.WHO_AM_I)
        assert not server.heard


async def test_other_machines_are_reached_through_the_proxy_which_gets_no_token(
    token: Path, tmp_path: Path
) -> None:
    async with listening() as proxy:
        secrets = tmp_path / "s.json"
        address = f"http://{proxy.authority}"
        secrets.write_text(f'{{"proxy": {{"address": "{address}", "username": "pu", "password": "pp"}}}}')
        secrets.chmod(0o600)
        async with client_of(
            url="https://desk.example/api", token_file=token, secrets_file=secrets
        ) as client:
            with pytest.raises((NotSent, NoAnswer)):
                await client.call(operations.WHO_AM_I)
        asked = proxy.heard[0]
        assert asked.startswith("CONNECT desk.example:443 ")
        assert base64.b64encode(b"pu:pp").decode() in asked
        assert "the-token" not in "".join(proxy.heard)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Timeouts()),
        ({"FBN_CONNECT_TIMEOUT_MS": "0", "FBN_READ_TIMEOUT_MS": "0"}, Timeouts()),
        ({"FBN_CONNECT_TIMEOUT_MS": "1500"}, Timeouts(connect=1.5)),
        ({"FBN_READ_TIMEOUT_MS": "20000"}, Timeouts(read=20, lists=20)),
        ({"FBN_TOTAL_TIMEOUT_MS": "1800000"}, Timeouts(call=600)),
    ],
)
def test_timeouts_are_as_said_and_never_for_ever(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], expected: Timeouts
) -> None:
    for name in ("FBN_CONNECT_TIMEOUT_MS", "FBN_READ_TIMEOUT_MS", "FBN_TOTAL_TIMEOUT_MS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert timeouts(collect_settings(arguments(profile="env"), Settings())) == expected


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("https://d.okta.com/oauth2/abc", "https://d.okta.com/oauth2/abc/v1/token"),
        ("https://d.okta.com/oauth2/abc/", "https://d.okta.com/oauth2/abc/v1/token"),
        ("https://d.okta.com/oauth2/abc/v1/token", "https://d.okta.com/oauth2/abc/v1/token"),
        ("https://d.OKTA.com/oauth2/abc/v2/token", "https://d.OKTA.com/oauth2/abc/v2/token"),
        ("https://d.okta.com/other", "https://d.okta.com/other"),
        ("https://example.com/oauth2/abc", "https://example.com/oauth2/abc"),
    ],
)
def test_an_okta_issuer_is_a_token_url_too(given: str, asked: str) -> None:
    assert token_url(given) == asked


def test_the_band_has_a_name_before_the_server_says_one(monkeypatch: pytest.MonkeyPatch, token: Path) -> None:
    for name in ("USERNAME", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"FBN_{name}", "okafor")
    monkeypatch.setenv("FBN_TOKEN_URL", "https://d.okta.com/oauth2/abc")
    monkeypatch.setenv("FBN_LUSID_URL", "https://d.lusid.com/api")
    environment = resolve_remote(arguments(profile="env"), Settings()).environment
    assert (environment.user, environment.kind) == ("okafor", EnvironmentKind.PROD)
    environment = resolve_remote(arguments(profile="env", token_file=token), Settings()).environment
    assert environment.user == "", "whose token it is, the name of a variable does not say"
    assert environment.sign_on_again == f"Put a new token into {token}, then press {{refresh}}."


def test_a_read_only_profile_is_as_if_the_command_line_said_so(token: Path) -> None:
    profile = Profile(
        "uat",
        entries={"url": "https://d.lusid.com/api", "token_file": str(token)},
        desk={"scopes": ["Desk"], "colour": "teal"},
        read_only=True,
    )
    server = resolve_remote(arguments(profile="uat"), Settings(profiles={"uat": profile}, home="mine"))
    assert server.read_only
    assert (server.profile.home, server.profile.scopes, server.profile.colour) == ("mine", ("Desk",), "teal")
