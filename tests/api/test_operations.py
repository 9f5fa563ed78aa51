"""An operation is declared once: no other module repeats the table of operations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.paths import ROOT
from tui.api import (
    access_models,
    compliance_models,
    http_request,
    models,
    operations,
    reference_models,
    reference_operations,
    requests,
)
from tui.api.base import WireStruct
from tui.api.generations import NEWEST_ONLY, REQUIRED, absent_in, may_be_absent
from tui.api.http import Http
from tui.api.operation import Operation
from tui.api.operations import BESIDE, ENTITIES, OPERATIONS
from tui.api.reference_operations import REFERENCE
from tui.oms.http import generation_2_1

TABLES = [ROOT / "tui" / "api" / name for name in ("operations.py", "reference_operations.py")]
MODULES = sorted(path for path in (ROOT / "tui").rglob("*.py") if path not in TABLES)
EVERY = (*OPERATIONS, *BESIDE, *REFERENCE)
WIRE_TYPES = {
    name
    for module in (requests, models, reference_models, compliance_models, access_models)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, WireStruct)
}


def paths_named(text: str) -> set[str]:
    """Return the paths of operations that a text names, as a whole or with ids in the place of braces."""
    named = text.partition("?")[0].rstrip("/").lower()
    return {each.path for each in EVERY if named and _stem(each) == named}


def _stem(operation: Operation[Any, Any]) -> str:
    return operation.path.partition("/{")[0].lower()


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that are no docstrings, with their lines."""
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def bindings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield where a table binds types of the wire to operations, with the type."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and "operations." in ast.unparse(key):
                names = (each.id for each in ast.walk(value) if isinstance(each, ast.Name))
                yield from ((value.lineno, name) for name in names if name in WIRE_TYPES)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_says_the_path_or_the_types_of_an_operation(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    said = [(line, path) for line, text in texts(tree) for path in paths_named(text)]
    assert not said, "use the row of its table"
    assert not list(bindings(tree)), "the row says the types"


def test_what_would_be_said_twice_is_found() -> None:
    tree = ast.parse(
        'URL = "/api/ordermanagement/cancelorders"\n'
        "BODIES = {operations.SWEEP_BLOCKS.name: SweepBlocksRequest, operations.BLOCKS.get: list[Block]}\n"
    )
    assert [path for _, text in texts(tree) for path in paths_named(text)] == [operations.CANCEL_ORDERS.path]
    assert [name for _, name in bindings(tree)] == ["SweepBlocksRequest", "Block"]


def test_every_row_is_in_the_table_once() -> None:
    named = (*vars(operations).values(), *vars(reference_operations).values())
    rows = [each for each in named if isinstance(each, Operation)]
    rows += [each for entity in ENTITIES for each in entity.all()]
    assert {each.name for each in rows} == {each.name for each in EVERY}
    assert (
        len({each.name for each in EVERY}) == len({(each.method, each.path) for each in EVERY}) == len(EVERY)
    )


def test_members_of_requests_that_came_later_are_said_once() -> None:
    """The client's table has the members of requests, the server's those of answers."""
    assert not generation_2_1.ADDED_SINCE.keys() & (NEWEST_ONLY.keys() | REQUIRED.keys())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_an_operation_that_reads_has_no_body_and_one_that_posts_has_one(
    operation: Operation[Any, Any],
) -> None:
    assert (operation.body is not None) == (operation.method == "POST")
    assert msgspec.structs.fields(operation.reply), "a reply is an object"


@pytest.mark.parametrize("operation", REFERENCE, ids=lambda each: each.name)
def test_a_question_is_posted_with_a_body_and_may_be_repeated(operation: Operation[Any, Any]) -> None:
    writes = operation in (reference_operations.RUN_COMPLIANCE, reference_operations.RUN_COMPLIANCE_PREVIEW)
    assert operation.effect == ("writes" if writes else "reads")
    if operation.asks:
        assert (operation.method, operation.body is not None) == ("POST", True)


def test_a_path_that_names_no_entity_is_written_by_its_parts() -> None:
    parts = {"identifierType": "Ticker", "identifier": "NG/"}
    request = http_request.build(
        reference_operations.SETTLEMENT_DATE,
        "https://x.lusid.com/api",
        {},
        id=parts,
        query={"scope": "default"},
    )
    assert request.url == (
        "https://x.lusid.com/api/api/instruments/Ticker/NG%2F/settlementdate?scope=default"
    )


def test_a_question_to_another_service_leaves_out_the_address_of_lusid() -> None:
    request = http_request.build(reference_operations.OWN_POLICIES, "https://x.lusid.com/api", {})
    assert request.url == "https://x.lusid.com/access/api/me"


def test_a_compliance_run_is_waited_for_for_minutes() -> None:
    http = Http("https://x.lusid.com/api")
    waits = {
        each.name: http._transport.to_httpx(http.build(each)).extensions["timeout"]["read"]
        for each in (reference_operations.RUN_COMPLIANCE, operations.SET_MARKET)
    }
    assert waits["run_compliance"] >= 120 > waits["set_market"]


def test_a_server_of_an_older_generation_lacks_what_came_later() -> None:
    names = {each.name for each in REFERENCE}
    assert names & absent_in("2.1").keys() == {
        "get_latest_as_at",
        "calculate_settlement_date",
        "get_filtered_decorated_compliance_run_summary",
        "list_order_breach_history",
    }
    assert absent_in("latest") == {}


def test_a_404_of_a_named_entity_is_not_taken_for_a_missing_operation() -> None:
    assert may_be_absent(reference_operations.LATEST_AS_AT)
    assert not may_be_absent(reference_operations.SETTLEMENT_DATE)
