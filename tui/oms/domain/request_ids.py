"""Ids of requests in LUSID's form: an id of the process, then a running number."""

from __future__ import annotations

import hashlib
import itertools
import os
from datetime import datetime
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUV"


class RequestIds:
    """Generates ids such as ``0HMRIE84F6H4T:00000026``, unique even across restarts.

    With ``day``, the start of a virtual clock, equal days generate equal ids.
    """

    def __init__(self, day: datetime | None = None) -> None:
        name = os.urandom(11) if day is None else hashlib.sha256(day.isoformat().encode()).digest()[:11]
        self._process = "0H" + "".join(_ALPHABET[byte & 31] for byte in name)
        self._count = itertools.count(1)

    def next(self) -> str:
        """Return the id of the next request."""
        return f"{self._process}:{next(self._count):08X}"
