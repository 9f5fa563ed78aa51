"""Addresses, headers, tokens, content types, sizes, and the form of failures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, body_of
from tests.oms.request_bodies import an_order, put
from tui.api import codec
from tui.api.base import ProblemDetails
from tui.api.http import asgi_transport
from tui.api.models import Order
from tui.api.operations import OPERATIONS
from tui.oms.auth.tokens import Tokens
from tui.oms.auth.users import User, Users, digest
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.oms.run.embedded import Embedded

JSON = {"content-type": "application/json"}
CREATE = f"{MANAGE}/createorders"


def client_of(
    engine: Engine, settings: ServerSettings, url: str = "http://embedded/api"
) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=asgi_transport(Server(engine, settings)), base_url=url)


def problem(answer: httpx.Response) -> ProblemDetails:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["lusid-meta-success"] == "False"
    found = codec.decode(ProblemDetails, answer.content)
    assert found.status == answer.status_code
    assert found.type == f"https://docs.lusid.com/#section/Error-Codes/{found.code}"
    return found


# -- addresses and headers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://embedded/api/blocks",
        "http://embedded/api/api/blocks",
        "http://embedded/API/Api/Blocks",
        "http://embedded/api/blocks/",
    ],
)
async def test_a_list_is_found_under_both_prefixes_in_any_case(raw: httpx.AsyncClient, url: str) -> None:
    answer = await raw.get(url)
    assert (answer.status_code, answer.json()["values"]) == (200, [])
    assert answer.json()["href"] == url


@pytest.mark.parametrize("path", ["$cancelplacements", "%24cancelplacements", "%24CancelPlacements"])
async def test_a_dollar_may_be_escaped(raw: httpx.AsyncClient, path: str) -> None:
    answer = await raw.post(f"{MANAGE}/{path}", content=b'{"a":{"scope":"s","code":"c"}}', headers=JSON)
    assert answer.json()["failed"]["a"]["type"] == "PlacementNotFound"


@pytest.mark.parametrize("endpoint", OPERATIONS, ids=lambda endpoint: endpoint.name)
async def test_every_endpoint_of_the_contract_is_served(raw: httpx.AsyncClient, endpoint: Any) -> None:
    path = endpoint.path.format(scope="Desk", code="X")
    answer = await raw.request(endpoint.method, path, headers=JSON)
    assert answer.status_code in (200, 400, 404)
    assert {
        "lusid-meta-success",
        "lusid-meta-requestid",
        "lusid-meta-correlationid",
        "lusid-meta-duration",
    } <= {*answer.headers}


async def test_a_success_has_lusids_headers(raw: httpx.AsyncClient) -> None:
    answer = await raw.get("/api/orders", headers={"CorrelationId": "basket-7"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["lusid-meta-success"] == "True"
    assert answer.headers["lusid-meta-correlationid"] == "basket-7"
    assert answer.headers["lusid-meta-duration"].isdigit()
    again = await raw.get("/api/orders")
    assert again.headers["lusid-meta-requestid"] != answer.headers["lusid-meta-requestid"]
    assert again.headers["lusid-meta-correlationid"] == again.headers["lusid-meta-requestid"]


async def test_a_version_names_the_request_that_made_it(raw: httpx.AsyncClient) -> None:
    answer = await raw.post(CREATE, content=body_of("01_create_orders"), headers=JSON)
    version = answer.json()["values"][0]["block"]["version"]
    assert version["requestIdCreated"] == answer.headers["lusid-meta-requestid"]
    assert version["userIdCreated"] == "dealer"


async def test_booleans_are_read_in_any_case(raw: httpx.AsyncClient) -> None:
    for text in ("True", "true", "FALSE"):
        assert (await raw.get(f"/api/ordergraph/blocks?includeSwept={text}")).status_code == 200
    answer = await raw.get("/api/ordergraph/blocks?includeSwept=perhaps")
    assert problem(answer).code == 151


async def test_a_time_zone_whose_plus_was_not_escaped_is_accepted(raw: httpx.AsyncClient) -> None:
    assert (await raw.get("/api/orders?asAt=2026-11-20T09:00:00+00:00")).status_code == 200
    assert problem(await raw.get("/api/orders?asAt=yesterday")).code == 151


# -- what is not there -----------------------------------------------------------------------------------


async def test_a_part_of_lusid_that_is_not_modelled_is_answered_501(raw: httpx.AsyncClient) -> None:
    for method, path in (("GET", "/api/workspaces"), ("POST", "/api/orderinstructions"), ("PUT", "/api")):
        found = problem(await raw.request(method, path, headers=JSON))
        assert found.status == 501
        assert found.detail is not None
        assert "is not modelled by this server" in found.detail


async def test_other_paths_and_methods_are_not_found(raw: httpx.AsyncClient) -> None:
    assert problem(await raw.get("http://embedded/")).status == 404
    answer = await raw.delete("/api/blocks")
    assert answer.headers["allow"] == "GET, POST"
    found = problem(answer)
    assert (found.status, found.detail) == (405, "/api/api/blocks is served for GET, POST, not for DELETE.")


@pytest.mark.parametrize(
    ("plural", "code", "name"),
    [
        ("blocks", 727, "Block"),
        ("orders", 650, "Order"),
        ("placements", 725, "Placement"),
        ("executions", 726, "Execution"),
        ("allocations", 654, "Allocation"),
    ],
)
async def test_a_missing_entity_is_answered_as_in_the_example(
    raw: httpx.AsyncClient, plural: str, code: int, name: str
) -> None:
    answer = await raw.get(f"/api/{plural}/Desk/X-404")
    found = problem(answer)
    assert (found.status, found.code, found.name) == (404, code, f"{name}NotFound")
    assert found.title == f"The {name} requested was not found."
    assert found.detail == f"No {name.lower()} with scope 'Desk' and code 'X-404' exists."
    assert answer.json()["extensions"] == {}


async def test_without_a_market_its_endpoints_are_not_served(raw: httpx.AsyncClient) -> None:
    assert problem(await raw.get("http://embedded/market")).status == 404


# -- bodies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "application/json-patch+json",
        "application/json",
        "text/json",
        "application/vnd.x+json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
    ],
)
async def test_the_contracts_content_types_are_accepted(raw: httpx.AsyncClient, content: str) -> None:
    headers = {"content-type": content}
    answer = await raw.post(CREATE, content=body_of("01_create_orders"), headers=headers)
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "content", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
async def test_other_content_types_are_refused(raw: httpx.AsyncClient, content: str) -> None:
    headers = {"content-type": content} if content else {}
    answer = await raw.post(CREATE, content=body_of("01_create_orders"), headers=headers)
    assert problem(answer).status == 415
    assert (await raw.get("/api/orders")).json()["values"] == []


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        (b"", "Body", "A non-empty request body is required."),
        (b"   ", "Body", "A non-empty request body is required."),
        (b"null", "Body", "A non-empty request body is required."),
        (b"{", "Body", "cannot be read"),
        (b"[]", "Body", "Could not convert array to object."),
        (b'{"requests":NaN}', "Body", "cannot be read"),
        (b"\xff\xfe", "Body", "cannot be read"),
        (b"[" * 100_000 + b"]" * 100_000, "Body", "nested more than 32 deep"),
        (b"[" * 100_000, "Body", "nested more than 32 deep"),
        (b'{"requests":[{}]}', "Requests[0].BlockId", "The BlockId field is required."),
        (
            b'{"requests":[{"blockId":{"scope":"a","code":7}}]}',
            "Requests[0].BlockId.Code",
            "Could not convert integer to string: 7.",
        ),
    ],
)
async def test_a_malformed_body_is_refused_by_field(
    raw: httpx.AsyncClient, body: bytes, field: str, sentence: str
) -> None:
    found = problem(await raw.post(CREATE, content=body, headers=JSON))
    assert (found.status, found.code, found.name) == (400, 157, "InvalidRequest")
    assert found.errors is not None
    assert sentence in " ".join(found.errors[field])


async def test_absurd_numbers_are_refused(raw: httpx.AsyncClient) -> None:
    text = body_of("01_create_orders").decode()
    for number in ("1e400", "-1E+99", "1e-300", "9" * 100):
        body = text.replace('"quantity": 100', f'"quantity": {number}')
        assert body != text
        found = problem(await raw.post(CREATE, content=body, headers=JSON))
        assert "is not a number that can be traded" in str(found.errors)


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(raw: httpx.AsyncClient) -> None:
    answer = await raw.post(CREATE, content=b" " * (10 * 1024 * 1024 + 1), headers=JSON)
    assert problem(answer).status == 413


async def test_unknown_members_are_ignored_and_zoneless_times_are_utc(raw: httpx.AsyncClient) -> None:
    body = json.loads(body_of("01_create_orders"))
    body["requests"][0]["colour"] = {"red": [1, 2, {"deep": None}]}
    body["requests"][0]["date"] = "2026-11-20T09:00:00"
    body["requests"][0]["orders"][0]["date"] = "2026-11-20"
    block = (await raw.post(CREATE, json=body)).json()["values"][0]
    assert block["block"]["createdDate"] == "2026-11-20T09:00:00.0000000+00:00"
    assert block["orders"][0]["date"] == "2026-11-20T00:00:00.0000000+00:00"


async def test_text_is_stored_as_it_was_sent(raw: httpx.AsyncClient) -> None:
    hostile = "\x1b]52;c;aGk=\x07 Zürich \u202e[/x] 2026-11-20"
    body = json.loads(body_of("01_create_orders"))
    label = body["requests"][0]["orders"][0]["properties"]["Order/Desk/Strategy"]["value"]
    label["labelValue"] = hostile
    await raw.post(CREATE, json=body)
    kept = (await raw.get("/api/orders/Desk/ORD-1")).json()["properties"]["Order/Desk/Strategy"]
    assert kept["value"]["labelValue"] == hostile


async def test_a_refused_call_changes_nothing(raw: httpx.AsyncClient) -> None:
    body = json.loads(body_of("01_create_orders"))
    body["requests"][1]["orders"][1]["quantity"] = -5
    answer = await raw.post(CREATE, json=body)
    assert problem(answer).status == 400
    for plural in ("orders", "blocks"):
        assert (await raw.get(f"/api/{plural}")).json()["values"] == []


# -- who may enter -----------------------------------------------------------------------------------------


@pytest.fixture
async def guarded(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    """A server that requires tokens: Hart may trade, the auditor may only read."""
    users = {
        "pm.hart": User("pm.hart", token=digest("s3cret")),
        "auditor": User("auditor", token=digest("look"), read_only=True),
    }
    async with client_of(engine, ServerSettings(tokens=Tokens(Users(users)))) as made:
        yield made


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic s3cret", "Bearer s3cret2"]
)
async def test_a_request_without_a_valid_token_is_refused(guarded: httpx.AsyncClient, header: str) -> None:
    for path in ("/api/orders", "/api/nowhere", "http://embedded/market"):
        answer = await guarded.get(path, headers={"authorization": header} if header else {})
        found = problem(answer)
        assert (found.status, found.code, found.name) == (401, 187, "InvalidIdentityToken")
        assert "s3cret" not in answer.text


async def test_a_write_is_stored_under_the_tokens_user(guarded: httpx.AsyncClient) -> None:
    headers = {"authorization": "bearer s3cret", **JSON}
    answer = await guarded.post(CREATE, content=body_of("01_create_orders"), headers=headers)
    assert answer.json()["values"][0]["block"]["version"]["userIdCreated"] == "pm.hart"


async def test_a_read_only_token_cannot_write(guarded: httpx.AsyncClient) -> None:
    headers = {"authorization": "Bearer look", **JSON}
    found = problem(await guarded.post(CREATE, content=body_of("01_create_orders"), headers=headers))
    assert (found.status, found.code, found.name) == (403, 186, "AccessDenied")
    assert (await guarded.get("/api/orders", headers=headers)).json()["values"] == []


async def test_a_read_only_token_cannot_control_the_market() -> None:
    users = Users({"auditor": User("auditor", token=digest("look"), read_only=True)})
    embedded = await Embedded.open(None, size="empty", settings=ServerSettings(tokens=Tokens(users)))
    try:
        headers = {"authorization": "Bearer look"}
        transport = asgi_transport(embedded.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://embedded", headers=headers
        ) as server:
            assert (await server.get("/market")).status_code == 200
            assert problem(await server.post("/market", json={"running": False})).status == 403
            assert (await server.get("/market")).json()["running"] is True
    finally:
        await embedded.close()


async def test_web_pages_and_other_host_names_are_refused(engine: Engine) -> None:
    settings = ServerSettings(hosts=frozenset({"127.0.0.1", "[::1]"}))
    async with client_of(engine, settings, "http://127.0.0.1:8011/api") as server:
        assert (await server.get("/api/orders")).status_code == 200
        assert (await server.get("/api/orders", headers={"host": "[::1]:8011"})).status_code == 200
        for headers in ({"host": "evil.example"}, {"host": ""}, {"origin": "http://127.0.0.1:8011"}):
            assert problem(await server.get("/api/orders", headers=headers)).status == 403


async def test_a_list_returns_the_stored_json_to_the_last_digit(
    engine: Engine, raw: httpx.AsyncClient
) -> None:
    quantity = codec.decode(Order, codec.encode(an_order("X"))).quantity
    assert quantity is not None
    engine.write(put, [an_order("ORD-1", quantity=quantity.scaleb(-20) + quantity)], user="u")
    assert '"quantity":100.00000000000000000100,' in (await raw.get("/api/orders")).text
