"""Answers as generation 2.1, that of the newer document: SDK 2.1.390 to 2.1.402 (section 7).

Which operations, members of requests and parameters that generation lacks is declared in
:mod:`tui.api.generations` and :mod:`tui.api.operations`; here are the members of answers. Answers are made of
the newest ones, read no further than where something must go: whatever stays is passed on as it stands, digit
by digit.

An order, block or placement by amount or weight, which only a desk of the latest generation can hold, has the
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
    OrderGraphBlock,
    Placed,
    Placement,
    PlacementAllocated,
    Transaction,
)
from tui.api.operations import Operation
from tui.oms.http.problems import invalid


class Change(Struct, frozen=True):
    """How a type of answers changed: members added since, and required ones with the JSON of a missing one.

    Members are named as in Python.
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
}


def answer(operation: Operation[Any, Any], raw: bytes) -> bytes:
    """Return an answer of ``operation`` in the older shape."""
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
    """Return the type of the items of an answer when it changed, and whether they are in its ``values``."""
    fields = {field.name: field.type for field in msgspec.structs.fields(operation.reply)}
    items = _alternatives(fields.get("values", operation.reply))
    inner = (each for item in items for each in (item, *get_args(item)))
    changed = (each for each in inner if isinstance(each, type) and issubclass(each, Struct))
    return next(filter(_is_changed, changed), None), "values" in fields


def request(value: Any) -> Any:
    """Return a request as the older generation understands it: newer members are ignored.

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


# -- older types, made of the newest -----------------------------------------------------------------------

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
