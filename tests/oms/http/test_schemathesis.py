"""Every operation of the contract's document by schemathesis, which generates unexpected requests.

Each operation meets a desk on which the worked scenario was done. The requests are as the document says
(with ids that are there as often as not) or break it on purpose. Whatever comes, the answer is never a
server error, and its status, content type and body are as the document says; what breaks the document is
refused, unless the contract itself is more generous than its document.

``BLOTTER_EXAMPLES`` asks for more than the few examples of an ordinary run; they are then other ones
each time.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.oms.contract_scenario import STEPS, body_of, play
from tests.paths import DOCUMENT
from tui.api import operations
from tui.api.http import asgi_transport
from tui.api.operations import ENTITIES, PORTFOLIO_TRANSACTIONS
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.oms.http.call import Dialect

schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis is not installed; .ci/run runs it: pip install -e '.[schema]'"
)
jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="it comes with schemathesis")

ASKED: Final = int(os.environ.get("BLOTTER_EXAMPLES", "0"))
WANTED: Final = frozenset(
    {
        *("requests", "orderRequests", "allocationRequests", "portfolioWeights"),
        *("quantity", "side", "type", "timeInForce", "limitPrice"),
    }
)
"""Members that the document makes optional and without which a call does nothing."""
LONG: Final = 1_000_000
"""Characters an address may have here: what is before a server refuses longer ones in words of its own."""
FEW: Final = 12
"""The number of examples of each kind for an operation in an ordinary run."""


def _document() -> dict[str, Any]:
    """Return the document without its bearer token, which ``test_token_endpoint`` tests."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return {name: part for name, part in document.items() if name != "security"}


def _brief() -> dict[str, Any]:
    """Return the document with requests of few items, which are generated in a tenth of the time."""
    document = _document()
    schemas = document["components"]["schemas"]
    schemas |= {f"{name}.sent": _few(schema) for name, schema in schemas.items()}
    for methods in document["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"] = _few(content["schema"])
    return document


