"""Run the allocation service for one placement: apportion its fills and put allocations (A7 to A15)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from tui.api.base import ZERO, CurrencyAndAmount, ResourceId
from tui.api.entity_relations import ALLOCATIONS_OF_PLACEMENT
from tui.api.models import Allocation, Execution, Placement
from tui.api.states import is_cancelled
from tui.oms.domain.instrument_master import SCOPE
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.apportioning import (
    Apportionment,
    Lot,
)
from tui.oms.rules.entities import (
    NEW,
    is_booked,
    with_computed_fields,
)
from tui.oms.rules.filling import update_order_state
from tui.oms.rules.participants import Participant
from tui.oms.rules.placed_quantities import average_price, fills_of, with_ancestors, with_descendants
from tui.oms.rules.sizes import total
from tui.oms.rules.time_priority import executions_by_time

Apportion = Callable[[Sequence[Lot], Sequence[Decimal]], Apportionment]
"""Apportions lots among participants with the given capacities."""


@dataclass(frozen=True, slots=True)
class _ExecutionSummary:
    """The values that allocations made of the same executions have in common (A9, A10)."""

    ids: tuple[ResourceId, ...]
    price: Decimal | None
    settled: datetime | None
    last: Execution | None


@dataclass(frozen=True, slots=True)
class AllocationRun:
    """One placement's run: the participants, the fills to apportion, and the earlier allocations.

    ``frozen`` allocations stay, ``replaced`` ones are replaced by the run.
    """

    placement: Placement
    participants: Sequence[Participant]
    fills: Sequence[Execution]
    frozen: Sequence[Allocation]
    replaced: Sequence[Allocation]
    participant_key: Callable[[Allocation], Hashable]


def split_earlier(uow: UnitOfWork, placement: ResourceId) -> tuple[list[Allocation], list[Allocation]]:
    """Return the placement's own allocations that stay, and those that a run replaces (A11, A12).

    Booked allocations stay, and so does every allocation that shares an execution with one that stays.
    """
    own = [
        each
        for each in uow.related(ALLOCATIONS_OF_PLACEMENT, placement)
        if each.placement_ids == (placement,) and not is_cancelled(each.state)
    ]
    frozen = {each.id: each for each in own if is_booked(each)}
    consumed: set[ResourceId] = set()
    for _ in own:
        before = len(frozen)
        consumed.update(id for each in frozen.values() for id in each.execution_ids or ())
        frozen.update((each.id, each) for each in own if not consumed.isdisjoint(each.execution_ids or ()))
        if len(frozen) == before:
            break
    return list(frozen.values()), [each for each in own if each.id not in frozen]


def available_fills(
    uow: UnitOfWork, placement: Placement, replaced: Sequence[Allocation] = ()
) -> list[Execution]:
    """Return the placement's fills by time (A5, A13, A15).

    Where none is left, a run still takes back the allocations that are ``replaced`` (E5).

    Raises:
        Refusal: there are no fills and nothing to take back, or fills are in several currencies (A10).
    """
    found = [fill for fill in executions_by_time(uow, fills_of(uow, placement)) if fill.quantity > 0]
    if not found and not replaced:
        detail = f"Placement '{placement.id}' has no executions to allocate."
        raise Refusal("NoExecutionsFailure", detail, "A13")
    currencies = sorted({fill.price.currency or "none" for fill in found})
    if len(currencies) > 1:
        detail = f"The executions of placement '{placement.id}' are in {', '.join(currencies)}."
        raise Refusal("MixedCurrencyFailure", detail, "A10")
    return found


def _used_by_relatives(uow: UnitOfWork, run: AllocationRun) -> set[ResourceId]:
    """Return the executions used by allocations of the placement's parents or children (A15)."""
    relatives = {
        each.id: each for each in (*with_ancestors(uow, run.placement), *with_descendants(uow, run.placement))
    }
    own_ids = {allocation.id for allocation in (*run.frozen, *run.replaced)}
    found: set[ResourceId] = set()
    for id in relatives:
        for allocation in uow.related(ALLOCATIONS_OF_PLACEMENT, id):
            if allocation.id not in own_ids and not is_cancelled(allocation.state):
                found.update(allocation.execution_ids or ())
    return found


