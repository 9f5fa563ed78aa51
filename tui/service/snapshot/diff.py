"""The difference between two snapshots: the rows added, removed or changed, and their changed fields.

A row changes when its entity does, and also when something shown with it does: a block by its orders, a
placement by those of its block, its executions and those of its children, an order by its block and
allocations, an allocation by its transactions. A row that is not named looks the same in both snapshots,
unless its kind's ``others`` is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import astuple

from tui.api.base import ResourceId
from tui.api.models import OrderGraphBlock
from tui.api.price_units import PER_UNIT
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.snapshot import (
    BLOCK_OF_ORDER,
    LINKS,
    EntityKind,
    EntityLink,
    Ids,
    Snapshot,
    is_listed,
)

NOTHING: Final[frozenset[ResourceId]] = frozenset()


class Delta(Struct, frozen=True):
    """The changes in the rows of one kind: ids added and removed, and per changed id the names of its fields.

    Names are those of the entity; a block's are those of the block and of its totals (``placed``,
    ``derived_state``...). Derived ones are ``executed`` and ``average_price`` of a placement, ``block``
    and ``allocated`` of an order, ``allocated`` of a placement, ``booked`` of an order or allocation,
    ``orders`` of a block of which an order has another price, quantity or state, ``block`` of its placements,
    ``parent`` of a placement whose parent came or went, ``contradictions`` of a row that others contradict
    now or no longer, ``names`` of one whose instrument or portfolio the reference data tell otherwise,
    ``states`` of an order of which its block's totals say another state.

    ``returned`` are those of the changed ones that were taken out and put back meanwhile: they stand last
    now, though they may look as they did.

    ``others`` says that rows may look different which are not named, because a row tells another currency or
    asset class of an instrument, or because a code now stands in several scopes: there is no index of
    the rows that show it. It is so too when a kind of rows can be read now or no longer, and when a swept
    block is in the list again.
    """

    added: frozenset[ResourceId] = NOTHING
    removed: frozenset[ResourceId] = NOTHING
    changed: Mapping[ResourceId, frozenset[str]] = field(default_factory=dict)
    others: bool = False
    returned: frozenset[ResourceId] = NOTHING

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.others)

    def then(self, later: Delta) -> Delta:
        """Return this delta and a later one as one."""
        back = self.removed & later.added
        gone = self.added & later.removed
        changed = dict(self.changed)
        for id, names in (*later.changed.items(), *((id, NO_NAMES) for id in back)):
            changed[id] = changed.get(id, NO_NAMES) | names
        added = (self.added | later.added) - back - gone
        removed = (self.removed | later.removed) - back - gone
        changed = {id: names for id, names in changed.items() if id not in added and id not in removed}
        returned = (back | self.returned | later.returned) & changed.keys()
        return Delta(added, removed, changed, self.others or later.others, frozenset(returned))


NO_NAMES: Final[frozenset[str]] = frozenset()
NAMES: Final = frozenset({"names"})
"""The fields of a row of which nothing happened but that its names are known now."""
UNCHANGED: Final = Delta()
Deltas = Mapping[EntityKind, Delta]

_CAUSES: Final[Mapping[str, tuple[EntityKind, frozenset[str]]]] = {
    "executions_of_placement": (EntityKind.PLACEMENTS, frozenset({"executed", "average_price"})),
    "allocations_of_placement": (EntityKind.PLACEMENTS, frozenset({"allocated"})),
    "allocations_of_order": (EntityKind.ORDERS, frozenset({"allocated"})),
    "transactions_of_allocation": (EntityKind.ALLOCATIONS, frozenset({"booked"})),
    "transactions_of_order": (EntityKind.ORDERS, frozenset({"booked"})),
}
"""The fields in which a row shows the rows at the other side of a link."""
_SHOWN_BY_BLOCKS: Final = frozenset({"price", "quantity", "state"})
"""The fields of an order that its blocks show: their price at arrival, and what a cancelled one asked."""
_SHOWN_BY_PLACEMENTS: Final = frozenset({"orders", "order_ids", "side", "derived_direction"})
"""The fields of a block that its placements show: their slippage against its price at arrival."""


class _Found(Struct):
    """The rows found to differ so far, by kind; ``compared`` are those that were looked at."""

    compared: dict[EntityKind, Iterable[ResourceId]] = field(default_factory=dict)
    added: dict[EntityKind, set[ResourceId]] = field(default_factory=dict)
    removed: dict[EntityKind, set[ResourceId]] = field(default_factory=dict)
    changed: dict[EntityKind, dict[ResourceId, frozenset[str]]] = field(default_factory=dict)

    def came_or_went(self, kind: EntityKind) -> tuple[ResourceId, ...]:
        return (*self.added.get(kind, ()), *self.removed.get(kind, ()))


def diff(old: Snapshot, new: Snapshot) -> Deltas:
    """Return the delta of every kind that differs; kinds that are the same are left out.

    Between neighbours (``new`` was frozen from ``old``) this costs the rows touched, otherwise one
    comparison for each row of the kinds that are not the same mapping.
    """
    if old is new:
        return {}
    returned = new.returned if _are_neighbours(old, new) else {}
    found = _compare_entities(old, new, returned)
    _mark_what_shows_others(old, new, found)
    others = _kinds_with_others(old, new, found.changed.get(EntityKind.BLOCKS, {}))
    deltas: dict[EntityKind, Delta] = {}
    for kind in EntityKind:
        delta = Delta(
            frozenset(found.added.get(kind, NOTHING)),
            frozenset(found.removed.get(kind, NOTHING)),
            found.changed.get(kind, {}),
            kind in others,
            returned.get(kind, NOTHING),
        )
        if delta:
            deltas[kind] = delta
    return deltas


def _are_neighbours(old: Snapshot, new: Snapshot) -> bool:
    return new.parent == old.serial


def _compare_entities(
    old: Snapshot, new: Snapshot, returned: Mapping[EntityKind, frozenset[ResourceId]]
) -> _Found:
    """Return the rows whose own entity differs, and those that were taken out and put back."""
    found = _Found()
    for kind in EntityKind:
        before, after = old.rows(kind), new.rows(kind)
        if before is after:
            continue
        ids = new.touched.get(kind, NOTHING) if _are_neighbours(old, new) else before.keys() | after.keys()
        found.compared[kind] = ids
        found.added[kind], found.removed[kind], changed = _compare(before, after, ids)
        for id in returned.get(kind, NOTHING):
            changed.setdefault(id, NO_NAMES)
        found.changed[kind] = changed
    return found


def _mark_what_shows_others(old: Snapshot, new: Snapshot, found: _Found) -> None:
    """Mark the rows that show something of the rows that differ."""
    changed = found.changed
    blocks = found.compared.get(EntityKind.BLOCKS, ())
    _name_blocks(old, new, found)
    _name_moved_orders(old, new, blocks, changed.setdefault(EntityKind.ORDERS, {}))
    _name_states(old, new, changed.get(EntityKind.BLOCKS, {}), changed[EntityKind.ORDERS])
    for link in LINKS:
        if link.kind in found.compared:
            touched = (*found.came_or_went(link.kind), *changed[link.kind])
            _spread(link, old, new, touched, changed)
    if EntityKind.PLACEMENTS in changed:
        moved = found.came_or_went(EntityKind.PLACEMENTS)
        _climb(old, new, moved, changed[EntityKind.PLACEMENTS])
        _name_children(old, new, moved, changed[EntityKind.PLACEMENTS])
    if _are_neighbours(old, new):
        for kind, ids in (new.renamed or {}).items():
            marks = changed.setdefault(kind, {})
            for id in ids & old.rows(kind).keys() & new.rows(kind).keys():
                marks[id] = marks.get(id, NO_NAMES) | NAMES
    for ref in old.contradictory ^ new.contradictory:
        if ref in old and ref in new:
            marks = changed.setdefault(ref.kind, {})
            marks[ref.id] = marks.get(ref.id, NO_NAMES) | {"contradictions"}


def _kinds_with_others(
    old: Snapshot, new: Snapshot, blocks: Mapping[ResourceId, frozenset[str]]
) -> frozenset[EntityKind]:
    """Return the kinds of which rows may look different that are not named; ``blocks`` are those changed."""
    if (old.ambiguous, old.unread, old.own_totals) != (new.ambiguous, new.unread, new.own_totals):
        return frozenset(EntityKind)
    if old.records is not new.records and not (_are_neighbours(old, new) and new.renamed is not None):
        return frozenset(EntityKind)
    others = _of_other_instruments(old.instruments, new.instruments)
    if (old.maybe_blocked, old.loose_since) != (new.maybe_blocked, new.loose_since):
        others |= {EntityKind.ORDERS}
    if old.bookings_due != new.bookings_due:
        others |= {EntityKind.BLOCKS, EntityKind.ALLOCATIONS, EntityKind.TRANSACTIONS}
    others |= _of_other_portfolios(old.portfolios, new.portfolios)
    if any("is_swept" in names and is_listed(new.blocks[id]) for id, names in blocks.items()):
        others |= {EntityKind.BLOCKS}
    return others


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
    """Return the names of the fields in which two versions of one row differ."""
    pairs = zip(old.__struct_fields__, astuple(old), astuple(new), strict=True)
    names = {name for name, was, now in pairs if was is not now and was != now}
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
    kind, names = cause
    before, after = old.rows(kind), new.rows(kind)
    marks = changed.setdefault(kind, {})
    for target in _targets(link, old, new, touched):
        if target in before and target in after:
            marks[target] = marks.get(target, frozenset()) | names


def _targets(
    link: EntityLink, old: Snapshot, new: Snapshot, touched: Iterable[ResourceId]
) -> set[ResourceId]:
    was, now = old.rows(link.kind), new.rows(link.kind)
    found: set[ResourceId] = set()
    for id in touched:
        for row in (was.get(id), now.get(id)):
            if row is not None:
                found.update(link.targets(row))
    return found


def _name_blocks(old: Snapshot, new: Snapshot, found: _Found) -> None:
    """Mark the blocks of which an order differs in what they show of it, and the placements that show it."""
    marks = found.changed.setdefault(EntityKind.BLOCKS, {})
    changed = found.changed.get(EntityKind.ORDERS, {})
    orders = (id for id, names in changed.items() if names & _SHOWN_BY_BLOCKS)
    for order in (*found.came_or_went(EntityKind.ORDERS), *orders):
        for id in {*old.blocks_of_order(order), *new.blocks_of_order(order)}:
            if id in old.blocks and id in new.blocks:
                marks[id] = marks.get(id, NO_NAMES) | {"orders"}
    blocks = (id for id, names in marks.items() if names & _SHOWN_BY_PLACEMENTS)
    placements = found.changed.setdefault(EntityKind.PLACEMENTS, {})
    for block in (*found.came_or_went(EntityKind.BLOCKS), *blocks):
        for id in {*old.placements_of_block(block), *new.placements_of_block(block)}:
            if id in old.placements and id in new.placements:
                placements[id] = placements.get(id, NO_NAMES) | {"block"}


def _name_moved_orders(
    old: Snapshot, new: Snapshot, blocks: Iterable[ResourceId], marks: dict[ResourceId, frozenset[str]]
) -> None:
    """Mark the orders that another block holds now, among those that ``blocks`` name or named."""
    if old.links.get(BLOCK_OF_ORDER.name) is new.links.get(BLOCK_OF_ORDER.name):
        return
    for order in _targets(BLOCK_OF_ORDER, old, new, blocks):
        stayed = order in old.orders and order in new.orders
        if stayed and old.block_of_order(order) != new.block_of_order(order):
            marks[order] = marks.get(order, NO_NAMES) | {"block"}


def _name_states(
    old: Snapshot,
    new: Snapshot,
    blocks: Mapping[ResourceId, frozenset[str]],
    marks: dict[ResourceId, frozenset[str]],
) -> None:
    """Mark the orders of which their block's totals say another state of compliance or approval."""
    for id, names in blocks.items():
        if "ordered" not in names:
            continue
        was = {each.id: each for each in old.blocks[id].ordered.details}
        for now in new.blocks[id].ordered.details:
            differs = now.id in was and was[now.id] != now
            if differs and now.id in old.orders and now.id in new.orders:
                marks[now.id] = marks.get(now.id, NO_NAMES) | {"states"}


