"""Signing on as the SDK's users do: secrets.json and FBN variables, password and refresh grants.

The SDK takes a token for expired a minute early, so tokens that live shorter are refreshed for every call.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compat.sdk import Flavour, desk_of, got, lusid, refusal, request, signed_on
from tests.compat.serving import ServeProcess, served

USERS = """
token_lifetime = {lifetime}
[users."dlr.okafor"]
password = "p/ss w&rd%+"
token = "a-fixed-token-of-okafor"
[users."aud.lind"]
password = "only looking"
read_only = true
[clients]
blotter = "the-client's/secret"
"""

VARIABLES = {
    "tokenUrl": "FBN_TOKEN_URL",
    "lusidUrl": "FBN_LUSID_URL",
    "username": "FBN_USERNAME",
    "password": "FBN_PASSWORD",
    "clientId": "FBN_CLIENT_ID",
    "clientSecret": "FBN_CLIENT_SECRET",
}


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return users_file(tmp_path, 3600)


def users_file(folder: Path, lifetime: int) -> Path:
    """Write a users file with our user alone, as ``blotter serve --users`` reads it."""
    file = folder / "users.toml"
    file.touch(mode=0o600)
    file.write_text(USERS.format(lifetime=lifetime), encoding="utf-8")
    return file


@pytest.fixture
def server(users: Path) -> Iterator[ServeProcess]:
    with served("--users", str(users)) as running:
        yield running


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start in an empty directory without variables, so that the SDK reads only what the test writes."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FBN_")]:
        monkeypatch.delenv(name)


def secrets_of(server: ServeProcess, user: str, password: str) -> dict[str, str]:
    """Return the ``api`` part of a secrets.json."""
    return {
        "tokenUrl": server.token_url,
        "lusidUrl": server.url,
        "username": user,
        "password": password,
        "clientId": "blotter",
        "clientSecret": "the-client's/secret",
        "applicationName": "compat",
    }


def write_secrets(server: ServeProcess, user: str = "dlr.okafor", password: str = "p/ss w&rd%+") -> None:
    Path("secrets.json").write_text(json.dumps({"api": secrets_of(server, user, password)}), encoding="utf-8")


async def who_wrote(desk: Any) -> str:
    """Write a block and return its creator, as the server says."""
    answer = await got(desk.blocks.upsert_blocks(request(lusid.BlockSetRequest, "20_upsert_blocks")))
    return str(answer.values[0].version.user_id_created)


async def test_a_secrets_file_is_all_a_program_needs(server: ServeProcess, flavour: Flavour) -> None:
    write_secrets(server)
    async with signed_on(server, flavour) as desk:
        assert await who_wrote(desk) == "dlr.okafor"


async def test_fbn_variables_are_all_a_program_needs(
    server: ServeProcess, flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in secrets_of(server, "dlr.okafor", "p/ss w&rd%+").items():
        if key in VARIABLES:
            monkeypatch.setenv(VARIABLES[key], value)
    async with signed_on(server, flavour) as desk:
        assert await who_wrote(desk) == "dlr.okafor"


async def test_a_personal_access_token_needs_no_password(server: ServeProcess, flavour: Flavour) -> None:
    async with desk_of(server, flavour, token="a-fixed-token-of-okafor") as desk:
        assert await who_wrote(desk) == "dlr.okafor"


async def test_tokens_that_ran_out_are_refreshed_without_the_password(
    tmp_path: Path, flavour: Flavour
) -> None:
    asked: list[str] = []

    def note(answer: Any) -> None:
        assert answer.status_code == 200, answer.text
        asked.append(answer.request.body.split("&")[0])

    with served("--users", str(users_file(tmp_path, 30))) as server:
        write_secrets(server)
        async with signed_on(server, flavour, id_provider_response_handler=note) as desk:
            for _ in range(3):
                await got(desk.blocks.list_blocks())
    assert asked[0] == "grant_type=password"
    assert asked.count("grant_type=password") == 1
    assert asked.count("grant_type=refresh_token") >= 2


async def test_a_server_that_was_restarted_is_signed_on_to_again(tmp_path: Path, flavour: Flavour) -> None:
    file = str(users_file(tmp_path, 30))
    with served("--users", file) as server:
        write_secrets(server)
        port = server.url.split(":")[2].split("/")[0]
        factory = signed_on(server, flavour)
        desk = await factory.__aenter__()
        await got(desk.blocks.list_blocks())
    with served("--users", file, "--port", port):
        assert (await got(desk.blocks.list_blocks())).values == []
        await factory.__aexit__(None, None, None)


@pytest.mark.parametrize(("user", "password"), [("dlr.okafor", "guessed"), ("nobody", "p/ss w&rd%+")])
async def test_a_wrong_password_signs_nobody_on_and_is_not_told_from_a_wrong_name(
    server: ServeProcess, flavour: Flavour, user: str, password: str
) -> None:
    write_secrets(server, user, password)
    with pytest.raises(ValueError, match="invalid_grant") as caught:
        async with signed_on(server, flavour) as desk:
            await got(desk.blocks.list_blocks())
    assert password not in str(caught.value)
    assert user not in str(caught.value)


async def test_a_wrong_token_is_401_with_code_187(server: ServeProcess, flavour: Flavour) -> None:
    async with desk_of(server, flavour, token="not-the-token") as stranger:
        error, problem = await refusal(lambda: stranger.orders.list_orders())
    assert (error.status, problem.code, problem.name) == (401, 187, "InvalidIdentityToken")


async def test_who_may_only_look_reads_and_is_refused_writes_with_code_186(
    server: ServeProcess, flavour: Flavour
) -> None:
    write_secrets(server, "aud.lind", "only looking")
    body = request(lusid.BlockSetRequest, "20_upsert_blocks")
    async with signed_on(server, flavour) as desk:
        assert (await got(desk.blocks.list_blocks())).values == []
        error, problem = await refusal(lambda: desk.blocks.upsert_blocks(body))
        assert (error.status, problem.code) == (403, 186)
        assert (await got(desk.blocks.list_blocks())).values == []


async def test_without_a_file_of_users_the_token_is_the_password_too(flavour: Flavour) -> None:
    with served("--token", "t0ken") as server:
        write_secrets(server, "dealer", "t0ken")
        async with signed_on(server, flavour) as desk:
            assert await who_wrote(desk) == "dealer"
