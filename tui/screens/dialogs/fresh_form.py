"""Keeps an open form true: what changes of its rows is said beside the fields that it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.actions.action import Form, Scope, WriteAction
from tui.screens.dialogs.following import following
from tui.screens.dialogs.form_dialog import FormDialog

if TYPE_CHECKING:
    from tui.service.desk import Desk


@dataclass
class NewestScope:
    """What an open form is about: the rows as it tells of them."""

    scope: Scope
    told: int


@asynccontextmanager
async def form_kept_fresh(
    dialog: FormDialog, action: WriteAction, scope: Scope, desk: Desk, told: int
) -> AsyncIterator[NewestScope]:
    """Make the form of ``dialog`` anew whenever the desk changes, for as long as the context lasts.

    ``scope`` is what it was made of, ``told`` the serial of what was known beside the rows.
    """
    newest = NewestScope(scope, told)
    async with following(dialog, desk, partial(_follow, dialog, action, desk, newest)):
        yield newest


async def _follow(
    dialog: FormDialog, action: WriteAction, desk: Desk, newest: NewestScope, changed: asyncio.Event
) -> None:
    await dialog.opened.wait()
    changed.set()
    while True:
        await changed.wait()
        changed.clear()
        same_rows, told = desk.snapshot is newest.scope.snapshot, desk.beside.facts.serial
        if same_rows and told == newest.told:
            continue
        scope = replace(newest.scope, snapshot=desk.snapshot)
        form = await asyncio.to_thread(made_anew, action, scope)
        if isinstance(form, str):
            dialog.overtake(form)
        elif dialog.revise(form.fields, form.intro, form.check, form.live, news=not same_rows):
            newest.scope = scope
            if told != newest.told:
                dialog.tell_again()
            newest.told = told


def made_anew(action: WriteAction, scope: Scope) -> Form | str:
    """Return the form of an action on rows as they are now, or why it is not possible any more."""
    make = action.load().form
    assert make is not None
    refusal = action.refusal(scope)
    if refusal:
        return refusal
    form = make(scope)
    return replace(form, intro=action.intro(scope, form, action.left_out(scope)))
