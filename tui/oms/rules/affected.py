"""Whose order-graph entries a call may have changed (P4, P5, G1 to G11)."""

from __future__ import annotations

from collections.abc import Iterable

from tui.api.base import ResourceId
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.oms.domain.unit_of_work import PLACEMENTS_OF_BLOCK, Booking, EntityChange, UnitOfWork
from tui.oms.rules.blocking import block_of
from tui.oms.rules.placed_quantities import lineage


def touched(
    changes: Iterable[EntityChange], uow: UnitOfWork
) -> tuple[frozenset[ResourceId], frozenset[ResourceId]]:
    """Give the blocks and the placements whose graph entries ``changes`` may have altered.

    An id among them that the book has no more is one whose entry goes.
    """
    return _Ripple(uow, changes).touched()


class _Ripple:
    """Follows changes to the entries they show in; every link is followed once."""

    def __init__(self, uow: UnitOfWork, changes: Iterable[EntityChange]) -> None:
        self._book = uow
        self._blocks: set[ResourceId] = set()
        self._placements: set[ResourceId] = set()
        self._followed: set[ResourceId] = set()
        self._holders: dict[ResourceId, ResourceId] = {}
        self._entities = [
            one for change in changes for one in (change.before, change.after) if one is not None
        ]

    def touched(self) -> tuple[frozenset[ResourceId], frozenset[ResourceId]]:
        """Follow every change."""
        changed = [entity for entity in self._entities if isinstance(entity, Block)]
        self._book.prefetch_related(PLACEMENTS_OF_BLOCK, [block.id for block in changed])
        for block in changed:
            self._holders.update(dict.fromkeys(block.order_ids, block.id))
            self._block(block.id)
            self._placements.update(each.id for each in self._placed(block.id))
        for entity in self._entities:
            if isinstance(entity, Order):
                if entity.id not in self._holders:  # else its block has changed too, and was followed
                    self._order(entity.id)
            elif isinstance(entity, Placement):
                self._placement(entity)
            elif isinstance(entity, Execution):
                self._placement_by_id(entity.placement_id)
            elif isinstance(entity, Allocation):
                self._allocation(entity)
            elif isinstance(entity, Booking) and entity.transaction.allocation_id is not None:
                allocation = self._book.get(Allocation, entity.transaction.allocation_id)
                if allocation is not None:
                    self._allocation(allocation)
        return frozenset(self._blocks), frozenset(self._placements)

    def _placed(self, block: ResourceId) -> list[Placement]:
        return self._book.related(PLACEMENTS_OF_BLOCK, block)

    def _block(self, id: ResourceId) -> None:
        """P4: a block, and every block it shares placements with, for they share out their room."""
        waiting = [id]
        while waiting:
            block = waiting.pop()
            if block not in self._blocks:
                self._blocks.add(block)
                waiting.extend(other for each in self._placed(block) for other in each.block_ids)

    def _order(self, id: ResourceId) -> None:
        if id not in self._holders:
            block = block_of(self._book, id)
            if block is None:
                return
            self._holders.update(dict.fromkeys(block.order_ids, block.id))
        self._block(self._holders[id])

    def _placement(self, placement: Placement) -> None:
        for member in lineage(self._book, placement):
            self._placements.add(member.id)
            for block in member.block_ids:
                self._block(block)

    def _placement_by_id(self, id: ResourceId) -> None:
        placement = None if id in self._followed else self._book.get(Placement, id)
        self._followed.add(id)
        if placement is not None:
            self._placement(placement)

    def _allocation(self, allocation: Allocation) -> None:
        self._order(allocation.allocated_order_id)
        for placement in allocation.placement_ids or ():
            self._placement_by_id(placement)
