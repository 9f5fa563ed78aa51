"""The shapes of generation 2.1, of the newer document: SDK 2.1.390 to 2.1.402 (section 7).

Declared once, by the newest types: which members, parameters and endpoints that generation does not know,
and what it cannot do without. Answers are made of the newest ones without being read further than where
something must go: whatever stays is passed on as it stands, digit by digit.

An order, block or placement by amount or weight, which only a newest server's desk can hold, has the
quantity 0 in the older shape: there must be a number, and it is no number of units.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Raw, Struct
from msgspec.structs import replace

from tui.api import endpoints
from tui.api.base import Version
from tui.api.endpoints import Endpoint
from tui.api.models import (
    AllocatedDetail,
    Allocation,
    Block,
    Booked,
    Executed,
    Order,
    Ordered,
    OrderGraphBlock,
    OrderGraphPlacement,
    Placed,
    Placement,
    PlacementAllocated,
    Transaction,
)
from tui.api.requests import (
    AllocationRequest,
    BlockAndOrders,
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    BlockRequest,
    BookTransactionsRequest,
    CancelledOrder,
    CancelledPlacement,
    MovedOrder,
    OrderRequest,
    OrderUpdateRequest,
    PlacementRequest,
    PlacementUpdateRequest,
)
from tui.oms.http.problems import invalid


class Change(Struct, frozen=True):
    """What became of one type: its members that came later, and those that were required before.

    Members are named as in Python. In answers a required member that is missing has the JSON given here.
    """

    later: tuple[str, ...] = ()
    required: Mapping[str, bytes] = {}


_BY_VALUE: Final = {"quantity": b"0"}

ADDED_SINCE: Final[Mapping[type[Struct], Change]] = {
    Block: Change(("amount", "basis", "is_swept"), {**_BY_VALUE, "type": b'""', "time_in_force": b'""'}),
    Order: Change(
        (
            "weight",
            "amount",
            "basis",
            "custodian_account_id",
            "derived_compliance_state",
            "derived_approval_state",
            "direction",
        ),
        _BY_VALUE,
    ),
    Placement: Change(("amount", "basis", "direction"), _BY_VALUE),
    Allocation: Change(("custodian_account_id", "direction")),
    Transaction: Change(("version",)),
    Version: Change(("reason_created", "reason_modified")),
    OrderGraphBlock: Change(("derived_direction", "latest_activity_date")),
    Ordered: Change(("amount", "amount_by_state"), _BY_VALUE),
    Placed: Change(("amount", "amount_by_state"), _BY_VALUE),
    Executed: Change(("amount",)),
    PlacementAllocated: Change(("amount",)),
    Booked: Change(("amount",)),
    AllocatedDetail: Change(("allocated_order_id", "quantity", "amount")),
    BlockRequest: Change(
        ("amount", "is_swept"), dict.fromkeys(("order_ids", "quantity", "type", "time_in_force"), b"")
    ),
    OrderRequest: Change(("weight", "amount", "custodian_account_id"), {"quantity": b""}),
    BlockedOrderRequest: Change(("amount", "side", "custodian_account_id"), {"quantity": b""}),
    BlockAndOrdersRequest: Change((), {"side": b""}),
    PlacementRequest: Change(("amount",), {"quantity": b"", "state": b""}),
    AllocationRequest: Change(("custodian_account_id",)),
    OrderUpdateRequest: Change(("amount", "date", "side")),
    PlacementUpdateRequest: Change(("amount", "type", "limit_price", "stop_price", "currency")),
    BookTransactionsRequest: Change(("fx_instrument_type",)),
}

NOT_YET: Final = frozenset(
    endpoint.name
    for endpoint in (endpoints.CANCEL_AND_MOVE, endpoints.ALLOCATE_WEIGHTED, endpoints.SWEEP_BLOCKS)
)
"""The endpoints that came later."""
IGNORED: Final[Mapping[str, frozenset[str]]] = {
    endpoints.BOOK_TRANSACTIONS.name: frozenset({"markordersandallocationsasbooked"}),
    endpoints.GRAPH_BLOCKS.name: frozenset({"includeswept"}),
    endpoints.ORDER_HISTORY.name: frozenset({"asat"}),
}
"""The query parameters that came later, in lower case: whoever sends them is not heard."""

ITEMS: Final[Mapping[str, type[Struct]]] = {
    endpoints.CREATE_ORDERS.name: BlockAndOrders,
    endpoints.MOVE_ORDERS.name: MovedOrder,
    endpoints.UPDATE_ORDERS.name: Order,
    endpoints.PLACE_BLOCKS.name: Placement,
    endpoints.UPDATE_PLACEMENTS.name: Placement,
    endpoints.CANCEL_PLACEMENTS.name: CancelledPlacement,
    endpoints.CANCEL_ORDERS.name: CancelledOrder,
    endpoints.BOOK_TRANSACTIONS.name: Transaction,
    endpoints.GRAPH_BLOCKS.name: OrderGraphBlock,
    endpoints.GRAPH_PLACEMENTS.name: OrderGraphPlacement,
    endpoints.GRAPH_CHILDREN.name: OrderGraphPlacement,
    endpoints.PORTFOLIO_TRANSACTIONS.name: Transaction,
    **{
        endpoint.name: kind
        for family, kind in (
            (endpoints.BLOCKS, Block),
            (endpoints.ORDERS, Order),
            (endpoints.PLACEMENTS, Placement),
            (endpoints.ALLOCATIONS, Allocation),
        )
        for endpoint in (family.list, family.get, family.upsert)
    },
}
"""What the items of an endpoint's answer are, in its ``values`` or alone, where it is of a changed type."""


