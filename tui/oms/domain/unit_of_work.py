"""The unit of work of one call: the stored entities, overlaid with the call's own changes.

Rules read and change entities through a :class:`UnitOfWork` and never see the store. When the call
succeeds, :meth:`UnitOfWork.commit` gives every real change its next version and the store writes them in one
transaction; when it fails, the unit of work is discarded and nothing was written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Protocol, TypeVar

import msgspec
from msgspec import Struct

from tui.api.base import Instant, ResourceId, Version, WireStruct
from tui.api.entity_relations import (
    ALLOCATIONS_OF_ORDER,
    ALLOCATIONS_OF_PLACEMENT,
    BLOCK_OF_ORDER,
    CHILDREN_OF_PLACEMENT,
    EXECUTIONS_OF_PLACEMENT,
    PLACEMENTS_OF_BLOCK,
    TRANSACTIONS_OF_ALLOCATION,
    Relation,
)
from tui.api.models import Allocation, Block, Execution, NonPassingRule, Order, Placement, Transaction
from tui.oms.domain.instrument_master import Instruments


class Booking(WireStruct, frozen=True, kw_only=True):
    """A booked transaction and its portfolio; the transaction's id is unique within that portfolio."""

    id: ResourceId
    portfolio_id: ResourceId
    transaction: Transaction
    version: Version | None = None


class PendingPrices(WireStruct, frozen=True, kw_only=True):
    """Prices of the placement of this id that wait for a currency: stored, not returned (P10)."""

    id: ResourceId
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    version: Version | None = None


class CutOrder(WireStruct, frozen=True, kw_only=True):
    """A mark: the order of this id was cancelled down to its placed quantity in its block (X5)."""

    id: ResourceId
    block_id: ResourceId
    version: Version | None = None


class CheckedOrder(WireStruct, frozen=True, kw_only=True):
    """What a compliance run found of one order that did not pass all rules (K2).

    Its results hold until the next run that finds any, and are shown while the order's state is not Passed.
    """

    id: ResourceId
    order_id: ResourceId
    run_id: ResourceId
    state: str
    results: tuple[NonPassingRule, ...]
    version: Version | None = None


class RuleGroup(WireStruct, frozen=True, kw_only=True):
    """The part of a rule's result that is about one portfolio; ``value`` is a share of its value.

    ``order_ids`` are the portfolio's orders that did not pass.
    """

    portfolio_id: ResourceId
    status: str
    value: Decimal | None = None
    missing: str | None = None
    order_ids: tuple[ResourceId, ...] = ()


class RuleReport(WireStruct, frozen=True, kw_only=True):
    """What one rule said in a run: the worst of its groups."""

    rule_id: ResourceId
    status: str
    groups: tuple[RuleGroup, ...]


class RunRecord(WireStruct, frozen=True, kw_only=True):
    """A compliance run as it is kept."""

    id: ResourceId
    instigated_at: Instant
    instigated_by: str
    schedule: str
    rules: tuple[RuleReport, ...]
    version: Version | None = None


Stored = (
    Block
    | Order
    | Placement
    | Execution
    | Allocation
    | Booking
    | PendingPrices
    | CutOrder
    | CheckedOrder
    | RunRecord
)
S = TypeVar("S", bound=Stored)


BOOKINGS_OF_ALLOCATION: Final = Relation(
    "bookings_of_allocation",
    Booking,
    lambda booking: TRANSACTIONS_OF_ALLOCATION.targets(booking.transaction),
)
CUT_ORDERS_OF_BLOCK: Final = Relation("cut_orders_of_block", CutOrder, lambda cut: (cut.block_id,))
CHECKS_OF_ORDER: Final = Relation("checks_of_order", CheckedOrder, lambda checked: (checked.order_id,))
RELATIONS: Final[tuple[Relation[Any], ...]] = (
    BLOCK_OF_ORDER,
    PLACEMENTS_OF_BLOCK,
    CHILDREN_OF_PLACEMENT,
    EXECUTIONS_OF_PLACEMENT,
    ALLOCATIONS_OF_ORDER,
    ALLOCATIONS_OF_PLACEMENT,
    BOOKINGS_OF_ALLOCATION,
    CUT_ORDERS_OF_BLOCK,
    CHECKS_OF_ORDER,
)
"""The relations the store indexes. Their positions are stored: new ones go to the end."""


