"""Booking: every allocation becomes a transaction in its portfolio (B1 to B8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from tui.api.base import CurrencyAndAmount, ErrorDetail, Identifiers, Properties, ResourceId
from tui.api.entity_relations import ALLOCATIONS_OF_PLACEMENT
from tui.api.life_cycle import exceeds, is_zero
from tui.api.models import Allocation, Execution, Order, Transaction, TransactionPrice
from tui.api.operations import BOOK_TRANSACTIONS
from tui.api.requests import BookingReply, BookTransactionsRequest
from tui.api.settlement import settlement_day
from tui.api.states import is_cancelled, is_final, normalize
from tui.oms.domain.instrument_master import LUID_KEY, SCOPE, UNRESOLVED
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import BOOKINGS_OF_ALLOCATION, Booking, ReplyBuilder, UnitOfWork
from tui.oms.rules.coverage import Coverage
from tui.oms.rules.entities import BOOKED, allocated_size, live_allocations_of_order, require
from tui.oms.rules.fees import Fee, fees_of
from tui.oms.rules.sizes import exact_arithmetic, sizing_basis, trim_zeros
from tui.oms.rules.validation import RequestChecks

ACTIVE: Final = "Active"
CANCELLED: Final = "Cancelled"
ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class BookingCommand:
    """Book allocations into their portfolios (B1); ``mark_booked`` also sets the states (B6).

    ``fees`` are the rules for the fees of the transactions (B5).
    """

    request: BookTransactionsRequest
    mark_booked: bool = False
    fees: tuple[Fee, ...] = ()


@exact_arithmetic
def book_transactions(uow: UnitOfWork, request: BookingCommand) -> ReplyBuilder:
    """Book allocations, each independently (B1 to B8).

    Raises:
        Refusal: there are too many allocations, or one twice.
    """
    ids = request.request.allocation_ids
    checks = RequestChecks()
    checks.check_count("AllocationIds", ids, BOOK_TRANSACTIONS.limit)
    checks.check_properties("TransactionProperties", Transaction, request.request.transaction_properties)
    checks.check_unique("Allocation id", ids)
    checks.raise_if_invalid()
    _prefetch(uow, ids)
    properties = dict(request.request.transaction_properties or {})
    coverage = Coverage()
    done: dict[str, ResourceId] = {}
    failed: dict[str, ErrorDetail] = {}
    for id in ids:
        try:
            with uow.savepoint():
                done[id.failed_key] = _book(uow, id, properties, request, coverage)
        except Refusal as refusal:
            failed[id.failed_key] = refusal.as_item(id.failed_key)

    def answer() -> BookingReply:
        found = ((key, uow.get(Booking, id)) for key, id in done.items())
        values = {key: booking.transaction for key, booking in found if booking is not None}
        return BookingReply(values=values, failed=failed, fx_orders=())

    return answer


def _prefetch(uow: UnitOfWork, ids: Sequence[ResourceId]) -> None:
    """Prefetch the allocations, their orders and bookings, and whatever has the ids of the new bookings."""
    uow.prefetch(Allocation, ids)
    uow.prefetch_related(BOOKINGS_OF_ALLOCATION, ids)
    known = [allocation for id in ids if (allocation := uow.get(Allocation, id)) is not None]
    uow.prefetch(Booking, (booking_id(each.portfolio_id, _transaction_code(each)) for each in known))
    uow.prefetch(Order, (each.allocated_order_id for each in known))
    uow.prefetch_related(ALLOCATIONS_OF_PLACEMENT, (id for each in known for id in each.placement_ids or ()))
    uow.prefetch(Execution, (id for each in known for id in each.execution_ids or ()))


def _book(
    uow: UnitOfWork, id: ResourceId, properties: Properties, request: BookingCommand, coverage: Coverage
) -> ResourceId:
    """Book one allocation and return the booking's id (B1, B3, B4, B7)."""
    allocation = require(uow, Allocation, id, "B4")
    if is_cancelled(allocation.state):
        raise Refusal("InvalidAllocationState", f"Allocation '{id}' is {allocation.state}.", "B4")
    coverage.check(uow, allocation)
    transaction = _transaction(uow, allocation, properties)
    own_id = _booking_id(uow, allocation)
    made = Booking(
        id=own_id,
        portfolio_id=allocation.portfolio_id,
        transaction=msgspec.structs.replace(
            transaction,
            transaction_id=own_id.code,
            properties={**fees_of(transaction, request.fees), **properties},
        ),
    )
    existing = uow.get(Booking, made.id)
    if existing is None or not _is_same_transaction(made.transaction, existing.transaction):
        uow.put(made)
    for other in uow.related(BOOKINGS_OF_ALLOCATION, id):
        if other.id != made.id:
            _cancel_booking(uow, other)
    if request.mark_booked:
        _mark_booked(uow, allocation)
    return made.id


