"""Signing on to ``serve``: the token endpoint as the SDK uses it, and the access its tokens give."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, body_of
from tui.api.http import asgi_transport
from tui.oms.auth.tokens import MAX_ACCESS_TOKENS, MAX_SIGN_ONS, NANOSECONDS_PER_S, Tokens
from tui.oms.auth.users import User, Users, digest, one_user
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings

FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
SCOPE = "openid client groups offline_access"
JSON = {"content-type": "application/json"}

OKAFOR = User("dlr.okafor", password=digest("p&ss/w%rd"), token=digest("okafors-own"))
AUDITOR = User("auditor@example.com", password=digest("look"), read_only=True)
USERS = Users(
    {user.name: user for user in (OKAFOR, AUDITOR)},
    clients={"blotter": digest("c&secret"), "other": digest("o")},
    token_lifetime=600,
    refresh_lifetime=3600,
)


class TokenClock:
    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> int:
        return self.seconds * NANOSECONDS_PER_S


@pytest.fixture
def clock() -> TokenClock:
    return TokenClock()


@pytest.fixture
async def server(engine: Engine, clock: TokenClock) -> AsyncIterator[httpx.AsyncClient]:
    app = Server(engine, ServerSettings(tokens=Tokens(USERS, clock)))
    async with httpx.AsyncClient(transport=asgi_transport(app), base_url="http://embedded") as made:
        yield made


def password_form(user: str = "dlr.okafor", password: str = "p%26ss%2Fw%25rd", **but: str) -> str:
    """Return the body the SDK sends: user and scope as they are, password, id and secret percent-encoded."""
    fields = {
        "grant_type": "password",
        "username": user,
        "password": password,
        "scope": SCOPE,
        "client_id": "blotter",
        "client_secret": "c%26secret",
        **but,
    }
    return "&".join(f"{name}={value}" for name, value in fields.items() if value)


async def ask(server: httpx.AsyncClient, form: str, **headers: str) -> httpx.Response:
    return await server.post("/oauth2/aus123/v1/token", content=form, headers={**FORM, **headers})


async def refreshed(
    server: httpx.AsyncClient, refresh: str, client: str = "blotter:c&secret"
) -> httpx.Response:
    basic = base64.b64encode(client.encode()).decode()
    form = f"grant_type=refresh_token&scope={SCOPE}&refresh_token={refresh}"
    return await ask(server, form, authorization=f"Basic {basic}")


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def status(server: httpx.AsyncClient, headers: dict[str, str]) -> int:
    return (await server.get("/api/orders", headers=headers)).status_code


async def test_a_password_gives_a_token_that_opens_the_api(server: httpx.AsyncClient) -> None:
    answer = await ask(server, password_form())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    granted = answer.json()
    assert (granted["token_type"], granted["expires_in"], granted["scope"]) == ("Bearer", 600, SCOPE)
    assert granted["refresh_token"] != granted["access_token"]
    assert await status(server, bearer(answer)) == 200
    assert (await server.get("/identity/api/me", headers=bearer(answer))).json() == {
        "id": "dlr.okafor",
        "emailAddress": "",
        "type": "Personal",
        "domainType": "Internal",
        "groups": [],
        "links": [],
    }


async def test_versions_and_history_name_the_user(server: httpx.AsyncClient) -> None:
    headers = bearer(await ask(server, password_form()))
    body = body_of("01_create_orders")
    made = await server.post(
        f"/api{MANAGE.removeprefix('/api')}/createorders", content=body, headers=headers | JSON
    )
    version = made.json()["values"][0]["block"]["version"]
    assert (version["userIdCreated"], version["userIdModified"]) == ("dlr.okafor", "dlr.okafor")
    path = "/api/ordermanagement/order/Desk/ORD-1/$history"
    items = (await server.get(path, headers={"authorization": "Bearer okafors-own"})).json()["values"]
    assert {item["userIdModified"] for item in items} == {"dlr.okafor"}


async def test_a_refresh_grants_a_new_token_and_the_old_one_stays_valid(
    server: httpx.AsyncClient, clock: TokenClock
) -> None:
    first = await ask(server, password_form())
    clock.seconds = 500
    second = await refreshed(server, first.json()["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] == first.json()["refresh_token"]
    assert second.json()["access_token"] != first.json()["access_token"]
    assert [await status(server, bearer(answer)) for answer in (first, second)] == [200, 200]
    clock.seconds = 600
    assert [await status(server, bearer(answer)) for answer in (first, second)] == [401, 200]


async def test_an_expired_token_is_refused_as_by_lusid(server: httpx.AsyncClient, clock: TokenClock) -> None:
    granted = await ask(server, password_form())
    clock.seconds = 600
    answer = await server.get("/api/orders", headers=bearer(granted))
    found = answer.json()
    assert (answer.status_code, found["code"], found["name"]) == (401, 187, "InvalidIdentityToken")
    assert found["detail"] == "The access token has expired. Sign on again."
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert granted.json()["access_token"] not in answer.text


async def test_a_refresh_token_is_kept_alive_by_its_use(server: httpx.AsyncClient, clock: TokenClock) -> None:
    refresh = (await ask(server, password_form())).json()["refresh_token"]
    for hour in range(1, 4):
        clock.seconds = hour * 3500
        assert (await refreshed(server, refresh)).status_code == 200
    clock.seconds += 3600
    for _ in range(2):
        answer = await refreshed(server, refresh)
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "invalid_grant",
            "error_description": "The refresh token is invalid or expired.",
        }


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        (password_form(password="wrong"), 400, "invalid_grant"),
        (password_form(password="p&ss/w%25rd"), 400, "invalid_grant"),
        (password_form(user="nobody"), 400, "invalid_grant"),
        (password_form(password=""), 400, "invalid_request"),
        (password_form(grant_type=""), 400, "invalid_request"),
        (password_form(grant_type="client_credentials"), 400, "unsupported_grant_type"),
        (password_form(client_secret="wrong"), 401, "invalid_client"),
        (password_form(client_id="nobody"), 401, "invalid_client"),
        (password_form(client_id=""), 401, "invalid_client"),
        (password_form() + "&username=two", 400, "invalid_request"),
        (password_form(password="%ff"), 400, "invalid_request"),
        ("", 400, "invalid_request"),
        ("grant_type=refresh_token&client_id=blotter&client_secret=c%26secret", 400, "invalid_request"),
    ],
)
async def test_errors_are_reported_in_oauths_form(
    server: httpx.AsyncClient, form: str, status: int, error: str
) -> None:
    answer = await ask(server, form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert re.fullmatch(r"[A-Z].*\.", answer.json()["error_description"])
    assert ("www-authenticate" in answer.headers) is (status == 401)


async def test_only_forms_are_accepted(server: httpx.AsyncClient) -> None:
    answer = await server.post("/oauth2/x/v1/token", json={"grant_type": "password"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    large = await ask(server, "a=" + "x" * 20_000)
    assert large.status_code == 413
    assert (await server.get("/oauth2/x/v1/token", headers={"authorization": "Bearer x"})).status_code == 401


async def test_a_refresh_token_belongs_to_its_client(server: httpx.AsyncClient) -> None:
    refresh = (await ask(server, password_form())).json()["refresh_token"]
    assert (await refreshed(server, refresh, "other:o")).json()["error"] == "invalid_grant"
    assert (await refreshed(server, refresh, "blotter:wrong")).status_code == 401
    assert (await ask(server, "grant_type=refresh_token", authorization="Basic ***")).status_code == 400
    assert (await refreshed(server, refresh)).status_code == 200


async def test_without_its_scope_there_is_no_refresh_token(server: httpx.AsyncClient) -> None:
    granted = (await ask(server, password_form(scope="openid"))).json()
    assert (granted["scope"], "refresh_token" in granted) == ("openid", False)


async def test_a_read_only_user_signs_on_and_cannot_write(server: httpx.AsyncClient) -> None:
    headers = bearer(await ask(server, password_form("auditor@example.com", "look")))
    me = (await server.get("/identity/api/me", headers=headers)).json()
    assert (me["id"], me["emailAddress"]) == ("auditor@example.com", "auditor@example.com")
    assert await status(server, headers) == 200
    body = body_of("01_create_orders")
    refused = await server.post("/api/ordermanagement/createorders", content=body, headers=headers | JSON)
    assert (refused.status_code, refused.json()["code"]) == (403, 186)


async def test_the_number_of_live_tokens_is_bounded(engine: Engine, clock: TokenClock) -> None:
    tokens = Tokens(one_user("dealer", "t"), clock)
    first = tokens.sign_on("dealer", "t", "")
    newest = [tokens.sign_on("dealer", "t", "") for _ in range(MAX_SIGN_ONS)][-1]
    app = Server(engine, ServerSettings(tokens=tokens))
    async with httpx.AsyncClient(transport=asgi_transport(app), base_url="http://embedded") as server:
        assert await status(server, {"authorization": f"Bearer {first.access}"}) == 401
        assert (await refreshed(server, first.refresh)).status_code == 400
        again = [tokens.refresh(newest.refresh, "") for _ in range(MAX_ACCESS_TOKENS)]
        assert await status(server, {"authorization": f"Bearer {newest.access}"}) == 401
        for grant in (again[0], again[-1]):
            assert await status(server, {"authorization": f"Bearer {grant.access}"}) == 200


async def test_without_a_file_of_users_the_token_is_the_password_for_any_client(
    engine: Engine,
) -> None:
    app = Server(engine, ServerSettings(tokens=Tokens(one_user("dealer", "T"))))
    async with httpx.AsyncClient(transport=asgi_transport(app), base_url="http://embedded") as server:
        assert await status(server, {"authorization": "Bearer T"}) == 200
        granted = await ask(server, password_form("dealer", "T"))
        me = await server.get("/identity/api/me", headers=bearer(granted))
        assert me.json()["id"] == "dealer"
        assert (await refreshed(server, granted.json()["refresh_token"], "x:y")).status_code == 200
