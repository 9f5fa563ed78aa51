"""The columns of the six panes. To add one, add one line to its pane's tuple."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.api.shapes import CurrencyAndAmount, Identifiers, ResourceId
from tui.api.states import direction_of, is_cancelled, normal
from tui.columns.bar import lifecycle_bar
from tui.columns.column import Column, Getter, Total
from tui.columns.format import (
    VERDICT_ROLES,
    Look,
    average,
    clock,
    day,
    number,
    on_the_point,
    price,
    side_role,
    state_look,
    state_text,
)
from tui.service.snapshot import Family, Snapshot

AVERAGE_PLACES: Final = 6
SHORT_TIMES: Final = {
    "goodtilcancel": "GTC",
    "goodtillcancel": "GTC",
    "goodtildate": "GTD",
    "goodtilldate": "GTD",
    "immediateorcancel": "IOC",
    "fillorkill": "FOK",
    "attheclose": "ATC",
    "attheopening": "OPG",
}
"""Times in force as dealers write them; any other text is shown as it came."""
SHORT_SIDES: Final = {"sellshort": "Short", "shortsell": "Short", "buytocover": "Cover"}
"""Sides in one word; any other text is shown as it came."""
_NAMES: Final = ("Ticker", "RIC", "ClientInternal", "Figi", "Isin", "Sedol", "Currency")


def ticker(identifiers: Identifiers | None, luid: str = "") -> str:
    """Give the name a dealer knows an instrument by: its ticker, else the next best identifier."""
    known = {key.rsplit("/", 1)[-1]: value for key, value in (identifiers or {}).items() if value}
    return next((known[name] for name in _NAMES if name in known), luid)


def _text(value: Any, look: Look) -> str:
    return "" if value is None else str(value)


def _quantity(value: Decimal | None, look: Look) -> str:
    return number(value)


def _price(value: Decimal | None, look: Look) -> str:
    return on_the_point(price(value))


def _average_text(value: Decimal | None, look: Look) -> str:
    return on_the_point(average(value), AVERAGE_PLACES)


def _money(value: Decimal | None, look: Look) -> str:
    return number(value, 2)


def _code(id: ResourceId | None) -> str:
    return id.code if id else ""


def _codes(ids: Iterable[ResourceId] | None) -> str:
    return " ".join(id.code for id in ids or ())


def _amount(value: CurrencyAndAmount | None) -> Decimal | None:
    return value.amount if value else None


def _currency(value: CurrencyAndAmount | None) -> str | None:
    return value.currency if value else None


def _labels(row: Any) -> Mapping[str, str]:
    return {key.rsplit("/", 1)[-1]: str(held.value or "") for key, held in (row.properties or {}).items()}


def _plain(
    id: str,
    title: str,
    help: str,
    width: int,
    value: Getter,
    *,
    flexible: bool = False,
    cut: Any = "end",
    role: Callable[[Snapshot, Any], str] | None = None,
) -> Column:
    return Column(id, title, help, value, _text, width, cut=cut, flexible=flexible, role=role)


def _id(title: str, help: str, value: Getter, id: str = "id", width: int = 13) -> Column:
    return Column(id, title, help, value, _text, width, cut="middle", flexible=True)


def _qty(
    id: str,
    title: str,
    help: str,
    value: Getter,
    *,
    role: Callable[[Snapshot, Any], str] | None = None,
    total: Total = "quantity",
    width: int = 9,
) -> Column:
    return Column(id, title, help, value, _quantity, width, "right", "never", role=role, total=total)


def _stage(id: str, title: str, help: str, units: Callable[[Any], Decimal | None]) -> Column:
    """Give a column of a life-cycle stage, whose zeros step back: they say what has not happened."""
    return _qty(id, title, help, lambda s, row: units(row), role=lambda s, row: "" if units(row) else "idle")


def _px(id: str, title: str, help: str, value: Getter, width: int = 10) -> Column:
    return Column(id, title, help, value, _price, width, "right", "never")


def _average(value: Getter) -> Column:
    return Column(
        "average", "Avg price", "Average price of the fills", value, _average_text, 12, "right", "never"
    )


def _when(id: str, title: str, help: str, value: Getter) -> Column:
    return Column(id, title, help, value, clock, 12, "right")


def _date(id: str, title: str, help: str, value: Getter) -> Column:
    return Column(id, title, help, value, day, 6, "right")


def _state(value: Callable[[Snapshot, Any], str | None], width: int = 19) -> Column:
    return Column(
        "state",
        "State",
        "The state, as the server says it",
        value,
        state_text,
        width,
        role=lambda snapshot, row: state_look(value(snapshot, row)).role,
    )


def _verdict(id: str, title: str, help: str, value: Callable[[Snapshot, Any], str | None]) -> Column:
    def role(snapshot: Snapshot, row: Any) -> str:
        return VERDICT_ROLES.get((value(snapshot, row) or "").lower().replace(" ", ""), "")

    return _plain(id, title, help, 12, value, role=role)


def _tif(held: Callable[[Any], str | None]) -> Column:
    return Column(
        "tif",
        "TIF",
        "Time in force",
        lambda s, row: held(row),
        lambda value, look: SHORT_TIMES.get(normal(value), value or ""),
        4,
    )


def _side(side: Callable[[Any], str | None]) -> Column:
    return Column(
        "side",
        "Side",
        "Buy or sell",
        lambda s, row: side(row),
        lambda value, look: SHORT_SIDES.get(normal(value), value or ""),
        5,
        role=lambda s, row: side_role(direction_of(side(row))),
    )


def _instrument(names: Callable[[Any], tuple[Identifiers | None, str]]) -> Column:
    return _plain("instrument", "Instrument", "What is traded", 12, lambda s, row: ticker(*names(row)))


def _value(
    id: str, title: str, help: str, money: Callable[[Snapshot, Any], tuple[Decimal | None, str | None]]
) -> Column:
    return Column(
        id,
        title,
        help,
        lambda s, row: money(s, row)[0],
        _money,
        14,
        "right",
        "never",
        total="money",
        currency=lambda s, row: money(s, row)[1],
    )


def _by_side(side: Callable[[Any], str | None]) -> Callable[[Snapshot, Any], str]:
    return lambda snapshot, row: side_role(direction_of(side(row)))


def _bar(snapshot: Snapshot, row: OrderGraphBlock, look: Look) -> str:
    placed = row.placed.quantity or Decimal(0)
    stages = (placed, row.executed.quantity, row.allocated.quantity, row.booked.quantity)
    return lifecycle_bar(_ordered(row) or Decimal(0), stages, ascii=look.ascii)


def _done(snapshot: Snapshot, row: OrderGraphBlock) -> Decimal | None:
    ordered = _ordered(row)
    return row.executed.quantity * 100 / ordered if ordered else None


def _block_role(snapshot: Snapshot, row: OrderGraphBlock) -> str:
    over = state_look(row.derived_state).role == "bad"
    return "bad" if over else ""


def _ordered(row: OrderGraphBlock) -> Decimal | None:
    """Give the units a block is about: what its orders ask for, else its own size (unsolicited, C6)."""
    return row.ordered.quantity if row.block.order_ids else row.block.quantity


def _unplaced(snapshot: Snapshot, row: OrderGraphBlock) -> Decimal | None:
    ordered = _ordered(row)
    return None if ordered is None else ordered - (row.placed.quantity or 0)


BLOCKS: Final = (
    _id("Block", "The block's code", lambda s, row: row.block.id.code),
    _side(lambda row: row.block.side),
    _instrument(lambda row: (row.block.instrument_identifiers, row.block.lusid_instrument_id)),
    _qty(
        "ordered",
        "Ordered",
        "Units its live orders ask for",
        lambda s, row: _ordered(row),
        role=_by_side(lambda row: row.block.side),
    ),
    Column(
        "bar",
        "Life cycle",
        "Booked, allocated, filled and placed, as parts of ordered",
        _done,
        _quantity,
        10,
        role=_block_role,
        drawn=_bar,
    ),
    _state(lambda s, row: row.derived_state, 21),
    _plain("type", "Type", "Market, limit, stop", 6, lambda s, row: row.block.type),
    _px("limit", "Limit", "Limit price", lambda s, row: _amount(row.block.limit_price)),
    _plain(
        "currency", "Ccy", "Currency of the limit", 3, lambda s, row: block_currency(s, row), flexible=False
    ),
    _tif(lambda row: row.block.time_in_force),
    _qty("unplaced", "Unplaced", "Ordered less placed", _unplaced),
    _stage("placed", "Placed", "Units at the market", lambda row: row.placed.quantity),
    _stage("executed", "Executed", "Units filled", lambda row: row.executed.quantity),
    _stage("allocated", "Allocated", "Units given to portfolios", lambda row: row.allocated.quantity),
    _stage("booked", "Booked", "Units booked as transactions", lambda row: row.booked.quantity),
    _average(lambda s, row: block_average(row)),
    _qty("orders", "Ord", "How many orders", lambda s, row: len(row.block.order_ids), total="", width=3),
    _verdict("compliance", "Compliance", "Worst of its orders", lambda s, row: row.derived_compliance_state),
    _verdict("approval", "Approval", "Approval of its orders", lambda s, row: row.derived_approval_state),
    _when("activity", "Last activity", "Newest change of any part", lambda s, row: row.latest_activity_date),
    _when("created", "Created", "When the block was created", lambda s, row: row.block.created_date),
)


def block_average(row: OrderGraphBlock) -> Decimal | None:
    """Give the average price of a block's fills, from the graph's executed amount and quantity."""
    executed = row.executed
    return executed.amount / executed.quantity if executed.amount and executed.quantity else None


def block_currency(snapshot: Snapshot, row: OrderGraphBlock) -> str | None:
    """Give the currency a block trades in: its own prices', else the one seen for its instrument."""
    own = _currency(row.block.limit_price) or _currency(row.block.stop_price) or _currency(row.block.amount)
    if own:
        return own
    known = snapshot.instruments.get(row.block.lusid_instrument_id)
    return known.currency if known else None


