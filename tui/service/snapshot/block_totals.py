"""A block's life-cycle totals from the rows below it, for where the order graph did not give them.

The order graph is the authority; this is its arithmetic (G1 to G8) on what the desk has read, for
snapshots built by hand and for servers that have no order graph. Compliance and approval are left unknown:
the server alone derives them. Orders cut to what was placed (X5) are marked on the server only, so where
several blocks share a placement theirs may be counted differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ZERO, ResourceId
from tui.api.life_cycle import StageTotals, block_state, signed_units, waterfall
from tui.api.models import (
    Allocated,
    AllocatedDetail,
    Allocation,
    Block,
    Booked,
    BookedDetail,
    Executed,
    Execution,
    IdDetail,
    Order,
    Ordered,
    OrderedDetail,
    OrderGraphBlock,
    Placed,
    Placement,
    Transaction,
)
from tui.api.states import direction_of, is_cancelled
from tui.service.snapshot.sizing import (
    block_allocated,
    block_booked,
    block_executed,
    block_ordered,
    block_placed,
    executed_size,
    size_of,
)
from tui.service.snapshot.snapshot import Snapshot

SizeOf = Callable[[Block | Order | Placement], Decimal | None]
PlacedOnBlocks = dict[ResourceId, dict[ResourceId, Decimal]]
"""The quantity each placement places on each block: by placement, then by block."""


def _units(row: Block | Order | Placement) -> Decimal | None:
    return row.quantity


def _money(row: Block | Order | Placement) -> Decimal | None:
    return row.amount.amount if row.amount is not None else None


class _Parts(Struct, frozen=True):
    """The rows a block's totals are made of."""

    block: Block
    orders: Sequence[Order]
    placements: Sequence[Placement]
    allocations: Sequence[Allocation]
    transactions: Sequence[Transaction]
    snapshot: Snapshot

    @property
    def top_level(self) -> list[Placement]:
        """The placements that are not children (P5)."""
        return [row for row in self.placements if self.snapshot.is_top_placement(row)]


def with_totals(block: Block, snapshot: Snapshot) -> OrderGraphBlock:
    """Return ``block`` with totals over the rows of ``snapshot`` that belong to it."""
    parts = _parts_of(block, snapshot)
    graph = OrderGraphBlock(
        block=block,
        ordered=_ordered(parts),
        placed=_placed(parts, snapshot),
        executed=_executed(parts, snapshot),
        allocated=_allocated(parts),
        booked=_booked(parts),
        derived_state="",
        derived_direction=direction_of(block.side),
    )
    stages = (
        block_ordered(snapshot, graph) if parts.orders else size_of(block),
        block_placed(graph),
        block_executed(snapshot, graph),
        block_allocated(snapshot, graph),
        block_booked(snapshot, graph),
    )
    state = block_state(
        StageTotals(*(stage.value or ZERO for stage in stages)),
        swept=bool(block.is_swept),
        cancelled=bool(parts.orders) and all(is_cancelled(order.state) for order in parts.orders),
    )
    return replace(graph, derived_state=state)


def _parts_of(block: Block, snapshot: Snapshot) -> _Parts:
    orders = [snapshot.orders[id] for id in block.order_ids if id in snapshot.orders]
    placements = [snapshot.placements[id] for id in snapshot.placements_of_block(block.id)]
    if orders:
        ids = [id for order in orders for id in snapshot.allocations_of_order(order.id)]
    else:
        ids = [id for row in placements for id in snapshot.allocations_of_placement(row.id)]
    allocations = [snapshot.allocations[id] for id in dict.fromkeys(ids)]
    live = [row for row in allocations if not is_cancelled(row.state)]
    booked = (snapshot.transactions[id] for row in live for id in snapshot.transactions_of_allocation(row.id))
    transactions = [row for row in booked if not is_cancelled(row.transaction_status)]
    return _Parts(block, orders, placements, live, transactions, snapshot)