def _few(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_few(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    few = {name: _few(part) for name, part in schema.items()}
    if isinstance(schema.get("$ref"), str):
        few["$ref"] = f"{schema['$ref']}.sent"
    if "items" in schema:
        few |= {"type": "array", "minItems": 1, "maxItems": 2}
    if wanted := WANTED & schema.get("properties", {}).keys():
        few["required"] = sorted({*schema.get("required", ()), *wanted})
    if isinstance(schema.get("additionalProperties"), dict):
        few["maxProperties"] = 2
    return few


def _operations(document: dict[str, Any]) -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.update(allow_extra_parameters=False)  # what is not known is ignored (2.0)
    found = schema.get_all_operations()
    return {result.ok().definition.raw["operationId"]: result.ok() for result in found}


OPERATIONS: Final = _operations(_brief())


def _as_documented(document: dict[str, Any]) -> dict[str, Any]:
    """Return the validator of bodies by operation.

    ``referenceData`` is only answered by newest servers (1.0): in a request it is ignored, as all that
    is unknown.
    """
    del document["components"]["schemas"]["PerpetualProperty"]["properties"]["referenceData"]
    content = {
        operation["operationId"]: operation["requestBody"]["content"]["application/json"]["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    }
    components = {"components": document["components"]}
    return {name: jsonschema_rs.validator_for(schema | components) for name, schema in content.items()}


BODIES: Final = _as_documented(_document())


def _ids(*codes: str) -> list[dict[str, str]]:
    return [{"scope": "Desk", "code": code} for code in codes]


BLOCKS: Final = _ids("BLK-1", "BLK-2", "BLK-7", "BLK-8")
ORDERS: Final = _ids("ORD-1", "ORD-2", "ORD-3", "ORD-4", "ORD-5", "ORD-8")
PLACEMENTS: Final = _ids("PLC-1", "PLC-2", "PLC-8")
EXECUTIONS: Final = _ids("EXE-1", "EXE-2")
ALLOCATIONS: Final = _ids("PLC-1-ORD-1", "PLC-1-ORD-2", "PLC-1-ORD-3", "PLC-1-ORD-4")
FRESH: Final = _ids(*(f"NEW-{number}" for number in range(1000)))
KNOWN: Final = [*BLOCKS, *ORDERS, *PLACEMENTS, *EXECUTIONS, *ALLOCATIONS]
NOTHING: Final = st.none()

LIKELY: Final[dict[str, st.SearchStrategy[Any]]] = {
    **dict.fromkeys(("quantity", "weight"), st.integers(1, 40)),
    **dict.fromkeys(("price", "limitPrice"), st.just({"amount": 190, "currency": "USD"})),
    **dict.fromkeys(("amount", "stopPrice", "parentPlacementId", "isSwept", "properties"), NOTHING),
    **dict.fromkeys(("blockProperties", "transactionProperties", "averagePrice"), NOTHING),
    **dict.fromkeys(("settlementCurrencyFxRate", "transactionPrice"), st.just(1)),
    "propertyKeys": st.just(["Order/Desk/Note"]),
    **dict.fromkeys(("orderId", "orderIds", "cancelOrderId", "allocatedOrderId"), st.sampled_from(ORDERS)),
    **dict.fromkeys(("blockIds", "destinationBlockId"), st.sampled_from(BLOCKS)),
    **dict.fromkeys(("placementId", "placementIds"), st.sampled_from(PLACEMENTS)),
    **dict.fromkeys(("blockId", "moveRemainingToOrderId", "moveRemainingToBlockId"), st.sampled_from(FRESH)),
    "id": st.sampled_from(FRESH) | st.sampled_from(KNOWN),
    "executionIds": st.sampled_from(EXECUTIONS),
    "allocationIds": st.sampled_from(ALLOCATIONS),
    "portfolioId": st.sampled_from(_ids("GROWTH", "INCOME", "BALANCED")),
    "instrumentIdentifiers": st.just({"Instrument/default/Figi": "BBG000B9XRY4"}),
    "side": st.just("Buy"),
    "type": st.just("Limit"),
    "timeInForce": st.just("Day"),
    "state": st.just("New"),
    "settlementCurrency": st.just("USD"),
    "latestAllowableModificationTime": st.just("9999-01-01T00:00:00Z"),
    "allocationAlgorithm": st.sampled_from(["PR-FIFO", "PR-LF", "RR-FIFO"]),
    "filter": st.sampled_from(["id.scope eq 'Desk'", "id.code startswith 'BLK' or side eq 'Buy'"]),
    "sortBy": st.lists(st.sampled_from(["id.code", "side DESC", "-version.asAtModified"]), max_size=2),
    **dict.fromkeys(("page", "paginationToken", "asAt"), NOTHING),
}
"""Plausible values of members and parameters by name, used more often than random ones."""


def test_the_document_has_every_endpoint() -> None:
    """Booked transactions are described in the contract's words only."""
    assert {*OPERATIONS, PORTFOLIO_TRANSACTIONS.name} == {each.name for each in operations.OPERATIONS}


@pytest.fixture
def desk() -> Iterator[Server]:
    """A desk after the worked scenario, and with a block that has room for placements."""
    engine = Engine.open(None, instrument_table)
    server = Server(engine, ServerSettings(dialect=Dialect(max_url=LONG)))

    async def prepare() -> None:
        async with httpx.AsyncClient(transport=asgi_transport(server), base_url="http://embedded/api") as raw:
            await play(raw)
            more = json.loads(body_of("01_create_orders"))
            more["requests"] = more["requests"][:1]
            [block] = more["requests"]
            block["blockId"], block["orders"][0]["id"] = _ids("BLK-8", "ORD-8")
            block["orders"] = block["orders"][:1]
            place = json.loads(body_of("04_place_blocks"))
            place["requests"] = place["requests"][:1]
            place["requests"][0] |= {"id": _ids("PLC-8")[0], "blockIds": _ids("BLK-8"), "quantity": 10}
            for path, body in (("createorders", more), ("placeblocks", place)):
                (await raw.post(f"/api/ordermanagement/{path}", json=body)).raise_for_status()
            blocks = json.loads(body_of("20_upsert_blocks"))
            (await raw.post("/api/blocks", json=blocks)).raise_for_status()

    asyncio.run(prepare())
    yield server
    engine.close()


@st.composite
def sensible(draw: st.DrawFn, operation: Any) -> Any:
    """A case as the document says; in three of four, what is named is likely on that desk."""
    case = draw(operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))
    if draw(st.sampled_from([False, True, True, True])):
        if case.path_parameters:
            case.path_parameters.update(draw(st.sampled_from(KNOWN)))
        if case.query:
            query = _likely(draw, case.query, "")
            case.query = {name: value for name, value in query.items() if value is not None}
        if isinstance(case.body, dict | list):
            case.body = _likely(draw, case.body, "placementIds" if isinstance(case.body, list) else "")
    return case


def _likely(draw: st.DrawFn, value: Any, name: str) -> Any:
    if isinstance(value, list) and name not in ("sortBy", "propertyKeys"):
        return [_likely(draw, member, name) for member in value]
    is_map = (
        isinstance(value, dict) and name.endswith(("Id", "Ids")) and not {"scope", "code"} <= value.keys()
    )
    if name in LIKELY and not is_map:
        return draw(LIKELY[name])
    if isinstance(value, dict):
        made = {key: _likely(draw, member, key) for key, member in value.items()}
        if "currency" in value and "limitPrice" in value:
            made |= {"limitPrice": 190, "currency": "USD"}  # an amendment says its prices' money once
        return made
    return value


def broken(operation: Any) -> st.SearchStrategy[Any]:
    """A case that breaks the document on purpose."""
    cases: st.SearchStrategy[Any] = operation.as_strategy(
        generation_mode=schemathesis.GenerationMode.NEGATIVE
    )
    return cases


EXAMPLES: Final = settings(
    max_examples=ASKED or FEW,
    derandomize=not ASKED,
    database=None,
    deadline=None,
    phases=[Phase.generate] if not ASKED else [Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
CHECKS: Final = [
    schemathesis.checks.not_a_server_error,
    *(
        getattr(schemathesis.specs.openapi.checks, name)
        for name in ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
    ),
]


READS: Final = {
    **{each.list.name: each.list.path for each in ENTITIES},
    "get_block": "/api/blocks/Desk/BLK-1",
    "get_order": "/api/orders/Desk/ORD-1",
    "get_placement": "/api/placements/Desk/PLC-1",
    "get_execution": "/api/executions/Desk/EXE-1",
    "get_allocation": "/api/allocations/Desk/PLC-1-ORD-1",
    "get_order_history": "/api/ordermanagement/order/Desk/ORD-2/$history",
    "list_order_graph_blocks": "/api/ordergraph/blocks",
    "list_order_graph_placements": "/api/ordergraph/placements",
    "list_order_graph_placement_children": "/api/ordergraph/placementchildren/Desk/PLC-1",
}
MORE: Final = {
    "20_upsert_blocks": "/api/blocks",
    "21_upsert_orders": "/api/orders",
    "22_upsert_placements": "/api/placements",
    "24_upsert_allocations": "/api/allocations",
    "16_cancel_orders_and_move_remaining": "/api/ordermanagement/cancelordersandmoveremaining",
    "17_run_allocation_service_with_weights": "/api/ordermanagement/allocate/weighted",
    "18_sweep_blocks": "/api/ordermanagement/SweepBlocks",
}


async def test_the_contracts_examples_are_answered_as_documented(raw: httpx.AsyncClient) -> None:
    for step, path in (STEPS | MORE).items():
        answer = await raw.post(path, content=body_of(step), headers={"content-type": "application/json"})
        assert answer.is_success, answer.text
        OPERATIONS[step.partition("_")[2]].validate_response(answer)
    for name, path in READS.items():
        answer = await raw.get(path)
        assert answer.is_success, answer.text
        OPERATIONS[name].validate_response(answer)
    for entity, code in (("order", "ORD-20"), ("block", "BLK-7"), ("placement", "PLC-1-A")):
        answer = await raw.delete(f"/api/{entity}s/Desk/{code}")
        assert answer.is_success, answer.text
        OPERATIONS[f"delete_{entity}"].validate_response(answer)


@pytest.mark.parametrize("name", OPERATIONS)
def test_valid_requests_are_answered_as_documented(desk: Server, name: str) -> None:
    operation = OPERATIONS[name]

    @EXAMPLES
    @given(case=sensible(operation))
    def ask(case: Any) -> None:
        case.call_and_validate(app=desk, checks=CHECKS)

    ask()


@pytest.mark.parametrize("name", OPERATIONS)
def test_invalid_requests_are_refused_as_documented(desk: Server, name: str) -> None:
    operation = OPERATIONS[name]

    @EXAMPLES
    @given(case=broken(operation))
    def ask(case: Any) -> None:
        answer = case.call_and_validate(app=desk, checks=CHECKS)
        if is_broken(name, case) and not is_forgiven(case):
            assert 400 <= answer.status_code < 500, case.as_curl_command()

    ask()


def is_broken(name: str, case: Any) -> bool:
    """Return whether a case violates the document itself, and not only our limit of few items."""
    parts = {str(part.value) for part, info in case.meta.components.items() if info.mode.is_negative}
    if parts != {"body"}:
        return True
    return isinstance(case.body, bytes) or not BODIES[name].is_valid(case.body)


def is_forgiven(case: Any) -> bool:
    """Return whether the only error is a parameter without a value, which counts as not given.

    An empty object is written as no value: ``limit=``.
    """
    return any(value in ("", {}) for value in (case.query or {}).values())
