"""The documents say what the program declares, and the README's picture is the program's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.readme import DOCUMENTS, MADE_BY, PICTURE, README, picture, with_tables

LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#([^)]+))?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_tables_of_a_document_are_those_of_the_program(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run python -m tests.readme"


def test_the_two_commands_stand_first() -> None:
    text = README.read_text(encoding="utf-8")
    run = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/blotter"
    test = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest"
    assert 0 < text.index(run) < text.index(test) < text.index("## ")


def test_the_front_page_can_be_read_in_one_sitting() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < 250


@pytest.mark.parametrize(
    "document",
    sorted([*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *DOCUMENTS[1:]]),
    ids=lambda path: path.name,
)
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    for place, heading in LINK.findall(document.read_text(encoding="utf-8")):
        target = document.parent / place
        assert target.exists(), f"{document.name} links to {place}"
        if heading:
            assert heading in anchors(target), f"{document.name} links to {place}#{heading}"


def anchors(document: Path) -> set[str]:
    """Return the names by which the headings of a document can be linked to."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


async def test_the_picture_is_what_the_program_draws() -> None:
    kept = PICTURE.read_text(encoding="utf-8")
    if not kept.endswith(f"{MADE_BY}\n"):
        pytest.skip(f"the picture was drawn by another Textual: {kept.splitlines()[-1]}")
    assert await picture() == kept, "run python -m tests.readme, and look at the picture"
