"""A dealer fills in a form: words while typing, and no way on with a wrong value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual import events
from textual.screen import Screen

from tui.screens.dialogs.form_dialog import FormDialog
from widgets.form import Field, FormFields

BLOCKS = ("BLK-1", "BLK-10", "BLK-12", "blk-7")


def whole(text: str) -> str | None:
    return None if text.replace(",", "").isdigit() else f"{text} is not a number. Write 50k or 1,000."


FIELDS = (
    Field(
        "quantity", "Quantity", check=whole, echo=lambda text: f"{text} shares", required=True, help="Shares."
    ),
    Field("block", "To block", choices=BLOCKS, help="An existing block."),
    Field("type", "Type", kind="choice", value="Market", choices=("Market", "Limit", "Stop", "StopLimit")),
    Field("booked", "Mark booked", kind="flag", value="yes", help="Mark what was booked."),
)

Opened = Callable[[Screen[Any]], Any]


def form(**more: Any) -> FormDialog:
    return FormDialog("Move orders", "Two orders go to one block.", FIELDS, **more)


def current(app: Any) -> str:
    return str(app.shown.query_one(FormFields).current)


def value(app: Any) -> str:
    return str(app.shown.query_one(FormFields).values[current(app)])


async def test_a_wrong_value_is_said_in_words_and_a_right_one_echoed(stage: Opened) -> None:
    app = stage(form())
    async with app.run_test(size=(120, 34)) as pilot:
        assert "required" in app.text
        await pilot.press("5", "x")
        assert "5x is not a number. Write 50k or 1,000." in app.text
        await pilot.press("backspace", "0")
        assert "50 shares" in app.text
        assert "not a number" not in app.text


async def test_enter_goes_to_the_first_wrong_field_and_on_when_all_is_right(stage: Opened) -> None:
    app = stage(form())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "enter")
        assert app.answers == []
        assert "Quantity is required." in app.text
        assert current(app) == "quantity"
        await pilot.press("5", "0", "enter")
        await pilot.pause()
    assert app.answers == [{"quantity": "50", "block": "", "type": "Market", "booked": "yes"}]


async def test_escape_and_ctrl_c_leave_without_values(stage: Opened) -> None:
    for key in ("escape", "ctrl+c"):
        app = stage(form())
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("5", key)
            await pilot.pause()
        assert app.answers == [None]


async def test_tab_completes_first_and_then_moves_on(stage: Opened) -> None:
    app = stage(form())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "b", "l", "k", "-", "1", "2")
        assert "blk-12" in app.text
        assert value(app) == "BLK-12", "handed on as the block is spelt"
        await pilot.press("backspace", "0", "backspace", "tab")
        assert current(app) == "type", "BLK-1 is itself a block: nothing to complete"
        await pilot.press("up", "end", "backspace", "backspace", "tab")
        assert value(app) == "BLK-1"
        assert "BLK-10" in app.text
        await pilot.press("tab")
        assert current(app) == "type"


async def test_a_choice_typed_in_another_case_is_handed_on_as_it_is_spelt(stage: Opened) -> None:
    app = stage(form())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("7", "tab", "B", "L", "K", "-", "7", "enter")
        await pilot.pause()
    assert app.answers[0]["block"] == "blk-7"


async def test_choices_step_and_follow_typing_and_flags_turn(stage: Opened) -> None:
    app = stage(form())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5", "tab", "tab", "right")
        assert value(app) == "Limit"
        await pilot.press("left", "left")
        assert value(app) == "StopLimit"
        await pilot.press("s", "t")
        assert value(app) == "Stop"
        await pilot.press("o", "p", "l")
        assert value(app) == "StopLimit"
        await pilot.press("m", "down", "space")
        assert "[ ] no" in app.text
        await pilot.press("y")
        assert "[x] yes" in app.text
        await pilot.press("n", "enter")
        await pilot.pause()
    assert app.answers == [{"quantity": "5", "block": "", "type": "Market", "booked": "no"}]


async def test_a_pasted_newline_does_not_submit(stage: Opened) -> None:
    app = stage(form())
    async with app.run_test(size=(80, 24)) as pilot:
        app.post_message(events.Paste("500\n1000\n"))
        await pilot.pause()
        app.post_message(events.Paste("\n"))
        await pilot.pause()
        assert app.answers == []
        assert app.shown.query_one(FormFields).values["quantity"] == "500"


async def test_values_are_checked_together_and_described_while_typing(stage: Opened) -> None:
    def check(values: dict[str, str]) -> list[str]:
        return [] if values["block"] else ["Say the block, or make a new one."]

    app = stage(form(check_all=check, live=lambda values: f"Move {values['quantity'] or 'nothing'}"))
    async with app.run_test(size=(80, 24)) as pilot:
        assert "Move nothing" in app.text
        await pilot.press("9", "enter")
        assert "Say the block, or make a new one." in app.text
        await pilot.press("0")
        assert "Move 90" in app.text
        assert "Say the block" not in app.text
        assert app.answers == []


async def test_hostile_text_stays_text(stage: Opened) -> None:
    fields = (
        Field("a", "[b", value="[/x]", help="\u682a\u5f0f [red]", echo=lambda text: f"[bold {text}"),
        Field("b", "Next", help="[@click=app.quit]x"),
    )
    app = stage(FormDialog("[b \x1b]52;c;x\x07", "[/]", fields, live=lambda values: f"[b {values['a']}"))
    async with app.run_test(size=(80, 24)) as pilot:
        app.post_message(events.Paste("\x1b[31m\u682a[b"))
        await pilot.pause()
        assert "\x1b" not in app.text
        assert "\u682a[b" in app.text
        await pilot.press("tab")
        assert "[@click=app.quit]x" in app.text


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (200, 50), (40, 12)])
async def test_it_fits_every_terminal_and_keeps_the_value_through_a_resize(
    stage: Opened, size: tuple[int, int]
) -> None:
    fields = [Field(f"f{n}", f"Field {n}", value=str(n)) for n in range(30)]
    app = stage(FormDialog("Many", "Intro.", fields))
    async with app.run_test(size=size) as pilot:
        await pilot.press("up")
        assert current(app) == "f29"
        await pilot.press("x")
        assert "Field 29" in app.text
        assert "Esc back" in app.text
        await pilot.resize_terminal(60, 14)
        await pilot.pause()
        assert "Field 29" in app.text
        assert "Esc back" in app.text
        assert app.shown.query_one(FormFields).values["f29"] == "x"


def burst(app: Any, *keys: str) -> None:
    """Let keys arrive all at once, as a slow line delivers them."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_held_enter_answers_once(stage: Opened) -> None:
    app = stage(FormDialog("Empty", "", ()))
    async with app.run_test(size=(80, 24)) as pilot:
        burst(app, "enter", "enter", "enter")
        await pilot.pause()
        await pilot.pause()
    assert app.answers == [{}]


