"""From a key to an outcome: form, preview, sending, report. Everything is sent this way.

An action that writes runs in a worker that no other replaces; once :meth:`Desk.act` has sent, closing dialogs
or screens cannot stop it. Its report is shown or, failing that, written to the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec.structs import replace
from textual.app import App

from tui.actions.action import PART, Scope, WriteAction
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import Names, PreviewDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from tui.service.id_lookup import portfolio_lookup
from tui.service.outcomes import Report
from tui.service.snapshot.snapshot import Ref
from tui.service.verbs import Verb

if TYPE_CHECKING:
    from tui.service.desk import Desk

T = TypeVar("T")

FADES_S: Final = 5
"""Seconds for which a success is shown."""


async def ask_for_verb(app: App[object], action: WriteAction, scope: Scope, desk: Desk) -> Verb | None:
    """Show the form and the preview; return the confirmed verb, None when the user leaves either."""
    values: dict[str, str] = {}
    loaded = action.load()
    form = await _beside(scope, partial(loaded.form, scope)) if loaded.form else None
    if form is not None:
        asked = FormDialog(form.title, form.intro, form.fields, form.check, form.live)
        answered = await app.push_screen_wait(asked)
        if answered is None:
            return None
        values = answered
    verb = await _beside(scope, partial(loaded.verb, scope, values))
    instruments = scope.snapshot.instruments
    dialog = PreviewDialog(
        await _beside(scope, partial(desk.preview, verb, confirm_by_count=action.confirm_by_count)),
        await _beside(scope, partial(desk.curl, verb)),
        Names(
            instrument=lambda luid: instruments[luid].label if luid in instruments else luid,
            portfolio=portfolio_lookup(scope.snapshot, scope.home).write,
        ),
    )
    return verb if await app.push_screen_wait(dialog) else None


async def _beside(scope: Scope, work: Callable[[], T]) -> T:
    """Return what comes of ``work``; with many rows in focus it is done in another thread, beside the screen.

    It reads the snapshot, which is frozen.
    """
    return await asyncio.to_thread(work) if len(scope.ids) > PART else work()


async def show_outcome(app: App[object], report: Report, with_keys: Callable[[str], str]) -> Ref | None:
    """Show the outcome of a write: success in passing, anything else until it is dismissed.

    ``with_keys`` puts the reader's keys into advice.
    """
    if len(report.done) == len(report.outcomes) and not any(done.note for done in report.done):
        app.notify(report.sentence(), timeout=FADES_S, markup=False)
        return None
    outcomes = tuple(replace(each, advice=with_keys(each.advice)) for each in report.outcomes)
    return await app.push_screen_wait(ReportDialog(replace(report, outcomes=outcomes)))
