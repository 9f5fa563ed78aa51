"""What belongs to a row: the walk over the snapshot's links that linked panes and history follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tui.api.base import ResourceId
from tui.service.snapshot.snapshot import Family, Ids, Ref, Snapshot


def related(snapshot: Snapshot, ref: Ref) -> Mapping[Family, Ids]:
    """Give the ids per family of what belongs to ``ref``, itself included, each id once.

    A block shows everything under it. An order shows the block's placements and executions, but only
    its own allocations and transactions; a placement its own executions and allocations, and so on.
    Only rows the snapshot holds are given.
    """
    found = _WALKS[ref.family](snapshot, ref.id)
    return {family: _present(snapshot, family, found.get(family, ())) for family in Family}


def _present(snapshot: Snapshot, family: Family, ids: Iterable[ResourceId]) -> Ids:
    rows = snapshot.rows(family)
    return tuple(id for id in dict.fromkeys(ids) if id in rows)


def _each(ids: Iterable[ResourceId], follow: Callable[[ResourceId], Iterable[ResourceId]]) -> Ids:
    return tuple(found for id in ids for found in follow(id))


Found = Mapping[Family, Iterable[ResourceId]]


def _of_block(snapshot: Snapshot, id: ResourceId) -> Found:
    orders = snapshot.orders_of_block(id)
    placements = snapshot.placements_of_block(id)
    allocations = _each(orders, snapshot.allocations_of_order) + _each(
        placements, snapshot.allocations_of_placement
    )
    return {
        Family.BLOCKS: (id,),
        Family.ORDERS: orders,
        Family.PLACEMENTS: placements,
        Family.EXECUTIONS: _each(placements, snapshot.executions_of_placement),
        Family.ALLOCATIONS: allocations,
        Family.TRANSACTIONS: _booked(snapshot, orders, allocations),
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
        Family.BLOCKS: blocks,
        Family.ORDERS: (id,),
        Family.PLACEMENTS: placements,
        Family.EXECUTIONS: _each(placements, snapshot.executions_of_placement),
        Family.ALLOCATIONS: allocations,
        Family.TRANSACTIONS: _booked(snapshot, (id,), allocations),
    }


def _of_placement(snapshot: Snapshot, id: ResourceId) -> Found:
    row = snapshot.placements.get(id)
    if row is None:
        return {}
    family = (id, *snapshot.children_of_placement(id))
    allocations = _each(family, snapshot.allocations_of_placement)
    return {
        Family.BLOCKS: row.block_ids,
        Family.ORDERS: _each(row.block_ids, snapshot.orders_of_block),
        Family.PLACEMENTS: family if row.parent_placement_id is None else (row.parent_placement_id, *family),
        Family.EXECUTIONS: _each(family, snapshot.executions_of_placement),
        Family.ALLOCATIONS: allocations,
        Family.TRANSACTIONS: _booked(snapshot, (), allocations),
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
        Family.PLACEMENTS: (row.placement_id,),
        Family.EXECUTIONS: (id,),
        Family.ALLOCATIONS: allocations,
        Family.TRANSACTIONS: _booked(snapshot, (), allocations),
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
        Family.BLOCKS: (order, *blocks) if order else blocks,
        Family.ORDERS: (row.allocated_order_id,),
        Family.PLACEMENTS: placements,
        Family.EXECUTIONS: executions,
        Family.ALLOCATIONS: (id,),
        Family.TRANSACTIONS: snapshot.transactions_of_allocation(id),
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
        above = {**_of_order(snapshot, row.order_id), Family.ALLOCATIONS: ()}
    return {**above, Family.TRANSACTIONS: (id,)}


_WALKS: Mapping[Family, Callable[[Snapshot, ResourceId], Found]] = {
    Family.BLOCKS: _of_block,
    Family.ORDERS: _of_order,
    Family.PLACEMENTS: _of_placement,
    Family.EXECUTIONS: _of_execution,
    Family.ALLOCATIONS: _of_allocation,
    Family.TRANSACTIONS: _of_transaction,
}