def _order_left(snapshot: Snapshot, row: Order) -> Decimal | None:
    if row.quantity is None:
        return None
    return Decimal(0) if is_cancelled(row.state) else row.quantity - snapshot.allocated_of_order(row.id)


def _notional(snapshot: Snapshot, row: Allocation | Execution) -> tuple[Decimal | None, str | None]:
    """Give what a row is worth at its price; bonds are quoted per 100 nominal."""
    amount = _amount(row.price)
    unit = snapshot.price_unit(row.lusid_instrument_id)
    value = None if amount is None or row.quantity is None else amount * row.quantity * unit
    return value, _currency(row.price)


def _size(row: Any) -> str:
    """Say how an order is sized when it is not by quantity."""
    if row.quantity is not None:
        return ""
    if row.amount is not None:
        return str(row.amount)
    weight = getattr(row, "weight", None)
    return f"{weight * 100:.2f}%" if weight is not None else ""


ORDERS: Final = (
    _id("Order", "The order's code", lambda s, row: row.id.code, width=11),
    _qty(
        "quantity",
        "Quantity",
        "Units ordered",
        lambda s, row: row.quantity,
        role=_by_side(lambda row: row.side),
    ),
    _plain("portfolio", "Portfolio", "Whose order it is", 9, lambda s, row: _code(row.portfolio_id)),
    _state(lambda s, row: row.state),
    _side(lambda row: row.side),
    _qty("allocated", "Allocated", "Units allocated to it", lambda s, row: s.allocated_of_order(row.id)),
    _qty("left", "Left", "Ordered less allocated", _order_left),
    _instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)),
    _plain("type", "Type", "Market, limit, stop", 6, lambda s, row: row.type),
    _px("limit", "Limit", "Limit price", lambda s, row: _amount(row.limit_price)),
    _plain("currency", "Ccy", "Currency", 3, lambda s, row: _currency(row.limit_price or row.price)),
    _tif(lambda row: row.time_in_force),
    _plain("size", "Other size", "Size by amount or weight", 12, lambda s, row: _size(row)),
    _plain(
        "block",
        "Block",
        "The block that holds it",
        12,
        lambda s, row: _code(s.block_of_order(row.id)),
        cut="middle",
    ),
    _verdict("compliance", "Compliance", "Compliance", lambda s, row: row.derived_compliance_state),
    _verdict("approval", "Approval", "Approval", lambda s, row: row.derived_approval_state),
    _plain("strategy", "Strategy", "Strategy property", 10, lambda s, row: _labels(row).get("Strategy")),
    _when("date", "Ordered at", "When it was ordered", lambda s, row: row.date),
)


