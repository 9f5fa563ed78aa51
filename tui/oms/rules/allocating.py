"""The allocation service: what is executed is given to the orders, or to portfolios by weight (A1 to A17).

A run replaces the placement's earlier allocations (A11) until one of them is booked. From then on the
executions that one rests on are consumed and all allocations that rest on them stay as they are (A12); what
is executed later reaches the orders through allocations of its own (A8).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from tui.api.base import ZERO, CurrencyAndAmount, ErrorDetail, ResourceId
from tui.api.models import Allocation, Execution, Placement
from tui.api.requests import AllocationReply, WeightedAllocationServiceRunRequest
from tui.api.states import is_cancelled
from tui.oms.domain.instrument_master import SCOPE
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import (
    ALLOCATIONS_OF_ORDER,
    ALLOCATIONS_OF_PLACEMENT,
    ReplyBuilder,
    UnitOfWork,
)
from tui.oms.rules.apportioning import (
    ALGORITHMS,
    WEIGHTED_ALGORITHMS,
    Apportionment,
    Lot,
    apportion_by_weight,
    apportion_money,
    apportion_units,
)
from tui.oms.rules.entities import (
    NEW,
    allocated_size,
    is_booked,
    live_allocations_of_order,
    require,
    with_computed_fields,
)
from tui.oms.rules.filling import update_order_state
from tui.oms.rules.participants import Participant, order_participants, weighted_participants
from tui.oms.rules.placed_quantities import average_price, fills_of, with_ancestors, with_descendants
from tui.oms.rules.sizes import QUANTITY, decimal_text, exact_arithmetic, total
from tui.oms.rules.time_priority import executions_by_time
from tui.oms.rules.validation import RequestChecks, invalid_value

Apportion = Callable[[Sequence[Lot], Sequence[Decimal]], Apportionment]
"""Shares fills among participants with the given capacities."""


@dataclass(frozen=True, slots=True)
class AllocationCommand:
    """Run the allocation service over ``placement_ids`` by ``algorithm`` (A1, A14)."""

    placement_ids: tuple[ResourceId, ...]
    algorithm: str = "PR-FIFO"


@dataclass(frozen=True, slots=True)
class WeightedAllocationCommand:
    """Allocate placements of blocks without orders to portfolios by weight (A16)."""

    request: WeightedAllocationServiceRunRequest
    algorithm: str = "PR-LF"


@dataclass(frozen=True, slots=True)
class _ExecutionSummary:
    """What the allocations made of the same executions have in common (A9, A10)."""

    ids: tuple[ResourceId, ...]
    price: Decimal | None
    settled: datetime | None
    last: Execution | None


@dataclass(frozen=True, slots=True)
class _AllocationRun:
    """One placement's run: who takes, what there is to take, and which allocations it replaces."""

    placement: Placement
    participants: Sequence[Participant]
    fills: Sequence[Execution]
    frozen: Sequence[Allocation]
    replaced: Sequence[Allocation]
    participant_key: Callable[[Allocation], Hashable]


@exact_arithmetic
def allocate(uow: UnitOfWork, request: AllocationCommand) -> ReplyBuilder:
    """A1 to A15, A17: allocate placements to the orders of their blocks, each on its own.

    Raises:
        Refusal: the algorithm is unknown (A14), or there are too many placements or one twice.
    """
    _check_algorithm(request.algorithm, ALGORITHMS)
    _check_ids(request.placement_ids)
    plans, failed = _plan_runs(uow, request.placement_ids, order_participants)
    aside = {allocation.id for plan in plans for allocation in plan.replaced}
    uow.prefetch_related(
        ALLOCATIONS_OF_ORDER, (participant.order_id for plan in plans for participant in plan.participants)
    )

    for plan in plans:
        capacities = []
        for participant in plan.participants:
            others = live_allocations_of_order(uow, participant.order_id)
            has = allocated_size(uow, (other for other in others if other.id not in aside), participant.basis)
            capacities.append(max(ZERO, participant.size - has))
        _allocate_run(uow, plan, capacities, _by_algorithm(request.algorithm, plan.participants))
        aside.difference_update(allocation.id for allocation in plan.replaced)
    return _reply_builder(plans, failed)


