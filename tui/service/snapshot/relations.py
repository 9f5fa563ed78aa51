"""The rows related to a row, found along the snapshot's links: for linked panes and history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tui.api.base import ResourceId
from tui.api.models import OrderGraphBlock
from tui.service.snapshot.snapshot import EntityKind, Ids, Ref, Snapshot


def related(snapshot: Snapshot, ref: Ref) -> Mapping[EntityKind, Ids]:
    """Return the ids per kind of the rows related to ``ref``, itself included, each once.

    A block shows everything under it. An order shows the block's placements and executions, but only
    its own allocations and transactions; a placement its own executions and allocations, and so on.
    Only rows the snapshot holds are returned.
    """
    found = _WALKS[ref.kind](snapshot, ref.id)
    return {kind: _present(snapshot, kind, found) for kind in EntityKind}


def related_of(snapshot: Snapshot, ref: Ref, kind: EntityKind) -> Ids:
    """Return the ids of one kind only, as :func:`related` does, for a part of its time."""
    return _present(snapshot, kind, _WALKS[ref.kind](snapshot, ref.id))


def order_of(snapshot: Snapshot, ref: Ref) -> ResourceId | None:
    """Return the order whose history has a row, the first one when it has several."""
    if ref.kind is EntityKind.ORDERS:
        return ref.id
    return next(iter(related_of(snapshot, ref, EntityKind.ORDERS)), None)


def portfolios_of(snapshot: Snapshot, refs: Iterable[Ref]) -> frozenset[ResourceId]:
    """Return the portfolios that rows are for: those of a block's orders, and an allocation's own."""
    found: set[ResourceId | None] = set()
    for ref in refs:
        row = snapshot.row(ref)
        if isinstance(row, OrderGraphBlock):
            found.update(detail.portfolio_id for detail in row.ordered.details)
        else:
            found.add(getattr(row, "portfolio_id", None))
    return frozenset(id for id in found if id is not None)


Found = Mapping[EntityKind, Callable[[], Iterable[ResourceId]]]
"""The functions that find the related rows of each kind; only those of the kinds asked for are called."""


def _present(snapshot: Snapshot, kind: EntityKind, found: Found) -> Ids:
    rows, find = snapshot.rows(kind), found.get(kind)
    return () if find is None else tuple(id for id in dict.fromkeys(find()) if id in rows)


def _each(ids: Iterable[ResourceId], follow: Callable[[ResourceId], Iterable[ResourceId]]) -> Ids:
    return tuple(found for id in ids for found in follow(id))


def _of_block(snapshot: Snapshot, id: ResourceId) -> Found:
    def placements() -> Ids:
        return snapshot.placements_of_block(id)

    def allocations() -> Ids:
        of_orders = _each(snapshot.orders_of_block(id), snapshot.allocations_of_order)
        return of_orders + _each(placements(), snapshot.allocations_of_placement)

    return {
        EntityKind.BLOCKS: lambda: (id,),
        EntityKind.ORDERS: lambda: snapshot.orders_of_block(id),
        EntityKind.PLACEMENTS: placements,
        EntityKind.EXECUTIONS: lambda: _each(placements(), snapshot.executions_of_placement),
        EntityKind.ALLOCATIONS: allocations,
        EntityKind.TRANSACTIONS: lambda: _booked(snapshot, snapshot.orders_of_block(id), allocations()),
    }


def _booked(snapshot: Snapshot, orders: Ids, allocations: Ids) -> Ids:
    return _each(allocations, snapshot.transactions_of_allocation) + _each(
        orders, snapshot.transactions_of_order
    )


def _of_order(snapshot: Snapshot, id: ResourceId) -> Found:
    block = snapshot.block_of_order(id)
    blocks = (block,) if block else ()

    def placements() -> Ids:
        return _each(blocks, snapshot.placements_of_block)

    def allocations() -> Ids:
        return snapshot.allocations_of_order(id)

    return {
        EntityKind.BLOCKS: lambda: blocks,
        EntityKind.ORDERS: lambda: (id,),
        EntityKind.PLACEMENTS: placements,
        EntityKind.EXECUTIONS: lambda: _each(placements(), snapshot.executions_of_placement),
        EntityKind.ALLOCATIONS: allocations,
        EntityKind.TRANSACTIONS: lambda: _booked(snapshot, (id,), allocations()),
    }


def _of_placement(snapshot: Snapshot, id: ResourceId) -> Found:
    row = snapshot.placements.get(id)
    if row is None:
        return {}
    blocks, parent = row.block_ids, row.parent_placement_id
    above = () if parent is None else (parent,)
    family = (id, *snapshot.children_of_placement(id))

    def allocations() -> Ids:
        return _each(family, snapshot.allocations_of_placement)

    return {
        EntityKind.BLOCKS: lambda: blocks,
        EntityKind.ORDERS: lambda: _each(blocks, snapshot.orders_of_block),
        EntityKind.PLACEMENTS: lambda: (*above, *family),
        EntityKind.EXECUTIONS: lambda: _each(family, snapshot.executions_of_placement),
        EntityKind.ALLOCATIONS: allocations,
        EntityKind.TRANSACTIONS: lambda: _booked(snapshot, (), allocations()),
    }


def _of_execution(snapshot: Snapshot, id: ResourceId) -> Found:
    row = snapshot.executions.get(id)
    if row is None:
        return {}
    placement = row.placement_id

    def allocations() -> Ids:
        return tuple(
            each
            for each in snapshot.allocations_of_placement(placement)
            if id in (snapshot.allocations[each].execution_ids or (id,))
        )

    return {
        **_of_placement(snapshot, placement),
        EntityKind.PLACEMENTS: lambda: (placement,),
        EntityKind.EXECUTIONS: lambda: (id,),
        EntityKind.ALLOCATIONS: allocations,
        EntityKind.TRANSACTIONS: lambda: _booked(snapshot, (), allocations()),
    }


def _of_allocation(snapshot: Snapshot, id: ResourceId) -> Found:
    row = snapshot.allocations.get(id)
    if row is None:
        return {}
    order, fills, placements = row.allocated_order_id, row.execution_ids, row.placement_ids or ()

    def blocks() -> Ids:
        own = snapshot.block_of_order(order)
        placed = _each(placements, lambda each: _blocks_of(snapshot, each))
        return (own, *placed) if own else placed

    return {
        EntityKind.BLOCKS: blocks,
        EntityKind.ORDERS: lambda: (order,),
        EntityKind.PLACEMENTS: lambda: placements,
        EntityKind.EXECUTIONS: lambda: fills or _each(placements, snapshot.executions_of_placement),
        EntityKind.ALLOCATIONS: lambda: (id,),
        EntityKind.TRANSACTIONS: lambda: snapshot.transactions_of_allocation(id),
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
        above = {**_of_order(snapshot, row.order_id), EntityKind.ALLOCATIONS: lambda: ()}
    return {**above, EntityKind.TRANSACTIONS: lambda: (id,)}


_WALKS: Mapping[EntityKind, Callable[[Snapshot, ResourceId], Found]] = {
    EntityKind.BLOCKS: _of_block,
    EntityKind.ORDERS: _of_order,
    EntityKind.PLACEMENTS: _of_placement,
    EntityKind.EXECUTIONS: _of_execution,
    EntityKind.ALLOCATIONS: _of_allocation,
    EntityKind.TRANSACTIONS: _of_transaction,
}
