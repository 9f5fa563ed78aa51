"""Codes for new entities: unique without a server, and sorted by the time they were made."""

from __future__ import annotations

import re
import secrets
import threading
import time
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS: Final = 80
_LENGTH: Final = 26
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
    return "".join(_DIGITS[value >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def new_code(prefix: str = "") -> str:
    """Return a new code such as ``ORD-01JD…``; a prefix that is too long is cut.

    >>> new_code("ORD").startswith("ORD-"), len(new_code("X" * 90))
    (True, 64)
    """
    room = LONGEST - _LENGTH - 1
    return f"{prefix[:room]}-{new_id()}" if prefix else new_id()