def booking_id(portfolio: ResourceId, transaction_id: str) -> ResourceId:
    """Return the id of the booking that holds a portfolio's transaction."""
    return ResourceId(str(portfolio), transaction_id)


def _transaction_code(allocation: Allocation) -> str:
    return f"{allocation.id.scope}-{allocation.id.code}"


def _booking_id(uow: UnitOfWork, allocation: Allocation) -> ResourceId:
    """Return the booking's id (B2).

    A suffix is added where another allocation's booking already has the same text.
    """
    name = _transaction_code(allocation)
    number = 1
    while True:
        id = booking_id(allocation.portfolio_id, name if number == 1 else f"{name}-{number}")
        existing = uow.get(Booking, id)
        if existing is None or existing.transaction.allocation_id == allocation.id:
            return id
        number += 1


def _transaction(uow: UnitOfWork, allocation: Allocation, properties: Properties) -> Transaction:
    """Map an allocation and its order to a transaction (B2).

    B2 infers consideration = units x price x fx rate. Bonds are quoted per 100 nominal, so this would be a
    hundred times the money. The instrument's price unit is therefore a factor too: a hundredth for known
    bonds and 1 for all others.
    """
    order = uow.get(Order, allocation.allocated_order_id)
    side = allocation.side or (order.side if order else None)
    price = allocation.price
    if is_zero(allocation.quantity):
        raise Refusal("ZeroUnitsFailure", f"Allocation '{allocation.id}' has no units to book.", "B4")
    if price is None or price.amount is None or not price.currency:
        raise Refusal("MissingPriceFailure", f"Allocation '{allocation.id}' has no price.", "B4")
    if side is None:
        raise Refusal("MissingSideFailure", f"Allocation '{allocation.id}' has no side.", "B4")
    rate = allocation.settlement_currency_fx_rate
    unit = uow.instruments.price_unit(allocation.lusid_instrument_id)
    consideration = allocation.quantity * price.amount * unit * (ONE if rate is None else rate)
    traded = allocation.date or _first_booked(uow, allocation)
    return Transaction(
        transaction_id="",
        type=side,
        instrument_identifiers=_identifiers(allocation),
        instrument_scope=allocation.instrument_scope or SCOPE,
        instrument_uid=allocation.lusid_instrument_id,
        transaction_date=traded,
        settlement_date=allocation.settlement_date or settlement_day(traded, price.currency),
        units=allocation.quantity,
        transaction_price=TransactionPrice(price=price.amount, type="Price"),
        total_consideration=CurrencyAndAmount(
            amount=trim_zeros(consideration), currency=allocation.settlement_currency or price.currency
        ),
        exchange_rate=ONE if rate is None else rate,
        transaction_currency=price.currency,
        properties=properties,
        counterparty_id=allocation.counterparty,
        source="default",
        entry_date_time=uow.context.now,
        transaction_status=ACTIVE,
        order_id=allocation.allocated_order_id,
        allocation_id=allocation.id,
    )


def _identifiers(allocation: Allocation) -> Identifiers:
    """Return the allocation's identifiers, with its LUID when the instrument is known."""
    luid = allocation.lusid_instrument_id
    known = {} if luid in ("", UNRESOLVED) else {LUID_KEY: luid}
    return {**allocation.instrument_identifiers, **known}


def _first_booked(uow: UnitOfWork, allocation: Allocation) -> datetime:
    """Return the date of an allocation that has none: when it was first booked, or now."""
    for booking in uow.related(BOOKINGS_OF_ALLOCATION, allocation.id):
        return booking.transaction.transaction_date
    return uow.context.now


def _is_same_transaction(made: Transaction, existing: Transaction) -> bool:
    """Return whether a new booking equals the stored one, apart from its entry time (B3)."""
    return msgspec.structs.replace(made, entry_date_time=existing.entry_date_time) == existing


def _cancel_booking(uow: UnitOfWork, booking: Booking) -> None:
    """Cancel what an allocation booked into another portfolio: it has one transaction only (B3)."""
    if booking.transaction.transaction_status == CANCELLED:
        return
    transaction = msgspec.structs.replace(
        booking.transaction, transaction_status=CANCELLED, cancel_date_time=uow.context.now
    )
    uow.put(msgspec.structs.replace(booking, transaction=transaction))


def _mark_booked(uow: UnitOfWork, allocation: Allocation) -> None:
    """Mark the allocation Booked, and its order once all of the order is booked (B6)."""
    if normalize(allocation.state) != "booked":
        uow.put(msgspec.structs.replace(allocation, state=BOOKED))
    order = uow.get(Order, allocation.allocated_order_id)
    if order is None or is_final(order.state):
        return
    basis = sizing_basis(order)
    booked = [each for each in live_allocations_of_order(uow, order.id) if normalize(each.state) == "booked"]
    size = basis.size_of(order)
    if size is not None and not exceeds(size, allocated_size(uow, booked, basis)):
        uow.put(msgspec.structs.replace(order, state=BOOKED))
