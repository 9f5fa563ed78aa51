"""What is beneath a dialog is drawn whole, also where the terminal has just become larger or smaller."""

from __future__ import annotations

import pytest
from textual.geometry import Region

from tests.blotter_app import blotter
from tui.screens.dialogs.question_dialog import QuestionDialog


@pytest.mark.parametrize("size", [(140, 40), (60, 16), (100, 30)])
async def test_every_cell_that_is_asked_for_is_drawn(size: tuple[int, int]) -> None:
    """Textual asks for a new size before it tells of it, and a cell without text ends the program."""
    async with blotter(size=(100, 30)) as user:
        newest = user.codes("blocks")[0]
        await user.press("K")
        await user.until(lambda: isinstance(user.app.screen, QuestionDialog))
        await user.pilot.pause()
        shown = user.app.screen.render_lines(Region(0, 0, 100, 30))
        assert any(newest in line.text for line in shown)
        width, height = size
        lines = user.app.screen.render_lines(Region(0, 0, width, height))
        assert [line.cell_length for line in lines] == [width] * height
        assert any(newest in line.text for line in lines)
