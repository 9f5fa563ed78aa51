"""The history of an order: its own changes and the events of related entities (2.10, H1 to H3).

It is computed from the journal: the order's own versions, the blocks it has been in, their placements and
executions, and the order's allocations and bookings. An event of a block counts while the order is in it.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from tui.api import codec
from tui.api.base import CurrencyAndAmount, PerpetualProperty, ResourceId
from tui.api.entity_relations import (
    ALLOCATIONS_OF_ORDER,
    BLOCK_OF_ORDER,
    EXECUTIONS_OF_PLACEMENT,
    PLACEMENTS_OF_BLOCK,
    Relation,
)
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.api.states import is_cancelled
from tui.oms.domain.refusals import not_found
from tui.oms.domain.times import from_micros
from tui.oms.domain.unit_of_work import BOOKINGS_OF_ALLOCATION, Booking
from tui.oms.store.reads import StoreReader, VersionRecord

_NOT_SHOWN: Final = frozenset({"id", "version", "links", "properties", "basis", "direction", "state"})
"""Fields whose changes are not listed: they are derived, or have events of their own."""

_ACTION_ORDER: Final = (
    "OrderBooked",
    "OrderAllocated",
    "OrderExecuted",
    "PlacementCancelled",
    "PlacementModified",
    "OrderPlaced",
    "OrderCancelled",
    "FieldModified",
    "PropertyAdded",
    "PropertyModified",
    "PropertyDeleted",
    "OrderMoved",
    "OrderBlocked",
    "OrderCreated",
)
"""The order of the events of one call, the newest first (H1)."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: the action, the field it changed, and the entities that took part (H2).

    ``number`` is the order's version number after the event.
    """

    as_at: int
    user: str
    request_id: str
    number: int
    action: str
    description: str
    attribute: str | None = None
    before: Any = None
    after: Any = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlockMembership:
    """A time an order was in a block: from ``since`` until before ``until``, in microseconds."""

    block: ResourceId
    since: VersionRecord[Block]
    until: int


def history_of_order(store: StoreReader, id: ResourceId, as_at: int) -> list[Event]:
    """Return the order's history up to ``as_at`` (microseconds), newest first (H1).

    Raises:
        Refusal: there is no such order at that time (H3).
    """
    for n in store.numbers(Order, id):
        versions = store.versions(Order, n, as_at)
        if versions and versions[-1].entity is not None:
            return HistoryBuilder(store, id, versions, as_at).events()
    raise not_found(Order, id, "H3", 404)


class HistoryBuilder:
    """Builds one order's history."""

    def __init__(
        self, store: StoreReader, id: ResourceId, versions: list[VersionRecord[Order]], as_at: int
    ) -> None:
        self._store = store
        self._id = id
        self._versions = versions
        self._times = [version.as_at for version in versions]
        self._as_at = as_at
        self._memberships = sorted(self._find_memberships(), key=lambda membership: membership.since.as_at)

    def events(self) -> list[Event]:
        """Return all events, newest first."""
        related = [*self._placements(), *self._allocations()]
        allocated_at = {event.as_at for event in related if event.action in ("OrderAllocated", "OrderBooked")}
        created_at = self._versions[0].as_at
        events = [
            event
            for event in (*self._own_changes(allocated_at), *self._moves(), *related)
            if event.as_at >= created_at
        ]
        events.sort(key=lambda event: (-event.as_at, _ACTION_ORDER.index(event.action)))
        return events

    def _event(self, stamp: VersionRecord[Any], action: str, description: str, **more: Any) -> Event:
        held = max(bisect_right(self._times, stamp.as_at) - 1, 0)
        number = self._versions[held].number
        return Event(stamp.as_at, stamp.user, stamp.request_id, number, action, description, **more)

    def _versions_of(self, relation: Relation[Any], target: ResourceId) -> Iterator[list[VersionRecord[Any]]]:
        """Yield the versions of each entity that ever referred to ``target``, the newest entity first."""
        for n in reversed(self._store.ever_related(relation, target)):
            versions = self._store.versions(relation.kind, n, self._as_at)
            if versions:
                yield versions

    # -- the order itself ------------------------------------------------------------------------------

    def _own_changes(self, allocated_at: set[int]) -> Iterator[Event]:
        """Yield the order's own changes, without state changes caused by an allocation that is listed."""
        first = self._versions[0]
        membership = (
            self._memberships[0]
            if self._memberships and self._memberships[0].since.as_at == first.as_at
            else None
        )
        where = f" in block {membership.block.code}" if membership else ""
        detail = _named("block", membership.block) if membership else {}
        yield self._event(first, "OrderCreated", f"Order created{where}", detail=detail)
        for old, new in pairwise(self._versions):
            if old.entity is None or new.entity is None:
                continue
            before, after = old.entity.state, new.entity.state
            change = {"attribute": "state", "before": before, "after": after}
            if is_cancelled(after) and not is_cancelled(before):
                yield self._event(new, "OrderCancelled", "Order cancelled", **change)
            elif before != after and new.as_at not in allocated_at:
                yield self._event(new, "FieldModified", "State changed", **change)
            for name, was, now in _differences(old.entity, new.entity):
                change = {"attribute": name, "before": was, "after": now}
                yield self._event(new, "FieldModified", f"{_words(name)} changed", **change)
            yield from self._properties(old.entity, new)

    def _properties(self, old: Order, new: VersionRecord[Order]) -> Iterator[Event]:
        assert new.entity is not None
        before, after = old.properties or {}, new.entity.properties or {}
        for key in sorted(before.keys() | after.keys()):
            was, now = before.get(key), after.get(key)
            if was == now:
                continue
            action = (
                "PropertyAdded" if was is None else "PropertyDeleted" if now is None else "PropertyModified"
            )
            done = {"PropertyAdded": "set", "PropertyDeleted": "removed"}.get(action, "changed")
            change = {"attribute": key, "before": was, "after": now}
            yield self._event(new, action, f"Property {key} {done}", **change)

    # -- its blocks --------------------------------------------------------------------------------------

    def _find_memberships(self) -> Iterator[BlockMembership]:
        for versions in self._versions_of(BLOCK_OF_ORDER, self._id):
            since: VersionRecord[Block] | None = None
            for stamp in versions:
                inside = stamp.entity is not None and self._id in stamp.entity.order_ids
                if inside and since is None:
                    since = stamp
                elif not inside and since is not None:
                    yield _membership(since, stamp.as_at)
                    since = None
            if since is not None:
                yield _membership(since, self._as_at + 1)

    def _moves(self) -> Iterator[Event]:
        left: BlockMembership | None = None
        for membership in self._memberships:
            if membership.since.as_at == self._versions[0].as_at:
                left = membership
                continue
            to = membership.block
            if left is not None and left.until == membership.since.as_at:
                detail = {**_named("block", to), **_named("sourceBlock", left.block)}
                text = f"Order moved from block {left.block.code} to block {to.code}"
                yield self._event(membership.since, "OrderMoved", text, detail=detail)
            else:
                text = f"Order put into block {to.code}"
                yield self._event(membership.since, "OrderBlocked", text, detail=_named("block", to))
            left = membership

    # -- placements, executions, allocations and bookings ------------------------------------------------

    def _placements(self) -> Iterator[Event]:
        for membership in self._memberships:
            for versions in self._versions_of(PLACEMENTS_OF_BLOCK, membership.block):
                executions = list(self._versions_of(EXECUTIONS_OF_PLACEMENT, _id_of(versions)))
                fill_times = {stamp.as_at for fills in executions for stamp in fills}
                events = [*self._placed(membership, versions, fill_times)]
                for fills in executions:
                    events += self._executed(fills)
                yield from (
                    event for event in events if membership.since.as_at <= event.as_at < membership.until
                )

    def _placed(
        self, membership: BlockMembership, versions: list[VersionRecord[Placement]], fill_times: set[int]
    ) -> Iterator[Event]:
        id = _id_of(versions)
        detail = {**_named("block", membership.block), **_named("placement", id)}
        parent = versions[0].entity.parent_placement_id if versions[0].entity else None
        text = f"Block {membership.block.code} was placed as {id.code}"
        if parent is not None:
            text = f"Placement {parent.code} was placed on as {id.code}"
        yield self._event(versions[0], "OrderPlaced", text, detail=detail)
        for old, new in pairwise(versions):
            if old.entity is None:
                continue
            if new.entity is None:
                yield self._event(new, "PlacementModified", f"Placement {id.code} was deleted", detail=detail)
                continue
            before, after = old.entity.state, new.entity.state
            change = {"attribute": "state", "before": before, "after": after, "detail": detail}
            if is_cancelled(after) and not is_cancelled(before):
                yield self._event(new, "PlacementCancelled", f"Placement {id.code} was cancelled", **change)
            elif before != after and new.as_at not in fill_times:
                yield self._event(new, "PlacementModified", f"Placement {id.code}: state changed", **change)
            for name, was, now in _differences(old.entity, new.entity):
                text = f"Placement {id.code}: {_words(name).lower()} changed"
                change = {"attribute": name, "before": was, "after": now, "detail": detail}
                yield self._event(new, "PlacementModified", text, **change)

    def _executed(self, versions: list[VersionRecord[Execution]]) -> Iterator[Event]:
        first = versions[0].entity
        if first is None:
            return
        detail = {**_named("execution", first.id), "placementCode": first.placement_id.code}
        text = f"Execution {first.id.code} was received on placement {first.placement_id.code}"
        yield self._event(versions[0], "OrderExecuted", text, detail=detail)
        for old, new in pairwise(versions):
            if new.entity is None:
                text = f"Execution {first.id.code} was deleted"
                yield self._event(new, "OrderExecuted", text, detail=detail)
            elif old.entity is not None:
                for name, was, now in _differences(old.entity, new.entity, {"averagePrice"}):
                    text = f"Execution {first.id.code} was corrected: {_words(name).lower()} changed"
                    change = {"attribute": name, "before": was, "after": now, "detail": detail}
                    yield self._event(new, "OrderExecuted", text, **change)

    def _allocations(self) -> Iterator[Event]:
        for versions in self._versions_of(ALLOCATIONS_OF_ORDER, self._id):
            yield from self._allocated(versions)
            for booked in self._versions_of(BOOKINGS_OF_ALLOCATION, _id_of(versions)):
                yield from self._booked(_id_of(versions), booked)

    def _allocated(self, versions: list[VersionRecord[Allocation]]) -> Iterator[Event]:
        id = _id_of(versions)
        units: Decimal | None = None
        for stamp in versions:
            now = stamp.entity
            if now is None:
                text, units = f"Allocation {id.code} was taken back", None
                yield self._event(stamp, "OrderAllocated", text, detail=_named("allocation", id))
                continue
            if units == now.quantity:
                continue
            placement = now.placement_ids[0] if now.placement_ids else None
            source = f" from placement {placement.code}" if placement else ""
            verb = "were allocated to the order" if units is None else "are now allocated to the order"
            yield self._event(
                stamp,
                "OrderAllocated",
                f"{now.quantity.normalize():f} units {verb}{source}",
                detail={**_named("allocation", id), **(_named("placement", placement) if placement else {})},
            )
            units = now.quantity

    def _booked(self, allocation: ResourceId, versions: list[VersionRecord[Booking]]) -> Iterator[Event]:
        for stamp in versions:
            if stamp.entity is None:
                continue
            transaction = stamp.entity.transaction.transaction_id
            again = "again " if stamp is not versions[0] else ""
            yield self._event(
                stamp,
                "OrderBooked",
                f"Allocation {allocation.code} was {again}booked as transaction {transaction}",
                detail={**_named("allocation", allocation), "transactionId": transaction},
            )


