"""While a decision of several calls is sent: how far it is, the key that stops it, going on without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import Screen

from tests.service.sample_rows import rid
from tui.screens.dialogs.sending_dialog import STOPPING, SendingDialog
from tui.service.outcomes import Status
from tui.service.verbs import CancelOrders
from tui.service.writes.dispatch import Dispatch

Opened = Callable[[Screen[Any]], Any]


def dispatch() -> Dispatch:
    return Dispatch(CancelOrders(tuple(rid(f"ORD-{number}") for number in range(244))))


def answer(underway: Dispatch, call: int) -> None:
    underway.add(underway.parts[call].all(Status.DONE, reason="", type=""))


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 8)])
async def test_it_shows_how_far_it_is_and_goes_when_it_is_over(stage: Opened, size: tuple[int, int]) -> None:
    underway = dispatch()
    app = stage(SendingDialog(underway))
    async with app.run_test(size=size) as pilot:
        assert "Cancel 244 orders" in app.text
        assert "0 of 3 calls, 0 of 244 done" in app.text
        answer(underway, 0)
        answer(underway, 1)
        await pilot.pause()
        assert "2 of 3 calls, 200 of 244 done" in app.text
        underway.end()
        await pilot.pause()
    assert app.answers == [None]


async def test_a_key_stops_it_after_the_call_under_way(stage: Opened) -> None:
    underway = dispatch()
    app = stage(SendingDialog(underway))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("s")
        await pilot.pause()
        assert underway.stopped
        assert STOPPING in app.text


async def test_leaving_it_stops_nothing(stage: Opened) -> None:
    underway = dispatch()
    app = stage(SendingDialog(underway))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("escape")
        await pilot.pause()
        assert not underway.stopped
        answer(underway, 0)
        underway.end()
        await pilot.pause()
    assert app.answers == [None]
