"""A key that opens a form goes through no rows of the desk, wherever the screen passes them on."""

from __future__ import annotations

import pytest

from tests.actions.test_forms_of_large_desks import counted
from tests.blotter_app import blotter
from tui.screens.dialogs.form_dialog import FormDialog
from tui.service.snapshot.snapshot import EntityKind


@pytest.mark.parametrize("key", ["n", "N"])
async def test_a_key_that_opens_a_form_walks_no_rows(key: str) -> None:
    async with blotter() as user:
        await user.go("blocks")
        desk = user.app.session.desk
        assert desk is not None
        desk.snapshot, rows = counted(desk.snapshot)
        user.desk.show_all()
        await user.until(lambda: not any(user.desk.pane(kind).arranging for kind in EntityKind))
        walked = {name: each.walks for name, each in rows.items()}
        assert walked["blocks"], "rows that count nothing prove nothing"
        await user.press(key)
        assert isinstance(user.app.screen, FormDialog)
        assert {name: each.walks for name, each in rows.items()} == walked
