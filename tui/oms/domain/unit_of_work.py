"""One call's view of the desk: what is stored, overlaid with what the call has changed so far.

Rules read and change entities through a :class:`Book` and never see the store. When the call succeeds,
:meth:`Book.seal` stamps every real change with its next version and the store writes them in one
transaction; when it fails, the book is thrown away and nothing happened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from tui.api.base import ResourceId, Version, WireStruct
from tui.api.models import Allocation, Block, Execution, Order, Placement, Transaction
from tui.oms.domain.instrument_master import Instruments


class Booking(WireStruct, frozen=True, kw_only=True):
    """A transaction and the portfolio it stands in; its id is unique within that portfolio."""

    id: ResourceId
    portfolio_id: ResourceId
    transaction: Transaction
    version: Version | None = None


class PendingPrices(WireStruct, frozen=True, kw_only=True):
    """Prices sent for the placement of this id before their currency is known: kept, not answered (P10)."""

    id: ResourceId
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    version: Version | None = None


class CutOrder(WireStruct, frozen=True, kw_only=True):
    """Says that the order of this id was cancelled down to what was placed for it in its block (X5)."""

    id: ResourceId
    block_id: ResourceId
    version: Version | None = None


Stored = Block | Order | Placement | Execution | Allocation | Booking | PendingPrices | CutOrder
S = TypeVar("S", bound=Stored)


class Relation(Struct, Generic[S], frozen=True):
    """How entities of ``kind`` point at others: the store indexes it, the book follows it backwards."""

    name: str
    kind: type[S]
    targets: Callable[[S], Iterable[ResourceId]]


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
BOOKINGS_OF_ALLOCATION: Final = Relation(
    "bookings_of_allocation",
    Booking,
    lambda booking: (booking.transaction.allocation_id,) if booking.transaction.allocation_id else (),
)
CUT_ORDERS_OF_BLOCK: Final = Relation("cut_orders_of_block", CutOrder, lambda cut: (cut.block_id,))
RELATIONS: Final[tuple[Relation[Any], ...]] = (
    BLOCK_OF_ORDER,
    PLACEMENTS_OF_BLOCK,
    CHILDREN_OF_PLACEMENT,
    EXECUTIONS_OF_PLACEMENT,
    ALLOCATIONS_OF_ORDER,
    ALLOCATIONS_OF_PLACEMENT,
    BOOKINGS_OF_ALLOCATION,
    CUT_ORDERS_OF_BLOCK,
)


_RELATIONS_OF: Final = {
    kind: tuple(relation for relation in RELATIONS if relation.kind is kind)
    for kind in {relation.kind for relation in RELATIONS}
}


class Source(Protocol):
    """What a book reads from: the store inside its transaction, or dictionaries in a test."""

    def get(self, kind: type[S], id: ResourceId) -> S | None:
        """Give the current version, or None when it does not exist (or is deleted)."""
        ...

    def get_all(self, kind: type[S], ids: Collection[ResourceId]) -> Iterable[S]:
        """Give the current versions of those of ``ids`` that exist."""
        ...

    def related(self, relation: Relation[S], target: ResourceId) -> Iterable[S]:
        """Give the current entities that point at ``target``, oldest first."""
        ...

    def related_all(self, relation: Relation[S], targets: Collection[ResourceId]) -> Iterable[S]:
        """Give the current entities that point at any of ``targets``, oldest first for each of them."""
        ...


class Context(Struct, frozen=True):
    """Who calls, when (UTC; also the asAt of every change) and under which request id."""

    now: datetime
    user: str
    request_id: str


class EntityChange(Struct, frozen=True):
    """One entity's step: ``before`` is None for a new one, ``after`` None for a deleted one."""

    before: Stored | None
    after: Stored | None


BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
Key = tuple[type[Any], ResourceId]
_UNKNOWN: Final[Any] = object()

ReplyBuilder = Callable[[], object]
"""Builds a call's reply once the book is sealed, so that it carries the new versions."""


def _birth_of(context: Context) -> str:
    """Give the first 24 characters of the ids of entities born in a call.

    They are derived, not drawn, so that the same requests make the same desk.
    """
    name = sha256(f"{context.request_id} {context.now.isoformat()}".encode()).hexdigest()
    return f"{name[:8]}-{name[8:12]}-8{name[12:15]}-a{name[15:18]}-"


