"""What a filter says, as a tree: tests of fields, joined by and, or, not."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

Value = str | Decimal | bool | datetime
Operator = Literal["eq", "neq", "lt", "lte", "gt", "gte", "startswith", "in", "not in"]


class Comparison(Struct, frozen=True):
    """``field op values``; ``at`` is where the field stands in the filter, for messages."""

    field: str
    op: Operator
    values: tuple[Value, ...]
    at: int


class Exists(Struct, frozen=True):
    """``field exists``; without ``wanted``, ``field not exists``."""

    field: str
    expected: bool
    at: int


class ListCondition(Struct, frozen=True):
    """F3: ``field any (~ op value)``; with ``every``, ``field all (...)``. Its field follows ``~.``."""

    field: str
    is_all: bool
    test: Comparison
    at: int


class Not(Struct, frozen=True):
    part: FilterNode


class BooleanOp(Struct, frozen=True):
    """All of the parts; with ``either``, any of them."""

    parts: tuple[FilterNode, ...]
    is_or: bool = False


FilterNode = Comparison | Exists | ListCondition | Not | BooleanOp
