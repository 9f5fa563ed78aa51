"""Malformed bodies: all errors are reported in one response."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, body_of

CREATE = f"{MANAGE}/createorders"
JSON = {"content-type": "application/json"}


async def errors(raw: httpx.AsyncClient, path: str, body: Any) -> dict[str, list[str]]:
    answer = await raw.post(path, json=body)
    found = answer.json()
    assert (answer.status_code, found["code"], found["name"]) == (400, 157, "InvalidRequest")
    assert found["title"] == "One or more validation errors occurred."
    assert found["detail"] == "One or more elements of the request were invalid."
    told: dict[str, list[str]] = found["errors"]
    return told


async def test_all_missing_members_are_reported_at_once(raw: httpx.AsyncClient) -> None:
    body = json.loads(body_of("01_create_orders"))
    del body["requests"][0]["blockId"]
    body["requests"][0]["orders"][1]["id"] = None
    del body["requests"][1]["orders"][0]["id"]["code"]
    del body["requests"][1]["instrumentIdentifiers"]
    assert await errors(raw, CREATE, body) == {
        "Requests[0].BlockId": ["The BlockId field is required."],
        "Requests[0].Orders[1].Id": ["The Id field is required."],
        "Requests[1].Orders[0].Id.Code": ["The Code field is required."],
        "Requests[1].InstrumentIdentifiers": ["The InstrumentIdentifiers field is required."],
    }


async def test_all_members_of_a_wrong_type_are_reported_at_once(raw: httpx.AsyncClient) -> None:
    body = json.loads(body_of("01_create_orders"))
    first, second = body["requests"]
    first["orders"][0]["quantity"] = "a lot"
    first["orders"][1]["date"] = "yesterday"
    first["orders"][2]["properties"] = []
    first["limitPrice"] = 190
    second["orders"] = {"id": 1}
    second["side"] = True
    assert await errors(raw, CREATE, body) == {
        "Requests[0].Orders[0].Quantity": ["Could not convert string to decimal: a lot."],
        "Requests[0].Orders[1].Date": ["Could not convert string to date-time: yesterday."],
        "Requests[0].Orders[2].Properties": ["Could not convert array to object."],
        "Requests[0].LimitPrice": ["Could not convert integer to object: 190."],
        "Requests[1].Orders": ["Could not convert object to array."],
        "Requests[1].Side": ["Could not convert boolean to string: True."],
    }


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (
            f"{MANAGE}/updateorders",
            {"u1": {}, "u2": {"id": {"scope": "s", "code": "c"}}, "u3": None},
            {"[u1].Id": ["The Id field is required."], "[u3]": ["The [u3] field is required."]},
        ),
        (
            f"{MANAGE}/allocate",
            [{"scope": "s"}, 7, {"scope": "s", "code": "c"}],
            {"[0].Code": ["The Code field is required."], "[1]": ["Could not convert integer to object: 7."]},
        ),
        (
            "/api/orders",
            {"orderRequests": [{"id": {"scope": "s", "code": "c"}, "side": "Buy", "quantity": [1]}]},
            {
                "OrderRequests[0].InstrumentIdentifiers": ["The InstrumentIdentifiers field is required."],
                "OrderRequests[0].Quantity": ["Could not convert array to decimal."],
            },
        ),
    ],
)
async def test_errors_in_maps_and_lists_are_reported_by_key_and_index(
    raw: httpx.AsyncClient, path: str, body: Any, told: dict[str, list[str]]
) -> None:
    assert await errors(raw, path, body) == told


async def test_the_number_of_listed_errors_is_bounded(raw: httpx.AsyncClient) -> None:
    told = await errors(raw, CREATE, {"requests": [{}] * 5_000})
    assert len(told) == 200
    told = await errors(raw, CREATE, {"requests": "x" * 5_000})
    assert told == {"Requests": [f"Could not convert string to array: {'x' * 60}."]}


@pytest.mark.parametrize(
    ("key", "found", "told"),
    [
        (
            "Order/Desk/Note",
            {"key": "Order/Desk/Other"},
            {"Key": "must repeat the key its property is under."},
        ),
        ("Note", {"key": "Note"}, {"Key": "must be a property key: Order/scope/code."}),
        ("Order/Desk", {"key": "Order/Desk"}, {"Key": "must be a property key: Order/scope/code."}),
        ("Block/Desk/Note", {"key": "Block/Desk/Note"}, {"Key": "must be a property key: Order/scope/code."}),
        (
            "Order/Desk/Note",
            {"key": "Order/Desk/Note", "value": {"labelValue": "x", "metricValue": {"value": 1}}},
            {"Value": "must have exactly one member."},
        ),
        (
            "Order/Desk/Note",
            {"key": "Order/Desk/Note", "value": {}},
            {"Value": "must have exactly one member."},
        ),
    ],
)
async def test_properties_are_under_their_own_key_of_the_entitys_domain_and_have_one_value(
    raw: httpx.AsyncClient, key: str, found: dict[str, Any], told: dict[str, str]
) -> None:
    """1.0: wherever a request has properties."""
    body = json.loads(body_of("01_create_orders"))
    body["requests"][0]["orders"][0]["properties"] = {key: found}
    update = {"u1": {"id": {"scope": "Desk", "code": "ORD-1"}, "properties": {key: found}}}
    record = json.loads(body_of("21_upsert_orders"))
    record["orderRequests"][0]["properties"] = {key: found}
    for path, request, at in (
        (CREATE, body, "Requests[0].Orders[0]"),
        (f"{MANAGE}/updateorders", update, "[u1]"),
        ("/api/orders", record, "OrderRequests[0]"),
    ):
        assert await errors(raw, path, request) == {
            f"{at}.Properties[{key}].{field}": [f"The field {field} {words}"] for field, words in told.items()
        }


async def test_a_propertys_domain_may_be_plural_as_in_the_sdks_texts(raw: httpx.AsyncClient) -> None:
    body = json.loads(body_of("21_upsert_orders"))
    spelt = {"Orders/Desk/Note": {"key": "Orders/Desk/Note", "value": {"labelValue": "x"}}}
    body["orderRequests"][0]["properties"] = spelt
    answer = await raw.post("/api/orders", json=body)
    assert (answer.status_code, answer.json()["values"][0]["properties"]) == (201, spelt)


async def test_only_a_400_lists_errors_by_field(raw: httpx.AsyncClient) -> None:
    """2.0: any other failure is a LusidProblemDetails, which has no such member."""
    refused = await raw.post(CREATE, json={})
    unread = await raw.post(CREATE, content=b"{}", headers={"content-type": "text/plain"})
    assert (refused.status_code, "errors" in refused.json()) == (400, True)
    assert (unread.status_code, "errors" in unread.json()) == (415, False)
    assert "text/plain" in unread.json()["detail"]


LARGE = "x" * (16 * 1024 + 1)
TOO_LONG = "A text of the body is longer than 16384 bytes."


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"[" * 1_000, {"Body": ["The body is nested more than 32 deep."]}),
        (b'{"requests": [{"a": ' * 20, {"Body": ["The body is nested more than 32 deep."]}),
        (
            f'{{"requests": ["{LARGE}"]}}'.encode(),
            {"Body": [TOO_LONG]},
        ),
        (f'{{"{LARGE}": 1}}'.encode(), {"Body": [TOO_LONG]}),
        (
            b'{"requests": ["' + b'\\"' * 9_000 + b'"]}',
            {"Body": [TOO_LONG]},
        ),
    ],
)
async def test_what_is_too_large_is_refused(raw: httpx.AsyncClient, body: bytes, wrong: Any) -> None:
    answer = await raw.post(CREATE, content=body, headers=JSON)
    found = answer.json()
    assert (answer.status_code, found["code"]) == (400, 157)
    assert found["errors"] == wrong


async def test_a_call_has_at_most_5000_items(raw: httpx.AsyncClient) -> None:
    ids = {str(number): {"scope": "Desk", "code": f"ORD-{number}"} for number in range(5_001)}
    assert await errors(raw, f"{MANAGE}/cancelorders", ids) == {
        "Body": ["The field Body must have at most 5000 items."]
    }


async def test_an_item_has_at_most_250_properties(raw: httpx.AsyncClient) -> None:
    body = json.loads(body_of("01_create_orders"))
    keys = [f"Order/Desk/{number}" for number in range(251)]
    body["requests"][0]["orders"][0]["properties"] = {
        key: {"key": key, "value": {"labelValue": "x"}} for key in keys
    }
    (wrong,) = (await errors(raw, CREATE, body)).values()
    assert wrong == ["An item must have at most 250 properties."]


async def test_a_refusal_quotes_no_more_than_fits_a_screen(raw: httpx.AsyncClient) -> None:
    body = json.loads(body_of("01_create_orders"))
    assert (await raw.post(CREATE, json=body)).status_code == 201
    first = body["requests"][0]
    first["orders"] = [{**first["orders"][0], "id": {"scope": "Desk", "code": "ORD-9"}}]
    first["instrumentIdentifiers"] = {"Instrument/default/Figi": "x" * 16_000}
    refused = await raw.post(CREATE, json={"requests": [first]})
    assert refused.status_code == 400
    assert len(refused.json()["detail"]) == 2_000
