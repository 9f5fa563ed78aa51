"""What of allocations the fills behind them still cover: a busted trade takes its units back (E5, B9)."""

from __future__ import annotations

from decimal import Decimal

from tui.api.base import ResourceId
from tui.api.entity_relations import ALLOCATIONS_OF_PLACEMENT
from tui.api.life_cycle import exceeds
from tui.api.models import Allocation, Execution
from tui.api.states import is_cancelled
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.sizes import decimal_text, total

Ids = tuple[ResourceId, ...]


class Coverage:
    """The units of one call's allocations and of their fills; those of one run are added up once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Ids, Ids], tuple[Decimal, Decimal]] = {}

    def check(self, uow: UnitOfWork, allocation: Allocation) -> None:
        """Check that the fills of an allocation have the units of all allocations that use them (B9).

        An allocation that names no executions is a record, and is not checked.

        Raises:
            Refusal: fills were cancelled, voided or corrected, and the placement not allocated again.
        """
        placements, executions = allocation.placement_ids or (), allocation.execution_ids or ()
        if not executions:
            return
        key = (placements, executions)
        if key not in self._found:
            self._found[key] = _units(uow, placements, executions)
        allocated, filled = self._found[key]
        if exceeds(allocated, filled):
            names = ", ".join(f"'{id}'" for id in placements)
            detail = (
                f"Allocation '{allocation.id}' is over-allocated: {decimal_text(allocated)} units are "
                f"allocated of fills that have {decimal_text(filled)} now. Allocate placement {names} again."
            )
            raise Refusal("OverAllocatedFailure", detail, "B9")


def _units(uow: UnitOfWork, placements: Ids, executions: Ids) -> tuple[Decimal, Decimal]:
    """Return the units of the live allocations that share executions, and of those executions."""
    wanted = set(executions)
    sharing = {
        each.id: each
        for placement in placements
        for each in uow.related(ALLOCATIONS_OF_PLACEMENT, placement)
        if not is_cancelled(each.state) and not wanted.isdisjoint(each.execution_ids or ())
    }
    named = {id for each in sharing.values() for id in each.execution_ids or ()} | wanted
    fills = (uow.get(Execution, id) for id in sorted(named))
    return (
        total(each.quantity for each in sharing.values()),
        total(fill.quantity for fill in fills if fill is not None and not is_cancelled(fill.state)),
    )
