"""The desk at one moment: every entity by id, and the links between them in both directions.

A :class:`Snapshot` is frozen; the screen is a function of it. A
:class:`~tui.service.snapshot.builder.SnapshotBuilder` makes the next one from it and shares with it
whatever did not change. Nothing here reads, writes or knows a server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct, field

from tui.api import entity_relations as relations
from tui.api.base import ZERO, ResourceId
from tui.api.codec import BadRow
from tui.api.entity_relations import Relation
from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.api.price_units import PER_UNIT
from tui.api.states import is_cancelled
from tui.service.desk_profile import ComplianceEngine
from tui.service.snapshot.code_index import CodeIndex, id_text
from tui.service.snapshot.instruments import UNRESOLVED, Instrument, luid_of
from tui.service.snapshot.records import NO_RECORDS, Records
from tui.service.text_folding import canonical
from tui.service.typed_times import day_in_words, time_in_words

Row = OrderGraphBlock | Order | Placement | Execution | Allocation | Transaction
Ids = tuple[ResourceId, ...]
Index = Mapping[ResourceId, Ids]
NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


class EntityKind(StrEnum):
    """The six kinds of rows; the value is the name of the snapshot's mapping that holds them."""

    BLOCKS = "blocks"
    ORDERS = "orders"
    PLACEMENTS = "placements"
    EXECUTIONS = "executions"
    ALLOCATIONS = "allocations"
    TRANSACTIONS = "transactions"

    @property
    def singular(self) -> str:
        """The word for one of them, as in sentences: ``block``."""
        return self.value[:-1]


class Ref(Struct, frozen=True, order=True, array_like=True, gc=False, cache_hash=True):
    """A reference to one row: its kind and its id.

    There are many in a large decision: the garbage collector does not track them.
    """

    kind: EntityKind
    id: ResourceId

    def __str__(self) -> str:
        return f"{self.kind.singular} {self.id.code}"


class EntityLink(Struct, frozen=True):
    """A reference from rows of one kind to others; the builder keeps the index in the other direction."""

    name: str
    kind: EntityKind
    targets: Callable[[Any], Iterable[ResourceId]]


def _link(relation: Relation[Any], kind: EntityKind) -> EntityLink:
    return EntityLink(relation.name, kind, relation.targets)


BLOCK_OF_ORDER: Final = EntityLink(
    relations.BLOCK_OF_ORDER.name,
    EntityKind.BLOCKS,
    lambda row: relations.BLOCK_OF_ORDER.targets(row.block),
)
PLACEMENTS_OF_BLOCK: Final = _link(relations.PLACEMENTS_OF_BLOCK, EntityKind.PLACEMENTS)
CHILDREN_OF_PLACEMENT: Final = _link(relations.CHILDREN_OF_PLACEMENT, EntityKind.PLACEMENTS)
EXECUTIONS_OF_PLACEMENT: Final = _link(relations.EXECUTIONS_OF_PLACEMENT, EntityKind.EXECUTIONS)
ALLOCATIONS_OF_PLACEMENT: Final = _link(relations.ALLOCATIONS_OF_PLACEMENT, EntityKind.ALLOCATIONS)
ALLOCATIONS_OF_ORDER: Final = _link(relations.ALLOCATIONS_OF_ORDER, EntityKind.ALLOCATIONS)
TRANSACTIONS_OF_ALLOCATION: Final = _link(relations.TRANSACTIONS_OF_ALLOCATION, EntityKind.TRANSACTIONS)
TRANSACTIONS_OF_ORDER: Final = _link(relations.TRANSACTIONS_OF_ORDER, EntityKind.TRANSACTIONS)
LINKS: Final = (
    BLOCK_OF_ORDER,
    PLACEMENTS_OF_BLOCK,
    CHILDREN_OF_PLACEMENT,
    EXECUTIONS_OF_PLACEMENT,
    ALLOCATIONS_OF_PLACEMENT,
    ALLOCATIONS_OF_ORDER,
    TRANSACTIONS_OF_ALLOCATION,
    TRANSACTIONS_OF_ORDER,
)


