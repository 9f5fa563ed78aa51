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
from tui.oms.rules.apportioning import ALGORITHMS, WEIGHTED, Lot, Shared, by_weight, share_money, share_units
from tui.oms.rules.entities import NEW, computed, is_booked, live_allocations, need, taken
from tui.oms.rules.filling import refill_order
from tui.oms.rules.participants import Taker, order_takers, weight_takers
from tui.oms.rules.placed_quantities import average_price, family, fills, lineage
from tui.oms.rules.sizes import QUANTITY, exactly, plain, total
from tui.oms.rules.time_priority import by_time
from tui.oms.rules.validation import Checks, invalid

Share = Callable[[Sequence[Lot], Sequence[Decimal]], Shared]
"""Shares fills among takers with the given rooms."""


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
class _Used:
    """What the allocations made of the same executions have in common (A9, A10)."""

    ids: tuple[ResourceId, ...]
    price: Decimal | None
    settled: datetime | None
    last: Execution | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """One placement's run: who takes, what there is to take, and which allocations it replaces."""

    placement: Placement
    takers: Sequence[Taker]
    fills: Sequence[Execution]
    frozen: Sequence[Allocation]
    replaced: Sequence[Allocation]
    key: Callable[[Allocation], Hashable]


@exactly
def allocate(uow: UnitOfWork, request: AllocationCommand) -> ReplyBuilder:
    """A1 to A15, A17: allocate placements to the orders of their blocks, each on its own.

    Raises:
        Refusal: the algorithm is unknown (A14), or there are too many placements or one twice.
    """
    _check_algorithm(request.algorithm, ALGORITHMS)
    _check_ids(request.placement_ids)
    plans, failed = _planned(uow, request.placement_ids, order_takers)
    aside = {allocation.id for plan in plans for allocation in plan.replaced}
    uow.prefetch_related(ALLOCATIONS_OF_ORDER, (taker.order_id for plan in plans for taker in plan.takers))

    for plan in plans:
        rooms = []
        for taker in plan.takers:
            others = live_allocations(uow, taker.order_id)
            has = taken(uow, (other for other in others if other.id not in aside), taker.basis)
            rooms.append(max(ZERO, taker.size - has))
        _run(uow, plan, rooms, _by_algorithm(request.algorithm, plan.takers))
        aside.difference_update(allocation.id for allocation in plan.replaced)
    return _answer(plans, failed)


@exactly
def allocate_weighted(uow: UnitOfWork, request: WeightedAllocationCommand) -> ReplyBuilder:
    """A16, A17: allocate placements of blocks without orders to portfolios by relative weight.

    Raises:
        Refusal: the algorithm is unknown (A14), a weight is not positive, or there is none.
    """
    weights = request.request.portfolio_weights
    _check_algorithm(request.algorithm, WEIGHTED)
    _check_ids(request.request.placement_ids)
    if not weights:
        raise invalid("portfolioWeights must name at least one portfolio.", "A16")
    for entry in weights:
        if entry.weight <= 0:
            who = f"Portfolio '{entry.portfolio_id}'"
            raise invalid(f"{who} has a weight of {plain(entry.weight)}: it must be more than 0.", "A16")
    checks = Checks()
    for index, entry in enumerate(weights):
        checks.outside_ids(f"PortfolioWeights[{index}]", uow, entry)
    checks.unique("Portfolio id", (entry.portfolio_id for entry in weights))
    checks.done()

    def takers(uow: UnitOfWork, placement: Placement) -> list[Taker]:
        return weight_takers(uow, placement, weights)

    def share(lots: Sequence[Lot], rooms: Sequence[Decimal]) -> Shared:
        units = total(lot.units for lot in lots)
        parts = by_weight(request.algorithm, units, [entry.weight for entry in weights])
        return Shared(parts, [True for _ in lots], list(rooms))

    plans, failed = _planned(uow, request.request.placement_ids, takers, lambda each: each.portfolio_id)
    for plan in plans:
        everything = total(fill.quantity for fill in fills(uow, plan.placement))
        _run(uow, plan, [everything for _ in plan.takers], share)
    return _answer(plans, failed)


