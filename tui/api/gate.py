"""The gate between bytes and models: the one place where text is cleaned and numbers are read.

Numbers become ``Decimal`` digit by digit, never through a float. Hostile characters are replaced,
never dropped, so that no reply can style, move or break a screen; the one exception are the parts of
ids, which are kept as sent because they are written back (whatever draws a cell cleans again).

A reply is scanned once. Almost none needs more, and is decoded straight into models; the others
take the slow path through Python values, where the same rules are applied string by string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final, Generic, TypeVar, get_type_hints

import msgspec

from tui.api import models, requests, shapes
from tui.api.requests import ResourceList

T = TypeVar("T")

MAX_EXPONENT: Final = 99
"""The largest power of ten a number may carry; more would only serve to exhaust memory."""
MAX_TEXT: Final = 4096
"""The longest text kept of one field, in characters."""

_HOSTILE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_HOSTILE_BYTES: Final = re.compile(
    rb"\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xf3\xa0|[\xed\xff]"
)
_ESCAPES: Final = re.compile(rb"\\[bfnrtu]")
_EXPONENT: Final = re.compile(rb"[0-9][eE][0-9+-][0-9]+[,}\]\s]")
_RAW_KEYS: Final = frozenset({"scope", "code"})
_ZONELESS: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?")


class Malformed(ValueError):
    """Bytes that are not what the contract promises; the message says where."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a list that could not be read: what is wrong, and its text as far as it is useful."""

    problem: str
    text: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list: its rows, the token of the next page (None on the last), unreadable rows."""

    values: tuple[T, ...]
    next_page: str | None = None
    bad: tuple[BadRow, ...] = ()


def clean(text: str) -> str:
    """Give ``text`` with every character that could act on a terminal replaced by U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return _HOSTILE.sub("\ufffd", text)


def decode(kind: type[T], raw: bytes) -> T:
    """Read ``raw`` JSON as ``kind``.

    Raises:
        Malformed: the bytes are not JSON, or not of that shape; says where and why.
    """
    try:
        if _suspect(raw):
            return msgspec.convert(_careful(raw), kind)
        decoder = _DECODERS.get(kind) or _DECODERS.setdefault(kind, msgspec.json.Decoder(kind))
        value: T = decoder.decode(raw)
        return value
    except msgspec.ValidationError:
        try:
            return msgspec.convert(_careful(raw), kind)
        except msgspec.ValidationError as error:
            raise Malformed(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from error


def decode_page(row: type[T], raw: bytes) -> Page[T]:
    """Read a list answer row by row as far as needed: one bad row never hides the others.

    Raises:
        Malformed: the answer is not a list of the contract at all.
    """
    try:
        reply = decode(list_of(row), raw)
        return Page(reply.values, reply.next_page or None)
    except Malformed:
        body = _careful(raw)
    if not isinstance(body, dict) or not isinstance(body.get("values"), list):
        raise Malformed("expected an object with a list of values")
    rows: list[T] = []
    bad: list[BadRow] = []
    for value in body["values"]:
        try:
            rows.append(msgspec.convert(value, row))
        except msgspec.ValidationError as error:
            bad.append(BadRow(str(error), str(value)[:MAX_TEXT]))
    return Page(tuple(rows), str(body.get("nextPage") or "") or None, tuple(bad))


def list_of(row: type[T]) -> type[ResourceList[T]]:
    """Give the type of a list answer with rows of type ``row``."""
    kind: Any = ResourceList
    made: type[ResourceList[T]] = kind[row]
    return made


def encode(value: object) -> bytes:
    """Write ``value`` as JSON: numbers with their own digits, times with 7 fraction digits and +00:00."""
    return _time_member().sub(_seven_digits, _ENCODER.encode(value))


def value_text(raw: msgspec.Raw | None) -> str:
    """Give a history value as text, whether any JSON (older shape) or a property value (newer, T3)."""
    if raw is None or bytes(raw) in (b"", b"null"):
        return ""
    value = _careful(bytes(raw))
    if isinstance(value, dict):
        with_amount = {"amount", "currency"}
        if value.keys() <= with_amount:
            return str(msgspec.convert(value, shapes.CurrencyAndAmount))
        try:
            return str(msgspec.convert(value, shapes.PropertyValue)) or _plain(value)
        except msgspec.ValidationError:
            return _plain(value)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return value
    if value.__class__ is dict and value.keys() == {"scope", "code"}:
        return f"{value['scope']}/{value['code']}"
    return _ENCODER.encode(value).decode()


def _suspect(raw: bytes) -> bool:
    if b"\\" in raw and _ESCAPES.search(raw):
        return True
    if b"\x7f" in raw or (not raw.isascii() and _HOSTILE_BYTES.search(raw)):
        return True
    return _EXPONENT.search(raw) is not None


def _careful(raw: bytes) -> Any:
    """Read JSON with numbers bounded, texts cleaned and zoneless times taken as UTC."""
    try:
        body = json.loads(raw, parse_float=_number, parse_int=_number, parse_constant=_reject)
        return _cleaned(body, "")
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error


def _cleaned(value: Any, key: str) -> Any:
    if isinstance(value, str):
        if key in _time_members() and _ZONELESS.fullmatch(value):
            return (value if len(value) > 10 else f"{value}T00:00:00") + "Z"
        return value if key in _RAW_KEYS else clean(value[:MAX_TEXT])
    if isinstance(value, dict):
        return {clean(name): _cleaned(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [_cleaned(member, "") for member in value]
    return value


def _number(digits: str) -> Decimal | int:
    try:
        number = Decimal(digits)
    except InvalidOperation as error:
        raise Malformed(f"{digits[:40]} is not a number") from error
    if abs(number.adjusted()) > MAX_EXPONENT:
        raise Malformed(f"{digits[:40]} is out of range")
    return int(digits) if digits.lstrip("-").isdigit() else number


def _reject(name: str) -> Decimal:
    raise Malformed(f"{name} is not a number")


_DECODERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def _wire_types() -> Iterator[type[shapes.Wire]]:
    for module in (shapes, models, requests):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, shapes.Wire):
                yield value


@cache
def _time_members() -> frozenset[str]:
    """The JSON names under which the contract carries times, read off the models themselves."""
    found = set()
    for kind in _wire_types():
        hints = get_type_hints(kind)
        for name, encoded in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
            if hints[name] == datetime or datetime in getattr(hints[name], "__args__", ()):
                found.add(encoded)
    return frozenset(found)


@cache
def _time_member() -> re.Pattern[bytes]:
    names = b"|".join(sorted(name.encode() for name in _time_members()))
    time = rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)"
    return re.compile(rb'("(?:' + names + rb')":")' + time + rb'(?=")')


def _seven_digits(match: re.Match[bytes]) -> bytes:
    name, seconds, fraction, zone = match.groups()
    if zone != b"Z":
        try:
            moment = datetime.fromisoformat(match.group(0)[len(name) :].decode()).astimezone(UTC)
        except OverflowError:
            return match.group(0)
        seconds, fraction = (
            moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0").encode(),
            b"%06d" % moment.microsecond,
        )
    return name + seconds + b"." + (fraction or b"").ljust(7, b"0") + b"+00:00"
