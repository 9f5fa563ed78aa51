"""Reading what came of a write: counts, reasons beside the items, and a way to each of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from textual.screen import Screen

from tui.api.base import ResourceId
from tui.columns.format import DisplayContext
from tui.screens.dialogs.dialog import GUARD_S
from tui.screens.dialogs.report_dialog import AGAIN, MOST_LINES, ReportDialog
from tui.service.outcomes import Outcome, Report, Status
from tui.service.snapshot.snapshot import EntityKind, Ref

Opened = Callable[[Screen[Any]], Any]


@pytest.fixture(autouse=True)
def slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the clock once a second."""
    ticks = itertools.count(step=1.0)
    monkeypatch.setattr("tui.screens.dialogs.dialog.clock", lambda: next(ticks))


NOW = datetime(2026, 11, 20, 14, 5, 6, tzinfo=UTC)


def ref(number: int) -> Ref:
    return Ref(EntityKind.ORDERS, ResourceId("Desk", f"ORD-{number}"))


def report(*outcomes: Outcome) -> Report:
    return Report(
        "cancelorders", "Cancel orders", outcomes, NOW - timedelta(seconds=1), NOW, "REQ-7", "cancelled"
    )


def mixed() -> Report:
    placed = "The order is placed. [b \x1b[31m"
    return report(
        Outcome(ref(1), Status.DONE, note="transaction Desk-1"),
        Outcome(ref(2), Status.REFUSED, reason=placed, advice="Cancel its placement first."),
        Outcome(ref(3), Status.REFUSED, reason=placed, advice="Cancel its placement first."),
        Outcome(ref(4), Status.REFUSED, reason="There is no such order."),
        Outcome(ref(5), Status.UNKNOWN, reason="No answer.", advice="It is read again; do not send twice."),
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (200, 50)])
async def test_counts_reasons_and_notes_are_all_there(stage: Opened, size: tuple[int, int]) -> None:
    app = stage(ReportDialog(mixed()))
    async with app.run_test(size=size):
        text = app.text
        assert "1 done   3 refused   1 unknown" in text
        assert "2 x The order is placed. [b \ufffd[31m" in text
        assert text.count("The order is placed.") == 1
        assert "order ORD-4: There is no such order." in text
        assert "order ORD-5: No answer." in text
        assert "It is read again; do not send twice." in text
        assert "order ORD-1: transaction Desk-1" in text
        assert "request REQ-7" in text


async def test_it_says_in_the_zone_of_the_desk_when_it_was_done(stage: Opened) -> None:
    look = DisplayContext(zone=ZoneInfo("Asia/Tokyo"), today=mixed().finished.date())
    app = stage(ReportDialog(mixed(), look=look))
    async with app.run_test(size=(80, 24)):
        local = mixed().finished.astimezone(look.zone)
        assert f"request REQ-7, {local:%H:%M:%S} JST, took" in app.text


async def test_enter_goes_to_the_item_under_the_cursor(stage: Opened) -> None:
    app = stage(ReportDialog(mixed()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "j", "k", "enter")
        await pilot.pause()
    assert app.answers == [ref(2)]


async def test_it_is_copied_as_text_and_stays_until_dismissed(stage: Opened) -> None:
    app = stage(ReportDialog(mixed()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("y", "space", "x")
        assert app.answers == []
        assert "order ORD-4: There is no such order." in app.copied[0]
        assert "\x1b" not in app.copied[0]
        await pilot.press("escape")
        await pilot.pause()
    assert app.answers == [None]


async def test_a_long_report_scrolls_and_keeps_its_counts_in_sight(stage: Opened) -> None:
    many = report(*(Outcome(ref(n), Status.DONE) for n in range(100)))
    app = stage(ReportDialog(many))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("end")
        await pilot.resize_terminal(60, 12)
        await pilot.press("up", "down")
        await pilot.pause()
        assert "100 done   0 refused   0 unknown" in app.text
        assert "ORD-99" in app.text
        assert "Esc close" in app.text


async def test_of_thousands_the_first_are_listed_and_all_are_copied(stage: Opened) -> None:
    app = stage(ReportDialog(report(*(Outcome(ref(n), Status.DONE) for n in range(3000)))))
    async with app.run_test(size=(80, 24)) as pilot:
        assert "3,000 done   0 refused   0 unknown" in app.text
        assert f"The first {MOST_LINES} lines; y copies them all." in app.text
        await pilot.press("y")
        await pilot.pause()
    assert "order ORD-2999" in app.copied[0]


async def test_what_was_not_sent_is_listed_and_can_be_asked_for_again(stage: Opened) -> None:
    left = [Outcome(ref(n), Status.NOT_SENT, reason="stopped by you") for n in (6, 7)]
    app = stage(ReportDialog(report(*mixed().outcomes, *left)))
    async with app.run_test(size=(80, 24)) as pilot:
        assert "1 done   3 refused   1 unknown   2 not sent" in app.text
        assert "2 x stopped by you" in app.text
        assert "p preview what was not sent" in app.text
        await pilot.press("p")
        await pilot.pause()
    assert app.answers == [AGAIN]


async def test_without_anything_not_sent_the_key_does_nothing(stage: Opened) -> None:
    app = stage(ReportDialog(mixed()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("p")
        await pilot.pause()
    assert app.answers == []


async def test_nothing_to_report_is_said(stage: Opened) -> None:
    app = stage(ReportDialog(report()))
    async with app.run_test(size=(80, 24)) as pilot:
        assert "Nothing cancelled." in app.text
        await pilot.press("enter", "escape")
        await pilot.pause()
    assert app.answers == [None]


async def test_what_does_not_fit_goes_on_further_in(stage: Opened) -> None:
    note = "confirmed by reading back: transaction demo-PLC-00003-BAL-60, 392,858.00 CHF in all of it"
    app = stage(ReportDialog(report(Outcome(ref(1), Status.DONE, note=note))))
    async with app.run_test(size=(80, 24)) as pilot:
        lines = [line.strip("│ ") for line in app.text.splitlines() if "│" in line]
        first = next(at for at, line in enumerate(lines) if "order ORD-1" in line)
        assert f"{lines[first]} {lines[first + 1]}" == f"order ORD-1: {note}"
        assert f"│       {lines[first + 1]}" in app.text, "further in than the item"
        await pilot.resize_terminal(100, 24)
        await pilot.pause()
        assert lines[first + 1] not in [line.strip("│ ") for line in app.text.splitlines()]


async def test_keys_meant_for_what_is_beneath_do_not_close_it(
    stage: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 100.0
    monkeypatch.setattr("tui.screens.dialogs.dialog.clock", lambda: moment)
    app = stage(ReportDialog(mixed()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "escape", "y")
        assert app.answers == []
        assert app.copied == []
        moment += 2 * GUARD_S
        await pilot.press("escape")
        await pilot.pause()
    assert app.answers == [None]
