"""The filter line of a pane, typed into as fast as fingers go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from textual import events

from tests.blotter_app import Blotter, blotter, demo
from tui.columns.filter_grammar import EXAMPLES
from tui.screens.desk.screen import DeskScreen


async def test_what_is_typed_after_the_slash_filters_and_acts_on_nothing() -> None:
    async with blotter() as user:
        await user.press("slash", "s", "i", "d", "e", "colon", "s", "e", "l", "l")
        assert isinstance(user.app.screen, DeskScreen)
        await user.until(lambda: "/side:sell" in user.text())
        sides = {user.row("blocks", code)["side"] for code in user.codes("blocks")}
        assert sides <= {"Sell", "Short"}
        await user.press("enter", "j")
        assert user.pane("blocks").grid.has_focus


async def test_keys_that_arrive_together_are_not_taken_for_actions() -> None:
    async with blotter() as user:
        for letter in ("/", "s", "k"):
            name = "slash" if letter == "/" else letter
            user.app.post_message(events.Key(name, letter))
        await user.until(lambda: "/sk" in user.text())
        assert isinstance(user.app.screen, DeskScreen)


async def test_a_filter_that_cannot_be_understood_stays_open_and_says_why() -> None:
    async with blotter() as user:
        shown = user.codes("blocks")
        await user.press("slash", *"nosuch", "colon", "1", "enter")
        await user.until(lambda: "There is no column 'nosuch'" in user.text())
        assert user.codes("blocks") == shown
        await user.press("escape")
        assert "nosuch" not in user.text()
        assert user.pane("blocks").grid.has_focus


async def test_a_pane_the_filter_empties_says_so() -> None:
    async with blotter() as user:
        await user.press("slash", *"zzzz", "enter")
        await user.until(lambda: user.codes("blocks") == [])
        assert "Nothing matches" in user.text()
        assert "Press n for the first order" not in user.text()
        await user.press("escape")
        assert len(user.codes("blocks")) == 38


def blocks_shown(user: Blotter, member: str) -> set[object]:
    rows = user.desk.snapshot.blocks
    return {getattr(rows[id].block, member) for id in user.pane("blocks").shown}


async def test_alternatives_are_typed_and_an_or_still_without_its_second_word_hides_nothing_more() -> None:
    async with blotter() as user:
        await user.press("slash")
        await user.type("side:sell or")
        await user.until(lambda: "/side:sell " in user.text())
        assert blocks_shown(user, "side") <= {"Sell", "SellShort"}
        await user.type(" tif:gtc")
        await user.until(lambda: "/side:sell or tif:gtc" in user.text())
        rows = [user.row("blocks", code) for code in user.codes("blocks")]
        assert all(row["side"] in ("Sell", "Short") or row["tif"] == "GTC" for row in rows)
        assert {row["side"] for row in rows} - {"Sell", "Short"}
        assert "1 selected" not in user.text()


async def test_tab_completes_columns_and_values_and_the_line_shows_which_there_are() -> None:
    async with blotter() as user:
        await user.press("slash")
        await user.type("sid")
        assert "side:" in user.text()
        await user.press("tab")
        await user.until(lambda: "Buy  Cover  Sell  Short" in user.text())
        await user.press("tab", "tab", "tab", "shift+tab", "enter")
        await user.until(lambda: "/side:Cover" in user.text())
        assert {user.row("blocks", code)["side"] for code in user.codes("blocks")} == {"Cover"}
        await user.press("slash", "ctrl+u")
        await user.type("state:partly")
        await user.press("tab", "enter")
        await user.until(lambda: '/state:"partly ' in user.text())
        assert user.codes("blocks")
        await user.press("slash", "ctrl+u")
        await user.type("!filled last ac")
        await user.press("tab")
        await user.type("1h ago")
        await user.press("enter")
        await user.until(lambda: "/!filled Last activity>1h ago" in user.text())


async def test_an_unfinished_word_is_refused_on_enter_with_what_is_missing() -> None:
    async with blotter() as user:
        await user.press("slash")
        await user.type("side:")
        await user.press("enter")
        await user.until(lambda: "'side:' says nothing to look for." in user.text())
        assert len(user.codes("blocks")) == 38


async def test_minutes_ago_move_with_the_clock_and_today_ends_at_midnight() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    now = [noon]
    async with blotter(start=noon, clock=lambda: now[0]) as user:
        created = {id: row.block.created_date for id, row in user.desk.snapshot.blocks.items()}
        newest = max(created.values())
        minutes = int((noon - newest).total_seconds() // 60) + 2
        await user.press("slash")
        await user.type(f"created>{minutes}m ago")
        await user.press("enter")
        await user.until(lambda: f"/created>{minutes}m ago" in user.text())
        recent = user.codes("blocks")
        assert recent
        assert all(created[demo(code)] > noon - timedelta(minutes=minutes) for code in recent)
        now[0] = noon + timedelta(minutes=2)
        await user.until(lambda: not user.codes("blocks"))
        await user.press("slash", "ctrl+u")
        await user.type("created:today")
        await user.press("enter")
        await user.until(lambda: set(recent) <= set(user.codes("blocks")))
        now[0] = datetime(2026, 11, 21, tzinfo=UTC)
        await user.until(lambda: not user.codes("blocks"))


async def test_help_has_the_grammar_of_filters() -> None:
    async with blotter((160, 60)) as user:
        await user.press("question_mark")
        await user.type("filters")
        await user.until(lambda: "Move orders" not in user.text())
        assert all(example in user.text() for example, _ in EXAMPLES)
        assert "side:buy or side:cover either; binds less than a blank" in " ".join(user.text().split())
