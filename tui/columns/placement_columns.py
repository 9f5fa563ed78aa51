"""The columns of the pane of placements. To add one, add one line."""

from __future__ import annotations

from typing import Final

from tui.columns.factories import (
    age,
    entry_type,
    id_column,
    name,
    names,
    order_type,
    plain,
    quantity,
    role_by_side,
    side,
    sized,
    state,
    time_in_force,
    timestamp_column,
)
from tui.columns.instrument_columns import instrument, instrument_name, last_origin, last_price
from tui.columns.price_columns import average_price, basis_points, notional, percent, price_of
from tui.columns.row_values import (
    fill_currency,
    made_while_live,
    placement_done,
    placement_slippage,
    sized_in,
    trader,
)
from tui.service.exceptions.broker_words import broker_words
from tui.service.snapshot.sizing import executed_size, is_over_allocated, left_size, size_of
from tui.service.snapshot.snapshot import EntityKind
from tui.service.snapshot.worth import left_of_placement, worth_of_placement

PLACEMENTS: Final = (
    id_column(
        "Placement", "The placement's code", lambda s, row: s.name_of(EntityKind.PLACEMENTS, row.id)
    ).ranked(1),
    sized(
        "quantity",
        "Quantity",
        "What is placed: units, or money with its currency",
        lambda s, row: size_of(row),
        role=role_by_side(lambda row: row.side),
    ).ranked(1),
    plain("counterparty", "Broker", "Counterparty", 6, lambda s, row: row.counterparty).ranked(1),
    state(lambda s, row: row.state).ranked(1),
    side(lambda row: row.side).ranked(5),
    sized("executed", "Executed", "What is filled", executed_size).ranked(2),
    sized(
        "open",
        "Left",
        "What may still be filled: nothing once cancelled, rejected or expired",
        left_size,
    ).ranked(3),
    quantity(
        "allocated",
        "Allocated",
        "Units given to portfolios; more than its fills have cannot be booked",
        lambda s, row: s.allocated_of_placement(row.id),
        role=lambda s, row: "bad" if is_over_allocated(s, row) else "",
    ).ranked(6),
    percent("done", "% done", "Filled, in per cent of placed", placement_done).ranked(5),
    notional("Notional", "At its limit, else at the last price", worth_of_placement).ranked(6),
    notional("Open", "What may still be filled, at the same price", left_of_placement, "open_value"),
    basis_points(
        "slippage", "Slip bp", "Average against arrival: plus costs, minus saves", placement_slippage
    ).ranked(6),
    average_price(lambda s, row: s.average_price_of_placement(row.id), fill_currency).ranked(2),
    last_price(),
    last_origin(),
    price_of("limit", "Limit", "Limit price", lambda s, row: row.limit_price).ranked(4),
    instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)).ranked(5),
    instrument_name(lambda row: row.lusid_instrument_id),
    order_type().ranked(7),
    time_in_force(lambda row: row.time_in_force).ranked(7),
    plain("system", "System", "Execution system", 8, lambda s, row: row.execution_system),
    entry_type(),
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
        cut="middle",
    ),
    plain(
        "reason",
        "Broker says",
        "What the broker says of a rejection or a halt",
        24,
        lambda s, row: broker_words(row),
        flexible=True,
    ).ranked(6),
    plain("trader", "Trader", "Who trades it: as its properties say, else who made it", 10, trader).ranked(7),
    age(made_while_live).ranked(7),
    plain("basis", "Sized in", "Units or a currency", 8, lambda s, row: sized_in(row)),
    timestamp_column("created", "Time", "When it was placed", lambda s, row: row.created_date).ranked(2),
)