def _sum(sizes: Iterable[Decimal | None]) -> Decimal:
    return sum((size for size in sizes if size is not None), ZERO)


def _by_state(sizes: Iterable[tuple[str | None, Decimal | None]]) -> dict[str, Decimal] | None:
    """Return the sums by state, cancelled ones included; None when nothing has such a size (G1)."""
    found: dict[str, Decimal] = {}
    for state, size in sizes:
        if size is not None:
            found[state or "New"] = found.get(state or "New", ZERO) + size
    return found or None


def _ordered(parts: _Parts) -> Ordered:
    live = [order for order in parts.orders if not is_cancelled(order.state)]
    amounts = _by_state((order.state, _money(order)) for order in parts.orders)
    return Ordered(
        quantity=_sum(order.quantity for order in live),
        quantity_by_state=_by_state((order.state, order.quantity) for order in parts.orders) or {},
        amount=_sum(map(_money, live)) if amounts else None,
        amount_by_state=amounts,
        details=tuple(OrderedDetail(id=order.id, portfolio_id=order.portfolio_id) for order in parts.orders),
    )


def _placed(parts: _Parts, snapshot: Snapshot) -> Placed:
    id = parts.block.id

    def by_state(size_of: SizeOf, shares: PlacedOnBlocks) -> dict[str, Decimal] | None:
        return _by_state((row.state, full(row, size_of, shares)) for row in parts.top_level)

    def full(row: Placement, size_of: SizeOf, shares: PlacedOnBlocks) -> Decimal | None:
        """Return a placement's share of the block, a cancelled one's as if it were not cancelled."""
        whole = size_of(row)
        if whole is None:
            return None
        share = shares[row.id][id]
        if is_cancelled(row.state) and row.block_ids[-1] == id:
            share += whole - _live_size(row, size_of, snapshot)
        return share

    units, money = (_placed_on_blocks(snapshot, parts.block, size_of) for size_of in (_units, _money))
    amounts = by_state(_money, money)
    return Placed(
        quantity=_sum(shares.get(id) for shares in units.values()),
        quantity_by_state=by_state(_units, units) or {},
        amount=_sum(shares.get(id) for shares in money.values()) if amounts else None,
        amount_by_state=amounts,
        details=tuple(IdDetail(id=row.id) for row in parts.placements),
    )


def _live_size(row: Placement, size_of: SizeOf, snapshot: Snapshot) -> Decimal:
    """Return a placement's size, once it is cancelled what was executed of it (P12)."""
    if not is_cancelled(row.state):
        return size_of(row) or ZERO
    if size_of(row) is None:
        return ZERO
    if size_of is _units:
        return _sum(fill.quantity for fill in snapshot.fills_of_placement(row.id))
    return executed_size(snapshot, row).value or ZERO


def _placed_on_blocks(snapshot: Snapshot, block: Block, size_of: SizeOf) -> PlacedOnBlocks:
    """Return what every top-level placement of ``block`` places on each of its blocks (P4).

    Placements fill their blocks in the order they were created, so blocks that share placements are
    computed together.
    """
    placements: dict[ResourceId, Placement] = {}
    free: dict[ResourceId, Decimal] = {}
    waiting = [block.id]
    while waiting:
        id = waiting.pop()
        if id in free:
            continue
        row = snapshot.blocks.get(id)
        stored = block if id == block.id else row.block if row is not None else None
        free[id] = (size_of(stored) if stored is not None else None) or ZERO
        for each in snapshot.placements_of_block(id):
            placement = snapshot.placements[each]
            if snapshot.is_top_placement(placement):
                placements[each] = placement
                waiting.extend(placement.block_ids)
    shares: PlacedOnBlocks = {}
    for placement in sorted(placements.values(), key=_creation_order):
        rooms = [free[id] for id in placement.block_ids]
        parts = waterfall(_live_size(placement, size_of, snapshot), rooms)
        shares[placement.id] = dict(zip(placement.block_ids, parts, strict=True))
        for id, part in shares[placement.id].items():
            free[id] -= part
    return shares


