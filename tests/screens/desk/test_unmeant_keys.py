"""Keys nobody meant: a held Enter, pasted text and pasted lines send nothing from any form or dialog.

Every action that writes is tried on a row of every kind it is possible on, in a ticket that could be sent.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest
from textual import events

from tests.blotter_app import Blotter, blotter
from tui.actions.action import Scope, WriteAction
from tui.actions.trade_actions import TRADE
from tui.api.http import AsyncBaseTransport
from tui.api.reference_operations import REFERENCE
from tui.screens.dialogs import dialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.question_dialog import QuestionDialog
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import VERBS, AllocateWeighted, ReplaceOrders, ReplacePlacements, Tier, Verb
from widgets.form import FormFields

TYPED: Final[Mapping[str, Mapping[str, str]]] = {
    "new": {"instrument": "VOD", "orders": "UKEQ-GROW 30k"},
    "new_by_line": {"line": "b 30k VOD lmt 0.82 day @UKEQ-GROW"},
    "import_basket": {"file": str(Path(__file__).parent / "basket.csv")},
    "place": {"counterparty": "ALBN"},
    "update": {"quantity": "+1"},
    "fill executions": {"quantity": "0"},
}
"""What is typed into a form that opens incomplete, or that changes nothing yet, by action or action and kind.

A form of a new action that could not be sent as it opens needs a line here.
"""
SAME_FORM: Final = {ReplaceOrders, ReplacePlacements, AllocateWeighted}
"""Verbs that a form leads to when another of its fields is filled."""
PASTED: Final = ("\n", "y\n", "\r\ny\r\n", "5\n1\n12\n25\n", "y", "\x1b[201~y\n")
HELD: Final = 40
HELD_EVERY_S: Final = 0.03
ASKED: Final = re.compile(
    "|".join(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(each.path)) + "$" for each in REFERENCE if each.asks)
)
"""The paths of questions, which are posted and change nothing."""


@dataclass
class Recorder(AsyncBaseTransport):
    """A line that notes every write."""

    server: AsyncBaseTransport
    writes: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET" and not ASKED.search(request.url.path):
            self.writes.append(f"{request.method} {request.url.path}")
        return await self.server.handle_async_request(request)


@dataclass
class Ticket:
    """A form or dialog that could be sent: its action, the row it is opened on, and what is typed."""

    action: WriteAction
    kind: EntityKind
    code: str
    typed: Mapping[str, str]
    verb: type[Verb] | None
    """None where a question comes first."""


async def tickets(user: Blotter) -> AsyncIterator[Ticket]:
    """Yield a ticket for each verb that an action leads to as its form opens, and one for each question."""
    asked: set[object] = set()
    for action in TRADE:
        for kind in EntityKind:
            ticket = await sendable(user, action, kind, asked)
            if ticket is not None:
                asked.add(ticket.verb or action.id)
                yield ticket


async def sendable(
    user: Blotter, action: WriteAction, kind: EntityKind, asked: Container[object]
) -> Ticket | None:
    """Return a ticket on a row of a kind that the server would take; None when there is none, or no new."""
    desk = user.app.session.desk
    assert desk is not None
    loaded = action.load()
    typed = TYPED.get(f"{action.id} {kind.value}", TYPED.get(action.id, {}))
    for id in user.pane(kind.value).shown:
        now = user.app.session.now()
        scope = Scope(
            user.desk.snapshot,
            kind,
            (id,),
            desk.environment,
            now,
            home="demo",
            compliance_run=desk.profile.compliance_run,
        )
        if action.refusal(scope):
            continue
        if loaded.question is not None:
            return None if action.id in asked else Ticket(action, kind, id.code, typed, None)
        values = dict(typed)
        if loaded.form is not None:
            form = loaded.form(scope)
            values = {**{each.id: each.value for each in form.fields}, **typed}
            if form.check is not None and form.check(values):
                continue
        verb = loaded.verb(scope, values)
        if type(verb) in asked:
            return None
        if (await desk.prepare(verb)).preview.tier is not Tier.HARD:
            return Ticket(action, kind, id.code, typed, type(verb))
    return None


async def paste_all(user: Blotter, fields: int = 1) -> None:
    """Paste confirmations of all kinds, into each of a form's fields; what is open stays open."""
    before = user.app.screen
    for at in range(fields):
        if at:
            user.app.post_message(events.Key("down", None))
        for text in PASTED:
            user.app.post_message(events.Paste(text))
    await user.pilot.pause()
    assert user.app.screen is before


async def hold_enter(user: Blotter) -> None:
    for _ in range(HELD):
        user.app.post_message(events.Key("enter", "\r"))
    await user.pilot.pause()


async def test_pastes_and_a_held_enter_send_nothing_from_any_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[Recorder] = []

    def recorded(server: AsyncBaseTransport) -> AsyncBaseTransport:
        lines.append(Recorder(server))
        return lines[0]

    tried: set[type[Verb] | None] = set()
    async with blotter(wrap=recorded) as user:
        monkeypatch.setattr(dialog, "clock", itertools.count(step=HELD_EVERY_S).__next__)
        async for ticket in tickets(user):
            tried.add(ticket.verb)
            await user.go(ticket.kind.value, ticket.code)
            await user.press(ticket.action.key)
            if ticket.action.load().form is not None:
                await user.form()
                await paste_all(user, fields=len(user.app.screen.query_one(FormFields).values))
                await user.press("escape", ticket.action.key)
                for name, text in ticket.typed.items():
                    await user.fill(name, text)
                await user.form()
            elif ticket.action.load().question is not None:
                await user.until(lambda: isinstance(user.app.screen, QuestionDialog))
                await paste_all(user)
            await hold_enter(user)
            await user.preview()
            assert isinstance(user.app.screen, PreviewDialog)
            assert user.app.screen.preview.tier is not Tier.HARD, f"{ticket} could be sent"
            await hold_enter(user)
            await paste_all(user)
            assert isinstance(user.app.screen, PreviewDialog), ticket
            await user.press("escape")
            await user.press("escape")
            await user.until(lambda: user.app.screen is user.desk)
    assert tried == {None, *VERBS.values()} - SAME_FORM
    assert not lines[0].writes
