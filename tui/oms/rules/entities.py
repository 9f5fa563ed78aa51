"""Small things every rule does with entities: finding them, computing their fields, merging properties.

Its states are those the server gives by itself (L3, L6); a client may send any text (L2).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from tui.api.base import Properties, ResourceId
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.api.states import direction_of, is_cancelled, normal
from tui.oms.domain.refusals import not_found
from tui.oms.domain.unit_of_work import ALLOCATIONS_OF_ORDER, UnitOfWork
from tui.oms.rules.sizes import QUANTITY, Basis, basis_name, total

EntityT = TypeVar("EntityT", Block, Order, Placement, Execution, Allocation)

NEW = "New"
PARTIALLY_FILLED = "PartiallyFilled"
FILLED = "Filled"
CANCELLED = "Cancelled"
BOOKED = "Booked"


def require(uow: UnitOfWork, kind: type[EntityT], id: ResourceId, rule: str, status: int = 400) -> EntityT:
    """Give the entity.

    Raises:
        Refusal: there is none; with the family's own code (2.0).
    """
    found = uow.get(kind, id)
    if found is None:
        raise not_found(kind, id, rule, status)
    return found


def with_computed_fields(entity: EntityT) -> EntityT:
    """Give ``entity`` with the fields the server computes from its others (1.0): basis and direction."""
    values: dict[str, Any] = {}
    if "basis" in entity.__struct_fields__:
        values["basis"] = basis_name(entity)
    if "direction" in entity.__struct_fields__:
        values["direction"] = direction_of(entity.side)
    return msgspec.structs.replace(entity, **values)


def merge_properties(
    properties: Properties | None, sent: Properties | None, *, deleting: bool = False
) -> Properties:
    """Give ``properties`` with the ``sent`` ones put over them (C3).

    With ``deleting``, one sent without a value is taken away (U1).
    """
    result = dict(properties or {})
    for key, value in (sent or {}).items():
        if deleting and value.value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def is_booked(allocation: Allocation) -> bool:
    """Tell whether an allocation is done for good: Booked, or Closed after it (L6, A11)."""
    return normal(allocation.state) in ("booked", "closed")


def allocated_size(uow: UnitOfWork, allocations: Iterable[Allocation], basis: Basis) -> Decimal:
    """A3, L9: give how much allocations take of what is sized in ``basis``: units, or their money."""
    if basis is QUANTITY:
        return total(each.quantity for each in allocations)
    return total(
        each.quantity * each.price.amount * uow.instruments.price_unit(each.lusid_instrument_id)
        for each in allocations
        if each.price is not None and each.price.amount is not None
    )


def live_allocations_of_order(uow: UnitOfWork, order: ResourceId) -> list[Allocation]:
    """Give the allocations that count towards an order: all but the cancelled ones (L6, L9)."""
    return [each for each in uow.related(ALLOCATIONS_OF_ORDER, order) if not is_cancelled(each.state)]