def allocate_run(
    uow: UnitOfWork, run: AllocationRun, capacities: Sequence[Decimal], share: Apportion
) -> None:
    """Apportion the fills, put the new allocations and remove those they replace (A11, A12).

    Of consumed executions only the units that no allocation has yet are apportioned, for instance because an
    order joined later. Where the allocations that stay have more units than their executions, the first of
    the other fills make up the difference.
    """
    used_elsewhere = _used_by_relatives(uow, run)
    consumed_ids = {id for allocation in run.frozen for id in allocation.execution_ids or ()}
    fills = [fill for fill in run.fills if fill.id not in used_elsewhere]
    consumed = [fill for fill in fills if fill.id in consumed_ids]
    fresh = [fill for fill in fills if fill.id not in consumed_ids]
    kept_units = total(allocation.quantity for allocation in run.frozen)
    unallocated = max(ZERO, total(fill.quantity for fill in consumed) - kept_units)
    shortfall = max(ZERO, kept_units - total(fill.quantity for fill in run.fills if fill.id in consumed_ids))
    unit = uow.instruments.price_unit(run.placement.lusid_instrument_id)
    from_consumed = share([Lot(unallocated, (average_price(consumed) or ZERO) * unit)], capacities)
    fresh, sizes = _skip_units(fresh, shortfall)
    lots = [Lot(size, (fill.price.amount or ZERO) * unit) for fill, size in zip(fresh, sizes, strict=True)]
    from_fresh = share(lots, from_consumed.remaining)
    reusable = {allocation.id: allocation for allocation in run.replaced}
    _put_allocations(uow, run, reusable, from_consumed.parts, consumed)
    used = [fill for fill, is_used in zip(fresh, from_fresh.used, strict=True) if is_used]
    _put_allocations(uow, run, reusable, from_fresh.parts, used)
    for id in reusable:
        uow.remove(Allocation, id)
    affected_orders = {allocation.allocated_order_id for allocation in run.replaced}
    affected_orders.update(
        participant.order_id
        for participant, *units in zip(run.participants, from_consumed.parts, from_fresh.parts, strict=True)
        if any(units)
    )
    for order in sorted(affected_orders):
        update_order_state(uow, order)


def _skip_units(fills: Sequence[Execution], units: Decimal) -> tuple[list[Execution], list[Decimal]]:
    """Return the fills left after the first ``units``, and the units left of each (A12)."""
    left, sizes = [], []
    for fill in fills:
        part = min(units, fill.quantity)
        units -= part
        if part < fill.quantity:
            left.append(fill)
            sizes.append(fill.quantity - part)
    return left, sizes


Reusable = dict[ResourceId, Allocation]
"""The replaced allocations whose ids the run has not used again."""


def _put_allocations(
    uow: UnitOfWork,
    run: AllocationRun,
    reusable: Reusable,
    parts: Sequence[Decimal],
    executions: Sequence[Execution],
) -> None:
    """Put the allocation of every participant that gets units of ``executions`` (A9, A11)."""
    summary = _ExecutionSummary(
        ids=tuple(fill.id for fill in executions),
        price=average_price(executions),
        settled=max((fill.settlement_date for fill in executions if fill.settlement_date), default=None),
        last=executions[-1] if executions else None,
    )
    uow.prefetch(Allocation, (participant.first_allocation_id for participant in run.participants))
    for participant, units in zip(run.participants, parts, strict=True):
        if units:
            id = _allocation_id(uow, run, participant, reusable)
            reusable.pop(id, None)
            _put_if_changed(uow, _allocation(uow, run.placement, participant, id, units, summary))


def _allocation_id(
    uow: UnitOfWork, run: AllocationRun, participant: Participant, reusable: Reusable
) -> ResourceId:
    """Return the first id for a participant's allocation that is free or was its own until now (A8)."""
    number = 1
    while True:
        suffix = "" if number == 1 else f"-{number}"
        id = ResourceId(participant.first_allocation_id.scope, participant.first_allocation_id.code + suffix)
        existing = uow.get(Allocation, id)
        if existing is None:
            return id
        own = run.participant_key(existing) == participant.key and existing.placement_ids == (
            run.placement.id,
        )
        if own and (id in reusable or is_cancelled(existing.state)):
            return id
        number += 1


def _allocation(
    uow: UnitOfWork,
    placement: Placement,
    participant: Participant,
    id: ResourceId,
    units: Decimal,
    summary: _ExecutionSummary,
) -> Allocation:
    """Return a participant's allocation of ``units`` (A9, A10)."""
    last = summary.last
    assert last is not None
    existing = uow.get(Allocation, id)
    return with_computed_fields(
        Allocation(
            id=id,
            allocated_order_id=participant.order_id,
            portfolio_id=participant.portfolio_id,
            quantity=units,
            instrument_identifiers=participant.identifiers,
            lusid_instrument_id=participant.luid,
            instrument_scope=SCOPE,
            properties=(existing.properties if existing else None) or {},
            placement_ids=(placement.id,),
            state=NEW,
            side=placement.side,
            type=placement.type,
            settlement_date=summary.settled,
            date=uow.context.now,
            price=CurrencyAndAmount(amount=summary.price, currency=last.price.currency),
            settlement_currency=last.settlement_currency,
            settlement_currency_fx_rate=last.settlement_currency_fx_rate,
            counterparty=last.counterparty,
            execution_ids=summary.ids,
            custodian_account_id=participant.custodian,
            links=(),
        )
    )


def _put_if_changed(uow: UnitOfWork, allocation: Allocation) -> None:
    """Put an allocation unless only its date would change (A11)."""
    existing = uow.get(Allocation, allocation.id)
    if existing is not None:
        kept = msgspec.structs.replace(allocation, date=existing.date, version=existing.version)
        if kept == existing:
            return
    uow.put(allocation)