def _membership(since: VersionRecord[Block], until: int) -> BlockMembership:
    assert since.entity is not None
    return BlockMembership(since.entity.id, since, until)


def _id_of(versions: list[VersionRecord[Any]]) -> ResourceId:
    first = versions[0].entity
    assert first is not None  # the first version of an entity is never its deletion
    id: ResourceId = first.id
    return id


def _named(what: str, id: ResourceId) -> dict[str, str]:
    return {f"{what}Scope": id.scope, f"{what}Code": id.code}


def _differences(old: Any, new: Any, without: set[str] | None = None) -> Iterator[tuple[str, Any, Any]]:
    """Yield the fields that differ, by their JSON name, with both values."""
    for name, encoded in zip(old.__struct_fields__, old.__struct_encode_fields__, strict=True):
        if encoded in _NOT_SHOWN or encoded in (without or ()):
            continue
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield encoded, was, now


def _words(name: str) -> str:
    """Return a JSON name as words: ``limitPrice`` as ``Limit price``."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced[:1].upper() + spaced[1:]


# -- the two shapes of an item -------------------------------------------------------------------------


def _head(event: Event) -> dict[str, Any]:
    return {
        "asAtModified": from_micros(event.as_at),
        "userIdModified": event.user,
        "requestIdModified": event.request_id,
        "asAtVersionNumber": event.number,
        "action": event.action,
        "actionDescription": event.description,
        **({"attributeName": event.attribute} if event.attribute else {}),
    }


def latest_item(event: Event) -> dict[str, Any]:
    """Return an event as ChangeIntervalWithOrderManagementDetail: values are property values."""
    item = {"detail": dict(event.detail), **_head(event)}
    for name, value in (("previousValue", event.before), ("newValue", event.after)):
        if value is not None:
            item[name] = _property_value(value)
    return item


def item_2_1(event: Event) -> dict[str, Any]:
    """Return an event as EntityChangeItem: values are plain JSON, and absent ones are null."""
    return {
        **_head(event),
        "previousValue": _plain_value(event.before),
        "newValue": _plain_value(event.after),
        "effectiveFrom": None,
        "effectiveUntil": None,
        "detail": dict(event.detail),
    }


def _property_value(value: Any) -> Any:
    if isinstance(value, PerpetualProperty):
        return value.value or {}
    if isinstance(value, Decimal):
        return {"metricValue": {"value": value}}
    if isinstance(value, CurrencyAndAmount) and value.amount is not None:
        return {"metricValue": {"value": value.amount, "unit": value.currency}}
    return {"labelValue": _text(value)}


def _plain_value(value: Any) -> Any:
    if isinstance(value, PerpetualProperty):
        inner = value.value
        if inner is None:
            return None
        return inner.label_value if inner.label_value is not None else inner
    return value


def _text(value: Any) -> str:
    if isinstance(value, (str, ResourceId)):
        return str(value)
    plain = json.loads(codec.encode(value), parse_float=str)
    return plain if isinstance(plain, str) else json.dumps(plain)
