"""The panes of the desk, and the columns of each.

To add a column, add one line to its pane's tuple. To add a pane, add its row to ``PANES``: bindings, help,
layout, tabs, footer and README are made from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from msgspec import Struct

from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.api.states import is_cancelled
from tui.columns.column import Column
from tui.columns.factories import (
    amount,
    average_price,
    calendar_day,
    currency,
    id_column,
    instrument,
    labels,
    lifecycle_quantity,
    name,
    names,
    plain,
    price_of,
    quantity,
    quantity_text,
    role_by_side,
    side,
    state,
    time_in_force,
    timestamp_column,
    value_of,
    verdict,
)
from tui.columns.format import (
    DisplayContext,
    state_look,
)
from tui.columns.lifecycle_bar import lifecycle_bar
from tui.service.snapshot.snapshot import EntityKind, Snapshot


def _bar(snapshot: Snapshot, row: OrderGraphBlock, context: DisplayContext) -> str:
    placed = row.placed.quantity or Decimal(0)
    stages = (placed, row.executed.quantity, row.allocated.quantity, row.booked.quantity)
    return lifecycle_bar(_ordered(row) or Decimal(0), stages, ascii=context.ascii)


def _done(snapshot: Snapshot, row: OrderGraphBlock) -> Decimal | None:
    ordered = _ordered(row)
    return row.executed.quantity * 100 / ordered if ordered else None


def _portfolio(snapshot: Snapshot, row: Order | Allocation) -> str:
    return snapshot.portfolio_label(row.portfolio_id) if row.portfolio_id else ""


def _block_role(snapshot: Snapshot, row: OrderGraphBlock) -> str:
    over = state_look(row.derived_state).role == "bad"
    return "bad" if over else ""


def _ordered(row: OrderGraphBlock) -> Decimal | None:
    """Return the units a block is about: what its orders ask for, else its own size (unsolicited, C6)."""
    return row.ordered.quantity if row.block.order_ids else row.block.quantity


def _unplaced(snapshot: Snapshot, row: OrderGraphBlock) -> Decimal | None:
    ordered = _ordered(row)
    return None if ordered is None else ordered - (row.placed.quantity or 0)


BLOCKS: Final = (
    id_column("Block", "The block's code", lambda s, row: s.name_of(EntityKind.BLOCKS, row.block.id)),
    side(lambda row: row.block.side),
    instrument(lambda row: (row.block.instrument_identifiers, row.block.lusid_instrument_id)),
    quantity(
        "ordered",
        "Ordered",
        "Units its live orders ask for",
        lambda s, row: _ordered(row),
        role=role_by_side(lambda row: row.block.side),
    ),
    Column(
        "bar",
        "Life cycle",
        "Booked, allocated, filled and placed, as parts of ordered",
        _done,
        quantity_text,
        10,
        role=_block_role,
        drawn=_bar,
    ),
    state(lambda s, row: row.derived_state, 21),
    plain("type", "Type", "Market, limit, stop", 6, lambda s, row: row.block.type),
    price_of("limit", "Limit", "Limit price", lambda s, row: amount(row.block.limit_price)),
    plain(
        "currency", "Ccy", "Currency of the limit", 3, lambda s, row: block_currency(s, row), flexible=False
    ),
    time_in_force(lambda row: row.block.time_in_force),
    quantity("unplaced", "Unplaced", "Ordered less placed", _unplaced),
    lifecycle_quantity("placed", "Placed", "Units at the market", lambda row: row.placed.quantity),
    lifecycle_quantity("executed", "Executed", "Units filled", lambda row: row.executed.quantity),
    lifecycle_quantity(
        "allocated", "Allocated", "Units given to portfolios", lambda row: row.allocated.quantity
    ),
    lifecycle_quantity("booked", "Booked", "Units booked as transactions", lambda row: row.booked.quantity),
    average_price(lambda s, row: block_average(row)),
    quantity("orders", "Ord", "How many orders", lambda s, row: len(row.block.order_ids), total="", width=3),
    verdict("compliance", "Compliance", "Worst of its orders", lambda s, row: row.derived_compliance_state),
    verdict("approval", "Approval", "Approval of its orders", lambda s, row: row.derived_approval_state),
    timestamp_column(
        "activity", "Last activity", "Newest change of any part", lambda s, row: row.latest_activity_date
    ),
    timestamp_column(
        "created", "Created", "When the block was created", lambda s, row: row.block.created_date
    ),
)


def block_average(row: OrderGraphBlock) -> Decimal | None:
    """Return the average price of a block's fills, from the graph's executed amount and quantity."""
    executed = row.executed
    return executed.amount / executed.quantity if executed.amount and executed.quantity else None


def block_currency(snapshot: Snapshot, row: OrderGraphBlock) -> str | None:
    """Return the currency a block trades in: its own prices', else the one seen for its instrument."""
    own = currency(row.block.limit_price) or currency(row.block.stop_price) or currency(row.block.amount)
    if own:
        return own
    known = snapshot.instruments.get(row.block.lusid_instrument_id)
    return known.currency if known else None


