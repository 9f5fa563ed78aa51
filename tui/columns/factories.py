"""Factories of columns: codes, quantities, prices, times and states, each formatted in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from tui.api.base import CurrencyAndAmount, Identifiers, ResourceId
from tui.api.models import OrderGraphBlock
from tui.columns.column import Column, Getter, Total
from tui.columns.format import (
    DisplayContext,
    age_text,
    clock,
    day,
    minute,
    side_role,
    state_look,
    state_text,
)
from tui.service.numbers import average, money_digits, number, price, sum_text
from tui.service.sides import side_direction
from tui.service.snapshot.instruments import UNRESOLVED, luid_of
from tui.service.snapshot.last_prices import LastPrice
from tui.service.snapshot.sizing import Size, SizedRow, currency_of_size
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.snapshot.worth import Worth, priced
from tui.service.wire_words import entry_in_cell, side_in_cell, time_in_cell, word_in_cell

UNKNOWN_MARK: Final = "?"
"""Stands before the identifiers of an instrument that the server did not resolve."""
_WHOSE: Final = 5
"""The letters that say whose a last price is: mid, fill, limit, close."""
_NAMES: Final = ("Ticker", "RIC", "ClientInternal", "Figi", "Isin", "Sedol", "Currency")


def ticker(identifiers: Identifiers | None, luid: str = "") -> str:
    """Return the name dealers use for an instrument: its ticker, else the next best identifier."""
    known = {key.rsplit("/", 1)[-1]: value for key, value in (identifiers or {}).items() if value}
    return next((known[name] for name in _NAMES if name in known), luid)


def _text(value: Any, context: DisplayContext) -> str:
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
    return Column(id, title, help, value, _text, width, cut=cut, flexible=flexible, role=role)


def id_column(title: str, help: str, value: Getter, id: str = "id", width: int = 10) -> Column:
    """Return the column of a row's own code, which is shortened in the middle."""
    return Column(id, title, help, value, _text, width, cut="middle")


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


def price_of(
    id: str, title: str, help: str, held: Callable[[Snapshot, Any], CurrencyAndAmount | None]
) -> Column:
    """Return a column of prices, each with the decimals of its currency."""

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        found = held(snapshot, row)
        return price(amount(found), currency(found))

    return Column(
        id,
        title,
        help,
        lambda s, row: amount(held(s, row)),
        quantity_text,
        6,
        "point",
        "never",
        drawn=drawn,
        made_of=held,
    )


def average_price(value: Getter, currency: Callable[[Snapshot, Any], str | None]) -> Column:
    """Return the column of the fills' average price."""

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        found = value(snapshot, row)
        if not isinstance(found, Decimal):
            return ""
        return average(found, currency(snapshot, row))

    return Column(
        "average",
        "Average",
        "Average price of the fills",
        value,
        quantity_text,
        7,
        "point",
        "never",
        drawn=drawn,
    )


def last_price() -> Column:
    """Return the column of the instrument's last price; :func:`last_origin` says whose it is."""

    def value(snapshot: Snapshot, row: Any) -> Decimal | None:
        last = _last(snapshot, row)
        return last.price if last else None

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        last = _last(snapshot, row)
        return price(last.price, last.currency) if last else ""

    return Column(
        "last",
        "Last",
        "Last price of the instrument: quoted, else dealt, else asked for",
        value,
        quantity_text,
        6,
        "point",
        "never",
        role=_role_of_last,
        drawn=drawn,
        of_instrument=True,
        made_of=_last,
    )


def last_origin() -> Column:
    """Return the column that says whose the last price is, and of when."""

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        last = _last(snapshot, row)
        if last is None:
            return ""
        whose = last.source.lower().removeprefix("last ").partition("_")[0]
        return f"{whose[:_WHOSE]:<{_WHOSE}} {minute(last.at, context):>6}"

    return Column(
        "origin",
        "Last from",
        "Whose the last price is (quoted, of a fill, of a limit), and of when",
        lambda snapshot, row: last.source if (last := _last(snapshot, row)) else None,
        _text,
        12,
        role=_role_of_last,
        drawn=drawn,
        of_instrument=True,
        made_of=_last,
    )


