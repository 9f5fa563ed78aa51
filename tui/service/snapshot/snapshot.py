"""The desk at one moment: every entity by id, and the links between them in both directions.

A :class:`Snapshot` is frozen; the screen is a function of it. The next one is made from it by a
:class:`~tui.service.snapshot.builder.Draft`, which shares with it whatever did not change. Nothing here
reads, writes or knows a server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Struct, field

from tui.api.base import ZERO, Identifiers, ResourceId
from tui.api.codec import BadRow
from tui.api.models import Allocation, Block, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.api.price_units import PER_UNIT, price_unit
from tui.api.states import is_cancelled

if TYPE_CHECKING:
    from tui.service.snapshot.builder import SnapshotBuilder

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


class Ref(NamedTuple):
    """One row of the desk: its family and its id there."""

    family: EntityKind
    id: ResourceId

    def __str__(self) -> str:
        return f"{self.family.singular} {self.id.code}"


class EntityLink(Struct, frozen=True):
    """How rows of one family point at others; the draft keeps each link's index, in the other direction."""

    name: str
    family: EntityKind
    targets: Callable[[Any], Iterable[ResourceId]]


BLOCK_OF_ORDER: Final = EntityLink("block_of_order", EntityKind.BLOCKS, lambda row: row.block.order_ids)
PLACEMENTS_OF_BLOCK: Final = EntityLink(
    "placements_of_block", EntityKind.PLACEMENTS, lambda row: row.block_ids
)
CHILDREN_OF_PLACEMENT: Final = EntityLink(
    "children_of_placement",
    EntityKind.PLACEMENTS,
    lambda row: (row.parent_placement_id,) if row.parent_placement_id else (),
)
EXECUTIONS_OF_PLACEMENT: Final = EntityLink(
    "executions_of_placement", EntityKind.EXECUTIONS, lambda row: (row.placement_id,)
)
ALLOCATIONS_OF_PLACEMENT: Final = EntityLink(
    "allocations_of_placement", EntityKind.ALLOCATIONS, lambda row: row.placement_ids or ()
)
ALLOCATIONS_OF_ORDER: Final = EntityLink(
    "allocations_of_order", EntityKind.ALLOCATIONS, lambda row: (row.allocated_order_id,)
)
TRANSACTIONS_OF_ALLOCATION: Final = EntityLink(
    "transactions_of_allocation",
    EntityKind.TRANSACTIONS,
    lambda row: (row.allocation_id,) if row.allocation_id else (),
)
TRANSACTIONS_OF_ORDER: Final = EntityLink(
    "transactions_of_order", EntityKind.TRANSACTIONS, lambda row: (row.order_id,) if row.order_id else ()
)
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


class Instrument(Struct, frozen=True):
    """What the desk knows of one instrument, gathered from the rows that trade it.

    ``last_price`` is the price of the newest execution seen, else the newest price on an order or
    block, in units of ``currency``; ``last_at`` is when. ``name`` comes from the block property
    ``Block/*/InstrumentName``, ``asset_class`` from ``Block/*/AssetClass``, ``adv`` (average daily
    volume, units) from ``Block/*/AverageDailyVolume``; empty or None where nobody says. Prices are for
    one unit, of bonds for 100 nominal: ``price_unit`` makes money of both.
    """

    luid: str
    identifiers: Identifiers
    name: str = ""
    currency: str = ""
    asset_class: str = ""
    adv: Decimal | None = None
    last_price: Decimal | None = None
    last_at: datetime | None = None
    traded: bool = False

    @property
    def price_unit(self) -> Decimal:
        """What one unit at price 1 costs: 1, or 0.01 for what is known as a bond."""
        return price_unit(self.asset_class)

    def identifier(self, kind: str) -> str:
        """Give the identifier of a ``kind`` such as ``Ticker`` or ``Isin``, or an empty text."""
        for key, value in self.identifiers.items():
            if value and key.rpartition("/")[2].casefold() == kind.casefold():
                return value
        return ""

    @property
    def ticker(self) -> str:
        """What dealers call it: ticker, else RIC, else the client's own code; may be empty."""
        return self.identifier("Ticker") or self.identifier("RIC") or self.identifier("ClientInternal")

    @property
    def label(self) -> str:
        """The best short name there is: ticker, name, ISIN, FIGI, and the LUID at last."""
        return self.ticker or self.name or self.identifier("Isin") or self.identifier("Figi") or self.luid


