"""The columns of the pane of blocks. To add one, add one line."""

from __future__ import annotations

from typing import Final

from tui.api.placing_states import APPROVAL, COMPLIANCE
from tui.columns.column import Column
from tui.columns.factories import (
    age,
    id_column,
    lifecycle_size,
    order_type,
    plain,
    quantity,
    quantity_text,
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
    arrival,
    block_average,
    block_currency,
    block_role,
    filled_percent,
    life_cycle_text,
    made_while_live,
    share_of_volume,
    sized_in,
    slippage,
    trader,
)
from tui.columns.verdict_columns import verdict, verdict_marks
from tui.service.snapshot.compliance_states import compliance_of_block, held_by_rules
from tui.service.snapshot.sizing import (
    block_allocated,
    block_asked,
    block_booked,
    block_executed,
    block_placed,
    block_unplaced,
)
from tui.service.snapshot.snapshot import EntityKind
from tui.service.snapshot.worth import left_of_block, worth_of_block

BLOCKS: Final = (
    id_column("Block", "The block's code", lambda s, row: s.name_of(EntityKind.BLOCKS, row.block.id)).ranked(
        1
    ),
    side(lambda row: row.block.side).ranked(1),
    instrument(lambda row: (row.block.instrument_identifiers, row.block.lusid_instrument_id)).ranked(1),
    sized(
        "ordered",
        "Ordered",
        "What its orders ask for, cancelled ones only where all are: units, or money with its currency",
        block_asked,
        of=lambda row: row.block,
        role=role_by_side(lambda row: row.block.side),
    ).ranked(1),
    Column(
        "bar",
        "Life cycle",
        "Parts of ordered: █ booked, ▓ allocated, ▒ filled, ░ placed, + too much; as letters B A F P",
        filled_percent,
        quantity_text,
        10,
        role=block_role,
        drawn=life_cycle_text,
    ).ranked(2),
    state(lambda s, row: row.derived_state).ranked(1),
    instrument_name(lambda row: row.block.lusid_instrument_id).ranked(5),
    order_type().ranked(7),
    price_of("limit", "Limit", "Limit price", lambda s, row: row.block.limit_price).ranked(4),
    plain("currency", "Ccy", "Its currency", 3, lambda s, row: block_currency(s, row), flexible=False).ranked(
        6
    ),
    time_in_force(lambda row: row.block.time_in_force).ranked(7),
    sized("unplaced", "Unplaced", "Ordered less placed", block_unplaced, of=lambda row: row.block).ranked(6),
    lifecycle_size("placed", "Placed", "At the market", lambda s, row: block_placed(row)).ranked(8),
    lifecycle_size("executed", "Executed", "Filled", block_executed).ranked(3),
    lifecycle_size("allocated", "Allocated", "Given to portfolios", block_allocated),
    lifecycle_size("booked", "Booked", "Booked as transactions", block_booked),
    percent("done", "% done", "Filled, in per cent of ordered", filled_percent).ranked(6),
    notional(
        "Notional",
        "What its live orders ask for, at the limit, else at the last price",
        worth_of_block,
    ).ranked(6),
    notional("Open", "What is not filled yet, at the same price", left_of_block, "open_value"),
    percent(
        "adv",
        "% ADV",
        "Ordered, in per cent of the average daily volume that the block tells",
        share_of_volume,
    ).ranked(7),
    price_of("arrival", "Arrival", "The price that its orders carry from when they were made", arrival),
    basis_points("slippage", "Slip bp", "Average against arrival: plus costs, minus saves", slippage).ranked(
        6
    ),
    average_price(lambda s, row: block_average(s, row), lambda s, row: block_currency(s, row)).ranked(3),
    last_price().ranked(5),
    last_origin().ranked(8),
    quantity(
        "orders", "Ord", "How many orders", lambda s, row: len(row.block.order_ids), total="", width=3
    ).ranked(8),
    verdict(
        "compliance",
        "Compliance",
        "Worst of its orders, by the engine of the profile: v2, legacy or off",
        COMPLIANCE,
        lambda s, row: compliance_of_block(s, row) or None,
    ).ranked(2),
    verdict(
        "approval", "Approval", "Approval of its orders", APPROVAL, lambda s, row: row.derived_approval_state
    ).ranked(4),
    verdict_marks(compliance_of_block, lambda s, row: row.derived_approval_state).ranked(2),
    timestamp_column(
        "activity", "Last activity", "Newest change of any part", lambda s, row: row.latest_activity_date
    ).ranked(8),
    plain("trader", "Trader", "Who trades it: as its properties say, else who made it", 10, trader).ranked(7),
    age(made_while_live).ranked(6),
    plain("basis", "Sized in", "Units or a currency", 8, lambda s, row: sized_in(row.block)),
    timestamp_column(
        "created", "Created", "When the block was created", lambda s, row: row.block.created_date
    ),
    plain(
        "rules",
        "Rules not passed",
        "Compliance rules that its orders did not pass, and whether they are the cause",
        24,
        lambda s, row: held_by_rules(s, row) or None,
        flexible=True,
    ),
)
