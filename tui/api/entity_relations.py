"""The references between entities, declared once for the server's indexes and the client's snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from msgspec import Struct

from tui.api.base import ResourceId
from tui.api.models import Allocation, Block, Execution, Placement, Transaction

E = TypeVar("E")


class Relation(Struct, Generic[E], frozen=True):
    """The entities of ``kind`` that refer to others; ``targets`` returns the ids that one refers to."""

    name: str
    kind: type[E]
    targets: Callable[[E], Iterable[ResourceId]]


BLOCK_OF_ORDER: Final = Relation("block_of_order", Block, lambda block: block.order_ids)
PLACEMENTS_OF_BLOCK: Final = Relation("placements_of_block", Placement, lambda placement: placement.block_ids)
CHILDREN_OF_PLACEMENT: Final = Relation(
    "children_of_placement",
    Placement,
    lambda placement: (placement.parent_placement_id,) if placement.parent_placement_id else (),
)
EXECUTIONS_OF_PLACEMENT: Final = Relation(
    "executions_of_placement", Execution, lambda execution: (execution.placement_id,)
)
ALLOCATIONS_OF_ORDER: Final = Relation(
    "allocations_of_order", Allocation, lambda allocation: (allocation.allocated_order_id,)
)
ALLOCATIONS_OF_PLACEMENT: Final = Relation(
    "allocations_of_placement", Allocation, lambda allocation: allocation.placement_ids or ()
)
TRANSACTIONS_OF_ALLOCATION: Final = Relation(
    "transactions_of_allocation",
    Transaction,
    lambda transaction: (transaction.allocation_id,) if transaction.allocation_id else (),
)
TRANSACTIONS_OF_ORDER: Final = Relation(
    "transactions_of_order",
    Transaction,
    lambda transaction: (transaction.order_id,) if transaction.order_id else (),
)