def _order_left(snapshot: Snapshot, row: Order) -> Decimal | None:
    if row.quantity is None:
        return None
    return Decimal(0) if is_cancelled(row.state) else row.quantity - snapshot.allocated_of_order(row.id)


def _notional(snapshot: Snapshot, row: Allocation | Execution) -> tuple[Decimal | None, str | None]:
    """Return what a row is worth at its price; bonds are quoted per 100 nominal."""
    quoted = amount(row.price)
    unit = snapshot.price_unit(row.lusid_instrument_id)
    value = None if quoted is None or row.quantity is None else quoted * row.quantity * unit
    return value, currency(row.price)


def _size(row: Any) -> str:
    """Return the size of an order that is not sized by quantity."""
    if row.quantity is not None:
        return ""
    if row.amount is not None:
        return str(row.amount)
    weight = getattr(row, "weight", None)
    return f"{weight * 100:.2f}%" if weight is not None else ""


ORDERS: Final = (
    id_column("Order", "The order's code", lambda s, row: s.name_of(EntityKind.ORDERS, row.id), width=11),
    quantity(
        "quantity",
        "Quantity",
        "Units ordered",
        lambda s, row: row.quantity,
        role=role_by_side(lambda row: row.side),
    ),
    plain("portfolio", "Portfolio", "Whose order it is", 9, _portfolio),
    state(lambda s, row: row.state),
    side(lambda row: row.side),
    quantity("allocated", "Allocated", "Units allocated to it", lambda s, row: s.allocated_of_order(row.id)),
    quantity("left", "Left", "Ordered less allocated", _order_left),
    instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)),
    plain("type", "Type", "Market, limit, stop", 6, lambda s, row: row.type),
    price_of("limit", "Limit", "Limit price", lambda s, row: amount(row.limit_price)),
    plain("currency", "Ccy", "Currency", 3, lambda s, row: currency(row.limit_price or row.price)),
    time_in_force(lambda row: row.time_in_force),
    plain("size", "Other size", "Size by amount or weight", 12, lambda s, row: _size(row)),
    plain(
        "block",
        "Block",
        "The block that holds it",
        12,
        lambda s, row: name(s, EntityKind.BLOCKS, s.block_of_order(row.id)),
        cut="middle",
    ),
    verdict("compliance", "Compliance", "Compliance", lambda s, row: row.derived_compliance_state),
    verdict("approval", "Approval", "Approval", lambda s, row: row.derived_approval_state),
    plain("strategy", "Strategy", "Strategy property", 10, lambda s, row: labels(row).get("Strategy")),
    timestamp_column("date", "Ordered at", "When it was ordered", lambda s, row: row.date),
)