async def test_keys_that_arrive_at_once_are_taken_in_order(stage: Opened) -> None:
    """A letter typed after Tab must never change the side, nor one after Enter the size."""
    fields = (
        Field("side", "Side", kind="choice", value="Buy", choices=("Buy", "Sell", "SellShort")),
        Field("ticker", "Ticker", required=True),
        Field("size", "Size", value="7"),
    )
    app = stage(FormDialog("Order", "", fields))
    async with app.run_test(size=(80, 24)) as pilot:
        burst(
            app, "tab", "S", "H", "X", "backspace", "E", "L", "tab", "5", "0", "left", "1", "enter", "9", "y"
        )
        await pilot.pause()
        await pilot.pause()
    assert app.answers == [{"side": "Buy", "ticker": "SHEL", "size": "510"}]


async def test_a_side_taken_for_granted_is_passed_on_the_way(stage: Opened) -> None:
    app = stage(
        FormDialog("Order", "", (Field("side", "Side", value="Buy"), Field("size", "Size", required=True)))
    )
    async with app.run_test(size=(80, 24)):
        assert current(app) == "side"


LONG = "There is no instrument VODD here: write one that the desk knows, such as VOD, or its ISIN or LUID."


@pytest.mark.parametrize(("columns", "wide"), [(80, True), (80, False), (160, True), (160, False)])
async def test_a_fault_is_said_once_and_whole(stage: Opened, columns: int, *, wide: bool) -> None:
    fields = (Field("line", "Order line", check=lambda _: LONG, wide=wide), FIELDS[0])
    app = stage(FormDialog("New orders by line", "", fields))
    async with app.run_test(size=(columns, 24)) as pilot:
        await pilot.press("b")
        said = " ".join(app.text.replace("│", " ").split())
        assert (said.count(LONG), said.count("There is no instrument")) == (1, 1)
        await pilot.resize_terminal(240 - columns, 24)
        await pilot.pause()
        said = " ".join(app.text.replace("│", " ").split())
        assert (said.count(LONG), said.count("There is no instrument")) == (1, 1), "also after a resize"
