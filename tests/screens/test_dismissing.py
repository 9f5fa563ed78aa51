"""Leaving a screen: once, however many keys are on their way, and never the screen beneath it."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest
from textual import events
from textual.binding import Binding
from textual.screen import Screen

import tui
from tests.blotter_app import PATIENCE_S, Blotter, blotter, demo
from tui.screens.above_screen import AboveScreen
from tui.screens.activity import ActivityScreen
from tui.screens.acts_when_mounted import ActsWhenMounted
from tui.screens.browse.screen import BrowseScreen
from tui.screens.changes_list import ChangesScreen
from tui.screens.desk.bars import BarsScreen
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.screen import DeskScreen
from tui.screens.detail.screen import DetailScreen
from tui.screens.dialogs.columns_dialog import ColumnsDialog
from tui.screens.dialogs.dialog import Dialog, GuardedDialog
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.question_dialog import QuestionDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from tui.screens.dialogs.sending_dialog import SendingDialog
from tui.screens.dismiss_once import DismissOnce
from tui.screens.exceptions.screen import ExceptionsScreen
from tui.screens.filters_rows import FiltersRows
from tui.screens.help import HelpScreen
from tui.screens.history.screen import HistoryScreen
from tui.screens.journal_list import JournalScreen
from tui.screens.line_about_row import LineAboutRowScreen
from tui.screens.opens_in_turns import OpensInTurns
from tui.screens.palette import ActionPalette
from tui.screens.proposals.screen import ProposalsScreen
from tui.screens.row_list import RowListScreen
from tui.screens.sheet_screen import SheetScreen
from tui.screens.shows_rows import ShowsRows
from tui.screens.ticket.screen import TicketScreen
from tui.service.outcomes import Report
from tui.service.verbs import CancelOrders
from tui.service.writes.dispatch import Dispatch

OPENED_BY: dict[type[Screen[Any]], tuple[str, ...]] = {
    HelpScreen: ("question_mark",),
    DetailScreen: ("i",),
    TicketScreen: ("enter",),
    HistoryScreen: ("h",),
    BrowseScreen: ("B",),
    ActivityScreen: ("t",),
    ExceptionsScreen: ("0",),
    ChangesScreen: ("d",),
    JournalScreen: ("at",),
    SheetScreen: ("D",),
    ProposalsScreen: ("e",),
    FormDialog: ("n",),
    PreviewDialog: ("2", "c"),
    ActionPalette: ("colon",),
    QuestionDialog: ("K",),
    ColumnsDialog: ("o",),
}
"""The keys that open each screen on the demo desk."""
CHARACTERS = {"at": "@", "question_mark": "?", "enter": "\r", "colon": ":"}


def every_screen() -> Iterator[type[Screen[Any]]]:
    """Find every class of screen that the program has."""
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        if module.name.startswith("tui.screens"):
            for found in vars(importlib.import_module(module.name)).values():
                if isinstance(found, type) and issubclass(found, Screen) and found.__module__ == module.name:
                    yield found


def report() -> Report:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return Report("move", "Move orders", (), at, at, "", "moved")


MADE: dict[type[Screen[Any]], Callable[[], Screen[Any]]] = {
    ReportDialog: lambda: ReportDialog(report()),
    SendingDialog: lambda: SendingDialog(Dispatch(CancelOrders((demo("ORD-00004"),)))),
}
"""The screens that no key opens."""
OVER_THE_DESK: tuple[type[Screen[Any]], ...] = (*OPENED_BY, *MADE)


async def opened(user: Blotter, kind: type[Screen[Any]]) -> Screen[Any]:
    """Open a screen over the desk, as its key does."""
    if kind in MADE:
        await user.app.push_screen(MADE[kind]())
    else:
        await user.press(*OPENED_BY[kind])
    await user.until(lambda: type(user.app.screen) is kind)
    await user.pilot.pause()
    return user.app.screen


async def mounting(user: Blotter, kind: type[Screen[Any]]) -> Screen[Any]:
    """Open a screen over the desk, and return it before it has any of its widgets."""
    if kind in MADE:
        user.app.push_screen(MADE[kind]())
    else:
        *before, key = OPENED_BY[kind]
        await user.press(*before)
        user.app.post_message(events.Key(key, CHARACTERS.get(key, key)))
    end = monotonic() + PATIENCE_S
    while type(user.app.screen) is not kind:
        assert monotonic() < end, f"on top is {user.app.screen}"
        await asyncio.sleep(0)
    assert not user.app.screen.is_mounted
    return user.app.screen


def test_every_screen_over_the_desk_is_dismissed_once() -> None:
    found = set(every_screen())
    assert {*OPENED_BY, *MADE, DeskScreen} <= found
    bases = {PanesScreen, OpensInTurns, ActsWhenMounted, AboveScreen, DismissOnce, Dialog, GuardedDialog}
    bases |= {BarsScreen, ShowsRows, FiltersRows, RowListScreen, LineAboutRowScreen}
    over_the_desk = found - {DeskScreen} - bases
    assert over_the_desk == {*OPENED_BY, *MADE}, "a new screen is opened here, too"
    assert all(issubclass(kind, DismissOnce) for kind in over_the_desk)


async def on_top(user: Blotter, screen: Screen[Any]) -> None:
    await user.until(lambda: user.app.screen is screen)


async def the_desk_goes_on(user: Blotter, kind: type[Screen[Any]]) -> None:
    """See that only the desk is left of a screen of this kind, and takes keys."""
    await on_top(user, user.desk)
    before = user.desk.active.cursor
    await user.press("down")
    assert user.desk.active.cursor != before, kind.__name__
    await user.press("up")
    assert user.desk.active.cursor == before, kind.__name__
    assert user.app.is_running, kind.__name__
    assert user.app.screen_stack == [user.desk], kind.__name__


async def test_three_escapes_in_one_burst_leave_the_desk_running() -> None:
    async with blotter() as user:
        for kind in OVER_THE_DESK:
            await opened(user, kind)
            for _ in range(3):
                user.app.post_message(events.Key("escape", None))
            await the_desk_goes_on(user, kind)


async def test_a_screen_left_before_it_is_mounted_leaves_the_desk_running() -> None:
    async with blotter() as user:
        for kind in OVER_THE_DESK:
            left = await mounting(user, kind)
            left.dismiss()
            await the_desk_goes_on(user, kind)


async def test_a_screen_never_takes_away_the_one_that_covers_it() -> None:
    async with blotter() as user:
        for kind in OVER_THE_DESK:
            beneath = await opened(user, kind)
            covering = ReportDialog(report())
            await user.app.push_screen(covering)
            beneath.dismiss()
            await user.pilot.pause()
            assert user.app.screen is covering, kind.__name__
            await user.press("escape")
            await on_top(user, beneath)
            beneath.dismiss()
            beneath.dismiss()
            await the_desk_goes_on(user, kind)


@pytest.mark.parametrize("kind", [*OVER_THE_DESK, DeskScreen], ids=lambda kind: kind.__name__)
async def test_keys_before_a_screen_is_mounted_leave_the_desk_running(kind: type[Screen[Any]]) -> None:
    async with blotter() as user:
        if kind is DeskScreen:
            early: Screen[Any] = DeskScreen(user.app.session)
            user.app.push_screen(early)
        else:
            early = await mounting(user, kind)
        for binding in kind.BINDINGS:
            assert isinstance(binding, Binding)
            assert not early.is_mounted
            await user.app.run_action(binding.action, early)
        await user.until(lambda: early.is_mounted)
        assert user.app.is_running


@pytest.mark.parametrize("kind", OVER_THE_DESK, ids=lambda kind: kind.__name__)
async def test_the_blotter_ends_well_while_a_screen_is_mounted(kind: type[Screen[Any]]) -> None:
    async with blotter() as user:
        await mounting(user, kind)
        user.app.exit()
    assert user.app.return_code == 0