def _open(snapshot: Snapshot, row: Placement) -> Decimal | None:
    if row.quantity is None:
        return None
    if is_cancelled(row.state):
        return Decimal(0)
    return row.quantity - snapshot.executed_of_placement(row.id)


PLACEMENTS: Final = (
    _id("Placement", "The placement's code", lambda s, row: row.id.code, width=11),
    _qty(
        "quantity",
        "Quantity",
        "Units placed",
        lambda s, row: row.quantity,
        role=_by_side(lambda row: row.side),
    ),
    _plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty),
    _state(lambda s, row: row.state),
    _side(lambda row: row.side),
    _qty("executed", "Executed", "Units filled", lambda s, row: s.executed_of_placement(row.id)),
    _qty("open", "Open", "Units still working", _open),
    _average(lambda s, row: s.average_price_of_placement(row.id)),
    _px("limit", "Limit", "Limit price", lambda s, row: _amount(row.limit_price)),
    _instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)),
    _plain("type", "Type", "Market, limit, stop", 6, lambda s, row: row.type),
    _tif(lambda row: row.time_in_force),
    _plain("system", "System", "Execution system", 8, lambda s, row: row.execution_system),
    _plain("entry", "Entry", "Entry type", 8, lambda s, row: row.entry_type),
    _plain("blocks", "Blocks", "Blocks it places", 12, lambda s, row: _codes(row.block_ids), cut="middle"),
    _plain("parent", "Parent", "Parent placement", 12, lambda s, row: _code(row.parent_placement_id)),
    _when("created", "Placed at", "When it was placed", lambda s, row: row.created_date),
)

