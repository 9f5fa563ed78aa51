"""What a row says that other rows, or it itself, contradict: data no server should send, told in words.

Nothing is repaired: rows are shown as they came, and what is said here stands beside them. A link to a row
that is not here is only told where all rows of its kind were read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from tui.api.base import ResourceId
from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.service.snapshot.naming import short_name
from tui.service.snapshot.snapshot import BLOCK_OF_ORDER, EntityKind, Ref, Snapshot

MARK: Final = "▲"
ASCII_MARK: Final = "!"
_UNRESOLVED: Final = "LUID_ZZZZZZZZ"


def contradictions(snapshot: Snapshot, ref: Ref) -> tuple[str, ...]:
    """Return what contradicts ``ref``, a sentence each; nothing for a row that is not there."""
    row, rules = snapshot.row(ref), _RULES.get(ref.kind)
    if row is None or rules is None:
        return ()
    return tuple(dict.fromkeys((*_of_any(snapshot, ref), *rules(snapshot, row))))


def _of_any(snapshot: Snapshot, ref: Ref) -> Iterator[str]:
    problem = snapshot.outdated.get(ref.kind, {}).get(ref.id)
    if problem is not None:
        yield f"The server's newer version could not be read ({problem}); this one is older."
    if ref.id in snapshot.twins.get(ref.kind, ()):
        yield "The server has two of this id; the newer one is shown."


def _of_block(snapshot: Snapshot, graph: OrderGraphBlock) -> Iterator[str]:
    block = graph.block
    yield from _negative(block.quantity)
    yield from _repeated(snapshot, EntityKind.ORDERS, block.order_ids)
    yield from _absent(snapshot, EntityKind.ORDERS, block.order_ids)
    for id in dict.fromkeys(block.order_ids):
        yield from _in_others(snapshot, id, block.id, f"Its order {_order(snapshot, id)} is")
        if (order := snapshot.orders.get(id)) is not None:
            yield from _other_instrument(
                order.lusid_instrument_id, block.lusid_instrument_id, f"order {_order(snapshot, id)}"
            )
    for detail in graph.placed.details:
        placement = snapshot.placements.get(detail.id)
        if placement is not None and block.id not in placement.block_ids:
            name = short_name(snapshot, EntityKind.PLACEMENTS, detail.id)
            yield f"Its totals count placement {name}, which is for {_blocks(snapshot, placement.block_ids)}."


def _of_order(snapshot: Snapshot, order: Order) -> Iterator[str]:
    yield from _negative(order.quantity)
    home = snapshot.block_of_order(order.id)
    if home is not None:
        yield from _in_others(snapshot, order.id, home, "It is")
        block = snapshot.blocks[home].block
        yield from _other_instrument(
            order.lusid_instrument_id,
            block.lusid_instrument_id,
            f"block {_blocks(snapshot, (home,))}",
        )


def _of_placement(snapshot: Snapshot, placement: Placement) -> Iterator[str]:
    yield from _negative(placement.quantity)
    yield from _repeated(snapshot, EntityKind.BLOCKS, placement.block_ids)
    yield from _absent(snapshot, EntityKind.BLOCKS, placement.block_ids)
    if not placement.block_ids:
        yield "It is for no block."
    for id in placement.block_ids:
        if (graph := snapshot.blocks.get(id)) is not None:
            own, other = placement.lusid_instrument_id, graph.block.lusid_instrument_id
            yield from _other_instrument(own, other, f"block {_blocks(snapshot, (id,))}")
    parent = placement.parent_placement_id
    yield from _absent(snapshot, EntityKind.PLACEMENTS, (parent,) if parent else ())
    if snapshot.circle_of_placement(placement.id):
        yield "It is its own parent, or that of one of its parents."


def _of_execution(snapshot: Snapshot, execution: Execution) -> Iterator[str]:
    yield from _negative(execution.quantity)
    yield from _absent(snapshot, EntityKind.PLACEMENTS, (execution.placement_id,))


def _of_allocation(snapshot: Snapshot, allocation: Allocation) -> Iterator[str]:
    yield from _negative(allocation.quantity)
    if allocation.allocated_order_id not in (allocation.placement_ids or ()):  # shares by weight name these
        yield from _absent(snapshot, EntityKind.ORDERS, (allocation.allocated_order_id,))
    yield from _absent(snapshot, EntityKind.PLACEMENTS, allocation.placement_ids or ())
    yield from _absent(snapshot, EntityKind.EXECUTIONS, allocation.execution_ids or ())
    order = snapshot.orders.get(allocation.allocated_order_id)
    if order is not None and order.portfolio_id not in (None, allocation.portfolio_id):
        yield f"It is for {allocation.portfolio_id}, its order for {order.portfolio_id}."


def _of_transaction(snapshot: Snapshot, transaction: Transaction) -> Iterator[str]:
    allocation, order = transaction.allocation_id, transaction.order_id
    yield from _absent(snapshot, EntityKind.ALLOCATIONS, (allocation,) if allocation else ())
    yield from _absent(snapshot, EntityKind.ORDERS, (order,) if order else ())


_RULES: Final[Mapping[EntityKind, Callable[[Snapshot, Any], Iterator[str]]]] = {
    EntityKind.BLOCKS: _of_block,
    EntityKind.ORDERS: _of_order,
    EntityKind.PLACEMENTS: _of_placement,
    EntityKind.EXECUTIONS: _of_execution,
    EntityKind.ALLOCATIONS: _of_allocation,
    EntityKind.TRANSACTIONS: _of_transaction,
}


def _negative(quantity: Any) -> Iterator[str]:
    if quantity is not None and quantity < 0:
        yield "Its quantity is negative."


def _repeated(snapshot: Snapshot, kind: EntityKind, ids: tuple[ResourceId, ...]) -> Iterator[str]:
    if len(set(ids)) < len(ids):
        for id in dict.fromkeys(ids):
            if ids.count(id) > 1:
                name = f"{kind.singular} {short_name(snapshot, kind, id)}"
                yield f"It names {name} {ids.count(id)} times."


def _absent(snapshot: Snapshot, kind: EntityKind, ids: Iterable[ResourceId]) -> Iterator[str]:
    if snapshot.complete and snapshot.knows(kind):
        rows = snapshot.rows(kind)
        for id in ids:
            if id not in rows:
                yield f"It names {kind.singular} {short_name(snapshot, kind, id)}, which is not there."


def _in_others(snapshot: Snapshot, order: ResourceId, block: ResourceId, subject: str) -> Iterator[str]:
    others = [id for id in snapshot.links.get(BLOCK_OF_ORDER.name, {}).get(order, ()) if id != block]
    if others:
        yield f"{subject} also in block {_blocks(snapshot, others)}."


def _other_instrument(one: str, other: str, of: str) -> Iterator[str]:
    if one != other and _UNRESOLVED not in (one, other):
        yield f"Its instrument is not that of {of}."


def _order(snapshot: Snapshot, id: ResourceId) -> str:
    return short_name(snapshot, EntityKind.ORDERS, id)


def _blocks(snapshot: Snapshot, ids: Iterable[ResourceId]) -> str:
    return ", ".join(short_name(snapshot, EntityKind.BLOCKS, id) for id in ids) or "no block"
