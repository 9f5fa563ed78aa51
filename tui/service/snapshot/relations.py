"""The rows related to a row, found along the snapshot's links: for linked panes and history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tui.api.base import ResourceId
from tui.service.snapshot.snapshot import EntityKind, Ids, Ref, Snapshot


def related(snapshot: Snapshot, ref: Ref) -> Mapping[EntityKind, Ids]:
    """Return the ids per kind of the rows related to ``ref``, itself included, each once.

    A block shows everything under it. An order shows the block's placements and executions, but only
    its own allocations and transactions; a placement its own executions and allocations, and so on.
    Only rows the snapshot holds are returned.
    """
    found = _WALKS[ref.kind](snapshot, ref.id)
    return {kind: _present(snapshot, kind, found.get(kind, ())) for kind in EntityKind}


def order_of(snapshot: Snapshot, ref: Ref) -> ResourceId | None:
    """Return the order whose history tells of a row, the first one when it has several."""
    if ref.kind is EntityKind.ORDERS:
        return ref.id
    return next(iter(related(snapshot, ref)[EntityKind.ORDERS]), None)


def _present(snapshot: Snapshot, kind: EntityKind, ids: Iterable[ResourceId]) -> Ids:
    rows = snapshot.rows(kind)
    return tuple(id for id in dict.fromkeys(ids) if id in rows)


def _each(ids: Iterable[ResourceId], follow: Callable[[ResourceId], Iterable[ResourceId]]) -> Ids:
    return tuple(found for id in ids for found in follow(id))


Found = Mapping[EntityKind, Iterable[ResourceId]]


def _of_block(snapshot: Snapshot, id: ResourceId) -> Found:
    orders = snapshot.orders_of_block(id)
    placements = snapshot.placements_of_block(id)
    allocations = _each(orders, snapshot.allocations_of_order) + _each(
        placements, snapshot.allocations_of_placement
    )
    return {
        EntityKind.BLOCKS: (id,),
        EntityKind.ORDERS: orders,
        EntityKind.PLACEMENTS: placements,
        EntityKind.EXECUTIONS: _each(placements, snapshot.executions_of_placement),
        EntityKind.ALLOCATIONS: allocations,
        EntityKind.TRANSACTIONS: _booked(snapshot, orders, allocations),
    }


def _booked(snapshot: Snapshot, orders: Ids, allocations: Ids) -> Ids:
    return _each(allocations, snapshot.transactions_of_allocation) + _each(
        orders, snapshot.transactions_of_order
    )


def _of_order(snapshot: Snapshot, id: ResourceId) -> Found:
    block = snapshot.block_of_order(id)
    blocks = (block,) if block else ()
    placements = _each(blocks, snapshot.placements_of_block)
    allocations = snapshot.allocations_of_order(id)
    return {
        EntityKind.BLOCKS: blocks,
        EntityKind.ORDERS: (id,),
        EntityKind.PLACEMENTS: placements,
        EntityKind.EXECUTIONS: _each(placements, snapshot.executions_of_placement),
        EntityKind.ALLOCATIONS: allocations,
        EntityKind.TRANSACTIONS: _booked(snapshot, (id,), allocations),
    }


def _of_placement(snapshot: Snapshot, id: ResourceId) -> Found:
    row = snapshot.placements.get(id)
    if row is None:
        return {}
    with_children = (id, *snapshot.children_of_placement(id))
    allocations = _each(with_children, snapshot.allocations_of_placement)
    return {
        EntityKind.BLOCKS: row.block_ids,
        EntityKind.ORDERS: _each(row.block_ids, snapshot.orders_of_block),
        EntityKind.PLACEMENTS: with_children
        if row.parent_placement_id is None
        else (row.parent_placement_id, *with_children),
        EntityKind.EXECUTIONS: _each(with_children, snapshot.executions_of_placement),
        EntityKind.ALLOCATIONS: allocations,
        EntityKind.TRANSACTIONS: _booked(snapshot, (), allocations),
    }


def _of_execution(snapshot: Snapshot, id: ResourceId) -> Found:
    row = snapshot.executions.get(id)
    if row is None:
        return {}
    allocations = tuple(
        each
        for each in snapshot.allocations_of_placement(row.placement_id)
        if id in (snapshot.allocations[each].execution_ids or (id,))
    )
    return {
        **_of_placement(snapshot, row.placement_id),
        EntityKind.PLACEMENTS: (row.placement_id,),
        EntityKind.EXECUTIONS: (id,),
        EntityKind.ALLOCATIONS: allocations,
        EntityKind.TRANSACTIONS: _booked(snapshot, (), allocations),
    }


def _of_allocation(snapshot: Snapshot, id: ResourceId) -> Found:
    row = snapshot.allocations.get(id)
    if row is None:
        return {}
    placements = row.placement_ids or ()
    blocks = _each(placements, lambda each: _blocks_of(snapshot, each))
    order = snapshot.block_of_order(row.allocated_order_id)
    executions = row.execution_ids or _each(placements, snapshot.executions_of_placement)
    return {
        EntityKind.BLOCKS: (order, *blocks) if order else blocks,
        EntityKind.ORDERS: (row.allocated_order_id,),
        EntityKind.PLACEMENTS: placements,
        EntityKind.EXECUTIONS: executions,
        EntityKind.ALLOCATIONS: (id,),
        EntityKind.TRANSACTIONS: snapshot.transactions_of_allocation(id),
    }


def _blocks_of(snapshot: Snapshot, placement: ResourceId) -> Ids:
    row = snapshot.placements.get(placement)
    return row.block_ids if row else ()


def _of_transaction(snapshot: Snapshot, id: ResourceId) -> Found:
    row = snapshot.transactions.get(id)
    if row is None:
        return {}
    above: Found = {}
    if row.allocation_id and row.allocation_id in snapshot.allocations:
        above = _of_allocation(snapshot, row.allocation_id)
    elif row.order_id and row.order_id in snapshot.orders:
        above = {**_of_order(snapshot, row.order_id), EntityKind.ALLOCATIONS: ()}
    return {**above, EntityKind.TRANSACTIONS: (id,)}


_WALKS: Mapping[EntityKind, Callable[[Snapshot, ResourceId], Found]] = {
    EntityKind.BLOCKS: _of_block,
    EntityKind.ORDERS: _of_order,
    EntityKind.PLACEMENTS: _of_placement,
    EntityKind.EXECUTIONS: _of_execution,
    EntityKind.ALLOCATIONS: _of_allocation,
    EntityKind.TRANSACTIONS: _of_transaction,
}
