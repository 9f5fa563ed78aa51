"""Two blotters and a script of one user at one server: one journal, and every outcome is told once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from tui.chosen_server import journal_of
from tui.service.journal.journal import Journal

Program = subprocess.Popen[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    """The programs that are started, which end with the test."""
    started: list[Program] = []
    yield started
    for each in started:
        each.kill()
        each.communicate()


def start(programs: list[Program], *command: str) -> Program:
    programs.append(
        subprocess.Popen(
            [sys.executable, "-m", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ,
        )
    )
    return programs[-1]


def hear(program: Program) -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


def ask(program: Program, line: str) -> str:
    assert program.stdin is not None
    print(line, file=program.stdin, flush=True)
    return hear(program)


def test_they_share_a_journal_and_an_unknown_outcome_is_told_once(
    home: Path, programs: list[Program]
) -> None:
    serve = start(programs, "tui", "serve", "--port", "0", "--db", ":memory:", "--size", "demo")
    url, token = hear(serve).split()[1], hear(serve).split()[1]
    token_file = home / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(token)
    desk = ("tests.headless.program_at_a_desk", url, str(token_file))

    one, two = start(programs, *desk), start(programs, *desk)
    assert hear(one) == hear(two) == "told unknown 0"
    assert ask(two, "lose ORD-00008") == "unknown"

    def script(*words: str) -> list[dict[str, str]]:
        """Run a script's command and return what it answers."""
        signed_on = ("--url", url, "--token-file", str(token_file), "--json")
        command = [sys.executable, "-m", "tui", *words, *signed_on]
        ended = subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
        return [json.loads(line) for line in ended.stdout.splitlines()]

    [plan] = script("cancel", "ORD-00018")
    assert ask(one, "state ORD-00018") != "Cancelled", "a plan sends nothing"
    script("cancel", "ORD-00018", "--yes", plan["code"])
    assert ask(one, "state ORD-00018") == "Cancelled"

    three = start(programs, *desk)
    assert hear(three) == "told unknown 0", "its own program tells what became of it, which still runs"
    two.kill()
    two.wait()
    four = start(programs, *desk)
    assert hear(four) == "told done unknown 0", "nobody else tells it any more"
    five = start(programs, *desk)
    assert hear(five) == "told unknown 0"

    journal = Journal(journal_of(url))
    assert journal.faults() == ()
    assert journal.open_intents() == ()
    journal.close()
