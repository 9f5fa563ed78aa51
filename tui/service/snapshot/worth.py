"""What rows are worth in money: at their own price, else at the last price of their instrument.

The last price of an instrument, and whether it is quoted per unit or per 100 nominal, change without the
rows. They are applied when a worth is looked at: sums of many rows need not be made again with every quote.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple

from tui.api.base import ZERO, CurrencyAndAmount
from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.api.states import is_cancelled
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.sizing import (
    UNNAMED,
    Size,
    block_executed,
    block_ordered,
    left_size,
    size_of,
)
from tui.service.snapshot.snapshot import Snapshot


class Worth(NamedTuple):
    """What something is worth, None where it is not known.

    ``value`` is money of ``currency``; with a ``luid`` it is units times a price of that instrument, and
    without a currency units that have no price of their own.
    """

    value: Decimal | None
    currency: str = ""
    luid: str = ""


NOT_KNOWN: Final = Worth(None)
NOTHING: Final = Worth(ZERO)


def worth_of_size(snapshot: Snapshot, row: Any, size: Size) -> Worth:
    """Return what ``size`` of a row is worth; a price below zero counts as one above."""
    if size.value is None:
        return NOT_KNOWN
    if not size.value:
        return NOTHING
    if size.currency:
        return Worth(size.value, size.currency)
    terms = row.block if isinstance(row, OrderGraphBlock) else row
    own: CurrencyAndAmount | None = getattr(terms, "limit_price", None) or getattr(terms, "price", None)
    if own is None or own.amount is None:
        return Worth(size.value, "", luid_of(row))
    return Worth(size.value * abs(own.amount), own.currency or UNNAMED, luid_of(row))


def priced(snapshot: Snapshot, worth: Worth) -> Worth:
    """Return a worth as money, by what is known of its instrument now."""
    if not worth.luid or worth.value is None:
        return worth
    if worth.currency:
        return Worth(worth.value * snapshot.price_unit(worth.luid), worth.currency)
    known = snapshot.instruments.get(worth.luid)
    last = known.last if known is not None else None
    if known is None or last is None:
        return NOT_KNOWN
    return Worth(worth.value * abs(last.price) * known.price_unit, last.currency)


def worth_of_block(snapshot: Snapshot, row: OrderGraphBlock) -> Worth:
    """Return what the live orders of a block ask for."""
    return worth_of_size(snapshot, row, block_ordered(snapshot, row))


def left_of_block(snapshot: Snapshot, row: OrderGraphBlock) -> Worth:
    """Return what of a block is not filled yet; what is filled too much leaves nothing."""
    left = block_ordered(snapshot, row).less(block_executed(snapshot, row))
    return NOTHING if left.value is not None and left.value < 0 else worth_of_size(snapshot, row, left)


def worth_of_order(snapshot: Snapshot, row: Order) -> Worth:
    """Return what an order asks for; nothing, once it is cancelled."""
    return NOTHING if is_cancelled(row.state) else worth_of_size(snapshot, row, size_of(row))


def worth_of_placement(snapshot: Snapshot, row: Placement) -> Worth:
    """Return what is placed; nothing, once it is cancelled."""
    return NOTHING if is_cancelled(row.state) else worth_of_size(snapshot, row, size_of(row))


def left_of_placement(snapshot: Snapshot, row: Placement) -> Worth:
    """Return what of a placement may still be filled."""
    return worth_of_size(snapshot, row, left_size(snapshot, row))


def worth_at_price(snapshot: Snapshot, row: Allocation | Execution) -> Worth:
    """Return what a fill or a share of it is worth at its own price; bonds are quoted per 100 nominal."""
    quoted = row.price.amount if row.price else None
    if quoted is None or row.quantity is None:
        return NOT_KNOWN
    currency = (row.price.currency if row.price else None) or UNNAMED
    return Worth(quoted * row.quantity, currency, row.lusid_instrument_id)


def consideration(snapshot: Snapshot, row: Transaction) -> Worth:
    """Return what a transaction settles for."""
    return Worth(row.total_consideration.amount, row.total_consideration.currency or "")
