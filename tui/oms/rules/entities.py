"""Helpers for entities that most rules need: find them, compute fields, merge properties.

The states are those the server sets itself (L3, L6); a client may send any text (L2).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from tui.api.base import Properties, ResourceId
from tui.api.entity_relations import ALLOCATIONS_OF_ORDER
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.api.states import direction_of, is_cancelled, normalize
from tui.oms.domain.refusals import not_found
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.sizes import QUANTITY, Basis, basis_name, total

EntityT = TypeVar("EntityT", Block, Order, Placement, Execution, Allocation)

NEW = "New"
PARTIALLY_FILLED = "PartiallyFilled"
FILLED = "Filled"
CANCELLED = "Cancelled"
BOOKED = "Booked"


def require(uow: UnitOfWork, kind: type[EntityT], id: ResourceId, rule: str, status: int = 400) -> EntityT:
    """Return the entity.

    Raises:
        Refusal: there is none; with the error code of its type (section 2.0).
    """
    found = uow.get(kind, id)
    if found is None:
        raise not_found(kind, id, rule, status)
    return found


def with_computed_fields(entity: EntityT) -> EntityT:
    """Return ``entity`` with its computed fields: basis and direction (section 1.0)."""
    values: dict[str, Any] = {}
    if "basis" in entity.__struct_fields__:
        values["basis"] = basis_name(entity)
    if "direction" in entity.__struct_fields__:
        values["direction"] = direction_of(entity.side)
    return msgspec.structs.replace(entity, **values)


def merge_properties(
    properties: Properties | None, sent: Properties | None, *, deleting: bool = False
) -> Properties:
    """Return ``properties`` updated with the ``sent`` ones (C3).

    With ``deleting``, a property sent without a value is removed (U1).
    """
    result = dict(properties or {})
    for key, value in (sent or {}).items():
        if deleting and value.value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def is_booked(allocation: Allocation) -> bool:
    """Return whether an allocation is Booked, or Closed after it (L6, A11)."""
    return normalize(allocation.state) in ("booked", "closed")


def allocated_size(uow: UnitOfWork, allocations: Iterable[Allocation], basis: Basis) -> Decimal:
    """Return the total of allocations in ``basis``: their units or their money (A3, L9)."""
    if basis is QUANTITY:
        return total(each.quantity for each in allocations)
    return total(
        each.quantity * abs(each.price.amount) * uow.instruments.price_unit(each.lusid_instrument_id)
        for each in allocations
        if each.price is not None and each.price.amount is not None
    )


def live_allocations_of_order(uow: UnitOfWork, order: ResourceId) -> list[Allocation]:
    """Return the allocations of an order that are not cancelled (L6, L9)."""
    return [each for each in uow.related(ALLOCATIONS_OF_ORDER, order) if not is_cancelled(each.state)]
