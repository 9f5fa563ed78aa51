"""Factories of columns: codes, sizes, times and states, each formatted in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.models import OrderGraphBlock
from tui.columns.column import Column, Getter, Total
from tui.columns.format import DisplayContext, age_text, clock, day, side_role, state_look, state_text
from tui.service.numbers import number
from tui.service.sides import side_direction
from tui.service.snapshot.sizing import Size, SizedRow, currency_of_size
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.wire_words import entry_in_cell, side_in_cell, time_in_cell, word_in_cell


def as_text(value: Any, context: DisplayContext) -> str:
    """Write a value as it is, no value as nothing."""
    return "" if value is None else str(value)


def quantity_text(value: Decimal | None, context: DisplayContext) -> str:
    """Write units."""
    return number(value)


def name(snapshot: Snapshot, kind: EntityKind, id: ResourceId | None) -> str:
    """Return what a row is called, or an empty text for None."""
    return snapshot.name_of(kind, id) if id else ""


def names(snapshot: Snapshot, kind: EntityKind, ids: Iterable[ResourceId] | None) -> str:
    """Return what several rows are called in one text."""
    return " ".join(snapshot.name_of(kind, id) for id in ids or ())


def amount(value: CurrencyAndAmount | None) -> Decimal | None:
    """Return the amount of ``value``, or None."""
    return value.amount if value else None


def currency(value: CurrencyAndAmount | None) -> str | None:
    """Return the currency of ``value``, or None."""
    return value.currency if value else None


def labels(row: Any) -> Mapping[str, str]:
    """Return a row's properties by the last part of their keys."""
    return {key.rsplit("/", 1)[-1]: str(held.value or "") for key, held in (row.properties or {}).items()}


def plain(
    id: str,
    title: str,
    help: str,
    width: int,
    value: Getter,
    *,
    flexible: bool = False,
    cut: Literal["end", "middle", "last", "never"] = "end",
    role: Callable[[Snapshot, Any], str] | None = None,
) -> Column:
    """Return a column of text."""
    return Column(id, title, help, value, as_text, width, cut=cut, flexible=flexible, role=role)


def id_column(title: str, help: str, value: Getter, id: str = "id", width: int = 11) -> Column:
    """Return the column of a row's own code, which is shortened in the middle."""
    return Column(id, title, help, value, as_text, width, cut="middle")


def quantity(
    id: str,
    title: str,
    help: str,
    value: Getter,
    *,
    role: Callable[[Snapshot, Any], str] | None = None,
    total: Total = "quantity",
    width: int = 6,
) -> Column:
    """Return a column of units, added up in the pane's totals."""
    return Column(id, title, help, value, quantity_text, width, "point", "never", role=role, total=total)


def sized(
    id: str,
    title: str,
    help: str,
    size: Callable[[Snapshot, Any], Size],
    *,
    of: Callable[[Any], SizedRow] = lambda row: row,
    role: Callable[[Snapshot, Any], str] | None = None,
) -> Column:
    """Return a column of sizes: units, or money with its currency; each added up for itself.

    ``of`` returns what of a row says the measure.
    """

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        found = size(snapshot, row)
        return "" if found.value is None else str(found)

    return Column(
        id,
        title,
        help,
        lambda s, row: size(s, row).value,
        quantity_text,
        6,
        "point",
        "never",
        role=role,
        total="quantity",
        currency=lambda s, row: currency_of_size(of(row)),
        drawn=drawn,
        made_of=size,
    )


def lifecycle_size(id: str, title: str, help: str, size: Callable[[Snapshot, Any], Size]) -> Column:
    """Return a column of a life-cycle stage; zeros have the idle colour: nothing has happened yet."""
    return sized(
        id,
        title,
        help,
        size,
        of=lambda row: row.block,
        role=lambda s, row: "" if size(s, row).value else "idle",
    )


def timestamp_column(id: str, title: str, help: str, value: Getter) -> Column:
    """Return a column of times of the desk's zone."""
    return Column(id, title, help, value, clock, 8, "right", "never", times="moment")


def age(value: Callable[[Snapshot, Any], datetime | None]) -> Column:
    """Return the column of how long rows are there; it grows without being news."""

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        return "" if context.minute is None else age_text(value(snapshot, row), context.minute)

    return Column(
        "age",
        "Age",
        "How long it is there, while more may come of it",
        value,
        clock,
        4,
        "right",
        "never",
        drawn=drawn,
        made_of=value,
    )


def calendar_day(id: str, title: str, help: str, value: Getter) -> Column:
    """Return a column of calendar days."""
    return Column(id, title, help, value, day, 6, "right", times="day")


def state(value: Callable[[Snapshot, Any], str | None]) -> Column:
    """Return the column of a state: its glyph and the word of the desk."""
    return Column(
        "state",
        "State",
        "How far it is; the server's own word and the FIX code stand in the details",
        value,
        state_text,
        8,
        cut="last",
        role=lambda snapshot, row: state_look(value(snapshot, row)).role,
    )


def order_type() -> Column:
    """Return the column of the order type."""
    return Column(
        "type",
        "Type",
        "Market, limit, stop",
        lambda s, row: (row.block if isinstance(row, OrderGraphBlock) else row).type,
        lambda value, context: word_in_cell(value),
        6,
    )


def time_in_force(held: Callable[[Any], str | None]) -> Column:
    """Return the column of the time in force."""
    return Column(
        "tif",
        "TIF",
        "Time in force",
        lambda s, row: held(row),
        lambda value, context: time_in_cell(value),
        4,
    )


def entry_type() -> Column:
    """Return the column of how a placement came about."""
    return Column(
        "entry",
        "Entry",
        "How it was entered",
        lambda s, row: row.entry_type,
        lambda value, context: entry_in_cell(value),
        8,
    )


def side(held: Callable[[Any], str | None]) -> Column:
    """Return the column of the side."""
    return Column(
        "side",
        "Side",
        "Buy or sell",
        lambda s, row: held(row),
        lambda value, context: side_in_cell(value),
        5,
        role=role_by_side(held),
    )


def role_by_side(held: Callable[[Any], str | None]) -> Callable[[Snapshot, Any], str]:
    """Return the colour role of a side, for the cells that carry its colour."""
    return lambda snapshot, row: side_role(side_direction(snapshot, held(row), _own_direction(row)))


def _own_direction(row: Any) -> int | None:
    """Return the direction that the server gave a row itself, None where it gives none."""
    own = getattr(row, "derived_direction", None) or getattr(row, "direction", None)
    return own if isinstance(own, int) else None