_RELATIONS_OF: Final = {
    kind: tuple(relation for relation in RELATIONS if relation.kind is kind)
    for kind in {relation.kind for relation in RELATIONS}
}


class Source(Protocol):
    """The source a unit of work reads from: the store inside its transaction, or dictionaries in a test."""

    def get(self, kind: type[S], id: ResourceId) -> S | None:
        """Return the current version, or None when the entity does not exist or is deleted."""
        ...

    def get_all(self, kind: type[S], ids: Collection[ResourceId]) -> Iterable[S]:
        """Return the current versions of those of ``ids`` that exist."""
        ...

    def related(self, relation: Relation[S], target: ResourceId) -> Iterable[S]:
        """Return the current entities that refer to ``target``, oldest first."""
        ...

    def related_all(self, relation: Relation[S], targets: Collection[ResourceId]) -> Iterable[S]:
        """Return the current entities that refer to any of ``targets``, oldest first for each target."""
        ...


class Context(Struct, frozen=True):
    """The caller, the time (UTC; also the asAt of every change) and the request id."""

    now: datetime
    user: str
    request_id: str


class EntityChange(Struct, frozen=True):
    """The change of one entity: ``before`` is None for a new one, ``after`` is None for a deleted one."""

    before: Stored | None
    after: Stored | None


BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_Key = tuple[type[Any], ResourceId]
_Related = dict[ResourceId, dict[ResourceId, None]]
"""The ids of what refers to each target, oldest first, each once."""
_UNKNOWN: Final[Any] = object()

ReplyBuilder = Callable[[], object]
"""Builds a call's reply after the commit, so that it carries the new versions."""


def _uuid_prefix(context: Context) -> str:
    """Return the first 24 characters of the unique ids of entities created in a call.

    They are derived from the call, not random, so that equal requests make equal desks.
    """
    name = sha256(f"{context.request_id} {context.now.isoformat()}".encode()).hexdigest()
    return f"{name[:8]}-{name[8:12]}-8{name[12:15]}-a{name[15:18]}-"