def _role_of_last(snapshot: Snapshot, row: Any) -> str:
    last = _last(snapshot, row)
    return "idle" if last and last.outdated else ""


def _last(snapshot: Snapshot, row: Any) -> LastPrice | None:
    known = snapshot.instruments.get(luid_of(row))
    return known.last if known else None


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


def instrument(named: Callable[[Any], tuple[Identifiers | None, str]]) -> Column:
    """Return the column of what is traded; what the server did not resolve is marked (R19)."""

    def value(snapshot: Snapshot, row: Any) -> str:
        identifiers, luid = named(row)
        if luid == UNRESOLVED:
            return f"{UNKNOWN_MARK} {ticker(identifiers)}".rstrip()
        known = snapshot.instruments.get(luid)
        return known.label if known is not None and known.record else ticker(identifiers, luid)

    def role(snapshot: Snapshot, row: Any) -> str:
        luid = named(row)[1]
        known = snapshot.instruments.get(luid)
        return "bad" if luid == UNRESOLVED else "" if known is None or known.is_active else "attention"

    return plain(
        "instrument", "Instrument", "What is traded", 12, value, flexible=True, cut="middle", role=role
    )


def instrument_name(luid: Callable[[Any], str]) -> Column:
    """Return the column of the full name of what is traded; one that may not be traded is said to be."""

    def value(snapshot: Snapshot, row: Any) -> str:
        if luid(row) == UNRESOLVED:
            return "not resolved"
        known = snapshot.instruments.get(luid(row))
        if known is None:
            return ""
        state = "" if known.is_active or known.record is None else f" ({known.record.state.lower()})"
        return f"{known.name}{state}"

    return plain("name", "Name", "Full name of what is traded", 18, value, flexible=True)


def value_of(
    id: str,
    title: str,
    help: str,
    worth: Callable[[Snapshot, Any], Worth],
    written: Callable[[Decimal, str], str] = money_digits,
) -> Column:
    """Return a column of money with its currency, added up per side and currency in the pane's totals."""

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        found = priced(snapshot, worth(snapshot, row))
        return "" if found.value is None else written(found.value, found.currency)

    return Column(
        id,
        title,
        help,
        lambda s, row: priced(s, worth(s, row)).value,
        quantity_text,
        9,
        "point",
        "never",
        total="money",
        drawn=drawn,
        of_instrument=True,
        made_of=lambda s, row: priced(s, worth(s, row)),
        worth=worth,
    )


_LEAST_PER_CENT: Final = Decimal("0.05")
"""What would be rounded to no per cent is said to be less than a tenth."""


def notional(title: str, help: str, worth: Callable[[Snapshot, Any], Worth], id: str = "notional") -> Column:
    """Return a column of what is asked for in money; nobody reads the cents of that."""
    return value_of(id, title, help, worth, sum_text)


def percent(id: str, title: str, help: str, value: Getter) -> Column:
    """Return a column of percentages with one decimal."""
    return Column(id, title, help, value, _one_decimal, 6, "point", "never")


def basis_points(id: str, title: str, help: str, value: Getter) -> Column:
    """Return a column of basis points: one decimal, always with a sign but for zero."""
    return Column(id, title, help, value, _signed, 7, "point", "never")


def _one_decimal(value: Decimal | None, context: DisplayContext) -> str:
    return "<0.1" if value is not None and 0 < value <= _LEAST_PER_CENT else number(value, 1)


def _signed(value: Decimal | None, context: DisplayContext) -> str:
    text = number(value, 1)
    return f"+{text}" if value is not None and value > 0 else text


def role_by_side(held: Callable[[Any], str | None]) -> Callable[[Snapshot, Any], str]:
    """Return the colour role of a side, for the cells that carry its colour."""
    return lambda snapshot, row: side_role(side_direction(snapshot, held(row), _own_direction(row)))


def _own_direction(row: Any) -> int | None:
    """Return the direction that the server gave a row itself, None where it gives none."""
    own = getattr(row, "derived_direction", None) or getattr(row, "direction", None)
    return own if isinstance(own, int) else None
