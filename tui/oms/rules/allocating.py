"""The allocation service: executed units are allocated to orders, or to portfolios by weight (A1 to A17).

A run replaces the placement's earlier allocations (A11) until one of them is booked. From then on the
executions of the booked allocation are consumed, and all allocations made of them stay (A12); later
executions reach the orders through new allocations (A8).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tui.api.base import ZERO, ErrorDetail, ResourceId
from tui.api.entity_relations import ALLOCATIONS_OF_ORDER
from tui.api.models import Allocation, Placement
from tui.api.requests import AllocationReply, WeightedAllocationServiceRunRequest
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import ReplyBuilder, UnitOfWork
from tui.oms.rules.allocation_run import (
    AllocationRun,
    Apportion,
    allocate_run,
    available_fills,
    split_earlier,
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
    allocated_size,
    live_allocations_of_order,
    require,
)
from tui.oms.rules.participants import Participant, order_participants, weighted_participants
from tui.oms.rules.placed_quantities import fills_of
from tui.oms.rules.sizes import QUANTITY, decimal_text, exact_arithmetic, total
from tui.oms.rules.validation import RequestChecks, invalid_value


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


@exact_arithmetic
def allocate(uow: UnitOfWork, request: AllocationCommand) -> ReplyBuilder:
    """Allocate placements to the orders of their blocks, each placement independently (A1 to A15, A17).

    Raises:
        Refusal: the algorithm is unknown (A14), or there are too many placements or one twice.
    """
    _check_algorithm(request.algorithm, ALGORITHMS)
    _check_ids(request.placement_ids)
    runs, failed = _plan_runs(uow, request.placement_ids, order_participants)
    replaced_ids = {allocation.id for run in runs for allocation in run.replaced}
    uow.prefetch_related(
        ALLOCATIONS_OF_ORDER, (participant.order_id for run in runs for participant in run.participants)
    )

    for run in runs:
        capacities = []
        for participant in run.participants:
            others = live_allocations_of_order(uow, participant.order_id)
            kept = (other for other in others if other.id not in replaced_ids)
            allocated = allocated_size(uow, kept, participant.basis)
            capacities.append(max(ZERO, participant.size - allocated))
        allocate_run(uow, run, capacities, _by_algorithm(request.algorithm, run.participants))
        replaced_ids.difference_update(allocation.id for allocation in run.replaced)
    return _reply_builder(runs, failed)


@exact_arithmetic
def allocate_weighted(uow: UnitOfWork, request: WeightedAllocationCommand) -> ReplyBuilder:
    """Allocate placements of blocks without orders to portfolios by relative weight (A16, A17).

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

    runs, failed = _plan_runs(
        uow, request.request.placement_ids, participants, lambda each: each.portfolio_id
    )
    for run in runs:
        all_units = total(fill.quantity for fill in fills_of(uow, run.placement))
        allocate_run(uow, run, [all_units for _ in run.participants], share)
    return _reply_builder(runs, failed)


def _by_algorithm(algorithm: str, participants: Sequence[Participant]) -> Apportion:
    """Return the function that apportions lots by ``algorithm`` (A2 to A7)."""
    sizes = [participant.size for participant in participants]
    share_lots = apportion_units if participants[0].basis is QUANTITY else apportion_money

    def share(lots: Sequence[Lot], capacities: Sequence[Decimal]) -> Apportionment:
        return share_lots(algorithm, lots, sizes, capacities)

    return share


def _check_algorithm(algorithm: str, known: Iterable[str]) -> None:
    """Refuse an unknown algorithm (A14)."""
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
) -> tuple[list[AllocationRun], dict[str, ErrorDetail]]:
    """Plan every run before making any, so that a placement that fails keeps its allocations (A13)."""
    runs, failed = [], {}
    for id in ids:
        try:
            placement = require(uow, Placement, id, "A13")
            frozen, replaced = split_earlier(uow, id)
            available = available_fills(uow, placement, replaced)
            runs.append(
                AllocationRun(placement, participants(uow, placement), available, frozen, replaced, key)
            )
        except Refusal as refusal:
            failed[id.failed_key] = refusal.as_item(id.failed_key)
    return runs, failed


def _reply_builder(runs: Sequence[AllocationRun], failed: Mapping[str, ErrorDetail]) -> ReplyBuilder:
    return lambda: AllocationReply(values=tuple(run.placement.id for run in runs), failed=failed)
