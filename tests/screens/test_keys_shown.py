"""A key is shown as it is bound: in the footer, the help, the palette and every sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tests.paths import ROOT
from tui.screens.desk.keymap import key_mistakes
from tui.screens.desk.registry import BY_ID
from tui.screens.history.screen import HistoryScreen

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


async def test_every_sentence_says_the_key_of_ones_own() -> None:
    own = {"new": "A", "place": "X", "allocate": "D", "book": "F", "quit": "Q", "back": "Z", "orders": "O"}
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
        await user.until(lambda: "Press D when there are fills." in user.text())
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
