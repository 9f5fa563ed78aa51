"""The panes of the desk, and the columns of each.

To add a column, add one line to its pane's tuple. To add a pane, add its row to ``PANES``: bindings, help,
layout, tabs, footer and README are made from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from tui.api.placing_states import APPROVAL, COMPLIANCE
from tui.columns.column import Column, Getter
from tui.columns.factories import (
    age,
    average_price,
    basis_points,
    calendar_day,
    currency,
    entry_type,
    id_column,
    instrument,
    instrument_name,
    labels,
    last_origin,
    last_price,
    lifecycle_size,
    name,
    names,
    notional,
    order_type,
    percent,
    plain,
    price_of,
    quantity,
    quantity_text,
    role_by_side,
    side,
    sized,
    state,
    time_in_force,
    timestamp_column,
    value_of,
)
from tui.columns.row_values import (
    arrival,
    block_average,
    block_currency,
    block_role,
    created_at,
    fill_currency,
    filled_percent,
    last_active,
    life_cycle_text,
    made_while_live,
    order_done,
    order_left,
    placement_done,
    placement_slippage,
    portfolio_code,
    portfolio_name,
    share_of_volume,
    sized_in,
    slippage,
    trader,
    transaction_price,
)
from tui.columns.unknown import UNKNOWN, with_unknown
from tui.columns.verdict_columns import verdict, verdict_marks
from tui.service.exceptions.broker_words import broker_words
from tui.service.snapshot.compliance_states import (
    approval_of_order,
    compliance_of_block,
    compliance_of_order,
    detail_of,
    held_by_rules,
)
from tui.service.snapshot.sizing import (
    allocated_size,
    block_allocated,
    block_asked,
    block_booked,
    block_executed,
    block_placed,
    block_unplaced,
    executed_size,
    is_over_allocated,
    open_size,
    size_of,
)
from tui.service.snapshot.snapshot import EntityKind
from tui.service.snapshot.worth import (
    consideration,
    left_of_block,
    left_of_placement,
    worth_at_price,
    worth_of_block,
    worth_of_order,
    worth_of_placement,
)

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


ORDERS: Final = (
    id_column("Order", "The order's code", lambda s, row: s.name_of(EntityKind.ORDERS, row.id)).ranked(1),
    sized(
        "quantity",
        "Quantity",
        "What is ordered: units, or money with its currency",
        lambda s, row: size_of(row),
        role=role_by_side(lambda row: row.side),
    ).ranked(1),
    plain("portfolio", "Portfolio", "Whose order it is", 12, portfolio_code, cut="middle").ranked(1),
    state(lambda s, row: row.state).ranked(1),
    side(lambda row: row.side).ranked(4),
    sized("allocated", "Allocated", "What is allocated to it", allocated_size).ranked(4),
    sized("left", "Left", "Ordered less allocated", order_left).ranked(2),
    instrument(lambda row: (row.instrument_identifiers, row.lusid_instrument_id)).ranked(4),
    instrument_name(lambda row: row.lusid_instrument_id),
    plain("fund", "Portfolio name", "The portfolio's display name", 16, portfolio_name, flexible=True),
    order_type().ranked(6),
    percent("done", "% done", "Allocated, in per cent of ordered", order_done).ranked(5),
    notional("Notional", "At its limit or own price, else at the last one", worth_of_order).ranked(6),
    percent("adv", "% ADV", "In per cent of the average daily volume that the block tells", share_of_volume),
    price_of("limit", "Limit", "Limit price", lambda s, row: row.limit_price).ranked(3),
    plain(
        "currency", "Ccy", "Currency", 3, lambda s, row: currency(row.limit_price or row.price or row.amount)
    ),
    last_price().ranked(6),
    last_origin(),
    time_in_force(lambda row: row.time_in_force).ranked(7),
    plain(
        "block",
        "Block",
        "The block that holds it; ? where one may that is not on this desk",
        12,
        lambda s, row: (
            UNKNOWN if row.id in s.maybe_blocked else name(s, EntityKind.BLOCKS, s.block_of_order(row.id))
        ),
        cut="middle",
    ),
    verdict(
        "compliance",
        "Compliance",
        "By the engine of the profile: v2, legacy or off",
        COMPLIANCE,
        lambda s, row: compliance_of_order(s, row, detail_of(s, row)) or None,
    ).ranked(5),
    verdict(
        "approval",
        "Approval",
        "Approval",
        APPROVAL,
        lambda s, row: approval_of_order(row, detail_of(s, row)) or None,
    ).ranked(5),
    plain("strategy", "Strategy", "Strategy property", 10, lambda s, row: labels(row).get("Strategy")),
    plain("trader", "Trader", "Who trades it: as its properties say, else who made it", 10, trader).ranked(7),
    age(made_while_live).ranked(7),
    plain("basis", "Sized in", "Units, a currency or a weight", 8, lambda s, row: sized_in(row)),
    timestamp_column("date", "Time", "When it was ordered", lambda s, row: row.date).ranked(2),
    plain(
        "rules",
        "Rules not passed",
        "Compliance rules that it did not pass, and whether they are the cause",
        24,
        lambda s, row: held_by_rules(s, row) or None,
        flexible=True,
    ),
)


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
    sized("open", "Left", "What may still be filled; nothing of one that is cancelled", open_size).ranked(3),
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

Place = Literal["top", "left", "middle", "right"]
"""The position of a pane: over the full width, or in the row beneath. Panes of one place take turns there."""


class PaneSpec(Struct, frozen=True):
    """One pane: its kind of rows, the key that goes to it, its place and its columns.

    ``empty_words`` are shown while it has no rows; an action's id in braces stands for that action's key.
    ``newest`` returns when a row was last active, or made: the newest stand on top until the reader sorts.
    """

    kind: EntityKind
    key: str
    place: Place
    columns: tuple[Column, ...]
    empty_words: str
    newest: Getter = lambda snapshot, row: None

    @property
    def title(self) -> str:
        """The pane's name."""
        return self.kind.value.title()

    @property
    def name(self) -> str:
        """The pane's name behind its key: the id of the action that goes to it, in braces."""
        return f"{{{self.kind.value}}} {self.title}"


PANES: Final = (
    PaneSpec(
        EntityKind.BLOCKS,
        "1",
        "top",
        BLOCKS,
        "No blocks. Press {new} for the first order, {browse} for older ones.",
        last_active,
    ),
    PaneSpec(EntityKind.ORDERS, "2", "left", ORDERS, "No orders here.", lambda s, row: row.date),
    PaneSpec(
        EntityKind.PLACEMENTS,
        "3",
        "middle",
        PLACEMENTS,
        "Nothing placed here. Press {place} on a block.",
        created_at,
    ),
    PaneSpec(
        EntityKind.ALLOCATIONS,
        "4",
        "right",
        ALLOCATIONS,
        "Nothing allocated. Press {allocate} when there are fills.",
        lambda s, row: row.date,
    ),
    PaneSpec(EntityKind.EXECUTIONS, "5", "right", EXECUTIONS, "No fills here.", created_at),
    PaneSpec(
        EntityKind.TRANSACTIONS,
        "6",
        "right",
        TRANSACTIONS,
        "Nothing booked here. Press {book} on allocations.",
        lambda s, row: row.transaction_date,
    ),
)
"""All panes in their order; of those that take turns, the first is shown first."""

COLUMNS: Final[Mapping[EntityKind, tuple[Column, ...]]] = {
    spec.kind: with_unknown(spec.kind, spec.columns) for spec in PANES
}
