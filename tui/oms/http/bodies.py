"""Request bodies: checked for depth, then decoded into the contract's request types.

Unlike a client, the server stores text as it was sent; whoever shows it sanitises it. Numbers are decoded
exactly and refused beyond any sensible size; times without a zone are UTC (F2).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sized
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

import msgspec
from msgspec import structs

from tui.api.lenient_json import may_hold_odd_numbers
from tui.api.model_members import number_members, time_members
from tui.oms.http.problems import NO_BODY, invalid

T = TypeVar("T")

MAX_DEPTH: Final = 32
MAX_TEXT: Final = 16 * 1024
"""The longest text of a body, in bytes: an entity comes back in every page and version it is part of."""
MAX_MEMBERS: Final = 5_000
"""The most items of a call: as many as the largest page and the largest booking have."""
MAX_DIGITS: Final = 40
"""The largest power of ten a number may have, up or down; nothing that is traded comes near it."""

_DECODERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}
_BRACES: Final = bytes.maketrans(b"[]", b"{}")
_NOT_STRUCTURE: Final = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_STRING: Final = rb'"[^"]*"'
_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_ZONELESS: Final = r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?)?"


def read(kind: type[T], raw: bytes) -> T:
    """Decode ``raw`` as ``kind``.

    Raises:
        Refusal: it is empty, too deep, too long, not JSON, or of another shape (157).
    """
    if not raw.strip():
        raise invalid({"Body": (NO_BODY,)})
    if _depth(raw) > MAX_DEPTH:
        raise invalid({"Body": (f"The body is nested more than {MAX_DEPTH} deep.",)})
    if len(raw) > MAX_TEXT and _has_long_text(raw):
        raise invalid({"Body": (f"A text of the body is longer than {MAX_TEXT} bytes.",)})
    value = _decoded(kind, raw)
    _check_members(value)
    return value


def _decoded(kind: type[T], raw: bytes) -> T:
    decoder = _DECODERS.get(kind) or _DECODERS.setdefault(kind, msgspec.json.Decoder(kind))
    odd = b"\\" in raw or may_hold_odd_numbers(raw) or b"0" * MAX_DIGITS in raw.translate(_ZEROS)
    try:
        if not odd:
            value: T = decoder.decode(raw)
            return value
    except msgspec.ValidationError:
        pass  # a time without a zone looks like this; the slow path tells them apart
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid({"Body": (f"The body cannot be read: {error}.",)}) from error
    return _read_slowly(kind, raw)


def _depth(raw: bytes) -> int:
    """Return how deep objects and lists are nested: remove the innermost ones until none is left."""
    plain = raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw
    marks = plain.translate(_BRACES, _NOT_STRUCTURE).replace(b'""', b"")
    left = re.sub(_STRING, b"", marks) if b'"' in marks else marks
    depth = 0
    while left and depth <= MAX_DEPTH:
        depth += 1
        inner = left.replace(b"{}", b"")
        if len(inner) == len(left):
            return depth + left.count(b"{")  # those that are never closed
        left = inner
    return depth


def _has_long_text(raw: bytes) -> bool:
    """Return whether any text is longer than ``MAX_TEXT``; between two quotes is every other part."""
    plain = raw.replace(b"\\\\", b"__").replace(b'\\"', b"__") if b"\\" in raw else raw
    return any(len(part) > MAX_TEXT for part in plain.split(b'"')[1::2])


def _check_members(value: Any) -> None:
    members = structs.asdict(value) if isinstance(value, msgspec.Struct) else {"body": value}
    long = [name for name, each in members.items() if isinstance(each, Sized) and len(each) > MAX_MEMBERS]
    long = [name for name in long if not isinstance(members[name], str)]
    if long:
        sentence = "The field {} must have at most {} items."
        names = [name.title().replace("_", "") for name in long]
        raise invalid({name: (sentence.format(name, MAX_MEMBERS),) for name in names})


def _read_slowly(kind: type[T], raw: bytes) -> T:
    try:
        value = json.loads(raw, parse_float=_number, parse_int=_number, parse_constant=_no_number)
        value = _with_zones(value)
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        from tui.oms.http.validation_errors import (
            validation_errors,  # not loaded before the first body that is not as it should be
        )

        raise invalid(validation_errors(kind, value) or {"Body": (f"{error}.",)}) from error
    except (ValueError, RecursionError) as error:
        raise invalid({"Body": (f"The body cannot be read: {error}.",)}) from error


def _number(digits: str) -> Decimal | int:
    number = Decimal(digits)
    if not number.is_finite() or abs(number.adjusted()) >= MAX_DIGITS or len(digits) > 2 * MAX_DIGITS:
        raise invalid({"Body": (f"{digits[:MAX_DIGITS]} is not a number that can be traded.",)})
    return int(digits) if digits.lstrip("-").isdigit() else number


def _no_number(name: str) -> Decimal:
    raise invalid({"Body": (f"{name} is not a number.",)})


def _with_zones(value: Any, name: str = "") -> Any:
    """Return ``value`` with UTC added to times without a zone (F2); refuse text that is not Unicode."""
    if isinstance(value, str):
        if name in time_members() and (match := re.fullmatch(_ZONELESS, value)):
            return f"{match[1]}T{match[2] or '00:00'}{match[3] or ':00'}Z"
        if name in number_members():
            with suppress(InvalidOperation):
                _number(value)
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise invalid({"Body": ("A text of the body is not Unicode.",)})
        return value
    if isinstance(value, dict):
        return {_with_zones(key): _with_zones(member, key) for key, member in value.items()}
    return [_with_zones(member) for member in value] if isinstance(value, list) else value