def _by_algorithm(algorithm: str, takers: Sequence[Taker]) -> Share:
    """A2 to A6: share fill after fill; one that nobody has room for is not used (A7)."""
    sizes = [taker.size for taker in takers]
    share_lots = share_units if takers[0].basis is QUANTITY else share_money

    def share(lots: Sequence[Lot], rooms: Sequence[Decimal]) -> Shared:
        return share_lots(algorithm, lots, sizes, rooms)

    return share


def _check_algorithm(algorithm: str, known: Iterable[str]) -> None:
    """A14: the algorithm must be one of the known."""
    if algorithm not in (names := list(known)):
        detail = f"Allocation algorithm '{algorithm}' is not known; use one of {', '.join(names)}."
        raise invalid(detail, "A14")


def _check_ids(ids: tuple[ResourceId, ...]) -> None:
    checks = Checks()
    checks.size("PlacementIds", ids)
    checks.unique("Placement id", ids)
    checks.done()


def _planned(
    uow: UnitOfWork,
    ids: Iterable[ResourceId],
    takers: Callable[[UnitOfWork, Placement], list[Taker]],
    key: Callable[[Allocation], Hashable] = lambda each: each.allocated_order_id,
) -> tuple[list[_Plan], dict[str, ErrorDetail]]:
    """A13: plan every run before any is made, so that a placement that fails keeps what it has."""
    plans, failed = [], {}
    for id in ids:
        try:
            placement = need(uow, Placement, id, "A13")
            available = _available(uow, placement)
            frozen, replaced = _earlier(uow, id)
            plans.append(_Plan(placement, takers(uow, placement), available, frozen, replaced, key))
        except Refusal as refusal:
            failed[id.failed_key] = refusal.as_item(id.failed_key)
    return plans, failed


def _answer(plans: Sequence[_Plan], failed: Mapping[str, ErrorDetail]) -> ReplyBuilder:
    return lambda: AllocationReply(values=tuple(plan.placement.id for plan in plans), failed=failed)


def _earlier(uow: UnitOfWork, placement: ResourceId) -> tuple[list[Allocation], list[Allocation]]:
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


def _available(uow: UnitOfWork, placement: Placement) -> list[Execution]:
    """A5, A13, A15: give the placement's fills in the order of time.

    Raises:
        Refusal: there are none, or they are in several currencies (A10).
    """
    found = [fill for fill in by_time(uow, fills(uow, placement)) if fill.quantity > 0]
    if not found:
        detail = f"Placement '{placement.id}' has no executions to allocate."
        raise Refusal("NoExecutionsFailure", detail, "A13")
    currencies = sorted({fill.price.currency or "none" for fill in found})
    if len(currencies) > 1:
        detail = f"The executions of placement '{placement.id}' are in {', '.join(currencies)}."
        raise Refusal("MixedCurrencyFailure", detail, "A10")
    return found


def _spoken_for(uow: UnitOfWork, plan: _Plan) -> set[ResourceId]:
    """A15: give the executions that allocations of the placement's parents or children rest on."""
    kin = {each.id: each for each in (*lineage(uow, plan.placement), *family(uow, plan.placement))}
    mine = {allocation.id for allocation in (*plan.frozen, *plan.replaced)}
    found: set[ResourceId] = set()
    for id in kin:
        for allocation in uow.related(ALLOCATIONS_OF_PLACEMENT, id):
            if allocation.id not in mine and not is_cancelled(allocation.state):
                found.update(allocation.execution_ids or ())
    return found


