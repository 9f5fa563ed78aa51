"""Sizes of rows: units, or money where an order, block or placement is sized by an amount.

A row with an amount and no quantity is sized by amount (basis ``Amount``). All of its life cycle is then
money too: what is placed, executed, allocated and booked of it, and what is left. Executed money is units
times price, of bonds per 100 nominal.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from tui.api.base import ZERO, CurrencyAndAmount
from tui.api.life_cycle import exceeds, signed_units
from tui.api.models import Order, OrderGraphBlock, Placement
from tui.api.states import is_cancelled
from tui.service.numbers import counted, size_text
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.state_words import is_over

UNNAMED: Final = "?"
"""Stands for the currency of an amount that was read without one: it is money all the same."""


class SizedRow(Protocol):
    """Something that has a size: an order, block or placement, or a request for one."""

    @property
    def quantity(self) -> Decimal | None: ...
    @property
    def amount(self) -> CurrencyAndAmount | None: ...


class Size(NamedTuple):
    """A size: units, or money where there is a currency; ``value`` is None where it is not known."""

    value: Decimal | None
    currency: str = ""

    def __str__(self) -> str:
        return size_text(self.value, self.currency)

    @property
    def words(self) -> str:
        """The size with its measure: ``1,000 units``, ``1 unit``, ``50,000 USD``."""
        return str(self) if self.currency or self.value is None else counted(self.value, "unit")

    def less(self, other: Size) -> Size:
        """Return what is left of this size without another one of its measure."""
        known = self.value is not None and other.value is not None
        return Size((self.value or ZERO) - (other.value or ZERO) if known else None, self.currency)


def is_by_amount(row: SizedRow) -> bool:
    """Return whether a row is sized by an amount of money."""
    return row.quantity is None and row.amount is not None


def currency_of_size(row: SizedRow) -> str:
    """Return the currency a row is sized in; empty where it is sized in units."""
    if row.quantity is not None or row.amount is None:
        return ""
    return row.amount.currency or UNNAMED


def size_of(row: SizedRow) -> Size:
    """Return the size of an order, block or placement; of an order sized by weight it is not known."""
    if row.quantity is None and row.amount is not None:
        return Size(row.amount.amount, row.amount.currency or UNNAMED)
    return Size(row.quantity)


def block_ordered(snapshot: Snapshot, graph: OrderGraphBlock) -> Size:
    """Return what a block is about: what its orders ask for, else its own size (unsolicited, C6).

    It is not known where orders ask for a weight of their portfolio only.
    """
    own = size_of(graph.block)
    if not graph.block.order_ids:
        return own
    if own.currency:
        return Size(graph.ordered.amount, own.currency)
    if not graph.ordered.quantity and _is_by_weight(snapshot, graph):
        return Size(None)
    return Size(graph.ordered.quantity)


def block_asked(snapshot: Snapshot, graph: OrderGraphBlock) -> Size:
    """Return what a block is about, or was: where all its orders are cancelled, what they asked for (G1)."""
    size = block_ordered(snapshot, graph)
    if size.value or not is_cancelled(graph.derived_state):
        return size
    told = graph.ordered.amount_by_state if size.currency else graph.ordered.quantity_by_state
    parts = [part for state, part in (told or {}).items() if is_cancelled(state)]
    if not parts:
        orders = (snapshot.orders[id] for id in snapshot.orders_of_block(graph.block.id))
        parts = [part for order in orders if (part := size_of(order).value) is not None]
    return Size(sum(parts, ZERO), size.currency) if parts else size


def _is_by_weight(snapshot: Snapshot, graph: OrderGraphBlock) -> bool:
    orders = (snapshot.orders[id] for id in snapshot.orders_of_block(graph.block.id))
    return any(row.weight and row.quantity is None and not is_cancelled(row.state) for row in orders)


def block_placed(graph: OrderGraphBlock) -> Size:
    """Return what of a block is placed; nothing is zero."""
    currency = currency_of_size(graph.block)
    if currency:
        return Size(graph.placed.amount or ZERO, currency)
    return Size(graph.placed.quantity or ZERO)


def block_unplaced(snapshot: Snapshot, graph: OrderGraphBlock) -> Size:
    """Return what of a block is left to place."""
    return block_ordered(snapshot, graph).less(block_placed(graph))


def block_executed(snapshot: Snapshot, graph: OrderGraphBlock) -> Size:
    """Return what of a block is filled (G3: the graph's amount is units times price, for bonds too)."""
    currency, executed = currency_of_size(graph.block), graph.executed
    if not currency:
        return Size(executed.quantity)
    if executed.amount is None:
        return Size(None if executed.quantity else ZERO, currency)
    return Size(abs(executed.amount) * snapshot.price_unit(graph.block.lusid_instrument_id), currency)


def block_allocated(snapshot: Snapshot, graph: OrderGraphBlock) -> Size:
    """Return what of a block is given to portfolios; money at the prices of the allocations."""
    currency = currency_of_size(graph.block)
    if not currency:
        return Size(graph.allocated.quantity)
    found = (snapshot.allocations.get(detail.id) for detail in graph.allocated.details)
    rows = [row for row in found if row is not None]
    if len(rows) < len(graph.allocated.details):
        return Size(None, currency)
    unit, side = snapshot.price_unit(graph.block.lusid_instrument_id), graph.block.side
    worths = (
        worth_of(signed_units(side, row.side, row.quantity), row.price.amount if row.price else None, unit)
        for row in rows
    )
    return Size(_sum_of_known(worths), currency)


def block_booked(snapshot: Snapshot, graph: OrderGraphBlock) -> Size:
    """Return what of a block is booked; money in its own currency, whatever the booking settles in."""
    currency = currency_of_size(graph.block)
    if not currency:
        return Size(graph.booked.quantity)
    if not graph.booked.details:
        return Size(ZERO, currency)
    unit, side = snapshot.price_unit(graph.block.lusid_instrument_id), graph.block.side
    booked = (
        snapshot.transactions[id]
        for detail in graph.allocated.details
        for id in snapshot.transactions_of_allocation(detail.id)
    )
    rows = [row for row in booked if not is_cancelled(row.transaction_status)]
    if not rows:
        return Size(graph.booked.amount, currency)
    worths = (
        worth_of(
            signed_units(side, row.type, row.units),
            row.transaction_price.price if row.transaction_price else None,
            unit,
        )
        for row in rows
    )
    return Size(_sum_of_known(worths), currency)


def executed_size(snapshot: Snapshot, row: Placement) -> Size:
    """Return what of a placement is filled, its children's part included."""
    currency = currency_of_size(row)
    if not currency:
        return Size(snapshot.executed_of_placement(row.id))
    if not snapshot.knows(EntityKind.EXECUTIONS, EntityKind.PLACEMENTS):
        return Size(None, currency)
    unit = snapshot.price_unit(row.lusid_instrument_id)
    fills = snapshot.fills_of_placement(row.id)
    return Size(_sum_of_known(worth_of(fill.quantity, fill.price.amount, unit) for fill in fills), currency)


def open_size(snapshot: Snapshot, row: Placement) -> Size:
    """Return what of a placement is not filled, and stays placed until it is; nothing of a cancelled one."""
    own = size_of(row)
    return Size(ZERO, own.currency) if is_cancelled(row.state) else own.less(executed_size(snapshot, row))


def left_size(snapshot: Snapshot, row: Placement) -> Size:
    """Return what a broker may still fill of a placement: nothing once it is over, such as rejected.

    What such a placement still holds of its block until it is cancelled is its :func:`open_size`.
    """
    return Size(ZERO, currency_of_size(row)) if is_over(row.state) else open_size(snapshot, row)


def is_over_allocated(snapshot: Snapshot, row: Placement) -> bool:
    """Return whether more of a placement is allocated than its fills have: after a busted trade (E5)."""
    given, executed = snapshot.allocated_of_placement(row.id), snapshot.executed_of_placement(row.id)
    return given is not None and executed is not None and exceeds(given, executed)


def allocated_size(snapshot: Snapshot, order: Order) -> Size:
    """Return what of an order is allocated; money at the prices of the allocations."""
    currency = currency_of_size(order)
    if not currency:
        return Size(snapshot.allocated_of_order(order.id))
    if not snapshot.knows(EntityKind.ALLOCATIONS):
        return Size(None, currency)
    unit = snapshot.price_unit(order.lusid_instrument_id)
    rows = (snapshot.allocations[id] for id in snapshot.allocations_of_order(order.id))
    live = (row for row in rows if not is_cancelled(row.state))
    worths = (worth_of(row.quantity, row.price.amount if row.price else None, unit) for row in live)
    return Size(_sum_of_known(worths), currency)


def order_left(snapshot: Snapshot, row: Order) -> Size:
    """Return what of an order is not allocated yet; nothing, once it is cancelled."""
    own = size_of(row)
    return Size(ZERO, own.currency) if is_cancelled(row.state) else own.less(allocated_size(snapshot, row))


def worth_of(units: Decimal, price: Decimal | None, unit: Decimal) -> Decimal | None:
    """Return the money that units at a price use up; a price below zero uses it up as one above does."""
    return None if price is None else units * abs(price) * unit


def _sum_of_known(parts: Iterable[Decimal | None]) -> Decimal | None:
    """Return a sum; None where a part of it is not known, such as a missing price."""
    total = ZERO
    for part in parts:
        if part is None:
            return None
        total += part
    return total
