"""Bytecode for a run of the tests: each source is compiled once, not in every worker and every program.

Bytecode is written whatever the machine says (``PYTHONDONTWRITEBYTECODE``): hundreds of programs, and every
worker, would compile the same sources.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.paths import ROOT

TESTS: Final = ROOT / "tests"


def write_bytecode() -> None:
    """Have this process and those it starts write and read bytecode."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def import_share(arguments: Sequence[str]) -> None:
    """Import this worker's share of the tests, where ``arguments`` ask for all: the others compile the rest.

    Pytest imports all of them in every worker afterwards, and reports those that cannot be imported.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1 or TESTS not in {Path(argument).resolve() for argument in arguments}:
        return
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    for file in sorted(TESTS.rglob("test_*.py"))[number::workers]:
        with suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