@exact_arithmetic
def allocate_weighted(uow: UnitOfWork, request: WeightedAllocationCommand) -> ReplyBuilder:
    """A16, A17: allocate placements of blocks without orders to portfolios by relative weight.

    Raises:
        Refusal: the algorithm is unknown (A14), a weight is not positive, or there is none.
    """
    weights = request.request.portfolio_weights
    _check_algorithm(request.algorithm, WEIGHTED_ALGORITHMS)
    _check_ids(request.request.placement_ids)
    if not weights:
        raise invalid_value("portfolioWeights must name at least one portfolio.", "A16")
    for entry in weights:
        if entry.weight <= 0:
            who = f"Portfolio '{entry.portfolio_id}'"
            raise invalid_value(
                f"{who} has a weight of {decimal_text(entry.weight)}: it must be more than 0.", "A16"
            )
    checks = RequestChecks()
    for index, entry in enumerate(weights):
        checks.check_external_ids(f"PortfolioWeights[{index}]", uow, entry)
    checks.check_unique("Portfolio id", (entry.portfolio_id for entry in weights))
    checks.raise_if_invalid()

    def participants(uow: UnitOfWork, placement: Placement) -> list[Participant]:
        return weighted_participants(uow, placement, weights)

    def share(lots: Sequence[Lot], capacities: Sequence[Decimal]) -> Apportionment:
        units = total(lot.units for lot in lots)
        parts = apportion_by_weight(request.algorithm, units, [entry.weight for entry in weights])
        return Apportionment(parts, [True for _ in lots], list(capacities))

    plans, failed = _plan_runs(
        uow, request.request.placement_ids, participants, lambda each: each.portfolio_id
    )
    for plan in plans:
        everything = total(fill.quantity for fill in fills_of(uow, plan.placement))
        _allocate_run(uow, plan, [everything for _ in plan.participants], share)
    return _reply_builder(plans, failed)


def _by_algorithm(algorithm: str, participants: Sequence[Participant]) -> Apportion:
    """A2 to A6: share fill after fill; one that nobody has capacity for is not used (A7)."""
    sizes = [participant.size for participant in participants]
    share_lots = apportion_units if participants[0].basis is QUANTITY else apportion_money

    def share(lots: Sequence[Lot], capacities: Sequence[Decimal]) -> Apportionment:
        return share_lots(algorithm, lots, sizes, capacities)

    return share


def _check_algorithm(algorithm: str, known: Iterable[str]) -> None:
    """A14: the algorithm must be one of the known."""
    if algorithm not in (names := list(known)):
        detail = f"Allocation algorithm '{algorithm}' is not known; use one of {', '.join(names)}."
        raise invalid_value(detail, "A14")


def _check_ids(ids: tuple[ResourceId, ...]) -> None:
    checks = RequestChecks()
    checks.check_count("PlacementIds", ids)
    checks.check_unique("Placement id", ids)
    checks.raise_if_invalid()


def _plan_runs(
    uow: UnitOfWork,
    ids: Iterable[ResourceId],
    participants: Callable[[UnitOfWork, Placement], list[Participant]],
    key: Callable[[Allocation], Hashable] = lambda each: each.allocated_order_id,
) -> tuple[list[_AllocationRun], dict[str, ErrorDetail]]:
    """A13: plan every run before any is made, so that a placement that fails keeps what it has."""
    plans, failed = [], {}
    for id in ids:
        try:
            placement = require(uow, Placement, id, "A13")
            available = _available_fills(uow, placement)
            frozen, replaced = _split_earlier(uow, id)
            plans.append(
                _AllocationRun(placement, participants(uow, placement), available, frozen, replaced, key)
            )
        except Refusal as refusal:
            failed[id.failed_key] = refusal.as_item(id.failed_key)
    return plans, failed


def _reply_builder(plans: Sequence[_AllocationRun], failed: Mapping[str, ErrorDetail]) -> ReplyBuilder:
    return lambda: AllocationReply(values=tuple(plan.placement.id for plan in plans), failed=failed)


def _split_earlier(uow: UnitOfWork, placement: ResourceId) -> tuple[list[Allocation], list[Allocation]]:
    """A11, A12: give the placement's own allocations that stay, and those that a run replaces.

    Those that are booked stay, and so does whatever shares an execution with one that stays.
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


def _available_fills(uow: UnitOfWork, placement: Placement) -> list[Execution]:
    """A5, A13, A15: give the placement's fills in the order of time.

    Raises:
        Refusal: there are none, or they are in several currencies (A10).
    """
    found = [fill for fill in executions_by_time(uow, fills_of(uow, placement)) if fill.quantity > 0]
    if not found:
        detail = f"Placement '{placement.id}' has no executions to allocate."
        raise Refusal("NoExecutionsFailure", detail, "A13")
    currencies = sorted({fill.price.currency or "none" for fill in found})
    if len(currencies) > 1:
        detail = f"The executions of placement '{placement.id}' are in {', '.join(currencies)}."
        raise Refusal("MixedCurrencyFailure", detail, "A10")
    return found


def _used_by_relatives(uow: UnitOfWork, plan: _AllocationRun) -> set[ResourceId]:
    """A15: give the executions that allocations of the placement's parents or children rest on."""
    kin = {
        each.id: each
        for each in (*with_ancestors(uow, plan.placement), *with_descendants(uow, plan.placement))
    }
    mine = {allocation.id for allocation in (*plan.frozen, *plan.replaced)}
    found: set[ResourceId] = set()
    for id in kin:
        for allocation in uow.related(ALLOCATIONS_OF_PLACEMENT, id):
            if allocation.id not in mine and not is_cancelled(allocation.state):
                found.update(allocation.execution_ids or ())
    return found


