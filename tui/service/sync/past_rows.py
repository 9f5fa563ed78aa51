"""Rows as they were at moments of the past, and the totals of the blocks that changes are about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.errors import NotFound
from tui.api.list_pages import ListPages
from tui.service.filter_texts import time_text
from tui.service.learned import Learned
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.block_reader import BlockReader
from tui.service.sync.id_filters import IdFilters
from tui.service.sync.named_rows import by_filters
from tui.service.sync.past_versions import PastChange, Rows, changed_at
from tui.service.sync.queries import LISTED, all_of, batches, blocks_of
from tui.service.sync.read_session import AT_ONCE, PAGE, ReadSession

INSTANT: Final = timedelta(microseconds=1)
"""A server's times may have more digits than ours, so a change is read back from just before and after."""
BY_ID: Final = 3
"""The rows of one moment that are read one by one; more are read through a filter."""


def edge_of(snapshot: Snapshot) -> SnapshotBuilder:
    """Return a builder of its own that begins with the rows of a snapshot, whoever changes these."""
    rows: dict[str, Any] = {kind.value: dict(snapshot.rows(kind)) for kind in EntityKind}
    links = {name: dict(index) for name, index in snapshot.links.items()}
    return SnapshotBuilder(replace(snapshot, **rows, links=links))


class PastRows:
    """Reads rows of any moment with ``session``; the ``blocks`` know how the server is asked for totals."""

    def __init__(
        self, session: ReadSession, learned: Learned, filters: IdFilters, blocks: BlockReader
    ) -> None:
        self._session, self._client = session, session.client
        self._learned, self._filters, self._blocks = learned, filters, blocks

    def check(self) -> None:
        """Raise ``Superseded`` if the desk shows another moment by now."""
        self._session.check()

    async def at(self, kind: EntityKind, refs: Sequence[Ref], moment: datetime) -> dict[ResourceId, Any]:
        """Return rows of a kind as they were at a moment: a few by their ids, many by a filter.

        Orders are always asked for by a filter where there is one: only lists tell their verdicts.
        """
        filters = self._filters
        few = len(refs) <= BY_ID and kind is not EntityKind.ORDERS
        if few or filters.form is None:
            rows = await all_of(self._get(ref, moment) for ref in refs)
            return {ref.id: row for ref, row in zip(refs, rows, strict=True)}
        found: dict[ResourceId, Any] = {}
        source, ids = getattr(self._client, kind.value), {ref.id for ref in refs}

        async def ask(test: str) -> list[Any]:
            page = await source.list(filter=test, limit=PAGE, as_at=moment)
            self._session.share(page.values)
            return list(page.values)

        async for some in by_filters(filters, ids, ask):
            found.update((row.id, row) for row in some if row.id in ids)
        return found

    async def changed(
        self, kind: EntityKind, after: datetime, until: datetime, most: int, test: str = ""
    ) -> list[Any]:
        """Return the rows of a kind that changed in a span, as they were at its end: about ``most`` at most.

        ``test`` is a filter that they pass too.
        """
        since = f"version.asAtModified gt {time_text(after)}"
        read, more, found = ListPages(), True, list[Any]()
        source = getattr(self._client, kind.value)
        while more and len(found) <= most:
            page = await source.list(
                filter=f"{test} and {since}" if test else since, limit=PAGE, page=read.token, as_at=until
            )
            self._session.share(page.values)
            found += [row for row in page.values if after < (changed_at(kind, row) or after)]
            more = read.go_on(page)
        return found

    async def with_blocks(
        self, changes: Sequence[PastChange], edge: SnapshotBuilder, *, forward: bool
    ) -> list[PastChange]:
        """Return changes with the blocks whose totals each changes, from ``edge`` on."""
        fresh = {
            ref: row for change in changes for ref, row in (*change.before.items(), *change.after.items())
        }
        named = [_blocks_below(change, edge, fresh) for change in changes]
        away = INSTANT if forward else -INSTANT
        reads: list[dict[ResourceId, Any]] = []
        for some in batches(list(zip(named, changes, strict=True)), AT_ONCE):
            reads += await all_of(self._totals_at(ids, change.at + away, edge) for ids, change in some)
        self._session.check()
        moved, found = dict[Ref, Any](), list[PastChange]()
        for change, ids, read in zip(changes, named, reads, strict=True):
            there = {Ref(EntityKind.BLOCKS, id): read.get(id) for id in ids}
            if forward:
                there |= dict.fromkeys(change.swept)
            here = {ref: moved[ref] if ref in moved else edge.rows(ref.kind).get(ref.id) for ref in there}
            moved |= there
            before, after = (here, there) if forward else (there, here)
            found.append(replace(change, before={**change.before, **before}, after={**change.after, **after}))
        return found

    async def _totals_at(
        self, ids: Collection[ResourceId], moment: datetime, edge: SnapshotBuilder
    ) -> dict[ResourceId, Any]:
        """Return blocks as they were at a moment, with their totals where the server tells them."""
        await self._blocks.find_prefix()
        prefix = self._learned.get("graph.prefix")
        filters = IdFilters(self._learned, str(prefix or ""))
        if edge.own_totals or prefix in (None, "none") or filters.form is None or not ids:
            rows = await all_of(self._get(Ref(EntityKind.BLOCKS, id), moment) for id in sorted(ids))
            return {row.id: row for row in rows if row is not None}
        found: dict[ResourceId, Any] = {}

        async def ask(test: str) -> list[Any]:
            page = await self._client.list(operations.GRAPH_BLOCKS, filter=test, limit=PAGE, as_at=moment)
            self._session.share(page.values)
            return list(page.values)

        async for some in by_filters(filters, ids, ask):
            found.update((row.block.id, row) for row in some if row.block.id in ids)
        return found

    async def _get(self, ref: Ref, moment: datetime) -> Any:
        """Return a row as it was at a moment; None where there was none."""
        try:
            row = await getattr(self._client, ref.kind.value).get(ref.id, as_at=moment)
        except NotFound:
            return None
        self._session.share((row,))
        return row


def _blocks_below(change: PastChange, edge: SnapshotBuilder, fresh: Rows) -> frozenset[ResourceId]:
    """Return the blocks that a change is about, or whose totals count its rows.

    They are those of ``edge``, and those of the rows that come or leave with it or near it, ``fresh``.
    """
    found: set[ResourceId] = set()
    for rows in (change.before, change.after):
        for ref, row in rows.items():
            if ref.kind is EntityKind.BLOCKS:
                found.add(ref.id)
            elif row is not None and ref.kind in LISTED:
                found |= blocks_of(edge, ref.kind, (row,))
                found.update(_named_by(ref.kind, row, fresh))
    return frozenset(found)


def _named_by(kind: EntityKind, row: Any, fresh: Rows) -> Iterable[ResourceId]:
    """Yield the blocks above a row whose placement is among ``fresh``."""
    placements: Iterable[ResourceId] = ()
    if kind is EntityKind.EXECUTIONS:
        placements = (row.placement_id,)
    elif kind is EntityKind.ALLOCATIONS:
        placements = row.placement_ids or ()
    for id in placements:
        placement = fresh.get(Ref(EntityKind.PLACEMENTS, id))
        yield from placement.block_ids if placement is not None else ()
