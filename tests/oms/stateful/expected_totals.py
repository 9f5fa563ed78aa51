"""Invariants between the lists of a desk after every call: quantities add up, versions increase by one."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from tests.oms.stateful.unthreaded_server import (
    BlockGraph,
    DeskLists,
    PlacementGraph,
    StoredAllocation,
    StoredBlock,
    StoredExecution,
    StoredOrder,
)

ZERO: Final = Decimal(0)
TOLERANCE: Final = Decimal("1E-9")
FINAL_STATES: Final = ("Cancelled", "Booked", "Closed")

Excess = tuple[str, str]
"""An excess: of what, and on which entity."""

RECORD_CALLS: Final = {
    "placed": {
        "upsert_placements",
        "upsert_executions",
        "upsert_orders",
        "upsert_blocks",
        "delete_order",
        "cancel_and_move",
    },
    "executed": {"upsert_executions", "upsert_placements"},
    "allocated": {"upsert_allocations", "upsert_orders"},
    "shared": {"upsert_allocations", "upsert_executions", "upsert_placements", "delete_execution"},
}
"""The calls after which an excess is allowed: those that record what happened elsewhere."""


def fill_state(quantity: Decimal, units: Decimal) -> str:
    """Return the state for the units filled (L8, L9)."""
    if abs(units) <= TOLERANCE:
        return "New"
    return "PartiallyFilled" if quantity - units > TOLERANCE else "Filled"


def total(units: Iterable[Decimal]) -> Decimal:
    return sum(units, ZERO)


class ExpectedTotals:
    """The totals of a desk, computed from its entities alone."""

    def __init__(self, desk: DeskLists) -> None:
        self.desk = desk
        self.children: dict[str, list[str]] = {code: [] for code in desk.placements}
        self.on_block: dict[str, list[str]] = {code: [] for code in desk.blocks}
        self.fills: dict[str, list[StoredExecution]] = {code: [] for code in desk.placements}
        for code, placement in desk.placements.items():
            if placement.parent_placement_id is not None:
                self.children[placement.parent_placement_id.code].append(code)
            for block in placement.block_ids:
                self.on_block[block.code].append(code)
        for fill in desk.executions.values():
            if fill.state != "Cancelled":
                self.fills[fill.placement_id.code].append(fill)
        self.live = [each for each in desk.allocations.values() if each.state != "Cancelled"]
        self.allocated_to: dict[str, Decimal] = {}
        for each in self.live:
            code = each.allocated_order_id.code
            self.allocated_to[code] = self.allocated_to.get(code, ZERO) + each.quantity

    def with_descendants(self, placement: str) -> list[str]:
        """Return a placement and all its descendants."""
        found = [placement]
        for code in found:
            found += self.children[code]
        return found

    def executed(self, placement: str) -> Decimal:
        return total(fill.quantity for code in self.with_descendants(placement) for fill in self.fills[code])

    def placed(self, placement: str) -> Decimal:
        """Return the size a placement takes of its blocks (P12)."""
        row = self.desk.placements[placement]
        return self.executed(placement) if row.state == "Cancelled" else row.quantity

    def allocated_of(self, placement: str) -> Decimal:
        """Return the allocated units of a placement and its descendants."""
        return total(each.quantity for each in self.live if self._is_of(each, placement))

    def allocated_by_hand(self, placement: str) -> Decimal:
        """Return the units allocated by hand without naming executions: no run can exclude them."""
        return total(
            each.quantity for each in self.live if not each.execution_ids and self._is_of(each, placement)
        )

    def is_covered(self, allocation: StoredAllocation) -> bool:
        """Return whether the fills of an allocation have the units of all that use them (B9)."""
        used = {id.code for id in allocation.execution_ids or ()}
        sharing = [each for each in self.live if used & {id.code for id in each.execution_ids or ()}]
        named = {id.code for each in sharing for id in each.execution_ids or ()}
        live = (row for row in self.desk.executions.values() if row.state != "Cancelled")
        filled = total(row.quantity for row in live if row.id.code in named)
        return not used or total(each.quantity for each in sharing) - filled <= TOLERANCE

    def _is_of(self, allocation: StoredAllocation, placement: str) -> bool:
        names = {id.code for id in allocation.placement_ids or ()}
        return not names.isdisjoint(self.with_descendants(placement))

    def top_level(self, block: str) -> list[str]:
        """Return the placements that take size of a block (P5)."""
        return [code for code in self.on_block[block] if not self.desk.placements[code].parent_placement_id]

    def connected_blocks(self) -> list[set[str]]:
        """Return the blocks in groups that share placements (P4)."""
        groups: list[set[str]] = [{code} for code in self.desk.blocks]
        for placement in self.desk.placements.values():
            codes = {id.code for id in placement.block_ids}
            if len(codes) > 1:
                joined = [group for group in groups if not group.isdisjoint(codes)]
                groups = [group for group in groups if group.isdisjoint(codes)] + [set().union(*joined)]
        return groups

    def excesses(self, cut: set[str]) -> set[Excess]:
        """Return every excess of an entity over what it is based on.

        ``cut`` are the cancelled orders that keep their placed size (X5).
        """
        desk = self.desk
        found: set[Excess] = set()
        for group in self.connected_blocks():
            placed = total(desk.block_graph[code].placed.quantity for code in group)
            members = [id.code for code in group for id in desk.blocks[code].order_ids]
            kept = total(desk.orders[code].quantity for code in members if code in cut)
            if placed - kept - total(desk.blocks[code].quantity for code in group) > TOLERANCE:
                found.update(("placed", code) for code in group)
        for code, placement in desk.placements.items():
            executed = self.executed(code)
            if placement.state != "Cancelled" and executed - placement.quantity > TOLERANCE:
                found.add(("executed", code))
            if self.allocated_of(code) - executed - self.allocated_by_hand(code) > TOLERANCE:
                found.add(("shared", code))
        for code, order in desk.orders.items():
            if self.allocated_to.get(code, ZERO) - order.quantity > TOLERANCE:
                found.add(("allocated", code))
        return found


def check_graph(sums: ExpectedTotals, booked: dict[str, tuple[Decimal, str]]) -> None:
    """Check that the order graph has the totals of the entities (G1 to G6, G8)."""
    desk = sums.desk
    assert desk.block_graph.keys() == desk.blocks.keys()
    assert desk.placement_graph.keys() == desk.placements.keys()
    for code, graph in desk.block_graph.items():
        block = desk.blocks[code]
        orders = [desk.orders[id.code] for id in block.order_ids]
        ordered = total(order.quantity for order in orders if order.state != "Cancelled")
        assert block.quantity == ordered or not orders, f"{code} is for {block.quantity}, not {ordered}"
        assert graph.ordered.quantity == ordered, code
        assert [detail.id for detail in graph.ordered.details] == block.order_ids
        by_state: dict[str, Decimal] = {}
        for order in orders:
            by_state[order.state] = by_state.get(order.state, ZERO) + order.quantity
        assert {
            state: units for state, units in (graph.ordered.quantity_by_state or {}).items() if units
        } == {state: units for state, units in by_state.items() if units}
        names = {id.code for id in block.order_ids}
        here = set(sums.on_block[code])
        allocations = [
            each
            for each in sums.live
            if (each.allocated_order_id.code in names)
            or (not names and not here.isdisjoint(id.code for id in each.placement_ids or ()))
        ]
        assert graph.allocated.quantity == total(
            each.quantity if each.side in (None, block.side) else -each.quantity for each in allocations
        ), code
        assert {detail.id for detail in graph.allocated.details} == {each.id for each in allocations}
        done = [booked[each.id.code] for each in allocations if each.id.code in booked]
        assert graph.booked.quantity == total(
            units if side == block.side else -units for units, side in done
        ), code
        assert {detail.id.code for detail in graph.placed.details} == here
        assert graph.derived_state == _derived_state(graph, block, orders), code
    for group in sums.connected_blocks():
        top = {code for block in group for code in sums.top_level(block)}
        placed = total(desk.block_graph[code].placed.quantity for code in group)
        assert placed == total(map(sums.placed, top)), f"{sorted(group)} has {placed} placed"
        executed = total(desk.block_graph[code].executed.quantity for code in group)
        assert executed == total(map(sums.executed, top)), f"{sorted(group)} has {executed} executed"
    for code, each in desk.placement_graph.items():
        _check_placement(sums, code, each)


def _check_placement(sums: ExpectedTotals, code: str, graph: PlacementGraph) -> None:
    assert graph.placed.quantity == sums.placed(code), code
    assert graph.executed.quantity == sums.executed(code), code
    assert graph.allocated.quantity == sums.allocated_of(code), code
    assert {detail.id.code for detail in graph.placed.details} == set(sums.children[code])


def _derived_state(graph: BlockGraph, block: StoredBlock, orders: list[StoredOrder]) -> str:
    """Return the first life-cycle stage that is not complete (G8)."""
    if block.is_swept:
        return "Swept"
    if graph.allocated.quantity - graph.executed.quantity > TOLERANCE:
        return "Over-allocated"
    if orders and all(order.state == "Cancelled" for order in orders):
        return "Cancelled"
    ordered = graph.ordered.quantity if orders else block.quantity
    stages = (
        (ordered, graph.placed.quantity, "New", "Partially placed", "Over-placed"),
        (graph.placed.quantity, graph.executed.quantity, "Placed", "Partially executed", "Over-executed"),
        (
            graph.executed.quantity,
            graph.allocated.quantity,
            "Executed",
            "Partially allocated",
            "Over-allocated",
        ),
        (graph.allocated.quantity, graph.booked.quantity, "Allocated", "Partially booked", "Booked"),
    )
    for due, done, none, some, over in stages:
        if abs(done) <= TOLERANCE:
            return none
        if due - done > TOLERANCE:
            return some
        if done - due > TOLERANCE:
            return over
    return "Booked"


def check_versions(before: DeskLists, now: DeskLists, last: str) -> str:
    """Check that every change made the next version, all at one later time; return that time (L10).

    Only a fill's placement and a moved order may have a new version without a difference of their own.
    """
    moments = set()
    for name in ("orders", "blocks", "placements", "executions", "allocations"):
        for code in now.changed(before, name):
            row, old = now.tables[name].rows.get(code), before.tables[name].rows.get(code)
            if row is None:
                continue
            version = row.version
            moments.add(version.as_at_modified)
            if old is None:
                assert version.as_at_version_number == 1, f"{code} was born as {version}"
                assert version.as_at_created == version.as_at_modified
            else:
                assert version.as_at_version_number == old.version.as_at_version_number + 1, code
                assert version.as_at_created == old.version.as_at_created, code
    assert len(moments) <= 1, f"one call, several moments: {moments}"
    moment = max(moments, default=last)
    assert moment >= last, "time goes on"
    return moment
