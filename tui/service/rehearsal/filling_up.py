"""What is tried after the rehearsal of a placing, to tell whose it will be: a fill of all, and its shares."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Final

from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.models import Placement
from tui.api.requests import ExecutionRequest
from tui.service.snapshot.sizing import is_by_amount
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import Allocate, PlaceBlocks, RecordFills

MOST_PLACEMENTS: Final = 20
"""Placements that are filled to tell the shares; of more the preview tells the sums."""
_PRICE: Final = Decimal(1)
"""The price where nobody knows one: shares in units do not depend on it."""


def filling_up(verb: PlaceBlocks, placed: Snapshot) -> tuple[RecordFills, Allocate] | None:
    """Return the fill of all that was ``placed``, and its allocation; None where that cannot be tried."""
    rows = [placed.placements.get(ref.id) for ref in verb.refs]
    if not 0 < len(rows) <= MOST_PLACEMENTS:
        return None
    fills = [fill for row in rows if row is not None and (fill := _filled(row, placed)) is not None]
    if len(fills) < len(rows):
        return None
    return RecordFills(tuple(fills)), Allocate(tuple(fill.placement_id for fill in fills))


def _filled(row: Placement, placed: Snapshot) -> ExecutionRequest | None:
    known = placed.instruments.get(row.lusid_instrument_id)
    last = known.last.price if known and known.last else None
    price = row.limit_price.amount if row.limit_price and row.limit_price.amount else last
    currency = (row.limit_price and row.limit_price.currency) or (known.currency if known else "")
    quantity = row.quantity
    if is_by_amount(row) and row.amount is not None and row.amount.amount is not None and price:
        worth = abs(price) * placed.price_unit(row.lusid_instrument_id)
        quantity = (row.amount.amount / worth).to_integral_value(ROUND_DOWN)
        currency = row.amount.currency or currency
    if not quantity or row.created_date is None:
        return None
    return ExecutionRequest(
        id=ResourceId(row.id.scope, f"{row.id.code}-ALL"),
        placement_id=row.id,
        properties={},
        instrument_identifiers=row.instrument_identifiers,
        quantity=quantity,
        state="Filled",
        side=row.side,
        type=row.type or "Market",
        created_date=row.created_date,
        price=CurrencyAndAmount(amount=price or _PRICE, currency=currency or "XXX"),
        settlement_currency=currency or "XXX",
        settlement_currency_fx_rate=Decimal(1),
        counterparty=row.counterparty or "-",
    )
