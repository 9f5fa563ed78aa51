"""Rows for tests with usual values; a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tui.api.base import (
    CurrencyAndAmount,
    PerpetualProperty,
    PropertyValue,
    ResourceId,
    Version,
)
from tui.api.models import (
    Allocation,
    Block,
    Execution,
    Order,
    OrderGraphBlock,
    Placement,
    Transaction,
)
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Snapshot

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
AAPL = {"Instrument/default/Figi": "BBG000B9XRY4", "Instrument/default/Ticker": "AAPL"}
LUID = "LUID_0000AAPL"


def rid(code: str) -> ResourceId:
    """Return an id of the desk's scope; ``ORD_1``, as a keyword has to be written, is ORD-1."""
    return ResourceId("Desk", code.replace("_", "-"))


def usd(amount: str) -> CurrencyAndAmount:
    return CurrencyAndAmount(amount=Decimal(amount), currency="USD")


def version(number: int = 1, minutes: int = 0) -> Version:
    at = NINE + timedelta(minutes=minutes)
    return Version(as_at_modified=at, as_at_version_number=number, user_id_modified="pm.hart")


def block(code: str, *orders: str, **fields: Any) -> Block:
    given: dict[str, Any] = {
        "instrument_identifiers": AAPL,
        "lusid_instrument_id": LUID,
        "side": "Buy",
        "type": "Limit",
        "time_in_force": "Day",
        "limit_price": usd("190"),
        "created_date": NINE,
        "version": version(),
        **fields,
    }
    return Block(id=rid(code), order_ids=tuple(map(rid, orders)), **given)


def order(code: str, quantity: str = "100", portfolio: str = "GROWTH", **fields: Any) -> Order:
    given: dict[str, Any] = {
        "instrument_identifiers": AAPL,
        "lusid_instrument_id": LUID,
        "side": "Buy",
        "state": "New",
        "type": "Limit",
        "time_in_force": "Day",
        "limit_price": usd("190"),
        "date": NINE,
        "derived_compliance_state": "Passed",
        "derived_approval_state": "Approved",
        "version": version(),
        **fields,
    }
    return Order(id=rid(code), quantity=Decimal(quantity), portfolio_id=rid(portfolio), **given)


def placement(code: str, *blocks: str, quantity: str = "100", **fields: Any) -> Placement:
    given: dict[str, Any] = {
        "instrument_identifiers": AAPL,
        "lusid_instrument_id": LUID,
        "side": "Buy",
        "state": "New",
        "type": "Limit",
        "time_in_force": "Day",
        "limit_price": usd("190"),
        "created_date": NINE,
        "version": version(),
        **fields,
    }
    return Placement(id=rid(code), block_ids=tuple(map(rid, blocks)), quantity=Decimal(quantity), **given)


def execution(code: str, of: str, quantity: str = "10", price: str = "189.5", **fields: Any) -> Execution:
    given: dict[str, Any] = {
        "instrument_identifiers": AAPL,
        "lusid_instrument_id": LUID,
        "side": "Buy",
        "state": "Filled",
        "created_date": NINE,
        "version": version(),
        **fields,
    }
    return Execution(
        id=rid(code), placement_id=rid(of), quantity=Decimal(quantity), price=usd(price), **given
    )


def allocation(code: str, *, order: str, placement: str, quantity: str = "10", **fields: Any) -> Allocation:
    given: dict[str, Any] = {
        "portfolio_id": rid("GROWTH"),
        "instrument_identifiers": AAPL,
        "lusid_instrument_id": LUID,
        "side": "Buy",
        "state": "New",
        "price": usd("189.5"),
        "date": NINE,
        "version": version(),
        **fields,
    }
    return Allocation(
        id=rid(code),
        allocated_order_id=rid(order),
        placement_ids=(rid(placement),),
        quantity=Decimal(quantity),
        **given,
    )


def transaction(code: str, *, allocation: str, order: str, units: str = "10") -> Transaction:
    return Transaction(
        transaction_id=code,
        type="Buy",
        transaction_date=NINE,
        settlement_date=NINE + timedelta(days=2),
        units=Decimal(units),
        total_consideration=usd("1895"),
        allocation_id=rid(allocation),
        order_id=rid(order),
    )


def label(key: str, value: str) -> dict[str, PerpetualProperty]:
    return {key: PerpetualProperty(key=key, value=PropertyValue(label_value=value))}


def snapshot_of(
    *,
    blocks: Iterable[Block | OrderGraphBlock] = (),
    orders: Iterable[Order] = (),
    placements: Iterable[Placement] = (),
    executions: Iterable[Execution] = (),
    allocations: Iterable[Allocation] = (),
    transactions: Mapping[ResourceId, Transaction] | Iterable[Transaction] = (),
    as_at: datetime | None = None,
    home: str = "",
    read_at: datetime | None = None,
) -> Snapshot:
    """Build a complete snapshot from rows; plain blocks get totals computed from the other rows.

    Transactions not in a mapping are filed under the portfolio of their allocation, else of their
    order.
    """
    builder = SnapshotBuilder(Snapshot(as_at=as_at, home=home))
    builder.put(EntityKind.ORDERS, orders)
    builder.put(EntityKind.PLACEMENTS, placements)
    builder.put(EntityKind.EXECUTIONS, executions)
    builder.put(EntityKind.ALLOCATIONS, allocations)
    if not isinstance(transactions, Mapping):
        transactions = {builder.transaction_id(row): row for row in transactions}
    builder.put_transactions(transactions)
    builder.put_blocks(blocks)
    return builder.freeze(read_at=read_at, complete=True)
