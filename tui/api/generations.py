"""The generations of the API: fits requests to an older server (contract, section 7).

A request is fitted to the generation of its server before it is sent (T8). A member that says nothing there
is left out. One the request depends on is refused in words, because an older server would refuse it for a
reason nobody understands, or do something else than was asked. The embedded server answers as an older one by
the same tables. Since when there is an operation or a parameter is said in :mod:`tui.api.operations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.errors import NotSent
from tui.api.operation import GENERATIONS, Generation, Operation
from tui.api.operations import OPERATIONS
from tui.api.requests import (
    AllocationRequest,
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    BlockRequest,
    BookTransactionsRequest,
    OrderRequest,
    OrderUpdateRequest,
    PlacementRequest,
    PlacementUpdateRequest,
)

NEWEST_ONLY: Final[Mapping[type[Struct], tuple[str, ...]]] = {
    BlockRequest: ("amount", "is_swept"),
    OrderRequest: ("amount", "weight", "custodian_account_id"),
    BlockedOrderRequest: ("amount", "side", "custodian_account_id"),
    PlacementRequest: ("amount",),
    AllocationRequest: ("custodian_account_id",),
    OrderUpdateRequest: ("amount", "date", "side"),
    PlacementUpdateRequest: ("amount", "type", "limit_price", "stop_price", "currency"),
    BookTransactionsRequest: ("fx_instrument_type",),
}
"""The members of requests that servers before the latest generation forbid."""

MEANS_NOTHING: Final[Mapping[str, object]] = {"is_swept": False, "fx_instrument_type": "None"}
"""The values that ask for what an older server does anyway."""

REQUIRED: Final[Mapping[type[Struct], Mapping[str, object]]] = {
    BlockRequest: {"order_ids": (), "quantity": None, "type": None, "time_in_force": None},
    OrderRequest: {"quantity": None},
    BlockedOrderRequest: {"quantity": None},
    BlockAndOrdersRequest: {"side": None},
    PlacementRequest: {"quantity": None, "state": "New"},
}
"""The members older servers require and the latest does not, with what stands for a missing one."""


def absent_in(generation: Generation) -> dict[str, str]:
    """Return why operations cannot be used on a server of ``generation``, by name."""
    if generation == GENERATIONS[-1]:
        return {}
    from tui.api.reference_operations import REFERENCE  # a start needs no rows of it

    return {
        each.name: f"generation {generation} has no such call"
        for each in (*OPERATIONS, *REFERENCE)
        if not each.is_in(generation)
    }


def may_be_absent(operation: Operation[Any, Any]) -> bool:
    """Return whether a 404 of ``operation`` means that the server has no such operation (T10).

    Those of the latest generation report an entity that is not there under the key of its item; a call whose
    path names an entity says of that one that it is not there.
    """
    return operation.since == "latest" and "{" not in operation.path


def fitted(body: Any, generation: Generation) -> Any:
    """Return a request as a server of ``generation`` takes it (T8).

    Raises:
        NotSent: it asks for something such a server cannot do.
    """
    if generation == "latest":
        return body
    if isinstance(body, Struct):
        return _fitted_struct(body, generation)
    if isinstance(body, Mapping):
        return {name: fitted(value, generation) for name, value in body.items()}
    if isinstance(body, tuple | list):
        return type(body)(fitted(value, generation) for value in body)
    return body


def _fitted_struct(body: Struct, generation: Generation) -> Struct:
    if isinstance(body, BlockAndOrdersRequest):
        body = _without_own_sides(body)
    changes: dict[str, Any] = {}
    for name in NEWEST_ONLY.get(type(body), ()):
        value = getattr(body, name)
        if value is None:
            continue
        if value != MEANS_NOTHING.get(name):
            raise _unfit(body, f"takes no {_words(name)}", generation)
        changes[name] = None
    for name, instead in REQUIRED.get(type(body), {}).items():
        if getattr(body, name) is None:
            if instead is None:
                raise _unfit(body, f"needs a {_words(name)}", generation)
            changes[name] = instead
    for name in body.__struct_fields__:
        value = getattr(body, name)
        if name not in changes and isinstance(value, Struct | Mapping | tuple | list):
            within = fitted(value, generation)
            if within != value:
                changes[name] = within
    return replace(body, **changes) if changes else body


def _without_own_sides(request: BlockAndOrdersRequest) -> BlockAndOrdersRequest:
    """Return ``request`` without the sides of orders that repeat the block's.

    When only the orders have a side, and all the same, it becomes the block's.
    """
    sides = {order.side for order in request.orders if order.side is not None}
    side = request.side if request.side is not None or len(sides) != 1 else next(iter(sides))
    orders = tuple(replace(order, side=None) if order.side == side else order for order in request.orders)
    return replace(request, side=side, orders=orders)


def _unfit(body: Struct, what: str, generation: Generation) -> NotSent:
    id = getattr(body, "id", None) or getattr(body, "block_id", None)
    name = f"{id.code}: a" if id is not None else "A"
    return NotSent(
        f"{name} server of generation {generation} {what} here.",
        advice="Ask for it in another way; which generation the server is, is set with its profile.",
    )


def _words(name: str) -> str:
    return "swept mark" if name == "is_swept" else name.removesuffix("_id").replace("_", " ")


__all__ = ["NEWEST_ONLY", "REQUIRED", "Generation", "absent_in", "fitted", "may_be_absent"]
