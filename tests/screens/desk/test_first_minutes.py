"""A newcomer does what README says of the day of a dealer, from the row on which the cursor starts."""

from __future__ import annotations

import re

import pytest

from tests.blotter_app import Blotter, blotter
from tests.paths import ROOT
from tui.app import BlotterApp

LINE = re.compile(r"`(b 50k [^`]+)`")


def line_of_readme() -> str:
    """Return the order line that README gives as its example."""
    found = LINE.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


async def until_filled(user: Blotter) -> None:
    """Let the market run until everything of the block under the cursor is filled."""
    desk = user.app.session.desk
    assert desk is not None
    for _ in range(60):
        await desk.market.change(steps=60)
        await desk.refresh()
        await user.press()
        if "filled" in block_line(user) and "partly" not in block_line(user):
            return
    raise AssertionError(user.text())


def block_line(user: Blotter) -> str:
    """Return the line of the block under the cursor."""
    lines = user.text().splitlines()
    top = user.pane("blocks").region
    return next(line for line in lines[top.y : top.bottom] if line.startswith(">"))


@pytest.mark.long
async def test_the_five_steps_of_readme_work_as_they_are_written() -> None:
    async with blotter((160, 48), market=True) as user:
        start = block_line(user)
        await user.press("j")
        assert block_line(user) != start
        await user.press("k", "slash")
        await user.type("aapl or vod")
        await user.press("enter")
        assert {line.split()[2] for line in shown(user)} == {"AAPL", "VOD"}
        await user.press("escape", "0")
        await user.until(lambda: "exceptions:" in user.text())
        await user.press("escape")

        await user.press("N")
        await user.form()
        await user.type(line_of_readme())
        await user.press("enter")
        await user.confirm("enter")
        await user.until(lambda: "VOD" in block_line(user))
        assert "50,000" in block_line(user), "the cursor stands on the new block"

        await user.press("p")
        await user.form()
        await user.fill("counterparty", "ALBN")
        await user.press("enter")
        await user.confirm("y")
        await user.until(lambda: "placed" in block_line(user))
        await until_filled(user)

        await user.press("3", "a")
        await user.form()
        await user.press("enter")
        await user.confirm("y")
        await user.press("1")
        await user.until(lambda: "allocated" in block_line(user))
        await user.press("b")
        await user.form()
        await user.press("enter")
        await user.confirm("y")
        await user.until(lambda: "booked" in block_line(user))

        await user.press("h")
        await user.until(lambda: "by ALBN" in user.text())
        await user.press("escape", "B")
        await user.until(lambda: "page 1" in user.text())
        await user.press("escape", "question_mark")
        await user.until(lambda: "Not now: " in user.text())


def shown(user: Blotter) -> list[str]:
    """Return the lines of the blocks shown."""
    grid = user.pane("blocks").grid.region
    lines = [line[2:] for line in user.text().splitlines()[grid.y + 1 : grid.bottom]]
    return [line for line in lines if line.strip()]


async def test_a_ticket_that_is_asked_for_at_once_stands_in_the_middle_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def busy(_: BlotterApp) -> None:
        """Be at it still: nothing is ready when the first key is pressed."""

    monkeypatch.setattr(BlotterApp, "_make_ready", busy)
    async with blotter((120, 34)) as user:
        await user.press("n")
        await user.form()
        await user.until(lambda: bool(user.app.screen.query_one("#box").region))
        box = user.app.screen.query_one("#box").region
        assert (box.x, box.y) == ((120 - box.width) // 2, (34 - box.height) // 2)
