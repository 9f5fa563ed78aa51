"""What differs between two snapshots: which rows came, went or changed, and in which fields.

A row changes when its entity does, and also when something shown with it does: a placement by its
executions, an order by its block and allocations, an allocation by its transactions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct, field

from tui.api.base import ResourceId
from tui.api.models import OrderGraphBlock
from tui.service.snapshot.snapshot import LINKS, EntityKind, EntityLink, Snapshot

NOTHING: Final[frozenset[ResourceId]] = frozenset()


class Delta(Struct, frozen=True):
    """What happened to one family: ids added and removed, and per changed id the names of its fields.

    Names are those of the entity; a block's are those of the block and of its totals (``placed``,
    ``derived_state``...). Derived ones are ``executed`` and ``average_price`` of a placement, ``block``
    and ``allocated`` of an order, ``allocated`` of a placement, ``booked`` of an order or allocation.
    """

    added: frozenset[ResourceId] = NOTHING
    removed: frozenset[ResourceId] = NOTHING
    changed: Mapping[ResourceId, frozenset[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


Deltas = Mapping[EntityKind, Delta]

_CAUSES: Final[Mapping[str, tuple[EntityKind, frozenset[str]]]] = {
    "block_of_order": (EntityKind.ORDERS, frozenset({"block"})),
    "executions_of_placement": (EntityKind.PLACEMENTS, frozenset({"executed", "average_price"})),
    "allocations_of_placement": (EntityKind.PLACEMENTS, frozenset({"allocated"})),
    "allocations_of_order": (EntityKind.ORDERS, frozenset({"allocated"})),
    "transactions_of_allocation": (EntityKind.ALLOCATIONS, frozenset({"booked"})),
    "transactions_of_order": (EntityKind.ORDERS, frozenset({"booked"})),
}
"""What a row on one side of a link shows of the rows on the other side."""


def diff(old: Snapshot, new: Snapshot) -> Deltas:
    """Give the delta of every family that differs; families that are the same are left out.

    Between neighbours (``new`` was frozen from ``old``) this costs the rows touched, otherwise one look
    at each row of the families that are not the same mapping.
    """
    if old is new:
        return {}
    neighbours = new.parent == old.serial
    added: dict[EntityKind, set[ResourceId]] = {}
    removed: dict[EntityKind, set[ResourceId]] = {}
    changed: dict[EntityKind, dict[ResourceId, frozenset[str]]] = {}
    for family in EntityKind:
        before, after = old.rows(family), new.rows(family)
        if before is after:
            continue
        ids = new.touched.get(family, NOTHING) if neighbours else before.keys() | after.keys()
        come, gone, other = _compare(before, after, ids)
        added[family], removed[family], changed[family] = come, gone, other
    for link in LINKS:
        if link.family in added:
            touched = (*added[link.family], *removed[link.family], *changed[link.family])
            _spread(link, old, new, touched, changed)
    found: dict[EntityKind, Delta] = {}
    for family in EntityKind:
        come, gone = added.get(family, set()), removed.get(family, set())
        delta = Delta(frozenset(come), frozenset(gone), changed.get(family, {}))
        if delta:
            found[family] = delta
    return found


def _compare(
    before: Mapping[ResourceId, Any], after: Mapping[ResourceId, Any], ids: Iterable[ResourceId]
) -> tuple[set[ResourceId], set[ResourceId], dict[ResourceId, frozenset[str]]]:
    added: set[ResourceId] = set()
    removed: set[ResourceId] = set()
    changed: dict[ResourceId, frozenset[str]] = {}
    for id in ids:
        was, now = before.get(id), after.get(id)
        if was is now:
            continue
        if was is None:
            added.add(id)
        elif now is None:
            removed.add(id)
        elif names := changed_fields(was, now):
            changed[id] = names
    return added, removed, changed


def changed_fields(old: Any, new: Any) -> frozenset[str]:
    """Give the names of the fields in which two versions of one row differ."""
    names = {
        name
        for name in old.__struct_fields__
        if getattr(old, name) is not getattr(new, name) and getattr(old, name) != getattr(new, name)
    }
    if isinstance(old, OrderGraphBlock) and "block" in names:
        names.remove("block")
        names |= changed_fields(old.block, new.block)
    return frozenset(names)


def _spread(
    link: EntityLink,
    old: Snapshot,
    new: Snapshot,
    touched: Iterable[ResourceId],
    changed: dict[EntityKind, dict[ResourceId, frozenset[str]]],
) -> None:
    """Mark the rows at the other end of ``link`` as changed by the rows that were touched."""
    cause = _CAUSES.get(link.name)
    if cause is None:
        return
    family, names = cause
    before, after = old.rows(family), new.rows(family)
    marks = changed.setdefault(family, {})
    for target in _targets(link, old, new, touched):
        if target in before and target in after:
            marks[target] = marks.get(target, frozenset()) | names


def _targets(
    link: EntityLink, old: Snapshot, new: Snapshot, touched: Iterable[ResourceId]
) -> set[ResourceId]:
    was, now = old.rows(link.family), new.rows(link.family)
    membership = link.family is EntityKind.BLOCKS
    found: set[ResourceId] = set()
    for id in touched:
        before, after = was.get(id), now.get(id)
        if membership and before is not None and after is not None:
            if before.block.order_ids != after.block.order_ids:
                found |= set(link.targets(before)) ^ set(link.targets(after))
            continue
        for row in (before, after):
            if row is not None:
                found.update(link.targets(row))
    return found
