"""Get, list, upsert and delete of every family, and the ways a call is refused, by the official SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .sdk import Desk, desk_of, expected, facts, got, keyed, lusid, sent
from .serving import Served, served

ApiException = lusid.ApiException


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as running:
        yield running


@pytest.fixture(params=["sync", "async"])
async def desk(server: Served, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with desk_of(server, request.param) as made:
        yield made


@pytest.fixture
def scope(request: pytest.FixtureRequest) -> str:
    """A scope of this test alone, for all share one server."""
    return "".join(char for char in request.node.name if char.isalnum())[-40:]


@dataclass(frozen=True)
class Family:
    """How the SDK names one family of entities, and what the contract answers to an upsert of it."""

    singular: str
    body: Any
    example: str
    answer: Any
    status: int
    missing: int

    @property
    def plural(self) -> str:
        return f"{self.singular}s"

    def requests(self, scope: str) -> Any:
        """Give the contract's request with every id moved to ``scope``."""
        return self.body.from_dict(moved(sent(self.example), scope))


FAMILIES = [
    Family("block", lusid.BlockSetRequest, "20_upsert_blocks", lusid.ResourceListOfBlock, 201, 727),
    Family("order", lusid.OrderSetRequest, "21_upsert_orders", lusid.ResourceListOfOrder, 201, 650),
    Family(
        "placement",
        lusid.PlacementSetRequest,
        "22_upsert_placements",
        lusid.ResourceListOfPlacement,
        201,
        725,
    ),
    Family(
        "execution",
        lusid.ExecutionSetRequest,
        "08_upsert_executions",
        lusid.ResourceListOfExecution,
        201,
        726,
    ),
    Family(
        "allocation",
        lusid.AllocationSetRequest,
        "24_upsert_allocations",
        lusid.ResourceListOfAllocation,
        200,
        654,
    ),
]


def moved(value: Any, scope: str) -> Any:
    """Put every id of a request into another scope."""
    if isinstance(value, dict):
        here = {"scope": scope} if value.keys() == {"scope", "code"} else {}
        return {name: moved(member, scope) for name, member in value.items()} | here
    return [moved(member, scope) for member in value] if isinstance(value, list) else value


async def with_what_it_needs(desk: Desk, family: Family, scope: str) -> Any:
    """Give an upsert of one family after everything its entities refer to was written."""
    if family.singular in ("placement", "execution", "allocation"):
        orders = lusid.BlockAndOrdersCreateRequest.from_dict(moved(sent("01_create_orders"), scope))
        await got(desk.manage.create_orders(orders))
        parents = lusid.PlacementSetRequest.from_dict(moved(sent("04_place_blocks"), scope))
        await got(desk.placements.upsert_placements(parents))
    if family.singular == "allocation":
        fills = lusid.ExecutionSetRequest.from_dict(moved(sent("08_upsert_executions"), scope))
        await got(desk.executions.upsert_executions(fills))
    return family.requests(scope)


async def refusal(answer: Any) -> tuple[ApiException, Any]:
    """Give the error of a call that must fail, and the problem document it carries."""
    with pytest.raises(ApiException) as caught:
        await got(answer())
    return caught.value, lusid.LusidProblemDetails.from_json(caught.value.body)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.plural)
async def test_an_entity_is_written_read_listed_and_deleted(desk: Desk, family: Family, scope: str) -> None:
    api = getattr(desk, family.plural)
    get, delete = getattr(api, f"get_{family.singular}"), getattr(api, f"delete_{family.singular}")
    body = await with_what_it_needs(desk, family, scope)

    written = await got(getattr(api, f"upsert_{family.plural}_with_http_info")(body))
    assert written.status_code == family.status
    contract = expected(family.answer, family.example)
    assert facts(written.data, "scope") == facts(contract, "scope")

    entity = written.data.values[0]
    code = entity.id.code
    read = await got(get(scope, code))
    assert facts(read) == facts(entity)
    listed = await got(
        getattr(api, f"list_{family.plural}")(filter=f"id.scope eq '{scope}' and id.code eq '{code}'")
    )
    assert [facts(row) for row in listed.values] == [facts(entity)]

    before = read.version.as_at_modified
    deleted = await got(delete(scope, code))
    assert deleted.as_at >= before
    error, problem = await refusal(lambda: get(scope, code))
    assert (error.status, problem.code) == (404, family.missing)
    assert facts(await got(get(scope, code, as_at=before))) == facts(entity)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.plural)
async def test_what_is_not_there_is_404_with_its_code(desk: Desk, family: Family) -> None:
    error, problem = await refusal(
        lambda: getattr(getattr(desk, family.plural), f"get_{family.singular}")("Desk", "NONE")
    )
    assert error.status == 404
    assert (problem.name, problem.code) == (f"{family.singular.title()}NotFound", family.missing)
    assert problem.detail == f"No {family.singular} with scope 'Desk' and code 'NONE' exists."


async def test_an_order_nobody_knows_has_no_history(desk: Desk) -> None:
    error, _ = await refusal(lambda: desk.manage.get_order_history("Desk", "NONE"))
    assert error.status == 404


async def test_a_refused_call_says_which_rule_it_broke(desk: Desk, scope: str) -> None:
    body = lusid.PlaceBlocksRequest.from_dict(moved(sent("04_place_blocks"), scope))
    with pytest.raises(ApiException) as caught:
        await got(desk.manage.place_blocks(body))
    assert caught.value.status == 400
    problem = lusid.LusidValidationProblemDetails.from_json(caught.value.body)
    assert problem.code == 727


async def test_a_filter_that_cannot_be_read_is_400_with_code_233(desk: Desk) -> None:
    error, problem = await refusal(lambda: desk.orders.list_orders(filter="state eqq 'New'"))
    assert (error.status, problem.code, problem.name) == (400, 233, "QueryParserFailure")


async def test_partial_calls_report_every_key(desk: Desk) -> None:
    answer = await got(desk.manage.cancel_orders(keyed(lusid.ResourceId, "07_cancel_orders")))
    assert {*(answer.values or {}), *(answer.failed or {})} == {"c1", "c2"}


@pytest.mark.parametrize("flavour", ["sync", "async"])
async def test_a_wrong_token_is_401_with_code_187(server: Served, flavour: Any) -> None:
    async with desk_of(server, flavour, token="not-the-token") as stranger:
        error, problem = await refusal(lambda: stranger.orders.list_orders())
    assert (error.status, problem.code) == (401, 187)


async def test_pages_follow_each_other_without_loss(desk: Desk, scope: str) -> None:
    [order] = moved(sent("21_upsert_orders"), scope)["orderRequests"]
    orders = [{**order, "id": {"scope": scope, "code": f"P-{number:02}"}} for number in range(25)]
    template = lusid.OrderSetRequest.from_dict({"orderRequests": orders})
    await got(desk.orders.upsert_orders(template))

    seen, token = [], None
    while True:
        page = await got(
            desk.orders.list_orders(
                filter=f"id.scope eq '{scope}'", sort_by=["id.code DESC"], limit=10, page=token
            )
        )
        seen += [entry.id.code for entry in page.values]
        token = page.next_page
        if not token:
            break
    assert seen == [f"P-{number:02}" for number in reversed(range(25))]


async def test_every_answer_names_its_request(desk: Desk) -> None:
    answer = await got(desk.blocks.list_blocks_with_http_info(limit=1))
    headers = {name.lower(): value for name, value in dict(answer.headers).items()}
    assert headers["lusid-meta-success"] == "True"
    assert headers["lusid-meta-requestid"]
    assert headers["content-type"].startswith("application/json")
