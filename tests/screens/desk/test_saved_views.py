"""A dealer keeps what he sees under a name, steps through his views, and shares those of his desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blotter_app import Blotter, blotter
from tui.columns.saved_views import view_mistakes
from tui.config.views_file import ViewsFile
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.question_dialog import QuestionDialog

SHARED = """\
[views.gilts]
[views.gilts.panes.blocks]
filter = "currency:GBP"
columns = ["id", "ordered", "instrument", "state"]
"""


def store(folder: Path) -> ViewsFile:
    (folder / "desk.toml").write_text(SHARED)
    return ViewsFile(folder / "views.toml", folder / "desk.toml", view_mistakes)


async def filtered(user: Blotter, text: str) -> None:
    await user.press("slash")
    await user.type(text)
    await user.press("enter")


async def saved(user: Blotter, name: str) -> None:
    await user.press("w")
    await user.until(lambda: isinstance(user.app.screen, FormDialog))
    await user.fill("name", name)
    await user.press("enter")


def said(user: Blotter, words: str) -> bool:
    return any(words in notice for notice in user.notices)


async def test_a_view_is_saved_left_and_stepped_back_to(tmp_path: Path) -> None:
    views = store(tmp_path)
    async with blotter((160, 48), views=views) as user:
        every = user.codes("blocks")
        await filtered(user, "instrument:VOD")
        pane = user.pane("blocks")
        pane.set_view(pane.view.sorted_by("ordered"))
        await user.press("l")
        some = user.codes("blocks")
        await saved(user, "vodafone")
        await user.until(lambda: said(user, "View vodafone saved."))
        assert (tmp_path / "views.toml").read_text().count("[views.vodafone") == 2

        await user.press("right_square_bracket")
        await user.until(lambda: said(user, "View gilts (2 of 2, shared)"))
        assert [column.id for column in pane.view.columns] == ["id", "ordered", "instrument", "state"]
        await user.press("full_stop")
        await user.until(lambda: said(user, "the desk as it is made"))
        assert user.codes("blocks") == every
        assert user.desk.linked
        await user.press("full_stop")
        await user.until(lambda: said(user, "View vodafone (1 of 2)"))
        assert user.codes("blocks") == some
        assert not user.desk.linked
        assert "by Ordered up" in user.text()
        await user.press("comma", "left_square_bracket")
        await user.until(lambda: user.app.session.view_name == "gilts")


async def test_a_view_of_ones_own_inherits_the_desks_and_changes_a_column(tmp_path: Path) -> None:
    views = store(tmp_path)
    async with blotter((160, 48), views=views) as user:
        await user.press("right_square_bracket")
        await user.until(lambda: user.app.session.view_name == "gilts")
        await user.press("o")
        await user.until(lambda: "Columns of blocks" in user.text())
        await user.press("down", "plus", "enter")
        await saved(user, "mine")
        await user.until(lambda: said(user, "View mine saved."))
    text = (tmp_path / "views.toml").read_text()
    assert 'based_on = "gilts"' in text
    assert "filter" not in text, "what is the desk's follows the desk"
    assert "ordered = " in text
    assert "columns" not in text
    assert (tmp_path / "desk.toml").read_text() == SHARED, "nobody writes what is shared"


async def test_what_another_blotter_saved_is_not_written_over_unasked(tmp_path: Path) -> None:
    views = store(tmp_path)
    async with blotter((160, 48), views=views) as user:
        await saved(user, "mine")
        await user.until(lambda: said(user, "View mine saved."))
        await user.press("w")
        await user.until(lambda: isinstance(user.app.screen, FormDialog))
        views.write("mine", {"linked": False}, views.held("mine"))
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, QuestionDialog))
        assert "changed by another blotter meanwhile" in user.text()
        await user.press("1")
        await user.until(lambda: user.app.screen is user.desk)
        assert views.held("mine") == {"linked": False}


async def test_what_is_wrong_in_the_file_is_told_and_views_are_found_by_name(tmp_path: Path) -> None:
    views = store(tmp_path)
    mine = '[views.broken]\nlinked = false\ncolour = "red"\n[views.other]\nsplit = 400\n'
    (tmp_path / "views.toml").write_text(mine)
    async with blotter((160, 48), views=views) as user:
        await user.press("right_square_bracket")
        await user.until(lambda: said(user, "views.toml, line 3: [views.broken] colour: is not known here"))
        assert user.app.session.view_name == "broken"
        assert not user.desk.linked, "the rest of it holds"
        await user.press("right_square_bracket", "left_square_bracket")
        await user.until(lambda: user.app.session.view_name == "broken")
        assert "colour: is not known here" in user.text(), "it stays until it is dismissed"
        await user.press("escape")
        await user.until(lambda: "colour: is not known here" not in user.text())
        await user.press("colon")
        await user.type("view: gilts")
        await user.until(lambda: "View: gilts" in user.text())
        await user.press("down", "enter")
        await user.until(lambda: user.app.session.view_name == "gilts")
        user.desk.action_act("delete_view")
        await user.until(lambda: isinstance(user.app.screen, FormDialog))
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, QuestionDialog))
        await user.press("2")
        await user.until(lambda: said(user, "View broken deleted."))
        assert views.held("broken") is None


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_status_bar_names_the_view_and_marks_what_was_changed_since(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    def bar() -> str:
        return user.text().splitlines()[0]

    views = store(tmp_path)
    async with blotter(size, views=views) as user:
        assert "view " not in bar()
        await user.press("full_stop")
        await user.until(lambda: " view gilts " in bar())
        await filtered(user, "vod")
        await user.until(lambda: " view gilts* " in bar())
        await user.press("escape", "slash")
        await user.type("currency:GBP")
        await user.press("enter")
        await user.until(lambda: " view gilts " in bar())
        await user.press("l")
        await user.until(lambda: " view gilts* " in bar())
        await saved(user, "mine")
        await user.until(lambda: " view mine " in bar())
        await user.press("full_stop", "full_stop")
        await user.until(lambda: said(user, "the desk as it is made"))
        assert "view " not in bar()
