"""Responses in the shape of generation 2.1, of the newer document: SDK 2.1.390 to 2.1.402 (section 7).

:mod:`tui.api.generations` and :mod:`tui.api.operations` declare which operations, members of requests and
parameters that generation lacks; the members of responses are declared here. A response is made from the
newest one by removing members; the rest is copied byte for byte.

An order, block or placement by amount or weight, which only a newer desk can hold, has the quantity 0 in
the older shape, where a quantity is required.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Raw, Struct
from msgspec.structs import replace

from tui.api.base import Version
from tui.api.generations import NEWEST_ONLY, REQUIRED
from tui.api.models import (
    AllocatedDetail,
    Allocation,
    Block,
    Booked,
    Executed,
    Order,
    Ordered,
    OrderedDetail,
    OrderGraphBlock,
    Placed,
    Placement,
    PlacementAllocated,
    Transaction,
)
from tui.api.operation import Operation
from tui.api.reference_models import InstrumentRecord
from tui.oms.http.problems import invalid


class TypeChange(Struct, frozen=True):
    """The difference of a type of responses: members added since, and required ones with the JSON of a
    missing one.

    Members have their Python names.
    """

    added: tuple[str, ...] = ()
    required: Mapping[str, bytes] = {}


_BY_VALUE: Final = {"quantity": b"0"}

ADDED_SINCE: Final[Mapping[type[Struct], TypeChange]] = {
    Block: TypeChange(("amount", "basis", "is_swept"), {**_BY_VALUE, "type": b'""', "time_in_force": b'""'}),
    Order: TypeChange(
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
    Placement: TypeChange(("amount", "basis", "direction"), _BY_VALUE),
    Allocation: TypeChange(("custodian_account_id", "direction")),
    Transaction: TypeChange(("version",)),
    Version: TypeChange(("reason_created", "reason_modified")),
    OrderedDetail: TypeChange(("non_passing_compliance_rule_results",)),
    InstrumentRecord: TypeChange(("settlement_cycle",)),
    OrderGraphBlock: TypeChange(("derived_direction", "latest_activity_date")),
    Ordered: TypeChange(("amount", "amount_by_state"), _BY_VALUE),
    Placed: TypeChange(("amount", "amount_by_state"), _BY_VALUE),
    Executed: TypeChange(("amount",)),
    PlacementAllocated: TypeChange(("amount",)),
    Booked: TypeChange(("amount",)),
    AllocatedDetail: TypeChange(("allocated_order_id", "quantity", "amount")),
}


def response(operation: Operation[Any, Any], raw: bytes) -> bytes:
    """Return a response of ``operation`` in the older shape."""
    if get_origin(operation.reply) in (dict, tuple):
        return raw  # maps and lists of things that are as they were
    kind, listed = _items_of(operation)
    if kind is None:
        return raw
    if not listed:
        return msgspec.json.encode(_decoder(kind, None).decode(raw))
    members = _MEMBERS.decode(raw)
    values = bytes(members["values"])
    decoder = _decoder(kind, list if values.startswith(b"[") else dict)
    members["values"] = Raw(msgspec.json.encode(decoder.decode(values)))
    members.pop("fxOrders", None)
    return msgspec.json.encode(members)


@cache
def _items_of(operation: Operation[Any, Any]) -> tuple[type[Struct] | None, bool]:
    """Return the type of a response's items if it differs, and whether they are in its ``values``."""
    fields = {field.name: field.type for field in msgspec.structs.fields(operation.reply)}
    items = _alternatives(fields.get("values", operation.reply))
    inner = (each for item in items for each in (item, *get_args(item)))
    changed = (each for each in inner if isinstance(each, type) and issubclass(each, Struct))
    return next(filter(_is_changed, changed), None), "values" in fields


def request(value: Any) -> Any:
    """Return a request as the older generation reads it: newer members are ignored.

    Raises:
        Refusal: a member is missing that was required then (157).
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
    required = REQUIRED.get(type(value), {})
    made: dict[str, Any] = dict.fromkeys(NEWEST_ONLY.get(type(value), ()))
    for field in msgspec.structs.fields(value):
        name = field.encode_name[:1].upper() + field.encode_name[1:]
        member = getattr(value, field.name)
        if member is None and field.name in required:
            wrong[f"{at}.{name}".lstrip(".")] = (f"The {name} field is required.",)
        elif isinstance(member, (tuple, dict, Struct)) and field.name not in made:
            made[field.name] = _request(member, f"{at}.{name}".lstrip("."), wrong)
    return replace(value, **made)


# -- older types, made from the newest -----------------------------------------------------------------------

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
    """Return the older type of ``kind``; unchanged members are not decoded."""
    change = ADDED_SINCE.get(kind, TypeChange())
    fields: list[tuple[str, Any, Any]] = []
    names = {}
    for field in msgspec.structs.fields(kind):
        if field.name not in change.added:
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
    """Yield the structs in a field's type, alone or in a tuple."""
    for each in _alternatives(declared):
        if isinstance(each, types.GenericAlias):
            if get_origin(each) is tuple:
                yield from _structs(get_args(each)[0])
        elif isinstance(each, type) and issubclass(each, Struct):
            yield each


def _alternatives(declared: Any) -> tuple[Any, ...]:
    return get_args(declared) if get_origin(declared) in (types.UnionType, Union) else (declared,)
