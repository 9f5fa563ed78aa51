"""What a filter says, as a tree: tests of fields, joined by and, or, not."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

Value = str | Decimal | bool | datetime
Op = Literal["eq", "neq", "lt", "lte", "gt", "gte", "startswith", "in", "not in"]


class Test(Struct, frozen=True):
    """``field op values``; ``at`` is where the field stands in the filter, for messages."""

    field: str
    op: Op
    values: tuple[Value, ...]
    at: int


class Exists(Struct, frozen=True):
    """``field exists``; without ``wanted``, ``field not exists``."""

    field: str
    wanted: bool
    at: int


class Some(Struct, frozen=True):
    """F3: ``field any (~ op value)``; with ``every``, ``field all (...)``. Its field follows ``~.``."""

    field: str
    every: bool
    test: Test
    at: int


class Not(Struct, frozen=True):
    part: Node


class Both(Struct, frozen=True):
    """All of the parts; with ``either``, any of them."""

    parts: tuple[Node, ...]
    either: bool = False


Node = Test | Exists | Some | Not | Both
