"""Write commands as a script runs them, against a server it reaches over the network."""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.compat.serving import LOADED, ServeProcess, served
from tui.cli import main

HELD: Final = "delayed-after create_orders first=1 seconds=8"
"""The answer to the first creation comes too late for anybody."""
UNPLACED: Final = ("ORD-00006", "ORD-00007")
"""Orders of the demo of which nothing is placed."""
PATIENCE_S: Final = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with served("--size", "demo", "--inject", HELD) as running:
        yield running


class ScriptShell:
    """A shell in which blotter commands are run; ``said`` is what the last one told programs."""

    def __init__(self, server: ServeProcess, home: Path, printed: pytest.CaptureFixture[str]) -> None:
        self.home = home
        (home / "token").write_text(server.token)
        (home / "token").chmod(0o600)
        self.reached = ("--url", server.url, "--token-file", str(home / "token"))
        self._printed = printed
        self.out = self.err = ""

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line, parse_float=Decimal) for line in self.out.splitlines()]

    def blotter(self, *words: str) -> int:
        """Run a command, and return its exit code."""
        self._printed.readouterr()
        try:
            return main(words)
        except SystemExit as end:
            return int(str(end.code))
        finally:
            self.out, self.err = self._printed.readouterr()


@pytest.fixture
def shell(
    server: ServeProcess,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> ScriptShell:
    for name in ("DATA", "STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path))
    monkeypatch.delenv("BLOTTER_CONFIG", raising=False)
    return ScriptShell(server, tmp_path, capsys)


def test_the_command_that_a_plan_names_sends_it_and_words_go_where_people_read(shell: ScriptShell) -> None:
    assert shell.blotter("update", *UNPLACED, "--note", "it's late", *shell.reached) == 0
    where, asked, *_, confirm = shell.out.splitlines()
    assert (where.split()[0], where.endswith(", as dealer")) == ("TEST", True)
    assert asked.startswith("Update 2 orders: ")
    assert "Bearer ***" in shell.out
    assert shlex.split(confirm)[:6] == ["blotter", "update", *UNPLACED, "--note", "it's late"]
    assert shell.blotter(*shlex.split(confirm)[1:], "--json") == 0
    [said] = shell.said
    assert [item["status"] for item in said["items"]] == ["done", "done"]
    assert said["environment"]["url"] == shell.reached[1]
    assert said["user"] == "dealer"
    lines = "\n".join(json.dumps({"ids": [order], "key": f"undo {order}"}) for order in UNPLACED)
    sys.stdin = io.TextIOWrapper(io.BytesIO(lines.encode()))
    try:
        assert shell.blotter("cancel", "-", *shell.reached, "--json") == 0
    finally:
        sys.stdin = sys.__stdin__
    assert [said["line"] for said in shell.said] == [1, 2]
    assert len({said["code"] for said in shell.said}) == 1
    assert not shell.err


def test_a_command_that_is_killed_before_its_answer_is_found_and_not_doubled(shell: ScriptShell) -> None:
    words = ("new", "b 1,234 VOD @UKEQ-GROW", "--key", "morning", *shell.reached, "--json")
    assert shell.blotter(*words) == 0
    yes = ("--yes", shell.said[0]["code"])
    [order] = [item["id"].partition("/")[2] for item in shell.said[0]["items"]]
    sending = LOADED.Process(target=_run, args=([*words, *yes], dict(os.environ)), daemon=True)
    sending.start()
    until = time.monotonic() + PATIENCE_S
    journal = Path()
    while not any('"kind":"intent"' in (journal := each).read_text() for each in _journals(shell.home)):
        assert time.monotonic() < until, "nothing was sent"
        time.sleep(0.02)
    before = journal.read_text().count('"kind":"intent"')
    while shell.blotter("cancel", order, *shell.reached, "--json"):
        assert time.monotonic() < until, "it did not arrive"
    sending.kill()
    sending.join()
    for again in (words, (*words, *yes), words):
        assert shell.blotter(*again) == 0, shell.out
        [said] = shell.said
        assert said["again"] is True
        assert [(item["id"], item["status"]) for item in said["items"]] == [(f"demo/{order}", "done")]
    assert journal.read_text().count('"kind":"intent"') == before


def _journals(home: Path) -> list[Path]:
    return [*home.rglob("journal-*.jsonl")]


def _run(words: list[str], environment: dict[str, str]) -> None:
    """Run a command in this process, with the folders of the test."""
    os.environ.clear()
    os.environ.update(environment)
    main(words)


def test_a_server_that_is_not_there_is_told_to_programs(shell: ScriptShell) -> None:
    assert shell.blotter("cancel", "ORD-1", "--url", "http://127.0.0.1:1/api", "--json") == 5
    [said] = shell.said
    assert (said["outcome"], said["retry"]) == ("notReached", True)
    assert said["environment"]["url"] == "http://127.0.0.1:1/api"
    assert "blotter cancel: " in shell.err


def test_what_is_typed_wrong_is_told_before_anything_is_opened(shell: ScriptShell) -> None:
    assert shell.blotter("place", "BLK-1", "--nonsense", "--json") == 2
    assert shell.said[0]["outcome"] == "usage"
    assert {"environment", "user", "asAt", "retry", "advice"} <= shell.said[0].keys()
    assert shell.blotter("place", "-", "--broker", "ALBN", "--json") == 2
    assert "all stands in the lines" in shell.said[0]["why"]
    for command in (("place",), ("propose", "place")):
        assert shell.blotter(*command, "--json", "--url", "http://127.0.0.1:1/api") == 2
        assert "ids: is missing" in shell.said[0]["why"]
        assert shell.said[0]["environment"]["url"] == "http://127.0.0.1:1/api"
    assert shell.blotter("book", "--schema") == 0
    assert json.loads(shell.out)["properties"]["fees"]["description"] == "apply fee and commission rules"


def test_a_token_that_is_not_taken_is_told_without_keys_to_press(shell: ScriptShell) -> None:
    (shell.home / "token").write_text("the-token-of-yesterday")
    assert shell.blotter("orders", *shell.reached, "--json") == 5
    assert shell.said[0]["advice"] == f"Put a new token into {shell.home / 'token'}, then run this again."
    assert "{refresh}" not in shell.err
