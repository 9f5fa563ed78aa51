"""How values are written in the filters of the API (REFERENCE_DATA 15)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any


def quoted(text: str) -> str:
    """Return a text as the filter language writes it."""
    return "'" + text.replace("'", "''") + "'"


def any_of(field: str, values: Iterable[Any]) -> str:
    """Return the filter of rows whose ``field`` is one of ``values``."""
    return f"{field} in ({','.join(quoted(str(value)) for value in values)})"


def time_text(moment: datetime) -> str:
    """Return a point in time as filters write it (R76)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
