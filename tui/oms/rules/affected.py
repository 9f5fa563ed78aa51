"""Find the order graph entries that a call may have changed (P4, P5, G1 to G11)."""

from __future__ import annotations

from collections.abc import Iterable

from tui.api.base import ResourceId
from tui.api.entity_relations import PLACEMENTS_OF_BLOCK
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.oms.domain.unit_of_work import Booking, CheckedOrder, EntityChange, UnitOfWork
from tui.oms.rules.blocking import block_of
from tui.oms.rules.placed_quantities import with_ancestors


def affected_ids(
    changes: Iterable[EntityChange], uow: UnitOfWork
) -> tuple[frozenset[ResourceId], frozenset[ResourceId]]:
    """Return the blocks and the placements whose graph entries ``changes`` may alter.

    An id that the unit of work no longer holds is one whose entry is deleted.
    """
    return _AffectedEntries(uow, changes).find()


class _AffectedEntries:
    """Follows changes to the entries that show them; every link is followed once."""

    def __init__(self, uow: UnitOfWork, changes: Iterable[EntityChange]) -> None:
        self._uow = uow
        self._block_ids: set[ResourceId] = set()
        self._placement_ids: set[ResourceId] = set()
        self._visited_placements: set[ResourceId] = set()
        self._block_of_order: dict[ResourceId, ResourceId] = {}
        self._entities = [
            entity for change in changes for entity in (change.before, change.after) if entity is not None
        ]

    def find(self) -> tuple[frozenset[ResourceId], frozenset[ResourceId]]:
        """Follow every change and return the ids of the affected blocks and placements."""
        changed = [entity for entity in self._entities if isinstance(entity, Block)]
        self._uow.prefetch_related(PLACEMENTS_OF_BLOCK, [block.id for block in changed])
        for block in changed:
            self._block_of_order.update(dict.fromkeys(block.order_ids, block.id))
            self._add_block(block.id)
            self._placement_ids.update(each.id for each in self._placements_of(block.id))
        for entity in self._entities:
            if isinstance(entity, Order):
                if entity.id not in self._block_of_order:  # else its block has changed too, and was followed
                    self._add_order(entity.id)
            elif isinstance(entity, Placement):
                self._add_placement(entity)
            elif isinstance(entity, Execution):
                self._add_placement_by_id(entity.placement_id)
            elif isinstance(entity, Allocation):
                self._add_allocation(entity)
            elif isinstance(entity, CheckedOrder):
                self._add_order(entity.order_id)
            elif isinstance(entity, Booking) and entity.transaction.allocation_id is not None:
                allocation = self._uow.get(Allocation, entity.transaction.allocation_id)
                if allocation is not None:
                    self._add_allocation(allocation)
        return frozenset(self._block_ids), frozenset(self._placement_ids)

    def _placements_of(self, block: ResourceId) -> list[Placement]:
        return self._uow.related(PLACEMENTS_OF_BLOCK, block)

    def _add_block(self, id: ResourceId) -> None:
        """Add a block and every block it shares placements with: they share out the placed size (P4)."""
        pending = [id]
        while pending:
            block = pending.pop()
            if block not in self._block_ids:
                self._block_ids.add(block)
                pending.extend(other for each in self._placements_of(block) for other in each.block_ids)

    def _add_order(self, id: ResourceId) -> None:
        if id not in self._block_of_order:
            block = block_of(self._uow, id)
            if block is None:
                return
            self._block_of_order.update(dict.fromkeys(block.order_ids, block.id))
        self._add_block(self._block_of_order[id])

    def _add_placement(self, placement: Placement) -> None:
        for member in with_ancestors(self._uow, placement):
            self._placement_ids.add(member.id)
            for block in member.block_ids:
                self._add_block(block)

    def _add_placement_by_id(self, id: ResourceId) -> None:
        placement = None if id in self._visited_placements else self._uow.get(Placement, id)
        self._visited_placements.add(id)
        if placement is not None:
            self._add_placement(placement)

    def _add_allocation(self, allocation: Allocation) -> None:
        self._add_order(allocation.allocated_order_id)
        for placement in allocation.placement_ids or ():
            self._add_placement_by_id(placement)