LONGEST_CIRCLE: Final = 64
"""Circles of more parents are not looked for: a chain of thousands would be walked for each of its rows."""


def instrument_key(row: Any) -> tuple[object, ...]:
    """Return a key that is equal for two rows of the same instrument.

    What the server did not resolve all has one LUID: it is the same only by equal identifiers (R19).
    """
    luid = luid_of(row)
    if luid != UNRESOLVED:
        return (luid,)
    named = row.block if isinstance(row, OrderGraphBlock) else row
    return (luid, *sorted((key, value or "") for key, value in (named.instrument_identifiers or {}).items()))


def is_listed(row: Any) -> bool:
    """Return whether a row stands in the list of its kind: a swept block does not, though it is known."""
    return not (isinstance(row, OrderGraphBlock) and row.block.is_swept)


def _none() -> Mapping[Any, Any]:
    return NONE


class Unread(Struct, frozen=True):
    """Why not all rows of a kind are here: ``why`` in the server's words; not ``permitted`` after a 403.

    ``rows`` counts those that could not be read one by one; with 0 whole pages are missing.
    """

    why: str
    permitted: bool = True
    rows: int = 0

    def __str__(self) -> str:
        said = self.why if self.why.endswith((".", "!", "?")) else f"{self.why}."
        return f"{'could not be read' if self.permitted else 'not permitted'}: {said}"


