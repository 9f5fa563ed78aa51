"""When rows were deleted: no list tells, so the moment is looked for between two at which it is known."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from tui.service.snapshot.snapshot import Ref
from tui.service.sync.past_rows import INSTANT, PastRows
from tui.service.sync.past_versions import RowVersion
from tui.service.sync.queries import all_of
from tui.service.sync.read_session import AT_ONCE

MOST: Final = 20
"""The moments of deletions that are looked for at once."""


async def departures(
    rows: PastRows, refs: Collection[Ref], there: datetime, gone: datetime
) -> list[RowVersion]:
    """Return when rows left that were there at one moment and are not at a later one, each without a row.

    Those that are there still are left out.

    Raises:
        ApiError: they could not be read.
        Superseded: the desk shows another moment by now.
    """
    left = sorted(set(refs) - await _held(rows, refs, gone))
    found: list[RowVersion] = []
    for _ in range(MOST):
        if not left:
            break
        at = await _moment(rows, left[0], there, gone)
        together = await _held(rows, left, at - INSTANT) - await _held(rows, left, at)
        found += [RowVersion(ref, None, at) for ref in sorted(together)]
        left = [ref for ref in left[1:] if ref not in together]
    return found


async def _moment(rows: PastRows, ref: Ref, there: datetime, gone: datetime) -> datetime:
    """Return the first moment at which a row is not there, between two, by parts that become smaller."""
    while gone - there > INSTANT:
        part = max((gone - there) / (AT_ONCE + 1), INSTANT)
        moments = [there + part * number for number in range(1, AT_ONCE + 1)]
        moments = [moment for moment in moments if moment < gone]
        held = await all_of(_held(rows, (ref,), moment) for moment in moments)
        rows.check()
        there = max((at for at, some in zip(moments, held, strict=True) if some), default=there)
        gone = min(
            (at for at, some in zip(moments, held, strict=True) if not some and at > there), default=gone
        )
    return gone


async def _held(rows: PastRows, refs: Collection[Ref], moment: datetime) -> set[Ref]:
    """Return those of some rows that were there at a moment."""
    kinds = {ref.kind for ref in refs}
    found: set[Ref] = set()
    for kind in kinds:
        some = [ref for ref in refs if ref.kind is kind]
        read = await rows.at(kind, some, moment)
        found.update(ref for ref in some if read.get(ref.id) is not None)
    rows.check()
    return found
