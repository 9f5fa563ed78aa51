"""Rows leave the desk: copied for another program, or written to a file, as the pane shows them."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from tests.blotter_app import Blotter, blotter
from tui.api.base import ResourceId
from tui.api.urls import SERVED
from tui.columns.totals import Totals


@pytest.fixture
async def user(tmp_path: Path) -> AsyncIterator[Blotter]:
    async with blotter((160, 48), exports=tmp_path) as user:
        yield user


async def copied(user: Blotter, choice: str, column: str = "") -> str:
    await user.press("y")
    await user.fill("choice", choice)
    if column:
        await user.fill("column", column)
    await user.press("enter")
    await user.until(lambda: bool(user.app.clipboard))
    text, user.app._clipboard = user.app.clipboard, ""
    return text


async def exported(user: Blotter, format: str, file: str = "") -> None:
    await user.press("E")
    await user.fill("format", format)
    if file:
        await user.fill("file", file)
    await user.press("enter")


async def filtered(user: Blotter, text: str) -> list[str]:
    await user.press("slash")
    await user.type(text)
    await user.press("enter")
    await user.until(lambda: f"/{text}" in user.text())
    return user.codes("blocks")


async def test_a_cell_an_id_and_a_selection_are_copied(user: Blotter) -> None:
    codes = user.codes("blocks")
    assert await copied(user, "id") == f"demo/{codes[0]}"
    ordered = user.row("blocks", codes[0])["ordered"].replace(",", "")
    assert await copied(user, "cell", "Ordered") == ordered
    await user.press("space", "down", "space")
    head, *rows = (line.split("\t") for line in (await copied(user, "TSV")).splitlines())
    assert head[:2] == ["Block", "Side"]
    assert [row[0] for row in rows] == codes[:2]
    table = (await copied(user, "Markdown")).splitlines()
    assert len(table) == 4
    assert table[2].startswith(f"| {codes[0]} | ")
    read = [json.loads(line) for line in (await copied(user, "JSON")).splitlines()]
    assert [row["block"]["id"]["code"] for row in read] == codes[:2]


async def test_the_column_that_was_clicked_is_the_one_of_the_cell(user: Blotter) -> None:
    grid = user.pane("blocks").grid
    at = grid.render_line(0).text.index("Side")
    await user.pilot.click(grid, offset=(at, 3))
    await user.press()
    code = user.codes("blocks")[2]
    assert await copied(user, "cell") == user.desk.snapshot.blocks[user.pane("blocks").shown[2]].block.side
    assert await copied(user, "id") == f"demo/{code}"


async def test_the_copied_request_reads_the_row_once_the_token_is_there(user: Blotter) -> None:
    await user.go("orders", "ORD-00003")
    *said, command = (await copied(user, "curl")).splitlines()
    assert "has no port" in said[0]
    assert any("blotter serve" in line for line in said)
    assert all(line.startswith("#") for line in said)
    assert "$BLOTTER_TOKEN" in command
    assert "***" not in command
    words = shlex.split(command)
    assert words[:3] == ["curl", "-X", "GET"]
    assert words[3] == f"{SERVED}/api/orders/demo/ORD-00003"


async def test_what_the_filter_and_sort_show_is_what_a_file_holds(user: Blotter, tmp_path: Path) -> None:
    shown = await filtered(user, "side:sell or tif:gtc")
    assert 0 < len(shown) < 38
    await exported(user, "CSV", "mine")
    file = tmp_path / "mine.csv"
    await user.until(lambda: any(f"{len(shown)} rows written to {file}" in notice for notice in user.notices))
    head, *rows = csv.reader(file.read_text().splitlines())
    assert [row[0] for row in rows] == shown
    assert head == [column.title for column in user.pane("blocks").view.columns]
    assert file.stat().st_mode & 0o777 == 0o600
    await exported(user, "JSON", "mine")
    await user.until((tmp_path / "mine.jsonl").exists)
    lines = [json.loads(line) for line in (tmp_path / "mine.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == shown
    await exported(user, "Markdown", "mine")
    await user.until((tmp_path / "mine.md").exists)
    assert (tmp_path / "mine.md").read_text().count("\n") == len(shown) + 2


async def test_totals_are_of_the_rows_that_the_filter_shows(user: Blotter) -> None:
    def added_up(ids: Iterable[ResourceId]) -> str:
        totals = Totals(user.pane("blocks").view)
        totals.add(user.desk.snapshot, ids)
        return totals.text(user.desk.snapshot).split(" · ")[0]

    everything = added_up(user.pane("blocks").shown)
    await filtered(user, "instrument=VOD")
    only = added_up(user.pane("blocks").shown)
    assert only != everything
    await user.until(lambda: f" {only} " in user.text())
    await user.press("escape")
    await user.until(lambda: f" {everything} " in user.text())


async def test_a_file_that_is_there_is_never_overwritten(user: Blotter, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("kept")
    await exported(user, "CSV", "mine")
    await user.until(lambda: "nothing is overwritten" in user.text())
    assert (tmp_path / "mine.csv").read_text() == "kept"
    await user.fill("file", "nowhere/mine")
    await user.press("enter")
    await user.until(lambda: "There is no folder" in user.text())
    await user.press("escape")
    names = {user.app.session.save("same.txt", text).name for text in ("one", "two")}
    assert names == {"same.txt", "same-2.txt"}
