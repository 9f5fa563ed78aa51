"""Encodes models as JSON and decodes JSON into models; every byte on the wire passes here.

Numbers become ``Decimal`` digit by digit, never through a float. Texts are cleaned by
:mod:`tui.api.sanitize`, so that no reply can style, move or break a screen; the one exception are the parts
of ids, which stay as they were sent because they are written back (whatever draws a cell cleans again).

A reply is searched once for anything that needs care. Nearly always nothing is found, and it is decoded
straight into models. Otherwise :mod:`tui.api.lenient_json` reads it into Python values first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, Generic, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct

from tui.api import base, lenient_json
from tui.api.ceilings import LONGEST_PAGE_TOKEN, MOST_ROWS, MOST_VALUES
from tui.api.model_members import time_members
from tui.api.requests import ResourceList
from tui.api.sanitize import clean

T = TypeVar("T")

# Patterns are kept as texts: re compiles one when it is first used, and most starts never need it.
_STRING: Final = rb'"(?:[^"\\]|\\.)*"'
_WRITTEN_TIME: Final = rb'("(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)")'


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
    if not lenient_json.needs_care(raw):
        decoder = _DECODERS.get(kind) or _DECODERS.setdefault(
            kind, msgspec.json.Decoder(kind, float_hook=Decimal)
        )
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            value: T = decoder.decode(raw)
            return value
    return _convert(_read_slowly(raw), kind)


def check_values(raw: bytes) -> None:
    """Refuse JSON with more values than :data:`MOST_VALUES`: empty ones take forty times their bytes.

    Raises:
        Malformed: it has more.
    """
    if len(raw) > MOST_VALUES and raw.count(b",") >= MOST_VALUES:
        raise Malformed(f"it holds more than {MOST_VALUES:,} values")


def page_token(token: object) -> str | None:
    """Return the name of the next page as it may be sent back.

    Raises:
        Malformed: it is longer than any address may be.
    """
    text = str(token or "")
    if len(text) > LONGEST_PAGE_TOKEN:
        raise Malformed(f"the name of its next page is longer than {LONGEST_PAGE_TOKEN:,} characters")
    return clean(text) or None


def _check_rows(rows: Sequence[object]) -> None:
    if len(rows) > MOST_ROWS:
        raise Malformed(f"it is one page of more than {MOST_ROWS:,} rows")


def decode_page(row: type[T], raw: bytes) -> Page[T]:
    """Decode a list; when a row cannot be read, row by row, so that it does not hide the others.

    Raises:
        Malformed: the answer is no list of the contract at all.
    """
    try:
        reply = decode(list_of(row), raw)
    except Malformed:
        body = _read_slowly(raw)
    else:
        _check_rows(reply.values)
        return Page(reply.values, page_token(reply.next_page))
    if not isinstance(body, dict) or not isinstance(body.get("values"), list):
        raise Malformed("expected an object with a list of values")
    _check_rows(body["values"])
    rows: list[T] = []
    bad: list[BadRow] = []
    for value in body["values"]:
        try:
            rows.append(_convert(value, row))
        except Malformed as error:
            bad.append(BadRow(str(error), str(value)[: lenient_json.MAX_TEXT], _id_of(value)))
    return Page(tuple(rows), page_token(body.get("nextPage")), tuple(bad))


def split_page(raw: bytes, size: int) -> tuple[list[bytes], str | None]:
    """Return a list of many rows as several of about ``size`` bytes each, and the token of the next page.

    Reading one of them takes a part of the time. What cannot be split is returned as it is, without a token.

    Raises:
        Malformed: it has more rows than any page, or a token that cannot be sent back.
    """
    try:
        page = _UNREAD_ROWS.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [raw], None
    _check_rows(page.values)
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
    return parts, page_token(page.next_page)


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


def _read_slowly(raw: bytes) -> Any:
    try:
        return lenient_json.read_leniently(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error


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
        if isinstance(part, Decimal) and not lenient_json.in_range(part):
            raise Unsendable(f"{str(part)[:40]} is not a number a server could take")
        if isinstance(part, datetime) and part.tzinfo is None:
            raise Unsendable(f"{part} does not say in which time zone")


_UNREAD_ROWS: Final = msgspec.json.Decoder(_UnreadRows)
_LIST_OF: Final = b'{"values":[%b]}'
_DECODERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@cache
def _members(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return kind.__struct_encode_fields__


@cache
def _time_member() -> re.Pattern[bytes]:
    names = b"|".join(sorted(name.encode() for name in time_members()))
    return re.compile(rb'("(?:' + names + rb')":)' + _WRITTEN_TIME)


def _member_with_time(match: re.Match[bytes]) -> bytes:
    name, *time = match.groups()
    return name + _time_text(*time)


def time_json(moment: datetime) -> bytes:
    """Encode a point in time as :func:`encode` does inside a model, quotes included."""
    if moment.tzinfo is UTC:
        return b'"%b0+00:00"' % moment.isoformat(timespec="microseconds")[:-6].encode()
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
