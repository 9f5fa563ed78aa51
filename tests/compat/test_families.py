"""Get, list, upsert and delete of every family, and the ways a call is refused, by the official SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

lusid = pytest.importorskip("lusid", reason="the official SDK is not installed: pip install -e '.[sdk]'")

from lusid.exceptions import ApiException  # noqa: E402

from .sdk import Desk, desk_of, expected, facts, got, keyed, request  # noqa: E402
from .serving import Served, served  # noqa: E402


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as running:
        yield running


@pytest.fixture(params=["sync", "async"])
async def desk(server: Served, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with desk_of(server, request.param) as made:
        yield made


def unique(body: Any, suffix: str) -> Any:
    """Give every entity of a request an id of this test alone, for all share one server."""
    for entry in getattr(body, "requests", None) or getattr(body, "order_requests", []):
        entry.id = lusid.ResourceId(scope="Desk", code=f"{entry.id.code}-{suffix}")
    return body


async def refusal(answer: Any) -> tuple[ApiException, Any]:
    """Give the error of a call that must fail, and the problem document it carries."""
    with pytest.raises(ApiException) as caught:
        await got(answer())
    return caught.value, lusid.LusidProblemDetails.from_json(caught.value.body)


async def test_an_entity_is_written_read_listed_and_deleted(desk: Desk, request_id: str) -> None:
    body = unique(request(lusid.OrderSetRequest, "21_upsert_orders"), request_id)
    code = body.order_requests[0].id.code
    written = await got(desk.orders.upsert_orders_with_http_info(body))
    assert written.status_code == 201
    kind = lusid.ResourceListOfOrder
    assert facts(written.data, "id") == facts(expected(kind, "21_upsert_orders"), "id")

    read = await got(desk.orders.get_order("Desk", code))
    assert facts(read) == facts(written.data.values[0])
    listed = await got(desk.orders.list_orders(filter=f"id.code eq '{code}' and quantity gte 10"))
    assert [facts(order) for order in listed.values] == [facts(read)]
    before = read.version.as_at_modified

    deleted = await got(desk.orders.delete_order("Desk", code))
    assert deleted.as_at >= before
    error, problem = await refusal(lambda: desk.orders.get_order("Desk", code))
    assert (error.status, problem.name, problem.code) == (404, "OrderNotFound", 650)
    earlier = await got(desk.orders.get_order("Desk", code, as_at=before))
    assert facts(earlier) == facts(read)


@pytest.fixture
def request_id(request: pytest.FixtureRequest) -> str:
    return "".join(char for char in request.node.name if char.isalnum())[-24:]


@pytest.mark.parametrize(
    ("family", "singular", "code"),
    [
        ("blocks", "block", 727),
        ("orders", "order", 650),
        ("placements", "placement", 725),
        ("executions", "execution", 726),
        ("allocations", "allocation", 654),
    ],
)
async def test_what_is_not_there_is_404_with_its_code(
    desk: Desk, family: str, singular: str, code: int
) -> None:
    api = getattr(desk, family)
    error, problem = await refusal(lambda: getattr(api, f"get_{singular}")("Desk", "NONE"))
    assert error.status == 404
    assert problem.code == code
    assert problem.name == f"{singular.title()}NotFound"
    assert "'Desk'" in problem.detail
    assert "'NONE'" in problem.detail


async def test_an_order_nobody_knows_has_no_history(desk: Desk) -> None:
    error, _ = await refusal(lambda: desk.manage.get_order_history("Desk", "NONE"))
    assert error.status == 404


async def test_a_refused_call_says_which_rule_it_broke(desk: Desk, request_id: str) -> None:
    body = unique(request(lusid.PlaceBlocksRequest, "04_place_blocks"), request_id)
    body.requests[0].block_ids = [lusid.ResourceId(scope="Desk", code="NONE")]
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


async def test_pages_follow_each_other_without_loss(desk: Desk, request_id: str) -> None:
    template = request(lusid.OrderSetRequest, "21_upsert_orders")
    [order] = template.order_requests
    template.order_requests = [order.copy(deep=True) for _ in range(25)]
    for number, entry in enumerate(template.order_requests):
        entry.id = lusid.ResourceId(scope=request_id, code=f"P-{number:02}")
    await got(desk.orders.upsert_orders(template))

    seen, token = [], None
    while True:
        page = await got(
            desk.orders.list_orders(
                filter=f"id.scope eq '{request_id}'", sort_by=["id.code DESC"], limit=10, page=token
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
