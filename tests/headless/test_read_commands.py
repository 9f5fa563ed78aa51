"""The desk read by scripts: ``blotter orders``, ``exceptions``, ``history`` against a server over HTTP."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.compat.serving import ServeProcess, served
from tests.paths import ROOT
from tui.cli import main
from tui.cli.options import USAGE_ERROR, UsageError
from tui.headless.desk_lists import DESK_LISTS, EXCEPTIONS
from tui.service.snapshot.snapshot import EntityKind


class ScriptAnswer(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Its one JSON document."""
        found: dict[str, Any] = json.loads(self.out, parse_float=Decimal)
        return found

    @property
    def table(self) -> list[list[str]]:
        """Its CSV."""
        return list(csv.reader(io.StringIO(self.out)))


class ReadingScript:
    """Runs commands on one server."""

    def __init__(self, server: ServeProcess, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.reached = ("--url", server.url, "--token-file", str(home / "token"))
        self._capsys = capsys

    def __call__(self, *words: str) -> ScriptAnswer:
        self._capsys.readouterr()
        try:
            code = main([*words, *self.reached])
        except UsageError:
            code = USAGE_ERROR
        return ScriptAnswer(code, *self._capsys.readouterr())


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    """A server with the demo's morning, on which nothing happens."""
    with served("--size", "demo") as running:
        yield running


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: ServeProcess) -> Path:
    """A machine on which the blotter was never started, signed on to the server."""
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("BLOTTER_CONFIG", str(tmp_path / "config.toml"))
    token = tmp_path / "token"
    token.write_text(server.token)
    token.chmod(0o600)
    return tmp_path


@pytest.fixture
def script(server: ServeProcess, home: Path, capsys: pytest.CaptureFixture[str]) -> ReadingScript:
    """A script on that machine."""
    return ReadingScript(server, home, capsys)


def test_each_list_of_the_desk_is_a_command() -> None:
    assert {*DESK_LISTS} == {*EntityKind, EXCEPTIONS}


def test_json_is_one_document_of_exact_values_that_says_where_who_and_when(script: ReadingScript) -> None:
    answer = script("orders", "--json", "--sort", "-quantity,order", "--filter", "side:buy", "--limit", "3")
    assert answer.code == 0
    assert answer.err == ""
    said = answer.document
    assert (said["outcome"], said["exitCode"], said["retry"]) == ("done", 0, False)
    assert said["environment"]["kind"] == "TEST"
    assert said["user"]
    assert said["asAt"].startswith("20")
    assert said["total"] > len(said["rows"]) == 3
    assert said["incomplete"] == said["missing"] == []
    sizes = [row["quantity"] for row in said["rows"]]
    assert all(isinstance(size, int | Decimal) for size in sizes)
    assert sizes == sorted(sizes, reverse=True)
    assert {row["side"] for row in said["rows"]} <= {"Buy", "CoverShort"}
    assert {row["scope"] for row in said["rows"]} == {"demo"}
    assert all(row["code"] == row["id"] for row in said["rows"])
    assert all(row["date"].endswith("Z") for row in said["rows"])
    assert all(list(row) == said["columns"] for row in said["rows"])
    assert '""' not in answer.out, "null where nothing is"


def test_named_rows_come_by_code_in_any_case_and_what_is_not_there_is_told(script: ReadingScript) -> None:
    answer = script("blocks", "blk-0003", "demo/BLK-0001", "BLK-9999", "--json", "--columns", "block,side")
    assert answer.code == 0
    assert {row["code"] for row in answer.document["rows"]} == {"BLK-0001", "BLK-0003"}
    assert answer.document["missing"] == ["BLK-9999"]
    spoken = script("blocks", "BLK-9999")
    assert (spoken.code, spoken.out) == (0, "")
    assert "BLK-9999 is not among the blocks of the desk." in spoken.err


