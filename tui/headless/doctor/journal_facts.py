"""The journals of this machine in numbers: lines of each kind, what is open, whether they are whole."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tui.headless.doctor.complaint import Complaint
from tui.headless.doctor.unsayable import Unsayable
from tui.service.journal.journal import Journal
from tui.service.numbers import counted, verb_for

KNOWN_LINES: Final = 20_000
"""The newest lines of a journal whose words are looked for: the log tells of no older ones."""


def journal_facts(folder: Path, unsayable: Unsayable) -> tuple[list[dict[str, Any]], list[Complaint]]:
    """Return the numbers of each journal, without anything that stands in it, and what is wrong."""
    facts, findings = [], []
    for path in sorted(folder.glob("journal-*.jsonl")):
        try:
            told, found = _of_one(path, unsayable)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            told = {"isReadable": False, "bytes": path.stat().st_size if path.exists() else 0}
            found = [
                Complaint(
                    f"The journal {path} cannot be read: {why}.",
                    "Keep a copy: it says what was sent. Without it no write is sent.",
                )
            ]
        facts.append(told)
        findings += found
    return facts, findings


def _of_one(path: Path, unsayable: Unsayable) -> tuple[dict[str, Any], list[Complaint]]:
    journal = Journal(path)
    try:
        kinds, texts = Counter[str](), deque[bytes](maxlen=KNOWN_LINES)
        for text in journal.texts():
            texts.append(text)
            kinds[_kind(text)] += 1
        for text in texts:
            for document in _document(text):
                unsayable.add_all("names and ids of the journal", document)
        opening = journal.opening()
    finally:
        journal.close()
    told = {
        "isReadable": True,
        "bytes": path.stat().st_size,
        "lines": dict(sorted(kinds.items())),
        "openDecisions": len(opening.decisions),
        "unreadDecisions": len(opening.unread),
        "isWhole": not opening.faults,
        "faults": [
            {"line": fault.line, "what": unsayable.strip(fault.what)} for fault in opening.faults[:20]
        ],
    }
    return told, list(_findings(path, opening.faults, len(opening.decisions) + len(opening.unread)))


def _findings(path: Path, faults: tuple[Any, ...], open: int) -> Iterator[Complaint]:
    if faults:
        yield Complaint(
            f"The journal {path} is damaged in {counted(len(faults), 'place')}, first in {faults[0]}.",
            "Keep a copy of it, and look at what was sent last: open writes may have been among them.",
        )
    if open:
        yield Complaint(
            f"{counted(open, 'write')} {verb_for(open, 'have')} no outcome yet.",
            "Open the desk: they are read back, and the rows are marked with ?.",
            harmless=True,
        )


def _document(text: bytes) -> Iterator[Any]:
    try:
        yield json.loads(text)
    except ValueError:
        return


def _kind(text: bytes) -> str:
    """Return the kind of a line; one that this program does not write may say anything."""
    for document in _document(text):
        kind = document.get("kind") if isinstance(document, dict) else None
        return kind if kind in _KINDS else "other"
    return "unreadable"


_KINDS: Final = frozenset(
    {"decision", "intent", "outcome", "differences", "claim", "plan", "proposal", "proposalEnd", "segment"}
)
