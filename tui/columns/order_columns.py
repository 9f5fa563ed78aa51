"""The columns of the pane of orders. To add one, add one line."""

from __future__ import annotations

from typing import Final

from tui.api.placing_states import APPROVAL, COMPLIANCE
from tui.columns.factories import (
    age,
    currency,
    id_column,
    labels,
    name,
    order_type,
    plain,
    role_by_side,
    side,
    sized,
    state,
    time_in_force,
    timestamp_column,
)
from tui.columns.instrument_columns import instrument, instrument_name, last_origin, last_price
from tui.columns.price_columns import notional, percent, price_of
from tui.columns.row_values import (
    made_while_live,
    order_done,
    portfolio_code,
    portfolio_name,
    share_of_volume,
    sized_in,
    trader,
)
from tui.columns.unknown import UNKNOWN
from tui.columns.verdict_columns import verdict
from tui.service.snapshot.compliance_states import (
    approval_of_order,
    compliance_of_order,
    detail_of,
    held_by_rules,
)
from tui.service.snapshot.sizing import allocated_size, order_left, size_of
from tui.service.snapshot.snapshot import EntityKind
from tui.service.snapshot.worth import worth_of_order

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
