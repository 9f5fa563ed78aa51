"""A name stands for one thing: whoever searches for it finds one module or one class."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.paths import ROOT

ROOMS = ("tui", "widgets", "styles")
PLAIN = frozenset({"app", "screen"})
"""Module names to which the folder gives the meaning."""


def modules(*rooms: str) -> Iterator[Path]:
    """Yield every module of these rooms but the ``__init__`` and ``__main__`` of their packages."""
    for room in rooms:
        yield from (file for file in (ROOT / room).rglob("*.py") if not file.stem.startswith("__"))


def test_no_module_name_stands_for_two_things() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for file in modules(*ROOMS):
        homes[file.stem].append(str(file.relative_to(ROOT)))
    assert {name: found for name, found in homes.items() if len(found) > 1 and name not in PLAIN} == {}


def test_no_class_name_stands_for_two_things() -> None:
    """Nor in the tests. Classes inside a class are named by it, as Textual's messages are."""
    homes: dict[str, list[str]] = defaultdict(list)
    for file in modules(*ROOMS, "tests"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(str(file.relative_to(ROOT)))
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}
