"""Encodes models as JSON and decodes JSON into models; every byte on the wire passes here.

Numbers become ``Decimal`` digit by digit, never through a float. Texts are cleaned by
:mod:`tui.api.sanitize`, so that no reply can style, move or break a screen; the one exception are the parts
of ids, which stay as they were sent because they are written back (whatever draws a cell cleans again).

A reply is searched once for anything that needs care. Nearly always nothing is found, and it is decoded
straight into models. Otherwise it takes the slow path: it is read into Python values, and the same rules are
applied value by value. A reply that both paths accept is read alike by both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from tui.api import base, models, requests
from tui.api.requests import ResourceList
from tui.api.sanitize import clean, may_be_unclean, replace_surrogates

T = TypeVar("T")

MAX_DIGITS: Final = 100
"""The most digits a number may have before its point: more would exhaust memory and mean nothing."""
MAX_TEXT: Final = 4096
"""The longest text that is kept of one field, in characters."""

# Patterns are kept as texts: re compiles one when it is first used, and most starts never need it.
_TIME: Final = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?)?"
    r"(?:[Zz]|([+-][0-9]{2}):?([0-9]{2}))?"
)
_STRING: Final = rb'"(?:[^"\\]|\\.)*"'
_WRITTEN_TIME: Final = rb'("(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)")'
_END_OF_TIME: Final = "9999-12-31T23:59:59.999999Z"

# A reply is searched without its digits, in lower case and with one kind of bracket: 1E+400 leaves an e,
# "-Infinity" its letters. Searching bytes twice takes half the time of one pattern.
_NUMERIC: Final = b"0123456789.+-_ \t\r\n" + bytes(range(0x80, 0x100))
_LETTERS: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ}]", b"abcdefghijklmnopqrstuvwxyz,,")
_ODD_NUMBERS: Final = (b":e,", b':"e"', b':"nan"', b':"snan"', b':"inf"', b':"infinity"')
_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER: Final = b"0" * MAX_DIGITS


class Malformed(ValueError):
    """Bytes that are not of the contract's form; the message says where."""


class Unsendable(ValueError):
    """A value that cannot be written exactly, such as NaN, a time without a zone or half a character."""


class BadRow(Struct, frozen=True):
    """A row of a list that could not be read: why, the beginning of its text, and its id if that is one."""

    problem: str
    text: str
    id: base.ResourceId | None = None


class Page(Struct, Generic[T], frozen=True):
    """One page of a list: its rows, the token of the next page (None on the last), and unreadable rows."""

    values: tuple[T, ...]
    next_page: str | None = None
    bad: tuple[BadRow, ...] = ()


class _UnreadRows(Struct, rename="camel"):
    """A list whose rows have not been read yet."""

    values: list[msgspec.Raw]
    next_page: str | None = None


def decode(kind: type[T], raw: bytes) -> T:
    """Decode JSON as ``kind``.

    Raises:
        Malformed: the bytes are not JSON, or not of that form; says where and why.
    """
    if not _needs_slow_path(raw):
        decoder = _DECODERS.get(kind) or _DECODERS.setdefault(
            kind, msgspec.json.Decoder(kind, float_hook=Decimal)
        )
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            value: T = decoder.decode(raw)
            return value
    return _convert(_read_slowly(raw), kind)


def decode_page(row: type[T], raw: bytes) -> Page[T]:
    """Decode a list; when a row cannot be read, row by row, so that it does not hide the others.

    Raises:
        Malformed: the answer is no list of the contract at all.
    """
    try:
        reply = decode(list_of(row), raw)
        return Page(reply.values, reply.next_page or None)
    except Malformed:
        body = _read_slowly(raw)
    if not isinstance(body, dict) or not isinstance(body.get("values"), list):
        raise Malformed("expected an object with a list of values")
    rows: list[T] = []
    bad: list[BadRow] = []
    for value in body["values"]:
        try:
            rows.append(_convert(value, row))
        except Malformed as error:
            bad.append(BadRow(str(error), str(value)[:MAX_TEXT], _id_of(value)))
    return Page(tuple(rows), str(body.get("nextPage") or "") or None, tuple(bad))


def split_page(raw: bytes, size: int) -> tuple[list[bytes], str | None]:
    """Return a list of many rows as several of about ``size`` bytes each, and the token of the next page.

    Reading one of them takes a part of the time. What cannot be split is returned as it is, without a token.
    """
    try:
        page = _UNREAD_ROWS.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [raw], None
    parts: list[bytes] = []
    some: list[msgspec.Raw] = []
    room = size
    for row in page.values:
        some.append(row)
        room -= len(memoryview(row))
        if room <= 0:
            parts.append(_LIST_OF % b",".join(some))
            some, room = [], size
    if some or not parts:
        parts.append(_LIST_OF % b",".join(some))
    return parts, clean(page.next_page or "") or None


