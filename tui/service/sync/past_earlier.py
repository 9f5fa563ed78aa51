"""The changes before those that are known, read back from the versions of the rows that are there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.past_rows import INSTANT, PastRows, edge_of
from tui.service.sync.past_sweeps import Sweeps
from tui.service.sync.past_versions import (
    PastChange,
    Piece,
    RowVersion,
    by_time,
    is_first,
    newest_versions,
    version_at,
)
from tui.service.sync.queries import all_of, batches
from tui.service.sync.read_session import AT_ONCE

LOOKED_AT: Final = 256
"""The newest rows that are looked at for the last changes."""
SWEPT_SPAN: Final = timedelta(days=1)
"""How far is looked for swept blocks at once."""
SWEPT_SINCE: Final = timedelta(days=7)
"""How long before the moment that was typed blocks are looked for that were swept until then."""


class EarlierChanges:
    """Reads changes from ``moment`` back, where the desk was as ``shown``.

    ``deleted`` are rows of which it is known when they were deleted.
    """

    def __init__(
        self,
        rows: PastRows,
        sweeps: Sweeps,
        deleted: Sequence[RowVersion],
        shown: Snapshot,
        moment: datetime,
    ) -> None:
        self._rows, self._sweeps = rows, sweeps
        self.edge = edge_of(shown)
        """The desk as it was before all changes that are known."""
        self.since = moment
        """All changes are known from then on."""
        self.exhausted = False
        """Whether nothing changed before."""
        self._swept = [each for each in deleted if each.at <= moment]
        """Blocks swept and rows deleted before, in the version in which they were."""
        self._swept_since, self._no_longer = moment, moment - SWEPT_SINCE

    async def read(self, some: int) -> list[PastChange]:
        """Return the last changes before those that are known, at least ``some``, in the order of time.

        Raises:
            ApiError: they could not be read.
            Superseded: the desk shows another moment by now.
        """
        looked_at = LOOKED_AT
        while True:
            view = self.edge.view()
            newest = await asyncio.to_thread(newest_versions, view, self.since, looked_at)
            oldest = newest[-1].at if len(newest) == looked_at else None
            if oldest is None or newest[0].at > oldest:
                break
            looked_at *= 8  # all are of one moment, and not all of that moment
        await self._find_swept(newest[some - 1].at if len(newest) >= some else self._no_longer)
        found = await self._unwind([*newest, *self._swept], oldest, some)
        found = await self._rows.with_blocks(found, self.edge, forward=False)
        for change in found:
            self.edge.put_versions(change.before)
        self.exhausted = not found
        if found:
            self.since = found[-1].at - INSTANT
            self._swept = [each for each in self._swept if each.at <= self.since]
        return found[::-1]

    async def _find_swept(self, since: datetime) -> None:
        """Find the blocks that were swept from a time on; older ones may be found with them."""
        while self._swept_since > max(since, self._no_longer):
            until = self._swept_since
            self._swept += await self._sweeps.between(until - SWEPT_SPAN, until)
            self._swept_since = until - SWEPT_SPAN

    async def _unwind(self, left: list[RowVersion], oldest: datetime | None, some: int) -> list[PastChange]:
        """Return the last changes, the newest first, of rows only; those up to ``oldest`` are left."""
        before, found = dict[tuple[Ref, datetime], Any](), list[PastChange]()
        while left and len(found) < some:
            left.sort(key=lambda each: each.at, reverse=True)
            if oldest is not None and left[0].at <= oldest:
                break
            group = [each for each in left if each.at == left[0].at]
            if any(each.key not in before for each in group):
                asked = left[: max(some, len(group))]
                before |= await self._before([each for each in asked if each.key not in before])
            del left[: len(group)]
            change, earlier = await self._change(group, before)
            found += change
            left += [each for each in earlier if each.at < group[0].at]
        return found

    async def _change(
        self, group: Sequence[RowVersion], before: dict[tuple[Ref, datetime], Any]
    ) -> tuple[list[PastChange], list[RowVersion]]:
        """Return the change that the versions of one moment are, if any, and the versions before them."""
        at, rows = group[0].at, {each.ref: before[each.key] for each in group}
        swept = [each for each in group if _is_swept(each.row)]
        again = {each.ref for each in swept if rows[each.ref] is None or _is_swept(rows[each.ref])}
        versions = [version_at(ref, row) for ref, row in rows.items()]
        gone = [each for each in swept if each.ref not in again]
        pieces: list[Piece] = [
            (at, {each.ref: rows[each.ref]}, {each.ref: each.row}) for each in group if each not in swept
        ]
        if gone:
            left = await self._sweeps.left(gone, at)
            left = {ref: row for ref, row in left.items() if ref.id not in self.edge.rows(ref.kind)}
            pieces.append((at, left, dict.fromkeys(left)))
            versions += [version_at(ref, row) for ref, row in left.items()]
        blocks = frozenset(each.ref for each in gone)
        changes = [replace(change, swept=blocks) for change in by_time(pieces) if change.before]
        return changes, list({each.key: each for each in versions if each is not None}.values())

    async def _before(self, versions: Sequence[RowVersion]) -> dict[tuple[Ref, datetime], Any]:
        """Return the rows as they were before each of these versions; None where there was none."""
        found: dict[tuple[Ref, datetime], Any] = {each.key: None for each in versions}
        asked: dict[tuple[EntityKind, datetime], list[Ref]] = {}
        for each in versions:
            if not is_first(each):
                asked.setdefault((each.ref.kind, each.at), []).append(each.ref)
        for some in batches(list(asked.items()), AT_ONCE):
            reads = await all_of(self._rows.at(kind, refs, at - INSTANT) for (kind, at), refs in some)
            self._rows.check()
            for ((kind, at), _), rows in zip(some, reads, strict=True):
                found |= {(Ref(kind, id), at): row for id, row in rows.items()}
        return found


def _is_swept(row: Any) -> bool:
    """Return whether a row is a block that was swept; only those read by themselves are."""
    return getattr(row, "is_swept", None) is True
