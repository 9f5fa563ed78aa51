"""Keeps an open preview true: rows of its verb that change change in it, and it is asked again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tui.screens.dialogs.following import following
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.service.numbers import counted
from tui.service.rehearsal.neighbourhood import bound_rows
from tui.service.snapshot.naming import short
from tui.service.verbs.verb import Tier

if TYPE_CHECKING:
    from tui.service.desk import Desk
    from tui.service.rehearsal.rehearsed_preview import LateRows, Prepared
    from tui.service.snapshot.snapshot import Ref, Snapshot
    from tui.service.verbs import Verb
    from tui.service.writes.preview import Preview


NAMED: Final = 3
"""Rows that came in too late for an emergency and are named; the others are counted."""


@dataclass
class Newest:
    """What was prepared last under an open preview; None while nothing of it changed."""

    prepared: Prepared | None = None


@asynccontextmanager
async def kept_fresh(
    dialog: PreviewDialog,
    verb: Verb,
    desk: Desk,
    since: Snapshot,
    preparing: asyncio.Task[Prepared],
    late: LateRows | None = None,
) -> AsyncIterator[Newest]:
    """Show in ``dialog`` what changes of ``verb`` on the desk, for as long as the context lasts.

    ``since`` is the snapshot that was ``preparing`` the first preview. In an emergency a count that is being
    typed stays typed: the same rows are meant, and the ``late`` ones are named.
    """
    newest = Newest()
    follow = partial(_follow, dialog, verb, desk, since, preparing, newest, late)
    async with following(dialog, desk, follow):
        yield newest


async def _follow(
    dialog: PreviewDialog,
    verb: Verb,
    desk: Desk,
    since: Snapshot,
    preparing: asyncio.Task[Prepared],
    newest: Newest,
    late: LateRows | None,
    changed: asyncio.Event,
) -> None:
    rows = await asyncio.to_thread(_rows, verb, since)
    prepared = await asyncio.shield(preparing)
    shown = prepared.preview
    changed.set()
    while True:
        await changed.wait()
        changed.clear()
        snapshot = desk.snapshot
        if late is not None:
            dialog.leave_out(_late_words(await asyncio.to_thread(late, snapshot)))
        before, rows = rows, await asyncio.to_thread(_rows, verb, snapshot)
        if rows == before and (prepared.told == desk.beside.facts.serial or verb.emergency):
            continue
        prepared = await desk.prepare(verb)
        curl = await asyncio.to_thread(desk.curl, prepared.verb)
        # Nothing is awaited from here on: what is confirmed is what is in sight.
        fresh, newest.prepared = prepared.preview, prepared
        if fresh.asked != shown.asked and not verb.emergency:
            dialog.revise(fresh, changed_meanwhile(fresh, snapshot), curl)
        elif fresh != shown:
            dialog.revise(fresh, curl=curl)
        shown = fresh


def _late_words(refs: Sequence[Ref]) -> str:
    if not refs:
        return ""
    named = ", ".join(short(ref.id.code) for ref in refs[:NAMED])
    more = ", ..." if len(refs) > NAMED else ""
    came = counted(len(refs), refs[0].kind.singular)
    return f"{came} came in since this was asked, not among these: {named}{more}. Ask again for them."


def _rows(verb: Verb, snapshot: Snapshot) -> Mapping[Ref, Any]:
    """Return the rows a preview tells of: those of the verb, and all that the server reads to decide on it.

    An emergency tells of its own rows only: it is sent whatever becomes of the others.
    """
    touched = verb.touched(snapshot)
    if verb.emergency:
        return {ref: snapshot.row(ref) for ref in touched if ref in snapshot}
    return bound_rows(snapshot, touched)


def changed_meanwhile(preview: Preview, snapshot: Snapshot) -> str:
    """Return the sentence that says since when an open preview is another one."""
    at = f" at {snapshot.time_in_words(snapshot.read_at)}" if snapshot.read_at else ""
    again = "read it again" if preview.tier is Tier.HARD else "read it and confirm it again"
    return f"Changed meanwhile{at}: {again}."
