"""The syntax tree of a filter: comparisons of fields, joined by and, or and not."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct

MAX_FILTER_LENGTH: Final = 16_384
"""Characters of a filter (section 2.0)."""

Value = str | Decimal | bool | datetime
Operator = Literal["eq", "neq", "lt", "lte", "gt", "gte", "startswith", "in", "not in"]


class Comparison(Struct, frozen=True):
    """``field op values``; ``at`` is the position of the field in the filter, for messages."""

    field: str
    op: Operator
    values: tuple[Value, ...]
    at: int


class Exists(Struct, frozen=True):
    """``field exists``, or ``field not exists`` unless ``expected``."""

    field: str
    expected: bool
    at: int


class ListCondition(Struct, frozen=True):
    """``field any (~ op value)``, or ``all`` with ``is_all`` (F3). The field of ``test`` follows ``~.``."""

    field: str
    is_all: bool
    test: Comparison
    at: int


class Not(Struct, frozen=True):
    """The negation of ``part``."""

    part: FilterNode


class BooleanOp(Struct, frozen=True):
    """The conjunction of the parts, or their disjunction with ``is_or``."""

    parts: tuple[FilterNode, ...]
    is_or: bool = False


FilterNode = Comparison | Exists | ListCondition | Not | BooleanOp
