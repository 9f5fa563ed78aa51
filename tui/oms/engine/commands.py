"""The commands, which take an order through its life cycle (L1), by the name of their operation.

Each :data:`~tui.oms.domain.unit_of_work.Command` takes the call's unit of work and its request, changes the
unit of work, and returns a function that builds the reply after the commit, with the new versions in it. It
raises :class:`~tui.oms.domain.refusals.Refusal` when the whole call is refused; then nothing may be stored.
The rules themselves are in :mod:`tui.oms.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tui.api import operations, reference_operations
from tui.oms.domain.unit_of_work import Command
from tui.oms.rules.allocating import AllocationCommand, WeightedAllocationCommand, allocate, allocate_weighted
from tui.oms.rules.booking import BookingCommand, book_transactions
from tui.oms.rules.cancelling import cancel_and_move, cancel_orders
from tui.oms.rules.compliance_run import RunCommand, run_compliance
from tui.oms.rules.creation import create_orders
from tui.oms.rules.deleting import (
    delete_allocation,
    delete_block,
    delete_execution,
    delete_order,
    delete_placement,
)
from tui.oms.rules.moving import move_orders
from tui.oms.rules.placement_updates import cancel_placements, update_placements
from tui.oms.rules.placing import place_blocks
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
    "RunCommand",
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
    "run_compliance",
    "sweep_blocks",
    "update_orders",
    "update_placements",
    "upsert_allocations",
    "upsert_blocks",
    "upsert_executions",
    "upsert_orders",
    "upsert_placements",
]

COMMANDS: Final[Mapping[str, Command[Any]]] = {
    operations.CREATE_ORDERS.name: create_orders,
    operations.MOVE_ORDERS.name: move_orders,
    operations.UPDATE_ORDERS.name: update_orders,
    operations.PLACE_BLOCKS.name: place_blocks,
    operations.UPDATE_PLACEMENTS.name: update_placements,
    operations.CANCEL_PLACEMENTS.name: cancel_placements,
    operations.CANCEL_ORDERS.name: cancel_orders,
    operations.CANCEL_AND_MOVE.name: cancel_and_move,
    operations.ALLOCATE.name: allocate,
    operations.ALLOCATE_WEIGHTED.name: allocate_weighted,
    operations.BOOK_TRANSACTIONS.name: book_transactions,
    operations.SWEEP_BLOCKS.name: sweep_blocks,
    reference_operations.RUN_COMPLIANCE.name: run_compliance,
    reference_operations.RUN_COMPLIANCE_PREVIEW.name: run_compliance,
    operations.BLOCKS.upsert.name: upsert_blocks,
    operations.ORDERS.upsert.name: upsert_orders,
    operations.PLACEMENTS.upsert.name: upsert_placements,
    operations.EXECUTIONS.upsert.name: upsert_executions,
    operations.ALLOCATIONS.upsert.name: upsert_allocations,
    operations.BLOCKS.delete.name: delete_block,
    operations.ORDERS.delete.name: delete_order,
    operations.PLACEMENTS.delete.name: delete_placement,
    operations.EXECUTIONS.delete.name: delete_execution,
    operations.ALLOCATIONS.delete.name: delete_allocation,
}
"""The command of every writing operation, by the operation's name."""
