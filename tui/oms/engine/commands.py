"""Everything the server can be asked to do to the desk, by the name of its endpoint.

Each command takes the call's :class:`~tui.oms.domain.unit_of_work.Book` and its request, changes the book,
and gives an :data:`~tui.oms.domain.unit_of_work.Answer`: a thunk to call once the book is sealed, which
builds the reply with the new versions in it. A command raises :class:`~tui.oms.domain.refusals.Refusal` when
the whole call is refused, and nothing of the book may then be stored. The rules themselves live in
:mod:`tui.oms.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tui.api import endpoints
from tui.oms.domain.unit_of_work import ReplyBuilder, UnitOfWork
from tui.oms.rules.allocating import AllocationCommand, WeightedAllocationCommand, allocate, allocate_weighted
from tui.oms.rules.booking import BookingCommand, book_transactions
from tui.oms.rules.cancelling import cancel_and_move, cancel_orders
from tui.oms.rules.creation import create_orders
from tui.oms.rules.deleting import (
    delete_allocation,
    delete_block,
    delete_execution,
    delete_order,
    delete_placement,
)
from tui.oms.rules.moving import move_orders
from tui.oms.rules.placing import cancel_placements, place_blocks, update_placements
from tui.oms.rules.sweeping import sweep_blocks
from tui.oms.rules.updating import update_orders
from tui.oms.rules.upserts import (
    upsert_allocations,
    upsert_blocks,
    upsert_executions,
    upsert_orders,
    upsert_placements,
)

__all__ = [
    "COMMANDS",
    "AllocationCommand",
    "BookingCommand",
    "Command",
    "WeightedAllocationCommand",
    "allocate",
    "allocate_weighted",
    "book_transactions",
    "cancel_and_move",
    "cancel_orders",
    "cancel_placements",
    "create_orders",
    "delete_allocation",
    "delete_block",
    "delete_execution",
    "delete_order",
    "delete_placement",
    "move_orders",
    "place_blocks",
    "sweep_blocks",
    "update_orders",
    "update_placements",
    "upsert_allocations",
    "upsert_blocks",
    "upsert_executions",
    "upsert_orders",
    "upsert_placements",
]

Command = Callable[[UnitOfWork, Any], ReplyBuilder]

COMMANDS: Final[Mapping[str, Command]] = {
    endpoints.CREATE_ORDERS.name: create_orders,
    endpoints.MOVE_ORDERS.name: move_orders,
    endpoints.UPDATE_ORDERS.name: update_orders,
    endpoints.PLACE_BLOCKS.name: place_blocks,
    endpoints.UPDATE_PLACEMENTS.name: update_placements,
    endpoints.CANCEL_PLACEMENTS.name: cancel_placements,
    endpoints.CANCEL_ORDERS.name: cancel_orders,
    endpoints.CANCEL_AND_MOVE.name: cancel_and_move,
    endpoints.ALLOCATE.name: allocate,
    endpoints.ALLOCATE_WEIGHTED.name: allocate_weighted,
    endpoints.BOOK_TRANSACTIONS.name: book_transactions,
    endpoints.SWEEP_BLOCKS.name: sweep_blocks,
    endpoints.BLOCKS.upsert.name: upsert_blocks,
    endpoints.ORDERS.upsert.name: upsert_orders,
    endpoints.PLACEMENTS.upsert.name: upsert_placements,
    endpoints.EXECUTIONS.upsert.name: upsert_executions,
    endpoints.ALLOCATIONS.upsert.name: upsert_allocations,
    endpoints.BLOCKS.delete.name: delete_block,
    endpoints.ORDERS.delete.name: delete_order,
    endpoints.PLACEMENTS.delete.name: delete_placement,
    endpoints.EXECUTIONS.delete.name: delete_execution,
    endpoints.ALLOCATIONS.delete.name: delete_allocation,
}
"""Every writing endpoint's command by the endpoint's name."""
