"""Codes for new entities and for the journal: unique without asking a server."""

from __future__ import annotations

import re
import secrets
import threading
import time
from datetime import date
from hashlib import sha256
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS: Final = 80
_LENGTH: Final = 26
_DRAWN: Final = 9
"""Random characters of a code."""
_DERIVED: Final = 11
"""Characters of a code that is made of what a row says."""
LONGEST: Final = 64
"""The longest code the API takes (contract 1.0)."""
_ID_PART: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST}}}")

_lock = threading.Lock()
_last = 0


def is_id_part(text: str) -> bool:
    """Return whether servers take ``text`` as the scope or the code of a new id (contract 1.0)."""
    return _ID_PART.fullmatch(text) is not None


def new_id() -> str:
    """Return a 26-character id: 48 bits of milliseconds and 80 random bits in Crockford's base 32.

    Ids made by one process always increase, also within a millisecond or when the clock steps back.
    """
    global _last
    fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    with _lock:
        _last = max(fresh, _last + 1)
        value = _last
    return _written(value, _LENGTH)


def _written(value: int, length: int) -> str:
    return "".join(_DIGITS[value >> shift & 31] for shift in range(5 * (length - 1), -1, -5))


def new_code(letter: str, day: date) -> str:
    """Return a code that people can say: kind, month and day, and nine random characters.

    Desks draw without knowing of each other. Nine characters are 45 bits: with 5,000 codes of one kind a day
    in one scope, and ten years of them kept, two are the same once in 500 years; servers refuse the second.

    >>> code = new_code("O", date(2026, 11, 29))
    >>> code[:7], len(code)
    ('O-1129-', 16)
    """
    drawn = secrets.randbits(5 * _DRAWN)
    return f"{letter}-{day:%m%d}-{_written(drawn, _DRAWN)}"


def derived_code(letter: str, day: date, text: str) -> str:
    """Return the code that a row of a basket has, today and whenever it is read again on the same ``day``.

    Its eleven characters are 55 bits of what the row says: one of 10,000 rows has the code of another of
    10,000 orders of that day once in three hundred million baskets.

    >>> derived_code("O", date(2026, 11, 29), "b 100 VOD")
    'O-1129-8XBBET04YQB'
    """
    drawn = int.from_bytes(sha256(text.encode()).digest()[:8]) >> (64 - 5 * _DERIVED)
    return f"{letter}-{day:%m%d}-{_written(drawn, _DERIVED)}"