def _climb(
    old: Snapshot,
    new: Snapshot,
    moved: Iterable[ResourceId],
    marks: dict[ResourceId, frozenset[str]],
) -> None:
    """Mark the parents of placements, up to the top one: they show the executions of their children."""
    names = _CAUSES["executions_of_placement"][1]
    causes = names | {"parent_placement_id"}
    waiting = [*moved, *(id for id, changed in marks.items() if changed & causes)]
    seen = set(waiting)
    while waiting:
        id = waiting.pop()
        for row in (old.placements.get(id), new.placements.get(id)):
            parent = row.parent_placement_id if row is not None else None
            if parent is None:
                continue
            if parent in old.placements and parent in new.placements:
                marks[parent] = marks.get(parent, NO_NAMES) | names
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)


def _name_children(
    old: Snapshot, new: Snapshot, moved: Iterable[ResourceId], marks: dict[ResourceId, frozenset[str]]
) -> None:
    """Mark the children of placements that came or went: totals count a child only without its parent."""
    for parent in moved:
        for child in {*old.children_of_placement(parent), *new.children_of_placement(parent)}:
            if child in old.placements and child in new.placements:
                marks[child] = marks.get(child, NO_NAMES) | {"parent"}


_TEACH_NO_INSTRUMENT: Final = frozenset({EntityKind.PLACEMENTS, EntityKind.ALLOCATIONS})
"""The kinds of which rows may be of an instrument that is not known yet: the others make it known."""
_SHOW_MONEY: Final = frozenset(EntityKind) - {EntityKind.TRANSACTIONS}
"""The kinds that show units times a price; a transaction tells its money itself."""


def _of_other_instruments(
    old: Mapping[str, Instrument], new: Mapping[str, Instrument]
) -> frozenset[EntityKind]:
    """Return the kinds that show a currency or an asset class by which an instrument now differs."""
    found: set[EntityKind] = set()
    if old is new:
        return frozenset()
    for luid in old.keys() | new.keys():
        was, now = old.get(luid), new.get(luid)
        if was is now or (was and was.record) is not (now and now.record):
            continue
        if was is not None and (now is None or was.currency != now.currency):
            found.add(EntityKind.BLOCKS)
        if (was.price_unit if was else PER_UNIT) != (now.price_unit if now else PER_UNIT):
            found |= _SHOW_MONEY if was else _TEACH_NO_INSTRUMENT
    return frozenset(found)


def _of_other_portfolios(old: Mapping[str, Ids], new: Mapping[str, Ids]) -> frozenset[EntityKind]:
    """Return the kinds that show portfolios, if the code of a known one now stands in other scopes."""
    if old is not new and any(ids != new.get(code, ids) for code, ids in old.items()):
        return frozenset({EntityKind.ORDERS, EntityKind.ALLOCATIONS})
    return frozenset()
