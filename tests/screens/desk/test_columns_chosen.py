"""A dealer arranges the columns of a pane: shows, hides, moves, widens and pins them, by keys and mouse."""

from __future__ import annotations

from tests.blotter_app import Blotter, blotter
from tui.screens.dialogs.columns_dialog import KEEP_ONE, ColumnsDialog
from widgets.line_list import LineList


def header(user: Blotter, kind: str = "blocks") -> str:
    """Return the titles above the rows of a pane, as they stand on screen."""
    return user.pane(kind).grid.render_line(0).text


def titles(user: Blotter, kind: str = "blocks") -> list[str]:
    return [column.title for column in user.pane(kind).view.columns]


async def opened(user: Blotter) -> None:
    await user.press("o")
    await user.until(
        lambda: isinstance(user.app.screen, ColumnsDialog) and bool(user.app.screen.query("#said"))
    )


async def test_columns_are_hidden_moved_and_kept_by_enter_only() -> None:
    async with blotter((160, 48)) as user:
        before = titles(user)
        assert before[:4] == ["Block", "Side", "Instrument", "Ordered"]
        await opened(user)
        await user.press("down", "space", "down", "J", "escape")
        assert titles(user) == before, "Esc leaves them as they were"
        await opened(user)
        await user.press("down", "space", "down", "J", "enter")
        assert titles(user)[:3] == ["Block", "Ordered", "Instrument"]
        assert "Side" not in titles(user)
        assert header(user).split()[:3] == ["Block", "Ordered", "Instrument"]
        assert list(user.row("blocks", user.codes("blocks")[0]))[:3] == ["id", "ordered", "instrument"]
        await opened(user)
        assert "[ ] Side" in user.text()
        await user.press("r", "enter")
        assert titles(user) == before, "as declared again"
        assert user.pane("blocks").view.chosen == (), "so that a column of a newer version is shown too"


async def test_a_width_is_the_readers_own_and_a_number_is_never_cut() -> None:
    async with blotter((160, 48)) as user:
        await opened(user)
        await user.press("down", "down", *["plus"] * 6)
        assert "18*" in user.text()
        await user.press("down", *["minus"] * 9, "enter")
        shown = header(user)
        assert shown.index("Ordered") - shown.index("Instrument") >= 18
        sizes = [user.row("blocks", code)["ordered"] for code in user.codes("blocks")[:8]]
        assert all(size in user.text() for size in sizes)


async def test_a_pinned_column_stays_at_the_left_while_the_others_scroll() -> None:
    async with blotter((80, 24)) as user:
        await opened(user)
        await user.press("down", "down", "down", "p")
        assert "pinned" in user.text().splitlines()[2]
        await user.press("enter")
        assert header(user).split()[0] == "Ordered"
        await user.press("right", "right", "right")
        assert header(user).split()[:2] != ["Ordered", "Block"]
        assert header(user).replace("\u2039", " ").split()[0] == "Ordered"
        await opened(user)
        await user.press("p", "J", "enter")
        await user.press("right", "right", "right")
        assert "Ordered" not in header(user), "what is pinned no longer scrolls"


async def test_one_column_stays_and_the_dialog_says_so() -> None:
    async with blotter((120, 40)) as user:
        await opened(user)
        for _ in titles(user):
            await user.press("space", "down")
        await user.press("enter")
        assert KEEP_ONE in user.text()
        await user.press("escape")
        assert len(titles(user)) > 10


async def test_a_click_shows_or_hides_a_column() -> None:
    async with blotter((120, 40)) as user:
        await opened(user)
        await user.pilot.click(LineList, offset=(3, 1))
        assert "[ ] Side" in user.text()
        await user.press("enter")
        assert "Side" not in titles(user)