ALLOCATIONS: Final = (
    _id("Allocation", "The allocation's code", lambda s, row: row.id.code, width=12),
    _qty(
        "quantity",
        "Quantity",
        "Units allocated",
        lambda s, row: row.quantity,
        role=_by_side(lambda row: row.side),
    ),
    _plain("portfolio", "Portfolio", "Who gets it", 9, lambda s, row: _code(row.portfolio_id)),
    _state(lambda s, row: row.state, 14),
    _side(lambda row: row.side),
    _px("price", "Price", "Price", lambda s, row: _amount(row.price)),
    _value("value", "Value", "Quantity times price, bonds per 100", _notional),
    _plain("currency", "Ccy", "Currency", 3, lambda s, row: _currency(row.price)),
    _instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)),
    _qty(
        "transactions",
        "Txn",
        "Transactions booked from it",
        lambda s, row: len(s.transactions_of_allocation(row.id)),
        total="",
        width=3,
    ),
    _plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty),
    _date("settles", "Settle", "Settlement date", lambda s, row: row.settlement_date),
    _plain("order", "Order", "Its order", 12, lambda s, row: row.allocated_order_id.code, cut="middle"),
    _plain(
        "placement", "Placement", "Placements", 12, lambda s, row: _codes(row.placement_ids), cut="middle"
    ),
    _when("date", "Allocated at", "When it was allocated", lambda s, row: row.date),
)

EXECUTIONS: Final = (
    _id("Execution", "The execution's code", lambda s, row: row.id.code),
    _side(lambda row: row.side),
    _qty(
        "quantity",
        "Quantity",
        "Units filled",
        lambda s, row: row.quantity,
        role=_by_side(lambda row: row.side),
    ),
    _px("price", "Price", "Price", lambda s, row: _amount(row.price)),
    _plain("currency", "Ccy", "Currency", 3, lambda s, row: _currency(row.price)),
    _state(lambda s, row: row.state),
    _plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty),
    _instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)),
    _value("value", "Value", "Quantity times price, bonds per 100", _notional),
    _plain("placement", "Placement", "Its placement", 12, lambda s, row: row.placement_id.code, cut="middle"),
    _date("settles", "Settle", "Settlement date", lambda s, row: row.settlement_date),
    _when("created", "Filled at", "When it was filled", lambda s, row: row.created_date),
)

TRANSACTIONS: Final = (
    _id("Transaction", "Its id in the portfolio", lambda s, row: row.transaction_id, width=22),
    _side(lambda row: row.type),
    _qty("units", "Units", "Units booked", lambda s, row: row.units, role=_by_side(lambda row: row.type)),
    _px("price", "Price", "Price", lambda s, row: row.transaction_price and row.transaction_price.price),
    _value(
        "consideration",
        "Consideration",
        "What it settles for",
        lambda s, row: (_amount(row.total_consideration), _currency(row.total_consideration)),
    ),
    _plain(
        "currency", "Ccy", "Currency", 3, lambda s, row: _currency(row.total_consideration), flexible=False
    ),
    _state(lambda s, row: row.transaction_status, 11),
    _instrument(lambda row: (row.instrument_identifiers, row.instrument_uid)),
    _plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty_id),
    _date("settles", "Settle", "Settlement date", lambda s, row: row.settlement_date),
    _plain("order", "Order", "Its order", 12, lambda s, row: _code(row.order_id), cut="middle"),
    _plain(
        "allocation",
        "Allocation",
        "Its allocation",
        16,
        lambda s, row: _code(row.allocation_id),
        cut="middle",
    ),
    _when("date", "Traded at", "Transaction date", lambda s, row: row.transaction_date),
)

COLUMNS: Final[Mapping[Family, tuple[Column, ...]]] = {
    Family.BLOCKS: BLOCKS,
    Family.ORDERS: ORDERS,
    Family.PLACEMENTS: PLACEMENTS,
    Family.ALLOCATIONS: ALLOCATIONS,
    Family.EXECUTIONS: EXECUTIONS,
    Family.TRANSACTIONS: TRANSACTIONS,
}

Row = OrderGraphBlock | Order | Placement | Allocation | Execution | Transaction
