"""The JSON names of the members of all models, by the type of what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, get_type_hints

from tui.api import base, models, requests


def time_members() -> frozenset[str]:
    """Return the JSON names of all members that hold a time."""
    return members_of(datetime)


def number_members() -> frozenset[str]:
    """Return the JSON names of all members that hold a decimal number."""
    return members_of(Decimal)


@cache
def members_of(kind: Any) -> frozenset[str]:
    """Return the JSON names of all members of the models whose type is ``kind``, with or without null."""
    found = set()
    for wire in _wire_types():
        hints = get_type_hints(wire)
        for name, encoded in zip(wire.__struct_fields__, wire.__struct_encode_fields__, strict=True):
            if hints[name] == kind or hints[name] == kind | None:
                found.add(encoded)
    return frozenset(found)


def _wire_types() -> Iterator[type[base.WireStruct]]:
    from tui.api import (  # a start needs no table of all members
        access_models,
        compliance_models,
        reference_models,
    )

    for module in (base, models, requests, reference_models, compliance_models, access_models):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, base.WireStruct):
                yield value