def _creation_order(placement: Placement) -> tuple[str, ResourceId]:
    created = placement.version.as_at_created if placement.version else None
    return (created.isoformat() if created else "~", placement.id)


def _executed(parts: _Parts, snapshot: Snapshot) -> Executed:
    """Return the executed units, attributed to the block, with their worth (G3)."""
    units = ZERO
    worths: list[Decimal | None] = []
    shares = _placed_on_blocks(snapshot, parts.block, _units)
    details: dict[ResourceId, None] = {}
    for row in parts.top_level:
        fills = snapshot.fills_of_placement(row.id)
        whole = _sum(fill.quantity for fill in fills)
        own = _executed_for(parts.block, row, whole, shares, snapshot)
        units += own
        worth = _worth(fills)
        if worth is not None and whole and own != whole:
            worth = own * worth / whole
        worths.append(worth)
        details.update(dict.fromkeys(fill.id for fill in fills))
    return Executed(
        quantity=units,
        amount=_sum(worths) if details and None not in worths else None,
        details=tuple(IdDetail(id=id) for id in details),
    )


def _executed_for(
    block: Block, placement: Placement, units: Decimal, shares: PlacedOnBlocks, snapshot: Snapshot
) -> Decimal:
    """Return the units of a top-level placement's fills that are for ``block`` (G3, P4).

    Units allocated to a block's orders were executed for that block; the rest fills the blocks in their
    order, up to what is placed for each.
    """
    if len(placement.block_ids) == 1:
        return units
    taken = dict.fromkeys(placement.block_ids, ZERO)
    for id in placement.block_ids:
        row = snapshot.blocks.get(id)
        order_ids = set(row.block.order_ids) if row is not None else set()
        for allocation in _allocations_of(placement.id, snapshot):
            if allocation.allocated_order_id in order_ids:
                taken[id] += allocation.quantity
    if sum(taken.values(), ZERO) > units:
        taken = dict.fromkeys(placement.block_ids, ZERO)
    placed = shares[placement.id]
    rooms = [placed[id] - taken[id] for id in placement.block_ids]
    rest = waterfall(units - sum(taken.values(), ZERO), rooms)
    return taken[block.id] + rest[placement.block_ids.index(block.id)]


def _allocations_of(placement: ResourceId, snapshot: Snapshot) -> list[Allocation]:
    """Return the live allocations of a placement and of its children, each once."""
    ids = [*snapshot.allocations_of_placement(placement)]
    for child in snapshot.children_of_placement(placement):
        ids += snapshot.allocations_of_placement(child)
    rows = (snapshot.allocations[id] for id in dict.fromkeys(ids))
    return [row for row in rows if not is_cancelled(row.state)]


def _worth(fills: Sequence[Execution]) -> Decimal | None:
    """Return the sum of units times price; None where a price is missing."""
    if any(fill.price.amount is None for fill in fills):
        return None
    return _sum(fill.quantity * (fill.price.amount or ZERO) for fill in fills)


def _allocated(parts: _Parts) -> Allocated:
    details = tuple(
        AllocatedDetail(
            id=row.id,
            allocated_order_id=row.allocated_order_id,
            quantity=signed_units(parts.block.side, row.side, row.quantity),
        )
        for row in parts.allocations
    )
    return Allocated(quantity=_sum(each.quantity for each in details), details=details)


def _booked(parts: _Parts) -> Booked:
    side, rows = parts.block.side, parts.transactions
    return Booked(
        quantity=_sum(signed_units(side, row.type, row.units) for row in rows),
        amount=_sum(signed_units(side, row.type, row.total_consideration.amount or ZERO) for row in rows)
        if rows
        else None,
        details=tuple(BookedDetail(id=row.transaction_id) for row in rows),
    )
