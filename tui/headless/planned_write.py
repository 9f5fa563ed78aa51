"""A document worked out on the desk: what would be sent of it, and what would not."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from tui.actions.action import Ready
from tui.headless.asked_verb import AskedVerb, WriteRefused, ask
from tui.headless.exit_codes import ExitCode
from tui.headless.rows_by_id import RowsById
from tui.headless.write_documents import WriteDocument
from tui.service.desk import Desk
from tui.service.outcomes import Outcome, Status
from tui.service.rehearsal.rehearsed_preview import Prepared
from tui.service.snapshot.snapshot import Ref
from tui.service.verbs import Verb
from tui.service.verbs.verb import Tier
from tui.service.verbs.verdicts import versions_of


class PlannedWrite(Struct, frozen=True):
    """What would be sent of a document, with its preview.

    ``refused`` are the rows it names that are left out; ``versions`` are those of the rows it touches.
    """

    document: WriteDocument
    prepared: Prepared
    refused: tuple[Outcome, ...]
    versions: Mapping[Ref, int]
    ready: Ready | None = None


async def plan_write(asked: AskedVerb, desk: Desk) -> PlannedWrite:
    """Return what would be sent of what a document asks for.

    Raises:
        WriteRefused: the app would not let it be confirmed, whoever asks.
    """
    left_out = asked.left_out
    refused = [
        Outcome(Ref(left_out.kind, id), Status.REFUSED, reason=f"It is {why}.", type="LeftOut")
        for id, why in left_out.reasons
    ]
    prepared = await desk.prepare(asked.verb)
    part = prepared.verb
    if prepared.rehearsal is not None and part.count < asked.verb.count:
        kept = frozenset(part.refs)
        refused += (each for each in prepared.rehearsal.refused if each.ref not in kept)
        prepared = await desk.prepare(part)
    return _planned(asked.document, prepared, desk, tuple(refused), asked.ready)


async def plan_again(document: WriteDocument, verb: Verb, desk: Desk) -> PlannedWrite:
    """Return what would be sent of a ``verb`` that was planned before, as the desk stands now.

    Raises:
        WriteRefused: it cannot be confirmed any more.
    """
    ready = None
    if document.file_digest:  # for what became of its rows
        ready = (await ask(document, desk, RowsById([document], desk.snapshot))).ready
    return _planned(document, await desk.prepare(verb), desk, (), ready)


def _planned(
    document: WriteDocument,
    prepared: Prepared,
    desk: Desk,
    refused: tuple[Outcome, ...],
    ready: Ready | None = None,
) -> PlannedWrite:
    if prepared.preview.tier is Tier.HARD:
        raise WriteRefused(ExitCode.SOME_REFUSED, *prepared.preview.hard)
    if not prepared.verb.count:
        raise WriteRefused(ExitCode.SOME_REFUSED, "Nothing of it would be sent.")
    versions = versions_of(desk.snapshot, prepared.verb.touched(desk.snapshot))
    return PlannedWrite(document, prepared, refused, versions, ready)