def test_nothing_found_is_done_all_the_same(script: ReadingScript) -> None:
    found = script("placements", "--filter", "broker:nobody", "--json")
    assert (found.code, found.document["rows"], found.document["total"]) == (0, [], 0)
    assert len(script("placements", "--filter", "broker:nobody", "--csv").table) == 1, "the header"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--columns", "id,quantty"), '"quantty" is not known here; perhaps quantity is meant'),
        (("--sort", "-sied"), '"sied" is not known here; perhaps side is meant'),
        (("--filter", "sied:buy"), "There is no column 'sied' here"),
        (("--sort", "id,side,state,type"), "sorted by 3 columns at most"),
        (("--view", "morning"), 'The view "morning" is not known here; no view is saved'),
        (("--as-at", "tomorrow 10:00"), "is in the future"),
        (("--limit", "0"), "'0' is no number of rows"),
        (("--json", "--csv"), "not allowed with argument"),
        (("--watch", "--as-at", "2h ago"), "The past does not change"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_what_is_not_understood_is_a_usage_error_that_says_what_may_be_meant(
    script: ReadingScript, words: tuple[str, ...], told: str
) -> None:
    answer = script("orders", *words)
    assert answer.code == 2
    assert told in answer.err
    if "--csv" not in words and "--json" not in words:
        again = script("orders", "--json", *words)
        assert again.code == 2
        if "--watch" not in words:
            assert told in again.document["why"]
            assert again.document["retry"] is False


def test_a_saved_view_has_its_filter_columns_and_sort_and_what_is_typed_goes_over_them(
    script: ReadingScript, home: Path
) -> None:
    (home / "views.toml").write_text(
        'version = 1\n[views.sells.panes.orders]\nfilter = "side=sell"\n'
        'columns = ["id", "side", "quantity"]\nsort = ["quantity"]\n'
    )
    head, *rows = script("orders", "--view", "sells", "--csv").table
    assert head == ["Order", "Side", "Quantity"]
    assert {row[1] for row in rows} == {"Sell"}
    sizes = [Decimal(row[2]) for row in rows if row[2]]
    assert sizes == sorted(sizes)
    assert {
        row[1] for row in script("orders", "--view", "sells", "--filter", "side=sellshort", "--csv").table[1:]
    } == {"SellShort"}
    wrong = script("orders", "--view", "selsl", "--json")
    assert wrong.code == 2
    assert "perhaps sells is meant" in wrong.document["why"]


def test_a_server_that_is_not_there_is_told_in_json_and_may_be_tried_again(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["blocks", "--json", "--url", "http://127.0.0.1:9/api"])
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert code == said["exitCode"] == 5
    assert said["retry"] is True
    assert said["environment"]["url"] == "http://127.0.0.1:9/api"
    assert said["why"] in err


def test_the_desk_is_read_as_it_was(script: ReadingScript) -> None:
    now, then = (
        script("executions", "--json").document,
        script("executions", "--as-at", "2h ago", "--json").document,
    )
    assert 0 < then["total"] < now["total"]
    assert then["asAt"] < now["asAt"]
    assert {row["code"] for row in then["rows"]} < {row["code"] for row in now["rows"]}


def test_exceptions_say_what_is_wrong_what_is_at_stake_and_which_action_mends_it(
    script: ReadingScript,
) -> None:
    said = script("exceptions", "--json").document
    rejected = next(row for row in said["rows"] if row["exception"] == "rejected")
    assert rejected["kind"] == "placements"
    assert rejected["reason"].startswith("rejected by ")
    assert rejected["press"] == "cancel"
    assert rejected["stake"] > 0
    assert rejected["currency"] == "GBP"
    only = script("exceptions", rejected["code"], "--filter", "rejected", "--json").document
    assert [(row["exception"], row["code"]) for row in only["rows"]] == [("rejected", rejected["code"])]
    stakes = [row["stake"] for row in script("exceptions", "--sort", "-stake", "--json").document["rows"]]
    known = [stake for stake in stakes if stake is not None]
    assert known == sorted(known, reverse=True)
    assert stakes[len(known) :] == [None] * (len(stakes) - len(known)), "what is not known comes last"


def test_a_history_is_told_of_an_order_and_of_those_behind_a_block(script: ReadingScript) -> None:
    (story,) = script("history", "ORD-00001", "--json").document["stories"]
    assert story["about"].startswith("Buy 9,000 MSFT")
    assert story["entries"][-1]["what"].startswith("ordered: buy 9,000 MSFT")
    when = [entry["when"] for entry in story["entries"]]
    assert when == sorted(when, reverse=True)
    behind = script("history", "BLK-0001", "--json").document["stories"]
    assert len(behind) > 1
    assert story in behind
    head, *rows = script("history", "BLK-0001", "--csv").table
    assert head[:3] == ["Order", "Time", "Who"]
    assert len(rows) == sum(len(each["entries"]) for each in behind)
    table = script("history", "ORD-00001")
    assert len(table.out.splitlines()) == len(story["entries"]) + 1
    assert "ordered: buy 9,000 MSFT" in table.out


def test_a_history_of_no_order_is_told_in_the_words_of_the_server(script: ReadingScript) -> None:
    answer = script("history", "ORD-99999", "--json")
    assert answer.code == 1
    assert "ORD-99999" in answer.document["why"]


def test_a_script_that_has_seen_enough_ends_the_command_quietly(script: ReadingScript) -> None:
    """As ``blotter executions --csv | head -1`` does."""
    code = "import sys; from tui.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "executions", "--csv", *script.reached]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait() == 0, said
    assert "Traceback" not in said
