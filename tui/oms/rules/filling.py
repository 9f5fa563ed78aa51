"""Keep the states of placements in step with fills, and of orders with allocations (L8, L9)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tui.api.base import ResourceId
from tui.api.life_cycle import exceeds, is_zero
from tui.api.models import Order, Placement
from tui.api.states import is_cancelled, is_final
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.entities import FILLED, NEW, PARTIALLY_FILLED, allocated_size, live_allocations_of_order
from tui.oms.rules.placed_quantities import executed_size, with_ancestors
from tui.oms.rules.sizes import sizing_basis


def _fill_state(size: Decimal | None, done: Decimal) -> str:
    if is_zero(done):
        return NEW
    return PARTIALLY_FILLED if size is None or exceeds(size, done) else FILLED


def placement_fill_state(uow: UnitOfWork, placement: Placement) -> str | None:
    """Return the state of a placement by its executed size; a cancelled one keeps its state (L8)."""
    if is_cancelled(placement.state):
        return placement.state
    basis = sizing_basis(placement)
    return _fill_state(basis.size_of(placement), executed_size(uow, placement, basis))


def update_placement_state(uow: UnitOfWork, placement: ResourceId) -> None:
    """Update the states of a placement and of its parents to their executed size (L8).

    A fill makes a new version of its placement even where the state stays, so that clients that ask for
    changes see it.
    """
    found = uow.get(Placement, placement)
    for member in with_ancestors(uow, found) if found is not None else ():
        after = msgspec.structs.replace(member, state=placement_fill_state(uow, member))
        if member.id == placement:
            uow.touch(after)
        else:
            uow.put(after)


def update_order_state(uow: UnitOfWork, order: ResourceId) -> None:
    """Update an order's state to its allocated size; a final state stays (L9)."""
    found = uow.get(Order, order)
    if found is None or is_final(found.state):
        return
    basis = sizing_basis(found)
    state = _fill_state(
        basis.size_of(found), allocated_size(uow, live_allocations_of_order(uow, order), basis)
    )
    if state != found.state:
        uow.put(msgspec.structs.replace(found, state=state))
