"""What somebody else changed between a preview and the write it was confirmed for.

The answer to a write says which version of a row it made. One more than the preview showed is our own change
(or as many as the call makes); anything above was somebody else's, in between.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from tui.api.client import Client
from tui.api.errors import ApiError
from tui.api.models import Order, Placement
from tui.api.requests import CancelledAndMoved
from tui.service.outcomes import Difference, Report
from tui.service.rehearsal.compare import COUNTED_ON, differences
from tui.service.rehearsal.rehearse import Rehearsal
from tui.service.rehearsal.rehearsed_preview import Prepared
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.changes import field_words, value_words
from tui.service.verbs.verdicts import version_of

MOST_READ: Final = 10
"""The rows that are read as they stood just before the write, to tell what the other one changed."""
LATE: Final = "works by now, and was not among those sent"
_JUST_BEFORE: Final = timedelta(microseconds=1)


class _Overtaken(Struct, frozen=True):
    """A row that others changed in between: its version as shown, and just before our change.

    ``at`` is when our change was made, if the row was changed once by us and the answer says when.
    """

    ref: Ref
    shown: int
    before: int
    at: datetime | None = None


async def otherwise(
    prepared: Prepared, report: Report, now: Snapshot | None, client: Client
) -> tuple[Difference, ...]:
    """Return what came out otherwise than was shown: by others' changes in between, and as rehearsed not.

    A row that others changed is told once, by what they changed; before all stands what they added to the
    scope of an emergency. ``now`` is None when nothing could be read.
    """
    late = () if now is None else await asyncio.to_thread(_late, prepared, now)
    meanwhile = *late, *await changed_meanwhile(prepared, report, client)
    rehearsal = prepared.rehearsal
    if rehearsal is None:
        return meanwhile
    known = {each.ref for each in meanwhile}
    unlike = await asyncio.to_thread(differences, rehearsal, report, now)
    return *meanwhile, *(each for each in unlike if each.ref not in known)


def _late(prepared: Prepared, now: Snapshot) -> tuple[Difference, ...]:
    if prepared.late is None:
        return ()
    return tuple(Difference(ref, LATE) for ref in prepared.late(now))


async def changed_meanwhile(prepared: Prepared, report: Report, client: Client) -> tuple[Difference, ...]:
    """Return what others changed of the rows that ``prepared`` showed before they were written.

    Only rows that the answers name are looked at. Where some were changed, the first ones are read as they
    stood before our change; nothing is read otherwise.
    """
    overtaken = await asyncio.to_thread(lambda: tuple(_overtaken(prepared, report)))
    told = await asyncio.gather(*(_told(each, prepared.shown, client) for each in overtaken[:MOST_READ]))
    return *told, *(Difference(each.ref, _versions(each)) for each in overtaken[MOST_READ:])


def _overtaken(prepared: Prepared, report: Report) -> Iterator[_Overtaken]:
    asked = Counter(outcome.ref for outcome in report.outcomes)
    answered = {
        outcome.ref: row
        for outcome in report.done
        if (row := _row_of(outcome.ref, outcome.entity)) is not None
    }
    for ref, row in answered.items():
        shown, made = version_of(prepared.shown.row(ref)), version_of(row)
        ours = max(asked[ref], _rehearsed_changes(prepared.rehearsal, ref))
        if shown and made > shown + ours:
            at = row.version.as_at_modified if asked[ref] == 1 else None
            yield _Overtaken(ref, shown, made - ours, at)


def _row_of(ref: Ref, entity: Any) -> Any:
    """Return the row of an item in the answer to it; None when the answer has something else."""
    row = entity.cancelled_order if isinstance(entity, CancelledAndMoved) else entity
    return row if getattr(row, "id", None) == ref.id else None


def _rehearsed_changes(rehearsal: Rehearsal | None, ref: Ref) -> int:
    """Return how often the call itself changes a row, as far as a rehearsal knows."""
    if rehearsal is None:
        return 0
    return version_of(rehearsal.after.row(ref)) - version_of(rehearsal.before.row(ref))


async def _told(each: _Overtaken, shown: Snapshot, client: Client) -> Difference:
    before = None if each.at is None else await _read(each.ref, each.at - _JUST_BEFORE, client)
    if before is None:
        return Difference(each.ref, _versions(each))
    changes = tuple(_changes(each.ref.kind, shown.row(each.ref), before))
    if not changes:
        return Difference(each.ref, _versions(each))
    who = before.version.user_id_modified if before.version else None
    by = f" by {who}" if who else ""
    return Difference(each.ref, f"changed meanwhile{by}: {', '.join(changes)}")


async def _read(ref: Ref, at: datetime, client: Client) -> Order | Placement | None:
    """Return a row as it stood at a moment; None when it cannot be read."""
    try:
        if ref.kind is EntityKind.ORDERS:
            return await client.orders.get(ref.id, as_at=at)
        if ref.kind is EntityKind.PLACEMENTS:
            return await client.placements.get(ref.id, as_at=at)
    except ApiError:
        pass
    return None


def _changes(kind: EntityKind, shown: Any, before: Any) -> Iterator[str]:
    for name in COUNTED_ON[kind]:
        was, came = getattr(shown, name), getattr(before, name)
        if was != came:
            seen, found = value_words(was, name), value_words(came, name)
            yield f"{field_words(name)} {seen} as shown, {found} when this was done"


def _versions(each: _Overtaken) -> str:
    return (
        f"changed meanwhile: version {each.shown:,} was shown, "
        f"and it was version {each.before:,} when this was done"
    )
