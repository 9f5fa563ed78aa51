"""Keys pressed while a pane still shows the rows of before, because those of now are not sorted yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tui.actions.action import NO_ROW
from tui.screens.copies import COPIES
from tui.screens.desk.arranger import Arranger
from tui.screens.exceptions.exceptions_feed import ExceptionsFeed


@pytest.fixture
async def user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Blotter]:
    """A dealer at the fills, none of whose panes gets on with its rows, nor does the list of exceptions."""

    def stand_still(owner: Arranger | ExceptionsFeed) -> bool:
        return True

    async with blotter(exports=tmp_path) as made:
        await made.go("executions")
        monkeypatch.setattr(made.desk.turns, "over", lambda: True)
        for owner in (Arranger, ExceptionsFeed):
            monkeypatch.setattr(owner, "_go_on", stand_still)
        yield made


async def delete_the_last_fill(user: Blotter) -> str:
    """Let somebody else delete a fill that the pane still shows, and return its code."""
    code = user.codes("executions")[-1]
    await user.client.executions.delete(demo(code))
    assert user.app.session.desk is not None
    await user.app.session.desk.reload()
    await user.until(lambda: demo(code) not in user.desk.snapshot.executions)
    assert code in user.codes("executions")
    return code


def codes_written(folder: Path) -> list[str]:
    """Return the first column of the one file in ``folder``, without its header."""
    (written,) = folder.iterdir()
    return [line.split(",")[0] for line in written.read_text().splitlines()[1:]]


async def test_a_fill_that_somebody_deleted_is_not_corrected(user: Blotter) -> None:
    code = await delete_the_last_fill(user)
    assert user.pane("executions").grid.move_to(demo(code))
    await user.pilot.press("f")
    await user.pilot.pause()
    assert user.app.is_running
    assert user.app.screen is user.desk
    assert user.notices[-1] == NO_ROW


async def test_the_rows_shown_are_copied(user: Blotter) -> None:
    await delete_the_last_fill(user)
    await user.pilot.press("y")
    await user.form()
    await user.pilot.press(*["right"] * (len(COPIES) - 1), "enter")
    await user.until(lambda: any("characters sent to the terminal" in notice for notice in user.notices))
    copied = user.app.clipboard.splitlines()
    assert [line.split("\t")[0] for line in copied[1:]] == user.codes("executions")


async def test_the_rows_shown_are_exported(user: Blotter, tmp_path: Path) -> None:
    await delete_the_last_fill(user)
    await user.pilot.press("E")
    await user.form()
    await user.pilot.press("enter")
    await user.until(lambda: any("rows written" in notice for notice in user.notices))
    assert codes_written(tmp_path) == user.codes("executions")