def _none() -> Mapping[Any, Any]:
    return NONE


class Snapshot(Struct, frozen=True, eq=False):
    """The whole desk at one moment.

    ``blocks`` carry their life-cycle totals from the order graph. Transactions are keyed by the scope
    ``<portfolio scope>/<portfolio code>`` and their transaction id as code. ``as_at`` is None when the
    snapshot is live; ``read_at`` is when it was read, by this machine's clock; ``complete`` is False
    while a load is still bringing rows; ``bad`` are the rows that could not be read.
    """

    blocks: Mapping[ResourceId, OrderGraphBlock] = field(default_factory=_none)
    orders: Mapping[ResourceId, Order] = field(default_factory=_none)
    placements: Mapping[ResourceId, Placement] = field(default_factory=_none)
    executions: Mapping[ResourceId, Execution] = field(default_factory=_none)
    allocations: Mapping[ResourceId, Allocation] = field(default_factory=_none)
    transactions: Mapping[ResourceId, Transaction] = field(default_factory=_none)
    instruments: Mapping[str, Instrument] = field(default_factory=_none)
    as_at: datetime | None = None
    read_at: datetime | None = None
    complete: bool = False
    bad: tuple[BadRow, ...] = ()
    links: Mapping[str, Index] = field(default_factory=_none)
    serial: int = 0
    parent: int = -1
    touched: Mapping[EntityKind, frozenset[ResourceId]] = field(default_factory=_none)

    @classmethod
    def of(
        cls,
        *,
        blocks: Iterable[Block | OrderGraphBlock] = (),
        orders: Iterable[Order] = (),
        placements: Iterable[Placement] = (),
        executions: Iterable[Execution] = (),
        allocations: Iterable[Allocation] = (),
        transactions: Mapping[ResourceId, Transaction] | Iterable[Transaction] = (),
        as_at: datetime | None = None,
        read_at: datetime | None = None,
    ) -> Snapshot:
        """Build a complete snapshot by hand; plain blocks get totals computed from the other rows.

        Transactions not in a mapping are filed under the portfolio of their allocation, else of their
        order.
        """
        from tui.service.snapshot.builder import SnapshotBuilder

        draft = SnapshotBuilder(cls(as_at=as_at))
        for family, rows in (
            (EntityKind.ORDERS, orders),
            (EntityKind.PLACEMENTS, placements),
            (EntityKind.EXECUTIONS, executions),
            (EntityKind.ALLOCATIONS, allocations),
        ):
            draft.put(family, rows)
        if not isinstance(transactions, Mapping):
            transactions = {draft.transaction_id(row): row for row in transactions}
        draft.put_transactions(transactions)
        draft.put_blocks(blocks)
        return draft.freeze(read_at=read_at, complete=True)

    def draft(self) -> SnapshotBuilder:
        """Give the maker of the next snapshot, which starts as this one."""
        from tui.service.snapshot.builder import SnapshotBuilder

        return SnapshotBuilder(self)

    def rows(self, family: EntityKind) -> Mapping[ResourceId, Any]:
        """Give the rows of a family by id, in the order they were first read."""
        found: Mapping[ResourceId, Any] = getattr(self, family.value)
        return found

    def row(self, ref: Ref) -> Any:
        """Give the row ``ref`` names, or None."""
        return self.rows(ref.family).get(ref.id)

    def __contains__(self, ref: Ref) -> bool:
        return ref.id in self.rows(ref.family)

    def _linked(self, link: EntityLink, id: ResourceId) -> Ids:
        index: Index = self.links.get(link.name, NONE)
        return index.get(id, ())

    def block_of_order(self, id: ResourceId) -> ResourceId | None:
        """Give the block that holds an order, or None for an unblocked one."""
        found = self._linked(BLOCK_OF_ORDER, id)
        return found[-1] if found else None

    def orders_of_block(self, id: ResourceId) -> Ids:
        """Give the orders of a block in its own order, as far as they are read."""
        row = self.blocks.get(id)
        return () if row is None else tuple(each for each in row.block.order_ids if each in self.orders)

    def placements_of_block(self, id: ResourceId) -> Ids:
        """Give the placements of a block, children included, oldest read first."""
        return self._linked(PLACEMENTS_OF_BLOCK, id)

    def children_of_placement(self, id: ResourceId) -> Ids:
        """Give the child placements of a placement."""
        return self._linked(CHILDREN_OF_PLACEMENT, id)

    def executions_of_placement(self, id: ResourceId) -> Ids:
        """Give the executions of a placement itself, without those of its children."""
        return self._linked(EXECUTIONS_OF_PLACEMENT, id)

    def allocations_of_placement(self, id: ResourceId) -> Ids:
        """Give the allocations made from a placement's executions."""
        return self._linked(ALLOCATIONS_OF_PLACEMENT, id)

    def allocations_of_order(self, id: ResourceId) -> Ids:
        """Give the allocations an order received."""
        return self._linked(ALLOCATIONS_OF_ORDER, id)

    def transactions_of_allocation(self, id: ResourceId) -> Ids:
        """Give the transactions an allocation was booked as."""
        return self._linked(TRANSACTIONS_OF_ALLOCATION, id)

    def transactions_of_order(self, id: ResourceId) -> Ids:
        """Give the transactions booked for an order."""
        return self._linked(TRANSACTIONS_OF_ORDER, id)

    def fills_of_placement(self, id: ResourceId) -> tuple[Execution, ...]:
        """Give the executions that count for a placement: its own and its children's, not cancelled."""
        own = (self.executions[each] for each in self.executions_of_placement(id))
        fills = [fill for fill in own if not is_cancelled(fill.state)]
        for child in self.children_of_placement(id):
            if child != id:
                fills.extend(self.fills_of_placement(child))
        return tuple(fills)

    def executed_of_placement(self, id: ResourceId) -> Decimal:
        """Give the units executed on a placement and its children (L5: cancelled executions are none)."""
        return sum((fill.quantity for fill in self.fills_of_placement(id)), ZERO)

    def average_price_of_placement(self, id: ResourceId) -> Decimal | None:
        """Give the mean execution price weighted by units (G11), None without executed units."""
        fills = self.fills_of_placement(id)
        units = sum((fill.quantity for fill in fills), ZERO)
        if not units:
            return None
        return sum((fill.quantity * (fill.price.amount or ZERO) for fill in fills), ZERO) / units

    def allocated_of_order(self, id: ResourceId) -> Decimal:
        """Give the units allocated to an order; cancelled allocations count as none."""
        return self._allocated(self.allocations_of_order(id))

    def allocated_of_placement(self, id: ResourceId) -> Decimal:
        """Give the units allocated from a placement; cancelled allocations count as none."""
        return self._allocated(self.allocations_of_placement(id))

    def _allocated(self, ids: Ids) -> Decimal:
        rows = (self.allocations[each] for each in ids)
        return sum((row.quantity for row in rows if not is_cancelled(row.state)), ZERO)

    def is_booked(self, allocation: ResourceId) -> bool:
        """Tell whether a live transaction stands for an allocation."""
        rows = (self.transactions[each] for each in self.transactions_of_allocation(allocation))
        return any(not is_cancelled(row.transaction_status) for row in rows)

    def orders_of(self, ref: Ref) -> Ids:
        """Give the orders a row is about: its own, its block's, or the one it was allocated to."""
        return self.related(ref)[EntityKind.ORDERS]

    def order_of(self, ref: Ref) -> ResourceId | None:
        """Give the order whose history tells of a row, the first one when it has several."""
        if ref.family is EntityKind.ORDERS:
            return ref.id
        orders = self.orders_of(ref)
        return orders[0] if orders else None

    def related(self, ref: Ref) -> Mapping[EntityKind, Ids]:
        """Give what belongs to a row, per family and itself included: what linked panes show beside it."""
        from tui.service.snapshot.relations import related

        return related(self, ref)

    def price_unit(self, luid: str) -> Decimal:
        """Give what one unit of an instrument at price 1 costs; 1 when nothing is known of it."""
        known = self.instruments.get(luid)
        return PER_UNIT if known is None else known.price_unit

    def find_instruments(self, text: str) -> tuple[Instrument, ...]:
        """Give the instruments whose ticker, ISIN, FIGI, LUID or other identifier is ``text`` in any case."""
        wanted = text.strip().casefold()
        return tuple(
            known
            for known in self.instruments.values()
            if wanted == known.luid.casefold()
            or any(value and value.casefold() == wanted for value in known.identifiers.values())
        )


EMPTY: Final = Snapshot()
"""The desk before anything was read."""
