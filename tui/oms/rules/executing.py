"""Executions and their effect on placements (E1 to E4, L8)."""

from __future__ import annotations

from decimal import Decimal

from tui.api.base import ResourceId
from tui.api.entity_relations import ALLOCATIONS_OF_PLACEMENT
from tui.api.models import Allocation, Execution, Placement
from tui.api.requests import ExecutionRequest
from tui.api.states import normalize
from tui.oms.domain.instrument_master import instrument_difference, instrument_of
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.entities import is_booked, require
from tui.oms.rules.placed_quantities import average_price, own_fills, with_ancestors
from tui.oms.rules.sizes import decimal_text
from tui.oms.rules.validation import invalid_value


def execution_from(uow: UnitOfWork, item: ExecutionRequest) -> Execution:
    """Return the execution that a request records (E1).

    Raises:
        Refusal: its placement is unknown or of another instrument or side, or its quantity is negative.
    """
    placement = require(uow, Placement, item.placement_id, "E1")
    execution = Execution(
        id=item.id,
        placement_id=item.placement_id,
        properties=dict(item.properties or {}),
        instrument_identifiers=item.instrument_identifiers,
        lusid_instrument_id=uow.instruments.luid(item.instrument_identifiers),
        quantity=item.quantity,
        state=item.state,
        side=item.side,
        type=item.type,
        created_date=item.created_date,
        settlement_date=item.settlement_date,
        price=item.price,
        settlement_currency=item.settlement_currency,
        settlement_currency_fx_rate=item.settlement_currency_fx_rate,
        counterparty=item.counterparty,
        average_price=item.average_price,
        links=(),
    )
    who = f"Execution '{item.id}'"
    if item.quantity < 0:
        raise invalid_value(
            f"{who} has a quantity of {decimal_text(item.quantity)}: it cannot be negative.", "E1"
        )
    differing = []
    if instrument_of(execution) != instrument_of(placement):
        differing.append(instrument_difference(execution, placement))
    if normalize(execution.side) != normalize(placement.side):
        differing.append(f"side {execution.side}, not {placement.side}")
    if differing:
        detail = f"{who} does not fit placement '{placement.id}': {'; '.join(differing)}."
        raise Refusal("PlacementFieldMismatch", detail, "E1")
    return execution


def average_fill_price(uow: UnitOfWork, placement: ResourceId) -> Decimal | None:
    """Return the average price of a placement's fills, this call's included (E3)."""
    return average_price(own_fills(uow, placement))


def booked_allocation_of(uow: UnitOfWork, execution: Execution) -> Allocation | None:
    """Return a booked allocation that uses the fill, or None (E4)."""
    placement = uow.get(Placement, execution.placement_id)
    for holder in with_ancestors(uow, placement) if placement is not None else ():
        for allocation in uow.related(ALLOCATIONS_OF_PLACEMENT, holder.id):
            if is_booked(allocation) and execution.id in (allocation.execution_ids or ()):
                return allocation
    return None


def already_booked_refusal(execution: Execution, allocation: Allocation) -> Refusal:
    """Return the refusal to change or delete a booked fill (E4)."""
    detail = (
        f"Execution '{execution.id}' is part of allocation '{allocation.id}', which is {allocation.state}."
    )
    return Refusal("ExecutionAlreadyBooked", detail, "E4")
