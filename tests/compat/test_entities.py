"""Get, list, upsert and delete of every entity by the official SDK: done, and refused."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.compat.sdk import SdkDesk, expected, facts, got, lusid, moved, refusal, request, sent

proves = pytest.mark.proves


@dataclass(frozen=True)
class EntityCase:
    """The SDK's names for one kind of entity, and the contract's answers to an upsert of it.

    ``refused`` is the code of an upsert whose entity refers to what is not there, or is not sensible.
    """

    singular: str
    body: Any
    example: str
    answer: Any
    status: int
    missing: int
    wrong: dict[str, Any]
    refused: int

    @property
    def plural(self) -> str:
        return f"{self.singular}s"

    def named(self, method: str) -> str:
        """Return the name of a method for this kind of entity."""
        return method.format(singular=self.singular, plural=self.plural)

    def requests(self, scope: str, **changes: Any) -> Any:
        """Return the contract's request with every id in ``scope`` and every entity changed."""
        [name, entities] = next(iter(moved(sent(self.example), scope).items()))
        return self.body.from_dict({name: [entity | changes for entity in entities]})


NOWHERE = {"scope": "Nowhere", "code": "NONE"}
ENTITIES = [
    EntityCase(
        *("block", lusid.BlockSetRequest, "20_upsert_blocks", lusid.ResourceListOfBlock),
        status=201,
        missing=727,
        wrong={"orderIds": [NOWHERE]},
        refused=650,
    ),
    EntityCase(
        *("order", lusid.OrderSetRequest, "21_upsert_orders", lusid.ResourceListOfOrder),
        status=201,
        missing=650,
        wrong={"quantity": -1},
        refused=151,
    ),
    EntityCase(
        *("placement", lusid.PlacementSetRequest, "22_upsert_placements", lusid.ResourceListOfPlacement),
        status=201,
        missing=725,
        wrong={"blockIds": [NOWHERE]},
        refused=727,
    ),
    EntityCase(
        *("execution", lusid.ExecutionSetRequest, "08_upsert_executions", lusid.ResourceListOfExecution),
        status=201,
        missing=726,
        wrong={"placementId": NOWHERE},
        refused=725,
    ),
    EntityCase(
        *("allocation", lusid.AllocationSetRequest, "24_upsert_allocations", lusid.ResourceListOfAllocation),
        status=200,
        missing=654,
        wrong={"quantity": -1},
        refused=151,
    ),
]
each_entity = pytest.mark.parametrize("case", ENTITIES, ids=lambda case: case.plural)


def method(desk: SdkDesk, case: EntityCase, verb: str) -> Any:
    """Return a method of an API by its verb, such as ``get_{singular}``."""
    return getattr(getattr(desk, case.plural), case.named(verb))


async def with_what_it_needs(desk: SdkDesk, case: EntityCase, scope: str) -> Any:
    """Return an upsert after writing everything its entities refer to."""
    if case.singular in ("placement", "execution", "allocation"):
        await got(
            desk.manage.create_orders(request(lusid.BlockAndOrdersCreateRequest, "01_create_orders", scope))
        )
        parents = request(lusid.PlacementSetRequest, "04_place_blocks", scope)
        await got(desk.placements.upsert_placements(parents))
    if case.singular == "allocation":
        fills = request(lusid.ExecutionSetRequest, "08_upsert_executions", scope)
        await got(desk.executions.upsert_executions(fills))
    return case.requests(scope)


@proves("upsert_{plural}", "success")
@proves("get_{singular}", "success")
@proves("get_{singular}", "failure")
@proves("list_{plural}", "success")
@proves("delete_{singular}", "success")
@each_entity
async def test_an_entity_is_written_read_listed_and_deleted(
    desk: SdkDesk, case: EntityCase, scope: str
) -> None:
    get, delete = method(desk, case, "get_{singular}"), method(desk, case, "delete_{singular}")
    body = await with_what_it_needs(desk, case, scope)

    written = await got(method(desk, case, "upsert_{plural}_with_http_info")(body))
    assert written.status_code == case.status
    contract = expected(case.answer, case.example)
    assert facts(written.data, "scope") == facts(contract, "scope")

    entity = written.data.values[0]
    code = entity.id.code
    read = await got(get(scope, code))
    assert facts(read) == facts(entity)
    listed = await got(
        method(desk, case, "list_{plural}")(filter=f"id.scope eq '{scope}' and id.code eq '{code}'")
    )
    assert [facts(row) for row in listed.values] == [facts(entity)]

    before = read.version.as_at_modified
    deleted = await got(delete(scope, code))
    assert deleted.as_at >= before
    error, problem = await refusal(lambda: get(scope, code))
    assert (error.status, problem.code) == (404, case.missing)
    assert facts(await got(get(scope, code, as_at=before))) == facts(entity)


@proves("get_{singular}", "failure")
@proves("delete_{singular}", "failure")
@each_entity
async def test_what_is_not_there_is_404_with_its_code(desk: SdkDesk, case: EntityCase) -> None:
    for verb in ("get_{singular}", "delete_{singular}"):
        error, problem = await refusal(partial(method(desk, case, verb), "Desk", "NONE"))
        assert error.status == 404
        assert (problem.name, problem.code) == (f"{case.singular.title()}NotFound", case.missing)
        assert problem.detail == f"No {case.singular} with scope 'Desk' and code 'NONE' exists."


@proves("upsert_{plural}", "failure")
@each_entity
async def test_a_refused_upsert_leaves_nothing_behind(desk: SdkDesk, case: EntityCase, scope: str) -> None:
    body = await with_what_it_needs(desk, case, scope)
    bad = case.requests(scope, **case.wrong)
    error, problem = await refusal(lambda: method(desk, case, "upsert_{plural}")(bad))
    assert (error.status, problem.code) == (400, case.refused)
    listed = await got(method(desk, case, "list_{plural}")(filter=f"id.scope eq '{scope}'"))
    entities = next(iter(body.to_dict().values()))
    assert not {entity["id"]["code"] for entity in entities} & {entry.id.code for entry in listed.values}


@proves("list_{plural}", "failure")
@each_entity
async def test_a_filter_that_cannot_be_read_is_400_with_code_233(desk: SdkDesk, case: EntityCase) -> None:
    error, problem = await refusal(lambda: method(desk, case, "list_{plural}")(filter="state eqq 'New'"))
    assert (error.status, problem.code, problem.name) == (400, 233, "QueryParserFailure")


@proves("list_{plural}", "failure")
@each_entity
@pytest.mark.parametrize(
    ("asked", "code"), [({"sort_by": ["colour ASC"]}, 681), ({"filter": "colour eq 'red'"}, 151)]
)
async def test_a_field_nobody_has_is_refused_by_name(
    desk: SdkDesk, case: EntityCase, asked: dict[str, Any], code: int
) -> None:
    error, problem = await refusal(lambda: method(desk, case, "list_{plural}")(**asked))
    assert (error.status, problem.code) == (400, code)
    assert "colour" in problem.detail


async def test_every_answer_names_its_request(desk: SdkDesk) -> None:
    answer = await got(desk.blocks.list_blocks_with_http_info(limit=1))
    headers = {name.lower(): value for name, value in dict(answer.headers).items()}
    assert headers["lusid-meta-success"] == "True"
    assert headers["lusid-meta-requestid"]
    assert headers["content-type"].startswith("application/json")