def _open(snapshot: Snapshot, row: Placement) -> Decimal | None:
    if row.quantity is None:
        return None
    if is_cancelled(row.state):
        return Decimal(0)
    return row.quantity - snapshot.executed_of_placement(row.id)


PLACEMENTS: Final = (
    id_column(
        "Placement", "The placement's code", lambda s, row: s.name_of(EntityKind.PLACEMENTS, row.id), width=11
    ),
    quantity(
        "quantity",
        "Quantity",
        "Units placed",
        lambda s, row: row.quantity,
        role=role_by_side(lambda row: row.side),
    ),
    plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty),
    state(lambda s, row: row.state),
    side(lambda row: row.side),
    quantity("executed", "Executed", "Units filled", lambda s, row: s.executed_of_placement(row.id)),
    quantity("open", "Open", "Units still working", _open),
    average_price(lambda s, row: s.average_price_of_placement(row.id)),
    price_of("limit", "Limit", "Limit price", lambda s, row: amount(row.limit_price)),
    instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)),
    plain("type", "Type", "Market, limit, stop", 6, lambda s, row: row.type),
    time_in_force(lambda row: row.time_in_force),
    plain("system", "System", "Execution system", 8, lambda s, row: row.execution_system),
    plain("entry", "Entry", "Entry type", 8, lambda s, row: row.entry_type),
    plain(
        "blocks",
        "Blocks",
        "Blocks it places",
        12,
        lambda s, row: names(s, EntityKind.BLOCKS, row.block_ids),
        cut="middle",
    ),
    plain(
        "parent",
        "Parent",
        "Parent placement",
        12,
        lambda s, row: name(s, EntityKind.PLACEMENTS, row.parent_placement_id),
    ),
    timestamp_column("created", "Placed at", "When it was placed", lambda s, row: row.created_date),
)

ALLOCATIONS: Final = (
    id_column(
        "Allocation",
        "The allocation's code",
        lambda s, row: s.name_of(EntityKind.ALLOCATIONS, row.id),
        width=12,
    ),
    quantity(
        "quantity",
        "Quantity",
        "Units allocated",
        lambda s, row: row.quantity,
        role=role_by_side(lambda row: row.side),
    ),
    plain("portfolio", "Portfolio", "Who gets it", 9, _portfolio),
    state(lambda s, row: row.state, 14),
    side(lambda row: row.side),
    price_of("price", "Price", "Price", lambda s, row: amount(row.price)),
    value_of("value", "Value", "Quantity times price, bonds per 100", _notional),
    plain("currency", "Ccy", "Currency", 3, lambda s, row: currency(row.price)),
    instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)),
    quantity(
        "transactions",
        "Txn",
        "Transactions booked from it",
        lambda s, row: len(s.transactions_of_allocation(row.id)),
        total="",
        width=3,
    ),
    plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty),
    calendar_day("settles", "Settle", "Settlement date", lambda s, row: row.settlement_date),
    plain(
        "order",
        "Order",
        "Its order",
        12,
        lambda s, row: s.name_of(EntityKind.ORDERS, row.allocated_order_id),
        cut="middle",
    ),
    plain(
        "placement",
        "Placement",
        "Placements",
        12,
        lambda s, row: names(s, EntityKind.PLACEMENTS, row.placement_ids),
        cut="middle",
    ),
    timestamp_column("date", "Allocated at", "When it was allocated", lambda s, row: row.date),
)

EXECUTIONS: Final = (
    id_column("Execution", "The execution's code", lambda s, row: s.name_of(EntityKind.EXECUTIONS, row.id)),
    side(lambda row: row.side),
    quantity(
        "quantity",
        "Quantity",
        "Units filled",
        lambda s, row: row.quantity,
        role=role_by_side(lambda row: row.side),
    ),
    price_of("price", "Price", "Price", lambda s, row: amount(row.price)),
    plain("currency", "Ccy", "Currency", 3, lambda s, row: currency(row.price)),
    state(lambda s, row: row.state),
    plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty),
    instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)),
    value_of("value", "Value", "Quantity times price, bonds per 100", _notional),
    plain(
        "placement",
        "Placement",
        "Its placement",
        12,
        lambda s, row: s.name_of(EntityKind.PLACEMENTS, row.placement_id),
        cut="middle",
    ),
    calendar_day("settles", "Settle", "Settlement date", lambda s, row: row.settlement_date),
    timestamp_column("created", "Filled at", "When it was filled", lambda s, row: row.created_date),
)

