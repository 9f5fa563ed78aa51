"""What the cells of a row say that no member of it says by itself."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tui.api.base import ZERO, CurrencyAndAmount
from tui.api.models import Allocation, Block, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.api.states import is_cancelled, is_final, is_finished
from tui.columns.factories import currency, labels
from tui.columns.format import DisplayContext, state_look
from tui.columns.lifecycle_bar import lifecycle_bar
from tui.columns.unknown import UNKNOWN
from tui.service.sides import side_direction
from tui.service.snapshot.compliance_states import detail_of
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.records import display_name
from tui.service.snapshot.sizing import (
    allocated_size,
    block_allocated,
    block_booked,
    block_executed,
    block_ordered,
    block_placed,
    executed_size,
    size_of,
)
from tui.service.snapshot.snapshot import Snapshot


def life_cycle_text(snapshot: Snapshot, row: OrderGraphBlock, context: DisplayContext) -> str:
    """Return the life cycle as a bar; ``?`` where the size or a stage is not known."""
    ordered, *stages = (
        stage.value
        for stage in (
            block_ordered(snapshot, row),
            block_placed(row),
            block_executed(snapshot, row),
            block_allocated(snapshot, row),
            block_booked(snapshot, row),
        )
    )
    known = tuple(stage for stage in stages if stage is not None)
    if ordered is None or len(known) < len(stages):
        return UNKNOWN
    return lifecycle_bar(ordered, known, ascii=context.ascii)


def filled_percent(snapshot: Snapshot, row: OrderGraphBlock) -> Decimal | None:
    """Return how many per cent of what is ordered are filled; None where that is not known."""
    return _per_cent(block_executed(snapshot, row).value, block_ordered(snapshot, row).value)


def portfolio_code(snapshot: Snapshot, row: Order | Allocation) -> str:
    """Return the code of a row's portfolio, with its scope where that leaves doubt; empty without one."""
    return snapshot.portfolio_label(row.portfolio_id) if row.portfolio_id else ""


def portfolio_name(snapshot: Snapshot, row: Order | Allocation) -> str:
    """Return a display name: of the portfolios, else as the order's block has it (R12)."""
    if row.portfolio_id is None:
        return ""
    order = row if isinstance(row, Order) else snapshot.orders.get(row.allocated_order_id)
    detail = detail_of(snapshot, order) if order is not None else None
    told = display_name(detail.portfolio_name) if detail else ""
    found = snapshot.records.portfolio_name(row.portfolio_id) or told
    return "" if found == row.portfolio_id.code else found


def block_role(snapshot: Snapshot, row: OrderGraphBlock) -> str:
    """Return the style of the life cycle: bad where more is done than was ordered."""
    over = state_look(row.derived_state).role == "bad"
    return "bad" if over else ""


def sized_in(row: Block | Order | Placement) -> str:
    """Return the measure of a size: units, a currency, or the weight in its portfolio."""
    weight = row.weight if isinstance(row, Order) and row.quantity is None and row.amount is None else None
    if weight is not None:
        return f"weight {weight * 100:.2f}%"
    return size_of(row).currency or "units"


def block_average(snapshot: Snapshot, row: OrderGraphBlock) -> Decimal | None:
    """Return the average price of a block's fills, from the graph's executed amount and quantity.

    None where the desk knows a fill without a price among them: its units would count at price 0.
    """
    executed = row.executed
    if executed.amount is None or not executed.quantity:
        return None
    fills = (snapshot.executions.get(detail.id) for detail in executed.details)
    if any(fill is not None and fill.price.amount is None for fill in fills):
        return None
    return executed.amount / executed.quantity


def block_currency(snapshot: Snapshot, row: OrderGraphBlock) -> str | None:
    """Return the currency a block trades in: its own prices', else the one seen for its instrument."""
    own = currency(row.block.limit_price) or currency(row.block.stop_price) or currency(row.block.amount)
    if own:
        return own
    known = snapshot.instruments.get(row.block.lusid_instrument_id)
    return known.currency if known else None


def order_done(snapshot: Snapshot, row: Order) -> Decimal | None:
    """Return how many per cent of an order are allocated to it."""
    return _per_cent(allocated_size(snapshot, row).value, size_of(row).value)


