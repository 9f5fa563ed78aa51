"""Several programs on one journal: no line is lost or torn, and a name has one owner."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.paths import ROOT
from tui.service.journal.journal import Journal
from tui.service.outcomes import Status


class Program:
    """A process that writes to a journal."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "tests.service.journal.program_that_journals", *map(str, arguments)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def says(self) -> str:
        return self._pipe(self._process.stdout).readline().strip()

    def go(self) -> None:
        stream = self._pipe(self._process.stdin)
        stream.write("\n")
        stream.flush()

    def said(self) -> list[str]:
        """Wait for its end, and return what it said since."""
        out, _ = self._process.communicate(timeout=60)
        assert self._process.returncode == 0
        return out.split()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=60)

    @staticmethod
    def _pipe(stream: IO[str] | None) -> IO[str]:
        assert stream is not None
        return stream


@contextmanager
def three(what: str, path: Path, count: int) -> Iterator[list[Program]]:
    """Return three programs that began at the same time."""
    programs = [Program(what, path, count, name) for name in "ABC"]
    assert [each.says() for each in programs] == ["ready"] * 3
    for each in programs:
        each.go()
    yield programs


def test_lines_of_three_programs_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with three("appends", path, 40) as programs:
        for each in programs:
            each.said()
    journal = Journal(path)
    assert journal.faults() == ()
    ids = [intent.id for intent in journal.open_intents()]
    assert sorted(ids) == sorted(f"{name}-{number}" for name in "ABC" for number in range(40))
    assert [id for id in ids if id[0] == "A"] == [f"A-{number}" for number in range(40)]


def test_of_three_programs_that_claim_a_name_one_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with three("claims", path, 40) as programs:
        got = [name for each in programs for name in each.said()]
    assert sorted(got, key=int) == [str(number) for number in range(40)]


def test_a_decision_of_a_running_program_is_left_to_it_and_told_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    program = Program("decides", path)
    assert program.says() == "decided"
    journal = Journal(path)
    assert journal.open_decisions() == ()
    running = journal.decision("D-1")
    assert running is not None
    assert running.is_running
    program.kill()
    assert [each.decision.id for each in journal.open_decisions()] == ["D-1"]
    over = journal.decision("D-1")
    assert over is not None
    assert not over.is_running
    assert [each.status for each in over.outcomes] == [Status.NOT_SENT] * 2
