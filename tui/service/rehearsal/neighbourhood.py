"""The part of the desk that the rules of a server read when they decide on a verb.

Blocks, orders, placements, fills, allocations and transactions are bound to one another; a rule follows
these links, never further. What hangs together with the rows of a verb is therefore all that a rule can
read, and it is copied whole: which of it a rule does read is the server's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tui.api.base import ResourceId
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot


def neighbourhood(snapshot: Snapshot, refs: Iterable[Ref]) -> Snapshot:
    """Return the desk reduced to ``refs`` and all rows bound to them, over however many links."""
    found: dict[EntityKind, dict[ResourceId, Any]] = {kind: {} for kind in EntityKind}
    for ref, row in bound_rows(snapshot, refs).items():
        found[ref.kind][ref.id] = row
    builder = SnapshotBuilder(_names_of(snapshot))
    builder.put_transactions(found.pop(EntityKind.TRANSACTIONS))
    for kind, rows in found.items():
        builder.put(kind, rows.values())
    return builder.freeze(complete=True)


def _names_of(snapshot: Snapshot) -> Snapshot:
    """Return a desk without rows that calls everything as this one does."""
    return Snapshot(
        home=snapshot.home,
        zone=snapshot.zone,
        portfolios=snapshot.portfolios,
        instruments=snapshot.instruments,
        ambiguous=snapshot.ambiguous,
        records=snapshot.records,
    )


def bound_rows(snapshot: Snapshot, refs: Iterable[Ref]) -> dict[Ref, Any]:
    """Return the rows of ``refs`` and all rows bound to them, over however many links."""
    found: dict[Ref, Any] = {}
    waiting = [ref for ref in refs if ref in snapshot]
    while waiting:
        ref = waiting.pop()
        if ref in found:
            continue
        found[ref] = row = snapshot.row(ref)
        waiting += (
            Ref(kind, id)
            for kind, id in _bound(snapshot, ref, row)
            if Ref(kind, id) not in found and id in snapshot.rows(kind)
        )
    return found


def _bound(snapshot: Snapshot, ref: Ref, row: Any) -> Iterator[tuple[EntityKind, ResourceId]]:
    """Yield the rows one link away from a row, in both directions; some of them may not be there."""
    id = ref.id
    if ref.kind is EntityKind.BLOCKS:
        yield from _all(EntityKind.ORDERS, row.block.order_ids)
        yield from _all(EntityKind.PLACEMENTS, snapshot.placements_of_block(id))
    elif ref.kind is EntityKind.ORDERS:
        block = snapshot.block_of_order(id)
        yield from _all(EntityKind.BLOCKS, (block,))
        yield from _all(EntityKind.ALLOCATIONS, snapshot.allocations_of_order(id))
        yield from _all(EntityKind.TRANSACTIONS, snapshot.transactions_of_order(id))
    elif ref.kind is EntityKind.PLACEMENTS:
        yield from _all(EntityKind.BLOCKS, row.block_ids)
        yield from _all(EntityKind.PLACEMENTS, (row.parent_placement_id, *snapshot.children_of_placement(id)))
        yield from _all(EntityKind.EXECUTIONS, snapshot.executions_of_placement(id))
        yield from _all(EntityKind.ALLOCATIONS, snapshot.allocations_of_placement(id))
    elif ref.kind is EntityKind.EXECUTIONS:
        yield from _all(EntityKind.PLACEMENTS, (row.placement_id,))
    elif ref.kind is EntityKind.ALLOCATIONS:
        yield from _all(EntityKind.ORDERS, (row.allocated_order_id,))
        yield from _all(EntityKind.PLACEMENTS, row.placement_ids or ())
        yield from _all(EntityKind.TRANSACTIONS, snapshot.transactions_of_allocation(id))
    else:
        yield from _all(EntityKind.ORDERS, (row.order_id,))
        yield from _all(EntityKind.ALLOCATIONS, (row.allocation_id,))


def _all(kind: EntityKind, ids: Iterable[ResourceId | None]) -> Iterator[tuple[EntityKind, ResourceId]]:
    return ((kind, id) for id in ids if id is not None)
