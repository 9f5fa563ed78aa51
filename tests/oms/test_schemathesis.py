"""Every operation of the contract's document by schemathesis: a peer that sends what nobody thought of.

Each operation meets a desk on which the worked scenario was done. What is sent is as the document says
(with ids that are there as often as not) or breaks it on purpose. Whatever comes, the answer is never a
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
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tui.api.endpoints import ENDPOINTS, PORTFOLIO_TRANSACTIONS
from tui.api.http import asgi_transport
from tui.oms.app import Server
from tui.oms.engine import Engine

from .scenario import body_of, play

schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis is not installed; .ci/run runs it: pip install -e '.[schema]'"
)
jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="it comes with schemathesis")

DOCUMENT: Final = Path(__file__).parent.parent / "contract" / "openapi.json"
ASKED: Final = int(os.environ.get("BLOTTER_EXAMPLES", "0"))
FEW: Final = 12
"""How many examples of each kind an operation meets in an ordinary run."""


def _document() -> dict[str, Any]:
    """Give the document without its bearer token: who may enter is tried in ``test_signon``."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return {name: part for name, part in document.items() if name != "security"}


def _brief() -> dict[str, Any]:
    """Give the document with requests of few items, which are made in a tenth of the time."""
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
        few["maxItems"] = 2
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
    """Give what tells whether a body is as the document says, by operation.

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

ORDERS: Final = [{"scope": "Desk", "code": f"ORD-{number}"} for number in range(1, 6)]
BLOCKS: Final = [{"scope": "Desk", "code": f"BLK-{number}"} for number in (1, 2, 3, 7)]
PLACEMENTS: Final = [{"scope": "Desk", "code": code} for code in ("PLC-1", "PLC-2", "PLC-3")]
EXECUTIONS: Final = [{"scope": "Desk", "code": code} for code in ("EXE-1", "EXE-2", "EXE-3")]
ALLOCATIONS: Final = [{"scope": "Desk", "code": f"PLC-1-ORD-{number}"} for number in range(1, 5)]
KNOWN: Final = [*ORDERS, *BLOCKS, *PLACEMENTS, *EXECUTIONS, *ALLOCATIONS]
"""Ids of entities that are there, and of some that could be."""


def test_the_document_has_every_endpoint() -> None:
    """Booked transactions are described in the contract's words only."""
    assert {*OPERATIONS, PORTFOLIO_TRANSACTIONS.name} == {endpoint.name for endpoint in ENDPOINTS}


@pytest.fixture
def desk() -> Iterator[Server]:
    """A desk after the worked scenario."""
    engine = Engine.open(None)
    server = Server(engine)

    async def prepare() -> None:
        async with httpx.AsyncClient(transport=asgi_transport(server), base_url="http://embedded") as raw:
            await play(raw)
            await raw.post(
                "/api/blocks", content=body_of("20_upsert_blocks"), headers={"content-type": "text/json"}
            )

    asyncio.run(prepare())
    yield server
    engine.close()


@st.composite
def sensible(draw: st.DrawFn, operation: Any) -> Any:
    """A case as the document says, where ids are often those of entities that are there."""
    case = draw(operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))
    if case.path_parameters and draw(st.booleans()):
        case.path_parameters.update(draw(st.sampled_from(KNOWN)))
    if isinstance(case.body, dict | list):
        case.body = _pointed(draw, case.body)
    return case


def _pointed(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and {"scope", "code"} <= value.keys():
        return draw(st.sampled_from([value, *KNOWN]))
    if isinstance(value, dict):
        return {name: _pointed(draw, member) for name, member in value.items()}
    return [_pointed(draw, member) for member in value] if isinstance(value, list) else value


def broken(operation: Any) -> st.SearchStrategy[Any]:
    """A case that breaks the document on purpose."""
    return operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)


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


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_the_document_allows_is_answered_as_it_says(desk: Server, name: str) -> None:
    operation = OPERATIONS[name]

    @EXAMPLES
    @given(case=sensible(operation))
    def ask(case: Any) -> None:
        case.call_and_validate(app=desk, checks=CHECKS)

    ask()


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_breaks_the_document_is_refused_as_it_says(desk: Server, name: str) -> None:
    operation = OPERATIONS[name]

    @EXAMPLES
    @given(case=broken(operation))
    def ask(case: Any) -> None:
        answer = case.call_and_validate(app=desk, checks=CHECKS)
        if is_broken(name, case) and not is_forgiven(case):
            assert 400 <= answer.status_code < 500, case.as_curl_command()

    ask()


def is_broken(name: str, case: Any) -> bool:
    """Tell whether a case breaks the document itself, not only the few items we ask for."""
    parts = {str(part.value) for part, info in case.meta.components.items() if info.mode.is_negative}
    if parts != {"body"}:
        return True
    return isinstance(case.body, bytes) or not BODIES[name].is_valid(case.body)


def is_forgiven(case: Any) -> bool:
    """Tell whether all that is wrong is a parameter without a value, which is one that was not given."""
    return any(value == "" for value in (case.query or {}).values())
