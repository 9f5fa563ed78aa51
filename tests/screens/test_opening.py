"""Screens over the desk open without holding up keys: Textual would lay out and paint all of it twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual._compositor import Compositor
from textual.geometry import Size
from textual.screen import Screen

from tests.blotter_app import blotter
from tui.screens.browse.screen import BrowseScreen
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.ticket.screen import TicketScreen


@contextmanager
def counted_work() -> Iterator[list[str]]:
    """Note what is done from now on: a layout of a whole screen, a paint of all of it."""
    noted: list[str] = []
    reflow, paint = Compositor.reflow, Compositor.render_full_update

    def counted_reflow(self: Compositor, parent: Screen[object], size: Size) -> object:
        noted.append(f"{type(parent).__name__} is laid out")
        return reflow(self, parent, size)

    def counted_paint(self: Compositor, simplify: bool = False) -> object:
        noted.append("all is painted")
        return paint(self, simplify)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "reflow", counted_reflow)
        patch.setattr(Compositor, "render_full_update", counted_paint)
        yield noted


async def test_a_screen_is_painted_once_as_it_opens_and_the_desk_is_not_laid_out_again() -> None:
    async with blotter((160, 48)) as user:
        for key, opened in (("enter", TicketScreen), ("B", BrowseScreen), ("n", FormDialog)):
            await user.press(key, "escape")  # what it asks for is known after that
            with counted_work() as noted:
                await user.press(key)
            assert isinstance(user.app.screen, opened)
            assert noted.count("all is painted") == 1
            assert "DeskScreen is laid out" not in noted
            await user.press("escape")