def _run(uow: UnitOfWork, plan: _Plan, rooms: Sequence[Decimal], share: Share) -> None:
    """A11, A12: share the fills, put the allocations that come of it and take away the others.

    Of consumed executions only what nobody has yet is shared, say because an order has joined since. What
    the allocations that stay have beyond the executions they rest on is made good by the first of the others.
    """
    spoken_for = _spoken_for(uow, plan)
    consumed_ids = {id for allocation in plan.frozen for id in allocation.execution_ids or ()}
    fills = [fill for fill in plan.fills if fill.id not in spoken_for]
    consumed = [fill for fill in fills if fill.id in consumed_ids]
    fresh = [fill for fill in fills if fill.id not in consumed_ids]
    given = total(allocation.quantity for allocation in plan.frozen)
    over = max(ZERO, total(fill.quantity for fill in consumed) - given)
    short = max(ZERO, given - total(fill.quantity for fill in plan.fills if fill.id in consumed_ids))
    unit = uow.instruments.price_unit(plan.placement.lusid_instrument_id)
    rest = share([Lot(over, (average_price(consumed) or ZERO) * unit)], rooms)
    fresh, sizes = _beyond(fresh, short)
    lots = [Lot(size, (fill.price.amount or ZERO) * unit) for fill, size in zip(fresh, sizes, strict=True)]
    made = share(lots, rest.left)
    gone = {allocation.id: allocation for allocation in plan.replaced}
    _write(uow, plan, gone, rest.parts, consumed)
    _write(uow, plan, gone, made.parts, [fill for fill, took in zip(fresh, made.used, strict=True) if took])
    for id in gone:
        uow.remove(Allocation, id)
    touched = {allocation.allocated_order_id for allocation in plan.replaced}
    touched.update(
        taker.order_id
        for taker, *units in zip(plan.takers, rest.parts, made.parts, strict=True)
        if any(units)
    )
    for order in sorted(touched):
        refill_order(uow, order)


def _beyond(fills: Sequence[Execution], units: Decimal) -> tuple[list[Execution], list[Decimal]]:
    """A12: give the fills left when the first ``units`` of them are gone, and what is left of each."""
    left, sizes = [], []
    for fill in fills:
        part = min(units, fill.quantity)
        units -= part
        if part < fill.quantity:
            left.append(fill)
            sizes.append(fill.quantity - part)
    return left, sizes


Gone = dict[ResourceId, Allocation]
"""The replaced allocations nobody has taken up again."""


def _write(
    uow: UnitOfWork, plan: _Plan, gone: Gone, parts: Sequence[Decimal], executions: Sequence[Execution]
) -> None:
    """A9, A11: put what every taker gets out of the executions."""
    used = _Used(
        ids=tuple(fill.id for fill in executions),
        price=average_price(executions),
        settled=max((fill.settlement_date for fill in executions if fill.settlement_date), default=None),
        last=executions[-1] if executions else None,
    )
    uow.prefetch(Allocation, (taker.first_id for taker in plan.takers))
    for taker, units in zip(plan.takers, parts, strict=True):
        if units:
            id = _id_for(uow, plan, taker, gone)
            gone.pop(id, None)
            _put(uow, _allocation(uow, plan.placement, taker, id, units, used))


def _id_for(uow: UnitOfWork, plan: _Plan, taker: Taker, gone: Gone) -> ResourceId:
    """A8: give the id of the taker's allocation: the first that is free or was its own until now."""
    number = 1
    while True:
        suffix = "" if number == 1 else f"-{number}"
        id = ResourceId(taker.first_id.scope, taker.first_id.code + suffix)
        existing = uow.get(Allocation, id)
        if existing is None:
            return id
        own = plan.key(existing) == taker.key and existing.placement_ids == (plan.placement.id,)
        if own and (id in gone or is_cancelled(existing.state)):
            return id
        number += 1


def _allocation(
    uow: UnitOfWork,
    placement: Placement,
    taker: Taker,
    id: ResourceId,
    units: Decimal,
    used: _Used,
) -> Allocation:
    """A9, A10: the allocation of what a taker gets."""
    last = used.last
    assert last is not None
    existing = uow.get(Allocation, id)
    return computed(
        Allocation(
            id=id,
            allocated_order_id=taker.order_id,
            portfolio_id=taker.portfolio_id,
            quantity=units,
            instrument_identifiers=taker.identifiers,
            lusid_instrument_id=taker.luid,
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
            custodian_account_id=taker.custodian,
            links=(),
        )
    )


def _put(uow: UnitOfWork, allocation: Allocation) -> None:
    """A11: store an allocation, unless nothing but its date would change."""
    existing = uow.get(Allocation, allocation.id)
    if existing is not None:
        kept = msgspec.structs.replace(allocation, date=existing.date, version=existing.version)
        if kept == existing:
            return
    uow.put(allocation)
