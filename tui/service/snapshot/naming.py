"""What rows are called in sentences: an id never leads one, and a long one is cut in the middle."""

from __future__ import annotations

from typing import Final

from tui.api.base import ResourceId
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

MOST_CODE: Final = 18
"""Characters of an id in a sentence; longer ones are cut in the middle."""


def short(code: str) -> str:
    """Return a code that fits into a sentence.

    >>> short("ORD-00012"), short("ORD-01KB6Z3V8M0000000000000417")
    ('ORD-00012', 'ORD-01KB6…00000417')
    """
    if len(code) <= MOST_CODE:
        return code
    half = MOST_CODE // 2
    return f"{code[:half]}…{code[half + 1 - MOST_CODE :]}"


def short_name(snapshot: Snapshot, kind: EntityKind, id: ResourceId) -> str:
    """Return the id of a row in short, with its scope where the code alone leaves doubt."""
    return snapshot.name_of(kind, id).removesuffix(id.code) + short(id.code)


def instrument_and_id(snapshot: Snapshot, kind: EntityKind, id: ResourceId) -> str:
    """Return a row by its instrument, its id behind it in brackets: ``VOD (BLK-0008)``.

    One whose instrument is not known is called by its kind: ``block BLK-0008``.
    """
    row = snapshot.row(Ref(kind, id))
    known = snapshot.instruments.get(luid_of(row)) if row is not None else None
    name = short_name(snapshot, kind, id)
    return f"{known.label} ({name})" if known else f"{kind.singular} {name}"
