"""The columns of what comes of placements: executions, allocations, transactions. To add one, add a line."""

from __future__ import annotations

from typing import Final

from tui.columns.factories import (
    calendar_day,
    currency,
    id_column,
    name,
    names,
    plain,
    quantity,
    role_by_side,
    side,
    state,
    timestamp_column,
)
from tui.columns.instrument_columns import instrument, instrument_name
from tui.columns.price_columns import price_of, value_of
from tui.columns.row_values import portfolio_code, portfolio_name, transaction_price
from tui.service.snapshot.snapshot import EntityKind
from tui.service.snapshot.worth import consideration, worth_at_price

ALLOCATIONS: Final = (
    id_column(
        "Allocation",
        "The allocation's code",
        lambda s, row: s.name_of(EntityKind.ALLOCATIONS, row.id),
    ).ranked(1),
    quantity(
        "quantity",
        "Quantity",
        "Units allocated",
        lambda s, row: row.quantity,
        role=role_by_side(lambda row: row.side),
    ).ranked(1),
    plain("portfolio", "Portfolio", "Who gets it", 12, portfolio_code, cut="middle").ranked(1),
    state(lambda s, row: row.state).ranked(1),
    side(lambda row: row.side).ranked(4),
    price_of("price", "Price", "Price", lambda s, row: row.price).ranked(2),
    value_of("value", "Value", "Quantity times price, bonds per 100", worth_at_price).ranked(3),
    plain("currency", "Ccy", "Currency", 3, lambda s, row: currency(row.price)).ranked(3),
    instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)).ranked(5),
    instrument_name(lambda row: row.lusid_instrument_id),
    plain("fund", "Portfolio name", "The portfolio's display name", 16, portfolio_name, flexible=True),
    quantity(
        "transactions",
        "Txn",
        "Transactions booked from it",
        lambda s, row: len(s.transactions_of_allocation(row.id)),
        total="",
        width=3,
    ).ranked(5),
    plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty).ranked(6),
    calendar_day("settles", "Settle", "Settlement date", lambda s, row: row.settlement_date).ranked(4),
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
    timestamp_column("date", "Time", "When it was allocated", lambda s, row: row.date).ranked(3),
)

EXECUTIONS: Final = (
    id_column(
        "Execution", "The execution's code", lambda s, row: s.name_of(EntityKind.EXECUTIONS, row.id)
    ).ranked(1),
    side(lambda row: row.side).ranked(2),
    quantity(
        "quantity",
        "Quantity",
        "Units filled",
        lambda s, row: row.quantity,
        role=role_by_side(lambda row: row.side),
    ).ranked(1),
    price_of("price", "Price", "Price", lambda s, row: row.price).ranked(1),
    plain("currency", "Ccy", "Currency", 3, lambda s, row: currency(row.price)).ranked(3),
    state(lambda s, row: row.state).ranked(3),
    plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty).ranked(2),
    instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)).ranked(3),
    instrument_name(lambda row: row.lusid_instrument_id),
    value_of("value", "Value", "Quantity times price, bonds per 100", worth_at_price).ranked(4),
    plain(
        "placement",
        "Placement",
        "Its placement",
        12,
        lambda s, row: s.name_of(EntityKind.PLACEMENTS, row.placement_id),
        cut="middle",
    ),
    calendar_day("settles", "Settle", "Settlement date", lambda s, row: row.settlement_date).ranked(5),
    timestamp_column("created", "Time", "When it was filled", lambda s, row: row.created_date).ranked(2),
)


TRANSACTIONS: Final = (
    id_column("Transaction", "Its id in the portfolio", lambda s, row: row.transaction_id, width=12).ranked(
        1
    ),
    side(lambda row: row.type).ranked(2),
    quantity(
        "units", "Units", "Units booked", lambda s, row: row.units, role=role_by_side(lambda row: row.type)
    ).ranked(1),
    price_of("price", "Price", "Price", lambda s, row: transaction_price(row)).ranked(1),
    value_of(
        "consideration",
        "Consideration",
        "What it settles for",
        consideration,
    ).ranked(2),
    plain(
        "currency", "Ccy", "Currency", 3, lambda s, row: currency(row.total_consideration), flexible=False
    ).ranked(2),
    state(lambda s, row: row.transaction_status).ranked(2),
    instrument(lambda row: (row.instrument_identifiers, row.instrument_uid)).ranked(3),
    instrument_name(lambda row: row.instrument_uid),
    plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty_id).ranked(5),
    calendar_day("settles", "Settle", "Settlement date", lambda s, row: row.settlement_date).ranked(3),
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
    timestamp_column("date", "Time", "Transaction date", lambda s, row: row.transaction_date).ranked(3),
)
