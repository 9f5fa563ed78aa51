"""A key is shown as it is bound: in the footer, the help, the palette and every sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.screen import Screen

from tests.blotter_app import Blotter, blotter, demo
from tests.paths import ROOT
from tui.actions.action import NO_ROW
from tui.screens.activity import ActivityScreen
from tui.screens.browse.screen import BrowseScreen
from tui.screens.changes_list import ChangesScreen
from tui.screens.desk.keymap import key_mistakes
from tui.screens.desk.registry import BY_ID
from tui.screens.detail.screen import DetailScreen
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.exceptions.screen import ExceptionsScreen
from tui.screens.history.screen import HistoryScreen
from tui.screens.journal_list import JournalScreen
from tui.screens.sheet_screen import SheetScreen
from tui.screens.ticket.screen import TicketScreen
from widgets.filterbar import FilterBar

NAMES_A_KEY = re.compile(
    r"\b(?:Esc|Enter|Tab|Space|PgUp|PgDn|Backspace|Ctrl-\w|Shift-Tab|F\d{1,2}|Left/Right|Up/Down)\b"
    r"|\b[Pp]ress [^{<\s]"
    r"|(?:^|[ (;,.])[a-zA-Z?:/]"
    r" (?:leaves|clears|tries|retries|shows|sends|opens|goes|completes|copies|quits)\b"
)
"""The pattern of a sentence that names a key literally."""
SPELT = ROOT / "widgets" / "key_names.py"
"""The one place where keys are spelt."""


def sentences() -> Iterator[tuple[str, str]]:
    """Yield every text of the program but docstrings, with its place."""
    rooms = (ROOT / "tui", ROOT / "widgets")
    others = {ROOT / "tui" / "oms", ROOT / "tui" / "thinwire"}
    for path in sorted(path for room in rooms for path in room.rglob("*.py")):
        if path != SPELT and not others & set(path.parents):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            documented = {id(text) for text in docstrings(tree)}
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and id(node) not in documented
                ):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the texts that stand alone: docstrings, and those that describe a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def test_no_sentence_names_a_key_literally() -> None:
    literal = [f"{place}: {text!r}" for place, text in sentences() if NAMES_A_KEY.search(text)]
    assert not literal, "write the id of the action in braces, or read the key off the binding"


@pytest.mark.parametrize(
    "sentence",
    [
        "Esc clears it.",
        "Press n for the first order.",
        "q leaves.",
        "Type it, and Enter to send",
        "; r tries again",
    ],
)
def test_a_sentence_that_names_a_key_would_be_found(sentence: str) -> None:
    assert NAMES_A_KEY.search(sentence)


def test_every_action_that_a_sentence_names_in_braces_exists() -> None:
    named = {
        (place, name)
        for place, text in sentences()
        if place.startswith(("tui/screens", "tui/columns", "tui/app", "tui/signon", "tui/api/auth"))
        for name in re.findall(r"\{([a-z_]+)\}", text)
    }
    assert {"new", "place", "back", "palette", "quit", "refresh"} <= {name for _, name in named}
    assert {name for _, name in named} <= set(BY_ID)


async def test_a_key_of_ones_own_stands_in_footer_help_and_palette_and_works() -> None:
    async with blotter(keys={"history": "H"}) as user:
        footer = user.text().splitlines()[-1]
        assert "H History" in footer
        assert "h History" not in footer
        await user.press("h")
        assert user.app.screen is user.desk
        await user.press("question_mark")
        await user.until(lambda: "Help" in user.text())
        [line] = [line for line in user.text().splitlines() if "The full history of the order" in line]
        assert line.split()[:2] == ["H", "History"]
        await user.press("escape", "colon")
        await user.type("history")
        await user.until(lambda: "The full history of the order behind the row" in user.text())
        [line] = [line for line in user.text().splitlines() if line.split()[-1:] == ["History"]]
        assert line.split() == ["H", "History"]
        await user.press("escape", "escape")
        await user.until(lambda: user.app.screen is user.desk)
        await user.press("H")
        await user.until(lambda: isinstance(user.app.screen, HistoryScreen))


OVER_THE_DESK = (
    DetailScreen,
    ActivityScreen,
    HistoryScreen,
    ExceptionsScreen,
    ChangesScreen,
    JournalScreen,
    BrowseScreen,
    TicketScreen,
)


def test_what_the_desk_does_too_has_the_key_of_the_desk_on_every_screen_over_it() -> None:
    for screen in OVER_THE_DESK:
        named = [each for each in screen.BINDINGS if isinstance(each, Binding) and each.id]
        assert {"copy", "export"} <= {each.id for each in named}
        assert [each.key for each in named] == [BY_ID[each.id].key for each in named if each.id]


async def test_keys_of_ones_own_hold_on_the_screens_over_the_desk(tmp_path: Path) -> None:
    own = {
        "copy": "Y",
        "export": "X",
        "filter": "F",
        "history": "H",
        "raw": "J",
        "refresh": "R",
        "tape": "A",
        "exceptions": "9",
        "changes": "U",
        "day_sheet": "Z",
        "journal": "Q",
    }
    assert not key_mistakes(own)
    async with blotter((160, 30), keys=own, exports=tmp_path) as user:

        async def opened(screen: type[Screen[Any]], *keys: str, lists: bool = True) -> None:
            await user.press(*keys)
            await user.until(lambda: isinstance(user.app.screen, screen))
            shown = user.text().splitlines()[-1]
            assert "Y copy  X export" in shown
            assert ("F filter" in shown) is lists
            await user.press("y", "E", "slash")
            assert isinstance(user.app.screen, screen)
            await user.press("Y")
            await user.until(lambda: NO_ROW in user.notices or isinstance(user.app.screen, FormDialog))
            if isinstance(user.app.screen, FormDialog):
                await user.press("escape")

        async def left(key: str) -> None:
            await user.press(key)
            await user.until(lambda: user.app.screen is user.desk)

        await opened(ExceptionsScreen, "9")
        await user.press("X")
        await user.until(lambda: isinstance(user.app.screen, FormDialog))
        await user.press("escape", "F")
        await user.until(lambda: isinstance(user.app.focused, FilterBar))
        await user.press("escape")
        await left("9")
        await opened(ActivityScreen, "A")
        await left("A")
        await opened(SheetScreen, "Z")
        assert "R add up again" in user.text()
        await left("Z")
        await opened(JournalScreen, "Q")
        await left("Q")
        assert NO_ROW in user.notices
        user.heard.clear()
        await user.go("orders", "ORD-00064")
        await opened(HistoryScreen, "H")
        assert "R reload" in user.text()
        await left("escape")
        await opened(TicketScreen, "enter", lists=False)
        assert "H history  J raw JSON" in user.text()
        await opened(DetailScreen, "J", lists=False)
        await user.press("escape")
        await user.until(lambda: isinstance(user.app.screen, TicketScreen))
        await left("escape")
        await opened(BrowseScreen, "B")
        assert "H history" in user.text()


async def test_every_sentence_says_the_key_of_ones_own() -> None:
    own = {"new": "A", "place": "X", "allocate": "U", "book": "F", "quit": "Q", "back": "Z", "orders": "O"}
    assert not key_mistakes(own)
    async with blotter(size=(160, 48), keys=own) as user:
        await user.press("ctrl+c")
        assert user.notices[-1] == "Nothing to cancel here; Q quits."
        await user.press("Z")
        assert user.notices[-1] == "Nothing to go back from; Q quits."
        assert " O Orders " in user.text()
        await filter_for_nothing(user)
        assert "Nothing matches the filter. Z clears it, B looks beyond the desk." in user.text()
        await user.press("Z")
        assert user.pane("blocks").grid.move_to(demo("BLK-0008"))
        await user.until(lambda: "Press X on a block." in user.text())
        await user.press("4")
        await user.until(lambda: "Press U when there are fills." in user.text())
        await user.press("6")
        await user.until(lambda: "Press F on allocations." in user.text())


async def filter_for_nothing(user: Blotter) -> None:
    await user.press("slash")
    await user.type("zzzz")
    await user.press("enter")
    await user.until(lambda: "Nothing matches" in user.text())


async def test_an_empty_desk_says_the_key_for_the_first_order() -> None:
    async with blotter(keys={"new": "A"}, data="empty") as user:
        await user.until(lambda: "No blocks. Press A for the first order, B for older ones." in user.text())


async def test_a_command_without_a_key_may_be_given_one() -> None:
    own = {"market_step": "M"}
    assert not key_mistakes(own)
    async with blotter(keys=own, market=True) as user:
        await user.press("M")
        await user.until(lambda: "The market is paused" in "".join(user.notices))


def test_a_key_that_walks_the_rows_is_not_free() -> None:
    assert key_mistakes({"history": "j"}) == {"history": '"j" is not free; that key is of the rows already'}
    assert not key_mistakes({"detail": "enter"}), "it is the one it came with"
