"""``blotter report day`` as a script and a mail take it."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.service.sample_rows import NINE, execution, placement, snapshot_of
from tui import start
from tui.cli import main
from tui.columns.steps import finish
from tui.headless.day_sheet_texts import as_markdown
from tui.service.day_sheet.day_bounds import day_at
from tui.service.day_sheet.day_report import day_sheet
from tui.service.environment import Environment, EnvironmentKind


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("STATE", "DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path))
    monkeypatch.delenv("BLOTTER_CONFIG", raising=False)
    monkeypatch.setattr(start, "start_log", lambda path, level: path)


def report(*arguments: str) -> int:
    return main(["report", "day", "--db", ":memory:", *arguments])


def test_json_is_one_document_whose_parts_add_up_and_csv_says_the_same(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert report("--json") == 0
    said = json.loads(capfd.readouterr().out, parse_float=Decimal)
    assert (said["outcome"], said["retry"], said["environment"]["kind"]) == ("done", False, "LOCAL")
    assert said["from"] < said["until"]
    lines: list[dict[str, Any]] = said["lines"]
    whole: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        if line["part"] and line["traded"] is not None:
            whole[line["of"], line["name"], line["currency"], line["side"]] += line["traded"]
    sums = {
        (line["of"], line["name"], line["currency"], line["side"]): line["traded"]
        for line in lines
        if line["what"] == "all"
    }
    assert whole
    assert all(sums[key] == money for key, money in whole.items())
    assert {line["of"] for line in lines} == {"currency", "portfolio", "broker", "user"}
    assert report("--csv") == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert [(row["Of"], row["Name"], row["What"]) for row in rows] == [
        (line["of"], line["name"], line["what"]) for line in lines
    ]


def test_a_day_that_has_not_begun_and_a_text_that_is_no_day_are_refused(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert report("--date", "2099-01-01") == 2
    assert capfd.readouterr().err == "blotter: --date: 2099-01-01 has not begun yet.\n"
    assert report("--date", "09:30", "--json") == 2
    told = json.loads(capfd.readouterr().out)
    assert told["why"] == "--date: 09:30 is a time, not a day, such as 2026-11-20."


def test_a_page_of_markdown_keeps_hostile_names_in_their_cells() -> None:
    desk = snapshot_of(
        placements=[placement("PLC-1", "BLK-1", counterparty="A|B\n# [x](y)\x1b")],
        executions=[execution("EXE-1", "PLC-1", "10", "100")],
        read_at=NINE,
    )
    zone = UTC
    sheet = finish(day_sheet(desk, day_at(NINE, zone)))
    page = as_markdown(sheet, desk, zone, Environment("demo", EnvironmentKind.TEST), parts=False)
    [line] = [each for each in page.splitlines() if "A\\|B" in each]
    assert "\\[x\\](y)" in line
    assert "1,000" in line
    assert "\x1b" not in page
    assert page.startswith("# Sheet of Fri 20 Nov 2026")
