"""What a column is: how to get a value from a row, how it looks, and how it sorts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal

from msgspec import Struct

from tui.columns.format import DisplayContext
from tui.service.snapshot.snapshot import Snapshot

Value = Decimal | str | datetime | int | None
Getter = Callable[[Snapshot, Any], Value]
Total = Literal["", "quantity", "money"]


class Column(Struct, frozen=True):
    """One column of a pane, declared once.

    ``value`` gives what is sorted, filtered and exported; ``text`` how it reads in a cell; ``role`` the
    name of a colour; ``currency`` whose money a total adds up. ``flexible`` columns give way when the
    pane is narrow, others keep their width.
    """

    id: str
    title: str
    help: str
    value: Getter
    text: Callable[[Any, DisplayContext], str]
    width: int
    align: Literal["left", "right"] = "left"
    cut: Literal["end", "middle", "never"] = "end"
    flexible: bool = False
    role: Callable[[Snapshot, Any], str] | None = None
    total: Total = ""
    currency: Callable[[Snapshot, Any], str | None] | None = None
    drawn: Callable[[Snapshot, Any, DisplayContext], str] | None = None
    exported: bool = True

    def cell(self, snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        """Give the text of this column's cell in ``row``."""
        if self.drawn is not None:
            return self.drawn(snapshot, row, context)
        return self.text(self.value(snapshot, row), context)


_DIGITS: Final = re.compile(r"(\d+)")


@lru_cache(maxsize=500_000)
def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Give a key that sorts ``ORD-9`` before ``ORD-10``, letters without regard to case.

    >>> natural("ORD-9") < natural("ORD-10")
    True
    """
    parts = _DIGITS.split(text.casefold())
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts if part)


def sort_key(value: Value) -> tuple[int, Any]:
    """Give a key under which values of one column compare; nothing comes last, whatever the order."""
    if value is None or value == "":
        return (1, 0)
    if isinstance(value, str):
        return (0, natural(value))
    if isinstance(value, datetime):
        return (0, value)
    return (0, value)


def exported(value: Value) -> str:
    """Give a value in full precision for a file: plain digits, UTC ISO times."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.year > 1 else ""
    return str(value)
