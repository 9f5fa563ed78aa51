"""Columns of properties: any that rows carry, under the display name of its definition (R53)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, Final

from msgspec import Struct

from tui.api.base import PropertyValue
from tui.api.models import OrderGraphBlock
from tui.columns.column import Column, Value
from tui.columns.format import DisplayContext, clock
from tui.service.snapshot.records import Records
from tui.service.snapshot.snapshot import EntityKind, Snapshot

LOOKED_AT: Final = 2_000
"""Rows of a pane that are looked at for the properties they carry, the newest first."""
NARROWEST, WIDEST = 8, 16
_NUMBERS: Final = frozenset({"decimal", "int", "percentage", "double"})
_TIMES: Final = frozenset({"datetime", "datetimeorcutlabel", "date"})


class PropertyColumn(Struct, frozen=True):
    """A property that is shown as a column; ``value_type`` says how its values are sorted and aligned."""

    key: str
    title: str
    value_type: str = ""

    @property
    def code(self) -> str:
        """The last part of its key, by which filters and people call it."""
        return self.key.rpartition("/")[2]

    def column(self) -> Column:
        """Return the column that shows it."""
        kind = self.value_type.casefold()
        read = _number if kind in _NUMBERS else _time if kind in _TIMES else _text
        key, timed = self.key, kind in _TIMES

        def value(snapshot: Snapshot, row: Any) -> Value:
            held = _held(row, key)
            return None if held is None else read(held)

        def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
            held = _held(row, key)
            if held is None:
                return ""
            moment = _time(held) if timed else None
            return clock(moment, context) if moment is not None else str(held)

        return Column(
            key,
            self.title,
            f"Property {key}",
            value,
            lambda found, context: "" if found is None else str(found),
            min(max(len(self.title), NARROWEST), WIDEST),
            "point" if kind in _NUMBERS else "right" if timed else "left",
            drawn=drawn,
            times="moment" if timed else "",
        )


def properties_seen(snapshot: Snapshot, kind: EntityKind) -> tuple[str, ...]:
    """Return the keys of the properties that rows of a pane carry, in order."""
    rows = snapshot.rows(kind)
    newest = islice((rows[id] for id in reversed(tuple(rows))), LOOKED_AT)
    return tuple(sorted({key for row in newest for key in _properties(row)}, key=str.casefold))


def named(keys: Iterable[str], records: Records) -> tuple[PropertyColumn, ...]:
    """Return properties under their display names; the code where no definition is known.

    Where two have one name, each is called by its scope too.
    """
    facts = {key: records.properties.get(key) for key in keys}
    titles = {key: (each.name if each else "") or key.rpartition("/")[2] for key, each in facts.items()}
    twice = [title for title in titles.values() if list(titles.values()).count(title) > 1]
    return tuple(
        PropertyColumn(
            key,
            f"{titles[key]} ({key.split('/')[1]})"
            if titles[key] in twice and key.count("/") > 1
            else titles[key],
            each.value_type if each else "",
        )
        for key, each in facts.items()
    )


def _properties(row: Any) -> Any:
    carrier = row.block if isinstance(row, OrderGraphBlock) else row
    return getattr(carrier, "properties", None) or {}


def _held(row: Any, key: str) -> PropertyValue | None:
    found = _properties(row).get(key)
    return None if found is None else found.value


def _text(held: PropertyValue) -> str:
    return str(held)


def _number(held: PropertyValue) -> Decimal | None:
    if held.metric_value is not None:
        return held.metric_value.value
    try:
        found = Decimal(held.label_value or "")
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _time(held: PropertyValue) -> datetime | None:
    try:
        found = datetime.fromisoformat(held.label_value or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