def _id_of(value: Any) -> base.ResourceId | None:
    """Return the id of an entity, or of the block of an entry of the order graph, that cannot be read."""
    if not isinstance(value, dict):
        return None
    with suppress(Malformed):
        return _convert(value["id"], base.ResourceId) if "id" in value else _id_of(value.get("block"))
    return None


def decode_reply(kind: type[T], raw: bytes) -> T:
    """Decode the answer of an operation: a page as :func:`decode_page` does, anything else as a whole.

    Raises:
        Malformed: it is not an answer of the contract.
    """
    if get_origin(kind) is not Page:
        return decode(kind, raw)
    page: Any = decode_page(get_args(kind)[0], raw)
    made: T = page
    return made


def list_of(row: type[T]) -> type[ResourceList[T]]:
    """Return the type of a list answer with rows of type ``row``."""
    kind: Any = ResourceList
    made: type[ResourceList[T]] = kind[row]
    return made


def page_of(row: type[T]) -> type[Page[T]]:
    """Return the type of a page with rows of type ``row``."""
    kind: Any = Page
    made: type[Page[T]] = kind[row]
    return made


def encode(value: object) -> bytes:
    """Encode a value as JSON: numbers with their own digits, times with 7 fraction digits and +00:00.

    Raises:
        Unsendable: it holds a Decimal that is no number, which nobody could read back.
    """
    try:
        raw = _ENCODER.encode(value)
    except UnicodeEncodeError:
        raise
    except ValueError as error:  # msgspec from 0.23 on; older ones write NaN, found below
        raise Unsendable("NaN or an infinity is not a number a server could take") from error
    check_numbers(raw)
    return _time_member().sub(_member_with_time, raw)


def check_numbers(raw: bytes) -> None:
    """Check that JSON encoded from Decimals holds no NaN or infinity outside its texts.

    Raises:
        Unsendable: it does.
    """
    if b"NaN" in raw or b"Infinity" in raw:
        match = re.search(rb"-?(s?NaN|Infinity)", re.sub(_STRING, b"", raw))
        if match is not None:
            raise Unsendable(f"{match[0].decode()} is not a number a server could take")


def encode_request(value: object) -> bytes:
    """Encode a request as :func:`encode` does, after checking that every part of it is exact.

    Raises:
        Unsendable: it holds a binary float, a number that is none, a time without a zone, or half a
            character. Types forbid all four; this check holds where types end.
    """
    _check_exact(msgspec.to_builtins(value, builtin_types=(Decimal, datetime)))
    try:
        return encode(value)
    except UnicodeEncodeError as error:
        raise Unsendable("a text holds half a character") from error


