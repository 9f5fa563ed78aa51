"""What a read command lists is what its pane shows and what an export of it holds."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest

from tests.blotter_app import Blotter, blotter
from tests.headless.kept_output import KeptOutput
from tui.columns.column import exported
from tui.columns.row_texts import CSV
from tui.headless import written_rows
from tui.headless.command_output import OutputForm
from tui.headless.exit_codes import ExitCode
from tui.headless.read_rows import ReadContext, read_rows
from tui.headless.rows_request import RowsRequest
from tui.screens.exceptions.screen import ExceptionsScreen
from tui.service.desk import Desk

FILTERS = {
    "blocks": "side:buy or state:new",
    "orders": "quantity>=10k",
    "placements": "!broker:NRDK",
    "allocations": "state:booked",
    "executions": "price>1",
    "transactions": "ccy:usd",
}


def the_desk(user: Blotter) -> Desk:
    """Return the desk that the app shows."""
    assert user.app.session.desk is not None
    return user.app.session.desk


async def listed(
    user: Blotter, request: RowsRequest, form: OutputForm, output: KeptOutput | None = None
) -> str:
    """Return what a command writes of the desk that the app shows."""
    output = output or KeptOutput(form)
    code = await read_rows(request, ReadContext(), the_desk(user), output)
    assert code is ExitCode.DONE
    return output.written


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file read what is written: a table has all its columns."""
    monkeypatch.setattr(written_rows, "_terminal_width", lambda: 0)


async def test_lists_have_the_rows_cells_and_order_of_their_panes_and_the_bytes_of_exports() -> None:
    async with blotter() as user:
        for kind, typed in FILTERS.items():
            await user.go(kind)
            await check_pane(user, RowsRequest(kind))
            await user.press("slash")
            await user.type(typed)
            await user.press("enter")
            assert user.pane(kind).hidden, f"{typed} hides some {kind}"
            await check_pane(user, RowsRequest(kind, filter=typed))
            await user.press("escape")


async def check_pane(user: Blotter, request: RowsRequest) -> None:
    """Hold what is listed against what the pane shows."""
    pane = user.pane(request.of)
    shown = pane.shown_rows()
    assert shown.keys
    assert await listed(user, request, "csv") == shown.written(CSV)
    output = KeptOutput("table")
    title, *lines = (await listed(user, request, "table", output)).splitlines()
    sums = pane._arranger.totals.parts(pane.rows_snapshot)
    assert [said.partition("; in all ")[2] for said in output.said] == [", ".join(sums)], "as at its foot"
    assert title.split()[0] == shown.columns[0].title
    assert len(lines) == len(shown.keys)
    for id, line in zip(shown.keys, lines, strict=True):
        cells = " ".join(cell.text.strip() for cell in pane._cells(id))
        assert line.split() == cells.split()
    said = json.loads(await listed(user, request, "json"), parse_float=Decimal)
    assert [(row["scope"], row["code"]) for row in said["rows"]] == [(id.scope, id.code) for id in shown.keys]
    for row, values in zip(said["rows"], shown.lines(shown.keys), strict=True):
        assert [as_exported(row[column.id]) for column in shown.columns] == list(map(exported, values))


def as_exported(value: Any) -> str:
    """Return a value of JSON as an export has it."""
    return "" if value is None else str(value)


async def test_a_terminal_gets_the_columns_it_has_room_for_and_hears_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with blotter() as user:
        for room in (80, 100, 160):
            monkeypatch.setattr(written_rows, "_terminal_width", lambda room=room: room)
            output = KeptOutput("table")
            title, *lines = (await listed(user, RowsRequest("blocks"), "table", output)).splitlines()
            assert sum(len(line) > room for line in (title, *lines)) <= 1, "only the longest code"
            assert title.startswith("Block ")
            assert not {"Compliance", "Checks"} <= {*title.split()}, "marks, or the words they stand for"
            assert "No room for " in output.said[-1]


async def test_the_list_of_exceptions_is_the_list_behind_its_key() -> None:
    async with blotter() as user:
        await user.press("0")
        screen = user.app.screen
        assert isinstance(screen, ExceptionsScreen)
        shown = screen.shown_rows()
        rows = list(csv.DictReader(io.StringIO(await listed(user, RowsRequest("exceptions"), "csv"))))
        theirs = list(csv.DictReader(io.StringIO(shown.written(CSV))))
        keys = ("Needs you", "Trade", "At stake", "Who", "Row", "Since", "Ccy")
        assert [[row[key] for key in keys] for row in rows] == [[row[key] for key in keys] for row in theirs]
        labels = {action.id: action.label.lower() for action in user.app.session.actions}
        pressed = [row["Press"].split(" ", 1)[1] for row in theirs]
        assert [labels[row["Press"]] for row in rows] == pressed, "an action's name instead of a key"