class UnitOfWork:
    """The overlay a call works on. Reading gives the newest state, this call's own changes included."""

    def __init__(self, source: Source, context: Context, instruments: Instruments) -> None:
        self.context = context
        self.instruments = instruments
        self._source = source
        self._born = _birth_of(context)
        self._births = 0
        self._stored: dict[Key, Any] = {}
        self._changed: dict[Key, Any] = {}
        self._touched: set[Key] = set()
        self._undo: list[tuple[Key, Any]] | None = None
        self._pointed: dict[str, dict[ResourceId, list[ResourceId]]] = {each.name: {} for each in RELATIONS}
        self._pointing: dict[str, dict[ResourceId, dict[ResourceId, None]]] = {
            each.name: {} for each in RELATIONS
        }

    def get(self, kind: type[S], id: ResourceId) -> S | None:
        """Give an entity as it stands now, or None."""
        key = (kind, id)
        found: S | None = self._changed.get(key, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._stored.get(key, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._stored[key] = self._source.get(kind, id)
        return found

    def prefetch(self, kind: type[Stored], ids: Iterable[ResourceId]) -> None:
        """Read many entities at once that are about to be asked for one by one."""
        missing = {id: None for id in ids if (kind, id) not in self._stored}
        self._stored.update(((kind, id), None) for id in missing)
        self._stored.update(((kind, one.id), one) for one in self._source.get_all(kind, missing))

    def prefetch_related(self, relation: Relation[Any], targets: Iterable[ResourceId]) -> None:
        """Read at once what points at many entities that are about to be asked about one by one."""
        pointed = self._pointed[relation.name]
        wanted: dict[ResourceId, list[ResourceId]] = {
            target: [] for target in targets if target not in pointed
        }
        for stored in self._source.related_all(relation, wanted):
            self._stored.setdefault((relation.kind, stored.id), stored)
            for target in relation.targets(stored):
                if target in wanted:
                    wanted[target].append(stored.id)
        pointed.update(wanted)

    def related(self, relation: Relation[S], target: ResourceId) -> list[S]:
        """Give the entities that point at ``target``, oldest first, this call's new ones last."""
        pointed = self._pointed[relation.name]
        stored = pointed.get(target)
        if stored is None:
            stored = pointed[target] = self._remember(relation, target)
        new = self._pointing[relation.name].get(target)
        if not stored and not new:
            return []
        ids = dict.fromkeys(stored)
        ids.update(new or {})
        found = (self.get(relation.kind, id) for id in ids)
        return [entity for entity in found if entity is not None and target in relation.targets(entity)]

    def related_all(self, relation: Relation[S], targets: Iterable[ResourceId]) -> list[S]:
        """Give what points at each of ``targets`` in turn, as :meth:`related` does for one."""
        pointed, pointing = self._pointed[relation.name], self._pointing[relation.name]
        # Most targets have nothing that points at them, and are passed over without a call.
        some = (each for each in targets if each in pointing or pointed.get(each) != [])
        return [entity for target in some for entity in self.related(relation, target)]

    def _remember(self, relation: Relation[S], target: ResourceId) -> list[ResourceId]:
        ids = []
        for stored in self._source.related(relation, target):
            self._stored.setdefault((relation.kind, stored.id), stored)
            ids.append(stored.id)
        return ids

    def put(self, entity: Stored) -> None:
        """Store ``entity`` as its newest state; its version is stamped when the book is sealed."""
        kind = type(entity)
        before = self.get(kind, entity.id)
        self._change((kind, entity.id), entity)
        for relation in _RELATIONS_OF.get(kind, ()):
            targets = relation.targets(entity)
            if before is None or targets != relation.targets(before):
                for target in targets:
                    self._pointing[relation.name].setdefault(target, {})[entity.id] = None

    def touch(self, entity: Stored) -> None:
        """Store ``entity`` as a new version though its own fields stay: what it belongs to has changed."""
        self.put(entity)
        self._touched.add((type(entity), entity.id))

    def remove(self, kind: type[S], id: ResourceId) -> None:
        """Delete an entity: later reads do not see it, earlier asAts still do (L11)."""
        self.get(kind, id)
        self._change((kind, id), None)

    def _change(self, key: Key, entity: Any) -> None:
        if self._undo is not None:
            self._undo.append((key, self._changed.get(key, _UNKNOWN)))
        self._changed[key] = entity

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo everything done inside when it raises: one item of a partial call."""
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
        """Stamp the changes with their versions and give them, in the order they were first made.

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
            sealed = before if unchanged else self._stamped(before, after)
            self._changed[key] = sealed
            if not unchanged:
                changes.append(EntityChange(before, sealed))
        return changes

    def _stamped(self, before: Stored | None, after: Stored) -> Stored:
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
        """Give a UUID (RFC 9562, version 8): what names the call, then a running number."""
        self._births += 1
        return f"{self._born}{self._births:012x}"
