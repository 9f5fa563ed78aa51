"""The README tells what the program declares."""

from __future__ import annotations

from tests.readme import README, with_tables


def test_the_tables_of_the_readme_are_those_of_the_registry_and_the_endpoints() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run python -m tests.readme"


def test_the_two_commands_stand_first() -> None:
    text = README.read_text(encoding="utf-8")
    run = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/blotter"
    test = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest"
    assert 0 < text.index(run) < text.index(test) < text.index("## ")
