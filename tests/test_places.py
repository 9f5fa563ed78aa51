"""A made-up action, column, endpoint and pane: the places they take suffice, and none can be left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.places import ADDITIONS, Addition, Place

PROGRAM = """
import asyncio
from tests import blotter_app, readme
from tests.blotter_app import blotter, demo
from tests.idle import idle_by_the_loop
from tui.cli import parser
from tui.screens.desk.keymap import key_mistakes
from tui.screens.dialogs.preview_dialog import PreviewDialog

blotter_app.PATIENCE_S = {patience_s}

async def check():
{body}

with idle_by_the_loop():
    asyncio.run(check())
"""


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the program for all checks, so that its modules are compiled once."""
    copy = tmp_path_factory.mktemp("program")
    for room in ("tui", "widgets", "styles", "tests"):
        left_out = shutil.ignore_patterns("contract", "thinwire", "compat", "bench", "pictures")
        shutil.copytree(ROOT / room, copy / room, ignore=left_out if room == "tests" else None)
    return copy


@pytest.fixture
def copy(program: Path) -> Iterator[Path]:
    """Return the copy, and put back afterwards what the test has changed of it."""
    yield program
    for file in {place.file for each in ADDITIONS for place in each.places}:
        shutil.copy2(ROOT / file, program / file)


def result(
    root: Path, addition: Addition, places: Iterable[Place], *, patience_s: float
) -> subprocess.CompletedProcess[str]:
    """Return how the check of ``addition`` ends in a copy that was changed in ``places``.

    The check waits ``patience_s`` for what should show on the screen.
    """
    for place in places:
        place.change(root)
    body = "\n".join(f"    {line}" for line in addition.check.strip().splitlines())
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body, patience_s=patience_s)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda each: each.name)
def test_the_places_suffice(addition: Addition, copy: Path) -> None:
    ended = result(copy, addition, addition.places, patience_s=20)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("addition", "left_out"),
    [(each, place) for each in ADDITIONS for place in each.places],
    ids=lambda each: getattr(each, "name", None) or Path(each.file).stem,
)
def test_no_place_can_be_left_out(addition: Addition, left_out: Place, copy: Path) -> None:
    places = [place for place in addition.places if place is not left_out]
    ended = result(copy, addition, places, patience_s=3)
    assert ended.returncode != 0
