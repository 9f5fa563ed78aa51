"""A column: how to read a value from a row, format it and sort by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from tui.columns.format import DisplayContext
from tui.service.snapshot.snapshot import Snapshot
from tui.service.snapshot.worth import Worth
from tui.service.typed_times import local_time

Value = Decimal | str | datetime | int | None
Getter = Callable[[Snapshot, Any], Value]
Total = Literal["", "quantity", "money"]
LAST: Final = 9
"""The rank of a column that nobody misses at first sight."""
_PLAIN: Final = DisplayContext()


class Column(Struct, frozen=True):
    """One column of a pane, declared once.

    ``value`` returns what is sorted, filtered and exported, ``text`` formats it for a cell, ``role`` returns
    the name of a colour and ``currency`` the currency that a total of money belongs to. ``flexible`` columns
    shrink when the pane is narrow; the others keep their width. What one shows ``of_instrument`` changes
    without its row: cells in sight follow at once, sort and filter with the next change of the row.
    Where it is drawn, ``made_of`` returns all that it is drawn from: to compare that takes less time.
    Where not all columns of a pane fit, those of the smallest ``rank`` stand first, and one that is
    ``brief_of`` others stands in place of all of these. ``times`` says that
    values are moments, whose zone the header names, or calendar days. ``worth`` is what totals of money add.
    """

    id: str
    title: str
    help: str
    value: Getter
    text: Callable[[Any, DisplayContext], str]
    width: int
    align: Literal["left", "right", "point"] = "left"
    cut: Literal["end", "middle", "last", "never"] = "end"
    flexible: bool = False
    role: Callable[[Snapshot, Any], str] | None = None
    total: Total = ""
    currency: Callable[[Snapshot, Any], str | None] | None = None
    drawn: Callable[[Snapshot, Any, DisplayContext], str] | None = None
    of_instrument: bool = False
    times: Literal["", "moment", "day"] = ""
    made_of: Callable[[Snapshot, Any], object] | None = None
    rank: int = LAST
    brief_of: tuple[str, ...] = ()
    worth: Callable[[Snapshot, Any], Worth] | None = None

    def ranked(self, rank: int) -> Column:
        """Return the column with this rank: 1 for one without which a row says nothing."""
        return replace(self, rank=rank)

    def heading(self, zone: str) -> str:
        """Return its title; that of a time names the ``zone`` it is shown in."""
        return f"{self.title} {zone}".rstrip() if self.times == "moment" else self.title

    def cell(self, snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        """Return the text of this column's cell in ``row``."""
        if self.drawn is not None:
            return self.drawn(snapshot, row, context)
        return self.text(self.value(snapshot, row), context)

    def differs(self, old: Snapshot, before: Any, new: Snapshot, after: Any) -> bool:
        """Return whether a row has another value than before; where it is drawn, another look."""
        if self.drawn is not None:
            if self.made_of is not None and self.made_of(old, before) == self.made_of(new, after):
                return False
            return self.drawn(old, before, _PLAIN) != self.drawn(new, after, _PLAIN)
        return self.value(old, before) != self.value(new, after)


_DIGITS: Final = re.compile(r"(\d+)")
_NUMBER_AFTER_TEXT: Final = "\x00"
"""Sorts a number before any text that goes on where the number begins: ``ORD9`` before ``ORDER``."""
_NUMBER_AT_START: Final = "\U0010ffff"
"""Sorts a text that begins with a number after those that begin with a letter."""


@lru_cache(maxsize=500_000)
def natural(text: str) -> str:
    """Return a key that sorts ``ORD-9`` before ``ORD-10``, letters without regard to case.

    The key is one string, which compares ten times faster than a tuple of words and numbers. Each
    number is written as a mark, how many digits it has, and the digits.

    >>> natural("ORD-9") < natural("ORD-10")
    True
    """
    folded = text.casefold()
    if not _DIGITS.search(folded):
        return folded
    parts = _DIGITS.split(folded)
    mark = _NUMBER_AFTER_TEXT if parts[0] else _NUMBER_AT_START
    for at in range(1, len(parts), 2):
        digits = (parts[at] if parts[at].isascii() else str(int(parts[at]))).lstrip("0")
        parts[at] = f"{mark}{chr(len(digits))}{digits}"
        mark = _NUMBER_AFTER_TEXT
    return "".join(parts)


def sort_key(value: Value) -> tuple[int, Any]:
    """Return the key by which values of one column are sorted: no value sorts last in either direction."""
    if value is None or value == "":
        return (1, 0)
    return (0, natural(value) if isinstance(value, str) else value)


def inverted(key: Any) -> Any:
    """Return a key that sorts the other way round, for a column that descends where another ascends."""
    if isinstance(key, str):
        return _inverted_text(key)
    if isinstance(key, datetime):
        return _EPOCH - key
    return key.copy_negate() if isinstance(key, Decimal) else -key


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HIGHEST: Final = 0x10FFFF


@lru_cache(maxsize=500_000)
def _inverted_text(text: str) -> str:
    """Return the complements of the characters; the end is above any of them: a prefix comes last."""
    return "".join(chr(max(0, _HIGHEST - 1 - ord(char))) for char in text) + chr(_HIGHEST)


def exported(value: Value) -> str:
    """Return a value in full precision for a file: plain digits, UTC ISO times."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return local_time(value, UTC).isoformat().replace("+00:00", "Z") if value.year > 1 else ""
    return str(value)