def value_text(value: Any) -> str:
    """Return a history value as text, whether it is any JSON (older form) or a property value (newer, T3)."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (Decimal, float)):
        return f"{value:f}"
    if isinstance(value, Mapping):
        for kind in (base.ResourceId, base.CurrencyAndAmount, base.PropertyValue):
            if value and value.keys() <= set(_members(kind)):
                with suppress(msgspec.ValidationError):
                    return str(msgspec.convert(value, kind))
    return _ENCODER.encode(value).decode()


def _needs_slow_path(raw: bytes) -> bool:
    """Return whether anything in ``raw`` needs the slow path. It may be wrong with yes, never with no."""
    if b"\\" in raw or may_be_unclean(raw):
        return True
    half = MAX_TEXT // 2
    if any(raw.find(b'"', at, at + half) < 0 for at in range(0, len(raw) - half + 1, half)):
        return True
    zeros = raw.translate(_ZEROS)
    elsewhere = b'-00:00"' in zeros or zeros.count(b'+00:00"') > raw.count(b'+00:00"')
    return elsewhere or _LONG_NUMBER in zeros or may_hold_odd_numbers(raw)


def may_hold_odd_numbers(raw: bytes) -> bool:
    """Return whether JSON without escapes may hold an exponent, or a text such as NaN."""
    letters = raw.translate(_LETTERS, _NUMERIC)
    return any(odd in letters for odd in _ODD_NUMBERS)


def _read_slowly(raw: bytes) -> Any:
    """Read JSON into Python values: texts cleaned, times in UTC, numbers out of range left as texts."""
    try:
        text = raw.decode("utf-8-sig", errors="replace")
        return _clean_value(
            json.loads(
                text,
                strict=False,
                object_pairs_hook=_object,
                parse_float=_number,
                parse_int=_number,
                parse_constant=str,
            )
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    readers = _readers()
    return {clean(name): readers.get(name, _clean_value)(value) for name, value in pairs}


def _clean_value(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value[:MAX_TEXT])
    return [_clean_value(member) for member in value] if isinstance(value, list) else value


def _number(digits: str) -> Decimal | int | str:
    number = Decimal(digits)
    if not _in_range(number):
        return digits
    return int(number) if digits.lstrip("-").isdigit() else number


def _in_range(number: Decimal) -> bool:
    return number.is_finite() and abs(number.adjusted()) < MAX_DIGITS


def _id_value(value: Any) -> Any:
    return replace_surrogates(value) if isinstance(value, str) else _clean_value(value)


def _number_value(value: Any) -> Any:
    """Return the value of a number member; a text that stands for a number out of range is marked as such."""
    if isinstance(value, str):
        with suppress(InvalidOperation):
            if not _in_range(Decimal(value[:MAX_TEXT])):
                return f"{clean(value[:40])} (out of range)"
    return _clean_value(value)


def _number_values(value: Any) -> Any:
    return (
        {name: _number_value(member) for name, member in value.items()} if isinstance(value, dict) else value
    )


def _time_value(value: Any) -> Any:
    """Return a time in the one form msgspec reads: to the second, in UTC, not beyond the year 9999."""
    match = re.fullmatch(_TIME, value) if isinstance(value, str) else None
    if match is None:
        return _clean_value(value)
    day, minutes, seconds, hours_off, minutes_off = match.groups()
    if seconds and value.endswith(("Z", "+00:00")) and not day.startswith("9999"):
        return value
    zone = f"{hours_off}:{minutes_off}" if hours_off else "Z"
    full = f"{day}T{minutes or '00:00'}:{seconds or '00'}{zone}"
    try:
        return msgspec.convert(full, datetime).astimezone(UTC).isoformat()
    except msgspec.ValidationError:
        return _END_OF_TIME if full.startswith(_END_OF_TIME[:20]) else full
    except OverflowError:
        return full[: -len(zone)] + "Z"


def _convert(value: Any, kind: type[T]) -> T:
    try:
        made: T = msgspec.convert(value, kind)
        return made
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error


def _leaves(value: Any) -> Iterator[object]:
    if isinstance(value, Mapping):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for member in value:
            yield from _leaves(member)
    else:
        yield value


def _check_exact(value: Any) -> None:
    for part in _leaves(value):
        if isinstance(part, float):
            raise Unsendable(f"{part} is a binary float, not a decimal")
        if isinstance(part, Decimal) and not _in_range(part):
            raise Unsendable(f"{str(part)[:40]} is not a number a server could take")
        if isinstance(part, datetime) and part.tzinfo is None:
            raise Unsendable(f"{part} does not say in which time zone")


_UNREAD_ROWS: Final = msgspec.json.Decoder(_UnreadRows)
_LIST_OF: Final = b'{"values":[%b]}'
_DECODERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def _wire_types() -> Iterator[type[base.WireStruct]]:
    from tui.api import reference_models  # a start needs no table of all members

    for module in (base, models, requests, reference_models):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, base.WireStruct):
                yield value


@cache
def _members(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return kind.__struct_encode_fields__


def time_members() -> frozenset[str]:
    """Return the JSON names of all members that hold a time."""
    return _names_of(datetime)


def number_members() -> frozenset[str]:
    """Return the JSON names of all members that hold a decimal number."""
    return _names_of(Decimal)


@cache
def _names_of(kind: Any) -> frozenset[str]:
    """Return the JSON names of all members of the models whose type is ``kind``, with or without null."""
    found = set()
    for wire in _wire_types():
        hints = get_type_hints(wire)
        for name, encoded in zip(wire.__struct_fields__, wire.__struct_encode_fields__, strict=True):
            if hints[name] == kind or hints[name] == kind | None:
                found.add(encoded)
    return frozenset(found)


@cache
def _readers() -> dict[str, Callable[[Any], Any]]:
    """Return how the slow path reads members that are more than plain text, by JSON name."""
    return {
        **dict.fromkeys(("scope", "code"), _id_value),
        **dict.fromkeys(number_members(), _number_value),
        **dict.fromkeys(_names_of(Mapping[str, Decimal]), _number_values),
        **dict.fromkeys(time_members(), _time_value),
        **dict.fromkeys(time_members() & number_members(), lambda value: _number_value(_time_value(value))),
    }


@cache
def _time_member() -> re.Pattern[bytes]:
    names = b"|".join(sorted(name.encode() for name in _names_of(datetime)))
    return re.compile(rb'("(?:' + names + rb')":)' + _WRITTEN_TIME)


def _member_with_time(match: re.Match[bytes]) -> bytes:
    name, *time = match.groups()
    return name + _time_text(*time)


def time_json(moment: datetime) -> bytes:
    """Encode a point in time as :func:`encode` does inside a model, quotes included."""
    text = _ENCODER.encode(moment)
    match = re.fullmatch(_WRITTEN_TIME, text)
    return _time_text(*match.groups()) if match else text


def _time_text(text: bytes, seconds: bytes, fraction: bytes | None, zone: bytes) -> bytes:
    """Return a time with 7 fraction digits and +00:00; one that UTC cannot hold stays as it is."""
    if zone != b"Z":
        try:
            moment = datetime.fromisoformat(text[1:-1].decode()).astimezone(UTC)
        except OverflowError:
            return text
        seconds, fraction = (
            moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0").encode(),
            b"%06d" % moment.microsecond,
        )
    return b'"' + seconds + b"." + (fraction or b"").ljust(7, b"0") + b'+00:00"'