class Snapshot(Struct, frozen=True, eq=False):
    """The whole desk at one moment.

    ``blocks`` carry their life-cycle totals from the order graph. Transactions are keyed by the scope
    ``<portfolio scope>/<portfolio code>`` and their transaction id as code. ``as_at`` is None when the
    snapshot is live; ``home`` is the desk's own scope, empty when it has none; ``zone`` is that of who reads
    it; ``compliance`` is the engine whose states are obeyed; ``ambiguous`` are the codes
    that a row there and one of another scope have, by kind; ``read_at`` is when it was read, by this
    machine's clock; ``complete`` is False during a load; ``bad`` are the rows that could not be
    read. ``portfolios`` are those the orders, allocations and transactions belong to, by their code in
    small letters;
    ``block_codes`` are the blocks by code, ``open_block_codes`` those not swept, by code and by name,
    ``open_blocks`` the same by the LUID of their instrument, as they came;
    ``brokers`` and ``systems`` are the counterparties and execution systems that placements have named;
    ``sides`` and ``order_types`` those that orders have, as the server spells them.
    ``touched`` are the rows put in or taken out since the snapshot ``parent``; those ``returned`` among them
    were taken out and put back, and so stand last now. ``records`` are what the server's reference data tell,
    and ``renamed`` the rows of which they tell something else since the parent; None if any may be.

    ``unread`` are the kinds of which rows may be missing because a page of them could not be read: what is
    computed from such rows is not known. ``own_totals`` says that the blocks' totals were computed from the
    rows of this snapshot, not by the server. ``outdated`` are the rows of which a newer version could not be
    read, and why; ``twins`` those of whose id the server has another entity; ``contradictory`` are the rows
    found so far that others contradict (:mod:`tui.service.snapshot.contradictions`). Blocks without activity
    since ``active_since`` were left out, and orders in no block that did not change since ``loose_since``;
    None when none was for that. ``bookings_due`` are the portfolios whose transactions are still to be read;
    ``maybe_blocked`` the orders in no block here of which it is not known whether one that is not here holds
    them.
    """

    blocks: Mapping[ResourceId, OrderGraphBlock] = field(default_factory=_none)
    orders: Mapping[ResourceId, Order] = field(default_factory=_none)
    placements: Mapping[ResourceId, Placement] = field(default_factory=_none)
    executions: Mapping[ResourceId, Execution] = field(default_factory=_none)
    allocations: Mapping[ResourceId, Allocation] = field(default_factory=_none)
    transactions: Mapping[ResourceId, Transaction] = field(default_factory=_none)
    instruments: Mapping[str, Instrument] = field(default_factory=_none)
    portfolios: Mapping[str, Ids] = field(default_factory=_none)
    block_codes: CodeIndex = field(default_factory=CodeIndex)
    open_block_codes: CodeIndex = field(default_factory=CodeIndex)
    open_blocks: Mapping[str, Ids] = field(default_factory=_none)
    brokers: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    sides: frozenset[str] = frozenset()
    order_types: frozenset[str] = frozenset()
    records: Records = NO_RECORDS
    as_at: datetime | None = None
    home: str = ""
    zone: tzinfo = UTC
    compliance: ComplianceEngine = "v2"
    ambiguous: Mapping[EntityKind, frozenset[str]] = field(default_factory=_none)
    read_at: datetime | None = None
    complete: bool = False
    bad: tuple[BadRow, ...] = ()
    unread: Mapping[EntityKind, Unread] = field(default_factory=_none)
    own_totals: bool = False
    active_since: datetime | None = None
    loose_since: datetime | None = None
    bookings_due: frozenset[ResourceId] = frozenset()
    maybe_blocked: frozenset[ResourceId] = frozenset()
    outdated: Mapping[EntityKind, Mapping[ResourceId, str]] = field(default_factory=_none)
    twins: Mapping[EntityKind, frozenset[ResourceId]] = field(default_factory=_none)
    contradictory: frozenset[Ref] = frozenset()
    links: Mapping[str, Index] = field(default_factory=_none)
    serial: int = 0
    parent: int = -1
    touched: Mapping[EntityKind, frozenset[ResourceId]] = field(default_factory=_none)
    returned: Mapping[EntityKind, frozenset[ResourceId]] = field(default_factory=_none)
    renamed: Mapping[EntityKind, frozenset[ResourceId]] | None = field(default_factory=_none)

    def rows(self, kind: EntityKind) -> Mapping[ResourceId, Any]:
        """Return the rows of a kind by id, in the order they were first read."""
        found: Mapping[ResourceId, Any] = getattr(self, kind.value)
        return found

    def row(self, ref: Ref) -> Any:
        """Return the row ``ref`` names, or None."""
        return self.rows(ref.kind).get(ref.id)

    def __contains__(self, ref: Ref) -> bool:
        return ref.id in self.rows(ref.kind)

    def knows(self, *kinds: EntityKind) -> bool:
        """Return whether all rows of these kinds were read, so that what is computed from them is known."""
        if self.bookings_due and EntityKind.TRANSACTIONS in kinds:
            return False
        return not self.unread or self.unread.keys().isdisjoint(kinds)

    def knows_totals(self, *kinds: EntityKind) -> bool:
        """Return whether what blocks' totals say of rows of these kinds is known."""
        return not self.own_totals or self.knows(*kinds)

    def _linked(self, link: EntityLink, id: ResourceId) -> Ids:
        index: Index = self.links.get(link.name, NONE)
        return index.get(id, ())

    def block_of_order(self, id: ResourceId) -> ResourceId | None:
        """Return the block that holds an order, or None for an unblocked one."""
        found = self.blocks_of_order(id)
        return found[-1] if found else None

    def blocks_of_order(self, id: ResourceId) -> Ids:
        """Return all the blocks that name an order; more than one contradict each other."""
        return self._linked(BLOCK_OF_ORDER, id)

    def orders_of_block(self, id: ResourceId) -> Ids:
        """Return the orders of a block in its own order, as far as they are read."""
        row = self.blocks.get(id)
        return () if row is None else tuple(each for each in row.block.order_ids if each in self.orders)

    def placements_of_block(self, id: ResourceId) -> Ids:
        """Return the placements of a block, children included, oldest read first."""
        return self._linked(PLACEMENTS_OF_BLOCK, id)

    def children_of_placement(self, id: ResourceId) -> Ids:
        """Return the child placements of a placement."""
        return self._linked(CHILDREN_OF_PLACEMENT, id)

    def executions_of_placement(self, id: ResourceId) -> Ids:
        """Return the executions of a placement itself, without those of its children."""
        return self._linked(EXECUTIONS_OF_PLACEMENT, id)

    def allocations_of_placement(self, id: ResourceId) -> Ids:
        """Return the allocations made from a placement's executions."""
        return self._linked(ALLOCATIONS_OF_PLACEMENT, id)

    def allocations_of_order(self, id: ResourceId) -> Ids:
        """Return the allocations of an order."""
        return self._linked(ALLOCATIONS_OF_ORDER, id)

    def transactions_of_allocation(self, id: ResourceId) -> Ids:
        """Return the transactions an allocation was booked as."""
        return self._linked(TRANSACTIONS_OF_ALLOCATION, id)

    def transactions_of_order(self, id: ResourceId) -> Ids:
        """Return the transactions booked for an order."""
        return self._linked(TRANSACTIONS_OF_ORDER, id)

    def circle_of_placement(self, id: ResourceId) -> Ids:
        """Return the placements in whose circle of parents one is, itself among them; mostly none."""
        circle = {id: None}
        row = self.placements.get(id)
        while row is not None and row.parent_placement_id is not None and len(circle) <= LONGEST_CIRCLE:
            if row.parent_placement_id == id:
                return tuple(circle)
            if row.parent_placement_id in circle:
                return ()
            circle[row.parent_placement_id] = None
            row = self.placements.get(row.parent_placement_id)
        return ()

    def is_top_placement(self, row: Placement) -> bool:
        """Return whether totals count a placement: not a child (P5); of a circle of parents one counts."""
        return row.parent_placement_id is None or row.id == min(
            self.circle_of_placement(row.id), default=None
        )

    def fills_of_placement(self, id: ResourceId) -> tuple[Execution, ...]:
        """Return the executions of a placement and its children that are read and not cancelled."""
        family = dict.fromkeys((id,))
        waiting = [id]
        while waiting:
            below = [each for each in self.children_of_placement(waiting.pop()) if each not in family]
            family.update(dict.fromkeys(below))
            waiting += below
        rows = (self.executions[fill] for each in family for fill in self.executions_of_placement(each))
        return tuple(fill for fill in rows if not is_cancelled(fill.state))

    def executed_of_placement(self, id: ResourceId) -> Decimal | None:
        """Return the units executed on a placement and its children (L5: cancelled executions are none).

        None when they are not known, because executions or placements could not be read.
        """
        if not self.knows(EntityKind.EXECUTIONS, EntityKind.PLACEMENTS):
            return None
        return sum((fill.quantity for fill in self.fills_of_placement(id)), ZERO)

    def average_price_of_placement(self, id: ResourceId) -> Decimal | None:
        """Return the mean execution price weighted by units (G11), of the fills that have a price.

        None without units at a price (a missing price never counts as zero), and when the executions are not
        known.
        """
        if not self.knows(EntityKind.EXECUTIONS, EntityKind.PLACEMENTS):
            return None
        priced = ((fill.quantity, fill.price.amount) for fill in self.fills_of_placement(id))
        known = [(units, price) for units, price in priced if price is not None]
        units = sum((units for units, _ in known), ZERO)
        return sum((units * price for units, price in known), ZERO) / units if units else None

    def allocated_of_order(self, id: ResourceId) -> Decimal | None:
        """Return the units allocated to an order, None when allocations could not be read.

        Cancelled allocations count as none.
        """
        return self._allocated(self.allocations_of_order(id))

    def allocated_of_placement(self, id: ResourceId) -> Decimal | None:
        """Return the units allocated from a placement, None when allocations could not be read.

        Cancelled allocations count as none.
        """
        return self._allocated(self.allocations_of_placement(id))

    def _allocated(self, ids: Ids) -> Decimal | None:
        if not self.knows(EntityKind.ALLOCATIONS):
            return None
        rows = (self.allocations[each] for each in ids)
        return sum((row.quantity for row in rows if not is_cancelled(row.state)), ZERO)

    def is_booked(self, allocation: ResourceId) -> bool | None:
        """Return whether an allocation has a live transaction, None while its portfolio's are not read."""
        rows = (self.transactions[each] for each in self.transactions_of_allocation(allocation))
        if any(not is_cancelled(row.transaction_status) for row in rows):
            return True
        row = self.allocations.get(allocation)
        due = row is None or row.portfolio_id in self.bookings_due if self.bookings_due else False
        return None if due or EntityKind.TRANSACTIONS in self.unread else False

    def name_of(self, kind: EntityKind, id: ResourceId) -> str:
        """Return what a row is called: its code, with its scope where the code alone leaves doubt.

        A transaction is called by its own id: its portfolio stands beside it.
        """
        if kind is EntityKind.TRANSACTIONS:
            return id.code
        return id_text(id, self.home, ambiguous=id.code in self.ambiguous.get(kind, ()))

    def portfolio_label(self, id: ResourceId) -> str:
        """Return the code of a portfolio, with its scope where the code alone leaves doubt."""
        alike = self.portfolios.get(id.code.casefold(), ())
        return id_text(id, self.home, ambiguous=any(each.scope != id.scope for each in alike))

    def without_rows(self, as_at: datetime | None = None) -> Snapshot:
        """Return a desk of another moment that has no rows yet, and says everything as this one does."""
        return Snapshot(
            as_at=as_at,
            home=self.home,
            zone=self.zone,
            compliance=self.compliance,
            records=self.records,
        )

    def time_in_words(self, moment: datetime | None) -> str:
        """Return a time in the zone of who reads it, with its day; empty where there is none.

        The year is said where it is another one than when this was read.
        """
        if moment is None or moment.year <= 1:
            return ""
        return time_in_words(moment, self.zone, self.read_at or moment)

    def day_in_words(self, moment: datetime) -> str:
        """Return the day that it was then in the zone of who reads it."""
        return day_in_words(moment, self.zone, self.read_at or moment)

    @property
    def known_brokers(self) -> tuple[str, ...]:
        """The brokers that the profile or its list names, and after them those that placements name."""
        return tuple(dict.fromkeys((*self.records.brokers, *sorted(self.brokers))))

    def price_unit(self, luid: str) -> Decimal:
        """Return what one unit of an instrument at price 1 costs; 1 when the instrument is unknown."""
        known = self.instruments.get(luid)
        return PER_UNIT if known is None else known.price_unit

    def instrument_name(self, luid: str) -> str:
        """Return the full name of an instrument; empty where nobody says."""
        known = self.instruments.get(luid)
        return known.name if known else ""

    def search_instruments(self, text: str) -> tuple[Instrument, ...]:
        """Return the instruments that an identifier names, else those whose name has words that begin so."""
        exact = self.find_instruments(text)
        if exact:
            return exact
        words = canonical(text).split()
        return tuple(known for known in self.instruments.values() if known.is_called(words))

    def find_instruments(self, text: str) -> tuple[Instrument, ...]:
        """Return the instruments one of whose identifiers, or the LUID, is ``text`` in any case.

        Those of the shared scope go before any of another one.
        """
        wanted = text.strip().casefold()
        found = tuple(
            known
            for known in self.instruments.values()
            if wanted == known.luid.casefold()
            or any(value and value.casefold() == wanted for value in known.identifiers.values())
        )
        shared = tuple(each for each in found if each.is_shared) if len(found) > 1 else ()
        return shared or found


EMPTY: Final = Snapshot()
"""The desk before anything was read."""