TRANSACTIONS: Final = (
    id_column("Transaction", "Its id in the portfolio", lambda s, row: row.transaction_id, width=22),
    side(lambda row: row.type),
    quantity(
        "units", "Units", "Units booked", lambda s, row: row.units, role=role_by_side(lambda row: row.type)
    ),
    price_of("price", "Price", "Price", lambda s, row: row.transaction_price and row.transaction_price.price),
    value_of(
        "consideration",
        "Consideration",
        "What it settles for",
        lambda s, row: (amount(row.total_consideration), currency(row.total_consideration)),
    ),
    plain("currency", "Ccy", "Currency", 3, lambda s, row: currency(row.total_consideration), flexible=False),
    state(lambda s, row: row.transaction_status, 11),
    instrument(lambda row: (row.instrument_identifiers, row.instrument_uid)),
    plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty_id),
    calendar_day("settles", "Settle", "Settlement date", lambda s, row: row.settlement_date),
    plain(
        "order",
        "Order",
        "Its order",
        12,
        lambda s, row: name(s, EntityKind.ORDERS, row.order_id),
        cut="middle",
    ),
    plain(
        "allocation",
        "Allocation",
        "Its allocation",
        16,
        lambda s, row: name(s, EntityKind.ALLOCATIONS, row.allocation_id),
        cut="middle",
    ),
    timestamp_column("date", "Traded at", "Transaction date", lambda s, row: row.transaction_date),
)

Place = Literal["top", "left", "middle", "right"]
"""The position of a pane: over the full width, or in the row beneath. Panes of one place take turns there."""


class PaneSpec(Struct, frozen=True):
    """One pane: its kind of rows, the key that goes to it, its place and its columns.

    ``empty_words`` are shown while it has no rows; an action's id in braces stands for that action's key.
    """

    kind: EntityKind
    key: str
    place: Place
    columns: tuple[Column, ...]
    empty_words: str

    @property
    def title(self) -> str:
        """The pane's name."""
        return self.kind.value.title()

    @property
    def name(self) -> str:
        """The pane's name behind its key: the id of the action that goes to it, in braces."""
        return f"{{{self.kind.value}}} {self.title}"


PANES: Final = (
    PaneSpec(EntityKind.BLOCKS, "1", "top", BLOCKS, "No blocks. Press {new} for the first order."),
    PaneSpec(EntityKind.ORDERS, "2", "left", ORDERS, "No orders here."),
    PaneSpec(
        EntityKind.PLACEMENTS, "3", "middle", PLACEMENTS, "Nothing placed here. Press {place} on a block."
    ),
    PaneSpec(
        EntityKind.ALLOCATIONS,
        "4",
        "right",
        ALLOCATIONS,
        "Nothing allocated. Press {allocate} when there are fills.",
    ),
    PaneSpec(EntityKind.EXECUTIONS, "5", "right", EXECUTIONS, "No fills here."),
    PaneSpec(
        EntityKind.TRANSACTIONS,
        "6",
        "right",
        TRANSACTIONS,
        "Nothing booked here. Press {book} on allocations.",
    ),
)
"""All panes in their order; of those that take turns, the first is shown first."""

COLUMNS: Final[Mapping[EntityKind, tuple[Column, ...]]] = {spec.kind: spec.columns for spec in PANES}

Row = OrderGraphBlock | Order | Placement | Allocation | Execution | Transaction
