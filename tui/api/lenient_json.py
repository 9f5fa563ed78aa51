"""Reads JSON that needs care, value by value: odd numbers and times, long texts, control characters.

:func:`needs_care` looks for these in the bytes of a reply; nearly always there are none, and
:mod:`tui.api.codec` decodes it straight into models. A reply that both paths accept is read alike by both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final

import msgspec

from tui.api.model_members import members_of, number_members, time_members
from tui.api.sanitize import clean, may_be_unclean, replace_surrogates

MAX_DIGITS: Final = 100
"""The most digits a number may have before its point: more would exhaust memory and mean nothing."""
MAX_TEXT: Final = 4096
"""The longest text that is kept of one field, in characters."""

# The pattern is kept as a text: re compiles it when it is first used, and most starts never need it.
_TIME: Final = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?)?"
    r"(?:[Zz]|([+-][0-9]{2}):?([0-9]{2}))?"
)
_END_OF_TIME: Final = "9999-12-31T23:59:59.999999Z"

# A reply is searched without its digits, in lower case and with one kind of bracket: 1E+400 leaves an e,
# "-Infinity" its letters. Searching bytes twice takes half the time of one pattern.
_NUMERIC: Final = b"0123456789.+-_ \t\r\n" + bytes(range(0x80, 0x100))
_LETTERS: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ}]", b"abcdefghijklmnopqrstuvwxyz,,")
_ODD_NUMBERS: Final = (b":e,", b':"e"', b':"nan"', b':"snan"', b':"inf"', b':"infinity"')
_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER: Final = b"0" * MAX_DIGITS


def needs_care(raw: bytes) -> bool:
    """Return whether ``raw`` must be read value by value. It may be wrong with yes, never with no."""
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


def read_leniently(raw: bytes) -> Any:
    """Read JSON into Python values: texts cleaned, times in UTC, numbers out of range left as texts.

    Raises:
        ValueError, RecursionError: it is not JSON, or nested too deeply.
    """
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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    readers = _readers()
    return {clean(name[:MAX_TEXT]): readers.get(name, _clean_value)(value) for name, value in pairs}


def _clean_value(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value[:MAX_TEXT])
    return [_clean_value(member) for member in value] if isinstance(value, list) else value


def _number(digits: str) -> Decimal | int | str:
    number = Decimal(digits)
    if not in_range(number):
        return digits
    return int(number) if digits.lstrip("-").isdigit() else number


def in_range(number: Decimal) -> bool:
    """Return whether a number is finite, and of a magnitude that is kept."""
    return number.is_finite() and abs(number.adjusted()) < MAX_DIGITS


def _id_value(value: Any) -> Any:
    return replace_surrogates(value) if isinstance(value, str) else _clean_value(value)


def _number_value(value: Any) -> Any:
    """Return the value of a number member; a text that stands for a number out of range is marked as such."""
    if isinstance(value, str):
        with suppress(InvalidOperation):
            if not in_range(Decimal(value[:MAX_TEXT])):
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


@cache
def _readers() -> dict[str, Callable[[Any], Any]]:
    """Return how members are read that are more than plain text, by JSON name."""
    return {
        **dict.fromkeys(("scope", "code"), _id_value),
        **dict.fromkeys(number_members(), _number_value),
        **dict.fromkeys(members_of(Mapping[str, Decimal]), _number_values),
        **dict.fromkeys(time_members(), _time_value),
        **dict.fromkeys(time_members() & number_members(), lambda value: _number_value(_time_value(value))),
    }
