"""Facts of the snapshot that verbs share: refs, lines for the preview, what blocks hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from tui.api.base import CurrencyAndAmount, Identifiers, ResourceId
from tui.api.currencies import HUNDREDTHS
from tui.api.models import Order, Placement
from tui.api.price_units import PER_UNIT
from tui.api.requests import PlacementRequest
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.sizing import Size
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.preview_line import Caution, PreviewLine

OTHER_CURRENCY: Final = "another currency"
"""The kind of a caution about money in another currency than the instrument's."""


def order_ref(id: ResourceId) -> Ref:
    """Return the reference to an order."""
    return Ref(EntityKind.ORDERS, id)


def block_ref(id: ResourceId) -> Ref:
    """Return the reference to a block."""
    return Ref(EntityKind.BLOCKS, id)


def placement_ref(id: ResourceId) -> Ref:
    """Return the reference to a placement."""
    return Ref(EntityKind.PLACEMENTS, id)


def block_refs(ids: Iterable[ResourceId]) -> Iterable[Ref]:
    """Return the references to blocks."""
    return (Ref(EntityKind.BLOCKS, id) for id in ids)


def blocks_of(snapshot: Snapshot, orders: Iterable[ResourceId]) -> dict[ResourceId, list[ResourceId]]:
    """Return the orders by the block that holds them."""
    found: dict[ResourceId, list[ResourceId]] = {}
    for id in orders:
        block = snapshot.block_of_order(id)
        if block is not None:
            found.setdefault(block, []).append(id)
    return found


def around(snapshot: Snapshot, ids: Iterable[ResourceId]) -> frozenset[Ref]:
    """Return placements with their children, parents and blocks."""
    found: set[Ref] = set()
    for id in ids:
        row = snapshot.placements.get(id)
        found.add(placement_ref(id))
        found.update(map(placement_ref, snapshot.children_of_placement(id)))
        if row is not None:
            found.update(block_refs(row.block_ids))
            if row.parent_placement_id is not None:
                found.add(placement_ref(row.parent_placement_id))
    return frozenset(found)


def instrument_of(snapshot: Snapshot, identifiers: Identifiers) -> Instrument | None:
    """Return the one instrument of the desk that any of ``identifiers`` names, or None."""
    for value in identifiers.values():
        found = snapshot.find_instruments(value) if value else ()
        if len(found) == 1:
            return found[0]
    return None


def instrument_name(identifiers: Identifiers) -> str:
    """Return the name of an instrument the desk does not know: the first of its identifiers."""
    return next((value for value in identifiers.values() if value), "an instrument without a name")


def priced(
    ref: Ref,
    side: str,
    quantity: Decimal | None,
    known: Instrument | None,
    *,
    limit: CurrencyAndAmount | None = None,
    stop: CurrencyAndAmount | None = None,
    price: CurrencyAndAmount | None = None,
    amount: CurrencyAndAmount | None = None,
    portfolio: ResourceId | None = None,
    identifiers: Identifiers | None = None,
) -> PreviewLine:
    """Return a line at its limit, else its indicative price, the last price seen of ``known``, or its stop.

    An instrument that is not known is called by its ``identifiers``.
    """
    at, last = limit or price, known.last if known else None
    if at is None and last is None:
        at = stop
    money = amount or at
    return PreviewLine(
        ref=ref,
        side=side,
        quantity=quantity,
        price=at.amount if at else last.price if last else None,
        currency=(money.currency if money else None) or (known.currency if known else ""),
        instrument=known.luid if known else instrument_name(identifiers) if identifiers else "",
        portfolio=portfolio,
        amount=amount.amount if amount else None,
        limit=limit.amount if limit else None,
        stop=stop,
        price_unit=known.price_unit if known else PER_UNIT,
    )


def order_line(snapshot: Snapshot, order: Order) -> PreviewLine:
    """Return an order as a line."""
    return priced(
        order_ref(order.id),
        order.side,
        order.quantity,
        snapshot.instruments.get(order.lusid_instrument_id),
        limit=order.limit_price,
        stop=order.stop_price,
        price=order.price,
        amount=order.amount,
        portfolio=order.portfolio_id,
    )


def order_lines(snapshot: Snapshot, ids: Iterable[ResourceId]) -> tuple[PreviewLine, ...]:
    """Return the orders the desk has as lines."""
    return tuple(order_line(snapshot, snapshot.orders[id]) for id in ids if id in snapshot.orders)


def placement_request_line(snapshot: Snapshot, request: PlacementRequest) -> PreviewLine:
    """Return a placement that is asked for as a line."""
    return priced(
        placement_ref(request.id),
        request.side,
        request.quantity,
        instrument_of(snapshot, request.instrument_identifiers),
        limit=request.limit_price,
        stop=request.stop_price,
        amount=request.amount,
        identifiers=request.instrument_identifiers,
    )


def placement_line(snapshot: Snapshot, row: Placement, size: Size) -> PreviewLine:
    """Return so much of a placement as a line, in units or in money."""
    return priced(
        placement_ref(row.id),
        row.side,
        None if size.currency else size.value,
        snapshot.instruments.get(row.lusid_instrument_id),
        limit=row.limit_price,
        stop=row.stop_price,
        amount=CurrencyAndAmount(amount=size.value, currency=size.currency) if size.currency else None,
    )


def outside(ids: Iterable[ResourceId | None], scope: str) -> str:
    """Return the portfolios outside ``scope``, the orders' own, in words; empty when there are none."""
    foreign = dict.fromkeys(str(id) for id in ids if id is not None and id.scope != scope)
    return f"For {', '.join(foreign)}, outside {scope}" if foreign else ""


def price_in_another_currency(noun: str, price: CurrencyAndAmount, known: Instrument) -> Iterator[Caution]:
    """Yield that a price is in another currency than its instrument's; hundredths are said in whole units."""
    if price.currency in (None, "", known.currency) or not known.currency or price.amount is None:
        return
    said = f"{noun} {price.amount:f} {price.currency}"
    if HUNDREDTHS.get(price.currency or "") == known.currency:
        said += f", which is {price.amount / 100:f} {known.currency}"
    yield Caution(OTHER_CURRENCY, f"{known.label}: {said}; it trades in {known.currency}")
