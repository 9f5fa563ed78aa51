"""Who may do what: the answer of the access service and the server's behaviour are of one table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tui.api.http import asgi_transport
from tui.api.operation import Operation
from tui.api.operations import OPERATIONS
from tui.api.reference_operations import EVALUATE_ACCESS, OWN_POLICIES, REFERENCE
from tui.oms.auth.rights import ROLES
from tui.oms.auth.tokens import Tokens
from tui.oms.auth.users import User, Users, digest
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings

WRITES = [each for each in (*OPERATIONS, *REFERENCE) if each.effect == "writes"]


@pytest.fixture
async def line(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    users: dict[str, User] = {role: User(role, token=digest(role), role=role) for role in ROLES}
    users["anybody"] = User("anybody", token=digest("anybody"))
    users["auditor"] = User("auditor", token=digest("auditor"), read_only=True)
    server = Server(engine, ServerSettings(tokens=Tokens(Users(users))))
    async with httpx.AsyncClient(transport=asgi_transport(server), base_url="http://embedded") as made:
        yield made


def question(code: str, **other: str) -> dict[str, Any]:
    action = {"entityCode": "Feature", "scope": "default", "activity": "Execute", **other}
    return {"request": {"action": action}, "resource": {"id": {"scope": "LUSID", "code": code}}}


async def results(line: httpx.AsyncClient, user: str, asked: dict[str, Any]) -> dict[str, str]:
    answer = await line.post(EVALUATE_ACCESS.path, json=asked, headers={"authorization": f"Bearer {user}"})
    assert answer.status_code == 200, answer.text
    return {name: each["result"] for name, each in answer.json().items()}


async def is_refused(line: httpx.AsyncClient, user: str, operation: Operation[Any, Any]) -> bool:
    path = operation.path.format(scope="Desk", code="NONE")
    headers = {"authorization": f"Bearer {user}", "content-type": "application/json"}
    answer = await line.request(operation.method, path, content=b"[]", headers=headers)
    assert answer.status_code != 401
    return answer.status_code == 403


@pytest.mark.parametrize("user", [*ROLES, "anybody", "auditor"])
async def test_what_is_denied_is_refused_and_what_is_granted_is_not(
    line: httpx.AsyncClient, user: str
) -> None:
    answers = await results(line, user, {each.name: question(each.feature) for each in WRITES})
    for operation in WRITES:
        denied = answers[operation.name] == "Denied"
        assert await is_refused(line, user, operation) is denied, operation.name


async def test_roles_have_the_rights_of_their_trade(line: httpx.AsyncClient) -> None:
    asked = {code: question(code) for code in ("PlaceBlocks", "BookTransactions", "RunCompliance")}
    found = {user: await results(line, user, asked) for user in ("dealer", "pm", "mo", "reader", "anybody")}
    granted = {
        user: {code for code, result in each.items() if result == "Granted"} for user, each in found.items()
    }
    assert granted == {
        "dealer": {"PlaceBlocks", "RunCompliance"},
        "pm": {"RunCompliance"},
        "mo": {"BookTransactions"},
        "reader": set(),
        "anybody": {"PlaceBlocks", "BookTransactions", "RunCompliance"},
    }


async def test_codes_are_of_any_case_and_what_is_not_known_is_denied(line: httpx.AsyncClient) -> None:
    asked = {
        "lower": question("placeblocks", activity="execute", entityCode="feature"),
        "unknown": question("DoAnything"),
        "data": question("PlaceBlocks", entityCode="Portfolio", activity="Any"),
    }
    assert await results(line, "dealer", asked) == {
        "lower": "Granted",
        "unknown": "Denied",
        "data": "Denied",
    }


async def test_a_refusal_says_which_right_is_missing(line: httpx.AsyncClient) -> None:
    answer = await line.post(
        "/api/ordermanagement/placeblocks", json={"requests": []}, headers={"authorization": "Bearer mo"}
    )
    assert answer.status_code == 403
    assert answer.json()["detail"] == "PlaceBlocks is not among the rights of mo."


async def test_own_policies_are_those_of_the_role(line: httpx.AsyncClient) -> None:
    answer = await line.get(OWN_POLICIES.path, headers={"authorization": "Bearer pm"})
    (policy,) = answer.json()
    assert (policy["sourceRole"], policy["grant"]) == ({"scope": "default", "code": "pm"}, "Allow")


@pytest.mark.parametrize("body", ["", "[]", '{"a": {}}'])
async def test_a_question_that_cannot_be_read_is_refused(line: httpx.AsyncClient, body: str) -> None:
    headers = {"authorization": "Bearer pm", "content-type": "application/json"}
    assert (await line.post(EVALUATE_ACCESS.path, content=body, headers=headers)).status_code == 400
    assert (await line.post(EVALUATE_ACCESS.path, content="{}")).status_code in (401, 415)