class UnitOfWork:
    """The overlay of one call. Reads return the newest state, this call's own changes included."""

    def __init__(self, source: Source, context: Context, instruments: Instruments) -> None:
        self.context = context
        self.instruments = instruments
        self._source = source
        self._uuid_prefix = _uuid_prefix(context)
        self._created = 0
        self._stored: dict[_Key, Any] = {}
        self._changed: dict[_Key, Any] = {}
        self._touched: set[_Key] = set()
        self._undo: list[tuple[_Key, Any]] | None = None
        self._stored_related: dict[str, _Related] = {each.name: {} for each in RELATIONS}
        self._new_related: dict[str, _Related] = {each.name: {} for each in RELATIONS}

    def get(self, kind: type[S], id: ResourceId) -> S | None:
        """Return an entity in its newest state, or None."""
        key = (kind, id)
        found: S | None = self._changed.get(key, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._stored.get(key, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._stored[key] = self._source.get(kind, id)
        return found

    def prefetch(self, kind: type[Stored], ids: Iterable[ResourceId]) -> None:
        """Read many entities in one query before they are read one by one."""
        missing = {id: None for id in ids if (kind, id) not in self._stored}
        self._stored.update(((kind, id), None) for id in missing)
        self._stored.update(((kind, one.id), one) for one in self._source.get_all(kind, missing))

    def prefetch_related(self, relation: Relation[Any], targets: Iterable[ResourceId]) -> None:
        """Read what refers to many entities in one query before it is read for one after the other."""
        known = self._stored_related[relation.name]
        wanted: _Related = {target: {} for target in targets if target not in known}
        for stored in self._source.related_all(relation, wanted):
            self._stored.setdefault((relation.kind, stored.id), stored)
            for target in relation.targets(stored):
                if target in wanted:
                    wanted[target][stored.id] = None
        known.update(wanted)

    def related(self, relation: Relation[S], target: ResourceId) -> list[S]:
        """Return the entities that refer to ``target``, oldest first, this call's new ones last."""
        known = self._stored_related[relation.name]
        stored = known.get(target)
        if stored is None:
            stored = known[target] = self._read_related(relation, target)
        new = self._new_related[relation.name].get(target)
        if not stored and not new:
            return []
        ids = stored | new if new else stored
        kind, targets = relation.kind, relation.targets
        changed, read = self._changed, self._stored
        found: list[S] = []
        for id in ids:  # as get() does, without a call for each
            key = (kind, id)
            entity = changed.get(key, _UNKNOWN)
            if entity is _UNKNOWN:
                entity = read.get(key, _UNKNOWN)
            if entity is _UNKNOWN:
                entity = self.get(kind, id)
            if entity is not None and target in targets(entity):
                found.append(entity)
        return found

    def related_all(self, relation: Relation[S], targets: Iterable[ResourceId]) -> list[S]:
        """Return what refers to each of ``targets`` in turn, as :meth:`related` does for one."""
        known, new = self._stored_related[relation.name], self._new_related[relation.name]
        # Nothing refers to most targets; they are skipped without a call.
        some = (each for each in targets if each in new or known.get(each) != {})
        return [entity for target in some for entity in self.related(relation, target)]

    def _read_related(self, relation: Relation[S], target: ResourceId) -> dict[ResourceId, None]:
        ids: dict[ResourceId, None] = {}
        for stored in self._source.related(relation, target):
            self._stored.setdefault((relation.kind, stored.id), stored)
            ids[stored.id] = None
        return ids

    def put(self, entity: Stored) -> None:
        """Make ``entity`` the newest state; it gets its version at the commit."""
        kind = type(entity)
        before = self.get(kind, entity.id)
        self._change((kind, entity.id), entity)
        for relation in _RELATIONS_OF.get(kind, ()):
            targets = relation.targets(entity)
            if before is None or targets != relation.targets(before):
                for target in targets:
                    self._new_related[relation.name].setdefault(target, {})[entity.id] = None

    def touch(self, entity: Stored) -> None:
        """Store ``entity`` as a new version even if its fields stay: the entity it belongs to has changed."""
        self.put(entity)
        self._touched.add((type(entity), entity.id))

    def remove(self, kind: type[S], id: ResourceId) -> None:
        """Delete an entity: later reads do not see it, reads with an earlier asAt do (L11)."""
        self.get(kind, id)
        self._change((kind, id), None)

    def _change(self, key: _Key, entity: Any) -> None:
        if self._undo is not None:
            self._undo.append((key, self._changed.get(key, _UNKNOWN)))
        self._changed[key] = entity

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo all changes made inside when it raises, for one item of a partial call."""
        outer, touched = self._undo, set(self._touched)
        undo = self._undo = []
        try:
            yield
        except BaseException:
            for key, before in reversed(undo):
                if before is _UNKNOWN:
                    del self._changed[key]
                else:
                    self._changed[key] = before
            self._touched = touched
            undo.clear()
            raise
        finally:
            if outer is not None:
                outer += undo
            self._undo = outer

    def commit(self) -> list[EntityChange]:
        """Return the changes with their new versions, in the order in which they were first made.

        A put that changes nothing makes no version (L10).
        """
        changes: list[EntityChange] = []
        for key, after in self._changed.items():
            before = self._stored[key]
            if after is None:
                if before is not None:
                    changes.append(EntityChange(before, None))
                continue
            unchanged = (
                before is not None
                and key not in self._touched
                and msgspec.structs.replace(after, version=before.version) == before
            )
            committed = before if unchanged else self._with_version(before, after)
            self._changed[key] = committed
            if not unchanged:
                changes.append(EntityChange(before, committed))
        return changes

    def _with_version(self, before: Stored | None, after: Stored) -> Stored:
        context = self.context
        now, user, request = context.now, context.user, context.request_id
        old = before.version if before is not None else None
        version = Version(
            effective_from=BEGINNING,
            as_at_date=now,
            as_at_created=old.as_at_created if old else now,
            user_id_created=old.user_id_created if old else user,
            request_id_created=old.request_id_created if old else request,
            as_at_modified=now,
            user_id_modified=user,
            request_id_modified=request,
            as_at_version_number=(old.as_at_version_number or 0) + 1 if old else 1,
            entity_unique_id=old.entity_unique_id if old else self._unique_id(),
        )
        return msgspec.structs.replace(after, version=version)

    def _unique_id(self) -> str:
        """Return a new UUID (RFC 9562, version 8): the call's prefix, then a running number."""
        self._created += 1
        return f"{self._uuid_prefix}{self._created:012x}"


Q = TypeVar("Q")
Command = Callable[[UnitOfWork, Q], ReplyBuilder]
"""Carries out a request on a unit of work; raises Refusal when the whole call breaks a rule."""
