"""An operation is declared once: no other module repeats the table of operations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.paths import ROOT
from tui.api import models, operations, requests
from tui.api.base import WireStruct
from tui.api.generations import NEWEST_ONLY, REQUIRED
from tui.api.operations import BESIDE, ENTITIES, OPERATIONS, Operation
from tui.oms.http import generation_2_1

TABLE = ROOT / "tui" / "api" / "operations.py"
MODULES = sorted(path for path in (ROOT / "tui").rglob("*.py") if path != TABLE)
WIRE_TYPES = {
    name
    for module in (requests, models)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, WireStruct)
}


def paths_named(text: str) -> set[str]:
    """Return the paths of operations that a text names, as a whole or with ids in the place of braces."""
    named = text.partition("?")[0].rstrip("/").lower()
    return {each.path for each in (*OPERATIONS, *BESIDE) if named and _stem(each) == named}


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
    assert not said, f"use the row of {TABLE.name}"
    assert not list(bindings(tree)), f"the row of {TABLE.name} says the types"


def test_what_would_be_said_twice_is_found() -> None:
    tree = ast.parse(
        'URL = "/api/ordermanagement/cancelorders"\n'
        "BODIES = {operations.SWEEP_BLOCKS.name: SweepBlocksRequest, operations.BLOCKS.get: list[Block]}\n"
    )
    assert [path for _, text in texts(tree) for path in paths_named(text)] == [operations.CANCEL_ORDERS.path]
    assert [name for _, name in bindings(tree)] == ["SweepBlocksRequest", "Block"]


def test_every_row_is_in_the_table_once() -> None:
    rows = [each for each in vars(operations).values() if isinstance(each, Operation)]
    rows += [each for entity in ENTITIES for each in entity.all()]
    table = (*OPERATIONS, *BESIDE)
    assert {each.name for each in rows} == {each.name for each in table}
    assert (
        len({each.name for each in table}) == len({(each.method, each.path) for each in table}) == len(table)
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
