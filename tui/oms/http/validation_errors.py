"""All validation errors of a body, by field as LUSID names it: ``Requests[0].Id``.

msgspec stops at the first error. A body it could not decode is compared here with the type it should have,
so that its sender gets all errors at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import inspect

from tui.api.base import Instant
from tui.oms.http.problems import NO_BODY

MAX_ERRORS: Final = 200
"""The errors that are listed, at most; more are found once these are corrected."""
MAX_SHOWN_CHARS: Final = 60
"""The longest part of a wrong value that is shown."""

_KINDS: Final[tuple[tuple[type[Any], str], ...]] = (
    (bool, "boolean"),
    (int, "integer"),
    (Decimal, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)
_NAMES: Final[Mapping[type[inspect.Type], str]] = {
    inspect.StrType: "string",
    inspect.BoolType: "boolean",
    inspect.IntType: "integer",
    inspect.DecimalType: "decimal",
    inspect.DateTimeType: "date-time",
    inspect.StructType: "object",
    inspect.DictType: "object",
    inspect.VarTupleType: "array",
    inspect.ListType: "array",
}

Found = Iterator[tuple[str, str]]


def validation_errors(kind: Any, value: Any) -> dict[str, tuple[str, ...]]:
    """Return why ``value``, decoded from JSON, is not a ``kind``: sentences by field.

    >>> validation_errors(dict[str, int], {"a": "x", "b": None, "c": 1})
    {'[a]': ('Could not convert string to integer: x.',), '[b]': ('The [b] field is required.',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for at, sentence in islice(_walk(_type_of(kind), value, ""), MAX_ERRORS):
        found[at or "Body"] = (*found.get(at or "Body", ()), sentence)
    return found


@cache
def _type_of(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _walk(kind: inspect.Type, value: Any, at: str) -> Found:
    if isinstance(kind, inspect.UnionType):
        if value is not None:
            yield from _walk(next(each for each in kind.types if not _is_none(each)), value, at)
    elif value is None:
        if not isinstance(kind, inspect.AnyType):
            yield at, f"The {at.rpartition('.')[2]} field is required." if at else NO_BODY
    else:
        yield from _WALKS.get(type(kind), _leaf)(kind, value, at)


def _struct(kind: Any, value: Any, at: str) -> Found:
    if not isinstance(value, dict):
        yield at, _converted(kind, value)
        return
    for field in kind.fields:
        name = field.encode_name
        where = f"{at}.{name[:1].upper()}{name[1:]}".lstrip(".")
        if name in value:
            yield from _walk(field.type, value[name], where)
        elif field.required:
            yield where, f"The {where.rpartition('.')[2]} field is required."


def _map(kind: Any, value: Any, at: str) -> Found:
    if not isinstance(value, dict):
        yield at, _converted(kind, value)
        return
    for key, member in value.items():
        yield from _walk(kind.value_type, member, f"{at}[{key[:MAX_SHOWN_CHARS]}]")


def _list(kind: Any, value: Any, at: str) -> Found:
    if not isinstance(value, list):
        yield at, _converted(kind, value)
        return
    for index, member in enumerate(value):
        yield from _walk(kind.item_type, member, f"{at}[{index}]")


def _leaf(kind: Any, value: Any, at: str) -> Found:
    try:
        msgspec.convert(value, _PLAIN.get(type(kind), Any))
    except msgspec.ValidationError:
        yield at, _converted(kind, value)


def _is_none(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.NoneType)


def _converted(kind: inspect.Type, value: Any) -> str:
    was = next(name for type, name in _KINDS if isinstance(value, type))
    shown = "" if isinstance(value, (list, dict)) else f": {str(value)[:MAX_SHOWN_CHARS]}"
    return f"Could not convert {was} to {_NAMES.get(type(kind), 'what is expected')}{shown}."


_PLAIN: Final[Mapping[type[inspect.Type], Any]] = {
    inspect.StrType: str,
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.DecimalType: Decimal,
    inspect.DateTimeType: Instant,
}
_WALKS: Final[Mapping[type[inspect.Type], Callable[[Any, Any, str], Found]]] = {
    inspect.StructType: _struct,
    inspect.DictType: _map,
    inspect.VarTupleType: _list,
    inspect.ListType: _list,
}
