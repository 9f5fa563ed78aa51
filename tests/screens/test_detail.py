"""Reading one entity in full: members by section, and the JSON as it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import Screen

from tui.screens.detail import DetailScreen

Opened = Callable[[Screen[Any]], Any]
RAW = '{"id":{"scope":"Desk","code":"ORD-1"},"quantity":1.10,"big":12345678901234567890.125}'


def detail() -> DetailScreen:
    sections = [
        ("Order", [("Id", "Desk/ORD-1"), ("Instrument", "[b \x1b[31m\u682a\u5f0f" + " long name" * 20)]),
        ("Terms", [("Limit price", "190.00 USD"), ("Time in force", "Day")]),
        ("Properties", []),
        ("Version", [(f"Member {n}", str(n)) for n in range(60)]),
    ]
    return DetailScreen("Order Desk/ORD-1 [/]", sections, RAW)


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (200, 50)])
async def test_every_member_can_be_read_at_every_size(stage: Opened, size: tuple[int, int]) -> None:
    app = stage(detail())
    async with app.run_test(size=size) as pilot:
        assert "Order Desk/ORD-1 [/]" in app.text
        assert "[b \ufffd[31m\u682a\u5f0f" in app.text
        assert "\x1b" not in app.text
        await pilot.press("end")
        assert "Member 59" in app.text
        await pilot.resize_terminal(60, 20)
        await pilot.press("end")
        assert "Member 59" in app.text


async def test_the_json_keeps_its_digits_and_can_be_copied(stage: Opened) -> None:
    app = stage(detail())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        assert '"quantity": 1.10,' in app.text
        assert "12345678901234567890.125" in app.text
        await pilot.press("y", "i")
        assert "Limit price" in app.text
        assert app.copied == [RAW]
        await pilot.press("escape")
        await pilot.pause()
    assert app.answers == [None]


async def test_what_is_not_json_is_shown_as_it_is(stage: Opened) -> None:
    app = stage(DetailScreen("Row", [], "<html>[b\x07"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        assert "<html>[b\ufffd" in app.text
