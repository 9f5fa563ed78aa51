"""From a key to an outcome: form, preview, sending, report. Everything is sent this way.

An action that writes runs in a worker that no other replaces; once :meth:`Desk.act` has sent, closing dialogs
or screens cannot stop it. Its report is shown or, failing that, written to the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from msgspec.structs import replace
from textual.app import App

from tui.actions.action import PART, Scope, Sought, Values, WriteAction
from tui.actions.field_at_fault import field_at_fault
from tui.screens.dialogs.form_dialog import Draft, FormDialog
from tui.screens.dialogs.fresh_form import form_kept_fresh
from tui.screens.dialogs.fresh_preview import changed_meanwhile, kept_fresh
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.question_dialog import QuestionDialog
from tui.screens.dialogs.report_dialog import AGAIN, ReportDialog, ReportText, report_shown
from tui.screens.dialogs.sending_dialog import SendingDialog
from tui.service.outcomes import Report
from tui.service.rehearsal.rehearsed_preview import awaiting
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.verbs import Verb
from tui.service.writes.dispatch import Dispatch

if TYPE_CHECKING:
    from tui.service.desk import Desk
    from tui.service.rehearsal.rehearsed_preview import LateRows, Prepared
    from tui.service.writes.preview import Preview
    from tui.session import DeskSession

T = TypeVar("T")

OPENS_S: Final = 0.15
"""Seconds a rehearsal has before the preview opens without it."""
INSTRUMENT: Final = "instrument"
"""What a refusal is about that names no instrument or several, as the field of the form is called."""
FADES_S: Final = 5
"""Seconds for which a success is shown."""


async def ask_for_verb(
    app: App[object], action: WriteAction, scope: Scope, desk: Desk, draft: Draft, folder: Path
) -> Prepared | None:
    """Show the form and the preview; return what was confirmed, None when the user leaves the form.

    What an action writes down of what cannot be sent goes into ``folder``, where it has no better place.

    Back from the preview leads to the form as ``draft`` keeps it. An action without a form is left at once.
    """
    loaded = action.load()
    many = len(scope.ids) > PART or loaded.question is not None
    while True:
        left_out = await _beside(partial(action.left_out, scope), many=many)
        if loaded.form is not None:
            filled = await _filled(app, action, scope, desk, draft, left_out)
            if filled is None:
                return None
            scope = filled
        values = draft.values
        if loaded.sought is not None and (sought := loaded.sought(scope, values)) is not None:
            draft.said, draft.type = await _looked_up(app, sought, desk), INSTRUMENT
            scope = replace(scope, snapshot=desk.snapshot)
            if draft.said:
                continue
        draft.ready = None
        if loaded.ahead is not None:
            ready = await loaded.ahead(scope, values, desk)
            scope, left_out, draft.said = scope.at(desk.snapshot), ready.left_out, ready.question
            if draft.said:
                told = await asyncio.to_thread(ready.told, None, folder)
                draft.said = f"{draft.said} {told}".rstrip()
                continue
            draft.ready = ready
        if loaded.question is not None:
            scope = replace(scope, snapshot=desk.snapshot)  # a frozen desk shows older rows
            question = await asyncio.to_thread(loaded.question, scope)
            if not any(answer.possible for answer in question.answers):
                app.notify(question.nothing, title=action.label, severity="warning", markup=False)
                return None
            chosen = await app.push_screen_wait(QuestionDialog(question))
            if chosen is None:
                return None
            values = {"answer": chosen}
            scope = replace(scope, snapshot=desk.snapshot)
        if loaded.form is not None:  # which may have been open for long
            scope = replace(scope, now=desk.beside.facts.now())
        try:
            verb = (
                draft.ready.verb
                if draft.ready is not None
                else await _beside(partial(loaded.verb, scope, values), many=many)
            )
        except ValueError as error:  # what was looked up is another than what was typed for
            if loaded.form is None:
                raise
            draft.said = str(error)
            continue
        late = partial(_late_rows, action, scope, values, verb) if verb.emergency else None
        left_out = " ".join(filter(None, (scope.proposed, left_out)))
        prepared = await confirmed(app, verb, desk, draft, left_out, late)
        if prepared is not None:
            return prepared
        if loaded.form is None:
            return None
        scope = replace(scope, snapshot=desk.snapshot)


async def _looked_up(app: App[object], sought: Sought, desk: Desk) -> str:
    """Look an instrument up before an order names it; return what is still to be asked (R18)."""
    from tui.actions.instruments_typed import still_open

    looking = asyncio.create_task(desk.beside.reference.look_up(sought.typed, sought.scopes))
    await asyncio.wait({looking}, timeout=OPENS_S)
    if not looking.done():
        app.notify(f"Looking {sought.typed} up.", timeout=2, markup=False)
    found = await looking  # it publishes what it finds
    question = still_open(desk.snapshot, sought.typed, found)
    known = desk.snapshot.find_instruments(sought.typed)
    return question or ("" if known else sought.otherwise)


async def _filled(
    app: App[object], action: WriteAction, scope: Scope, desk: Desk, draft: Draft, left_out: str
) -> Scope | None:
    """Show the form as ``draft`` keeps it, and keep what is typed; return None when the user leaves it.

    Returns the scope with the rows that the form told of last.
    """
    loaded = action.load()
    make = loaded.form
    assert make is not None
    reason = action.refusal(scope) if draft.values else None
    if reason:
        app.notify(reason, title=action.label, severity="warning", markup=False)
        return None
    told = desk.beside.facts.serial
    form = await _beside(partial(make, scope), many=len(scope.ids) > PART)
    draft.at = field_at_fault(f"{draft.type} {draft.said}", [field.id for field in form.fields])
    intro = action.intro(scope, form, left_out)
    judge = partial(_objections, action, scope, desk) if loaded.ahead is None else None
    asked = FormDialog(form.title, intro, form.fields, form.check, form.live, draft, judge)
    async with form_kept_fresh(asked, action, scope, desk, told) as newest:
        answered = await app.push_screen_wait(asked)
    if answered is None:
        return None
    draft.values, draft.said, draft.type = answered, "", ""
    return newest.scope


def _objections(action: WriteAction, scope: Scope, desk: Desk, values: Values) -> Sequence[str]:
    """Return what a preview of what is typed would object to; nothing while it is not whole."""
    from tui.service.writes.objections import objections

    try:
        verb = action.load().verb(scope, values)
    except ValueError:
        return ()
    return objections(verb, desk.preview(verb), scope.snapshot)


def _late_rows(
    action: WriteAction, scope: Scope, values: Values, verb: Verb, now: Snapshot
) -> tuple[Ref, ...]:
    """Return the rows that ``action`` would act on by now and ``verb`` does not."""
    meant = frozenset(verb.refs)
    asked_now = action.load().verb(replace(scope, snapshot=now), values)
    return tuple(ref for ref in asked_now.refs if ref not in meant)


async def confirmed(
    app: App[object],
    verb: Verb,
    desk: Desk,
    draft: Draft | None = None,
    left_out: str = "",
    late: LateRows | None = None,
) -> Prepared | None:
    """Show the preview; return what was confirmed, else None. Why it cannot be goes into the ``draft``.

    A rehearsal that takes long is awaited in the open preview, which can be confirmed once it is there. In an
    emergency it begins once the preview is open, and only adds to it.
    """
    many = verb.count > PART
    since, preparing = desk.snapshot, asyncio.create_task(desk.prepare(verb))
    await asyncio.wait({preparing}, timeout=None if verb.emergency else OPENS_S)
    shown = preparing.result() if preparing.done() else None
    dialog = PreviewDialog(
        shown.preview if shown else awaiting(await _beside(partial(desk.preview, verb), many=many)),
        await _beside(partial(desk.curl, shown.verb if shown else verb), many=many),
        left_out=left_out,
    )
    completing = asyncio.create_task(_complete(dialog, preparing, desk, shown))
    async with kept_fresh(dialog, verb, desk, since, preparing, late) as newest:
        confirmed = await app.push_screen_wait(dialog)
    completing.cancel()
    if draft is not None:
        draft.said = " ".join(dialog.preview.hard)
    if confirmed is not True:
        return None
    return replace(newest.prepared or await preparing, late=late)


async def _complete(
    dialog: PreviewDialog, preparing: asyncio.Task[Prepared], desk: Desk, shown: Prepared | None
) -> None:
    """Show what the rehearsal found out once it is there; keys on their way then are not for it.

    Rows that changed while it was awaited are said to have, unless a newer preview is there already. To an
    emergency it is added, unless its rows have changed since it was ``shown``.
    """
    awaited = dialog.preview
    if shown is not None:
        expected = await desk.expected(shown) if shown.preview.emergency else shown.preview
        if expected is not shown.preview and dialog.preview is shown.preview:
            dialog.revise(expected)
        return
    prepared = await asyncio.shield(preparing)
    curl = await _beside(partial(desk.curl, prepared.verb), many=prepared.verb.count > PART)
    if dialog.preview is awaited:
        said = (
            changed_meanwhile(prepared.preview, desk.snapshot)
            if _tells_otherwise(prepared.preview, awaited)
            else ""
        )
        dialog.revise(prepared.preview, said, curl)
        dialog.guard_again()


def _tells_otherwise(preview: Preview, before: Preview) -> bool:
    """Return whether a preview says an item in other words than one before it."""
    return any(before.items.get(ref, text) != text for ref, text in preview.items.items())


def goes_back(report: Report, draft: Draft, scope: Scope, verb: Verb) -> Scope | None:
    """Return what the form opens again for when it came to nothing, and note in the ``draft`` why; else None.

    What was done is not asked for twice: of a decision refused in part the form is about the rows refused,
    and what was not sent of it waits in the report.
    """
    undone = (*report.refused, *report.not_sent)
    if len(undone) < len(report.outcomes):
        undone = report.refused
    if not draft.values or not undone:
        return None
    if len(undone) < len(report.outcomes):
        rows = tuple(dict.fromkeys(verb.subject(each.ref) for each in undone))
        if len({row.kind for row in rows}) > 1 or any(row not in scope.snapshot for row in rows):
            return None
        scope = replace(scope, kind=rows[0].kind, ids=tuple(row.id for row in rows))
        draft.keep_typed()
    draft.said, draft.type = undone[0].reason, undone[0].type
    return scope


async def send(app: App[object], prepared: Prepared, desk: Desk, *, decision_id: str = "") -> Report:
    """Send a decision and return its report; while it takes several calls, show how far it is.

    ``decision_id`` is the id under which the journal keeps it, where it was given one before.
    """
    verb = prepared.verb
    dispatch = await _beside(partial(Dispatch, verb), many=verb.count > PART)
    if dispatch.calls > 1:
        app.push_screen(SendingDialog(dispatch))
    return await desk.carry_out(prepared, dispatch, decision_id=decision_id)


async def _beside(work: Callable[[], T], *, many: bool) -> T:
    """Return what comes of ``work``; with many rows it is done in another thread, beside the screen.

    It reads the snapshot, which is frozen.
    """
    return await asyncio.to_thread(work) if many else work()


async def tell(app: App[object], report: Report, desk: Desk, session: DeskSession) -> Ref | None:
    """Show the outcome of a write; return the row to go to, if one was chosen.

    What was not sent can be previewed from there, and sent as a decision of its own.
    """
    while (answer := await _shown(app, report, session)) == AGAIN:
        rest = desk.rest(report)
        prepared = None if rest is None else await confirmed(app, rest, desk)
        if prepared is not None:
            await desk.told(report)
            report = await send(app, prepared, desk)
    await desk.told(report)
    return answer if isinstance(answer, Ref) else None


async def _shown(app: App[object], report: Report, session: DeskSession) -> Ref | Literal["again"] | None:
    """Show a report: success in passing, anything else until it is dismissed."""
    if await _beside(partial(_is_plain_success, report), many=len(report.outcomes) > PART):
        app.notify(report.sentence(), timeout=FADES_S, markup=False)
        return None
    told = await asyncio.to_thread(_told, report, session.with_keys, app.size.width)
    return await app.push_screen_wait(ReportDialog(*told, session.display_context))


def _is_plain_success(report: Report) -> bool:
    """Return whether all was done, as it was shown, with nothing more to say about any item."""
    done = report.done
    return len(done) == len(report.outcomes) and not (report.differences or any(each.note for each in done))


def _told(report: Report, with_keys: Callable[[str], str], columns: int) -> tuple[Report, ReportText]:
    """Return a report with the reader's keys in its advice, and as it is shown in so many columns."""
    worded = {advice: with_keys(advice) for advice in {each.advice for each in report.outcomes}}
    outcomes = tuple(replace(each, advice=worded[each.advice]) for each in report.outcomes)
    report = replace(report, outcomes=outcomes)
    return report, report_shown(report, columns)