def placement_done(snapshot: Snapshot, row: Placement) -> Decimal | None:
    """Return how many per cent of a placement are filled."""
    return _per_cent(executed_size(snapshot, row).value, size_of(row).value)


def share_of_volume(snapshot: Snapshot, row: OrderGraphBlock | Order) -> Decimal | None:
    """Return the units ordered in per cent of the average daily volume, as far as blocks tell it."""
    size = block_ordered(snapshot, row) if isinstance(row, OrderGraphBlock) else size_of(row)
    known = snapshot.instruments.get(luid_of(row))
    return None if size.currency or known is None else _per_cent(size.value, known.adv)


def _per_cent(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return part * 100 / whole if whole and part is not None else None


def arrival(snapshot: Snapshot, row: OrderGraphBlock) -> CurrencyAndAmount | None:
    """Return the mean price that a block's live orders carry from when they were made, weighted by units.

    None where one of them carries none, or another currency: an arrival price is not made up.
    """
    orders = [snapshot.orders[id] for id in snapshot.orders_of_block(row.block.id)]
    units, money, currencies = ZERO, ZERO, set()
    for order in orders:
        if is_cancelled(order.state):
            continue
        if order.price is None or order.price.amount is None or not order.quantity:
            return None
        units, money = units + order.quantity, money + order.quantity * order.price.amount
        currencies.add(order.price.currency)
    if not units or len(currencies) > 1:
        return None
    return CurrencyAndAmount(amount=money / units, currency=currencies.pop())


def slippage(snapshot: Snapshot, row: OrderGraphBlock) -> Decimal | None:
    """Return what the fills of a block cost against arrival in basis points; below zero they saved."""
    return _slippage(snapshot, row, block_average(snapshot, row))


def placement_slippage(snapshot: Snapshot, row: Placement) -> Decimal | None:
    """Return what the fills of a placement cost against the arrival price of its one block."""
    block = snapshot.blocks.get(row.block_ids[0]) if len(row.block_ids) == 1 else None
    return None if block is None else _slippage(snapshot, block, snapshot.average_price_of_placement(row.id))


def _slippage(snapshot: Snapshot, block: OrderGraphBlock, average: Decimal | None) -> Decimal | None:
    came = arrival(snapshot, block) if average is not None else None
    way = side_direction(snapshot, block.block.side, block.derived_direction)
    if average is None or came is None or not came.amount or way is None:
        return None
    return (average - came.amount) / abs(came.amount) * 10_000 * way


def fill_currency(snapshot: Snapshot, row: Placement) -> str | None:
    """Return the currency of a placement's fills, else of its own prices or its instrument."""
    for fill in snapshot.fills_of_placement(row.id):
        return currency(fill.price)
    known = snapshot.instruments.get(row.lusid_instrument_id)
    return currency(row.limit_price) or currency(row.amount) or (known.currency if known else None)


def transaction_price(row: Transaction) -> CurrencyAndAmount | None:
    """Return the price of a transaction in its own currency, None without one."""
    held = row.transaction_price
    return CurrencyAndAmount(amount=held.price, currency=row.transaction_currency) if held else None


def trader(snapshot: Snapshot, row: OrderGraphBlock | Order | Placement) -> str:
    """Return who trades a row: as its properties say, else who made it by its version."""
    from tui.service.exceptions.at_stake import maker

    told = labels(row.block if isinstance(row, OrderGraphBlock) else row)
    return next((told[each] for each in ("Trader", "Dealer") if told.get(each)), "") or maker(row)


def made_while_live(snapshot: Snapshot, row: OrderGraphBlock | Order | Placement) -> datetime | None:
    """Return when a row was made, None once nothing more may come of it."""
    from tui.service.exceptions.at_stake import is_done

    if isinstance(row, OrderGraphBlock):
        return None if is_done(snapshot, row) else row.block.created_date
    if isinstance(row, Order):
        return None if is_final(row.state) else row.date
    return None if is_finished(row.state) else row.created_date


def last_active(snapshot: Snapshot, row: OrderGraphBlock) -> datetime:
    """Return when a block was last active, as far as the server tells."""
    changed = row.block.version.as_at_modified if row.block.version else None
    return row.latest_activity_date or changed or row.block.created_date


def created_at(snapshot: Snapshot, row: Placement | Execution) -> datetime:
    """Return when a placement or an execution was made."""
    return row.created_date