def _allocate_run(
    uow: UnitOfWork, plan: _AllocationRun, capacities: Sequence[Decimal], share: Apportion
) -> None:
    """A11, A12: share the fills, put the allocations that come of it and take away the others.

    Of consumed executions only what nobody has yet is shared, say because an order has joined since. What
    the allocations that stay have beyond the executions they rest on is made good by the first of the others.
    """
    spoken_for = _used_by_relatives(uow, plan)
    consumed_ids = {id for allocation in plan.frozen for id in allocation.execution_ids or ()}
    fills = [fill for fill in plan.fills if fill.id not in spoken_for]
    consumed = [fill for fill in fills if fill.id in consumed_ids]
    fresh = [fill for fill in fills if fill.id not in consumed_ids]
    given = total(allocation.quantity for allocation in plan.frozen)
    over = max(ZERO, total(fill.quantity for fill in consumed) - given)
    short = max(ZERO, given - total(fill.quantity for fill in plan.fills if fill.id in consumed_ids))
    unit = uow.instruments.price_unit(plan.placement.lusid_instrument_id)
    rest = share([Lot(over, (average_price(consumed) or ZERO) * unit)], capacities)
    fresh, sizes = _skip_units(fresh, short)
    lots = [Lot(size, (fill.price.amount or ZERO) * unit) for fill, size in zip(fresh, sizes, strict=True)]
    made = share(lots, rest.left)
    gone = {allocation.id: allocation for allocation in plan.replaced}
    _put_allocations(uow, plan, gone, rest.parts, consumed)
    _put_allocations(
        uow, plan, gone, made.parts, [fill for fill, took in zip(fresh, made.used, strict=True) if took]
    )
    for id in gone:
        uow.remove(Allocation, id)
    touched = {allocation.allocated_order_id for allocation in plan.replaced}
    touched.update(
        participant.order_id
        for participant, *units in zip(plan.participants, rest.parts, made.parts, strict=True)
        if any(units)
    )
    for order in sorted(touched):
        update_order_state(uow, order)


def _skip_units(fills: Sequence[Execution], units: Decimal) -> tuple[list[Execution], list[Decimal]]:
    """A12: give the fills left when the first ``units`` of them are gone, and what is left of each."""
    left, sizes = [], []
    for fill in fills:
        part = min(units, fill.quantity)
        units -= part
        if part < fill.quantity:
            left.append(fill)
            sizes.append(fill.quantity - part)
    return left, sizes


Reusable = dict[ResourceId, Allocation]
"""The replaced allocations nobody has taken up again."""


def _put_allocations(
    uow: UnitOfWork,
    plan: _AllocationRun,
    gone: Reusable,
    parts: Sequence[Decimal],
    executions: Sequence[Execution],
) -> None:
    """A9, A11: put what every participant gets out of the executions."""
    used = _ExecutionSummary(
        ids=tuple(fill.id for fill in executions),
        price=average_price(executions),
        settled=max((fill.settlement_date for fill in executions if fill.settlement_date), default=None),
        last=executions[-1] if executions else None,
    )
    uow.prefetch(Allocation, (participant.first_allocation_id for participant in plan.participants))
    for participant, units in zip(plan.participants, parts, strict=True):
        if units:
            id = _allocation_id(uow, plan, participant, gone)
            gone.pop(id, None)
            _put_if_changed(uow, _allocation(uow, plan.placement, participant, id, units, used))


def _allocation_id(
    uow: UnitOfWork, plan: _AllocationRun, participant: Participant, gone: Reusable
) -> ResourceId:
    """A8: give the id of the participant's allocation: the first that is free or was its own until now."""
    number = 1
    while True:
        suffix = "" if number == 1 else f"-{number}"
        id = ResourceId(participant.first_allocation_id.scope, participant.first_allocation_id.code + suffix)
        existing = uow.get(Allocation, id)
        if existing is None:
            return id
        own = plan.participant_key(existing) == participant.key and existing.placement_ids == (
            plan.placement.id,
        )
        if own and (id in gone or is_cancelled(existing.state)):
            return id
        number += 1


def _allocation(
    uow: UnitOfWork,
    placement: Placement,
    participant: Participant,
    id: ResourceId,
    units: Decimal,
    used: _ExecutionSummary,
) -> Allocation:
    """A9, A10: the allocation of what a participant gets."""
    last = used.last
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
            settlement_date=used.settled,
            date=uow.context.now,
            price=CurrencyAndAmount(amount=used.price, currency=last.price.currency),
            settlement_currency=last.settlement_currency,
            settlement_currency_fx_rate=last.settlement_currency_fx_rate,
            counterparty=last.counterparty,
            execution_ids=used.ids,
            custodian_account_id=participant.custodian,
            links=(),
        )
    )


def _put_if_changed(uow: UnitOfWork, allocation: Allocation) -> None:
    """A11: store an allocation, unless nothing but its date would change."""
    existing = uow.get(Allocation, allocation.id)
    if existing is not None:
        kept = msgspec.structs.replace(allocation, date=existing.date, version=existing.version)
        if kept == existing:
            return
    uow.put(allocation)
