"""A block's life-cycle totals from the rows below it, for where the order graph did not give them.

The order graph is the authority; this is its arithmetic (G1 to G8) on what the desk has read, for
snapshots built by hand and for servers that have no order graph.
"""

from __future__ import annotations

from decimal import Decimal

from tui.api.base import ZERO
from tui.api.models import (
    Allocated,
    AllocatedDetail,
    Block,
    Booked,
    BookedDetail,
    Executed,
    IdDetail,
    Ordered,
    OrderedDetail,
    OrderGraphBlock,
    Placed,
)
from tui.api.states import is_cancelled
from tui.service.snapshot.snapshot import Snapshot


def with_totals(block: Block, snapshot: Snapshot) -> OrderGraphBlock:
    """Give ``block`` with totals over the rows of ``snapshot`` that belong to it."""
    orders = [snapshot.orders[id] for id in block.order_ids if id in snapshot.orders]
    placements = [snapshot.placements[id] for id in snapshot.placements_of_block(block.id)]
    top = [row for row in placements if row.parent_placement_id is None]
    fills = [fill for row in top for fill in snapshot.fills_of_placement(row.id)]
    shares = {
        id: snapshot.allocations[id]
        for order in orders
        for id in snapshot.allocations_of_order(order.id)
        if not is_cancelled(snapshot.allocations[id].state)
    }
    booked = [
        snapshot.transactions[id] for share in shares for id in snapshot.transactions_of_allocation(share)
    ]
    live = [order for order in orders if not is_cancelled(order.state)]
    ordered = sum((order.quantity or ZERO for order in live), ZERO) if orders else block.quantity or ZERO
    placed = sum(
        (
            snapshot.executed_of_placement(row.id) if is_cancelled(row.state) else row.quantity or ZERO
            for row in top
        ),
        ZERO,
    )
    by_state: dict[str, Decimal] = {}
    for order in orders:
        state = order.state or ""
        by_state[state] = by_state.get(state, ZERO) + (order.quantity or ZERO)
    stages = (
        ordered,
        placed,
        sum((fill.quantity for fill in fills), ZERO),
        sum((share.quantity for share in shares.values()), ZERO),
        sum((row.units for row in booked), ZERO),
    )
    return OrderGraphBlock(
        block=block,
        ordered=Ordered(
            quantity=stages[0],
            quantity_by_state=by_state,
            details=tuple(OrderedDetail(id=order.id, portfolio_id=order.portfolio_id) for order in orders),
        ),
        placed=Placed(quantity=stages[1], details=tuple(IdDetail(id=row.id) for row in placements)),
        executed=Executed(quantity=stages[2], details=tuple(IdDetail(id=fill.id) for fill in fills)),
        allocated=Allocated(
            quantity=stages[3],
            details=tuple(
                AllocatedDetail(
                    id=share.id, allocated_order_id=share.allocated_order_id, quantity=share.quantity
                )
                for share in shares.values()
            ),
        ),
        booked=Booked(
            quantity=stages[4], details=tuple(BookedDetail(id=row.transaction_id) for row in booked)
        ),
        derived_state=state_of(stages, swept=bool(block.is_swept), cancelled=bool(orders) and not live),
    )


def state_of(
    stages: tuple[Decimal, Decimal, Decimal, Decimal, Decimal], *, swept: bool, cancelled: bool
) -> str:
    """Name the first stage from the left that is incomplete (G7, G8).

    ``stages`` are the units ordered, placed, executed, allocated and booked.
    """
    if swept:
        return "Swept"
    if cancelled:
        return "Cancelled"
    words = (
        ("New", "Partially placed", "Over-placed"),
        ("Placed", "Partially executed", "Over-executed"),
        ("Executed", "Partially allocated", "Over-allocated"),
        ("Allocated", "Partially booked", "Booked"),
    )
    for (none, part, over), before, after in zip(words, stages, stages[1:], strict=False):
        if not after:
            return none
        if after < before:
            return part
        if after > before:
            return over
    return "Booked"
