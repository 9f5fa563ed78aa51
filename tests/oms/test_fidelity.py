"""The declaration of fidelity is whole: it has the contract's rules, all of them and no others, each with
its tests over HTTP and its place in the code; and what it says is not served is answered 501."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from importlib import import_module

import httpx
import pytest

from tests.paths import ROOT
from tui.api import codec
from tui.api.base import ProblemDetails
from tui.api.operations import OPERATIONS
from tui.oms.fidelity import RULE_FAMILIES, RULES, Fidelity
from tui.oms.http.reference_routes import served
from tui.oms.served_endpoints import NOT_SERVED, SERVED

NUMBERS = {
    f"{letter}{number + 1}"
    for letter, count in json.loads((ROOT / "tests/contract/rules.json").read_text()).items()
    for number in range(count)
}
NUMBER = r"\b([LCMUXPEABSHGKNF]\d{1,2})\b"


def functions(folder: str) -> Iterator[tuple[ast.FunctionDef, str]]:
    """Yield the test functions in a folder with their source."""
    for file in sorted((ROOT / folder).rglob("test_*.py")):
        source = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node, ast.get_source_segment(source, node) or ""


def named(test: str) -> list[str]:
    """Return the rules a test is named after.

    >>> named("test_a2_a4_pr_fifo_gives_the_contracts_vectors")
    ['A2', 'A4']
    """
    match = re.match(r"test_((?:[a-z]\d{1,2}_)+)", test)
    return match[1].strip("_").upper().split("_") if match else []


def docstrings(folder: str) -> Iterator[str]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for file in sorted((ROOT / folder).rglob("*.py")):
        if file.name != "fidelity.py":
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, kinds) and (text := ast.get_docstring(node)):
                    yield text


def test_the_rules_declared_are_those_of_the_contract() -> None:
    assert set(RULES) == NUMBERS
    assert len(RULES) == sum(len(group.rules) for group in RULE_FAMILIES)
    assert all(rule.title.endswith(".") for rule in RULES.values())


def test_every_rule_has_a_test_named_after_it_over_http() -> None:
    over_http = {
        rule
        for node, source in functions("tests/oms/rules")
        if "RulesClient" in source
        for rule in named(node.name)
    }
    assert over_http == NUMBERS


def test_every_rule_is_named_where_the_server_keeps_it_and_no_other_is() -> None:
    mentioned = {number for text in docstrings("tui/oms") for number in re.findall(NUMBER, text)}
    assert mentioned == NUMBERS


def test_every_family_has_a_home_of_its_own_that_says_so() -> None:
    homes = [group.home for group in RULE_FAMILIES]
    assert len(set(homes)) == len(homes)
    for group in RULE_FAMILIES:
        letters = {number[0] for number in group.rules}
        assert letters == {next(iter(group.rules))[0]}
        assert letters <= {
            number[0] for number in re.findall(NUMBER, import_module(group.home).__doc__ or "")
        }


def test_a_rule_that_is_not_as_documented_has_a_note() -> None:
    for number, rule in RULES.items():
        assert rule.fidelity is not Fidelity.NOT_MODELLED or rule.note, number
    for name, said in SERVED.items():
        assert said.fidelity is Fidelity.DOCUMENTED or said.note, name


def test_every_endpoint_is_declared_once() -> None:
    assert set(SERVED) == {endpoint.name for endpoint in (*OPERATIONS, *served())}


@pytest.mark.parametrize("part", [part for parts in NOT_SERVED.values() for part in parts])
async def test_a_part_that_is_not_served_is_answered_501(raw: httpx.AsyncClient, part: str) -> None:
    for method, path in (("GET", f"/api/{part}"), ("POST", f"/api/{part}/Desk/X")):
        answer = await raw.request(method, path, headers={"content-type": "application/json"})
        problem = codec.decode(ProblemDetails, answer.content)
        assert (answer.status_code, problem.status, problem.name) == (501, 501, "NotImplemented")
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem.detail
        assert "not modelled" in problem.detail