def answer(endpoint: Endpoint, raw: bytes) -> bytes:
    """Give an answer of ``endpoint`` in the older shape."""
    kind = ITEMS.get(endpoint.name)
    if kind is None:
        return raw
    if endpoint.name in _ALONE:
        return msgspec.json.encode(_decoder(kind, None).decode(raw))
    members = _MEMBERS.decode(raw)
    values = bytes(members["values"])
    decoder = _decoder(kind, list if values.startswith(b"[") else dict)
    members["values"] = Raw(msgspec.json.encode(decoder.decode(values)))
    members.pop("fxOrders", None)
    return msgspec.json.encode(members)


def request(value: Any) -> Any:
    """Give a request as the older generation understands it: what came later is not looked at.

    Raises:
        Refusal: something is missing that had to be there (157).
    """
    wrong: dict[str, tuple[str, ...]] = {}
    made = _request(value, "", wrong)
    if wrong:
        raise invalid(wrong)
    return made


def _request(value: Any, at: str, wrong: dict[str, tuple[str, ...]]) -> Any:
    if isinstance(value, tuple):
        return tuple(_request(item, f"{at}[{index}]", wrong) for index, item in enumerate(value))
    if isinstance(value, dict):
        return {key: _request(item, f"{at}[{key}]", wrong) for key, item in value.items()}
    if not isinstance(value, Struct):
        return value
    change = ADDED_SINCE.get(type(value), Change())
    made: dict[str, Any] = dict.fromkeys(change.later)
    for field in msgspec.structs.fields(value):
        name = field.encode_name[:1].upper() + field.encode_name[1:]
        member = getattr(value, field.name)
        if member is None and field.name in change.required:
            wrong[f"{at}.{name}".lstrip(".")] = (f"The {name} field is required.",)
        elif isinstance(member, (tuple, dict, Struct)) and field.name not in made:
            made[field.name] = _request(member, f"{at}.{name}".lstrip("."), wrong)
    return replace(value, **made)


# -- older types, made of the newest -----------------------------------------------------------------------

_ALONE: Final = frozenset(family.get.name for family in endpoints.FAMILIES)
_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])


@cache
def _decoder(kind: type[Struct], container: type[Any] | None) -> msgspec.json.Decoder[Any]:
    older: Any = _older(kind)
    if container is dict:
        older = dict[str, older]
    elif container is list:
        older = list[older]
    return msgspec.json.Decoder(older)


@cache
def _older(kind: type[Struct]) -> type[Struct]:
    """Make the older type of ``kind``: what stays as it is is not even read."""
    change = ADDED_SINCE.get(kind, Change())
    fields: list[tuple[str, Any, Any]] = []
    names = {}
    for field in msgspec.structs.fields(kind):
        if field.name not in change.later:
            missing = change.required.get(field.name)
            fields.append((field.name, _older_type(field.type), UNSET if missing is None else Raw(missing)))
            names[field.name] = field.encode_name
    return msgspec.defstruct(f"Older{kind.__name__}", fields, rename=names, kw_only=True, gc=False)


def _older_type(declared: Any) -> Any:
    inner = next(_structs(declared), None)
    if inner is None or not _is_changed(inner):
        return Raw
    older: Any = _older(inner)
    return list[older] if any(get_origin(each) is tuple for each in _alternatives(declared)) else older


def _is_changed(kind: type[Struct]) -> bool:
    return kind in ADDED_SINCE or any(
        _is_changed(inner) for field in msgspec.structs.fields(kind) for inner in _structs(field.type)
    )


def _structs(declared: Any) -> Iterator[type[Struct]]:
    """Give the structs that a field's type holds, alone or in a tuple."""
    for each in _alternatives(declared):
        if isinstance(each, types.GenericAlias):
            if get_origin(each) is tuple:
                yield from _structs(get_args(each)[0])
        elif isinstance(each, type) and issubclass(each, Struct):
            yield each


def _alternatives(declared: Any) -> tuple[Any, ...]:
    return get_args(declared) if get_origin(declared) in (types.UnionType, Union) else (declared,)
